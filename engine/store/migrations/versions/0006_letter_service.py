"""What happens to a letter after it went out: readings, receipts, replies in rounds and their review, files.

What was signed for and replied to before keeps its persons and times; a term that ran from issue is dropped where
nobody has signed yet, because the time to reply starts at receipt.
"""

from typing import Any

import sqlalchemy as sa
from alembic import op

from engine.store.guards import make_append_only

revision = "0006"
down_revision = "0005"

STATES = ("ISSUED", "SERVED", "RECEIVED", "REPLIED", "RETURNED", "CLOSED", "VOID")
GUARDED = ("letter_readings", "letter_receipts", "letter_replies", "letter_reviews", "letter_files")


def upgrade() -> None:
    _deliveries()
    _readings()
    _receipts()
    _replies()
    _reviews()
    _files()
    _services()
    _carry_over()
    make_append_only(op.get_bind(), *GUARDED)


def _deliveries() -> None:
    op.create_table(
        "letter_deliveries",
        _of_letter(),
        _of_unit(),
        sa.Column("state", sa.String(length=16), nullable=False),
        sa.Column("receipt_due_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("reply_due_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("deadline", sa.JSON(), nullable=True),
        sa.Column("rounds", sa.Integer(), nullable=False),
        sa.Column("late_replies", sa.Integer(), nullable=False),
        sa.Column("received_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("received_by", sa.String(length=200), nullable=True),
        sa.Column("replied_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("replied_by", sa.String(length=200), nullable=True),
        sa.Column("reply", sa.Text(), nullable=True),
        sa.Column("closed_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("closed_by", sa.String(length=200), nullable=True),
        sa.Column("closing_reason", sa.Text(), nullable=True),
        sa.Column("set_aside", sa.String(length=16), nullable=True),
        _one_of("letter_deliveries", "state", ("ISSUED", "SERVED", "RECEIVED", "RETURNED", "REPLIED", "CLOSED")),
        _to_letters("letter_deliveries"),
        sa.ForeignKeyConstraint(["unit_id"], ["units.unit_id"], name=op.f("fk_letter_deliveries_unit_id")),
        sa.PrimaryKeyConstraint("letter_id", "unit_id", name=op.f("pk_letter_deliveries")),
    )
    is_open = sa.text("state <> 'CLOSED'")
    op.create_index(
        "ix_letter_deliveries_open",
        "letter_deliveries",
        ["unit_id", "state", "letter_id"],
        sqlite_where=is_open,
        postgresql_where=is_open,
    )


def _readings() -> None:
    op.create_table(
        "letter_readings",
        _of_letter(),
        sa.Column("person_id", sa.String(length=64), nullable=False),
        _name("person"),
        sa.Column("role", sa.String(length=32), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        _to_letters("letter_readings"),
        _to_persons("letter_readings", "person_id"),
        sa.PrimaryKeyConstraint("letter_id", "person_id", name=op.f("pk_letter_readings")),
    )


def _receipts() -> None:
    op.create_table(
        "letter_receipts",
        _of_letter(),
        _of_unit(),
        sa.Column("manner", sa.String(length=16), nullable=False),
        _name("person"),
        _name("post"),
        sa.Column("signed_at", sa.DateTime(timezone=True), nullable=False),
        _name("place"),
        sa.Column("refusal", sa.Text(), nullable=False),
        _name("witness"),
        _name("witness_post"),
        sa.Column("tracking_no", sa.String(length=40), nullable=False),
        sa.Column("consent", sa.Text(), nullable=False),
        sa.Column("note", sa.Text(), nullable=False),
        sa.Column("entered_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("entered_by_id", sa.String(length=64), nullable=True),
        _name("entered_by"),
        sa.Column("deadline", sa.JSON(), nullable=True),
        _one_of("letter_receipts", "manner", ("system", "direct", "left", "post", "electronic")),
        _to_deliveries("letter_receipts"),
        _to_persons("letter_receipts", "entered_by_id"),
        sa.PrimaryKeyConstraint("letter_id", "unit_id", name=op.f("pk_letter_receipts")),
    )


def _replies() -> None:
    op.create_table(
        "letter_replies",
        _of_letter(),
        _of_unit(),
        sa.Column("round", sa.Integer(), nullable=False),
        sa.Column("text", sa.Text(), nullable=False),
        sa.Column("replied_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("replied_by_id", sa.String(length=64), nullable=True),
        _name("replied_by"),
        sa.Column("due_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("is_late", sa.Boolean(), nullable=False),
        _to_deliveries("letter_replies"),
        _to_persons("letter_replies", "replied_by_id"),
        sa.PrimaryKeyConstraint("letter_id", "unit_id", "round", name=op.f("pk_letter_replies")),
    )


def _reviews() -> None:
    op.create_table(
        "letter_reviews",
        _of_letter(),
        _of_unit(),
        sa.Column("round", sa.Integer(), nullable=False),
        sa.Column("verdict", sa.String(length=16), nullable=False),
        sa.Column("reason", sa.String(length=16), nullable=True),
        sa.Column("opinion", sa.Text(), nullable=False),
        sa.Column("reviewed_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("reviewed_by_id", sa.String(length=64), nullable=True),
        _name("reviewed_by"),
        sa.Column("deadline", sa.JSON(), nullable=True),
        _one_of("letter_reviews", "verdict", ("ACCEPTED", "RETURNED")),
        _one_of("letter_reviews", "reason", ("materials", "untrue", "standard", "no_progress")),
        sa.ForeignKeyConstraint(
            ["letter_id", "unit_id", "round"],
            ["letter_replies.letter_id", "letter_replies.unit_id", "letter_replies.round"],
            name=op.f("fk_letter_reviews_letter_id_unit_id_round"),
        ),
        _to_persons("letter_reviews", "reviewed_by_id"),
        sa.PrimaryKeyConstraint("letter_id", "unit_id", "round", name=op.f("pk_letter_reviews")),
    )


def _files() -> None:
    op.create_table(
        "letter_files",
        sa.Column("file_id", sa.String(length=64), nullable=False),
        _of_letter(),
        _of_unit(),
        sa.Column("round", sa.Integer(), nullable=False),
        _name("filename"),
        sa.Column("media_type", sa.String(length=80), nullable=False),
        sa.Column("sha256", sa.String(length=64), nullable=False),
        sa.Column("size_bytes", sa.Integer(), nullable=False),
        sa.Column("taken_at", sa.DateTime(timezone=True), nullable=True),
        _name("place"),
        _name("device"),
        sa.Column("original_sha256", sa.String(length=64), nullable=False),
        sa.Column("uploaded_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("uploaded_by_id", sa.String(length=64), nullable=False),
        _name("uploaded_by"),
        _to_deliveries("letter_files"),
        sa.ForeignKeyConstraint(["sha256"], ["blobs.sha256"], name=op.f("fk_letter_files_sha256")),
        _to_persons("letter_files", "uploaded_by_id"),
        sa.PrimaryKeyConstraint("file_id", name=op.f("pk_letter_files")),
    )
    op.create_index("ix_letter_files_letter_id", "letter_files", ["letter_id", "unit_id", "round"])


def _services() -> None:
    is_sqlite = op.get_bind().dialect.name == "sqlite"
    with op.batch_alter_table("letter_services") as table:  # SQLite makes the table anew, without its CHECK
        table.add_column(sa.Column("closing_reason", sa.Text(), nullable=True))
        if not is_sqlite:
            table.drop_constraint(op.f("ck_letter_services_state"), type_="check")
        listed = ", ".join(f"'{state}'" for state in STATES)
        table.create_check_constraint(op.f("ck_letter_services_state"), f"state IN ({listed})")


def _carry_over() -> None:
    late = "replied_at IS NOT NULL AND reply_due_at IS NOT NULL AND replied_at > reply_due_at"
    joined = "FROM letter_services AS s JOIN letters AS l ON l.letter_id = s.letter_id"
    op.execute(
        "INSERT INTO letter_deliveries (letter_id, unit_id, state, reply_due_at, rounds, late_replies, received_at, "
        "received_by, replied_at, replied_by, reply, closed_at, closed_by) "
        "SELECT l.letter_id, l.unit_id, CASE WHEN s.state <> 'VOID' THEN s.state WHEN replied_at IS NOT NULL THEN "
        "'REPLIED' WHEN received_at IS NOT NULL THEN 'RECEIVED' ELSE 'ISSUED' END, "
        "CASE WHEN received_at IS NULL THEN NULL ELSE reply_due_at END, "
        f"CASE WHEN replied_at IS NULL THEN 0 ELSE 1 END, CASE WHEN {late} THEN 1 ELSE 0 END, received_at, "
        "received_by, replied_at, replied_by, reply, CASE WHEN s.state = 'CLOSED' THEN closed_at END, "
        f"CASE WHEN s.state = 'CLOSED' THEN closed_by END {joined}"
    )
    op.execute(
        "INSERT INTO letter_receipts (letter_id, unit_id, manner, person, post, signed_at, place, refusal, witness, "
        "witness_post, tracking_no, consent, note, entered_at, entered_by) "
        "SELECT letter_id, unit_id, 'direct', coalesce(received_by, ''), '', received_at, '', '', '', '', '', '', '', "
        "received_at, '' FROM letter_deliveries WHERE received_at IS NOT NULL"
    )
    op.execute(
        "INSERT INTO letter_replies (letter_id, unit_id, round, text, replied_at, replied_by, due_at, is_late) "
        "SELECT letter_id, unit_id, 1, coalesce(reply, ''), replied_at, coalesce(replied_by, ''), reply_due_at, "
        "late_replies > 0 FROM letter_deliveries WHERE replied_at IS NOT NULL"
    )
    op.execute("UPDATE letter_services SET reply_due_at = NULL WHERE received_at IS NULL")


def _of_letter() -> sa.Column[Any]:
    return sa.Column("letter_id", sa.String(length=64), nullable=False)


def _of_unit() -> sa.Column[Any]:
    return sa.Column("unit_id", sa.String(length=64), nullable=False)


def _name(column: str) -> sa.Column[Any]:
    return sa.Column(column, sa.String(length=200), nullable=False)


def _to_letters(table: str) -> sa.ForeignKeyConstraint:
    return sa.ForeignKeyConstraint(["letter_id"], ["letters.letter_id"], name=op.f(f"fk_{table}_letter_id"))


def _to_deliveries(table: str) -> sa.ForeignKeyConstraint:
    return sa.ForeignKeyConstraint(
        ["letter_id", "unit_id"],
        ["letter_deliveries.letter_id", "letter_deliveries.unit_id"],
        name=op.f(f"fk_{table}_letter_id_unit_id"),
    )


def _to_persons(table: str, column: str) -> sa.ForeignKeyConstraint:
    return sa.ForeignKeyConstraint([column], ["persons.person_id"], name=op.f(f"fk_{table}_{column}"))


def _one_of(table: str, column: str, words: tuple[str, ...]) -> sa.CheckConstraint:
    listed = ", ".join(f"'{word}'" for word in words)
    return sa.CheckConstraint(f"{column} IN ({listed})", name=op.f(f"ck_{table}_{column}"))
