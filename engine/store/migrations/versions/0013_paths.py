"""The path of an instance out of one index: conformance reads the visits of every case of a version."""

from alembic import op

revision = "0013"
down_revision = "0012"


def upgrade() -> None:
    op.drop_index("ix_visits_instance_id", table_name="visits")
    op.create_index("ix_visits_instance_id", "visits", ["instance_id", "visit_id", "process_key", "element_id"])
