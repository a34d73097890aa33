"""The supervisor's desk: what is late, by whom, since when and on which rung."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import sqlalchemy as sa

from engine.domain.actor import Actor
from engine.domain.escalation import NOT_YET
from engine.domain.instance import InstanceKind
from engine.domain.task import LIVE
from engine.domain.whole_number import whole_number
from engine.queries.items import rungs_of
from engine.queries.paging import COUNTED_TO, PER_PAGE, Count, Page, like, page_of, page_within
from engine.queries.red_cases import RedCase, overdue_workdays, red_cases
from engine.store import access
from engine.store.schema import (
    cases,
    instances,
    letter_services,
    letters,
    persons,
    reports,
    supervision_items,
    task_groups,
    tasks,
    units,
)
from engine.store.transaction import Reader

UNWATCHED = tuple(kind for kind in InstanceKind if kind not in (InstanceKind.CASE, InstanceKind.REPORT))
OPEN_LETTER = ("ISSUED", "RECEIVED", "REPLIED")


@dataclass(frozen=True)
class DeskFilter:
    """`level`: a rung's number as text, "-1" for items before their first, "none" for late work that no item watches
    yet; everything else asks for no level."""

    campaign: str = ""
    unit: str = ""
    area: str = ""
    level: str = ""
    text: str = ""
    page: int = 1

    @property
    def rung(self) -> int | None:
        return NOT_YET if self.level == str(NOT_YET) else whole_number(self.level)


@dataclass(frozen=True)
class DeskRow:
    """One late task. Without an item (`item_id` None) nothing has been sent yet. `open_letters` are (letter id,
    number, state)."""

    task_id: str
    task_name: str
    subject: str
    campaign_id: str
    case_id: str | None
    report_id: str | None
    unit_id: str | None
    unit: str
    area: str | None
    assignee: str | None
    due_at: datetime
    due_original_at: datetime
    overdue_workdays: int
    item_id: str | None
    level: int | None
    instrument: str | None
    level_at: datetime | None
    open_letters: tuple[tuple[str, str, str], ...]


@dataclass(frozen=True)
class DeskPage:
    """`by_level` and `by_unit` count all late work that the filter of campaign lets through, not only this page.
    `red_cases` are the longest due, `red_total` says how many there are."""

    filter: DeskFilter
    rows: tuple[DeskRow, ...]
    page: Page
    by_level: Mapping[str, int]
    by_unit: tuple[tuple[str, str, int], ...]
    areas: tuple[tuple[str, str], ...]
    red_cases: tuple[RedCase, ...] = ()
    red_total: int = 0


def desk(reader: Reader, actor: Actor, wanted: DeskFilter) -> DeskPage:
    """Most overdue first. All late work is counted in one pass, by unit, area and level; only a page of it is read."""
    base, level = _watched(actor), access.known_level(actor)
    if wanted.campaign:
        base = base.where(tasks.c.campaign_id == wanted.campaign)
    parts = _parts(reader, base.where(tasks.c.due_at < reader.now), level)
    names = _unit_names(reader)
    areas = tuple((area, names[area]) for area in sorted({part.area_id for part in parts if part.area_id}))
    query = _narrowed(base.where(tasks.c.due_at < reader.now), wanted, level)
    if wanted.text.strip():
        page = page_of(reader.execute, query.with_only_columns(tasks.c.task_id), wanted.page)
    else:
        page = page_within(Count(sum(part.count for part in parts if part.fits(wanted))), wanted.page)
    if page.total > COUNTED_TO:
        # much is late: walk from the oldest on instead of sorting it all, by no index of due_at
        query = _narrowed(base.where(sa.func.coalesce(tasks.c.due_at, tasks.c.due_at) < reader.now), wanted, level)
    listed = reader.execute(
        query.outerjoin(persons, persons.c.person_id == tasks.c.assignee_id)
        .outerjoin(reports, reports.c.report_id == instances.c.business_key)
        .with_only_columns(
            tasks,
            persons.c.name.label("assignee"),
            _first_unit().label("unit_id"),
            supervision_items.c.item_id,
            level.label("level"),
            supervision_items.c.level_at,
            reports.c.report_id.label("report_id"),
        )
        .order_by(tasks.c.due_original_at, tasks.c.task_id)
        .limit(PER_PAGE)
        .offset(page.offset)
    ).mappings()
    rows = tuple(_row(reader, actor, row, names) for row in listed)
    red, red_total = red_cases(reader, actor, wanted, names)
    return DeskPage(
        wanted,
        rows,
        page,
        _by_level(parts),
        _by_unit(parts, names),
        areas,
        red,
        red_total,
    )


@dataclass(frozen=True)
class _Part:
    """So many late tasks of one unit and area on one level."""

    unit_id: str | None
    area_id: str | None
    item: bool
    level: int | None
    count: int

    def fits(self, wanted: DeskFilter) -> bool:
        """The filter but for its text and its campaign."""
        at_level = True
        if wanted.level == "none":
            at_level = not self.item
        elif wanted.rung is not None:
            at_level = self.level == wanted.rung
        return at_level and wanted.unit in ("", self.unit_id) and wanted.area in ("", self.area_id)


def _watched(actor: Actor) -> sa.Select[Any]:
    """Every live task that the actor may watch."""
    live = sa.bindparam("live", LIVE, expanding=True, literal_execute=True)  # said in so many words, as the index says
    query = (
        sa.select(tasks.c.task_id)
        .join(instances, instances.c.instance_id == tasks.c.instance_id)
        .outerjoin(
            supervision_items,
            sa.and_(supervision_items.c.task_id == tasks.c.task_id, supervision_items.c.state != "RESOLVED"),
        )
        .where(tasks.c.state.in_(live), instances.c.kind.not_in(UNWATCHED))
    )
    if actor.sees_all:
        return query
    return query.where(
        sa.or_(
            tasks.c.case_id.in_(sa.select(cases.c.case_id).where(access.visible_cases(actor))),
            instances.c.business_key.in_(sa.select(reports.c.report_id).where(access.visible_reports(actor))),
        )
    )


def _first_unit() -> sa.ScalarSelect[Any]:
    """The unit of a task's first group."""
    return (
        sa.select(sa.func.min(task_groups.c.unit_id)).where(task_groups.c.task_id == tasks.c.task_id).scalar_subquery()
    )


def _parts(reader: Reader, base: sa.Select[Any], level: sa.ColumnElement[int]) -> tuple[_Part, ...]:
    late = base.with_only_columns(
        _first_unit().label("unit_id"),
        tasks.c.area_id,
        supervision_items.c.item_id.is_not(None).label("item"),
        level.label("level"),
    ).subquery()
    found = reader.execute(sa.select(late, sa.func.count()).group_by(*late.c))
    return tuple(_Part(row.unit_id, row.area_id, bool(row.item), row.level, row[-1]) for row in found)


def _by_level(parts: tuple[_Part, ...]) -> dict[str, int]:
    counted: dict[str, int] = {}
    for part in parts:
        level = str(part.level) if part.item else "none"
        counted[level] = counted.get(level, 0) + part.count
    return counted


def _by_unit(parts: tuple[_Part, ...], names: Mapping[str, str]) -> tuple[tuple[str, str, int], ...]:
    """The latest unit first."""
    counted: dict[str, int] = {}
    for part in parts:
        if part.unit_id is not None:
            counted[part.unit_id] = counted.get(part.unit_id, 0) + part.count
    ranked = sorted(counted.items(), key=lambda entry: (-entry[1], entry[0]))
    return tuple((unit_id, names[unit_id], count) for unit_id, count in ranked)


def _unit_names(reader: Reader) -> dict[str, str]:
    return {row.unit_id: row.name for row in reader.execute(sa.select(units.c.unit_id, units.c.name))}


def _narrowed(query: sa.Select[Any], wanted: DeskFilter, level: sa.ColumnElement[int]) -> sa.Select[Any]:
    if wanted.unit:
        query = query.where(_first_unit() == wanted.unit)
    if wanted.area:
        query = query.where(tasks.c.area_id == wanted.area)
    if wanted.level == "none":
        query = query.where(supervision_items.c.item_id.is_(None))
    elif wanted.rung is not None:
        query = query.where(level == wanted.rung)
    if wanted.text.strip():
        pattern = like(wanted.text.strip())
        query = query.where(sa.or_(tasks.c.subject.like(pattern, escape="\\"), tasks.c.name.like(pattern, escape="\\")))
    return query


def _row(reader: Reader, actor: Actor, row: Mapping[str, Any], names: Mapping[str, str]) -> DeskRow:
    instrument, level_at = None, row["level_at"]
    open_letters: tuple[tuple[str, str, str], ...] = ()
    if row["item_id"]:
        reached = rungs_of(reader, actor, row["item_id"])
        if reached:
            instrument, level_at = reached[-1].instrument, reached[-1].at
        open_letters = tuple(
            (found.letter_id, found.number, found.state)
            for found in reader.execute(
                sa.select(letters.c.letter_id, letters.c.number, letter_services.c.state)
                .join(letter_services, letter_services.c.letter_id == letters.c.letter_id)
                .where(letters.c.item_id == row["item_id"], letter_services.c.state.in_(OPEN_LETTER))
                .where(sa.or_(letters.c.kind != "referral", access.visible_letters(actor)))
                .order_by(letters.c.issued_at, letters.c.letter_id)
            )
        )
    return DeskRow(
        task_id=row["task_id"],
        task_name=row["name"],
        subject=row["subject"],
        campaign_id=row["campaign_id"],
        case_id=row["case_id"],
        report_id=row["report_id"],
        unit_id=row["unit_id"],
        unit=names[row["unit_id"]] if row["unit_id"] else "",
        area=names[row["area_id"]] if row["area_id"] else None,
        assignee=row["assignee"],
        due_at=row["due_at"],
        due_original_at=row["due_original_at"],
        overdue_workdays=overdue_workdays(reader, row["due_original_at"]),
        item_id=row["item_id"],
        level=row["level"],
        instrument=instrument,
        level_at=level_at,
        open_letters=open_letters,
    )
