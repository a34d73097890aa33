"""Facts by time: a day of the record out of an index, and not out of two years."""

from alembic import op

revision = "0015"
down_revision = "0014"


def upgrade() -> None:
    op.create_index("ix_facts_at", "facts", ["at", "kind"])
