"""Tables of the record itself: watermarks, counters, what was refused, and who asked for what."""

from sqlalchemy import BigInteger, Column, Float, Index, String, Table, Text

from api.store.metadata import BigId, metadata

watermark = Table(
    "watermark",
    metadata,
    Column("producer", String(128), primary_key=True),
    Column("seq", BigInteger, nullable=False, comment="its last event that is stored"),
)

counter = Table(
    "counter",
    metadata,
    Column("producer", String(128), primary_key=True),
    Column("start", String(36), primary_key=True, comment="which start of the producer; totals are summed over starts"),
    Column("name", String(64), primary_key=True),
    Column("value", BigInteger, nullable=False, comment="running total since that start"),
    Column("at", Float, nullable=False, comment="unix seconds"),
)

refused_event = Table(
    "refused_event",
    metadata,
    Column("id", BigId, primary_key=True),
    Column("producer", String(128), nullable=False),
    Column("seq", BigInteger, nullable=False),
    Column("at", Float, nullable=False, comment="unix seconds, when it was refused"),
    Column("reason", Text, nullable=False),
    Column("body", Text, nullable=False, comment="the event as it came"),
)

audit = Table(
    "audit",
    metadata,
    Column("id", BigId, primary_key=True),
    Column("at", Float, nullable=False, comment="unix seconds"),
    Column("who", String(64), nullable=False, comment="the caller's subject"),
    Column("role", String(16), nullable=False),
    Column("what", String(64), nullable=False, comment="for example passages.search"),
    Column("purpose", String(64), nullable=False),
    Column("case_no", String(64), nullable=False),
    Column("reason", Text, nullable=False),
    Column("detail", Text, nullable=False, comment="JSON of what was asked for"),
)
Index("ix_audit_at", audit.c.at)
