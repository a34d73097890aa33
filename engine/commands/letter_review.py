"""What the office says of a reply, and how letters close: a reply accepted or returned, nothing more expected, the work
done."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from engine import plans
from engine.commands.letter_service import check_length, delivery, record_of, tell_of_addressee
from engine.domain import service as rules
from engine.domain.actor import require_role
from engine.domain.duration import Duration
from engine.domain.letter import KINDS
from engine.errors import Invalid, Problem
from engine.store import paper, supervision
from engine.store import service as store
from engine.store.transaction import Transaction


@dataclass(frozen=True)
class AcceptReply:
    """The reply does; the letter is closed."""

    letter_id: str
    opinion: str = ""
    unit_id: str = ""


@dataclass(frozen=True)
class ReturnReply:
    """退办: the reply does not do. `reason` is one of `service.RETURN_REASONS`; `term` the time for the next reply
    ("3wd"), by default the letter's own."""

    letter_id: str
    reason: str
    opinion: str
    term: str = ""
    unit_id: str = ""


@dataclass(frozen=True)
class CloseLetter:
    """Nothing more is expected. Where a reply was asked for and has not come, the reason is needed."""

    letter_id: str
    reason: str = ""
    unit_id: str = ""


def accept_reply(command: AcceptReply, tx: Transaction) -> None:
    row = _under_review(tx, command.letter_id, command.unit_id)
    opinion = command.opinion.strip()
    check_length("opinion", opinion, rules.LONGEST_WORDS)
    store.add_review(tx, row["letter_id"], row["unit_id"], row["rounds"], verdict=rules.ACCEPTED, opinion=opinion)
    tell_of_addressee(tx, row, "LetterReplyAccepted", round=row["rounds"])
    store.close(tx, row, "回复已审核通过")
    tell_of_addressee(tx, row, "LetterClosed", reason="回复已审核通过")


def return_reply(command: ReturnReply, tx: Transaction) -> None:
    row = _under_review(tx, command.letter_id, command.unit_id)
    opinion = command.opinion.strip()
    _check_return(command.reason, opinion)
    check_length("opinion", opinion, rules.LONGEST_WORDS)
    term = command.term.strip() or row["reply_term"] or KINDS[row["kind"]].reply
    if term is None:
        raise Invalid(
            "term_missing",
            f"{row['number']} has no time to reply: give one.",
            (Problem("term", "请选择重新回复的时限。", "Choose the time for the next reply."),),
        )
    due = plans.timetable(tx, row["campaign_id"]).after(str(Duration.parse(term)))
    deadline = record_of(due)
    store.add_review(
        tx,
        row["letter_id"],
        row["unit_id"],
        row["rounds"],
        verdict=rules.RETURNED,
        reason=command.reason,
        opinion=opinion,
        deadline=deadline,
    )
    store.update(tx, row["letter_id"], row["unit_id"], state="RETURNED", reply_due_at=due.due_at, deadline=deadline)
    tell_of_addressee(
        tx, row, "LetterReplyReturned", round=row["rounds"], return_reason=command.reason, opinion=opinion
    )


def close_letter(command: CloseLetter, tx: Transaction) -> None:
    row = delivery(tx, command.letter_id, command.unit_id)
    require_role(tx.actor, "supervisor", "leader")
    rules.check_state(row["number"], rules.state_of(row), *rules.AWAITING_REPLY)
    reason = command.reason.strip()
    check_length("closing_reason", reason, rules.LONGEST_WORDS)
    if row["reply_due_at"] is not None and not reason:
        raise Invalid(
            "reason_missing",
            "The reason is missing.",
            (
                Problem(
                    "closing_reason",
                    "本文要求回复而尚未回复，请填写办结理由。",
                    "A reply was asked for and has not come: say why the letter is closed.",
                ),
            ),
        )
    store.close(tx, row, reason or "无需回复")
    tell_of_addressee(tx, row, "LetterClosed", reason=reason or "无需回复")


def close_letters_of_item(tx: Transaction, item_id: str) -> None:
    """Completion at any rung closes the notices still open under it (domain handbook E), and letters over several
    cases of which this was the last to be settled. The rows of task and item say already that it is done."""
    for letter_id in store.open_letters_of_item(tx, item_id):
        _close_open(tx, letter_id, "督办事项已办结")
    item = supervision.get_item(tx.connection, item_id)
    if item is not None and item["case_id"] is not None:
        close_joint_letters(tx, item["case_id"])


def close_joint_letters(tx: Transaction, case_id: str) -> None:
    """A letter over several cases closes itself when the last of them is settled.

    The letter is locked before its cases are counted: of two that finish at once, the later one closes it.
    """
    for letter_id in store.open_joint_letters(tx, case_id):
        paper.lock_letter(tx, letter_id)
        if not store.unsettled_cases(tx, letter_id):
            _close_open(tx, letter_id, f"所列{len(paper.case_ids_of(tx, letter_id))}件事项均已办结")


# -- checks ------------------------------------------------------------------------------------------------------------
def _under_review(tx: Transaction, letter_id: str, unit_id: str) -> Mapping[str, Any]:
    row = delivery(tx, letter_id, unit_id)
    require_role(tx.actor, "supervisor", "leader")
    rules.check_state(row["number"], rules.state_of(row), *rules.AWAITING_REVIEW)
    rules.check_reviews(tx.actor, replied_by=store.repliers(tx, letter_id, row["unit_id"]), number=row["number"])
    return row


def _check_return(reason: str, opinion: str) -> None:
    problems = []
    if reason not in rules.RETURN_REASONS:
        problems.append(Problem("return_reason", "请选择退办理由。", "Choose the reason for returning it."))
    if not opinion:
        problems.append(
            Problem("opinion", "请写明哪里不符合要求、需要补什么。", "Say what is wrong and what has to be added.")
        )
    if problems:
        raise Invalid("return_incomplete", "The return is not complete.", tuple(problems))


def _close_open(tx: Transaction, letter_id: str, reason: str) -> None:
    paper.lock_letter(tx, letter_id)
    for row in store.close_open(tx, letter_id, reason):
        tell_of_addressee(tx, row, "LetterClosed", reason=reason)
