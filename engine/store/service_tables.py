"""What happened to a letter after it went out: readings, service, replies and reviews, for each addressee. The records
only grow; `letter_deliveries` says by them where the letter stands with each addressee."""

import sqlalchemy as sa

from engine.domain.service import DELIVERY_STATES, MANNERS, RETURN_REASONS, VERDICTS
from engine.store.columns import Id, Instant, Name, key, metadata, one_of, ref


def _delivery() -> sa.ForeignKeyConstraint:
    return sa.ForeignKeyConstraint(
        ["letter_id", "unit_id"], ["letter_deliveries.letter_id", "letter_deliveries.unit_id"]
    )


letter_deliveries = sa.Table(  # one for each addressee 主送机关; void is the letter as a whole, see letter_services
    "letter_deliveries",
    metadata,
    sa.Column("letter_id", Id, sa.ForeignKey("letters.letter_id"), primary_key=True),
    sa.Column("unit_id", Id, sa.ForeignKey("units.unit_id"), primary_key=True),
    sa.Column("state", sa.String(16), nullable=False),
    sa.Column("receipt_due_at", Instant),
    sa.Column("reply_due_at", Instant),  # None before receipt: the time to reply runs from there
    sa.Column("deadline", sa.JSON),  # how receipt_due_at follows; once received, how reply_due_at does
    sa.Column("rounds", sa.Integer, nullable=False, default=0),
    sa.Column("late_replies", sa.Integer, nullable=False, default=0),
    sa.Column("received_at", Instant),
    sa.Column("received_by", Name),
    sa.Column("replied_at", Instant),
    sa.Column("replied_by", Name),
    sa.Column("reply", sa.Text),
    sa.Column("closed_at", Instant),
    sa.Column("closed_by", Name),
    sa.Column("closing_reason", sa.Text),
    sa.Column("set_aside", sa.String(16)),  # where it stood when a correction closed it
    one_of("state", DELIVERY_STATES),
    sa.Index(
        "ix_letter_deliveries_open",
        "unit_id",
        "state",
        "letter_id",
        sqlite_where=sa.text("state <> 'CLOSED'"),
        postgresql_where=sa.text("state <> 'CLOSED'"),
    ),
)
letter_readings = sa.Table(  # the first time that each person of the addressee opened it; no receipt follows from it
    "letter_readings",
    metadata,
    sa.Column("letter_id", Id, sa.ForeignKey("letters.letter_id"), primary_key=True),
    sa.Column("person_id", Id, sa.ForeignKey("persons.person_id"), primary_key=True),
    sa.Column("person", Name, nullable=False),
    sa.Column("role", sa.String(32), nullable=False),
    sa.Column("at", Instant, nullable=False),
)
letter_receipts = sa.Table(  # what the 送达回证 says
    "letter_receipts",
    metadata,
    sa.Column("letter_id", Id, primary_key=True),
    sa.Column("unit_id", Id, primary_key=True),
    sa.Column("manner", sa.String(16), nullable=False),
    sa.Column("person", Name, nullable=False),
    sa.Column("post", Name, nullable=False),
    sa.Column("signed_at", Instant, nullable=False),
    sa.Column("place", Name, nullable=False, default=""),
    sa.Column("refusal", sa.Text, nullable=False, default=""),
    sa.Column("witness", Name, nullable=False, default=""),
    sa.Column("witness_post", Name, nullable=False, default=""),
    sa.Column("tracking_no", sa.String(40), nullable=False, default=""),
    sa.Column("consent", sa.Text, nullable=False, default=""),
    sa.Column("note", sa.Text, nullable=False, default=""),
    sa.Column("entered_at", Instant, nullable=False),
    ref("entered_by_id", "persons.person_id"),
    sa.Column("entered_by", Name, nullable=False),
    sa.Column("deadline", sa.JSON),  # of the reply, as it followed from this receipt
    _delivery(),
    one_of("manner", MANNERS),
)
letter_replies = sa.Table(
    "letter_replies",
    metadata,
    sa.Column("letter_id", Id, primary_key=True),
    sa.Column("unit_id", Id, primary_key=True),
    sa.Column("round", sa.Integer, primary_key=True),
    sa.Column("text", sa.Text, nullable=False),
    sa.Column("replied_at", Instant, nullable=False),
    ref("replied_by_id", "persons.person_id"),
    sa.Column("replied_by", Name, nullable=False),
    sa.Column("due_at", Instant),
    sa.Column("is_late", sa.Boolean, nullable=False),
    _delivery(),
)
letter_reviews = sa.Table(  # of each reply at most one
    "letter_reviews",
    metadata,
    sa.Column("letter_id", Id, primary_key=True),
    sa.Column("unit_id", Id, primary_key=True),
    sa.Column("round", sa.Integer, primary_key=True),
    sa.Column("verdict", sa.String(16), nullable=False),
    sa.Column("reason", sa.String(16)),
    sa.Column("opinion", sa.Text, nullable=False, default=""),
    sa.Column("reviewed_at", Instant, nullable=False),
    ref("reviewed_by_id", "persons.person_id"),
    sa.Column("reviewed_by", Name, nullable=False),
    sa.Column("deadline", sa.JSON),  # of the next reply, where this one was returned
    sa.ForeignKeyConstraint(
        ["letter_id", "unit_id", "round"],
        ["letter_replies.letter_id", "letter_replies.unit_id", "letter_replies.round"],
    ),
    one_of("verdict", VERDICTS),
    one_of("reason", RETURN_REASONS),
)
letter_files = sa.Table(  # round 0 belongs to the receipt, n to the n-th reply; handed in before it, or with it
    "letter_files",
    metadata,
    key("file_id"),
    sa.Column("letter_id", Id, nullable=False),
    sa.Column("unit_id", Id, nullable=False),
    sa.Column("round", sa.Integer, nullable=False),
    sa.Column("filename", Name, nullable=False),
    sa.Column("media_type", sa.String(80), nullable=False),
    sa.Column("sha256", sa.String(64), sa.ForeignKey("blobs.sha256"), nullable=False),
    sa.Column("size_bytes", sa.Integer, nullable=False),
    sa.Column("taken_at", Instant),
    sa.Column("place", Name, nullable=False, default=""),
    sa.Column("device", Name, nullable=False, default=""),
    sa.Column("original_sha256", sa.String(64), nullable=False, default=""),
    sa.Column("uploaded_at", Instant, nullable=False),
    ref("uploaded_by_id", "persons.person_id", nullable=False),
    sa.Column("uploaded_by", Name, nullable=False),
    _delivery(),
    sa.Index("ix_letter_files_letter_id", "letter_id", "unit_id", "round"),
)
