"""Cases past their due date none of whose tasks is late: red, and under nobody's supervision."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any

import sqlalchemy as sa

from engine import plans
from engine.domain.actor import Actor
from engine.domain.calendar import civil_date
from engine.domain.task import LIVE
from engine.store.access import visible_cases
from engine.store.counts import is_open
from engine.store.schema import cases, tasks
from engine.store.transaction import Reader

if TYPE_CHECKING:
    from engine.queries.desk import DeskFilter

RED_CASES_LISTED = 20


@dataclass(frozen=True)
class RedCase:
    """A case past its due date none of whose tasks is late: no item watches it, and nobody would see it."""

    case_id: str
    name: str
    area: str
    lead: str
    phase: str | None
    due_at: datetime
    overdue_workdays: int


def red_cases(
    reader: Reader, actor: Actor, wanted: "DeskFilter", names: Mapping[str, str]
) -> tuple[tuple[RedCase, ...], int]:
    """The longest due of them, and how many there are. `names` of the units by id."""
    red = _red(actor, reader.now, wanted)
    total = reader.execute(sa.select(sa.func.count()).select_from(red.subquery())).scalar_one()
    return _listed(reader, red, names), total


def overdue_workdays(reader: Reader, due_at: datetime, until: datetime | None = None) -> int:
    return plans.calendar(reader).workdays_between(
        civil_date(due_at), max(civil_date(until or reader.now), civil_date(due_at))
    )


def _red(actor: Actor, now: datetime, wanted: "DeskFilter") -> sa.Select[Any]:
    late_task = sa.exists().where(tasks.c.case_id == cases.c.case_id, tasks.c.state.in_(LIVE), tasks.c.due_at < now)
    query = sa.select(cases.c.case_id).where(is_open(), cases.c.due_at < now, ~late_task)
    if not actor.sees_all:
        query = query.where(visible_cases(actor))
    if wanted.campaign:
        query = query.where(cases.c.campaign_id == wanted.campaign)
    if wanted.area:
        query = query.where(cases.c.area_id == wanted.area)
    if wanted.unit:
        query = query.where(cases.c.lead_id == wanted.unit)
    return query


def _listed(reader: Reader, red: sa.Select[Any], names: Mapping[str, str]) -> tuple[RedCase, ...]:
    columns = [cases.c[name] for name in ("case_id", "name", "area_id", "lead_id", "phase", "due_at")]
    found = reader.execute(
        red.with_only_columns(*columns).order_by(cases.c.due_at, cases.c.case_id).limit(RED_CASES_LISTED)
    )
    return tuple(
        RedCase(
            row.case_id,
            row.name,
            names[row.area_id],
            names[row.lead_id],
            row.phase,
            row.due_at,
            overdue_workdays(reader, row.due_at),
        )
        for row in found
    )
