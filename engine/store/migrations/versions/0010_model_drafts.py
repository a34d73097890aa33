"""Drafts of process folders: their saves, the bytes, the comments."""

from typing import Any

import sqlalchemy as sa
from alembic import op

from engine.store.guards import make_append_only

revision = "0010"
down_revision = "0009"

_UNDER_WAY = sa.text("state IN ('OPEN','SUBMITTED')")


def upgrade() -> None:
    _drafts()
    _contents()
    _comments()
    make_append_only(op.get_bind(), "model_contents", "model_saves")


def _id(name: str, *, nullable: bool = True) -> sa.Column[Any]:
    return sa.Column(name, sa.String(length=64), nullable=nullable)


def _name(name: str, *, nullable: bool = True) -> sa.Column[Any]:
    return sa.Column(name, sa.String(length=200), nullable=nullable)


def _at(name: str, *, nullable: bool = True) -> sa.Column[Any]:
    return sa.Column(name, sa.DateTime(timezone=True), nullable=nullable)


def _drafts() -> None:
    op.create_table(
        "model_drafts",
        _id("draft_id", nullable=False),
        _id("key", nullable=False),
        _id("base_id"),
        sa.Column("revision", sa.Integer(), nullable=False),
        sa.Column("state", sa.String(length=16), nullable=False),
        _name("title", nullable=False),
        _id("created_by_id", nullable=False),
        _name("created_by", nullable=False),
        _at("created_at", nullable=False),
        _id("submitted_by_id"),
        _name("submitted_by"),
        _at("submitted_at"),
        _id("published_by_id"),
        _name("published_by"),
        _id("definition_id"),
        _at("closed_at"),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.CheckConstraint(
            "state IN ('OPEN', 'SUBMITTED', 'PUBLISHED', 'DISCARDED')", name=op.f("ck_model_drafts_state")
        ),
        sa.ForeignKeyConstraint(["base_id"], ["definitions.definition_id"], name=op.f("fk_model_drafts_base_id")),
        sa.ForeignKeyConstraint(
            ["definition_id"], ["definitions.definition_id"], name=op.f("fk_model_drafts_definition_id")
        ),
        sa.PrimaryKeyConstraint("draft_id", name=op.f("pk_model_drafts")),
    )
    op.create_index(
        "uq_model_drafts_under_way",
        "model_drafts",
        ["key"],
        unique=True,
        sqlite_where=_UNDER_WAY,
        postgresql_where=_UNDER_WAY,
    )
    op.create_index("ix_model_drafts_key", "model_drafts", ["key", "created_at"])


def _contents() -> None:
    op.create_table(
        "model_contents",
        _id("sha256", nullable=False),
        sa.Column("size_bytes", sa.Integer(), nullable=False),
        sa.Column("content", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("sha256", name=op.f("pk_model_contents")),
    )
    op.create_table(
        "model_saves",
        _id("draft_id", nullable=False),
        sa.Column("revision", sa.Integer(), nullable=False),
        sa.Column("files", sa.JSON(), nullable=False),
        _id("by_id", nullable=False),
        _name("by_name", nullable=False),
        _at("at", nullable=False),
        sa.Column("note", sa.Text(), nullable=False),
        sa.Column("how", sa.String(length=16), nullable=False),
        sa.Column("number", sa.Integer()),
        sa.CheckConstraint("how IN ('OPENED', 'SAVED', 'RESTORED', 'REBASED')", name=op.f("ck_model_saves_how")),
        sa.ForeignKeyConstraint(["draft_id"], ["model_drafts.draft_id"], name=op.f("fk_model_saves_draft_id")),
        sa.PrimaryKeyConstraint("draft_id", "revision", name=op.f("pk_model_saves")),
    )


def _comments() -> None:
    op.create_table(
        "model_comments",
        _id("comment_id", nullable=False),
        _id("draft_id", nullable=False),
        sa.Column("file", sa.String(length=120), nullable=False),
        _name("element_id", nullable=False),
        sa.Column("text", sa.Text(), nullable=False),
        _id("by_id", nullable=False),
        _name("by_name", nullable=False),
        _at("at", nullable=False),
        _id("resolved_by_id"),
        _name("resolved_by"),
        _at("resolved_at"),
        sa.ForeignKeyConstraint(["draft_id"], ["model_drafts.draft_id"], name=op.f("fk_model_comments_draft_id")),
        sa.PrimaryKeyConstraint("comment_id", name=op.f("pk_model_comments")),
    )
    op.create_index("ix_model_comments_draft_id", "model_comments", ["draft_id", "at"])
