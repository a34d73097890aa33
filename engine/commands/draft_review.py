"""Follows a draft on its way to the signature, and keeps what it says when it leaves the writer's hands.

What is reviewed is what will be signed: template and values stay as they were then (`domain.reviewed`).
"""

from collections.abc import Mapping
from typing import Any

from engine import plans, routes
from engine.domain.drafting import CHANGEABLE, STATES
from engine.domain.reviewed import Reviewed
from engine.store import drafts, paper
from engine.store.transaction import Transaction
from engine.wording import TEMPLATES_KEY, planned_variables


def reach(tx: Transaction, draft_id: str, milestone: str, variables: Mapping[str, Any]) -> None:
    """Nothing for milestones that say nothing of a draft. Where the writer signs, the letter is made in this same
    transaction and nothing need be kept."""
    state = STATES.get(milestone)
    if state is None:
        return
    draft = drafts.get(tx, draft_id)
    if draft["state"] in CHANGEABLE:
        signs_at_once = milestone == "in_signing" and variables.get("signer") == routes.WRITER
        _hand_on(tx, draft, is_kept=not signs_at_once)
    drafts.update(tx, draft_id, state=state)


def _hand_on(tx: Transaction, draft: Mapping[str, Any], *, is_kept: bool) -> None:
    """Replaces what was kept when the draft was handed on before."""
    campaign = plans.campaign(tx, draft["campaign_id"])
    definition_id, _ = plans.file_of(tx, TEMPLATES_KEY, f"{draft['kind']}.html.j2")
    corrected = paper.get_letter(tx, draft["corrects_id"]) if draft["corrects_id"] else None
    for one in drafts.letters_of(tx, draft["draft_id"]):
        if is_kept:
            words = planned_variables(tx, campaign, draft, one, corrected["number"] if corrected else None)
            drafts.keep_reviewed(tx, draft["draft_id"], one["position"], Reviewed(definition_id, words))
        elif drafts.reviewed_of(one) is not None:
            drafts.keep_reviewed(tx, draft["draft_id"], one["position"], None)
