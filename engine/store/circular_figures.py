"""Counts of a circular by unit: standing counts from the counters that the leader's figures stand on, and what
happened in the period. Every case and report counts for one unit, so the parts add up to the whole."""

from collections.abc import Mapping
from datetime import date, datetime, time, timedelta
from typing import Any

import sqlalchemy as sa

from engine.domain.accountability import COUNTED, standings
from engine.domain.calendar import SHANGHAI
from engine.domain.share import percent
from engine.store import counts as counting
from engine.store.schema import cases, letters, reports, supervision_items, units


def count(scope: Any, campaign_id: str, *, from_on: date, to_on: date) -> dict[str, Any]:
    """As plain JSON, at `scope.now`. A case counts for its lead unit, a report for the unit that owes it; the period
    is the civil days from the first to the last, both included. To be done (应办结) is all that was registered and not
    excluded, so that nothing can be late that was not to be done."""
    since, until = day_begins(from_on), day_begins(to_on + timedelta(days=1))
    counted: dict[str, dict[str, int]] = {}

    def add(unit_id: str, name: str, number: int) -> None:
        if number:
            counted.setdefault(unit_id, dict.fromkeys(COUNTED, 0))[name] += number

    for part in counting.from_tallies(scope, campaign_id, scope.now, lambda columns: sa.true()):
        for name, of in (("total", "done"), ("total", "open"), ("done", "done"), ("late", "red")):
            add(part.lead_id, name, part.counts.get(of, 0))
    for name, query in _by_unit(campaign_id, scope.now, since, until).items():
        for unit_id, number in scope.execute(query):
            add(unit_id, name, number)
    rows = standings(counted, _names(scope))
    total = {name: sum(row[name] for row in rows) for name in COUNTED}
    return {
        "as_of": scope.now.isoformat(),
        "from_on": from_on.isoformat(),
        "to_on": to_on.isoformat(),
        "units": rows,
        "sum": {**total, "rate": percent(total["done"], total["total"])},
    }


def day_begins(day: date) -> datetime:
    """00:00 in Beijing."""
    return datetime.combine(day, time(), SHANGHAI)


def _by_unit(campaign_id: str, now: datetime, since: datetime, until: datetime) -> Mapping[str, sa.Select[Any]]:
    def within(column: sa.ColumnElement[Any]) -> sa.ColumnElement[bool]:
        return sa.and_(column >= since, column < until)

    def counted(unit: sa.ColumnElement[Any], campaign: Any, condition: sa.ColumnElement[bool]) -> sa.Select[Any]:
        return sa.select(unit, sa.func.count()).where(campaign == campaign_id, condition).group_by(unit)

    missing = sa.and_(reports.c.state == "OPEN", reports.c.due_at < now)
    return {
        "missing": counted(reports.c.unit_id, reports.c.campaign_id, missing),
        "done_in_period": counted(cases.c.lead_id, cases.c.campaign_id, within(cases.c.done_at)),
        "letters_in_period": counted(letters.c.unit_id, letters.c.campaign_id, within(letters.c.issued_at)),
        "items_in_period": counted(
            supervision_items.c.unit_id, supervision_items.c.campaign_id, within(supervision_items.c.opened_at)
        ),
    }


def _names(scope: Any) -> dict[str, str]:
    found = scope.execute(sa.select(units.c.unit_id, units.c.name).order_by(units.c.position, units.c.unit_id))
    return {row.unit_id: row.name for row in found}
