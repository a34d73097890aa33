"""Circulars of criticism that are letters of their own: those of the ladder and those written by hand. What is counted
and what is listed are one condition each, so that the figures agree with the list."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

import sqlalchemy as sa

from engine.domain.actor import Actor
from engine.domain.escalation import BY_DESK
from engine.store.access import visible_letters
from engine.store.drafts import counting_correction
from engine.store.schema import circulars, letter_services, letters, rungs, units
from engine.store.transaction import Reader

CIRCULAR = "circular"
SHOWN = 200


@dataclass(frozen=True)
class CircularLetter:
    """`unit` is the first that it is addressed to; `is_ladder`: an item came to it by the table."""

    letter_id: str
    number: str
    title: str
    unit: str
    state: str
    issued_at: datetime
    is_ladder: bool


def circular_letters(reader: Reader, actor: Actor, campaign_id: str) -> tuple[CircularLetter, ...]:
    """Every 通报 that is not about a period, newest first, the void ones too."""
    query = (
        sa.select(
            letters.c.letter_id,
            letters.c.number,
            letters.c.title,
            units.c.name.label("unit"),
            letter_services.c.state,
            letters.c.issued_at,
            by_ladder().label("is_ladder"),
        )
        .join(units, units.c.unit_id == letters.c.unit_id)
        .join(letter_services, letter_services.c.letter_id == letters.c.letter_id)
        .where(
            letters.c.campaign_id == campaign_id, letters.c.kind == CIRCULAR, ~_of_a_period(), visible_letters(actor)
        )
        .order_by(letters.c.issued_at.desc(), letters.c.letter_id.desc())
        .limit(SHOWN)
    )
    found = reader.execute(query).mappings()
    return tuple(CircularLetter(**dict(row) | {"is_ladder": bool(row["is_ladder"])}) for row in found)


def circular_counts(reader: Reader, campaign_id: str) -> tuple[int, int]:
    """How many circulars went out and stand: all of them, and those that the ladder came to. Of one that was corrected
    its correction is counted."""
    standing = sa.select(letter_services.c.letter_id).where(letter_services.c.state != "VOID")
    query: sa.Select[Any] = sa.select(
        sa.func.count(), sa.func.coalesce(sa.func.sum(sa.case((by_ladder(), 1), else_=0)), 0)
    ).where(
        letters.c.campaign_id == campaign_id,
        letters.c.kind == CIRCULAR,
        letters.c.letter_id.in_(standing),
        counting_correction(letters.c.letter_id).is_(None),
    )
    total, of_ladder = reader.execute(query).one()
    return int(total), int(of_ladder)


def by_ladder() -> sa.ColumnElement[bool]:
    """A condition on `letters`: an item came to it by the table, or to the one that it corrects."""
    climbed = sa.select(rungs.c.letter_id).where(rungs.c.letter_id.is_not(None), rungs.c.rule != BY_DESK)
    return letters.c.letter_id.in_(_with_corrections(climbed))


def _of_a_period() -> sa.ColumnElement[bool]:
    published = sa.select(circulars.c.letter_id).where(circulars.c.letter_id.is_not(None))
    return letters.c.letter_id.in_(_with_corrections(published))


def _with_corrections(first: sa.Select[Any]) -> sa.Select[Any]:
    """The ids of these letters and of every one that corrects one of them, or its correction."""
    found, newer = first.cte(recursive=True), letters.alias()
    found = found.union(sa.select(newer.c.letter_id).join(found, newer.c.corrects_id == found.c.letter_id))
    return sa.select(found.c.letter_id)
