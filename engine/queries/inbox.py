"""The inbox: whose turn it is, most pressing first. Overdue before the rest, then least working time left."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

import sqlalchemy as sa

from engine import plans
from engine.domain.actor import Actor
from engine.domain.calendar import civil_date
from engine.domain.task import LIVE, TaskState
from engine.queries.paging import PER_PAGE, Page, like, page_of
from engine.store.access import offered_to
from engine.store.schema import persons, tasks, units
from engine.store.schema import reminders as reminder_rows
from engine.store.transaction import Reader

BOXES = ("mine", "groups", "unclaimed", "done")


@dataclass(frozen=True)
class InboxFilter:
    """`box`: mine (claimed by me), groups (all offered to my groups), unclaimed, done (completed by me)."""

    box: str = "unclaimed"
    campaign: str = ""
    phase: str = ""
    area: str = ""
    kind: str = ""  # element id
    light: str = ""
    text: str = ""
    page: int = 1


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
    """One page of one box; unknown words in the filter find nothing rather than everything."""
    light = task_light(reader.now)
    query = _narrowed(_box(actor, wanted.box), wanted)
    lights = dict.fromkeys(("red", "yellow", "green"), 0)
    if wanted.box != "done":
        for name, count in reader.execute(query.with_only_columns(light, sa.func.count()).group_by(light)):
            lights[name] = count
    if wanted.light:
        query = query.where(light == wanted.light)
    page = page_of(reader.execute, query.with_only_columns(tasks.c.task_id), wanted.page)
    order = (
        [tasks.c.completed_at.desc(), tasks.c.task_id.desc()]
        if wanted.box == "done"
        else [sa.case((tasks.c.due_at.is_(None), 1), else_=0), tasks.c.due_at, tasks.c.task_id]
    )
    listed = query.with_only_columns(
        tasks, units.c.name.label("area"), persons.c.name.label("assignee"), light.label("light")
    ).order_by(*order)
    rows = tuple(_row(reader, row) for row in reader.execute(listed.limit(PER_PAGE).offset(page.offset)).mappings())
    boxes = {
        box: reader.execute(_box(actor, box).with_only_columns(sa.func.count())).scalar_one()
        for box in BOXES
        if box != "done"
    }
    return InboxPage(wanted, rows, page, boxes, lights, *_choices(reader, actor, wanted.box))


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


def _box(actor: Actor, box: str) -> sa.Select[Any]:
    query = (
        sa.select(tasks.c.task_id)
        .outerjoin(units, units.c.unit_id == tasks.c.area_id)
        .outerjoin(persons, persons.c.person_id == tasks.c.assignee_id)
    )
    if box == "mine":
        return query.where(tasks.c.assignee_id == actor.person_id, tasks.c.state == TaskState.CLAIMED)
    if box == "done":
        return query.where(tasks.c.completed_by_id == actor.person_id, tasks.c.state == TaskState.COMPLETED)
    if box == "groups":
        return query.where(tasks.c.state.in_(LIVE), offered_to(actor))
    return query.where(tasks.c.state == TaskState.OPEN, offered_to(actor))


def _narrowed(query: sa.Select[Any], wanted: InboxFilter) -> sa.Select[Any]:
    for value, column in (
        (wanted.campaign, tasks.c.campaign_id),
        (wanted.phase, tasks.c.process_key),
        (wanted.area, tasks.c.area_id),
        (wanted.kind, tasks.c.element_id),
    ):
        if value:
            query = query.where(column == value)
    if wanted.text.strip():
        pattern = like(wanted.text.strip())
        query = query.where(sa.or_(tasks.c.subject.like(pattern, escape="\\"), tasks.c.name.like(pattern, escape="\\")))
    return query


def _choices(reader: Reader, actor: Actor, box: str) -> tuple[Any, Any, Any]:
    def distinct(*columns: Any) -> list[Any]:
        return list(reader.execute(_box(actor, box).with_only_columns(*columns).distinct().order_by(columns[0])))

    areas = tuple((row[0], row[1]) for row in distinct(tasks.c.area_id, units.c.name) if row[0])
    kinds = tuple((row[0], row[1]) for row in distinct(tasks.c.element_id, tasks.c.name))
    phases = tuple(row[0] for row in distinct(tasks.c.process_key))
    return areas, kinds, phases


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
    )
