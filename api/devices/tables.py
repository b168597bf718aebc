"""What pictures of devices are like, and how devices fared. Times are unix seconds."""

from sqlalchemy import Column, Float, Index, String, Table, Text

from api.store.metadata import BigId, metadata

picture_state = Table(
    "picture_state",
    metadata,
    Column("feed", String(64), primary_key=True),
    Column("picture", String(32), nullable=False),
    Column("since", Float, nullable=False),
    Column("score", Float, nullable=False, comment="the figure that decided; docs/ref/picture.md"),
    Column("cause", Text, nullable=False, comment="why it is unknown"),
    Column("at", Float, nullable=False, comment="when it was told"),
)

device_history = Table(
    "device_history",
    metadata,
    Column("id", BigId, primary_key=True),
    Column("feed", String(64), nullable=False),
    Column("what", String(16), nullable=False, comment="feed or picture"),
    Column("state", String(32), nullable=False),
    Column("since", Float, nullable=False),
    Column("cause", Text, nullable=False),
)
Index("ix_device_history_feed_since", device_history.c.feed, device_history.c.since)
