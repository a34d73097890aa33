"""Calendars: which years' holidays and swapped working days are loaded, and the next one when it is published."""

from dataclasses import dataclass
from datetime import date

from flask import Blueprint, render_template, request, url_for
from werkzeug.wrappers import Response as BaseResponse

from engine.commands.calendars import PublishCalendar
from engine.domain.calendar import WorkCalendar, YearCalendar, civil_date
from engine.errors import Invalid, Problem
from web.permission import needs
from web.request import actor, engine, notify, now, see

blueprint = Blueprint("calendars", __name__)
YEARS_BACK, YEARS_AHEAD = 2, 2
MAX_BYTES = 200_000


@dataclass(frozen=True)
class Break:
    """A run of days off under one name."""

    name: str
    first: date
    last: date

    @property
    def days(self) -> int:
        return (self.last - self.first).days + 1


@dataclass(frozen=True)
class Year:
    calendar: YearCalendar
    breaks: tuple[Break, ...]
    swapped: tuple[date, ...]


@dataclass(frozen=True)
class CalendarsPage:
    years: tuple[Year, ...]
    may_publish: bool
    problems: tuple[Problem, ...] = ()

    @property
    def missing(self) -> tuple[int, ...]:
        return tuple(year.calendar.year for year in self.years if not year.calendar.published)


@blueprint.get("/calendars")
@needs("sysadmin", "supervisor")
def calendars() -> str:
    return _page()


@blueprint.post("/calendars")
@needs("sysadmin")
def publish() -> BaseResponse | tuple[str, int]:
    sent = request.files.get("calendar")
    content = sent.read(MAX_BYTES + 1) if sent else b""
    try:
        if not content:
            raise Invalid("no_file", "No file.", (Problem("calendar", "请选择 .toml 文件。", "Choose a .toml file."),))
        if len(content) > MAX_BYTES:
            raise Invalid(
                "too_large", "Too large.", (Problem("calendar", "文件超过 200 KB。", "The file exceeds 200 KB."),)
            )
        result = engine().execute(PublishCalendar(content), by=actor())
    except Invalid as refused:
        return _page(refused.problems or (Problem("calendar", refused.message, refused.message),)), 422
    notify("calendar_published", year=result["year"], recomputed=result["recomputed"])
    return see(url_for("calendars.calendars"))


def _page(problems: tuple[Problem, ...] = ()) -> str:
    loaded: WorkCalendar = engine().read.calendar()
    this_year = civil_date(now()).year
    years = tuple(_year(loaded.year(year)) for year in range(this_year + YEARS_AHEAD, this_year - YEARS_BACK - 1, -1))
    page = CalendarsPage(years, actor().has_role("sysadmin"), problems)
    return render_template("admin/calendars.html", page=page)


def _year(calendar: YearCalendar) -> Year:
    return Year(calendar, _breaks(calendar), tuple(sorted(calendar.workdays)))


def _breaks(calendar: YearCalendar) -> tuple[Break, ...]:
    found: list[Break] = []
    for day in sorted(calendar.holidays):
        name = calendar.names.get(day, "")
        if found and found[-1].name == name and (day - found[-1].last).days == 1:
            found[-1] = Break(name, found[-1].first, day)
        else:
            found.append(Break(name, day, day))
    return tuple(found)
