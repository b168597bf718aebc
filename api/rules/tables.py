"""The table of what rules said. Times are unix seconds."""

from sqlalchemy import Column, Float, Index, Integer, String, Table, Text

from api.store.metadata import metadata

rule_event = Table(
    "rule_event",
    metadata,
    Column("id", String(36), primary_key=True),
    Column("camera", String(64), nullable=False),
    Column("rule", String(64), nullable=False),
    Column("name", String(80), nullable=False, comment="what the rule was called then"),
    Column("kind", String(16), nullable=False),
    Column("state", String(16), nullable=False, comment="began, ended, or unknown: nobody can say whether it ended"),
    Column("since", Float, nullable=False, comment="its dwell lies between this and began_at"),
    Column("began_at", Float, nullable=False),
    Column("ended_at", Float, comment="null while it holds"),
    Column("cause", String(80), nullable=False, comment="why it ended without being seen to end"),
    Column("count", Integer, nullable=False),
    Column("label", String(16), comment="class of the first thing; null for what is not detected"),
    Column("box", Text, comment="JSON, shares of the picture: left, top, right, bottom"),
    Column("review", String(16), nullable=False, comment="open, confirmed or rejected"),
    Column("reviewed_at", Float),
    Column("reviewed_by", String(64)),
    Column("note", Text),
)
Index("ix_rule_event_began_at_id", rule_event.c.began_at, rule_event.c.id)
Index("ix_rule_event_state", rule_event.c.state)
