"""Report obligations: who owes which table by when, and whether it came on time."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import sqlalchemy as sa

from engine.domain.actor import Actor
from engine.domain.task import LIVE
from engine.errors import NotFound
from engine.queries.paging import PER_PAGE, Page, page_of
from engine.store.access import visible_reports
from engine.store.schema import instances, tasks, units
from engine.store.schema import reports as rows
from engine.store.transaction import Reader

STATUSES = ("history", "ahead", "overdue", "on_time", "late")


@dataclass(frozen=True)
class ReportFilter:
    campaign: str = ""
    unit: str = ""
    rule: str = ""
    status: str = ""
    page: int = 1


@dataclass(frozen=True)
class ReportRow:
    """`status`: history (due before the campaign was opened), ahead, overdue (due and missing), on_time, late."""

    report_id: str
    name: str
    rule_key: str
    unit_id: str
    unit: str
    due_at: datetime
    is_sealed: bool
    status: str
    submitted_at: datetime | None
    submitted_by: str | None
    figures: Mapping[str, int] | None
    task_id: str | None
    instance_id: str | None


@dataclass(frozen=True)
class ReportList:
    """`totals` counts every status that the actor may see, whatever the filter of status."""

    filter: ReportFilter
    rows: tuple[ReportRow, ...]
    page: Page
    totals: Mapping[str, int]
    units: tuple[tuple[str, str], ...]
    rules: tuple[tuple[str, str], ...]


def status(now: datetime) -> sa.ColumnElement[str]:
    return sa.case(
        (rows.c.state == "HISTORY", "history"),
        (sa.and_(rows.c.state == "SUBMITTED", rows.c.submitted_at <= rows.c.due_at), "on_time"),
        (rows.c.state == "SUBMITTED", "late"),
        (rows.c.due_at < now, "overdue"),
        else_="ahead",
    )


def reports(reader: Reader, actor: Actor, wanted: ReportFilter) -> ReportList:
    """Overdue first, then by due date."""
    shown = status(reader.now)
    base = sa.select(rows.c.report_id).join(units, units.c.unit_id == rows.c.unit_id).where(visible_reports(actor))
    if wanted.campaign:
        base = base.where(rows.c.campaign_id == wanted.campaign)
    totals = dict.fromkeys(STATUSES, 0)
    totals |= dict(reader.execute(base.with_only_columns(shown, sa.func.count()).group_by(shown)).all())
    owing = reader.execute(
        base.with_only_columns(units.c.unit_id, units.c.name, units.c.position).distinct().order_by(units.c.position)
    )
    rules = reader.execute(base.with_only_columns(rows.c.rule_key, rows.c.name).distinct().order_by(rows.c.rule_key))
    query = base
    for value, column in ((wanted.unit, rows.c.unit_id), (wanted.rule, rows.c.rule_key)):
        if value:
            query = query.where(column == value)
    if wanted.status:
        query = query.where(shown == wanted.status)
    page = page_of(reader.execute, query, wanted.page)
    found = reader.execute(
        _full(query, shown)
        .order_by(
            sa.case((shown == "overdue", 0), (shown == "ahead", 1), else_=2),
            rows.c.due_at,
            rows.c.unit_id,
            rows.c.rule_key,
        )
        .limit(PER_PAGE)
        .offset(page.offset)
    ).mappings()
    return ReportList(
        wanted,
        tuple(_row(row) for row in found),
        page,
        totals,
        tuple((row[0], row[1]) for row in owing),
        tuple((row[0], row[1]) for row in rules),
    )


def report(reader: Reader, actor: Actor, report_id: str) -> ReportRow:
    """Raises NotFound."""
    query = sa.select(rows.c.report_id).join(units, units.c.unit_id == rows.c.unit_id).where(visible_reports(actor))
    row = reader.execute(_full(query, status(reader.now)).where(rows.c.report_id == report_id)).mappings().first()
    if row is None:
        raise NotFound("report_unknown", f"There is no report {report_id}.", report=report_id)
    return _row(row)


def _full(query: sa.Select[Any], shown: sa.ColumnElement[str]) -> sa.Select[Any]:
    live = (
        sa.select(sa.func.max(tasks.c.task_id))
        .where(tasks.c.instance_id == instances.c.instance_id, tasks.c.state.in_(LIVE))
        .scalar_subquery()
    )
    return query.outerjoin(
        instances, sa.and_(instances.c.kind == "report", instances.c.business_key == rows.c.report_id)
    ).with_only_columns(
        rows, units.c.name.label("unit"), shown.label("status"), instances.c.instance_id, live.label("task_id")
    )


def _row(row: Mapping[str, Any]) -> ReportRow:
    return ReportRow(**{name: row[name] for name in ReportRow.__dataclass_fields__})
