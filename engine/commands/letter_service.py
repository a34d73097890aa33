"""What the addressees of a letter do with it: read, are served and sign, reply in rounds.

Each addressee of a letter to several signs and replies for itself: the `unit_id` of a command says which one. Left
empty it is the actor's own unit, or the only addressee. What the office says of a reply: letter_review.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from hashlib import sha256
from typing import Any

from engine import plans
from engine.domain import service as rules
from engine.domain.deadline import Deadline
from engine.domain.evidence import EvidenceFile
from engine.domain.letter import KINDS
from engine.domain.service import Receipt
from engine.errors import Invalid, NotFound, Problem
from engine.store import paper
from engine.store import service as store
from engine.store.access import may_see_letter
from engine.store.transaction import Transaction


@dataclass(frozen=True)
class NoteReading:
    """Somebody of the addressee opened the letter. Once a person; it never counts as receipt."""

    letter_id: str


@dataclass(frozen=True)
class ReceiveLetter:
    """签收 or another manner of service. `files` show how it was served."""

    letter_id: str
    receipt: Receipt
    files: tuple[EvidenceFile, ...] = ()
    unit_id: str = ""


@dataclass(frozen=True)
class AttachToReceipt:
    """Files of a receipt that is not complete yet, kept so that nobody chooses them twice. Returns the file ids."""

    letter_id: str
    files: tuple[EvidenceFile, ...]
    unit_id: str = ""


@dataclass(frozen=True)
class ReplyLetter:
    """The next round. `files` are the evidence for what it says."""

    letter_id: str
    text: str
    files: tuple[EvidenceFile, ...] = ()
    unit_id: str = ""


@dataclass(frozen=True)
class AttachToReply:
    """Files of a reply that is not sent yet. Returns the file ids."""

    letter_id: str
    files: tuple[EvidenceFile, ...]
    unit_id: str = ""


def note_reading(command: NoteReading, tx: Transaction) -> bool:
    """Returns whether this is the person's first time."""
    rows = locked(tx, command.letter_id)
    mine = next(((one, role) for one in rows if (role := rules.role_at(tx.actor, one["unit_id"]))), None)
    if mine is None or not store.add_reading(tx, command.letter_id, mine[1]):
        return False
    tell_of_addressee(tx, mine[0], "LetterRead", person=tx.actor.name)
    return True


def receive_letter(command: ReceiveLetter, tx: Transaction) -> None:
    row = delivery(tx, command.letter_id, command.unit_id)
    receipt = _trimmed(command.receipt)
    rules.check_signs(tx.actor, receipt, unit_id=row["unit_id"], number=row["number"])
    rules.check_state(row["number"], rules.state_of(row), *rules.AWAITING_RECEIPT)
    _check_receipt(tx, row, receipt, command.files)

    signed_at = receipt.signed_at or tx.now
    due = None
    if row["reply_term"]:
        # 送达日期以签收日期为准 (domain handbook D 送达): the time to reply runs from receipt, not from issue.
        due = plans.timetable(tx, row["campaign_id"], signed_at).after(row["reply_term"])
    deadline = record_of(due)
    values = {name: getattr(receipt, name) for name in Receipt.__dataclass_fields__}
    store.add_receipt(tx, row["letter_id"], row["unit_id"], {**values, "signed_at": signed_at, "deadline": deadline})
    _add_files(tx, row, store.RECEIPT_ROUND, command.files)
    store.update(
        tx,
        row["letter_id"],
        row["unit_id"],
        state=rules.state_after(receipt),
        received_at=signed_at,
        received_by=receipt.person,
        reply_due_at=due.due_at if due else None,
        deadline=deadline,
    )
    if receipt.manner == rules.LEFT:
        tell_of_addressee(tx, row, "LetterLeft", person=receipt.person, post=receipt.post)
    else:
        tell_of_addressee(tx, row, "LetterReceived", person=receipt.person, post=receipt.post, manner=receipt.manner)


def attach_to_receipt(command: AttachToReceipt, tx: Transaction) -> list[str]:
    row = delivery(tx, command.letter_id, command.unit_id)
    rules.check_receives(tx.actor, unit_id=row["unit_id"], number=row["number"])
    rules.check_state(row["number"], rules.state_of(row), *rules.AWAITING_RECEIPT)
    return _add_files(tx, row, store.RECEIPT_ROUND, command.files)


def reply_letter(command: ReplyLetter, tx: Transaction) -> None:
    row = delivery(tx, command.letter_id, command.unit_id)
    rules.check_replies(tx.actor, unit_id=row["unit_id"], number=row["number"])
    text = command.text.strip()
    if not text:
        raise Invalid(
            "reply_missing", "The reply is empty.", (Problem("text", "请填写回复内容。", "Write the reply."),)
        )
    check_length("text", text, rules.LONGEST_REPLY)
    rules.check_state(row["number"], rules.state_of(row), *rules.AWAITING_REPLY)

    number, due_at = row["rounds"] + 1, row["reply_due_at"]
    is_late = due_at is not None and tx.now > due_at
    store.add_reply(tx, row["letter_id"], row["unit_id"], number, text, due_at=due_at, is_late=is_late)
    _add_files(tx, row, number, command.files)
    store.update(
        tx,
        row["letter_id"],
        row["unit_id"],
        state="REPLIED",
        rounds=number,
        late_replies=row["late_replies"] + is_late,
        replied_at=tx.now,
        replied_by=tx.actor.name,
        reply=text,
    )
    tell_of_addressee(tx, row, "LetterReplied", round=number, is_late=is_late)


def attach_to_reply(command: AttachToReply, tx: Transaction) -> list[str]:
    row = delivery(tx, command.letter_id, command.unit_id)
    rules.check_replies(tx.actor, unit_id=row["unit_id"], number=row["number"])
    rules.check_state(row["number"], rules.state_of(row), *rules.AWAITING_REPLY)
    return _add_files(tx, row, row["rounds"] + 1, command.files)


# -- shared with what else is done to letters --------------------------------------------------------------------------
def locked(tx: Transaction, letter_id: str) -> list[Mapping[str, Any]]:
    """The letter under its lock, once for each addressee. Raises NotFound for one that the actor may not see."""
    paper.lock_letter(tx, letter_id)
    rows = store.deliveries(tx, letter_id)
    if not rows or not may_see_letter(tx.connection, tx.actor, letter_id):
        raise NotFound("letter_unknown", f"There is no letter {letter_id}.", letter=letter_id)
    return rows


def tell(tx: Transaction, row: Mapping[str, Any], kind: str, **detail: Any) -> None:
    """The fact, once for each case of the letter."""
    listed: list[str | None] = [*paper.case_ids_of(tx, row["letter_id"])]
    for case_id in listed or [None]:
        tx.record(
            kind,
            case_id=case_id,
            campaign_id=row["campaign_id"],
            number=row["number"],
            kind_name=KINDS[row["kind"]].zh,
            letter=row["letter_id"],
            **detail,
        )


def tell_of_addressee(tx: Transaction, row: Mapping[str, Any], kind: str, **detail: Any) -> None:
    """What concerns the addressee of `row` alone; `access.visible_facts` shows it to no other."""
    tell(tx, row, kind, unit=row["unit_id"], unit_name=row["unit"], **detail)


# -- checks ------------------------------------------------------------------------------------------------------------
def delivery(tx: Transaction, letter_id: str, unit_id: str) -> Mapping[str, Any]:
    """The letter with the addressee that this is about. Raises Invalid where that is not clear."""
    rows = locked(tx, letter_id)
    if unit_id:
        found = [row for row in rows if row["unit_id"] == unit_id]
    else:
        found = rows if len(rows) == 1 else [row for row in rows if rules.may_sign(tx.actor, row["unit_id"])]
    if len(found) != 1:
        names = "、".join(row["unit"] for row in rows)
        raise Invalid(
            "addressee_missing",
            f"{rows[0]['number']} has several addressees: say for which one.",
            (Problem("unit", f"请选择主送单位：{names}。", f"Choose the addressee: {names}."),),
        )
    return found[0]


def _check_receipt(tx: Transaction, row: Mapping[str, Any], receipt: Receipt, files: Sequence[EvidenceFile]) -> None:
    kept = [
        file["media_type"]
        for file in store.files(tx, row["letter_id"], row["unit_id"])
        if file["round"] == store.RECEIPT_ROUND
    ]
    problems = rules.problems_of(
        receipt,
        issued_at=row["issued_at"],
        now=tx.now,
        media_types=(*kept, *(file.media_type for file in files)),
    )
    if problems:
        raise Invalid("receipt_incomplete", f"The receipt of {row['number']} is not complete.", problems)


def check_length(where: str, words: str, limit: int) -> None:
    problems = rules.too_long(where, words, limit)
    if problems:
        raise Invalid("text_too_long", "The text is too long.", tuple(problems))


def _trimmed(receipt: Receipt) -> Receipt:
    words: dict[str, Any] = {name: value.strip() for name, value in vars(receipt).items() if isinstance(value, str)}
    return replace(receipt, **words)


def record_of(due: Deadline | None) -> dict[str, Any] | None:
    """The deadline with its derivation and calendar version, and the instant it was counted at."""
    return None if due is None else {**due.to_json(), "evaluated_at": due.start_at.isoformat()}


def _add_files(tx: Transaction, row: Mapping[str, Any], number: int, files: Sequence[EvidenceFile]) -> list[str]:
    """The same file of a round is kept once."""
    there = {
        file["original_sha256"] for file in store.files(tx, row["letter_id"], row["unit_id"]) if file["round"] == number
    }
    hashed = {file.original_sha256 or sha256(file.content).hexdigest(): file for file in files}
    wanted = {digest: file for digest, file in hashed.items() if digest not in there}
    if len(there) + len(wanted) > rules.MOST_FILES:
        raise Invalid(
            "too_many_files",
            f"{row['number']}: at most {rules.MOST_FILES} files.",
            (
                Problem(
                    "files",
                    f"最多 {rules.MOST_FILES} 个文件，已有 {len(there)} 个，又选了 {len(wanted)} 个。",
                    f"At most {rules.MOST_FILES} files; {len(there)} are there and {len(wanted)} were chosen.",
                ),
            ),
        )
    return [
        store.add_file(tx, row["letter_id"], row["unit_id"], number, replace(file, original_sha256=digest))
        for digest, file in wanted.items()
    ]
