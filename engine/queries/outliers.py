"""The tasks whose stay at an element is far outside what is usual there: done long after all others, or still waiting.

Usual is what Tukey's fence says of the tasks completed last: the upper quartile and one and a half times the distance
between the quartiles; for a few tasks nothing is usual.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from statistics import quantiles
from typing import Final

import sqlalchemy as sa

from engine.domain.actor import Actor
from engine.domain.task import LIVE, TaskState
from engine.queries.element_times import completed
from engine.queries.instances import seen_by
from engine.store.access import known_referrals
from engine.store.schema import instances, tasks
from engine.store.transaction import Reader

LEAST: Final = 8  # completed tasks of an element; of fewer nobody says what is usual
REACH: Final = 1.5
NEGLIGIBLE: Final = timedelta(hours=1)  # beyond the upper quartile: where all take equally long, minutes say nothing
SHOWN: Final = 30  # tasks of one element that are named, the longest first


@dataclass(frozen=True)
class Outlier:
    """`completed_at` is None for a task that is still open, whose `stay` goes on."""

    task_id: str
    instance_id: str
    case_id: str
    business_key: str
    kind: str
    opened_at: datetime
    completed_at: datetime | None
    stay: timedelta


@dataclass(frozen=True)
class ElementOutliers:
    """`done` tasks, half of them shorter than `median`, three quarters shorter than `upper`; `count` are longer than
    `fence` and stand out, `open` of them still waiting; the longest SHOWN are named."""

    element_id: str
    done: int
    median: timedelta
    upper: timedelta
    fence: timedelta
    count: int
    open: int
    tasks: tuple[Outlier, ...]


def outliers(reader: Reader, actor: Actor, definition_id: str) -> tuple[ElementOutliers, ...]:
    """By how many stand out, the most first; elements where none does, or fewer than LEAST were done, are left out.
    Figures are of all tasks; named are only those whose instance the actor may know of, as in the event log."""
    stays: dict[str, list[_Stay]] = {}
    for element_id, opened_at, completed_at, _ in reader.execute(completed(definition_id)):
        stays.setdefault(element_id, []).append((completed_at - opened_at, completed_at))
    usual = {element_id: _usual(found) for element_id, found in stays.items() if len(found) >= LEAST}
    waiting = _waiting(reader, definition_id, usual)
    found = []
    for element_id, (median, upper, fence) in usual.items():
        ended = sorted((each for each in stays[element_id] if each[0] > fence), reverse=True)
        still = waiting.get(element_id, 0)
        if not ended and not still:
            continue
        named = _named(reader, actor, (definition_id, element_id, fence), ended[:SHOWN])
        done, count = len(stays[element_id]), len(ended) + still
        found.append(ElementOutliers(element_id, done, median, upper, fence, count, still, named))
    return tuple(sorted(found, key=lambda each: (-each.count, each.element_id)))


_Stay = tuple[timedelta, datetime]  # and when it ended
_Usual = tuple[timedelta, timedelta, timedelta]  # median, upper quartile, fence


def _usual(stays: Sequence[_Stay]) -> _Usual:
    lower, middle, upper = quantiles((stay.total_seconds() for stay, _ in stays), n=4, method="inclusive")
    beyond = max(timedelta(seconds=REACH * (upper - lower)), NEGLIGIBLE)
    return timedelta(seconds=middle), timedelta(seconds=upper), timedelta(seconds=upper) + beyond


def _waiting(reader: Reader, definition_id: str, usual: Mapping[str, _Usual]) -> dict[str, int]:
    """By element how many open tasks have waited too long."""
    overstayed = [
        sa.and_(tasks.c.element_id == element_id, tasks.c.opened_at < reader.now - fence)
        for element_id, (_, _, fence) in usual.items()
    ]
    query = (
        sa.select(tasks.c.element_id, sa.func.count())
        .where(tasks.c.definition_id == definition_id, tasks.c.state.in_(LIVE), sa.or_(sa.false(), *overstayed))
        .group_by(tasks.c.element_id)
    )
    return {element_id: count for element_id, count in reader.execute(query)}


def _named(
    reader: Reader, actor: Actor, place: tuple[str, str, timedelta], ended: Sequence[_Stay]
) -> tuple[Outlier, ...]:
    """`place`: definition, element, fence. `ended`: the longest stays of completed tasks."""
    definition_id, element_id, fence = place
    columns = [tasks.c[name] for name in ("task_id", "instance_id", "opened_at", "completed_at")]
    here = sa.and_(tasks.c.definition_id == definition_id, tasks.c.element_id == element_id)
    spans = [(at, at - stay) for stay, at in ended]
    done = sa.and_(tasks.c.state == TaskState.COMPLETED, sa.tuple_(tasks.c.completed_at, tasks.c.opened_at).in_(spans))
    waiting = sa.and_(tasks.c.state.in_(LIVE), tasks.c.opened_at < reader.now - fence)
    query = (
        sa.select(*columns, instances.c.case_id, instances.c.business_key, instances.c.kind)
        .join(instances, instances.c.instance_id == tasks.c.instance_id)
        .where(
            known_referrals(actor),
            sa.true() if actor.has_role("designer", "publisher", "auditor") else seen_by(actor),
        )
    )
    query = query.where(here).order_by(tasks.c.opened_at, tasks.c.task_id).limit(SHOWN)
    rows = [*reader.execute(query.where(done)), *reader.execute(query.where(waiting))]
    found = [
        Outlier(
            row.task_id, row.instance_id, row.case_id or "", row.business_key, row.kind, row.opened_at,
            row.completed_at, (row.completed_at or reader.now) - row.opened_at,
        )
        for row in rows
    ]  # fmt: skip
    longest = sorted(found, key=lambda each: (each.stay, each.task_id), reverse=True)
    return tuple(each for each in longest if each.stay > fence)[:SHOWN]
