"""Counts that figures, reports and checks stand on: the same words counted from the maintained counters or from the
cases themselves. Identities between them are checked by callers."""

from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import sqlalchemy as sa

from engine.domain.case import CaseState
from engine.store.schema import case_tallies, cases, due_tallies

LIGHTS = ("green", "yellow", "red")
NAMES = (
    "registered",
    "surveyed",
    "excluded",
    "retained",
    "close",
    "rectify",
    "relocate",
    "undecided",
    "done",
    "struck_off",
    "open",
    *LIGHTS,
    "looked_back",
    "relapsed",
    "returned",
)


@dataclass(frozen=True)
class Slice:
    """The counts of the cases of one area, lead and phase. Lights are counted apart, without a phase (None)."""

    area_id: str
    lead_id: str
    phase: str | None
    counts: Mapping[str, int]


@dataclass(frozen=True)
class _Kinds:
    """Columns of a table of cases, or of so many cases a row (`n`)."""

    columns: Any
    n: Any
    phase: Any
    is_surveyed: Any
    is_done: Any
    is_undecided: Any
    is_looked_back: Any
    is_relapsed: Any
    is_returned: Any


_OF_TALLIES = _Kinds(
    columns=case_tallies.c,
    n=case_tallies.c.n,
    phase=case_tallies.c.phase,
    is_surveyed=case_tallies.c.is_surveyed,
    is_done=case_tallies.c.is_done,
    is_undecided=case_tallies.c.disposition == "",
    is_looked_back=case_tallies.c.is_looked_back,
    is_relapsed=case_tallies.c.is_relapsed,
    is_returned=case_tallies.c.is_returned,
)
_OF_CASES = _Kinds(
    columns=cases.c,
    n=sa.literal(1),
    phase=sa.func.coalesce(cases.c.phase, "survey"),
    is_surveyed=cases.c.surveyed_at.is_not(None),
    is_done=cases.c.done_at.is_not(None),
    is_undecided=cases.c.disposition.is_(None),
    is_looked_back=cases.c.lookback_at.is_not(None),
    is_relapsed=cases.c.relapsed_at.is_not(None),
    is_returned=cases.c.return_count > 0,
)


def is_open() -> sa.ColumnElement[bool]:
    """Retained by survey or not yet surveyed, and not accepted: what still has a light."""
    return sa.and_(cases.c.state == CaseState.ACTIVE, cases.c.done_at.is_(None))


def light(now: datetime) -> sa.ColumnElement[str]:
    """red, yellow or green of an open case; a case without a due date is green."""
    return _light(cases.c, now)


def from_tallies(
    connection: Any, campaign_id: str, now: datetime, seen: Callable[[Any], sa.ColumnElement[bool]]
) -> tuple[Slice, ...]:
    """From the maintained counters; `seen` makes the condition on the columns of a table of them. Reads as many rows
    as there are kinds of cases and due dates, not cases."""
    kinds = _kinds(connection, _OF_TALLIES, campaign_id, seen(case_tallies.c))
    return kinds + _lights(connection, due_tallies.c, due_tallies.c.n, campaign_id, now, seen(due_tallies.c))


def from_cases(
    connection: Any, campaign_id: str, now: datetime, condition: sa.ColumnElement[bool]
) -> tuple[Slice, ...]:
    """The full count; `condition` is on `cases`. Reads every case that fulfils it."""
    kinds = _kinds(connection, _OF_CASES, campaign_id, condition)
    return kinds + _lights(connection, cases.c, sa.literal(1), campaign_id, now, sa.and_(condition, is_open()))


def total(slices: Iterable[Slice]) -> dict[str, int]:
    """All names, also those that nothing counts for."""
    summed: Counter[str] = Counter()
    for part in slices:
        summed.update(part.counts)
    return {name: summed[name] for name in NAMES}


def unit_figures(connection: Any, campaign_id: str, unit_id: str, now: datetime) -> dict[str, int]:
    """What a unit's report says: the counts of the cases in its area or under its lead, at `now`."""

    def own(columns: Any) -> sa.ColumnElement[bool]:
        return sa.or_(columns.area_id == unit_id, columns.lead_id == unit_id)

    return total(from_tallies(connection, campaign_id, now, own))


def _kinds(connection: Any, kinds: _Kinds, campaign_id: str, condition: sa.ColumnElement[bool]) -> tuple[Slice, ...]:
    columns = kinds.columns
    retained = sa.and_(kinds.is_surveyed, columns.state != CaseState.EXCLUDED)
    conditions = {
        "registered": sa.true(),
        "surveyed": kinds.is_surveyed,
        "excluded": columns.state == CaseState.EXCLUDED,
        "retained": retained,
        "close": sa.and_(retained, columns.disposition == "close"),
        "rectify": sa.and_(retained, columns.disposition == "rectify"),
        "relocate": sa.and_(retained, columns.disposition == "relocate"),
        "undecided": sa.and_(retained, kinds.is_undecided),
        "done": kinds.is_done,
        "struck_off": columns.state == CaseState.STRUCK_OFF,
        "open": sa.and_(columns.state == CaseState.ACTIVE, sa.not_(kinds.is_done)),
        "looked_back": kinds.is_looked_back,
        "relapsed": kinds.is_relapsed,
        "returned": kinds.is_returned,
    }
    phase = kinds.phase.label("phase")
    sums = [sa.func.sum(sa.case((held, kinds.n), else_=0)) for held in conditions.values()]
    found = connection.execute(
        sa.select(columns.area_id, columns.lead_id, phase, *sums)
        .where(columns.campaign_id == campaign_id, condition)
        .group_by(columns.area_id, columns.lead_id, phase)
    )
    return _slices(found, tuple(conditions))


def _lights(
    connection: Any, columns: Any, n: Any, campaign_id: str, now: datetime, condition: sa.ColumnElement[bool]
) -> tuple[Slice, ...]:
    """Of open cases only."""
    light_ = _light(columns, now)
    sums = [sa.func.sum(sa.case((light_ == name, n), else_=0)) for name in LIGHTS]
    found = connection.execute(
        sa.select(columns.area_id, columns.lead_id, sa.null(), *sums)
        .where(columns.campaign_id == campaign_id, condition)
        .group_by(columns.area_id, columns.lead_id)
    )
    return _slices(found, LIGHTS)


def _slices(found: Iterable[Any], names: tuple[str, ...]) -> tuple[Slice, ...]:
    """Without those in which everything has come and gone."""
    slices = (Slice(row[0], row[1], row[2], dict(zip(names, map(int, row[3:]), strict=True))) for row in found)
    return tuple(part for part in slices if any(part.counts.values()))


def _light(columns: Any, now: datetime) -> sa.ColumnElement[str]:
    return sa.case((columns.due_at < now, "red"), (columns.yellow_at <= now, "yellow"), else_="green")
