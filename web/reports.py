"""Report obligations: every unit against every due date, and a unit's own reports with the way to its task."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime

from flask import Blueprint, render_template

from engine.queries.reports import STATUSES, ReportFilter, ReportList, ReportRow
from web.permission import CASE_ROLES, needs
from web.request import actor, engine, page_number, text

blueprint = Blueprint("reports", __name__)
MATRIX_PAGES = 40  # pages of the query that a matrix may gather: 1,000 obligations


@dataclass(frozen=True)
class Column:
    """One table due on one date."""

    rule_key: str
    name: str
    due_at: datetime

    @property
    def short_name(self) -> str:
        """附件2 of 附件2《…》, and what stands before the first bracket of the rest."""
        return self.name.split("《")[0].split("（")[0] or self.name


@dataclass(frozen=True)
class Line:
    """One unit; `cells` run along the columns, None where it owes nothing."""

    unit_id: str
    unit: str
    cells: tuple[ReportRow | None, ...]
    overdue: int
    late: int
    on_time: int


@dataclass(frozen=True)
class Matrix:
    columns: tuple[Column, ...]
    lines: tuple[Line, ...]


@dataclass(frozen=True)
class ReportsPage:
    filter: ReportFilter
    found: ReportList
    matrix: Matrix | None
    totals: Mapping[str, int]
    campaigns: tuple[tuple[str, str], ...]

    @property
    def statuses(self) -> tuple[str, ...]:
        """In the order in which a supervisor asks."""
        return ("overdue", "late", "on_time", "ahead", "history")

    @property
    def is_narrowed(self) -> bool:
        return any((self.filter.unit, self.filter.rule, self.filter.status))

    @property
    def total(self) -> int:
        return sum(self.totals.values())


@blueprint.get("/reports")
@needs(*CASE_ROLES)
def reports() -> str:
    """The matrix, and below it the list; a filter of status asks for the list alone."""
    wanted = ReportFilter(
        campaign=text("campaign"),
        unit=text("unit"),
        rule=text("rule"),
        status=text("status") if text("status") in STATUSES else "",
        page=page_number(),
    )
    found = engine().read.reports(actor(), wanted)
    shows_list = bool(wanted.status) or text("view") == "list"
    page = ReportsPage(
        filter=wanted,
        found=found,
        matrix=None if shows_list else matrix_of(_everything(wanted)),
        totals=found.totals,
        campaigns=tuple((row.campaign_id, row.title) for row in engine().read.campaigns()),
    )
    return render_template("reports/reports.html", page=page)


@blueprint.get("/reports/<report_id>")
@needs(*CASE_ROLES)
def report(report_id: str) -> str:
    return render_template("reports/report.html", report=engine().read.report(actor(), report_id))


def matrix_of(rows: tuple[ReportRow, ...]) -> Matrix:
    """Columns by due date, lines in the order of the first report of each unit; late units do not move up: people look
    for their own line where it was last week."""
    columns = tuple(
        Column(*key)
        for key in sorted({(row.rule_key, row.name, row.due_at) for row in rows}, key=lambda key: (key[2], key[0]))
    )
    by_unit: dict[tuple[str, str], dict[tuple[str, datetime], ReportRow]] = {}
    for row in rows:
        by_unit.setdefault((row.unit_id, row.unit), {})[row.rule_key, row.due_at] = row
    return Matrix(columns, tuple(_line(unit, cells, columns) for unit, cells in by_unit.items()))


def _line(unit: tuple[str, str], cells: Mapping[tuple[str, datetime], ReportRow], columns: tuple[Column, ...]) -> Line:
    return Line(
        *unit,
        cells=tuple(cells.get((column.rule_key, column.due_at)) for column in columns),
        overdue=sum(row.status == "overdue" for row in cells.values()),
        late=sum(row.status == "late" for row in cells.values()),
        on_time=sum(row.status == "on_time" for row in cells.values()),
    )


def _everything(wanted: ReportFilter) -> tuple[ReportRow, ...]:
    """All rows that the filter finds, in the order of the unit tree."""
    rows: list[ReportRow] = []
    order: tuple[tuple[str, str], ...] = ()
    for number in range(1, MATRIX_PAGES + 1):
        found = engine().read.reports(actor(), replace(wanted, page=number))
        rows += found.rows
        order = found.units
        if number >= found.page.pages:
            break
    places = {unit_id: place for place, (unit_id, _) in enumerate(order)}
    return tuple(sorted(rows, key=lambda row: (places.get(row.unit_id, len(places)), row.due_at, row.rule_key)))
