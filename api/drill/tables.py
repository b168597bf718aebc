"""Tables of drills. They stand apart from everything live; no drill row is ever in a live table."""

from sqlalchemy import Column, Float, ForeignKey, Index, Integer, String, Table, Text

from api.store import metadata
from api.store.metadata import BigId

drills = Table(
    "drill",
    metadata,
    Column("id", String(36), primary_key=True),
    Column("created_at", Float, nullable=False, comment="unix seconds"),
    Column("created_by", String(64), nullable=False),
    Column("ended_at", Float, comment="unix seconds; null: running"),
    Column("seed", Integer, nullable=False),
    Column("note", Text, nullable=False),
    Column("rings", String(32), nullable=False, comment="comma-separated"),
    Column("positions", Text, nullable=False, comment="JSON, the invented positions"),
    Column("plan", Text, nullable=False, comment="JSON, the verdict frozen as v1"),
)

drill_reports = Table(
    "drill_report",
    metadata,
    Column("id", BigId, primary_key=True),
    Column("drill_id", String(36), ForeignKey("drill.id"), nullable=False),
    Column("unit", String(64), nullable=False),
    Column("kind", String(16), nullable=False, comment="position, acknowledged, refused, arrived"),
    Column("t_s", Float, nullable=False, comment="drill seconds since the order"),
    Column("lat", Float),
    Column("lon", Float),
)
Index("ix_drill_report_drill_t", drill_reports.c.drill_id, drill_reports.c.t_s)
