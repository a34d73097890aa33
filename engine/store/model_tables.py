"""The tables of models that are being changed: drafts of process folders, their saves, the bytes, the comments."""

import sqlalchemy as sa

from engine.domain.model_draft import ModelState, SaveKind
from engine.store.columns import Id, Instant, Name, key, metadata, one_of, ref

_UNDER_WAY = sa.text("state IN ('OPEN','SUBMITTED')")

model_drafts = sa.Table(
    "model_drafts",
    metadata,
    key("draft_id"),
    sa.Column("key", sa.String(64), nullable=False),
    ref("base_id", "definitions.definition_id"),  # the version it changes; None: a folder that was never deployed
    sa.Column("revision", sa.Integer, nullable=False),
    sa.Column("state", sa.String(16), nullable=False),
    sa.Column("title", Name, nullable=False),
    sa.Column("created_by_id", Id, nullable=False),
    sa.Column("created_by", Name, nullable=False),
    sa.Column("created_at", Instant, nullable=False),
    sa.Column("submitted_by_id", Id),
    sa.Column("submitted_by", Name),
    sa.Column("submitted_at", Instant),
    sa.Column("published_by_id", Id),
    sa.Column("published_by", Name),
    ref("definition_id", "definitions.definition_id"),  # the version it became
    sa.Column("closed_at", Instant),
    sa.Column("reason", sa.Text, nullable=False),  # why it was returned or discarded, or what the submitter says of it
    one_of("state", list(ModelState)),
    sa.Index("uq_model_drafts_under_way", "key", unique=True, sqlite_where=_UNDER_WAY, postgresql_where=_UNDER_WAY),
    sa.Index("ix_model_drafts_key", "key", "created_at"),
)
model_contents = sa.Table(  # what saves consist of, deflated; the digest is of the bytes as they came
    "model_contents",
    metadata,
    sa.Column("sha256", sa.String(64), primary_key=True),
    sa.Column("size_bytes", sa.Integer, nullable=False),
    sa.Column("content", sa.LargeBinary, nullable=False),
)
model_saves = sa.Table(
    "model_saves",
    metadata,
    sa.Column("draft_id", Id, sa.ForeignKey("model_drafts.draft_id"), primary_key=True),
    sa.Column("revision", sa.Integer, primary_key=True),  # from 1
    sa.Column("files", sa.JSON, nullable=False),  # {name: sha256}
    sa.Column("by_id", Id, nullable=False),
    sa.Column("by_name", Name, nullable=False),
    sa.Column("at", Instant, nullable=False),
    sa.Column("note", sa.Text, nullable=False),
    sa.Column("how", sa.String(16), nullable=False),
    sa.Column("number", sa.Integer),  # the save that was restored, the version that was taken over
    one_of("how", list(SaveKind)),
)
model_comments = sa.Table(
    "model_comments",
    metadata,
    key("comment_id"),
    ref("draft_id", "model_drafts.draft_id", nullable=False),
    sa.Column("file", sa.String(120), nullable=False),  # empty: of the whole draft
    sa.Column("element_id", Name, nullable=False),  # empty: of the whole file
    sa.Column("text", sa.Text, nullable=False),
    sa.Column("by_id", Id, nullable=False),
    sa.Column("by_name", Name, nullable=False),
    sa.Column("at", Instant, nullable=False),
    sa.Column("resolved_by_id", Id),
    sa.Column("resolved_by", Name),
    sa.Column("resolved_at", Instant),
    sa.Index("ix_model_comments_draft_id", "draft_id", "at"),
)
