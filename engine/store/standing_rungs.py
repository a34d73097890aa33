"""Which rungs of a supervision item still stand: a letter that was taken back does not stand for its rung."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

import sqlalchemy as sa

from engine.domain.escalation import SUMMONS
from engine.store import drafts
from engine.store.schema import interviews, letter_cases, letter_deliveries, letter_services, letters, rungs
from engine.store.schema import supervision_items as items
from engine.store.transaction import Transaction

Rung = Mapping[str, Any]


def last_standing(scope: Any, item_id: str) -> Rung | None:
    """The last rung whose letter, if it has one, was not taken back."""
    return next((rung for rung in _downwards(scope, item_id) if _stands(scope, rung)), None)


def is_taken_back(scope: Any, item_id: str, *, level: int, since: datetime | None) -> bool:
    """Whether the item climbed to this level or above (since then) and nothing of that stands. An item that never did
    left the rung out: nothing was taken back."""
    reached = [
        rung for rung in _downwards(scope, item_id) if rung["level"] >= level and (since is None or rung["at"] >= since)
    ]
    return bool(reached) and not any(_stands(scope, rung) for rung in reached)


def letter_at_or_above(tx: Transaction, item_id: str, level: int) -> str | None:
    """The latest letter that already went out under the item at this rung or a higher one, and still stands."""
    found = (
        rung
        for rung in _downwards(tx, item_id)
        if rung["level"] >= level and rung["letter_id"] is not None and _stands(tx, rung)
    )
    return next((str(rung["letter_id"]) for rung in found), None)


def open_items_of_letter(tx: Transaction, letter_id: str) -> list[str]:
    """The open items that the letter may stand for a rung of, in order."""
    of_cases = (
        sa.select(items.c.item_id)
        .join(letter_cases, letter_cases.c.case_id == items.c.case_id)
        .where(letter_cases.c.letter_id == letter_id, items.c.state == "OPEN")
    )
    its_own = (
        sa.select(items.c.item_id)
        .join(letters, letters.c.item_id == items.c.item_id)
        .where(letters.c.letter_id == letter_id, items.c.state == "OPEN")
    )
    return sorted(tx.execute(sa.union(of_cases, its_own)).scalars())


def _downwards(scope: Any, item_id: str) -> list[Rung]:
    """The rungs that the item reached, the last one first."""
    query = sa.select(rungs).where(rungs.c.item_id == item_id).order_by(rungs.c.position.desc())
    return list(scope.execute(query).mappings())


def _stands(scope: Any, rung: Rung) -> bool:
    if rung["letter_id"] is not None:
        return _is_in_force(scope, rung["letter_id"])
    return rung["instrument"] != SUMMONS or not _is_talk_taken_back(scope, rung["item_id"])


def _is_in_force(scope: Any, letter_id: str) -> bool:
    """The letter itself, or what corrected it. One that a correction closed is not in force by itself: where a review
    withdrew the correction, the letter does not come back (`letter_voiding.stand_again` brings others back)."""
    correction = drafts.correction_of(scope, letter_id)
    if correction is not None:
        return _is_in_force(scope, correction[0])
    aside = sa.exists().where(letter_deliveries.c.letter_id == letter_id, letter_deliveries.c.set_aside.is_not(None))
    query = sa.select(letter_services.c.letter_id).where(
        letter_services.c.letter_id == letter_id, letter_services.c.state != "VOID", ~aside
    )
    return scope.execute(query).first() is not None


def _is_talk_taken_back(scope: Any, item_id: str) -> bool:
    """The item's latest talk was called off and its summons voided. While a talk goes on, or once it was held, the
    rung stands."""
    latest = sa.select(interviews).where(interviews.c.item_id == item_id)
    turn = (interviews.c.opened_at.desc(), interviews.c.interview_id.desc())
    talk = scope.execute(latest.order_by(*turn).limit(1)).first()
    if talk is None or talk.state != "DROPPED" or talk.held_at is not None or talk.summons_id is None:
        return False
    return not _is_in_force(scope, talk.summons_id)
