"""Follows a draft on its way to the signature, and keeps what it says when it leaves the writer's hands.

What is reviewed is what will be signed: template and values stay as they were then (`domain.reviewed`).
"""

from collections.abc import Mapping
from typing import Any

from engine import routes
from engine.commands.letter_matters import check_planned
from engine.domain.drafting import CHANGEABLE, STATES
from engine.store import drafts
from engine.store.transaction import Transaction
from engine.wording import as_planned


def reach(tx: Transaction, draft_id: str, milestone: str, variables: Mapping[str, Any]) -> None:
    """Nothing for milestones that say nothing of a draft. Where the writer signs, the letter is made, and looked at, in
    this same transaction, and nothing need be kept. Raises Invalid where what leaves the writer could not be signed."""
    state = STATES.get(milestone)
    if state is None:
        return
    draft = drafts.get(tx, draft_id)
    if draft["state"] in CHANGEABLE:
        if milestone == "in_signing" and variables.get("signer") == routes.WRITER:
            _forget(tx, draft)
        else:
            _keep(tx, draft)
    drafts.update(tx, draft_id, state=state)


def _keep(tx: Transaction, draft: Mapping[str, Any]) -> None:
    """What the letters say now, in place of what was kept when the draft was handed on before. Raises Invalid."""
    planned = drafts.letters_of(tx, draft["draft_id"])
    check_planned(tx, draft, planned)
    for one in planned:
        drafts.keep_reviewed(tx, draft["draft_id"], one["position"], as_planned(tx, draft, one))


def _forget(tx: Transaction, draft: Mapping[str, Any]) -> None:
    for one in drafts.letters_of(tx, draft["draft_id"]):
        if drafts.reviewed_of(one) is not None:
            drafts.keep_reviewed(tx, draft["draft_id"], one["position"], None)
