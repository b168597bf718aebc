"""Tables of the watchlist, alerts, subscribers and deliveries. Times are unix seconds."""

from sqlalchemy import Boolean, Column, Float, ForeignKey, Index, Integer, String, Table, Text, UniqueConstraint, false

from api.store.metadata import BigId, metadata

watchlist = Table(
    "watchlist",
    metadata,
    Column("id", String(36), primary_key=True),
    Column("plate", String(16), nullable=False, comment="normalised"),
    Column("reason", Text, nullable=False),
    Column("requester", String(64), nullable=False),
    Column("added_by", String(64), nullable=False, comment="the caller's subject"),
    Column("created_at", Float, nullable=False),
    Column("ends_at", Float, nullable=False, comment="from this second on it matches nothing"),
    Column("removed_at", Float),
    Column("removed_by", String(64)),
)
Index("ix_watchlist_plate", watchlist.c.plate)

alert = Table(
    "alert",
    metadata,
    Column("id", String(36), primary_key=True),
    Column("raised_at", Float, nullable=False),
    Column("passage_id", String(36), ForeignKey("passage.id"), nullable=False),
    Column("watchlist_id", String(36), ForeignKey("watchlist.id"), nullable=False),
    Column("certain", Boolean, nullable=False, comment="whether the read was certain when the alert was raised"),
    Column("state", String(16), nullable=False, comment="open, confirmed or rejected"),
    Column("reviewed_at", Float),
    Column("reviewed_by", String(64)),
    Column("note", Text),
    Column("drill", Boolean, nullable=False),
    Column("latency_ms", Float, comment="receipt of the keyframe to the alert being durable; null: not known"),
    UniqueConstraint("passage_id", "watchlist_id"),
)
Index("ix_alert_raised_at_id", alert.c.raised_at, alert.c.id)

subscriber = Table(
    "subscriber",
    metadata,
    Column("id", String(36), primary_key=True),
    Column("name", String(64), nullable=False),
    Column("url", Text, nullable=False),
    Column("secret", String(128), nullable=False, comment="whsec_…; signs, so it cannot be a hash"),
    Column("drills", Boolean, nullable=False, comment="whether alerts of drills go there too"),
    Column(
        "rules",
        Boolean,
        nullable=False,
        server_default=false(),
        comment="whether what rules of cameras say goes there too",
    ),
    Column("created_at", Float, nullable=False),
    Column("disabled_at", Float),
    Column("disabled_why", Text),
)

delivery = Table(
    "delivery",
    metadata,
    Column("seq", BigId, primary_key=True, comment="the order in which a subscriber gets them"),
    Column("id", String(80), nullable=False, unique=True, comment="webhook-id, the same over all attempts"),
    Column("subscriber_id", String(36), ForeignKey("subscriber.id"), nullable=False),
    Column("alert_id", String(36), ForeignKey("alert.id")),
    Column(
        "rule_event_id",
        String(36),
        ForeignKey("rule_event.id", ondelete="CASCADE"),
        comment="what it tells of, if no alert",
    ),
    Column("body", Text, nullable=False, comment="CloudEvents JSON, the same over all attempts"),
    Column("state", String(16), nullable=False, comment="waiting, delivered or given_up"),
    Column("attempts", Integer, nullable=False),
    Column("next_at", Float, nullable=False),
    Column("done_at", Float),
    Column("last_error", Text),
)
Index("ix_delivery_rule_event_id", delivery.c.rule_event_id)
Index("ix_delivery_waiting", delivery.c.subscriber_id, delivery.c.state, delivery.c.seq)
