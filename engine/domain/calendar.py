"""Which days and hours the office works, by the State Council's yearly notices with their swapped working days (调休).

It counts days and hours; what a deadline is made of stands in `deadline.py`. Civil dates are Asia/Shanghai, instants
aware UTC.
"""

import hashlib
from bisect import bisect_left, bisect_right
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time, timedelta, timezone

from engine.domain import toml_table
from engine.domain.toml_table import Problems, TomlTable
from engine.errors import Invalid, Problem

# China has kept UTC+8 without summer time since 1992; a fixed offset needs no time zone database on the machine.
SHANGHAI = timezone(timedelta(hours=8), "Asia/Shanghai")
ONE_DAY = timedelta(days=1)

# 全国年节及纪念日放假办法 (国务院令第795号) 第二条: the public holidays whose date is known without a notice.
# 春节、清明节、端午节、中秋节 and all swapped working days cannot be known before the notice.
FIXED_HOLIDAYS: Mapping[tuple[int, int], str] = {
    (1, 1): "元旦",
    (5, 1): "劳动节",
    (5, 2): "劳动节",
    (10, 1): "国庆节",
    (10, 2): "国庆节",
    (10, 3): "国庆节",
}
# The New Year break reaches back: the notices for 2019 and 2023 moved 29-31 December of the year before.
NEW_YEAR_REACH = (12, 29)


@dataclass(frozen=True)
class OfficeHours:
    """The spans of a working day, in order. The one place to change them for the whole system."""

    spans: tuple[tuple[time, time], ...] = ((time(8, 30), time(12, 0)), (time(14, 30), time(18, 0)))

    @property
    def opening(self) -> time:
        return self.spans[0][0]

    @property
    def close(self) -> time:
        return self.spans[-1][1]


@dataclass(frozen=True)
class YearCalendar:
    """One year as arranged. `holidays` are all days off by notice, `workdays` the weekend days worked instead."""

    year: int
    version: str
    published: bool
    source: str
    holidays: frozenset[date] = frozenset()
    workdays: frozenset[date] = frozenset()
    names: Mapping[date, str] = field(default_factory=dict, compare=False)  # 春节, 国庆节, by day


def load(toml_bytes: bytes) -> YearCalendar:
    """One `processes/calendars/<year>.toml`. Raises Invalid with every problem found."""
    problems = Problems()
    top = TomlTable(toml_table.read(toml_bytes, what="calendar"), "", problems)
    year = top.number("year")
    names: dict[date, str] = {}
    holidays = _read_holidays(top, names)
    workdays = _read_workdays(top, names)
    loaded = YearCalendar(
        year, top.text("version"), top.flag("published", True), top.text("source"), holidays, workdays, names
    )
    top.refuse_unknown()
    for day in sorted(day for day in holidays | workdays if day.year != year):
        problems.error(str(day), f"{day} 不在 {year} 年内，请移走。", f"{day} is not in {year}.")
    for day in sorted(holidays & workdays):
        problems.error(str(day), f"{day} 既放假又上班，请删去一处。", f"{day} is both off and worked; delete one.")
    if problems.errors:
        raise Invalid("calendar.invalid", f"The calendar of {year} cannot be used", problems.errors, year=year)
    return loaded


def unpublished_year(year: int) -> YearCalendar:
    """What can be said before the notice: weekends and the fixed-date holidays. Deadlines in it are provisional."""
    names = {date(year, month, day): name for (month, day), name in FIXED_HOLIDAYS.items()}
    source = f"{year}年放假安排尚未公布，暂按周末和固定日期的法定节假日推算"
    return YearCalendar(year, f"{year}.0", False, source, frozenset(names), frozenset(), names)


def civil_date(instant: datetime) -> date:
    """The date an aware instant has in the office."""
    return instant.astimezone(SHANGHAI).date()


class WorkCalendar:
    """The years the office knows; any other year is answered as unpublished. Never changes once made."""

    def __init__(self, years: Iterable[YearCalendar], hours: OfficeHours | None = None) -> None:
        self._years: dict[int, YearCalendar] = {year.year: year for year in years}
        self._workdays: dict[int, tuple[date, ...]] = {}
        self.hours = hours or OfficeHours()

    def year(self, year: int) -> YearCalendar:
        return self._years.get(year) or unpublished_year(year)

    def with_year(self, year: YearCalendar) -> "WorkCalendar":
        """This calendar after a notice: the same years, one replaced or added."""
        return WorkCalendar((self._years | {year.year: year}).values(), self.hours)

    # days

    def is_workday(self, day: date) -> bool:
        arranged = self.year(_civil(day).year)
        return day in arranged.workdays or (day.weekday() < 5 and day not in arranged.holidays)

    def day_name(self, day: date) -> str | None:
        """The holiday to which a day off or a swapped working day belongs: 春节, 国庆节. None on ordinary days."""
        return self.year(_civil(day).year).names.get(day)

    def add_workdays(self, day: date, count: int) -> date:
        """The `count`-th working day after `day`, which is not counted itself (民法典 201); before it if `count` < 0.

        Zero answers `day` when it is worked, else the next working day.
        """
        if count == 0:
            return self.workday_on_or_after(day)
        year = _civil(day).year
        if count > 0:
            days = self._workdays_of(year)
            index = bisect_right(days, day) + count - 1
            while index >= len(days):
                index -= len(days)
                year += 1
                days = self._workdays_of(year)
            return days[index]
        days = self._workdays_of(year)
        index = bisect_left(days, day) + count
        while index < 0:
            year -= 1
            days = self._workdays_of(year)
            index += len(days)
        return days[index]

    def workdays_between(self, start: date, end: date) -> int:
        """How many working days lie in (start, end]; negative when `end` comes first."""
        if end < start:
            return -self.workdays_between(end, start)
        whole_years = sum(len(self._workdays_of(year)) for year in range(_civil(start).year, _civil(end).year))
        before_end = bisect_right(self._workdays_of(end.year), end)
        return whole_years + before_end - bisect_right(self._workdays_of(start.year), start)

    def next_workday(self, day: date) -> date:
        """The first working day after `day`."""
        return self.add_workdays(day, 1)

    def previous_workday(self, day: date) -> date:
        """The last working day before `day`."""
        return self.add_workdays(day, -1)

    def workday_on_or_after(self, day: date) -> date:
        return day if self.is_workday(day) else self.next_workday(day)

    def workday_on_or_before(self, day: date) -> date:
        return day if self.is_workday(day) else self.previous_workday(day)

    # what the answers rest on

    def is_provisional(self, first: date, last: date) -> bool:
        """True when a day of [first, last] may still change by a notice that is not out."""
        first, last = sorted((_civil(first), _civil(last)))
        if any(not self.year(year).published for year in range(first.year, last.year + 1)):
            return True
        return last >= date(last.year, *NEW_YEAR_REACH) and not self.year(last.year + 1).published

    def version_of(self, first: date, last: date) -> str:
        """The versions of the years a count touched, as kept with a deadline: `2024.1` or `2026.1+2027.0`."""
        first, last = sorted((first, last))
        return "+".join(self.year(year).version for year in range(first.year, last.year + 1))

    @property
    def version(self) -> str:
        """All loaded years in one short string, equal when and only when the arranged days are equal."""
        digest = hashlib.sha256()
        for year in sorted(self._years):
            arranged = self._years[year]
            days = [*sorted(arranged.holidays), "work", *sorted(arranged.workdays)]
            digest.update(f"{arranged.version} {arranged.published} {' '.join(map(str, days))}\n".encode())
        span = f"{min(self._years)}-{max(self._years)}" if self._years else "none"
        return f"{span}.{digest.hexdigest()[:8]}"

    # instants

    def close_of(self, day: date) -> datetime:
        """The end of business of a day: the instant at which a day-counted period ends (民法典 203 第二款)."""
        return datetime.combine(_civil(day), self.hours.close, SHANGHAI).astimezone(UTC)

    def opening_of(self, day: date) -> datetime:
        return datetime.combine(_civil(day), self.hours.opening, SHANGHAI).astimezone(UTC)

    def at(self, day: date, clock: str) -> datetime:
        """That day at "12:00" in the office; "24:00" is the midnight that ends it."""
        if clock == "24:00":
            return datetime.combine(_civil(day) + ONE_DAY, time(0), SHANGHAI).astimezone(UTC)
        return datetime.combine(_civil(day), clock_time(clock), SHANGHAI).astimezone(UTC)

    def add_working_hours(self, instant: datetime, hours: int) -> datetime:
        """`hours` office hours later (earlier if negative). Time off does not count."""
        left = timedelta(hours=abs(hours))
        day = civil_date(instant)
        while left:
            for opens, closes in self._spans(day, backwards=hours < 0):
                if hours > 0 and closes > instant:
                    begins = max(opens, instant)
                    if closes - begins >= left:
                        return begins + left
                    left -= closes - begins
                elif hours < 0 and opens < instant:
                    ends = min(closes, instant)
                    if ends - opens >= left:
                        return ends - left
                    left -= ends - opens
            day = self.next_workday(day) if hours > 0 else self.previous_workday(day)
        return instant

    def working_minutes_between(self, start: datetime, end: datetime) -> int:
        """Office minutes that pass from start to end, whole minutes; negative when `end` comes first."""
        if end < start:
            return -self.working_minutes_between(end, start)
        first, last = civil_date(start), civil_date(end)
        worked = self._worked_on(first, start, end)
        if last > first:
            full_day = sum((closes - opens for opens, closes in self._spans(self.next_workday(first))), timedelta())
            worked += full_day * self.workdays_between(first, last - ONE_DAY) + self._worked_on(last, start, end)
        return worked // timedelta(minutes=1)

    def _worked_on(self, day: date, start: datetime, end: datetime) -> timedelta:
        overlaps = (min(closes, end) - max(opens, start) for opens, closes in self._spans(day))
        return sum((overlap for overlap in overlaps if overlap > timedelta()), timedelta())

    def _spans(self, day: date, *, backwards: bool = False) -> list[tuple[datetime, datetime]]:
        if not self.is_workday(day):
            return []
        spans = [
            tuple(datetime.combine(day, edge, SHANGHAI).astimezone(UTC) for edge in span) for span in self.hours.spans
        ]
        return [(opens, closes) for opens, closes in (reversed(spans) if backwards else spans)]

    def _workdays_of(self, year: int) -> tuple[date, ...]:
        if year not in self._workdays:
            days = (date(year, 1, 1) + timedelta(days=number) for number in range(366))
            self._workdays[year] = tuple(day for day in days if day.year == year and self.is_workday(day))
        return self._workdays[year]


def clock_time(text: str) -> time:
    """ "12:00" as a time of day. Raises Invalid for anything but HH:MM."""
    try:
        if len(text) == 5 and text[2] == ":":
            return time(int(text[:2]), int(text[3:]))
    except ValueError:
        pass
    problem = Problem(text, f"“{text}”不是时刻，请写成 12:00。", f'"{text}" is not a time of day; write it as 12:00.')
    raise Invalid("time.clock", f"Not a time of day: {text!r}", (problem,), text=text)


def _civil(day: date) -> date:
    """Refuse an instant where a date is meant: its date depends on the time zone."""
    if isinstance(day, datetime):
        raise TypeError(f"a civil date is expected, not the instant {day.isoformat()}; use civil_date()")
    return day


def _read_holidays(top: TomlTable, names: dict[date, str]) -> frozenset[date]:
    days: set[date] = set()
    for row in top.tables("holidays", named_by="name"):
        name, first, last = row.text("name"), row.need_day("first"), row.need_day("last")
        row.text("name_en", "")
        row.refuse_unknown()
        if not timedelta() <= last - first < timedelta(days=31):
            row.problems.error(row.where, f"{first} 至 {last} 不像一次放假。", f"{first} to {last} is no holiday span.")
            continue
        span = {first + timedelta(days=number) for number in range((last - first).days + 1)}
        names.update(dict.fromkeys(span, name))
        days |= span
    return frozenset(days)


def _read_workdays(top: TomlTable, names: dict[date, str]) -> frozenset[date]:
    days: set[date] = set()
    for row in top.tables("workdays", named_by="date"):
        day = row.need_day("date")
        names[day] = row.text("holiday")
        row.text("holiday_en", "")
        row.refuse_unknown()
        if day.weekday() < 5:
            row.problems.error(row.place("date"), f"{day} 不是周末，请删去。", f"{day} is no weekend day; delete it.")
        days.add(day)
    return frozenset(days)
