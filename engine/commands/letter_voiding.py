"""Takes a letter back: it is void and keeps its number, and does not stand for its rung; what it had corrected stands
again."""

from collections.abc import Mapping
from typing import Any

from engine.commands.letter_rungs import stand
from engine.commands.letter_service import tell
from engine.store import paper, service
from engine.store.transaction import Transaction


def void(tx: Transaction, row: Mapping[str, Any], reason: str) -> None:
    """`row`: the letter, locked. One that is void already stays as it is."""
    if row.get("letter_state", row["state"]) == "VOID":
        return
    paper.update_service(
        tx, row["letter_id"], state="VOID", void_reason=reason, closed_at=tx.now, closed_by=tx.actor.name
    )
    tell(tx, row, "LetterVoided", reason=reason)
    stand(tx, row["letter_id"])


def stand_again(tx: Transaction, row: Mapping[str, Any]) -> None:
    """The letter that `row`, a correction gone void, had closed stands where it stood, with the due dates it had: they
    never reset. It stays void if it was voided itself. Had the matter been settled meanwhile, completion would have
    closed the correction too, and what is closed is not voided."""
    if row["corrects_id"] is None:
        return
    paper.lock_letter(tx, row["corrects_id"])
    old = paper.get_letter(tx, row["corrects_id"])
    assert old is not None
    if old["state"] == "VOID" or not service.set_aside_of(tx, old["letter_id"]):
        return
    service.take_up(tx, old["letter_id"])
    paper.pass_talk(tx, row["letter_id"], old["letter_id"])
    tell(tx, old, "LetterStandsAgain", by_number=row["number"])
    stand(tx, old["letter_id"])
