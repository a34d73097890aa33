"""How long tasks took, by version: an index of what is completed."""

import sqlalchemy as sa
from alembic import op

revision = "0012"
down_revision = "0011"


def upgrade() -> None:
    op.create_index(
        "ix_tasks_definition_id",
        "tasks",
        ["definition_id", "completed_at", "element_id", "opened_at", "due_at", "state"],
        sqlite_where=sa.text("completed_at IS NOT NULL"),
        postgresql_where=sa.text("completed_at IS NOT NULL"),
    )
