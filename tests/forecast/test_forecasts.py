"""Forecasts run: the real processes on a virtual clock, with few people. One run is looked at from many sides."""

import json
from collections.abc import Iterator
from dataclasses import replace
from datetime import date, timedelta

import pytest
from supposed import A_DAY, always, few, ground, shipped, slow

from engine.errors import Invalid
from engine.forecast.compare import bottlenecks, explained
from engine.forecast.outcome import Load, Result
from engine.forecast.run import ForecastCancelled, run
from engine.forecast.scenario import Answer, Scenario
from engine.forecast.spread import Fixed
from web.studio.forecast_glance import finished_by_both

CASES = 30


def result_of(scenario: Scenario) -> Result:
    return run(ground(scenario))


@pytest.fixture(scope="module")
def planned() -> Result:
    return result_of(few(CASES))


def test_every_case_is_somewhere_and_the_sums_agree(planned: Result) -> None:
    assert planned.cases == CASES == planned.filed_by_week[-1]
    assert planned.finished == planned.finished_by_week[-1]
    assert list(planned.finished_by_week) == sorted(planned.finished_by_week)
    assert sum(planned.dispositions.values()) == CASES
    assert planned.excluded == planned.dispositions["exclude"]
    assert planned.finish_p10 is not None and planned.finish_p50 is not None
    assert planned.finish_p10 <= planned.finish_p50
    judged = sum(share.total for share in planned.late_by_phase.values())
    assert judged == sum(share.total for share in planned.late_by_unit.values())
    assert sum(stay.share for stay in planned.stays) == pytest.approx(1, abs=0.01)


def test_nobody_works_longer_than_the_office_is_open(planned: Result) -> None:
    for load in planned.loads:
        assert sum(load.done) <= sum(load.demand) + 1
        assert all(done <= can + 1 for done, can in zip(load.done, load.capacity, strict=True)), load
    week_of_may_day = planned.weeks.index(date(2024, 4, 29))
    officers = next(load for load in planned.loads if load.role == "officer")
    assert officers.capacity[week_of_may_day] == 2 * A_DAY * officers.people  # 1 to 5 May are days off


def test_the_same_seed_gives_the_same_result_whatever_the_order_of_the_file(planned: Result) -> None:
    scenario = few(CASES)
    turned = {
        name: dict(reversed(getattr(scenario, name).items()))
        for name in ("staff", "effort", "waiting", "answers", "variables")
    }

    assert result_of(replace(scenario, **turned)) == planned


def test_a_result_is_the_same_after_json(planned: Result) -> None:
    assert Result.from_json(json.loads(json.dumps(planned.to_json()))) == planned


def test_a_shorter_clean_up_makes_more_of_it_late_and_the_words_say_so(planned: Result) -> None:
    window = (date(2024, 5, 1), date(2024, 5, 6))
    shorter = result_of(replace(few(CASES), name="短", name_en="Short", phases={"cleanup": window}))

    assert shorter.late_by_phase["cleanup"].late > planned.late_by_phase["cleanup"].late
    assert shorter.dispositions == planned.dispositions  # the same chances otherwise
    first, second = explained(planned, shorter)
    assert "按方案推进" in first.zh and "Short" in first.en
    assert "清理整治" in second.zh and "clean-up" in second.en
    assert len(explained(planned)) == 2


def test_one_case_that_nobody_clears_climbs_the_whole_ladder() -> None:
    scenario = always(
        few(1, until=date(2024, 12, 31)), "survey:survey_site", kinds=["luan"], is_illegal=True, proposed="close"
    )

    result = result_of(slow(scenario, "cleanup:close_checks", 400))

    assert result.rungs == dict.fromkeys(
        ("circular", "notice", "referral", "reminder", "summons", "supervision_letter", "urge"), 1
    )
    assert result.letters == {
        "circular": 1, "minutes": 1, "notice": 2, "referral": 1, "summons": 1, "supervision_letter": 1, "urge": 1,
    }  # fmt: skip
    assert result.late_cases.percent == 100.0
    assert result.late_by_phase["cleanup"].late == 1
    assert result.finished == 0


def test_work_that_is_done_in_time_calls_the_supervision_off() -> None:
    scenario = always(few(1), "survey:survey_site", kinds=["luan"], is_illegal=True, proposed="close")

    late = result_of(slow(scenario, "cleanup:close_checks", 60))  # due on the last day of the phase
    prompt = result_of(slow(scenario, "cleanup:close_checks", 5))

    assert (late.rungs["reminder"], late.finished) == (1, 1)
    assert "referral" not in late.rungs
    assert (prompt.rungs, prompt.finished) == ({}, 1)


def test_another_deadline_of_an_element_is_the_one_that_counts() -> None:
    scenario = always(few(1), "survey:survey_site", kinds=["luan"], is_illegal=True, proposed="close")
    scenario = slow(scenario, "cleanup:close_checks", 8)

    shorter = result_of(replace(scenario, deadlines={"cleanup:close_checks": 'after("3wd")'}))

    assert result_of(scenario).late_by_phase["cleanup"].late == 0
    assert shorter.late_by_phase["cleanup"].late == 1


def test_one_acceptor_can_never_check_twice() -> None:
    scenario = always(few(1), "survey:survey_site", kinds=["luan"], is_illegal=True, proposed="close")
    scenario = always(scenario, "acceptance:site_check", site_check_result="pass")

    result = result_of(replace(scenario, staff={**scenario.staff, "acceptor@office": 1}))

    [acceptor] = [load for load in result.loads if load.role == "acceptor"]
    assert (acceptor.stuck, result.finished) == (1, 0)
    assert bottlenecks(result) == ()  # it waits for nobody
    assert {stay.place: stay.stuck for stay in result.stays if stay.stuck} == {"acceptance:second_check": 1}
    for said in explained(result):
        assert said.zh.startswith("谁都不能办的任务：“第二人复核”1项") and "acceptance (1)" in said.en, said
    others = explained(result_of(scenario), result)
    assert "谁都不能办的任务由0项变为1项" in others[0].zh and "“第二人复核”1项" in others[1].zh
    assert "tasks that nobody may do go from 0 to 1" in others[0].en and "acceptance (1)" in others[1].en


def test_where_nobody_works_everything_that_fell_due_is_late() -> None:
    nobody = dict.fromkeys(few(1).staff, 0)

    result = result_of(few(4, staff=nobody, until=date(2024, 5, 31)))

    assert (result.finished, result.late_cases.percent, result.late_cases.total) == (0, 100.0, 4)
    assert "4" in explained(result)[0].zh and "100.0%" in explained(result)[0].zh
    assert "人手够用" not in explained(result)[1].zh


def test_the_last_day_counts_for_cases_as_for_their_tasks() -> None:
    scenario = always(few(1), "survey:survey_site", kinds=["luan"], is_illegal=True, proposed="close")
    scenario = slow(scenario, "cleanup:close_checks", 400)

    result = result_of(replace(scenario, until=date(2024, 6, 28)))  # the last day of the phase

    assert result.late_by_phase["cleanup"].late == 1
    assert (result.late_cases.late, result.late_cases.total) == (1, 1)


def test_an_answer_that_a_table_refuses_is_given_otherwise() -> None:
    place = "improvement:report_standard"
    scenario = always(few(1), "survey:survey_site", kinds=["wu"], is_illegal=False, proposed="rectify")
    too_much = Answer(1_000_000, {"extension_asked": True, "extension_wanted": "2025-12-31"})
    meets = scenario.answers[place][0]

    result = result_of(replace(scenario, answers={**scenario.answers, place: (too_much, meets)}))

    assert result.finished == 1
    assert "improvement:review_extension" not in [stay.place for stay in result.stays]
    with pytest.raises(Invalid) as refused:
        result_of(replace(scenario, answers={**scenario.answers, place: (too_much,)}))
    assert [problem.where for problem in refused.value.problems] == ["extension_wanted"]


@pytest.mark.parametrize("answer", ["=nobody_says_this", "@nobody_says_this", "@kinds"])
def test_an_answer_that_cannot_be_computed_says_which_one(answer: str) -> None:
    scenario = always(few(1), "survey:survey_site", kinds=["wu"], is_illegal=False, proposed=answer)

    with pytest.raises(Invalid) as refused:
        result_of(scenario)

    assert [problem.where for problem in refused.value.problems] == ["answers.survey:survey_site.proposed"]


def test_a_task_that_its_own_deadline_takes_back_is_late() -> None:
    scenario = always(few(1), "survey:survey_site", kinds=["wu"], is_illegal=False, proposed="rectify")

    result = result_of(slow(scenario, "improvement:report_standard", 300))

    assert result.late_by_phase["improvement"].late == 1
    assert {stay.place: stay.done for stay in result.stays}["improvement:close_by_law_decision"] == 1


def test_a_queue_shows_as_the_bottleneck() -> None:
    scenario = few(
        40, effort={**shipped().effort, "survey:review_disposition": shipped().effort["cleanup:close_checks"]}
    )

    result = result_of(replace(scenario, until=date(2024, 6, 30)))

    assert bottlenecks(result)[0].place == "survey:review_disposition"
    assert "审定处置方式" in explained(result)[1].zh


def test_a_forecast_can_be_cancelled_and_tells_how_far_it_is() -> None:
    told: list[tuple[int, int, date]] = []
    answers: Iterator[bool] = iter([False, True])

    with pytest.raises(ForecastCancelled):
        run(ground(few(400)), progress=lambda *news: told.append(news), is_cancelled=lambda: next(answers))

    assert len(told) == 2
    assert all(total == 400 and day >= date(2024, 4, 8) for _, total, day in told)


def test_what_is_left_over_grows_until_somebody_works_it_off() -> None:
    load = Load(
        role="officer",
        unit="x",
        people=1,
        demand=(10.0, 0.0, 5.0),
        done=(4.0, 4.0, 4.0),
        withdrawn=(0.0, 1.0, 0.0),
        capacity=(9.0, 9.0, 9.0),
        stuck=0,
    )

    assert load.backlog == (6.0, 1.0, 2.0)


def test_what_a_process_takes_back_waits_for_nobody_any_more() -> None:
    scenario = few(2, areas={"chengjiao": 1}, effort={"improvement:report_standard": Fixed(400 * A_DAY)}, waiting={})
    scenario = always(scenario, "survey:survey_site", kinds=["wu"], is_illegal=False, proposed="rectify")
    scenario = slow(scenario, "improvement:report_standard", 20)  # both surveys are done by then

    result = result_of(replace(scenario, until=date(2024, 12, 31)))

    [load] = [load for load in result.loads if (load.role, load.unit) == ("officer", "chengjiao")]
    assert sum(load.withdrawn) == 400 * A_DAY  # of the other somebody is in the midst
    assert load.backlog[-1] == 400 * A_DAY < max(load.backlog)


def test_two_forecasts_of_different_length_are_compared_on_a_day_that_both_reach(planned: Result) -> None:
    week = next(n for n, monday in enumerate(planned.weeks) if planned.finished_by_week[n] > 0)
    end = planned.weeks[week + 1] + timedelta(days=2)  # a Wednesday: the week before it is over
    weeks, counts = planned.weeks[: week + 2], planned.finished_by_week[: week + 2]
    shorter = replace(planned, until=end, weeks=weeks, finished_by_week=counts, finished=counts[-1])

    assert finished_by_both(planned, planned) == (planned.until, (planned.finished, planned.finished))
    sunday = planned.weeks[week] + timedelta(days=6)
    for pair in ((planned, shorter), (shorter, planned)):
        assert finished_by_both(*pair) == (sunday, (counts[week], counts[week]))
