"""Lights of open items: the schedule made from a decision must answer as the decision does at any moment."""

from datetime import UTC, datetime, timedelta
from functools import cache
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from engine.domain import calendar
from engine.domain.calendar import SHANGHAI, WorkCalendar, civil_date
from engine.domain.lights import Change, explain, light_at, light_schedule
from engine.errors import Invalid

CALENDARS = Path(__file__).parents[2] / "processes" / "calendars"
MOMENT = timedelta(microseconds=1)


@cache
def office() -> WorkCalendar:
    return WorkCalendar(calendar.load(path.read_bytes()) for path in sorted(CALENDARS.glob("*.toml")))


def shanghai(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=SHANGHAI)


def by_remaining_time(inputs: dict[str, Any]) -> str:
    """The default scheme: yellow at five working days or a fifth of the period, red when overdue."""
    if inputs["overdue"]:
        return "red"
    return "yellow" if inputs["remaining_workdays"] <= 5 or inputs["remaining_share"] <= 0.2 else "green"


def test_the_cleanup_phase_turns_yellow_six_working_days_before_its_end() -> None:
    # 32 working days: a fifth is 6.4, so six left are yellow: 20 June, with 21, 24-28 June to come.
    schedule = light_schedule(shanghai("2024-05-14 18:00"), shanghai("2024-06-28 18:00"), office(), by_remaining_time)

    assert schedule.total_workdays == 32
    assert schedule.yellow_from == shanghai("2024-06-20 00:00")
    assert schedule.red_from == shanghai("2024-06-28 18:00") + MOMENT
    assert schedule.yellow == Change(6, 6 / 32, False)
    assert schedule.red == Change(0, 0.0, True)


@pytest.mark.parametrize(
    ("now", "light"),
    [
        (shanghai("2024-06-20 00:00") - MOMENT, "green"),
        (shanghai("2024-06-20 00:00"), "yellow"),
        (shanghai("2024-06-20 00:00") + MOMENT, "yellow"),
        (shanghai("2024-06-28 18:00") - MOMENT, "yellow"),
        (shanghai("2024-06-28 18:00"), "yellow"),  # done at the due instant is on time
        (shanghai("2024-06-28 18:00") + MOMENT, "red"),
    ],
)
def test_the_light_before_on_and_after_each_boundary(now: datetime, light: str) -> None:
    schedule = light_schedule(shanghai("2024-05-14 18:00"), shanghai("2024-06-28 18:00"), office(), by_remaining_time)

    assert light_at(schedule, now) == light


def test_a_short_item_is_yellow_from_its_start() -> None:
    start = shanghai("2024-06-03 10:00")

    schedule = light_schedule(start, shanghai("2024-06-05 18:00"), office(), by_remaining_time)

    assert schedule.yellow_from == start
    assert light_at(schedule, start) == "yellow"


def test_an_item_due_on_its_own_day_has_no_share_left() -> None:
    schedule = light_schedule(shanghai("2024-06-03 10:00"), shanghai("2024-06-03 18:00"), office(), by_remaining_time)

    assert schedule.total_workdays == 0
    assert schedule.yellow == Change(0, 0.0, False)


def test_an_item_opened_after_its_due_date_is_red_at_once() -> None:
    schedule = light_schedule(shanghai("2024-05-31 10:00"), shanghai("2024-05-10 18:00"), office(), by_remaining_time)

    assert schedule.yellow_from is None
    assert light_at(schedule, shanghai("2024-05-31 10:00")) == "red"


def test_days_off_do_not_bring_the_light_nearer() -> None:
    def at_two(inputs: dict[str, Any]) -> str:
        return "red" if inputs["overdue"] else "yellow" if inputs["remaining_workdays"] <= 2 else "green"

    schedule = light_schedule(shanghai("2024-09-20 09:00"), shanghai("2024-10-09 18:00"), office(), at_two)

    assert schedule.yellow_from == shanghai("2024-09-30 00:00")  # then only 8 and 9 October are left


def test_a_table_may_turn_red_before_the_due_date_and_skip_yellow() -> None:
    def early(inputs: dict[str, Any]) -> str:
        return "red" if inputs["remaining_workdays"] <= 1 else "green"

    schedule = light_schedule(shanghai("2024-06-03 09:00"), shanghai("2024-06-14 18:00"), office(), early)

    assert (schedule.yellow_from, schedule.red_from) == (None, shanghai("2024-06-13 00:00"))
    assert schedule.red == Change(1, 1 / 8, False)


def back_and_forth(inputs: dict[str, Any]) -> str:
    return "red" if inputs["overdue"] else "yellow" if inputs["remaining_workdays"] % 2 else "green"


@pytest.mark.parametrize(
    ("decide", "fault"),
    [
        (lambda inputs: "green", "without red"),
        (lambda inputs: "yellow", "without red"),
        (lambda inputs: "blue", "not green"),
        (back_and_forth, "back to green"),
    ],
)
def test_a_faulty_table_is_named_as_such(decide: Any, fault: str) -> None:
    with pytest.raises(Invalid, match=fault):
        light_schedule(shanghai("2024-06-03 09:00"), shanghai("2024-06-14 18:00"), office(), decide)


def test_the_explanation_says_what_decided() -> None:
    schedule = light_schedule(shanghai("2024-05-14 18:00"), shanghai("2024-06-28 18:00"), office(), by_remaining_time)

    assert explain(schedule, shanghai("2024-05-20 09:00"))[0] == "绿灯：时限2024年6月28日（周五）18:00，尚有余裕"
    assert explain(schedule, shanghai("2024-06-25 09:00")) == (
        "黄灯：2024年6月20日（周四）00:00起剩余6个工作日（共32个，19%），时限2024年6月28日（周五）18:00",
        "Yellow: since Thu 2024-06-20 00:00, when 6 of 32 working days left (19%), due Fri 2024-06-28 18:00",
    )
    assert explain(schedule, shanghai("2024-07-01 09:00"))[1] == "Red: past due Fri 2024-06-28 18:00"


def test_the_table_is_asked_once_a_working_day() -> None:
    asked: list[dict[str, Any]] = []

    def ask(inputs: dict[str, Any]) -> str:
        asked.append(inputs)
        return by_remaining_time(inputs)

    light_schedule(shanghai("2024-05-14 18:00"), shanghai("2024-06-28 18:00"), office(), ask)

    assert [inputs["remaining_workdays"] for inputs in asked] == [*range(32, -1, -1), 0]


@settings(max_examples=60)
@given(
    start=st.datetimes(datetime(2017, 1, 1), datetime(2026, 3, 1), timezones=st.just(UTC)),  # noqa: DTZ001
    length=st.timedeltas(timedelta(hours=1), timedelta(days=120)),
    share=st.floats(0, 1),
)
def test_the_schedule_answers_as_the_table_would_at_any_moment(
    start: datetime, length: timedelta, share: float
) -> None:
    due, now = start + length, start + length * share * 1.1
    schedule = light_schedule(start, due, office(), by_remaining_time)

    total = office().workdays_between(civil_date(start), civil_date(due))
    left = max(office().workdays_between(civil_date(now), civil_date(due)), 0)
    inputs = {"remaining_workdays": left, "remaining_share": left / total if total else 0.0, "overdue": now > due}

    assert light_at(schedule, now) == by_remaining_time(inputs)
