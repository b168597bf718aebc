"""Subscribers may ask for what the rules of cameras say; a delivery tells of an alert or of such an event."""

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Add the wish, which nobody has at first, and what a delivery tells of."""
    op.add_column(
        "subscriber",
        sa.Column(
            "rules",
            sa.Boolean(),
            server_default=sa.false(),
            nullable=False,
            comment="whether what rules of cameras say goes there too",
        ),
    )
    with op.batch_alter_table("delivery") as batch:
        batch.alter_column("alert_id", existing_type=sa.String(length=36), nullable=True)
        batch.add_column(
            sa.Column("rule_event_id", sa.String(length=36), nullable=True, comment="what it tells of, if no alert")
        )
        batch.create_foreign_key(
            op.f("fk_delivery_rule_event_id_rule_event"),
            "rule_event",
            ["rule_event_id"],
            ["id"],
            ondelete="CASCADE",
        )
    op.create_index("ix_delivery_rule_event_id", "delivery", ["rule_event_id"], unique=False)


def downgrade() -> None:
    """Drop both, and the deliveries that tell of no alert."""
    op.drop_index("ix_delivery_rule_event_id", table_name="delivery")
    op.execute("DELETE FROM delivery WHERE alert_id IS NULL")
    with op.batch_alter_table("delivery") as batch:
        batch.drop_constraint("fk_delivery_rule_event_id_rule_event", type_="foreignkey")
        batch.drop_column("rule_event_id")
        batch.alter_column("alert_id", existing_type=sa.String(length=36), nullable=False)
    op.drop_column("subscriber", "rules")
