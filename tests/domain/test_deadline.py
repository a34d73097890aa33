"""Deadlines by 民法典 第二百零一条 and 第二百零三条, their derivations, and what a diagram may call."""

import json
from datetime import UTC, date, datetime, timedelta
from functools import cache
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.domain import calendar
from engine.domain.calendar import SHANGHAI, WorkCalendar
from engine.domain.deadline import Deadline, Timetable, day_of, fixed, instant_of, weekly
from engine.domain.duration import Duration
from engine.errors import Invalid

CALENDARS = Path(__file__).parents[2] / "processes" / "calendars"
PHASES = {
    "survey": (None, date(2024, 4, 30)),
    "cleanup": (date(2024, 5, 15), date(2024, 6, 28)),
    "improvement": (date(2024, 7, 1), date(2024, 9, 30)),
}


@cache
def office() -> WorkCalendar:
    return WorkCalendar(calendar.load(path.read_bytes()) for path in sorted(CALENDARS.glob("*.toml")))


def shanghai(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=SHANGHAI)


def timetable(now: str = "2024-05-15 09:00") -> Timetable:
    return Timetable(office(), shanghai(now), PHASES)


@pytest.mark.parametrize(
    ("now", "duration", "due"),
    [
        # 民法典 201: the day of the start is not counted, whatever its hour.
        ("2024-06-03 00:00", "5wd", "2024-06-11 18:00"),
        ("2024-06-03 17:59", "5wd", "2024-06-11 18:00"),
        ("2024-06-03 23:59", "5wd", "2024-06-11 18:00"),
        ("2024-04-28 09:00", "10wd", "2024-05-14 18:00"),  # Labour Day, and 11 May is worked
        ("2024-05-01 09:00", "1wd", "2024-05-06 18:00"),  # a start on a day off
        # 民法典 203: a last day that is off moves to the next working day: before, on, after.
        ("2024-06-03 09:00", "4d", "2024-06-07 18:00"),
        ("2024-06-03 09:00", "5d", "2024-06-11 18:00"),
        ("2024-06-03 09:00", "7d", "2024-06-11 18:00"),
        ("2024-06-03 09:00", "8d", "2024-06-11 18:00"),
        ("2024-06-03 09:00", "9d", "2024-06-12 18:00"),
        ("2024-04-12 09:00", "30d", "2024-05-13 18:00"),  # 12 May is a Sunday
        ("2024-04-11 09:00", "30d", "2024-05-11 18:00"),  # 11 May is a Saturday that is worked
        ("2024-06-07 17:00", "4wh", "2024-06-11 11:30"),
        ("2024-06-07 17:00", "48h", "2024-06-09 17:00"),
    ],
)
def test_a_period_ends_where_the_civil_code_ends_it(now: str, duration: str, due: str) -> None:
    deadline = timetable(now).after(duration)

    assert deadline.due_at == shanghai(due)
    assert deadline.start_at == shanghai(now)
    assert deadline.provisional is False


@pytest.mark.parametrize("wrong", ["10", 10, "", "wd", "0wd", "-3wd", "1.5d", "10 days", "10WD", "99999d", None, True])
def test_a_duration_without_a_known_unit_is_refused_with_the_units(wrong: Any) -> None:
    with pytest.raises(Invalid) as caught:
        timetable().after(wrong)

    assert "10wd（工作日）、30d（自然日）、4wh（工作小时）、48h（小时）" in caught.value.problems[0].zh
    assert "10wd (working days)" in caught.value.problems[0].en


def test_a_duration_reads_back_as_it_was_written() -> None:
    assert [str(Duration.parse(text)) for text in ("10wd", " 30 d", "4wh", "48h")] == ["10wd", "30d", "4wh", "48h"]


def test_a_period_may_begin_with_a_deadline_an_instant_a_text_or_a_form_date() -> None:
    table = timetable("2024-05-15 09:00")
    instant = shanghai("2024-06-03 10:00")
    deadline = Deadline(instant, instant, "演示")

    starts = [deadline, deadline.to_json(), instant, "2024-06-03T10:00:00+08:00", "2024-06-03"]

    assert {table.after("5wd", start).due_at for start in starts} == {shanghai("2024-06-11 18:00")}


@pytest.mark.parametrize("naive", [datetime(2024, 6, 3, 10, 0), "2024-06-03T10:00:00", "2024-06-03 10:00"])  # noqa: DTZ001
def test_a_naive_instant_is_refused(naive: Any) -> None:
    with pytest.raises(Invalid, match="time zone"):
        timetable().after("5wd", naive)
    with pytest.raises(Invalid, match="time zone"):
        instant_of(naive)


@pytest.mark.parametrize("wrong", ["tomorrow", 5, True, "2024-13-01", ["2024-06-03"]])
def test_what_is_no_time_is_refused(wrong: Any) -> None:
    with pytest.raises(Invalid):
        timetable().before(wrong, "1d")


def test_hours_need_an_instant_and_not_a_bare_date() -> None:
    with pytest.raises(Invalid):
        timetable().after("48h", "2024-06-03")


def test_a_deadline_and_a_timetable_refuse_naive_instants() -> None:
    with pytest.raises(Invalid, match="time zone"):
        Deadline(datetime(2024, 6, 3), datetime(2024, 6, 3, tzinfo=UTC), "演示")  # noqa: DTZ001
    with pytest.raises(Invalid, match="time zone"):
        Timetable(office(), datetime(2024, 6, 3))  # noqa: DTZ001


@pytest.mark.parametrize(
    ("due", "duration", "moment"),
    [
        ("2024-06-14 12:00", "3wd", "2024-06-11 12:00"),
        ("2024-06-14 12:00", "4wd", "2024-06-07 12:00"),  # over the Dragon Boat weekend
        ("2024-06-14 12:00", "5wd", "2024-06-06 12:00"),
        ("2024-06-16 12:00", "1wd", "2024-06-14 12:00"),  # due on a Sunday
        ("2024-06-14 12:00", "4d", "2024-06-10 12:00"),
        ("2024-06-14 12:00", "4wh", "2024-06-13 17:30"),
        ("2024-06-14 12:00", "24h", "2024-06-13 12:00"),
    ],
)
def test_before_keeps_the_time_of_day_of_the_due_instant(due: str, duration: str, moment: str) -> None:
    assert timetable().before(shanghai(due), duration).due_at == shanghai(moment)


def test_a_reminder_that_lies_in_the_past_is_still_given() -> None:
    table = timetable("2024-06-27 09:00")

    reminder = table.before(table.phase_end("cleanup"), "5wd")

    assert reminder.due_at == shanghai("2024-06-21 18:00")
    assert reminder < table.now()


def test_a_reminder_keeps_the_basis_and_the_derivation_of_its_deadline() -> None:
    table = timetable()
    due = table.after("10wd").with_basis("方案四（二）")

    reminder = table.before(due, "3wd")

    assert reminder.basis == "方案四（二）"
    assert reminder.derivation[:3] == due.derivation


def test_phases_begin_at_the_opening_and_end_at_the_close_of_their_days() -> None:
    table = timetable()

    assert table.phase_start("cleanup").due_at == shanghai("2024-05-15 08:30")
    assert table.phase_end("cleanup").due_at == shanghai("2024-06-28 18:00")


def test_a_phase_without_a_first_day_has_begun() -> None:
    table = timetable("2024-04-12 10:00")

    assert table.phase_start("survey").due_at == shanghai("2024-04-12 10:00")
    assert "没有写明" in table.phase_start("survey").derivation[0][0]


def test_an_unknown_phase_is_refused_with_the_known_ones() -> None:
    with pytest.raises(Invalid) as caught:
        timetable().phase_end("acceptance")

    assert "survey、cleanup、improvement" in caught.value.problems[0].zh


def test_at_moves_a_deadline_within_its_day() -> None:
    table = timetable()

    assert table.at("2024-06-14", "12:00").due_at == shanghai("2024-06-14 12:00")
    assert table.at(date(2024, 6, 14), "24:00").due_at == shanghai("2024-06-15 00:00")
    assert table.at(table.phase_end("cleanup"), "12:00").due_at == shanghai("2024-06-28 12:00")
    assert table.at(table.now(), "18:00").due_at == shanghai("2024-05-15 18:00")


def test_the_later_and_the_earlier_of_two() -> None:
    table = timetable("2024-06-20 09:00")
    ten, end = table.after("10wd"), table.phase_end("cleanup")

    assert table.latest(ten, end).due_at == ten.due_at
    assert table.earliest(ten, end).due_at == end.due_at
    assert table.earliest(ten, "2024-06-21").due_at == shanghai("2024-06-21 18:00")
    assert table.earliest(ten, end).derivation[-1] == ("取较早者", "The earlier one")
    assert table.latest(end) == end
    with pytest.raises(Invalid):
        table.latest()


def test_working_days_between_any_two_times() -> None:
    table = timetable("2024-06-07 23:00")

    assert table.workdays_between(table.now(), "2024-06-14") == 4
    assert table.workdays_between("2024-06-14", table.now()) == -4
    assert table.workdays_between("2024-06-07T23:00:00+08:00", table.phase_end("cleanup")) == 14


def test_deadlines_compare_with_deadlines_instants_and_texts() -> None:
    due = timetable("2024-06-03 09:00").after("5wd")

    assert due > shanghai("2024-06-11 17:59")
    assert due >= "2024-06-11T18:00:00+08:00"
    assert due <= due.to_json()
    assert due < shanghai("2024-06-11 18:01")
    assert not due < due


def test_the_derivation_tells_every_step() -> None:
    due = timetable("2024-04-28 09:00").after("10wd")

    assert due.derivation == (
        (
            "2024年4月28日（周日）起算，当日不计入（民法典第二百零一条）",
            "From 2024-04-28, that day not counted (Civil Code art. 201)",
        ),
        (
            "计10个工作日，扣除周末和劳动节5月1日至5月3日，计入调休上班日5月11日",
            "10 working days counted, without weekends and 2024-05-01, 2024-05-02, 2024-05-03, "
            "with the swapped working days 2024-05-11",
        ),
        (
            "到期：2024年5月14日（周二）18:00，下班时间截止（民法典第二百零三条第二款）",
            "Due Tue 2024-05-14 18:00, close of business (Civil Code art. 203 para. 2)",
        ),
    )
    assert due.rule == 'after("10wd")'
    assert due.calendar_version == "2024.1"


def test_a_moved_last_day_says_why() -> None:
    due = timetable("2024-06-03 09:00").after("7d")

    assert due.derivation[2] == (
        "2024年6月10日（周一）为端午节，顺延至2024年6月11日（周二）（民法典第二百零三条）",
        "2024-06-10 is a day off (端午节): moved to 2024-06-11 (Civil Code art. 203)",
    )


@pytest.mark.parametrize(
    ("now", "duration", "provisional"),
    [
        ("2026-12-18 09:00", "6wd", False),  # to 28 December
        ("2026-12-18 09:00", "7wd", True),  # to 29 December, which the next notice may still move
        ("2026-12-18 09:00", "10wd", True),
        ("2026-12-18 09:00", "30d", True),
        ("2026-12-31 17:00", "2wh", True),
        ("2026-12-18 09:00", "9000h", False),  # plain hours ask no calendar
    ],
)
def test_a_deadline_that_crosses_into_an_unpublished_year_is_provisional(
    now: str, duration: str, provisional: bool
) -> None:
    deadline = timetable(now).after(duration)

    assert deadline.provisional is provisional
    assert any("暂定" in zh for zh, _ in deadline.derivation) is provisional


def test_a_reminder_of_a_provisional_deadline_is_provisional() -> None:
    table = timetable("2026-12-18 09:00")

    assert table.before(table.after("10wd"), "8wd").provisional
    assert table.latest(table.after("1wd"), table.after("10wd")).provisional


def test_json_keeps_every_field() -> None:
    due = timetable("2026-12-18 09:00").after("10wd").with_basis("督办规定")

    assert Deadline.from_json(json.loads(json.dumps(due.to_json()))) == due


@given(
    start=st.datetimes(datetime(2017, 1, 1), datetime(2028, 12, 31), timezones=st.just(UTC)),  # noqa: DTZ001
    amount=st.integers(1, 400),
    unit=st.sampled_from(["wd", "d", "wh", "h"]),
)
def test_any_deadline_lies_after_its_start_and_survives_json(start: datetime, amount: int, unit: str) -> None:
    deadline = Timetable(office(), start).after(f"{amount}{unit}")

    assert deadline.due_at > start
    assert Deadline.from_json(deadline.to_json()) == deadline
    if unit != "h":
        assert office().is_workday(deadline.due_on)


@given(
    start=st.datetimes(datetime(2017, 2, 1), datetime(2026, 6, 30), timezones=st.just(UTC)),  # noqa: DTZ001
    amount=st.integers(1, 60),
)
def test_counting_back_from_a_due_day_meets_the_count_forward(start: datetime, amount: int) -> None:
    table = Timetable(office(), start)

    due = table.after(f"{amount}wd")

    assert table.workdays_between(start, due) == amount
    assert table.workdays_between(table.before(due, f"{amount}wd"), due) == amount


def test_the_seven_fridays_at_noon_of_the_cleanup_phase() -> None:
    # 方案四（二）: 每周五中午下班前.
    dues = weekly(office(), "12:00", date(2024, 5, 15), date(2024, 6, 28))

    assert [due.due_at for due in dues] == [
        shanghai(f"2024-{day} 12:00") for day in ("05-17", "05-24", "05-31", "06-07", "06-14", "06-21", "06-28")
    ]
    assert [due.start_at for due in dues] == [shanghai("2024-05-15 08:30"), *(due.due_at for due in dues[:-1])]


def test_a_friday_off_moves_to_the_working_day_before() -> None:
    dues = weekly(office(), "12:00", date(2024, 9, 23), date(2024, 10, 11))

    assert [due.due_on for due in dues] == [date(2024, 9, 27), date(2024, 9, 30), date(2024, 10, 11)]
    assert "提前至2024年9月30日（周一）" in dues[1].derivation[1][0]


def test_two_fridays_off_in_one_holiday_make_one_report() -> None:
    # 2023-09-29 and 10-06 are both Fridays in the same eight days off.
    dues = weekly(office(), "12:00", date(2023, 9, 22), date(2023, 10, 13))

    assert [due.due_on for due in dues] == [date(2023, 9, 22), date(2023, 9, 28), date(2023, 10, 13)]


def test_a_friday_that_would_move_out_of_the_window_is_dropped() -> None:
    assert weekly(office(), "12:00", date(2024, 10, 1), date(2024, 10, 7)) == []


def test_a_window_may_begin_and_end_on_the_weekday_itself() -> None:
    dues = weekly(office(), "12:00", date(2024, 5, 17), date(2024, 5, 24))

    assert [due.due_on for due in dues] == [date(2024, 5, 17), date(2024, 5, 24)]
    assert weekly(office(), "12:00", date(2024, 5, 18), date(2024, 5, 23)) == []


def test_a_date_written_in_a_plan_does_not_move() -> None:
    due = fixed(office(), date(2017, 12, 31), rule="plan")  # a Sunday, as the Wuyi plan has it

    assert due.due_at == shanghai("2017-12-31 18:00")
    assert due.derivation[1] == ("提示：2017年12月31日（周日）是休息日", "Note: 2017-12-31 is a day off")


def test_the_functions_of_the_contract_are_all_there() -> None:
    assert set(timetable().functions()) == {
        "after", "before", "at", "phase_start", "phase_end", "latest", "earliest", "now", "workdays_between", "beyond",
    }  # fmt: skip


def test_the_day_of_a_time_is_the_day_in_shanghai() -> None:
    assert day_of(datetime(2024, 6, 27, 15, 59, tzinfo=UTC)) == date(2024, 6, 27)
    assert day_of(datetime(2024, 6, 27, 16, 0, tzinfo=UTC)) == date(2024, 6, 28)
    assert day_of(datetime(2024, 6, 27, 16, 0, tzinfo=UTC) + timedelta(hours=1)) == date(2024, 6, 28)


# -- the limit of an extension -----------------------------------------------------------------------------------------
@pytest.mark.parametrize(
    ("length", "start", "limit"),
    [
        ("1d", None, "2024-10-01 18:00"),  # in the holiday: a limit is not moved
        ("30d", None, "2024-10-30 18:00"),
        ("50%", "2024-08-21", "2024-10-20 18:00"),  # of forty days
        ("50%", "2024-08-20", "2024-10-20 18:00"),  # of forty-one: full days only
        ("50%", "2024-08-19", "2024-10-21 18:00"),
        ("100%", "2024-09-29", "2024-10-01 18:00"),
        ("50%", "2024-10-02", "2024-09-30 18:00"),  # begun after it was due: no extension at all
    ],
)
def test_a_limit_lies_days_or_a_share_of_the_period_past_the_due_date(
    length: str, start: str | None, limit: str
) -> None:
    due = shanghai("2024-09-30 18:00")

    found = timetable().beyond(due, length, start)

    assert (found.due_at, found.start_at) == (shanghai(limit), due)
    assert found.rule == f'beyond(due, "{length}")' and all(found.derivation[-1])


@pytest.mark.parametrize(
    ("length", "start"), [("3wd", None), ("48h", None), ("50%", None), ("0%", "2024-08-21"), ("", None)]
)
def test_a_limit_without_days_or_share_is_refused(length: str, start: str | None) -> None:
    with pytest.raises(Invalid) as refused:
        timetable().beyond(shanghai("2024-09-30 18:00"), length, start)

    [problem] = refused.value.problems
    assert problem.zh and problem.en
