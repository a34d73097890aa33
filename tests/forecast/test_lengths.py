"""How long things take: what a scenario may write, what history shows, and office hours as a line."""

import random
from datetime import date, datetime
from zoneinfo import ZoneInfo

import pytest
from supposed import A_DAY, material

from engine.domain import calendar as calendars
from engine.domain.calendar import WorkCalendar
from engine.errors import Invalid
from engine.forecast.spread import Fixed, Lognormal, Observed, Triangular, from_history, read_spread
from engine.forecast.worktime import WorkTime

BEIJING = ZoneInfo("Asia/Shanghai")


@pytest.mark.parametrize(
    ("written", "read"),
    [
        ("45m", Fixed(45)),
        ({"fixed": "2wh"}, Fixed(120)),
        ({"low": "30m", "mode": "1wh", "high": "1wd"}, Triangular(30, 60, 420)),
        ({"median": "1.5wd", "p90": "4wd"}, Lognormal(630, 1680)),
        ({"observed": ["0m", "5m", "1wd"]}, Observed((0, 5, 420))),
        ("250wd", Fixed(105_000)),
        ("1.333wh", Fixed(79.98)),
        ("0.001wd", Fixed(0.42)),
    ],
)
def test_a_length_is_read_and_written_as_the_same(written: object, read: object) -> None:
    spread = read_spread(written, A_DAY)

    assert spread == read
    assert read_spread(spread.to_json(), A_DAY) == read


@pytest.mark.parametrize(
    "written",
    [5, "5", "5d", "-1m", "1e3m", {"median": "4wd", "p90": "2wd"}, {"low": "1m"}, {"observed": ["9m", "1m"]},
     {"observed": ["1m"]}, {"median": "0m", "p90": "1m"}, [], None, "999999m", "99999wd"],
)  # fmt: skip
def test_a_length_that_cannot_be_is_refused_with_what_to_write(written: object) -> None:
    with pytest.raises(Invalid) as refused:
        read_spread(written, A_DAY)

    assert all(problem.zh and problem.en for problem in refused.value.problems)


def test_half_take_the_median_and_nine_in_ten_the_ninetieth() -> None:
    chance = random.Random(1)
    drawn = sorted(Lognormal(100, 300).draw(chance) for _ in range(4000))

    assert drawn[2000] == pytest.approx(100, rel=0.06)
    assert drawn[3600] == pytest.approx(300, rel=0.1)


def test_every_kind_draws_once_so_that_a_changed_length_changes_nothing_else() -> None:
    kinds = (Fixed(1), Triangular(1, 2, 3), Lognormal(1, 2), Observed((1, 2)))
    after = set()
    for kind in kinds:
        chance = random.Random(7)
        kind.draw(chance)
        after.add(chance.random())

    assert len(after) == 1


def test_tasks_still_open_make_the_learned_length_longer() -> None:
    finished = [(float(minutes), True) for minutes in range(1, 101)]

    known = from_history(finished)
    censored = from_history([*finished, *[(100.0, False)] * 100])

    assert isinstance(known, Observed) and isinstance(censored, Observed)
    assert known.quantiles[20] == pytest.approx(50, abs=1)
    assert censored.quantiles[20] == pytest.approx(100, abs=2)
    assert list(censored.quantiles) == sorted(censored.quantiles)
    assert from_history([(3.0, False)]) is None


def test_what_nobody_has_seen_end_is_supposed_to_end_within_three_times_what_was_watched() -> None:
    known = from_history([*[(100.0 + number, True) for number in range(22)], *[(9_000.0, False)] * 22])

    assert isinstance(known, Observed)
    assert known.quantiles[19] <= 121 < known.quantiles[21] < known.quantiles[-1] == 3 * 9_000
    assert read_spread(known.to_json(), A_DAY) == known


def test_office_hours_are_a_line_without_nights_noons_and_holidays() -> None:
    calendar = WorkCalendar([calendars.load(content) for content in material().calendars])
    work = WorkTime(calendar, date(2024, 4, 29), date(2024, 5, 31))

    def instant(text: str) -> float:
        return datetime.fromisoformat(text).replace(tzinfo=BEIJING).timestamp()

    assert work.a_day == A_DAY
    assert work.later(instant("2024-04-29 11:50"), 20) == instant("2024-04-29 14:40")
    assert work.later(instant("2024-04-29 17:00"), 60) == instant("2024-04-29 18:00")
    assert work.later(instant("2024-04-30 17:59"), 2) == instant("2024-05-06 08:31")  # over the first of May
    assert work.passed(instant("2024-05-03 12:00")) == work.passed(instant("2024-04-30 18:00")) == 2 * A_DAY
