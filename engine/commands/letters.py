"""Letters from the supervisor's desk, and the void of one that should not have gone out."""

from dataclasses import dataclass

from engine.commands.letter_matters import check_matters
from engine.commands.letter_rows import issue
from engine.commands.letter_rungs import check_alone, check_skips, climb, lock_climbed, lock_items
from engine.commands.letter_service import locked
from engine.commands.letter_targets import check_bundle, chosen_cases, targets_of
from engine.commands.letter_voiding import stand_again, void
from engine.domain.actor import require_role
from engine.domain.drafting import BUNDLES
from engine.domain.service import OPEN, check_state
from engine.errors import Invalid, Problem
from engine.store import jobs
from engine.store.transaction import Transaction


@dataclass(frozen=True)
class IssueLetters:
    """From the desk, for kinds that a supervisor signs alone: one letter a case, one a responsible unit listing its
    cases (`unit`), or one to all of them together (`joint`), with one run of numbers."""

    campaign_id: str
    kind: str
    case_ids: tuple[str, ...]
    layout: str | None = None
    bundle: str = "case"
    reply_term: str | None = None
    reason: str = ""


@dataclass(frozen=True)
class VoidLetter:
    """The number stays taken; the register says why. A letter that it corrected stands again."""

    letter_id: str
    reason: str


def issue_letters(command: IssueLetters, tx: Transaction) -> list[str]:
    """Returns the letter ids in the order of their numbers. Raises Invalid for a kind that others sign."""
    require_role(tx.actor, "supervisor", "leader")
    if problems := check_bundle(command.bundle, BUNDLES):
        raise Invalid("letters_invalid", "The letters cannot be issued like this.", problems)
    rows = chosen_cases(tx, command.campaign_id, command.case_ids)
    check_alone(tx, command.campaign_id, command.kind)
    items = lock_items(tx, [row["case_id"] for row in rows])
    check_matters(tx, command.campaign_id, command.kind, items)
    check_skips(tx, kind=command.kind, reason=command.reason, items=items)
    targets = targets_of(tx, rows, command.bundle)
    run_id = tx.new_id() if len(targets) > 1 else None
    issued = []
    for unit_ids, case_ids in targets:
        letter_id = issue(
            tx,
            campaign_id=command.campaign_id,
            kind=command.kind,
            unit_id=unit_ids[0],
            unit_ids=unit_ids,
            case_ids=case_ids,
            item_id=items[case_ids[0]] if len(case_ids) == 1 else None,
            layout=command.layout,
            reply_term=command.reply_term,
            reason=command.reason,
            signed_by=tx.actor.name,
            run_id=run_id,
        )
        jobs.add(tx, kind="letter", name="letter", payload={"letter_id": letter_id}, due_at=tx.now)
        for case_id in case_ids:
            climb(tx, kind=command.kind, reason=command.reason, item_id=items[case_id], letter_id=letter_id)
        issued.append(letter_id)
    return issued


def void_letter(command: VoidLetter, tx: Transaction) -> None:
    lock_climbed(tx, command.letter_id)
    row = locked(tx, command.letter_id)[0]
    require_role(tx.actor, "supervisor", "leader")
    if not command.reason.strip():
        raise Invalid(
            "reason_missing", "The reason is missing.", (Problem("reason", "请填写作废理由。", "Say why it is void."),)
        )
    check_state(row["number"], row["letter_state"], *OPEN)
    void(tx, row, command.reason.strip())
    stand_again(tx, row)
