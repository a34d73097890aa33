"""Batches, snapshots and messages; suspension, held jobs, jobs handed to a broker, correlation of waits."""

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"


def upgrade() -> None:
    op.create_table(
        "batches",
        sa.Column("batch_id", sa.String(length=64), nullable=False),
        sa.Column("kind", sa.String(length=32), nullable=False),
        sa.Column("parameters", sa.JSON(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("state", sa.String(length=16), nullable=False),
        sa.Column("total", sa.Integer(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("created_by_id", sa.String(length=64), nullable=True),
        sa.Column("created_by", sa.String(length=200), nullable=False),
        sa.Column("ended_at", sa.DateTime(timezone=True), nullable=True),
        sa.CheckConstraint("state IN ('RUNNING', 'PAUSED', 'CANCELLED', 'DONE')", name=op.f("ck_batches_state")),
        sa.ForeignKeyConstraint(["created_by_id"], ["persons.person_id"], name=op.f("fk_batches_created_by_id")),
        sa.PrimaryKeyConstraint("batch_id", name=op.f("pk_batches")),
    )
    op.create_index("ix_batches_created_at", "batches", ["created_at"], unique=False)
    op.create_table(
        "batch_items",
        sa.Column("batch_id", sa.String(length=64), nullable=False),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.Column("subject_id", sa.String(length=64), nullable=False),
        sa.Column("state", sa.String(length=16), nullable=False),
        sa.Column("message_zh", sa.Text(), nullable=False),
        sa.Column("message_en", sa.Text(), nullable=False),
        sa.Column("error", sa.JSON(), nullable=True),
        sa.Column("done_at", sa.DateTime(timezone=True), nullable=True),
        sa.CheckConstraint("state IN ('PENDING', 'DONE', 'FAILED', 'SKIPPED')", name=op.f("ck_batch_items_state")),
        sa.ForeignKeyConstraint(["batch_id"], ["batches.batch_id"], name=op.f("fk_batch_items_batch_id")),
        sa.PrimaryKeyConstraint("batch_id", "position", name=op.f("pk_batch_items")),
        sa.UniqueConstraint("batch_id", "subject_id", name=op.f("uq_batch_items_batch_id_subject_id")),
    )
    op.create_index("ix_batch_items_state", "batch_items", ["batch_id", "state", "position"], unique=False)
    op.create_table(
        "messages",
        sa.Column("message_id", sa.String(length=64), nullable=False),
        sa.Column("name", sa.String(length=64), nullable=False),
        sa.Column("business_key", sa.String(length=64), nullable=True),
        sa.Column("correlation_key", sa.String(length=200), nullable=True),
        sa.Column("variables", sa.JSON(), nullable=False),
        sa.Column("digest", sa.String(length=64), nullable=False),
        sa.Column("state", sa.String(length=16), nullable=False),
        sa.Column("sent_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("sent_by", sa.String(length=200), nullable=False),
        sa.Column("expires_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("delivered_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("instance_id", sa.String(length=64), nullable=True),
        sa.CheckConstraint("state IN ('WAITING', 'DELIVERED', 'EXPIRED')", name=op.f("ck_messages_state")),
        sa.ForeignKeyConstraint(["instance_id"], ["instances.instance_id"], name=op.f("fk_messages_instance_id")),
        sa.PrimaryKeyConstraint("message_id", name=op.f("pk_messages")),
    )
    op.create_index(
        "ix_messages_waiting",
        "messages",
        ["name", "business_key", "correlation_key"],
        unique=False,
        sqlite_where=sa.text("state = 'WAITING'"),
        postgresql_where=sa.text("state = 'WAITING'"),
    )
    op.create_table(
        "snapshots",
        sa.Column("snapshot_id", sa.String(length=64), nullable=False),
        sa.Column("instance_id", sa.String(length=64), nullable=False),
        sa.Column("batch_id", sa.String(length=64), nullable=True),
        sa.Column("operation", sa.String(length=32), nullable=False),
        sa.Column("definition_ids", sa.JSON(), nullable=False),
        sa.Column("blob", sa.LargeBinary(), nullable=False),
        sa.Column("rows", sa.JSON(), nullable=False),
        sa.Column("revision_after", sa.Integer(), nullable=False),
        sa.Column("taken_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("undone_at", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(["batch_id"], ["batches.batch_id"], name=op.f("fk_snapshots_batch_id")),
        sa.ForeignKeyConstraint(["instance_id"], ["instances.instance_id"], name=op.f("fk_snapshots_instance_id")),
        sa.PrimaryKeyConstraint("snapshot_id", name=op.f("pk_snapshots")),
    )
    op.create_index("ix_snapshots_batch_id", "snapshots", ["batch_id"], unique=False)
    op.create_index("ix_snapshots_instance_id", "snapshots", ["instance_id", "taken_at"], unique=False)
    op.add_column("instances", sa.Column("suspended_at", sa.DateTime(timezone=True), nullable=True))
    op.add_column("jobs", sa.Column("held_at", sa.DateTime(timezone=True), nullable=True))
    op.add_column("jobs", sa.Column("dispatched_until", sa.DateTime(timezone=True), nullable=True))
    op.add_column("waits", sa.Column("correlation_key", sa.String(length=200), nullable=True))
    op.create_index("ix_waits_message", "waits", ["message", "correlation_key"], unique=False)
    op.drop_index("ix_jobs_due", table_name="jobs")
    op.create_index(
        "ix_jobs_due",
        "jobs",
        ["due_at", "job_id"],
        sqlite_where=sa.text("state = 'OPEN' AND held_at IS NULL"),
        postgresql_where=sa.text("state = 'OPEN' AND held_at IS NULL"),
    )
    op.create_index("ix_supervision_items_task_id", "supervision_items", ["task_id", "state"])
    op.create_index("ix_supervision_items_case_id", "supervision_items", ["case_id", "state"])
    for name, table, column, rows in (  # what operators count all day
        ("ix_instances_suspended_at", "instances", "suspended_at", "suspended_at IS NOT NULL"),
        ("ix_jobs_failed", "jobs", "kind", "state = 'FAILED'"),
        ("ix_incidents_open", "incidents", "kind", "resolved_at IS NULL"),
    ):
        op.create_index(name, table, [column], sqlite_where=sa.text(rows), postgresql_where=sa.text(rows))
    op.drop_index("ix_tasks_instance_id", table_name="tasks")
    op.create_index("ix_tasks_instance_id", "tasks", ["instance_id", "element_id", "completed_by_id"])
    _make_completed_tasks_final()


def _make_completed_tasks_final() -> None:
    """What a person handed in stays as it was handed in (assurance I2)."""
    message = "a completed task is final"
    if op.get_bind().dialect.name == "sqlite":
        op.execute(
            "CREATE TRIGGER tasks_completed_are_final BEFORE UPDATE ON tasks WHEN OLD.state = 'COMPLETED' "
            f"BEGIN SELECT RAISE(ABORT, '{message}'); END"
        )
        return
    op.execute(
        "CREATE OR REPLACE FUNCTION duban_completed_is_final() RETURNS trigger LANGUAGE plpgsql AS "
        f"$$ BEGIN RAISE EXCEPTION '{message}'; END $$"
    )
    op.execute(
        "CREATE TRIGGER tasks_completed_are_final BEFORE UPDATE ON tasks FOR EACH ROW "
        "WHEN (OLD.state = 'COMPLETED') EXECUTE FUNCTION duban_completed_is_final()"
    )
