"""Ladders and lights as versioned data of a campaign: which version judged a light, a rung and an item."""

import sqlalchemy as sa
from alembic import op

revision = "0008"
down_revision = "0007"


def upgrade() -> None:
    op.add_column("cases", sa.Column("lights_id", sa.String(length=64), nullable=True))
    op.add_column("tasks", sa.Column("lights_id", sa.String(length=64), nullable=True))
    op.add_column("supervision_items", sa.Column("ruling", sa.JSON(), nullable=True))
    op.add_column("rungs", sa.Column("ruling", sa.JSON(), nullable=True))
