"""What a deadline that is being drawn would come to: the date, how it follows, and the days that were counted."""

from dataclasses import dataclass
from datetime import date, datetime, timedelta

from engine import plans
from engine.bpmn.expressions import check_deadline, evaluate
from engine.domain.calendar import WorkCalendar, civil_date
from engine.domain.deadline import Deadline, Timetable
from engine.errors import Invalid, Problem
from engine.store.transaction import Reader

DAYS_SHOWN = 370


@dataclass(frozen=True)
class CalendarDay:
    """`name` is that of a holiday or of the working day it was swapped for, empty on ordinary days."""

    on: date
    is_workday: bool
    name: str


@dataclass(frozen=True)
class DrawnDeadline:
    """`days`: from the day that counting begins to the last one, at most DAYS_SHOWN of them."""

    deadline: Deadline
    days: tuple[CalendarDay, ...]


def model_deadline(
    reader: Reader, text: str, *, campaign_id: str = "", start_at: datetime | None = None
) -> DrawnDeadline:
    """`text` as it stands in a diagram, begun at `start_at` or now; `due` is that instant too. Phases are those of the
    campaign. Raises Invalid in the words of the check, NotFound for an unknown campaign."""
    if (fault := check_deadline(text)) is not None:
        raise _wrong(fault.zh, fault.en)
    now = start_at or reader.now
    days = plans.calendar(reader)
    table = plans.timetable(reader, campaign_id, now) if campaign_id else Timetable(days, now)
    value = evaluate(text, {"due": table.now()}, table.functions())
    deadline = value if isinstance(value, Deadline) else table.latest(value)
    return DrawnDeadline(deadline, _days(days, civil_date(deadline.start_at), deadline.due_on))


def _days(calendar: WorkCalendar, start: date, end: date) -> tuple[CalendarDay, ...]:
    first, last = min(start, end), max(start, end)
    days = (first + timedelta(days=number) for number in range(min((last - first).days, DAYS_SHOWN - 1) + 1))
    return tuple(CalendarDay(day, calendar.is_workday(day), calendar.day_name(day) or "") for day in days)


def _wrong(zh: str, en: str) -> Invalid:
    return Invalid("deadline_invalid", "This is no deadline.", (Problem("text", zh, en),))
