"""Which unit owes which report by when: the report rules of a campaign laid out over the calendar (报送)."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import date, datetime
from typing import TYPE_CHECKING, NamedTuple

from engine.domain import deadline
from engine.domain.calendar import WorkCalendar
from engine.domain.deadline import Deadline
from engine.domain.toml_table import TomlTable

if TYPE_CHECKING:
    from engine.domain.campaign import Campaign

OWERS = ("areas", "leads", "areas+leads", "members")


@dataclass(frozen=True)
class WeeklyRule:
    """Every week on `weekday` (1 Monday … 7 Sunday) in [first, last]; a day off moves to the working day before."""

    weekday: int
    first: date
    last: date


@dataclass(frozen=True)
class ReportRule:
    """One table or list that units owe: on dates the plan writes, or weekly. `clock` is empty for close of business."""

    key: str
    name: str
    name_en: str
    by: str
    dates: tuple[date, ...]
    weekly: WeeklyRule | None
    clock: str
    sealed: bool
    form: str
    phase: str
    basis: str


class Obligation(NamedTuple):
    """One report of one unit. Equal rule, unit and due date mean the same obligation."""

    rule_key: str
    unit_id: str
    deadline: Deadline


def read_rule(row: TomlTable, windows: Mapping[str, tuple[date | None, date]]) -> ReportRule:
    """One `[[reports]]` table. A weekly rule without days of its own runs through the window of its phase."""
    phase_key = row.text("phase")
    starts_on, ends_on = windows.get(phase_key, (None, None))
    weekly = None
    if row.has("weekly"):
        table = row.table("weekly")
        first = table.day("first") or starts_on
        last = table.day("last") or ends_on
        weekly = WeeklyRule(table.number("weekday", 5), first or date.min, last or date.min)
        table.refuse_unknown()
    rule = ReportRule(
        key=row.text("key"),
        name=row.text("name"),
        name_en=row.text("name_en"),
        by=row.text("by"),
        dates=row.days("dates"),
        weekly=weekly,
        clock=row.text("time", ""),
        sealed=row.flag("sealed"),
        form=row.text("form"),
        phase=phase_key,
        basis=row.text("basis", ""),
    )
    row.refuse_unknown()
    return rule


def report_due_dates(campaign: "Campaign", calendar: WorkCalendar) -> list[Obligation]:
    """Every obligation of a campaign, earliest first, then in the order of the rules and units of the plan."""
    obligations = [
        Obligation(rule.key, unit.id, due)
        for rule in campaign.reports
        for due in _deadlines(rule, campaign, calendar)
        for unit in campaign.owers(rule.by)
    ]
    return sorted(obligations, key=lambda obligation: obligation.deadline.due_at)


def split_past(obligations: Iterable[Obligation], now: datetime) -> tuple[list[Obligation], list[Obligation]]:
    """(history, ahead). What was due before `now` when a campaign opens is history: recorded, never alarmed."""
    history: list[Obligation] = []
    ahead: list[Obligation] = []
    for obligation in obligations:
        (history if obligation.deadline.due_at < now else ahead).append(obligation)
    return history, ahead


def _deadlines(rule: ReportRule, campaign: "Campaign", calendar: WorkCalendar) -> list[Deadline]:
    window = campaign.windows.get(rule.phase)
    begun = calendar.opening_of(window[0]) if window and window[0] else None
    if rule.weekly:
        weeks = deadline.weekly(
            calendar,
            rule.clock,
            rule.weekly.first,
            rule.weekly.last,
            weekday=rule.weekly.weekday,
            start_at=begun,
        )
        return [week.with_basis(rule.basis) for week in weeks]
    written = [
        deadline.fixed(calendar, day, rule=f'report("{rule.key}")', clock=rule.clock).with_basis(rule.basis)
        for day in rule.dates
    ]
    return [replace(due, start_at=begun) if begun and begun < due.due_at else due for due in written]
