"""Logins, sessions, device tokens, verdicts and drills."""

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None

BIG_ID = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    """Create the tables."""
    op.create_table(
        "access_login",
        sa.Column("hash", sa.String(length=64), nullable=False),
        sa.Column("role", sa.String(length=16), nullable=False),
        sa.Column("created_at", sa.Float(), nullable=False),
        sa.Column("ends_at", sa.Float(), nullable=False),
        sa.Column("used_at", sa.Float(), nullable=True),
        sa.PrimaryKeyConstraint("hash", name=op.f("pk_access_login")),
    )
    op.create_table(
        "access_session",
        sa.Column("hash", sa.String(length=64), nullable=False),
        sa.Column("subject", sa.String(length=32), nullable=False),
        sa.Column("role", sa.String(length=16), nullable=False),
        sa.Column("created_at", sa.Float(), nullable=False),
        sa.Column("seen_at", sa.Float(), nullable=False),
        sa.Column("ends_at", sa.Float(), nullable=False),
        sa.PrimaryKeyConstraint("hash", name=op.f("pk_access_session")),
        sa.UniqueConstraint("subject", name=op.f("uq_access_session_subject")),
    )
    op.create_index("ix_access_session_ends_at", "access_session", ["ends_at"], unique=False)
    op.create_table(
        "access_device",
        sa.Column("hash", sa.String(length=64), nullable=False),
        sa.Column("subject", sa.String(length=64), nullable=False),
        sa.Column("created_at", sa.Float(), nullable=False),
        sa.Column("revoked_at", sa.Float(), nullable=True),
        sa.PrimaryKeyConstraint("hash", name=op.f("pk_access_device")),
    )
    op.create_table(
        "verdict",
        sa.Column("id", sa.String(length=36), nullable=False),
        sa.Column("at", sa.Float(), nullable=False),
        sa.Column("state", sa.String(length=16), nullable=False),
        sa.Column("t_star_s", sa.Float(), nullable=True),
        sa.Column("weakest_post", sa.String(length=64), nullable=True),
        sa.Column("margin_s", sa.Float(), nullable=True),
        sa.Column("digest", sa.String(length=128), nullable=False),
        sa.Column("certificate", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_verdict")),
    )
    op.create_index("ix_verdict_at", "verdict", ["at"], unique=False)
    op.create_table(
        "drill",
        sa.Column("id", sa.String(length=36), nullable=False),
        sa.Column("created_at", sa.Float(), nullable=False),
        sa.Column("created_by", sa.String(length=64), nullable=False),
        sa.Column("ended_at", sa.Float(), nullable=True),
        sa.Column("seed", sa.Integer(), nullable=False),
        sa.Column("note", sa.Text(), nullable=False),
        sa.Column("rings", sa.String(length=32), nullable=False),
        sa.Column("positions", sa.Text(), nullable=False),
        sa.Column("plan", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_drill")),
    )
    op.create_table(
        "drill_report",
        sa.Column("id", BIG_ID, nullable=False),
        sa.Column("drill_id", sa.String(length=36), nullable=False),
        sa.Column("unit", sa.String(length=64), nullable=False),
        sa.Column("kind", sa.String(length=16), nullable=False),
        sa.Column("t_s", sa.Float(), nullable=False),
        sa.Column("lat", sa.Float(), nullable=True),
        sa.Column("lon", sa.Float(), nullable=True),
        sa.ForeignKeyConstraint(["drill_id"], ["drill.id"], name=op.f("fk_drill_report_drill_id_drill")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_drill_report")),
    )
    op.create_index("ix_drill_report_drill_t", "drill_report", ["drill_id", "t_s"], unique=False)


def downgrade() -> None:
    """Drop the tables."""
    op.drop_index("ix_drill_report_drill_t", table_name="drill_report")
    op.drop_table("drill_report")
    op.drop_table("drill")
    op.drop_index("ix_verdict_at", table_name="verdict")
    op.drop_table("verdict")
    op.drop_table("access_device")
    op.drop_index("ix_access_session_ends_at", table_name="access_session")
    op.drop_table("access_session")
    op.drop_table("access_login")
