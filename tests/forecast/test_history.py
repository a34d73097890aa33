"""What the record teaches a forecast, and how a forecast is judged by what has happened."""

from dataclasses import replace
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from supposed import A_DAY, few, ground, material

from engine.errors import Invalid
from engine.forecast.backtest import Report, backtest
from engine.forecast.history import MIN_KNOWN, Spell, learned, weighed
from engine.forecast.scenario import Answer, Scenario, read_scenario, scenario_toml
from engine.forecast.spread import Observed

PLACE = "survey:survey_site"
BEGAN = datetime(2024, 4, 8, 8, 30, tzinfo=ZoneInfo("Asia/Shanghai"))


def spell(days: int | None, **variables: object) -> Spell:
    return Spell(PLACE, BEGAN, None if days is None else BEGAN + timedelta(days=days), variables)


def test_lengths_and_shares_come_from_the_record_where_there_is_enough_of_it() -> None:
    scenario = few(5)
    record = [spell(2, proposed="close", is_illegal=True)] * 9 + [spell(4, proposed="exclude", is_illegal=False)] * 3
    record += [Spell("report_obligation:submit_report", BEGAN, BEGAN + timedelta(days=1), {})] * 20  # no work of a case
    as_of = BEGAN + timedelta(days=30)

    enough = learned(scenario, ground(scenario), record, as_of)
    short = learned(scenario, ground(scenario), record[: MIN_KNOWN - 1], as_of)

    assert enough.known == {PLACE: 12}
    spread = enough.scenario.waiting[PLACE]
    assert isinstance(spread, Observed)
    assert 1.5 * A_DAY < spread.quantiles[10] <= 2 * A_DAY  # two days, less the work itself
    assert [answer.weight for answer in enough.scenario.answers[PLACE]] == [9, 0, 0, 3]
    assert short.scenario == scenario


def test_an_answer_counts_for_the_one_with_which_it_agrees_most() -> None:
    answers = (Answer(1, {"result": "pass"}), Answer(1, {"result": "fail", "again": True}))

    found = weighed(answers, [{"result": "fail", "again": True}, {"result": "pass"}, {"result": "pass"}, {"other": 1}])

    assert [answer.weight for answer in found] == [2, 1]
    assert weighed(answers, [{"other": 1}]) == answers


def test_what_the_record_taught_is_written_as_a_file_that_reads_as_the_same() -> None:
    record = [spell(2, proposed="close", is_illegal=True)] * 22 + [spell(None)] * 22  # open for two years

    found = learned(few(5), ground(few(5)), record, BEGAN + timedelta(days=730)).scenario

    assert isinstance(found.waiting[PLACE], Observed)
    assert read_scenario(scenario_toml(found), A_DAY) == found
    assert ground(found).scenario == found


# -- judged by what has happened ---------------------------------------------------------------------------------------
LEARNED = BEGAN + timedelta(days=10)
SECOND = BEGAN + timedelta(days=9)  # a Wednesday
ARRIVALS = [*[(BEGAN, "chengjiao")] * 15, *[(SECOND, "chengjiao")] * 3, (BEGAN + timedelta(days=20), "chengjiao")]
FIRST_WAVE = [spell(2, proposed="close", is_illegal=True)] * 15
SECOND_WAVE = [Spell(PLACE, SECOND, SECOND + timedelta(days=2), {"proposed": "close", "is_illegal": True})] * 3


def judged(record: list[Spell], *, scenario: Scenario | None = None, days: int = 16) -> Report:
    now = BEGAN + timedelta(days=days)
    return backtest(scenario or few(1), material(), arrivals=ARRIVALS, spells=record, learn_until=LEARNED, now=now)


def test_a_forecast_with_the_record_comes_nearer_to_what_happened_than_one_without() -> None:
    at_once = replace(few(1), staff={**few(1).staff, "officer@area": 20})

    report = judged([*FIRST_WAVE, *SECOND_WAVE], scenario=at_once)

    survey = next(row for row in report.rows if row.place == PLACE)
    assert (report.cases, report.known, report.judged) == (18, 1, 3)
    assert (survey.really, survey.forecast, survey.supposed) == (3, 3, 1)  # supposed: most are done on the day
    assert report.lines()[0] == (
        "18 cases; learned until 2024-04-18 (1 tasks), judged until 2024-04-24 on 3 tasks closed after that day"
    )
    assert report.lines()[1].split() == ["handed", "in", "really", "learnt", "before"]


def test_a_forecast_is_not_judged_by_the_days_that_it_learned_from() -> None:
    with pytest.raises(Invalid) as refused:
        judged(FIRST_WAVE)

    assert refused.value.code == "forecast.nothing_to_judge"
    assert all(problem.zh and problem.en for problem in refused.value.problems)


def test_what_came_after_the_day_of_judgement_is_no_part_of_it() -> None:
    report = judged([*FIRST_WAVE, *[spell(11, proposed="close", is_illegal=True)] * 2, *SECOND_WAVE], days=11)

    assert [row.really for row in report.rows if row.place == PLACE] == [5]
    assert (report.until.isoformat(), report.cases, report.judged) == ("2024-04-19", 18, 5)
