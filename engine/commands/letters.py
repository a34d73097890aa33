"""Letters from the supervisor's desk, and what happens to a letter after it went out: receipt, reply, close, void."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from engine import plans
from engine.commands.letter_rows import issue
from engine.domain.actor import Actor, require_role
from engine.domain.escalation import rung_of, skips
from engine.domain.instance import InstanceKind
from engine.domain.letter import KINDS
from engine.errors import Invalid, NotFound, NotPermitted, Problem, Rejected
from engine.store import cases, instances, jobs, paper, supervision
from engine.store.access import may_see_case
from engine.store.transaction import Transaction


@dataclass(frozen=True)
class IssueLetters:
    """From the desk: one letter a case (`per_case`), or one letter a responsible unit listing all its cases."""

    campaign_id: str
    kind: str
    case_ids: tuple[str, ...]
    layout: str | None = None
    per_case: bool = True
    reply_term: str | None = None
    reason: str = ""


@dataclass(frozen=True)
class ReceiveLetter:
    """签收: `person` is who signed for it, in words. Reading is not signing."""

    letter_id: str
    person: str


@dataclass(frozen=True)
class ReplyLetter:
    letter_id: str
    text: str


@dataclass(frozen=True)
class CloseLetter:
    letter_id: str


@dataclass(frozen=True)
class VoidLetter:
    """The number stays taken; the register says why."""

    letter_id: str
    reason: str


def issue_letters(command: IssueLetters, tx: Transaction) -> list[str]:
    """Returns the letter ids in the order of their numbers."""
    require_role(tx.actor, "supervisor", "leader")
    if not command.case_ids:
        raise Invalid(
            "no_cases", "No case was chosen.", (Problem("case_ids", "请至少选择一件。", "Choose at least one case."),)
        )
    rows = []
    for case_id in dict.fromkeys(command.case_ids):
        row = cases.get(tx, case_id)
        if (
            row is None
            or row["campaign_id"] != command.campaign_id
            or not may_see_case(tx.connection, tx.actor, case_id)
        ):
            raise NotFound("case_unknown", f"There is no case {case_id}.", case=case_id)
        rows.append(row)
    items = _lock_items(tx, [row["case_id"] for row in rows])
    _check_skips(tx, command, items)
    bundles: dict[tuple[str, str], list[str]] = {}
    for row in rows:
        key = (supervision.responsible_unit(tx, row), row["case_id"] if command.per_case else "")
        bundles.setdefault(key, []).append(row["case_id"])
    issued = []
    for (unit_id, _), case_ids in bundles.items():
        item = items[case_ids[0]] if len(case_ids) == 1 else None
        letter_id = issue(
            tx,
            campaign_id=command.campaign_id,
            kind=command.kind,
            unit_id=unit_id,
            case_ids=case_ids,
            item_id=item,
            layout=command.layout,
            reply_term=command.reply_term,
            reason=command.reason,
        )
        jobs.add(tx, kind="letter", name="letter", payload={"letter_id": letter_id}, due_at=tx.now)
        for case_id in case_ids:
            _climb(tx, command, items[case_id], letter_id)
        issued.append(letter_id)
    return issued


def _lock_items(tx: Transaction, case_ids: list[str]) -> dict[str, str | None]:
    """case id -> its open item, the item's instance locked: its ladder may be climbing at this moment."""
    found = [supervision.open_item_of_case(tx, case_id) for case_id in case_ids]
    for item_id in sorted(item_id for item_id in found if item_id is not None):
        instance_id = instances.find(tx, InstanceKind.SUPERVISION, item_id)
        if instance_id is not None:
            instances.lock(tx, instance_id)
    return {case_id: supervision.open_item_of_case(tx, case_id) for case_id in case_ids}


def _check_skips(tx: Transaction, command: IssueLetters, items: Mapping[str, str | None]) -> None:
    """No rung is left out in silence: whoever skips one says why (越级理由)."""
    rung = rung_of(command.kind)
    if rung is None or command.reason.strip():
        return
    skipping = []
    for case_id, item_id in items.items():
        item = supervision.get_item(tx, item_id) if item_id else None
        if item is not None and skips(item["level"], rung.level):
            skipping.append(case_id)
    if skipping:
        listed = "、".join(skipping)
        raise Invalid(
            "skip_reason_missing",
            f"{KINDS[command.kind].en} skips a rung of the ladder for {listed}: say why.",
            (
                Problem(
                    "reason", f"{listed} 越级督办，请填写越级理由。", f"{listed} would skip a rung: give the reason."
                ),
            ),
        )


def _climb(tx: Transaction, command: IssueLetters, item_id: str | None, letter_id: str) -> None:
    rung = rung_of(command.kind)
    item = supervision.get_item(tx, item_id) if item_id else None
    if rung is not None and item is not None and rung.level > item["level"]:
        supervision.add_rung(
            tx,
            item_id=item["item_id"],
            instrument=rung.instrument,
            level=rung.level,
            rule="督查台",
            reason=command.reason.strip(),
            letter_id=letter_id,
        )
        tx.record("RungReached", case_id=item["case_id"], campaign_id=item["campaign_id"], rung=rung.instrument)


def receive_letter(command: ReceiveLetter, tx: Transaction) -> None:
    row = _lock(tx, command.letter_id)
    _check_addressee(tx.actor, row)
    if not command.person.strip():
        raise Invalid(
            "person_missing", "Who signed is missing.", (Problem("person", "请填写签收人。", "Say who signed for it."),)
        )
    _check_state(row, "ISSUED")
    reply_due = row["reply_due_at"]
    if row["reply_term"]:  # the time to reply runs from receipt
        reply_due = plans.timetable(tx, row["campaign_id"]).after(row["reply_term"]).due_at
    paper.update_service(
        tx,
        command.letter_id,
        state="RECEIVED",
        received_at=tx.now,
        received_by=command.person.strip(),
        reply_due_at=reply_due,
    )
    _record(tx, row, "LetterReceived", person=command.person.strip())


def reply_letter(command: ReplyLetter, tx: Transaction) -> None:
    row = _lock(tx, command.letter_id)
    _check_addressee(tx.actor, row)
    if not command.text.strip():
        raise Invalid(
            "reply_missing", "The reply is empty.", (Problem("text", "请填写回复内容。", "Write the reply."),)
        )
    _check_state(row, "RECEIVED")
    paper.update_service(
        tx, command.letter_id, state="REPLIED", replied_at=tx.now, replied_by=tx.actor.name, reply=command.text.strip()
    )
    _record(tx, row, "LetterReplied")


def close_letter(command: CloseLetter, tx: Transaction) -> None:
    row = _lock(tx, command.letter_id)
    require_role(tx.actor, "supervisor", "leader")
    _check_state(row, "RECEIVED", "REPLIED")
    _close(tx, row)


def void_letter(command: VoidLetter, tx: Transaction) -> None:
    row = _lock(tx, command.letter_id)
    require_role(tx.actor, "supervisor", "leader")
    if not command.reason.strip():
        raise Invalid(
            "reason_missing", "The reason is missing.", (Problem("reason", "请填写作废理由。", "Say why it is void."),)
        )
    _check_state(row, "ISSUED", "RECEIVED", "REPLIED")
    paper.update_service(
        tx,
        command.letter_id,
        state="VOID",
        void_reason=command.reason.strip(),
        closed_at=tx.now,
        closed_by=tx.actor.name,
    )
    _record(tx, row, "LetterVoided", reason=command.reason.strip())


def close_letters_of_item(tx: Transaction, item_id: str) -> None:
    """Completion at any rung closes the notices still open under it (domain handbook E)."""
    for open_letter in paper.open_letters_of_item(tx, item_id):
        row = paper.get_letter(tx, open_letter["letter_id"])
        assert row is not None
        _close(tx, row)


def _close(tx: Transaction, row: Any) -> None:
    paper.update_service(tx, row["letter_id"], state="CLOSED", closed_at=tx.now, closed_by=tx.actor.name)
    _record(tx, row, "LetterClosed")


def _lock(tx: Transaction, letter_id: str) -> Any:
    paper.lock_letter(tx, letter_id)
    row = paper.get_letter(tx, letter_id)
    is_theirs = row is not None and row["unit_id"] in tx.actor.units and row["kind"] != "referral"
    if row is None or not (tx.actor.sees_all or (is_theirs and tx.actor.sees_cases)):
        raise NotFound("letter_unknown", f"There is no letter {letter_id}.", letter=letter_id)
    return row


def _check_addressee(actor: Actor, row: Any) -> None:
    """The addressed unit itself, or the office that records what came in on paper."""
    if not (row["unit_id"] in actor.units or actor.has_role("supervisor", "leader")):
        raise NotPermitted("not_addressee", f"{row['number']} is not addressed to {actor.name}.", number=row["number"])


def _check_state(row: Any, *states: str) -> None:
    if row["state"] not in states:
        raise Rejected(
            "letter_state",
            f"{row['number']} is {row['state']}, not {' or '.join(states)}.",
            number=row["number"],
            state=row["state"],
        )


def _record(tx: Transaction, row: Any, kind: str, **detail: Any) -> None:
    for case_id in paper.case_ids_of(tx, row["letter_id"]) or [None]:
        tx.record(
            kind,
            case_id=case_id,
            campaign_id=row["campaign_id"],
            number=row["number"],
            kind_name=KINDS[row["kind"]].zh,
            letter=row["letter_id"],
            **detail,
        )
