"""Passages, alerts, watermarks, counters and the append-only audit."""

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None

BIG_ID = sa.BigInteger().with_variant(sa.Integer(), "sqlite")

APPEND_ONLY = {
    "sqlite": (
        (
            "CREATE TRIGGER audit_keeps_rows BEFORE DELETE ON audit "
            "BEGIN SELECT RAISE(ABORT, 'the audit is append-only'); END"
        ),
        (
            "CREATE TRIGGER audit_keeps_text BEFORE UPDATE ON audit "
            "BEGIN SELECT RAISE(ABORT, 'the audit is append-only'); END"
        ),
    ),
    "postgresql": (
        (
            "CREATE FUNCTION audit_is_append_only() RETURNS trigger LANGUAGE plpgsql AS "
            "$$ BEGIN RAISE EXCEPTION 'the audit is append-only'; END $$"
        ),
        (
            "CREATE TRIGGER audit_keeps_rows BEFORE DELETE OR UPDATE ON audit "
            "FOR EACH ROW EXECUTE FUNCTION audit_is_append_only()"
        ),
        (
            "CREATE TRIGGER audit_keeps_all BEFORE TRUNCATE ON audit "
            "FOR EACH STATEMENT EXECUTE FUNCTION audit_is_append_only()"
        ),
    ),
}


def upgrade() -> None:
    """Create the tables; the audit refuses UPDATE and DELETE from then on."""
    op.create_table(
        "audit",
        sa.Column("id", BIG_ID, nullable=False),
        sa.Column("at", sa.Float(), nullable=False, comment="unix seconds"),
        sa.Column("who", sa.String(length=64), nullable=False, comment="the caller's subject"),
        sa.Column("role", sa.String(length=16), nullable=False),
        sa.Column("what", sa.String(length=64), nullable=False, comment="for example passages.search"),
        sa.Column("purpose", sa.String(length=64), nullable=False),
        sa.Column("case_no", sa.String(length=64), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("detail", sa.Text(), nullable=False, comment="JSON of what was asked for"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_audit")),
    )
    op.create_index("ix_audit_at", "audit", ["at"], unique=False)
    op.create_table(
        "counter",
        sa.Column("producer", sa.String(length=128), nullable=False),
        sa.Column(
            "start",
            sa.String(length=36),
            nullable=False,
            comment="which start of the producer; totals are summed over starts",
        ),
        sa.Column("name", sa.String(length=64), nullable=False),
        sa.Column("value", sa.BigInteger(), nullable=False, comment="running total since that start"),
        sa.Column("at", sa.Float(), nullable=False, comment="unix seconds"),
        sa.PrimaryKeyConstraint("producer", "start", "name", name=op.f("pk_counter")),
    )
    op.create_table(
        "feed_state",
        sa.Column("feed", sa.String(length=64), nullable=False),
        sa.Column("state", sa.String(length=32), nullable=False),
        sa.Column("since", sa.Float(), nullable=False),
        sa.Column("cause", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("feed", name=op.f("pk_feed_state")),
    )
    op.create_table(
        "refused_event",
        sa.Column("id", BIG_ID, nullable=False),
        sa.Column("producer", sa.String(length=128), nullable=False),
        sa.Column("seq", sa.BigInteger(), nullable=False),
        sa.Column("at", sa.Float(), nullable=False, comment="unix seconds, when it was refused"),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("body", sa.Text(), nullable=False, comment="the event as it came"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_refused_event")),
    )
    op.create_table(
        "street_count",
        sa.Column("camera", sa.String(length=64), nullable=False),
        sa.Column("from_at", sa.Float(), nullable=False),
        sa.Column("to_at", sa.Float(), nullable=False),
        sa.Column("frames", sa.BigInteger(), nullable=False),
        sa.Column("persons", sa.BigInteger(), nullable=False, comment="sum of boxes over the frames"),
        sa.Column("vehicles", sa.BigInteger(), nullable=False, comment="sum of boxes over the frames"),
        sa.PrimaryKeyConstraint("camera", "from_at", name=op.f("pk_street_count")),
    )
    op.create_table(
        "subscriber",
        sa.Column("id", sa.String(length=36), nullable=False),
        sa.Column("name", sa.String(length=64), nullable=False),
        sa.Column("url", sa.Text(), nullable=False),
        sa.Column("secret", sa.String(length=128), nullable=False, comment="whsec_…; signs, so it cannot be a hash"),
        sa.Column("drills", sa.Boolean(), nullable=False, comment="whether alerts of drills go there too"),
        sa.Column("created_at", sa.Float(), nullable=False),
        sa.Column("disabled_at", sa.Float(), nullable=True),
        sa.Column("disabled_why", sa.Text(), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_subscriber")),
    )
    op.create_table(
        "vehicle",
        sa.Column("id", BIG_ID, nullable=False),
        sa.Column("plate", sa.String(length=16), nullable=False, comment="normalised; wildcards search here"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_vehicle")),
        sa.UniqueConstraint("plate", name=op.f("uq_vehicle_plate")),
    )
    op.create_table(
        "watchlist",
        sa.Column("id", sa.String(length=36), nullable=False),
        sa.Column("plate", sa.String(length=16), nullable=False, comment="normalised"),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("requester", sa.String(length=64), nullable=False),
        sa.Column("added_by", sa.String(length=64), nullable=False, comment="the caller's subject"),
        sa.Column("created_at", sa.Float(), nullable=False),
        sa.Column("ends_at", sa.Float(), nullable=False, comment="from this second on it matches nothing"),
        sa.Column("removed_at", sa.Float(), nullable=True),
        sa.Column("removed_by", sa.String(length=64), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_watchlist")),
    )
    op.create_index("ix_watchlist_plate", "watchlist", ["plate"], unique=False)
    op.create_table(
        "watermark",
        sa.Column("producer", sa.String(length=128), nullable=False),
        sa.Column("seq", sa.BigInteger(), nullable=False, comment="its last event that is stored"),
        sa.PrimaryKeyConstraint("producer", name=op.f("pk_watermark")),
    )
    op.create_table(
        "passage",
        sa.Column("id", sa.String(length=36), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False, comment="1 provisional, 2 final"),
        sa.Column("checkpoint", sa.String(length=64), nullable=False),
        sa.Column("at", sa.Float(), nullable=False),
        sa.Column("first_seen", sa.Float(), nullable=False),
        sa.Column("last_seen", sa.Float(), nullable=False),
        sa.Column("vehicle_id", BIG_ID, nullable=True, comment="null: the plate is unread"),
        sa.Column("certain", sa.Boolean(), nullable=False),
        sa.Column("confidence", sa.Float(), nullable=False),
        sa.Column("plate_class", sa.String(length=32), nullable=True),
        sa.Column("plate_colour", sa.String(length=32), nullable=True),
        sa.Column("lane", sa.Integer(), nullable=True),
        sa.Column("vehicle_class", sa.String(length=32), nullable=True),
        sa.Column("source", sa.String(length=16), nullable=False, comment="video or device: who reported it first"),
        sa.Column("final", sa.Boolean(), nullable=False),
        sa.Column("drill", sa.Boolean(), nullable=False),
        sa.Column("frame_received_at", sa.Float(), nullable=True),
        sa.Column("scene_path", sa.Text(), nullable=True),
        sa.Column("scene_sha256", sa.String(length=64), nullable=True),
        sa.Column("crop_path", sa.Text(), nullable=True),
        sa.Column("crop_sha256", sa.String(length=64), nullable=True),
        sa.Column("stored_at", sa.Float(), nullable=False),
        sa.ForeignKeyConstraint(["vehicle_id"], ["vehicle.id"], name=op.f("fk_passage_vehicle_id_vehicle")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_passage")),
    )
    op.create_index("ix_passage_at_id", "passage", ["at", "id"], unique=False)
    op.create_index("ix_passage_checkpoint_at", "passage", ["checkpoint", "at"], unique=False)
    op.create_index("ix_passage_vehicle_at", "passage", ["vehicle_id", "at"], unique=False)
    op.create_table(
        "alert",
        sa.Column("id", sa.String(length=36), nullable=False),
        sa.Column("raised_at", sa.Float(), nullable=False),
        sa.Column("passage_id", sa.String(length=36), nullable=False),
        sa.Column("watchlist_id", sa.String(length=36), nullable=False),
        sa.Column(
            "certain", sa.Boolean(), nullable=False, comment="whether the read was certain when the alert was raised"
        ),
        sa.Column("state", sa.String(length=16), nullable=False, comment="open, confirmed or rejected"),
        sa.Column("reviewed_at", sa.Float(), nullable=True),
        sa.Column("reviewed_by", sa.String(length=64), nullable=True),
        sa.Column("note", sa.Text(), nullable=True),
        sa.Column("drill", sa.Boolean(), nullable=False),
        sa.Column(
            "latency_ms",
            sa.Float(),
            nullable=True,
            comment="receipt of the keyframe to the alert being durable; null: not known",
        ),
        sa.ForeignKeyConstraint(["passage_id"], ["passage.id"], name=op.f("fk_alert_passage_id_passage")),
        sa.ForeignKeyConstraint(["watchlist_id"], ["watchlist.id"], name=op.f("fk_alert_watchlist_id_watchlist")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_alert")),
        sa.UniqueConstraint("passage_id", "watchlist_id", name=op.f("uq_alert_passage_id")),
    )
    op.create_index("ix_alert_raised_at_id", "alert", ["raised_at", "id"], unique=False)
    op.create_table(
        "passage_report",
        sa.Column("id", sa.String(length=36), nullable=False, comment="the passage id its source gave"),
        sa.Column("passage_id", sa.String(length=36), nullable=False, comment="where it was counted"),
        sa.Column("source", sa.String(length=16), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(["passage_id"], ["passage.id"], name=op.f("fk_passage_report_passage_id_passage")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_passage_report")),
    )
    op.create_index("ix_passage_report_passage_id", "passage_report", ["passage_id"], unique=False)
    op.create_table(
        "delivery",
        sa.Column("seq", BIG_ID, nullable=False, comment="the order in which a subscriber gets them"),
        sa.Column("id", sa.String(length=80), nullable=False, comment="webhook-id, the same over all attempts"),
        sa.Column("subscriber_id", sa.String(length=36), nullable=False),
        sa.Column("alert_id", sa.String(length=36), nullable=False),
        sa.Column("body", sa.Text(), nullable=False, comment="CloudEvents JSON, the same over all attempts"),
        sa.Column("state", sa.String(length=16), nullable=False, comment="waiting, delivered or given_up"),
        sa.Column("attempts", sa.Integer(), nullable=False),
        sa.Column("next_at", sa.Float(), nullable=False),
        sa.Column("done_at", sa.Float(), nullable=True),
        sa.Column("last_error", sa.Text(), nullable=True),
        sa.ForeignKeyConstraint(["alert_id"], ["alert.id"], name=op.f("fk_delivery_alert_id_alert")),
        sa.ForeignKeyConstraint(
            ["subscriber_id"], ["subscriber.id"], name=op.f("fk_delivery_subscriber_id_subscriber")
        ),
        sa.PrimaryKeyConstraint("seq", name=op.f("pk_delivery")),
        sa.UniqueConstraint("id", name=op.f("uq_delivery_id")),
    )
    op.create_index("ix_delivery_waiting", "delivery", ["subscriber_id", "state", "seq"], unique=False)
    for statement in APPEND_ONLY[op.get_bind().dialect.name]:
        op.execute(statement)


def downgrade() -> None:
    """Drop everything, the audit too."""
    op.drop_index("ix_delivery_waiting", table_name="delivery")
    op.drop_table("delivery")
    op.drop_index("ix_passage_report_passage_id", table_name="passage_report")
    op.drop_table("passage_report")
    op.drop_index("ix_alert_raised_at_id", table_name="alert")
    op.drop_table("alert")
    op.drop_index("ix_passage_vehicle_at", table_name="passage")
    op.drop_index("ix_passage_checkpoint_at", table_name="passage")
    op.drop_index("ix_passage_at_id", table_name="passage")
    op.drop_table("passage")
    op.drop_table("watermark")
    op.drop_index("ix_watchlist_plate", table_name="watchlist")
    op.drop_table("watchlist")
    op.drop_table("vehicle")
    op.drop_table("subscriber")
    op.drop_table("street_count")
    op.drop_table("refused_event")
    op.drop_table("feed_state")
    op.drop_table("counter")
    op.drop_index("ix_audit_at", table_name="audit")
    op.drop_table("audit")
    if op.get_bind().dialect.name == "postgresql":
        op.execute("DROP FUNCTION audit_is_append_only()")
