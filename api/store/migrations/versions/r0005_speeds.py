"""Which way a vehicle drove past its checkpoint, how fast, and whether the county decided its province."""

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None

COLUMNS = (
    ("province_prior", sa.Boolean(), "true: the county's own province decided the first character"),
    ("direction", sa.String(length=16), "towards or away: which way it drove past the camera; null: not seen"),
    ("speed_kmh", sa.Float(), "null: the checkpoint is not calibrated, or it was too vague to tell"),
    ("speed_error_kmh", sa.Float(), "95 % of the true speeds are within this; null with the speed"),
)


def upgrade() -> None:
    """Add the columns; what was stored before says nothing in them."""
    for name, kind, comment in COLUMNS:
        op.add_column("passage", sa.Column(name, kind, nullable=True, comment=comment))


def downgrade() -> None:
    """Drop the columns."""
    for name, _, _ in reversed(COLUMNS):
        op.drop_column("passage", name)
