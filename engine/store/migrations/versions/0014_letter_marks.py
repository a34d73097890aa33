"""份号, 密级 and 紧急程度 of drafts and of the letters that they become."""

import sqlalchemy as sa
from alembic import op

revision = "0014"
down_revision = "0013"


def upgrade() -> None:
    for table in ("letter_drafts", "letters"):
        op.add_column(table, sa.Column("marks", sa.JSON(), nullable=True))
