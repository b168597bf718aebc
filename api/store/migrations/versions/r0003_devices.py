"""What pictures of devices are like, and the history of devices."""

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None

BIG_ID = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    """Create the tables."""
    op.create_table(
        "picture_state",
        sa.Column("feed", sa.String(length=64), nullable=False),
        sa.Column("picture", sa.String(length=32), nullable=False),
        sa.Column("since", sa.Float(), nullable=False),
        sa.Column("score", sa.Float(), nullable=False, comment="the figure that decided; docs/ref/picture.md"),
        sa.Column("cause", sa.Text(), nullable=False, comment="why it is unknown"),
        sa.Column("at", sa.Float(), nullable=False, comment="when it was told"),
        sa.PrimaryKeyConstraint("feed", name=op.f("pk_picture_state")),
    )
    op.create_table(
        "device_history",
        sa.Column("id", BIG_ID, nullable=False),
        sa.Column("feed", sa.String(length=64), nullable=False),
        sa.Column("what", sa.String(length=16), nullable=False, comment="feed or picture"),
        sa.Column("state", sa.String(length=32), nullable=False),
        sa.Column("since", sa.Float(), nullable=False),
        sa.Column("cause", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_device_history")),
    )
    op.create_index("ix_device_history_feed_since", "device_history", ["feed", "since"], unique=False)


def downgrade() -> None:
    """Drop the tables."""
    op.drop_index("ix_device_history_feed_since", table_name="device_history")
    op.drop_table("device_history")
    op.drop_table("picture_state")
