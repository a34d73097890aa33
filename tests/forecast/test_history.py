"""What the record teaches a forecast, and how a forecast is judged by what has happened."""

from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from supposed import A_DAY, few, ground, material

from engine.forecast.backtest import backtest
from engine.forecast.history import MIN_KNOWN, Spell, learned, weighed
from engine.forecast.scenario import Answer
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


def test_a_forecast_with_the_record_comes_nearer_to_what_happened_than_one_without() -> None:
    now = BEGAN + timedelta(days=16)  # half of the officers need two days, half need five weeks
    record = [spell(2, proposed="close", is_illegal=True)] * 15 + [spell(None)] * 15
    record += [Spell("survey:review_disposition", BEGAN + timedelta(days=2), BEGAN + timedelta(days=3), {})] * 15

    report = backtest(
        few(1),
        material(),
        arrivals=[(BEGAN, "chengjiao")] * 30,
        spells=record,
        learn_until=BEGAN + timedelta(days=10),
        now=now,
    )

    survey = next(row for row in report.rows if row.place == PLACE)
    assert (report.cases, report.known, survey.really) == (30, 2, 15)
    assert abs(survey.forecast - survey.really) < abs(survey.supposed - survey.really)
    assert report.mean_error < report.supposed_error
    assert report.lines()[1].split() == ["handed", "in", "really", "learnt", "before"]
