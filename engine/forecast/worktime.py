"""Office time as a number line: between any instant and the working minutes that have passed by then.

Whoever waits for a person or works on something does so along this line; deadlines keep to the calendar itself.
"""

from bisect import bisect_right
from datetime import UTC, date, datetime, timedelta

from engine.domain.calendar import SHANGHAI, WorkCalendar

MINUTE = timedelta(minutes=1)


class WorkTime:
    """The office hours from `first` to `last`, both included; what lies outside is answered with the nearest edge."""

    def __init__(self, calendar: WorkCalendar, first: date, last: date) -> None:
        self.calendar = calendar
        self._opens: list[float] = []  # seconds since 1970
        self._closes: list[float] = []
        self._before: list[float] = []  # working minutes that have passed when the span opens
        total = 0.0
        day = first
        while day <= last:
            if calendar.is_workday(day):
                for opens, closes in calendar.hours.spans:
                    begins, ends = (datetime.combine(day, edge, SHANGHAI).timestamp() for edge in (opens, closes))
                    self._opens.append(begins)
                    self._closes.append(ends)
                    self._before.append(total)
                    total += (ends - begins) / 60
            day += timedelta(days=1)
        self.total = total
        self.a_day = minutes_of_a_day(calendar)

    def passed(self, instant: float) -> float:
        """Working minutes from the beginning of the line to the instant (seconds since 1970)."""
        place = bisect_right(self._opens, instant) - 1
        if place < 0:
            return 0.0
        return self._before[place] + (min(instant, self._closes[place]) - self._opens[place]) / 60

    def instant(self, minutes: float) -> float:
        """When so many working minutes have passed; at the end of a day that is its close, not the next opening."""
        place = max(bisect_right(self._before, minutes) - 1, 0)
        if place and self._before[place] == minutes:
            place -= 1
        return min(self._opens[place] + max(minutes - self._before[place], 0.0) * 60, self._closes[place])

    def later(self, instant: float, minutes: float) -> float:
        """The instant at which `minutes` of work that begin at `instant` are done."""
        return instant if minutes <= 0 else self.instant(self.passed(instant) + minutes)


def minutes_of_a_day(calendar: WorkCalendar) -> float:
    """How long a working day is."""
    day = date(2024, 1, 1)
    spans = [(datetime.combine(day, opens), datetime.combine(day, closes)) for opens, closes in calendar.hours.spans]
    return sum((closes - opens for opens, closes in spans), timedelta()) / MINUTE


def as_datetime(instant: float) -> datetime:
    return datetime.fromtimestamp(instant, UTC)
