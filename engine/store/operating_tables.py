"""Tables of operation: batches over many instances, what an instance was before it was changed by hand, messages."""

import sqlalchemy as sa

from engine.store.columns import Id, Instant, Name, key, metadata, one_of, ref

BATCH_STATES = ("RUNNING", "PAUSED", "CANCELLED", "DONE")
BATCH_ITEM_STATES = ("PENDING", "DONE", "FAILED", "SKIPPED")
MESSAGE_STATES = ("WAITING", "DELIVERED", "EXPIRED")

batches = sa.Table(
    "batches",
    metadata,
    key("batch_id"),
    sa.Column("kind", sa.String(32), nullable=False),
    sa.Column("parameters", sa.JSON, nullable=False),
    sa.Column("reason", sa.Text, nullable=False, default=""),
    sa.Column("state", sa.String(16), nullable=False),
    sa.Column("total", sa.Integer, nullable=False),
    sa.Column("created_at", Instant, nullable=False),
    ref("created_by_id", "persons.person_id"),
    sa.Column("created_by", Name, nullable=False),
    sa.Column("ended_at", Instant),
    sa.Index("ix_batches_created_at", "created_at"),
    one_of("state", BATCH_STATES),
)
batch_items = sa.Table(
    "batch_items",
    metadata,
    sa.Column("batch_id", Id, sa.ForeignKey("batches.batch_id"), primary_key=True),
    sa.Column("position", sa.Integer, primary_key=True),
    sa.Column("subject_id", Id, nullable=False),  # an instance, or a job: what the kind of the batch acts on
    sa.Column("state", sa.String(16), nullable=False),
    sa.Column("message_zh", sa.Text, nullable=False, default=""),
    sa.Column("message_en", sa.Text, nullable=False, default=""),
    sa.Column("error", sa.JSON),  # of a failed item: code, fields and problems, for words in the reader's language
    sa.Column("done_at", Instant),
    sa.UniqueConstraint("batch_id", "subject_id"),
    sa.Index("ix_batch_items_state", "batch_id", "state", "position"),
    one_of("state", BATCH_ITEM_STATES),
)
snapshots = sa.Table(  # the state before a change by hand, for its undoing
    "snapshots",
    metadata,
    key("snapshot_id"),
    ref("instance_id", "instances.instance_id", nullable=False),
    ref("batch_id", "batches.batch_id"),
    sa.Column("operation", sa.String(32), nullable=False),
    sa.Column("definition_ids", sa.JSON, nullable=False),
    sa.Column("blob", sa.LargeBinary, nullable=False),
    sa.Column("rows", sa.JSON, nullable=False),  # of tasks, jobs and waits, as far as the change touched them
    sa.Column("revision_after", sa.Integer, nullable=False),  # undone only while nothing has happened since
    sa.Column("taken_at", Instant, nullable=False),
    sa.Column("undone_at", Instant),
    sa.Index("ix_snapshots_instance_id", "instance_id", "taken_at"),
    sa.Index("ix_snapshots_batch_id", "batch_id"),
)
messages = sa.Table(  # every message that came in, by the id its sender gave it: one effect
    "messages",
    metadata,
    key("message_id"),
    sa.Column("name", sa.String(64), nullable=False),
    sa.Column("business_key", sa.String(64)),
    sa.Column("correlation_key", sa.String(200)),
    sa.Column("variables", sa.JSON, nullable=False),
    sa.Column("digest", sa.String(64), nullable=False),
    sa.Column("state", sa.String(16), nullable=False),
    sa.Column("sent_at", Instant, nullable=False),
    sa.Column("sent_by", Name, nullable=False),
    sa.Column("expires_at", Instant, nullable=False),
    sa.Column("delivered_at", Instant),
    ref("instance_id", "instances.instance_id"),
    sa.Index(
        "ix_messages_waiting",
        "name",
        "business_key",
        "correlation_key",
        sqlite_where=sa.text("state = 'WAITING'"),
        postgresql_where=sa.text("state = 'WAITING'"),
    ),
    one_of("state", MESSAGE_STATES),
)
