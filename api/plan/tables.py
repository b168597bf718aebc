"""The table of verdicts: one row whenever the answer changed, with the certificate that proves it."""

from sqlalchemy import Column, Float, Index, String, Table, Text

from api.store import metadata

verdicts = Table(
    "verdict",
    metadata,
    Column("id", String(36), primary_key=True, comment="the event's id"),
    Column("at", Float, nullable=False, comment="unix seconds of the computation"),
    Column("state", String(16), nullable=False),
    Column("t_star_s", Float, comment="seconds; null where there is no plan"),
    Column("weakest_post", String(64)),
    Column("margin_s", Float, comment="seconds"),
    Column("digest", String(128), nullable=False),
    Column("certificate", Text, nullable=False, comment="JSON: joint, town and county"),
)
Index("ix_verdict_at", verdicts.c.at)
