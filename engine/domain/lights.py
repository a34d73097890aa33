"""When an open item turns yellow and red. The rule is a decision table; this page asks it once for every working day.

The answer is a schedule of two instants, so that lists can be filtered and sorted by light in SQL (`red_from <= now`).
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta

from engine.domain.calendar import SHANGHAI, WorkCalendar, civil_date
from engine.domain.derivation import en_time, zh_time
from engine.errors import Invalid, Problem

GREEN, YELLOW, RED = "green", "yellow", "red"
LIGHTS = (GREEN, YELLOW, RED)
MILESTONE_COLUMNS = {  # the milestones a plan may give weights to, and the columns that say they are reached
    "surveyed": "surveyed_at",
    "disposed": "disposed_at",
    "applied": "applied_at",
    "accepted": "done_at",
}
# An item is overdue after its due instant, not at it; the next instant a database can tell apart begins the red light.
JUST_AFTER = timedelta(microseconds=1)

Decide = Callable[[dict[str, object]], str]


@dataclass(frozen=True)
class Change:
    """Why a light came on: what the decision table was told at that moment."""

    remaining_workdays: int
    remaining_share: float
    overdue: bool
    schedule_gap: float | None = None  # percentage points behind the plan; None where no progress is known

    def inputs(self) -> dict[str, object]:
        return {
            "remaining_workdays": self.remaining_workdays,
            "remaining_share": self.remaining_share,
            "schedule_gap": self.schedule_gap,
            "overdue": self.overdue,
        }


@dataclass(frozen=True)
class LightSchedule:
    """The light is green before `yellow_from`, yellow from it, red from `red_from`; each instant belongs to its light.

    `yellow_from` is None when the item goes from green to red. `yellow` and `red` hold the inputs that decided.
    """

    yellow_from: datetime | None
    red_from: datetime
    due_at: datetime
    total_workdays: int
    yellow: Change | None
    red: Change


def light_schedule(
    start_at: datetime, due_at: datetime, calendar: WorkCalendar, decide: Decide, *, reported: int | None = None
) -> LightSchedule:
    """Ask `decide` at the start, at midnight before each working day up to the due date, and just after `due_at`.

    `decide` is told `remaining_workdays` (after today, up to and with the due date), `remaining_share` of all working
    days of the period (0..1), `overdue`, and `schedule_gap`: by how many points the `reported` per cent lie behind the
    share of the period that is over. It answers green, yellow or red. Raises Invalid when the table answers
    something else, turns a light back, or leaves an overdue item without red: that is a fault of the table.
    """
    start_on, due_on = civil_date(start_at), civil_date(due_at)
    total = max(calendar.workdays_between(start_on, due_on), 0)
    yellow_from: datetime | None = None
    yellow: Change | None = None
    for moment, change in _moments(start_at, due_at, total, calendar, reported):
        light = _ask(decide, change)
        if light == RED:
            return LightSchedule(yellow_from, moment, due_at.astimezone(UTC), total, yellow, change)
        if light == YELLOW and yellow_from is None:
            yellow_from, yellow = moment, change
        if light == GREEN and yellow_from is not None:
            raise _faulty("从黄灯退回绿灯", "turns yellow back to green", change)
    raise _faulty("逾期仍不亮红灯", "leaves an overdue item without red", change)


def light_at(schedule: LightSchedule, now: datetime) -> str:
    if now >= schedule.red_from:
        return RED
    if schedule.yellow_from is not None and now >= schedule.yellow_from:
        return YELLOW
    return GREEN


def colour_at(yellow_from: datetime | None, due_at: datetime, now: datetime) -> str:
    """By the two instants that lists know."""
    if now > due_at:
        return RED
    return YELLOW if yellow_from is not None and now >= yellow_from else GREEN


def change_at(
    start_at: datetime, due_at: datetime, moment: datetime, calendar: WorkCalendar, *, reported: int | None = None
) -> Change:
    """What the table is told of an item at `moment`; before its start, what it is told then."""
    total = max(calendar.workdays_between(civil_date(start_at), civil_date(due_at)), 0)
    known = _moments(start_at, due_at, total, calendar, reported)
    return next((change for instant, change in reversed(known) if instant <= moment), known[0][1])


def explain(schedule: LightSchedule, now: datetime) -> tuple[str, str]:
    """Why the light shows what it shows, Chinese and English, for the reader of a list."""
    light = light_at(schedule, now)
    change = {RED: schedule.red, YELLOW: schedule.yellow, GREEN: None}[light]
    due_zh, due_en = zh_time(schedule.due_at), en_time(schedule.due_at)
    if change is None:
        return f"绿灯：时限{due_zh}，尚有余裕", f"Green: due {due_en}, time in hand"
    name_zh, name_en = {RED: ("红灯", "Red"), YELLOW: ("黄灯", "Yellow")}[light]
    if change.overdue:
        return f"{name_zh}：已超过时限{due_zh}", f"{name_en}: past due {due_en}"
    since = schedule.red_from if light == RED else schedule.yellow_from or schedule.red_from
    left, share = change.remaining_workdays, f"{change.remaining_share:.0%}"
    return (
        f"{name_zh}：{zh_time(since)}起剩余{left}个工作日（共{schedule.total_workdays}个，{share}），时限{due_zh}",
        f"{name_en}: since {en_time(since)}, when {left} of {schedule.total_workdays} working days left ({share}), "
        f"due {due_en}",
    )


def schedule_gap(share_over: float, reported: int | None) -> float | None:
    """Expected less reported progress in percentage points; expected is the share of working days that are over."""
    return None if reported is None else round(share_over * 100 - reported, 1)


def reached_percent(weights: Mapping[str, int], case: Mapping[str, object]) -> int | None:
    """The weight of the furthest milestone a case has reached (`surveyed` by its column `surveyed_at`); None when the
    plan gives no weights."""
    if not weights:
        return None
    return max((weight for name, weight in weights.items() if case.get(MILESTONE_COLUMNS[name])), default=0)


def early_red(answer: Decide) -> tuple[str, str] | None:
    """What is wrong with a table that turns red before the due instant: lists count what is red by its due date."""
    for left in range(0, 61):
        for share in (0.0, 0.1, 0.2, 0.5, 1.0):
            for gap in (None, 0.0, 20.0, 50.0, 100.0):
                change = Change(left, share, False, gap)
                if answer(change.inputs()) == RED:
                    shown = ", ".join(f"{name}={value}" for name, value in change.inputs().items())
                    zh = f"未逾期时（{shown}）亮了红灯；红灯只用于逾期，请改为黄灯。"
                    return zh, f"It shows red before the due date ({shown}); red is for what is overdue, say yellow."
    return None


def _moments(
    start_at: datetime, due_at: datetime, total: int, calendar: WorkCalendar, reported: int | None
) -> list[tuple[datetime, Change]]:
    """Every instant at which the inputs change, with the inputs from then on."""
    moments: list[tuple[datetime, Change]] = []
    if start_at <= due_at:
        first = Change(total, 1.0 if total else 0.0, False, schedule_gap(0.0, reported))
        moments.append((start_at.astimezone(UTC), first))
    day = civil_date(start_at)
    for remaining in range(total - 1, -1, -1):
        day = calendar.next_workday(day)
        midnight = _midnight(day)
        if midnight <= due_at:
            gap = schedule_gap(1 - remaining / total, reported)
            moments.append((midnight, Change(remaining, remaining / total, False, gap)))
    moments.append((due_at.astimezone(UTC) + JUST_AFTER, Change(0, 0.0, True, schedule_gap(1.0, reported))))
    return moments


def _midnight(day: date) -> datetime:
    return datetime.combine(day, time(0), SHANGHAI).astimezone(UTC)


def _ask(decide: Decide, change: Change) -> str:
    light = decide(change.inputs())
    if light not in LIGHTS:
        zh, en = f"答出了“{light}”，只能是 green、yellow、red", f"answers {light!r}, not green, yellow or red,"
        raise _faulty(zh, en, change)
    return light


def _faulty(zh: str, en: str, change: Change) -> Invalid:
    inputs = ", ".join(f"{name}={value}" for name, value in change.inputs().items())
    problem = Problem("lights", f"亮灯决策表在 {inputs} 时{zh}，请修改。", f"The table {en} at {inputs}; change it.")
    return Invalid("lights.faulty", "The decision table of the lights cannot be used", (problem,))
