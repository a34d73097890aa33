"""The inbox: whose turn it is, most pressing first. Overdue before the rest, then least working time left."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from functools import cached_property, lru_cache
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


def task_light(now: Any) -> sa.ColumnElement[str]:
    return sa.case((tasks.c.due_at < now, "red"), (tasks.c.yellow_at <= now, "yellow"), else_="green")


def inbox(reader: Reader, actor: Actor, wanted: InboxFilter) -> InboxPage:
    """One page of one box; unknown words in the filter find nothing rather than everything.

    Counts go to 999 and are floors beyond that (`Count`). Of a box that holds more, yellow and green are looked for
    among the 1,000 most pressing tasks of each group that are not red. What can be chosen is complete for the boxes of
    the groups; for what is mine or done it is what 250 tasks offer. A page far behind costs as many steps along an
    index as tasks lie before it.
    """
    facets = boxes.facets(reader, actor, wanted.box)
    if wanted.is_narrowed:
        asked = _Asked(boxes.narrowed(reader, actor, wanted, facets), wanted.box, wanted.light)
    else:
        asked = _whole_box(actor.person_id, actor.memberships, wanted.box, wanted.light)
    total, lights = _counted(reader, asked, wanted)
    page = page_within(total, wanted.page)
    areas, kinds, phases = boxes.choices(reader, actor, wanted.box, facets)
    return InboxPage(
        filter=wanted,
        rows=_rows(reader, asked, page),
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


class _Asked:
    """The statements of one list, made when they are first needed. `NOW`, `UP_TO`, `ROWS` and `BEFORE` are told when
    they are executed, so those of a whole box are made once for a person and not once for a page."""

    def __init__(self, listed: tuple[Turns, ...], box: str, light: str) -> None:
        self.listed = listed
        self.box = box
        self.shown = listed if box == "done" else boxes.lit(listed, light)

    @cached_property
    def count(self) -> sa.Select[Any]:
        """(rows, tasks, red, yellow) of what `some` finds."""
        seen = some(self.listed, COUNTED_TO + 1)
        is_red, is_yellow = seen.c.due_sort < boxes.NOW, seen.c.yellow_sort <= boxes.NOW
        return sa.select(
            sa.func.count(),
            sa.func.count(seen.c.task_id.distinct()),
            sa.func.count(sa.case((is_red, seen.c.task_id)).distinct()),
            sa.func.count(sa.case((sa.and_(sa.not_(is_red), is_yellow), seen.c.task_id)).distinct()),
        )

    @cached_property
    def lights(self) -> sa.Select[Any]:
        """Of a list that is too long to count."""
        red = boxes.lit(self.listed, "red")
        pressing = {light: boxes.pressing(self.listed, light) for light in ("yellow", "green")}
        return sa.select(*(capped(part, COUNTED_TO).label(light) for light, part in {"red": red, **pressing}.items()))

    @cached_property
    def rows(self) -> sa.Select[Any]:
        listed = first(self.shown, UP_TO)
        keys = sa.select(listed).order_by(*_order(listed, self.box)).limit(ROWS).offset(BEFORE).subquery()
        return (
            sa.select(
                tasks,
                units.c.name.label("area"),
                persons.c.name.label("assignee"),
                task_light(boxes.NOW).label("light"),
                instances.c.suspended_at,
            )
            .select_from(keys)
            .join(tasks, tasks.c.task_id == keys.c.task_id)
            .join(instances, instances.c.instance_id == tasks.c.instance_id)
            .outerjoin(units, units.c.unit_id == tasks.c.area_id)
            .outerjoin(persons, persons.c.person_id == tasks.c.assignee_id)
            .order_by(*_order(keys, self.box))
        )


UP_TO, ROWS, BEFORE = (sa.bindparam(name, type_=sa.Integer) for name in ("up_to", "rows", "before"))


@lru_cache(maxsize=512)
def _whole_box(person_id: str, memberships: frozenset[Membership], box: str, light: str) -> _Asked:
    return _Asked(boxes.turns(Actor(person_id, "", memberships), box), box, light)


def _counted(reader: Reader, asked: _Asked, wanted: InboxFilter) -> tuple[Count, dict[str, int]]:
    """How many are listed by this filter, and the lights of what the filter lists without its light."""
    lights: dict[str, int] = dict.fromkeys(("red", "yellow", "green"), 0)
    if not asked.listed:
        return Count(0), lights
    if wanted.box == "done":
        return _total(reader, asked, wanted.page), lights
    rows, count, red, yellow = reader.execute(asked.count, {"now": reader.now}).one()
    if rows <= COUNTED_TO:
        lights = {"red": red, "yellow": yellow, "green": count - red - yellow}
        return Count(lights.get(wanted.light, 0) if wanted.light else count), lights
    red, yellow, green = (count_of(n) for n in reader.execute(asked.lights, {"now": reader.now}).one())
    lights = {"red": red, "yellow": Count(yellow, True), "green": Count(green, True)}
    if wanted.light or wanted.page * PER_PAGE > COUNTED_TO:
        return _total(reader, asked, wanted.page), lights
    return Count(min(count, COUNTED_TO), True), lights


def _total(reader: Reader, asked: _Asked, wanted: int) -> Count:
    up_to = horizon(wanted)
    return count_of(reader.execute(sa.select(capped(asked.shown, up_to)), {"now": reader.now}).scalar_one(), up_to)


def _rows(reader: Reader, asked: _Asked, page: Page) -> tuple[InboxRow, ...]:
    if not asked.shown:
        return ()
    told = {"now": reader.now, "up_to": page.offset + page.per_page, "rows": page.per_page, "before": page.offset}
    return tuple(_row(reader, row) for row in reader.execute(asked.rows, told).mappings())


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
