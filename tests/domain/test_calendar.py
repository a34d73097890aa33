"""Working days by the State Council's notices, checked day by day against a second source and by counting."""

import os
import subprocess
import sys
from datetime import UTC, date, datetime, time, timedelta
from functools import cache
from itertools import pairwise
from pathlib import Path
from zoneinfo import ZoneInfo

import holidays
import pytest

from engine.domain import calendar
from engine.domain.calendar import SHANGHAI, OfficeHours, WorkCalendar, YearCalendar
from engine.errors import Invalid

CALENDARS = Path(__file__).parents[2] / "processes" / "calendars"
ONE_DAY = timedelta(days=1)


@cache
def office() -> WorkCalendar:
    return WorkCalendar(calendar.load(path.read_bytes()) for path in sorted(CALENDARS.glob("*.toml")))


def days(first: date, last: date) -> list[date]:
    return [first + timedelta(days=number) for number in range((last - first).days + 1)]


def shanghai(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=SHANGHAI)


def test_every_day_of_2017_to_2026_is_worked_or_off_as_the_second_source_says() -> None:
    second = holidays.country_holidays("CN", years=range(2016, 2028))

    differing = [
        day
        for day in days(date(2017, 1, 1), date(2026, 12, 31))
        if office().is_workday(day) != second.is_working_day(day)
    ]

    assert differing == []


@pytest.mark.parametrize("count", [1, 3, 5, 10, 20, 60])
def test_adding_working_days_equals_counting_them_one_by_one_from_every_start(count: int) -> None:
    worked = [day for day in days(date(2016, 1, 1), date(2027, 12, 31)) if office().is_workday(day)]
    position = {day: number for number, day in enumerate(worked)}
    last_worked = -1

    for day in days(date(2016, 1, 1), date(2026, 12, 31)):
        last_worked = position.get(day, last_worked)
        if day.year >= 2017:
            assert office().add_workdays(day, count) == worked[last_worked + count]
            before = last_worked - count if day in position else last_worked - count + 1
            assert office().add_workdays(day, -count) == worked[before]
            assert office().workdays_between(day, worked[last_worked + count]) == count
            assert office().workdays_between(worked[last_worked + count], day) == -count


def test_adding_no_working_day_answers_the_day_itself_when_it_is_worked() -> None:
    assert office().add_workdays(date(2024, 5, 10), 0) == date(2024, 5, 10)
    assert office().add_workdays(date(2024, 5, 12), 0) == date(2024, 5, 13)


@pytest.mark.parametrize(
    ("day", "is_workday", "name"),
    [
        (date(2024, 4, 27), False, None),
        (date(2024, 4, 28), True, "劳动节"),
        (date(2024, 4, 29), True, None),
        (date(2024, 5, 1), False, "劳动节"),
        (date(2024, 5, 11), True, "劳动节"),
        (date(2024, 5, 12), False, None),
        (date(2024, 6, 7), True, None),
        (date(2024, 6, 10), False, "端午节"),
        (date(2024, 6, 11), True, None),
        (date(2024, 9, 29), True, "国庆节"),
        (date(2024, 9, 30), True, None),
        (date(2024, 10, 1), False, "国庆节"),
        (date(2018, 12, 29), True, "元旦"),  # moved by the notice for 2019
        (date(2018, 12, 31), False, "元旦"),
        (date(2020, 1, 31), False, "春节"),  # 国办发明电〔2020〕1号
    ],
)
def test_days_of_the_notices(day: date, is_workday: bool, name: str | None) -> None:
    assert (office().is_workday(day), office().day_name(day)) == (is_workday, name)


def test_the_cleanup_phase_has_32_working_days_and_the_improvement_phase_66() -> None:
    assert office().workdays_between(date(2024, 5, 14), date(2024, 6, 28)) == 32
    assert office().workdays_between(date(2024, 6, 30), date(2024, 9, 30)) == 66


def test_a_public_notice_of_ten_working_days_that_holds_only_four() -> None:
    # A real 公示 from 2024-09-29 to 10-09 claims ten working days: 29 and 30 September, 8 and 9 October.
    assert office().workdays_between(date(2024, 9, 28), date(2024, 10, 9)) == 4
    assert office().add_workdays(date(2024, 9, 28), 10) == date(2024, 10, 16)


def test_neighbouring_working_days() -> None:
    assert office().next_workday(date(2024, 9, 30)) == date(2024, 10, 8)
    assert office().previous_workday(date(2024, 10, 8)) == date(2024, 9, 30)
    assert office().workday_on_or_after(date(2024, 10, 1)) == date(2024, 10, 8)
    assert office().workday_on_or_before(date(2024, 10, 7)) == date(2024, 9, 30)
    assert office().workday_on_or_before(date(2024, 9, 29)) == date(2024, 9, 29)


def test_a_year_without_a_notice_knows_weekends_and_fixed_holidays_only() -> None:
    fixed = [date(2027, 1, 1), date(2027, 5, 1), date(2027, 5, 2), *days(date(2027, 10, 1), date(2027, 10, 3))]

    off = [day for day in days(date(2027, 1, 1), date(2027, 12, 31)) if not office().is_workday(day)]

    assert off == [day for day in days(date(2027, 1, 1), date(2027, 12, 31)) if day.weekday() >= 5 or day in fixed]
    assert "尚未公布" in office().year(2027).source


@pytest.mark.parametrize(
    ("first", "last", "provisional"),
    [
        (date(2026, 12, 1), date(2026, 12, 28), False),
        (date(2026, 12, 1), date(2026, 12, 29), True),  # the notice for 2027 may still move 29-31 December
        (date(2026, 12, 1), date(2027, 1, 1), True),
        (date(2027, 3, 1), date(2027, 3, 2), True),
        (date(2025, 12, 31), date(2026, 1, 4), False),
        (date(2016, 12, 31), date(2017, 1, 3), True),
    ],
)
def test_what_a_coming_notice_may_still_move_is_provisional(first: date, last: date, provisional: bool) -> None:
    assert office().is_provisional(first, last) is provisional


def test_a_published_notice_settles_the_year_and_changes_the_version() -> None:
    notice = YearCalendar(
        2027, "2027.1", True, "演示通知", frozenset({date(2027, 2, 8)}), frozenset({date(2027, 2, 20)})
    )

    published = office().with_year(notice)

    assert published.is_workday(date(2027, 2, 8)) is False
    assert published.is_workday(date(2027, 2, 20)) is True
    assert published.is_provisional(date(2026, 12, 31), date(2027, 3, 1)) is False
    assert published.version_of(date(2026, 12, 31), date(2027, 3, 1)) == "2026.1+2027.1"
    assert office().version_of(date(2026, 12, 31), date(2027, 3, 1)) == "2026.1+2027.0"
    assert published.version != office().version
    assert WorkCalendar(office().year(year) for year in range(2017, 2027)).version == office().version


def test_business_closes_at_18_in_shanghai() -> None:
    assert office().close_of(date(2024, 6, 28)) == datetime(2024, 6, 28, 10, 0, tzinfo=UTC)
    assert office().opening_of(date(2024, 6, 28)) == datetime(2024, 6, 28, 0, 30, tzinfo=UTC)
    assert office().at(date(2024, 6, 28), "12:00") == datetime(2024, 6, 28, 4, 0, tzinfo=UTC)
    assert office().at(date(2024, 6, 28), "24:00") == datetime(2024, 6, 28, 16, 0, tzinfo=UTC)
    assert office().close_of(date(2024, 6, 28)).tzinfo is UTC


@pytest.mark.parametrize("year", range(2004, 2031))
def test_the_fixed_offset_is_the_offset_of_the_time_zone_database(year: int) -> None:
    for month in (1, 7):
        moment = datetime(year, month, 1, tzinfo=UTC)
        assert moment.astimezone(SHANGHAI).utcoffset() == moment.astimezone(ZoneInfo("Asia/Shanghai")).utcoffset()


@pytest.mark.parametrize("wrong", ["noon", "25:00", "12:60", "9:00", "1200", ""])
def test_a_wrong_time_of_day_is_refused(wrong: str) -> None:
    with pytest.raises(Invalid, match="time of day"):
        office().at(date(2024, 6, 28), wrong)


def test_an_instant_is_refused_where_a_civil_date_is_meant() -> None:
    with pytest.raises(TypeError, match="civil_date"):
        office().is_workday(datetime(2024, 6, 28, 18, 0, tzinfo=UTC))


@pytest.mark.parametrize(
    ("start", "hours", "end"),
    [
        ("2024-06-07 08:30", 3, "2024-06-07 11:30"),
        ("2024-06-07 08:00", 1, "2024-06-07 09:30"),  # before opening
        ("2024-06-07 11:30", 1, "2024-06-07 15:00"),  # over the lunch break
        ("2024-06-07 13:00", 1, "2024-06-07 15:30"),  # in the lunch break
        ("2024-06-07 17:00", 1, "2024-06-07 18:00"),  # ends at the close itself
        ("2024-06-07 17:30", 1, "2024-06-11 09:00"),  # over the Dragon Boat weekend
        ("2024-06-08 10:00", 4, "2024-06-11 15:00"),  # begins on a day off
        ("2024-06-11 09:00", -1, "2024-06-07 17:30"),
        ("2024-06-11 15:00", -4, "2024-06-11 08:30"),
        ("2024-06-11 19:00", -2, "2024-06-11 16:00"),
    ],
)
def test_working_hours_run_while_the_office_is_open(start: str, hours: int, end: str) -> None:
    moved = office().add_working_hours(shanghai(start), hours)

    assert moved == shanghai(end)
    if hours > 0:
        assert office().working_minutes_between(shanghai(start), shanghai(end)) == hours * 60


def test_working_minutes_equal_counting_every_minute() -> None:
    start, end = shanghai("2024-04-26 16:47"), shanghai("2024-05-06 10:13")
    open_minutes = 0
    for number in range(int((end - start) / timedelta(minutes=1))):
        local = start + timedelta(minutes=number)
        clock = local.hour * 60 + local.minute
        open_now = 510 <= clock < 720 or 870 <= clock < 1080
        open_minutes += open_now and office().is_workday(local.date())

    assert office().working_minutes_between(start, end) == open_minutes
    assert office().working_minutes_between(end, start) == -open_minutes


def test_another_office_may_keep_other_hours() -> None:
    summer = OfficeHours(spans=((time(8, 0), time(12, 0)), (time(15, 0), time(18, 30))))

    assert WorkCalendar([], summer).close_of(date(2024, 6, 28)) == shanghai("2024-06-28 18:30")


def test_a_calendar_file_with_faults_lists_them_all() -> None:
    faulty = """
        year = 2024
        version = "2024.9"
        source = "演示"
        holiday = 1
        [[holidays]]
        name = "春节"
        first = 2024-02-10
        last = 2023-02-17
        [[workdays]]
        date = 2024-02-05
        holiday = "春节"
        [[workdays]]
        date = 2025-02-08
        holiday = "春节"
    """

    with pytest.raises(Invalid) as caught:
        calendar.load(faulty.encode())

    assert [problem.where for problem in caught.value.problems] == [
        "holidays.春节", "workdays.2024-02-05.date", "holiday", "2025-02-08",
    ]  # fmt: skip


@pytest.mark.parametrize("junk", [b"\xff\xfe", b"year = ", b""])
def test_junk_is_no_calendar(junk: bytes) -> None:
    with pytest.raises(Invalid):
        calendar.load(junk)


def test_the_files_of_all_years_name_their_notice_and_order_their_days() -> None:
    for path in sorted(CALENDARS.glob("*.toml")):
        year = calendar.load(path.read_bytes())
        assert year.year == int(path.stem)
        assert year.published and f"国务院办公厅关于{year.year}年部分节假日安排的通知（国办发明电〔" in year.source
        assert all(later > earlier for earlier, later in pairwise(sorted(year.holidays | year.workdays)))
        assert set(year.names) == year.holidays | year.workdays


@pytest.mark.parametrize("zone", ["UTC", "America/New_York", "Pacific/Kiritimati", "Asia/Shanghai"])
def test_the_time_zone_of_the_machine_changes_nothing(zone: str) -> None:
    program = """
from datetime import UTC, date, datetime
from engine.domain.calendar import WorkCalendar
from engine.domain.deadline import Timetable
late = datetime(2024, 6, 27, 16, 30, tzinfo=UTC)  # already the 28th in Shanghai
table = Timetable(WorkCalendar([]), late, {"cleanup": (date(2024, 5, 15), date(2024, 6, 28))})
print([table.after("1wd").to_json(), table.after("3wh").to_json(), table.at(late, "12:00").to_json(),
       table.before(table.phase_end("cleanup"), "3wd").to_json(), table.workdays_between(late, "2024-06-28")])
"""
    answers = [
        subprocess.run(
            [sys.executable, "-c", program],
            env={**os.environ, "TZ": tz}, capture_output=True, text=True, check=True, cwd=CALENDARS.parents[1],
        ).stdout
        for tz in ("Asia/Shanghai", zone)
    ]  # fmt: skip

    assert answers[0] == answers[1]
    assert "2024-07-01T10:00:00+00:00" in answers[0]
