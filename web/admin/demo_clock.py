"""The demo's clock: shows the campaign's date and moves it forward. Outside demo mode there is no such page."""

from dataclasses import dataclass
from datetime import UTC, datetime, time, timedelta

from flask import Blueprint, abort, current_app, render_template, request, url_for
from werkzeug.wrappers import Response as BaseResponse

from engine.domain.calendar import SHANGHAI, WorkCalendar
from engine.errors import Invalid, Problem, Rejected
from web.permission import signed_in
from web.request import actor, engine, notify, now, see
from web.simulation.leap import leap

blueprint = Blueprint("demo_clock", __name__)
FURTHEST = timedelta(days=366)
FRIDAY = 4


@dataclass(frozen=True)
class Leap:
    """A button: `name` is a message key, `moment` where it leads."""

    name: str
    moment: datetime

    @property
    def value(self) -> str:
        return local_text(self.moment)


@dataclass(frozen=True)
class ClockPage:
    """`wished` keeps what was typed and refused. `next_due_at`: when the machine has something to do next."""

    now: datetime
    leaps: tuple[Leap, ...]
    next_due_at: datetime | None
    wished: str = ""
    problems: tuple[Problem, ...] = ()

    @property
    def earliest(self) -> str:
        return local_text(self.now)


@blueprint.get("/demo-clock")
@signed_in
def demo_clock() -> str:
    if not engine().read.is_demo():
        abort(404)
    return _page()


@blueprint.post("/demo-clock")
@signed_in
def move() -> BaseResponse | tuple[str, int]:
    """Timer by timer, so that each reminder and each rung has its own day."""
    if not engine().read.is_demo():
        abort(404)
    wished = request.form.get("moment", "").strip()
    try:
        moment = _read(wished)
        leap(engine(), current_app.extensions["duban.config"], moment, by=actor())
    except Invalid as refused:
        return _page(wished, refused.problems), 422
    except Rejected:
        back = Problem("moment", "演示时钟只能向前拨。", "The demo clock goes forward only.")
        return _page(wished, (back,)), 422
    notify("clock_moved", moment=f"{moment.astimezone(SHANGHAI):%Y-%m-%d %H:%M}")
    return see(url_for("demo_clock.demo_clock"))


def leaps_from(moment: datetime, calendar: WorkCalendar, next_due_at: datetime | None) -> tuple[Leap, ...]:
    """Opening of the next working day, a minute past the next Friday's noon, the next thing due, four weeks on."""
    local = moment.astimezone(SHANGHAI)
    friday = local.date() + timedelta(days=(FRIDAY - local.weekday()) % 7)
    noon = datetime.combine(friday, time(12, 1), SHANGHAI)
    if noon <= moment:
        noon += timedelta(days=7)
    found = [
        Leap("next_workday", calendar.opening_of(calendar.next_workday(local.date()))),
        Leap("next_friday", noon),
        Leap("in_a_week", moment + timedelta(days=7)),
    ]
    if next_due_at is not None and next_due_at > moment:
        found.insert(0, Leap("next_due", next_due_at + timedelta(minutes=1)))
    return tuple(found)


def local_text(moment: datetime) -> str:
    """For `<input type="datetime-local">`, Beijing time."""
    return f"{moment.astimezone(SHANGHAI):%Y-%m-%dT%H:%M}"


def _read(wished: str) -> datetime:
    try:
        naive = datetime.fromisoformat(wished)
    except ValueError as error:
        wrong = Problem(
            "moment", "请填写日期和时间，如 2024-06-21 12:01。", "Give a date and time, such as 2024-06-21 12:01."
        )
        raise Invalid("moment_wrong", f"{wished!r} is no moment.", (wrong,)) from error
    moment = naive.replace(tzinfo=SHANGHAI) if naive.tzinfo is None else naive
    if moment - now() > FURTHEST:
        far = Problem("moment", "一次最多向前拨一年。", "One year at a time at most.")
        raise Invalid("moment_far", "Too far.", (far,))
    return moment.astimezone(UTC)


def _page(wished: str = "", problems: tuple[Problem, ...] = ()) -> str:
    next_due_at = engine().read.next_due_at()
    page = ClockPage(now(), leaps_from(now(), engine().read.calendar(), next_due_at), next_due_at, wished, problems)
    return render_template("admin/demo_clock.html", page=page)
