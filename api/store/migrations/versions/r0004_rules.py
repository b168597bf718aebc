"""What the rules of cameras said."""

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Create the table."""
    op.create_table(
        "rule_event",
        sa.Column("id", sa.String(length=36), nullable=False),
        sa.Column("camera", sa.String(length=64), nullable=False),
        sa.Column("rule", sa.String(length=64), nullable=False),
        sa.Column("name", sa.String(length=80), nullable=False, comment="what the rule was called then"),
        sa.Column("kind", sa.String(length=16), nullable=False),
        sa.Column(
            "state",
            sa.String(length=16),
            nullable=False,
            comment="began, ended, or unknown: nobody can say whether it ended",
        ),
        sa.Column("since", sa.Float(), nullable=False, comment="its dwell lies between this and began_at"),
        sa.Column("began_at", sa.Float(), nullable=False),
        sa.Column("ended_at", sa.Float(), nullable=True, comment="null while it holds"),
        sa.Column("cause", sa.String(length=80), nullable=False, comment="why it ended without being seen to end"),
        sa.Column("count", sa.Integer(), nullable=False),
        sa.Column(
            "label",
            sa.String(length=16),
            nullable=True,
            comment="class of the first thing; null for what is not detected",
        ),
        sa.Column("box", sa.Text(), nullable=True, comment="JSON, shares of the picture: left, top, right, bottom"),
        sa.Column("review", sa.String(length=16), nullable=False, comment="open, confirmed or rejected"),
        sa.Column("reviewed_at", sa.Float(), nullable=True),
        sa.Column("reviewed_by", sa.String(length=64), nullable=True),
        sa.Column("note", sa.Text(), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_rule_event")),
    )
    op.create_index("ix_rule_event_began_at_id", "rule_event", ["began_at", "id"], unique=False)
    op.create_index("ix_rule_event_state", "rule_event", ["state"], unique=False)


def downgrade() -> None:
    """Drop the table."""
    op.drop_index("ix_rule_event_state", table_name="rule_event")
    op.drop_index("ix_rule_event_began_at_id", table_name="rule_event")
    op.drop_table("rule_event")
