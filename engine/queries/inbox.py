"""The inbox: whose turn it is, most pressing first. Overdue before the rest, then least working time left."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from functools import lru_cache
from typing import Any

import sqlalchemy as sa

from engine import plans
from engine.domain.actor import Actor, Membership
from engine.domain.calendar import civil_date
from engine.domain.task import LIVE, TaskState
from engine.queries import boxes
from engine.queries.boxes import BOXES, InboxFilter, Turns
from engine.queries.paging import (
    COUNTED_TO,
    PER_PAGE,
    Count,
    Page,
    capped,
    count_of,
    first,
    horizon,
    page_within,
    some,
)
from engine.store.schema import instances, persons, tasks, units
from engine.store.schema import reminders as reminder_rows
from engine.store.transaction import Reader

__all__ = ["BOXES", "InboxFilter", "InboxPage", "InboxRow", "Reminder", "inbox", "reminders"]


@dataclass(frozen=True)
class InboxRow:
    """`workdays_left` counts working days until due, negative when overdue, None without a due date."""

    task_id: str
    name: str
    subject: str
    case_id: str | None
    area: str | None
    phase: str
    element_id: str
    state: TaskState
    assignee: str | None
    opened_at: datetime
    due_at: datetime | None
    is_provisional: bool
    light: str
    workdays_left: int | None
    completed_at: datetime | None
    is_suspended: bool = False  # its process is: nobody claims or completes it


@dataclass(frozen=True)
class InboxPage:
    """`boxes` and `lights` count the tasks of each box, and of each light in this box; `kinds` and `areas` are
    what can be chosen."""

    filter: InboxFilter
    rows: tuple[InboxRow, ...]
    page: Page
    boxes: Mapping[str, int]
    lights: Mapping[str, int]
    areas: tuple[tuple[str, str], ...] = ()
    kinds: tuple[tuple[str, str], ...] = ()
    phases: tuple[str, ...] = ()


@dataclass(frozen=True)
class Reminder:
    message: str
    at: datetime
    task_id: str | None
    case_id: str | None
    subject: str = field(default="")


def task_light(now: datetime) -> sa.ColumnElement[str]:
    return sa.case((tasks.c.due_at < now, "red"), (tasks.c.yellow_at <= now, "yellow"), else_="green")


def inbox(reader: Reader, actor: Actor, wanted: InboxFilter) -> InboxPage:
    """One page of one box; unknown words in the filter find nothing rather than everything.

    Counts go to 999 and are floors beyond that (`Count`). Of a box that holds more, yellow and green are looked for
    among the 2,000 most pressing tasks of each group that are not red. What can be chosen is complete for the boxes of
    the groups; for what is mine or done it is what 250 tasks offer. A page far behind costs as many steps along an
    index as tasks lie before it.
    """
    facets = boxes.facets(reader, actor, wanted.box)
    listed = boxes.narrowed(reader, actor, wanted, facets)
    total, lights = _counted(reader, listed, wanted)
    shown = listed if wanted.box == "done" else boxes.lit(listed, wanted.light, reader.now)
    page = page_within(total, wanted.page)
    areas, kinds, phases = boxes.choices(reader, actor, wanted.box, facets)
    return InboxPage(
        filter=wanted,
        rows=_rows(reader, shown, wanted.box, page),
        page=page,
        boxes=_boxes(reader, actor),
        lights=lights,
        areas=areas,
        kinds=kinds,
        phases=phases,
    )


def reminders(reader: Reader, actor: Actor, limit: int = 20) -> tuple[Reminder, ...]:
    """What the system reminded the actor's groups of and is not done yet, newest first."""
    pairs = [(membership.role, membership.unit_id) for membership in actor.memberships]
    if not pairs:
        return ()
    found = reader.execute(
        sa.select(reminder_rows, tasks.c.subject)
        .join(tasks, tasks.c.task_id == reminder_rows.c.task_id)
        .where(sa.tuple_(reminder_rows.c.role, reminder_rows.c.unit_id).in_(pairs), tasks.c.state.in_(LIVE))
        .order_by(reminder_rows.c.at.desc(), reminder_rows.c.reminder_id.desc())
        .limit(limit)
    )
    return tuple(Reminder(row.message, row.at, row.task_id, row.case_id, row.subject) for row in found)


def workdays_left(reader: Reader, due_at: datetime | None) -> int | None:
    if due_at is None:
        return None
    calendar = plans.calendar(reader)
    today, due = civil_date(reader.now), civil_date(due_at)
    return calendar.workdays_between(today, due) if due >= today else -calendar.workdays_between(due, today)


def _boxes(reader: Reader, actor: Actor) -> dict[str, int]:
    """Of every box that is still to be done, whatever it is narrowed to."""
    counted = reader.execute(_all_boxes(actor.person_id, actor.memberships)).mappings().one()
    return {name: count_of(n) for name, n in counted.items()}


@lru_cache(maxsize=512)
def _all_boxes(person_id: str, memberships: frozenset[Membership]) -> sa.Select[Any]:
    whose = Actor(person_id, "", memberships)
    return sa.select(*(capped(boxes.turns(whose, box), COUNTED_TO).label(box) for box in BOXES if box != "done"))


def _counted(reader: Reader, listed: Sequence[Turns], wanted: InboxFilter) -> tuple[Count, dict[str, int]]:
    """How many are listed by this filter, and the lights of what the filter lists without its light."""
    lights: dict[str, int] = dict.fromkeys(("red", "yellow", "green"), 0)
    if not listed:
        return Count(0), lights
    if wanted.box == "done":
        return _total(reader, listed, wanted.page), lights
    if wanted.page * PER_PAGE > COUNTED_TO:  # a page that lies beyond what is counted for the first
        lights = _lights(reader, listed)
        return _total(reader, boxes.lit(listed, wanted.light, reader.now), wanted.page), lights
    seen = some(listed, COUNTED_TO + 1)
    is_red, is_yellow = seen.c.due_sort < reader.now, seen.c.yellow_sort <= reader.now
    rows, count, red, yellow = reader.execute(
        sa.select(
            sa.func.count(),
            sa.func.count(seen.c.task_id.distinct()),
            sa.func.count(sa.case((is_red, seen.c.task_id)).distinct()),
            sa.func.count(sa.case((sa.and_(sa.not_(is_red), is_yellow), seen.c.task_id)).distinct()),
        )
    ).one()
    if rows > COUNTED_TO:
        total, lights = Count(min(count, COUNTED_TO), True), _lights(reader, listed)
    else:
        total, lights = Count(count), {"red": red, "yellow": yellow, "green": count - red - yellow}
    return (Count.of(lights.get(wanted.light, 0)) if wanted.light else total), lights


def _lights(reader: Reader, listed: Sequence[Turns]) -> dict[str, int]:
    """Of a list that is too long to count."""
    counted = reader.execute(
        sa.select(
            capped(boxes.lit(listed, "red", reader.now), COUNTED_TO).label("red"),
            *(
                capped(boxes.pressing(listed, light, reader.now), COUNTED_TO).label(light)
                for light in ("yellow", "green")
            ),
        )
    ).one()
    red, yellow, green = (count_of(n) for n in counted)
    return {"red": red, "yellow": Count(yellow, True), "green": Count(green, True)}


def _total(reader: Reader, shown: Sequence[Turns], wanted: int) -> Count:
    up_to = horizon(wanted)
    return count_of(reader.execute(sa.select(capped(shown, up_to))).scalar_one(), up_to)


def _rows(reader: Reader, shown: Sequence[Turns], box: str, page: Page) -> tuple[InboxRow, ...]:
    if not shown:
        return ()
    listed = first(shown, page.offset + page.per_page)
    keys = sa.select(listed).order_by(*_order(listed, box)).limit(page.per_page).offset(page.offset).subquery()
    found = reader.execute(
        sa.select(
            tasks,
            units.c.name.label("area"),
            persons.c.name.label("assignee"),
            task_light(reader.now).label("light"),
            instances.c.suspended_at,
        )
        .select_from(keys)
        .join(tasks, tasks.c.task_id == keys.c.task_id)
        .join(instances, instances.c.instance_id == tasks.c.instance_id)
        .outerjoin(units, units.c.unit_id == tasks.c.area_id)
        .outerjoin(persons, persons.c.person_id == tasks.c.assignee_id)
        .order_by(*_order(keys, box))
    ).mappings()
    return tuple(_row(reader, row) for row in found)


def _order(listed: sa.Subquery, box: str) -> tuple[Any, ...]:
    if box == "done":
        return listed.c.completed_at.desc(), listed.c.task_id.desc()
    return listed.c.due_sort, listed.c.task_id


def _row(reader: Reader, row: Mapping[str, Any]) -> InboxRow:
    return InboxRow(
        task_id=row["task_id"],
        name=row["name"],
        subject=row["subject"],
        case_id=row["case_id"],
        area=row["area"],
        phase=row["process_key"],
        element_id=row["element_id"],
        state=TaskState(row["state"]),
        assignee=row["assignee"],
        opened_at=row["opened_at"],
        due_at=row["due_at"],
        is_provisional=row["is_provisional"],
        light=row["light"],
        workdays_left=workdays_left(reader, row["due_at"]),
        completed_at=row["completed_at"],
        is_suspended=row["suspended_at"] is not None,
    )
