"""What happened to a letter after it went out: who read it, how it was served, each reply with its review, and what it
waits for now."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import sqlalchemy as sa

from engine import plans
from engine.domain import service as rules
from engine.domain.actor import Actor
from engine.domain.service import AWAITING_RECEIPT, AWAITING_REPLY, AWAITING_REVIEW, Receipt
from engine.errors import NotFound
from engine.queries.inbox import workdays_left
from engine.store import service as store
from engine.store.access import visible_letters
from engine.store.schema import (
    blobs,
    letter_files,
    letter_readings,
    letter_receipts,
    letter_replies,
    letter_reviews,
    letters,
    memberships,
)
from engine.store.transaction import Reader

RECEIPT, REPLY, REVIEW = "receipt", "reply", "review"  # what a letter waits for


@dataclass(frozen=True)
class Reading:
    person: str
    role: str
    at: datetime


@dataclass(frozen=True)
class FileRow:
    file_id: str
    filename: str
    media_type: str
    sha256: str
    size_bytes: int
    taken_at: datetime | None
    place: str
    uploaded_at: datetime
    uploaded_by: str


@dataclass(frozen=True)
class ReceiptRow:
    """`entered_by` is who put it into the system; `receipt.signed_at` is never None here."""

    receipt: Receipt
    entered_at: datetime
    entered_by: str
    deadline: Mapping[str, Any] | None
    files: tuple[FileRow, ...]


@dataclass(frozen=True)
class Review:
    """`deadline`: of the next reply, where this one was returned."""

    verdict: str
    reason: str | None
    opinion: str
    reviewed_at: datetime
    reviewed_by: str
    deadline: Mapping[str, Any] | None


@dataclass(frozen=True)
class Round:
    number: int
    text: str
    replied_at: datetime
    replied_by: str
    due_at: datetime | None
    is_late: bool
    files: tuple[FileRow, ...]
    review: Review | None


@dataclass(frozen=True)
class Standing:
    """Where a letter stands with one of its addressees."""

    unit_id: str
    unit: str
    state: str
    waits_for: str
    due_at: datetime | None
    light: str
    workdays_left: int | None


@dataclass(frozen=True)
class ServicePage:
    """A letter with one of its addressees; `addressees` are all of them that the reader may see.

    `kept_files` were handed in for the receipt or reply that comes next and wait for the rest of it. `deadline` is the
    record that explains the due date of `stands`, which is None where nothing is waited for by a certain time.
    """

    letter_id: str
    stands: Standing
    addressees: tuple[Standing, ...]
    reply_term: str | None
    deadline: Mapping[str, Any] | None
    rounds: tuple[Round, ...]
    late_replies: int
    readings: tuple[Reading, ...]
    receipt: ReceiptRow | None
    kept_files: tuple[FileRow, ...]
    closing_reason: str | None
    is_unread_by_me: bool
    may_sign: bool
    may_record: bool
    may_reply: bool
    may_review: bool
    may_close: bool
    is_own_reply: bool

    @property
    def is_provisional(self) -> bool:
        return bool(self.deadline and self.deadline.get("provisional"))


def letter_service(reader: Reader, actor: Actor, letter_id: str, unit_id: str = "") -> ServicePage:
    """With the addressee `unit_id`, by default the actor's own unit, else the first. Raises NotFound for a letter of
    somebody else and for a unit that it was not sent to."""
    rows = deliveries_of(reader, actor, letter_id)
    row = chosen(rows, actor, unit_id)
    files: dict[int, tuple[FileRow, ...]] = {}
    for file in store.files(reader, letter_id, row["unit_id"]):
        files[file["round"]] = (*files.get(file["round"], ()), file_of(file))
    state = rules.state_of(row)
    coming = store.RECEIPT_ROUND if state in AWAITING_RECEIPT else row["rounds"] + 1
    readings = _readings(reader, actor, letter_id)
    may_sign, is_office = rules.may_sign(actor, row["unit_id"]), rules.is_office(actor)
    is_own = actor.person_id in store.repliers(reader, letter_id, row["unit_id"])
    return ServicePage(
        letter_id=letter_id,
        stands=_standing(reader, row),
        addressees=tuple(_standing(reader, one) for one in rows),
        reply_term=row["reply_term"],
        deadline=row["deadline"],
        rounds=_rounds(reader, row, files),
        late_replies=row["late_replies"],
        readings=tuple(Reading(found.person, found.role, found.at) for found in readings),
        receipt=receipt_of(reader, row, files.get(store.RECEIPT_ROUND, ())),
        kept_files=files.get(coming, ()) if state in (*AWAITING_RECEIPT, *AWAITING_REPLY) else (),
        closing_reason=row["closing_reason"],
        is_unread_by_me=any(rules.role_at(actor, one["unit_id"]) for one in rows)
        and actor.person_id not in {found.person_id for found in readings},
        may_sign=state in AWAITING_RECEIPT and may_sign,
        may_record=state in AWAITING_RECEIPT and is_office,
        may_reply=state in AWAITING_REPLY and may_sign,
        may_review=state in AWAITING_REVIEW and is_office and not is_own,
        may_close=state in AWAITING_REPLY and is_office,
        is_own_reply=state in AWAITING_REVIEW and is_office and is_own,
    )


def letter_file(reader: Reader, actor: Actor, file_id: str) -> tuple[FileRow, bytes]:
    """A file of a receipt or reply. Raises NotFound for one of a letter of somebody else."""
    is_own = sa.true() if actor.sees_all else letter_files.c.unit_id.in_(actor.units)
    row = (
        reader.execute(
            sa.select(letter_files, blobs.c.content)
            .join(letters, letters.c.letter_id == letter_files.c.letter_id)
            .join(blobs, blobs.c.sha256 == letter_files.c.sha256)
            .where(letter_files.c.file_id == file_id, visible_letters(actor), is_own)
        )
        .mappings()
        .first()
    )
    if row is None:
        raise NotFound("evidence_unknown", f"There is no file {file_id}.", evidence=file_id)
    return file_of(row), row["content"]


# -- where it stands ---------------------------------------------------------------------------------------------------
def waits_for(row: Mapping[str, Any]) -> str:
    state = rules.state_of(row)
    if state in AWAITING_RECEIPT:
        return RECEIPT
    if state in AWAITING_REPLY and row["reply_due_at"] is not None:
        return REPLY
    return REVIEW if state in AWAITING_REVIEW else ""


def due_at_of(row: Mapping[str, Any]) -> datetime | None:
    due: datetime | None = {RECEIPT: row["receipt_due_at"], REPLY: row["reply_due_at"]}.get(waits_for(row))
    return due


def light_of(reader: Reader, row: Mapping[str, Any]) -> str:
    """By the campaign's own rules of lights, from the instant the term began."""
    due_at = due_at_of(row)
    if due_at is None:
        return ""
    if due_at < reader.now:
        return "red"
    deadline = row["deadline"] if waits_for(row) == REPLY else None
    start_at = datetime.fromisoformat(deadline["start_at"]) if deadline else row["received_at"] or row["issued_at"]
    yellow_at = plans.lighting(reader, row["campaign_id"], start_at, due_at)["yellow_at"]
    return "yellow" if yellow_at is not None and yellow_at <= reader.now else "green"


def _standing(reader: Reader, row: Mapping[str, Any]) -> Standing:
    due_at = due_at_of(row)
    return Standing(
        unit_id=row["unit_id"],
        unit=row["unit"],
        state=rules.state_of(row),
        waits_for=waits_for(row),
        due_at=due_at,
        light=light_of(reader, row),
        workdays_left=workdays_left(reader, due_at),
    )


# -- rows --------------------------------------------------------------------------------------------------------------
def deliveries_of(reader: Reader, actor: Actor, letter_id: str) -> list[Mapping[str, Any]]:
    """The letter with each of its addressees; a unit sees no other addressee's receipt and replies."""
    seen = sa.select(letters.c.letter_id).where(letters.c.letter_id == letter_id, visible_letters(actor))
    if reader.execute(seen).first() is None:
        raise NotFound("letter_unknown", f"There is no letter {letter_id}.", letter=letter_id)
    rows = store.deliveries(reader, letter_id)
    return rows if actor.sees_all else [row for row in rows if row["unit_id"] in actor.units]


def chosen(rows: Sequence[Mapping[str, Any]], actor: Actor, unit_id: str) -> Mapping[str, Any]:
    mine = (row for row in rows if rules.may_sign(actor, row["unit_id"]))
    asked = (row for row in rows if row["unit_id"] == unit_id)
    found = next(asked, None) if unit_id else next(mine, rows[0] if rows else None)
    if found is None:
        raise NotFound("addressee_unknown", f"The letter was not sent to {unit_id}.", unit=unit_id)
    return found


def _readings(reader: Reader, actor: Actor, letter_id: str) -> list[Any]:
    """A unit sees its own people's."""
    query = sa.select(letter_readings).where(letter_readings.c.letter_id == letter_id)
    if not actor.sees_all:
        ours = sa.select(memberships.c.person_id).where(memberships.c.unit_id.in_(actor.units))
        query = query.where(letter_readings.c.person_id.in_(ours))
    return list(reader.execute(query.order_by(letter_readings.c.at, letter_readings.c.person_id)).all())


def receipt_of(reader: Reader, delivery: Mapping[str, Any], files: tuple[FileRow, ...]) -> ReceiptRow | None:
    row = reader.execute(_of(letter_receipts, delivery)).mappings().first()
    if row is None:
        return None
    receipt = Receipt(**{name: row[name] for name in Receipt.__dataclass_fields__})
    return ReceiptRow(receipt, row["entered_at"], row["entered_by"], row["deadline"], files)


def _rounds(reader: Reader, delivery: Mapping[str, Any], files: Mapping[int, tuple[FileRow, ...]]) -> tuple[Round, ...]:
    reviews = {
        row.round: Review(row.verdict, row.reason, row.opinion, row.reviewed_at, row.reviewed_by, row.deadline)
        for row in reader.execute(_of(letter_reviews, delivery))
    }
    return tuple(
        Round(
            number=row.round,
            text=row.text,
            replied_at=row.replied_at,
            replied_by=row.replied_by,
            due_at=row.due_at,
            is_late=row.is_late,
            files=files.get(row.round, ()),
            review=reviews.get(row.round),
        )
        for row in reader.execute(_of(letter_replies, delivery).order_by(letter_replies.c.round))
    )


def file_of(row: Mapping[str, Any]) -> FileRow:
    return FileRow(**{name: row[name] for name in FileRow.__dataclass_fields__})


def _of(table: sa.Table, delivery: Mapping[str, Any]) -> sa.Select[Any]:
    return sa.select(table).where(table.c.letter_id == delivery["letter_id"], table.c.unit_id == delivery["unit_id"])
