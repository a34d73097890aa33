"""What happened to letters after they went out: readings, receipts, replies, reviews, files, and where each stands."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any

import sqlalchemy as sa

from engine.domain.evidence import EvidenceFile
from engine.domain.service import AWAITING_REPLY, DELIVERY_STATES, OPEN, state_of
from engine.domain.task import LIVE
from engine.store import paper
from engine.store.schema import (
    cases,
    letter_cases,
    letter_deliveries,
    letter_documents,
    letter_files,
    letter_readings,
    letter_receipts,
    letter_replies,
    letter_reviews,
    letter_services,
    letters,
    supervision_items,
    tasks,
    units,
)
from engine.store.transaction import Scope, Transaction

RECEIPT_ROUND = 0  # of the files that go with the receipt


def add_deliveries(
    tx: Transaction,
    letter_id: str,
    unit_ids: Iterable[str],
    *,
    receipt_due_at: datetime,
    deadline: Mapping[str, Any] | None,
) -> None:
    """One for each addressee: each signs and replies for itself. `deadline`: how `receipt_due_at` follows."""
    tx.execute(
        letter_deliveries.insert(),
        [
            {
                "letter_id": letter_id,
                "unit_id": unit_id,
                "state": "ISSUED",
                "receipt_due_at": receipt_due_at,
                "deadline": deadline,
                "rounds": 0,
                "late_replies": 0,
            }
            for unit_id in dict.fromkeys(unit_ids)
        ],
    )


def deliveries(scope: Scope, letter_id: str) -> list[Mapping[str, Any]]:
    """The letter with where it stands with each addressee, in the order of the tree of units; `letter_state` is that of
    the letter as a whole. Empty for an unknown letter."""
    stands = [column for column in letter_deliveries.c if column.name not in ("letter_id", "unit_id")]
    found = scope.connection.execute(
        sa.select(
            *(column for column in letters.c if column.name != "unit_id"),
            letter_deliveries.c.unit_id,
            *stands,
            letter_services.c.state.label("letter_state"),
            units.c.name.label("unit"),
            sa.func.coalesce(letter_documents.c.title, letters.c.title).label("printed_title"),
        )
        .outerjoin(letter_documents, letter_documents.c.letter_id == letters.c.letter_id)
        .join(letter_services, letter_services.c.letter_id == letters.c.letter_id)
        .join(letter_deliveries, letter_deliveries.c.letter_id == letters.c.letter_id)
        .join(units, units.c.unit_id == letter_deliveries.c.unit_id)
        .where(letters.c.letter_id == letter_id)
        .order_by(units.c.position, units.c.unit_id)
    )
    return [dict(row) for row in found.mappings()]


def provisional_replies(tx: Transaction) -> list[Mapping[str, Any]]:
    """(letter_id, unit_id) where a reply is waited for whose due date stands on a calendar not yet published."""
    query = (
        sa.select(letter_deliveries, letter_services.c.state.label("letter_state"))
        .join(letter_services, letter_services.c.letter_id == letter_deliveries.c.letter_id)
        .where(letter_deliveries.c.state.in_(AWAITING_REPLY), letter_deliveries.c.deadline.is_not(None))
        .order_by(letter_deliveries.c.letter_id, letter_deliveries.c.unit_id)
    )
    return [row for row in tx.execute(query).mappings() if awaits_provisional_reply(row)]


def awaits_provisional_reply(row: Mapping[str, Any]) -> bool:
    return state_of(row) in AWAITING_REPLY and bool((row["deadline"] or {}).get("provisional"))


def update(tx: Transaction, letter_id: str, unit_id: str, **values: Any) -> None:
    """Where the letter stands with this addressee, and by that with all of them."""
    tx.execute(
        letter_deliveries.update()
        .where(letter_deliveries.c.letter_id == letter_id, letter_deliveries.c.unit_id == unit_id)
        .values(**values)
    )
    rows = tx.execute(sa.select(letter_deliveries).where(letter_deliveries.c.letter_id == letter_id)).mappings().all()
    paper.update_service(tx, letter_id, **summary(rows))


def close(tx: Transaction, row: Mapping[str, Any], reason: str) -> None:
    """With the addressee of `row`."""
    update(
        tx,
        row["letter_id"],
        row["unit_id"],
        state="CLOSED",
        closed_at=tx.now,
        closed_by=tx.actor.name,
        closing_reason=reason,
    )


def close_open(tx: Transaction, letter_id: str, reason: str) -> list[Mapping[str, Any]]:
    """With every addressee with whom it is still open; returns those deliveries. Lock the letter first."""
    rows = [row for row in deliveries(tx, letter_id) if state_of(row) in OPEN]
    for row in rows:
        close(tx, row, reason)
    return rows


def set_aside(tx: Transaction, letter_id: str, reason: str) -> None:
    """As `close_open`, for a correction: where the letter stood is kept. Lock the letter first."""
    for row in close_open(tx, letter_id, reason):
        update(tx, letter_id, row["unit_id"], set_aside=row["state"])


def set_aside_of(scope: Scope, letter_id: str) -> dict[str, str]:
    """unit id -> where the letter stood with that addressee when a correction closed it."""
    query = sa.select(letter_deliveries.c.unit_id, letter_deliveries.c.set_aside).where(
        letter_deliveries.c.letter_id == letter_id, letter_deliveries.c.set_aside.is_not(None)
    )
    return {row.unit_id: row.set_aside for row in scope.connection.execute(query)}


def take_up(tx: Transaction, letter_id: str) -> None:
    """What a correction had closed stands where it stood. Lock the letter first."""
    open_again = {"set_aside": None, "closed_at": None, "closed_by": None, "closing_reason": None}
    for unit_id, state in set_aside_of(tx, letter_id).items():
        update(tx, letter_id, unit_id, state=state, **open_again)


def summary(rows: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    """Where a letter stands as a whole: where the least advanced of its addressees stands, with the earliest reply that
    is due; received, replied and closed when all have. With one addressee it is that one's own row."""
    state = min((row["state"] for row in rows), key=DELIVERY_STATES.index)
    due = [row["reply_due_at"] for row in rows if row["state"] in AWAITING_REPLY and row["reply_due_at"] is not None]
    if len(rows) == 1:
        due = [row["reply_due_at"] for row in rows]
    values: dict[str, Any] = {"state": state, "reply_due_at": min(due, default=None)}
    for at, names in (
        ("received_at", ("received_by",)),
        ("replied_at", ("replied_by", "reply")),
        ("closed_at", ("closed_by", "closing_reason")),
    ):
        last = max((row for row in rows if row[at] is not None), key=lambda row: row[at], default=None)
        is_whole = last is not None and all(row[at] is not None for row in rows)
        values |= {name: last[name] if last is not None and is_whole else None for name in (at, *names)}
    return values


# -- readings ----------------------------------------------------------------------------------------------------------
def add_reading(tx: Transaction, letter_id: str, role: str) -> bool:
    """False when this person has read it before: the first time is the one that counts."""
    mine = sa.select(letter_readings.c.at).where(
        letter_readings.c.letter_id == letter_id, letter_readings.c.person_id == tx.actor.person_id
    )
    if tx.execute(mine).first() is not None:
        return False
    tx.execute(
        letter_readings.insert().values(
            letter_id=letter_id, person_id=tx.actor.person_id, person=tx.actor.name, role=role, at=tx.now
        )
    )
    return True


# -- receipts, replies, reviews ----------------------------------------------------------------------------------------
def add_receipt(tx: Transaction, letter_id: str, unit_id: str, values: Mapping[str, Any]) -> None:
    tx.execute(
        letter_receipts.insert().values(
            letter_id=letter_id,
            unit_id=unit_id,
            entered_at=tx.now,
            entered_by_id=_person_id(tx),
            entered_by=tx.actor.name,
            **values,
        )
    )


def add_reply(
    tx: Transaction, letter_id: str, unit_id: str, number: int, text: str, *, due_at: datetime | None, is_late: bool
) -> None:
    tx.execute(
        letter_replies.insert().values(
            letter_id=letter_id,
            unit_id=unit_id,
            round=number,
            text=text,
            replied_at=tx.now,
            replied_by_id=_person_id(tx),
            replied_by=tx.actor.name,
            due_at=due_at,
            is_late=is_late,
        )
    )


def add_review(
    tx: Transaction,
    letter_id: str,
    unit_id: str,
    number: int,
    *,
    verdict: str,
    reason: str | None = None,
    opinion: str = "",
    deadline: Mapping[str, Any] | None = None,
) -> None:
    tx.execute(
        letter_reviews.insert().values(
            letter_id=letter_id,
            unit_id=unit_id,
            round=number,
            verdict=verdict,
            reason=reason,
            opinion=opinion,
            reviewed_at=tx.now,
            reviewed_by_id=_person_id(tx),
            reviewed_by=tx.actor.name,
            deadline=deadline,
        )
    )


def repliers(scope: Scope, letter_id: str, unit_id: str) -> frozenset[str]:
    """The ids of everybody who replied for this addressee, in whichever round."""
    query = sa.select(letter_replies.c.replied_by_id).where(
        letter_replies.c.letter_id == letter_id,
        letter_replies.c.unit_id == unit_id,
        letter_replies.c.replied_by_id.is_not(None),
    )
    return frozenset(scope.connection.execute(query).scalars())


# -- files -------------------------------------------------------------------------------------------------------------
def files(scope: Scope, letter_id: str, unit_id: str) -> list[Mapping[str, Any]]:
    """Of one addressee, by round."""
    query = sa.select(letter_files).where(letter_files.c.letter_id == letter_id, letter_files.c.unit_id == unit_id)
    ordered = query.order_by(letter_files.c.round, letter_files.c.uploaded_at, letter_files.c.file_id)
    return [dict(row) for row in scope.connection.execute(ordered).mappings()]


def add_file(tx: Transaction, letter_id: str, unit_id: str, number: int, file: EvidenceFile) -> str:
    file_id = tx.new_id()
    tx.execute(
        letter_files.insert().values(
            file_id=file_id,
            letter_id=letter_id,
            unit_id=unit_id,
            round=number,
            filename=file.filename,
            media_type=file.media_type,
            sha256=paper.put_blob(tx, file.content),
            size_bytes=len(file.content),
            taken_at=file.taken_at,
            place=file.place,
            device=file.device,
            original_sha256=file.original_sha256,
            uploaded_at=tx.now,
            uploaded_by_id=tx.actor.person_id,
            uploaded_by=tx.actor.name,
        )
    )
    return file_id


# -- what completion closes --------------------------------------------------------------------------------------------
def open_letters_of_item(tx: Transaction, item_id: str) -> list[str]:
    query = (
        sa.select(letters.c.letter_id)
        .join(letter_services, letter_services.c.letter_id == letters.c.letter_id)
        .where(letters.c.item_id == item_id, letter_services.c.state.in_(OPEN))
    )
    return list(tx.execute(query.order_by(letters.c.letter_id)).scalars())


def open_joint_letters(tx: Transaction, case_id: str) -> list[str]:
    """Open letters over several cases of which this is one; such a letter hangs on no single item."""
    other = letter_cases.alias("other")
    is_joint = sa.exists().where(other.c.letter_id == letters.c.letter_id, other.c.case_id != case_id)
    query = (
        sa.select(letters.c.letter_id)
        .join(letter_cases, letter_cases.c.letter_id == letters.c.letter_id)
        .join(letter_services, letter_services.c.letter_id == letters.c.letter_id)
        .where(
            letter_cases.c.case_id == case_id,
            letters.c.item_id.is_(None),
            letter_services.c.state.in_(OPEN),
            is_joint,
        )
    )
    return list(tx.execute(query.order_by(letters.c.letter_id)).scalars())


def unsettled_cases(tx: Transaction, letter_id: str) -> list[str]:
    """Cases of the letter for which it still has a purpose: an item that was open when it was issued is not resolved,
    or, where there was none, the case itself is not done."""
    at_issue = sa.and_(
        supervision_items.c.case_id == letter_cases.c.case_id,
        supervision_items.c.opened_at <= letters.c.issued_at,
        sa.or_(supervision_items.c.closed_at.is_(None), supervision_items.c.closed_at >= letters.c.issued_at),
    )
    had_item = sa.exists().where(at_issue)
    is_live = sa.exists().where(tasks.c.task_id == supervision_items.c.task_id, tasks.c.state.in_(LIVE))
    has_open_item = sa.exists().where(at_issue, supervision_items.c.state != "RESOLVED", is_live)
    is_done = sa.or_(cases.c.done_at.is_not(None), cases.c.state != "ACTIVE")
    return list(
        tx.execute(
            sa.select(letter_cases.c.case_id)
            .join(letters, letters.c.letter_id == letter_cases.c.letter_id)
            .join(cases, cases.c.case_id == letter_cases.c.case_id)
            .where(
                letter_cases.c.letter_id == letter_id,
                sa.or_(has_open_item, sa.and_(sa.not_(had_item), sa.not_(is_done))),
            )
            .order_by(letter_cases.c.case_id)
        ).scalars()
    )


def _person_id(tx: Transaction) -> str | None:
    """The system itself is nobody in the table of persons."""
    return None if tx.actor.is_system else tx.actor.person_id
