"""Due dates, yellow instants, timers and reminders on a clock that stands where it is put."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
import sqlalchemy as sa
from scenario import NewScenario, Scenario, at

from engine import plans
from engine.commands.clock import SetDemoClock, StartDemo
from engine.domain.actor import SYSTEM
from engine.errors import Refused, Rejected
from engine.store.schema import jobs, tasks
from engine.store.transaction import Reader

TIMERS = sa.select(jobs.c.element_id, jobs.c.due_at).where(jobs.c.kind == "timer", jobs.c.state == "OPEN")


def test_a_task_says_when_it_is_due_when_it_turns_yellow_and_why(scenario: Scenario) -> None:
    [case] = scenario.register()

    page = scenario.page(scenario.task_of(case, "survey_site"), scenario.person("chengjiao1"))
    [row] = scenario.rows(sa.select(tasks.c.due_at, tasks.c.due_original_at, tasks.c.yellow_at))

    # registered after the survey's end: five working days from Monday 05-20, due at the close of Monday 05-27
    assert page.due_at == row["due_at"] == row["due_original_at"] == at("2024-05-27 18:00")
    assert row["yellow_at"] == at("2024-05-20 09:00")  # not more than five working days were left from the start
    assert (page.light, page.workdays_left, page.is_provisional) == ("yellow", 5, False)
    assert page.deadline is not None and page.deadline["basis"] == "方案四（一）"
    assert page.deadline["expression"] == 'latest(phase_end("survey"), after("5wd"))'


@pytest.mark.parametrize(("seconds", "light"), [(-1, "green"), (0, "yellow"), (1, "yellow")])
def test_a_task_turns_yellow_at_its_instant(scenario: Scenario, seconds: int, light: str) -> None:
    [case] = scenario.register()
    scenario.survey(case)
    task = scenario.task_of(case, "close_checks")

    scenario.clock.set(at("2024-06-21 00:00") + timedelta(seconds=seconds))  # five working days before 06-28

    assert scenario.page(task, scenario.supervisor).light == light


@pytest.mark.parametrize(("seconds", "light"), [(-1, "yellow"), (0, "yellow"), (1, "red")])
def test_a_task_turns_red_after_its_due_instant(scenario: Scenario, seconds: int, light: str) -> None:
    [case] = scenario.register()

    scenario.clock.set(at("2024-05-27 18:00") + timedelta(seconds=seconds))

    assert scenario.page(scenario.task_of(case, "survey_site"), scenario.supervisor).light == light


@pytest.mark.parametrize(("seconds", "fired"), [(-1, 0), (0, 1), (1, 1)])
def test_a_timer_fires_at_its_instant_and_never_before(scenario: Scenario, seconds: int, fired: int) -> None:
    scenario.register()
    first = min(row["due_at"] for row in scenario.rows(TIMERS))

    scenario.clock.set(first + timedelta(seconds=seconds))
    scenario.work()

    assert len(scenario.facts("TimerFired")) == fired


def test_every_timer_fires_once_however_often_the_worker_looks(scenario: Scenario) -> None:
    scenario.register()

    scenario.until("2024-05-22 18:00")
    for _ in range(3):
        scenario.work()

    assert [fact["at"] for fact in scenario.facts("TimerFired")] == [at("2024-05-22 18:00")]
    assert len(scenario.facts("ReminderSent")) == 1


def test_a_reminder_reaches_those_whose_turn_it_is_until_the_work_is_done(scenario: Scenario) -> None:
    [case] = scenario.register()
    clerk, stranger = scenario.person("chengjiao2"), scenario.person("baohan1")

    scenario.until("2024-05-22 18:00")
    reminded = scenario.engine.read.reminders(clerk)
    scenario.complete("survey_site", case, kinds=["wu"], is_illegal=True, proposed="close")

    assert [(reminder.case_id, reminder.at) for reminder in reminded] == [(case, at("2024-05-22 18:00"))]
    assert scenario.engine.read.reminders(stranger) == scenario.engine.read.reminders(clerk) == ()


def test_the_timers_of_finished_work_are_silent(scenario: Scenario) -> None:
    [case] = scenario.register()
    armed = {row["element_id"] for row in scenario.rows(TIMERS)}

    scenario.complete("survey_site", case, kinds=["wu"], is_illegal=True, proposed="close")

    assert armed & {row["element_id"] for row in scenario.rows(TIMERS)} == set()
    scenario.until("2024-05-22 17:59")
    assert scenario.facts("TimerFired") == []


def test_a_case_shows_the_due_date_of_its_disposition_and_keeps_the_first_one(scenario: Scenario) -> None:
    [case] = scenario.register()
    scenario.survey(case)

    row = scenario.engine.read.case(scenario.supervisor, case).row

    # phase_end("cleanup") is later than ten working days
    assert row.due_at == row.due_original_at == at("2024-06-28 18:00")


def test_what_was_missed_while_nobody_worked_is_done_once_and_in_order(scenario: Scenario) -> None:
    scenario.register(2)

    scenario.clock.set(at("2024-05-28 09:00"))
    scenario.work()

    fired = scenario.facts("TimerFired")
    assert len(fired) == len({(fact["instance_id"], fact["detail"]["name"]) for fact in fired}) == 4
    assert len(scenario.facts("SupervisionOpened")) == 2
    assert scenario.engine.read.violations() == ()


# -- the clock of a demo -----------------------------------------------------------------------------------------------
def test_the_clock_moves_in_a_demo_only(scenario: Scenario) -> None:
    with pytest.raises(Refused) as refused:
        scenario.engine.execute(SetDemoClock(at("2024-06-01 09:00"), scenario.now), by=SYSTEM)

    assert refused.value.code == "not_a_demo"
    assert scenario.engine.read.now() == at("2024-05-20 09:00")


def test_the_demo_clock_goes_forward_and_timers_follow(scenario: Scenario) -> None:
    scenario.register()
    wall = scenario.now
    scenario.engine.execute(StartDemo(at("2024-05-20 09:00"), wall), by=SYSTEM)

    scenario.engine.execute(SetDemoClock(at("2024-05-22 18:00"), wall), by=SYSTEM)
    scenario.work()

    assert scenario.engine.read.now() == at("2024-05-22 18:00")
    assert len(scenario.facts("TimerFired")) == 1
    with pytest.raises(Rejected) as refused:
        scenario.engine.execute(SetDemoClock(at("2024-05-22 17:59"), wall), by=SYSTEM)
    assert refused.value.code == "clock_backwards"


def test_a_demo_may_stand_in_another_year_than_the_computer(new_scenario: NewScenario) -> None:
    scenario = new_scenario(moment="2024-05-20 09:00")
    scenario.clock.set(datetime(2031, 1, 1, tzinfo=UTC))
    scenario.engine.execute(StartDemo(at("2024-05-20 09:00"), scenario.now), by=SYSTEM)

    [case] = scenario.register()

    assert scenario.page(scenario.task_of(case, "survey_site"), scenario.supervisor).due_at == at("2024-05-27 18:00")


class Forgetful(dict[Any, Any]):
    """What is remembered, while another thread clears it again and again."""

    def __setitem__(self, key: Any, value: Any) -> None:
        return None


def test_what_another_thread_has_forgotten_meanwhile_is_asked_again(scenario: Scenario) -> None:
    due, campaign = at("2024-06-10 18:00"), scenario.campaign

    with scenario.engine.database.read() as connection:
        remembering, forgetting = (Reader(connection, scenario.now, b"", known) for known in ({}, Forgetful()))
        found = [
            plans.lighting(reader, campaign, scenario.now, due) for reader in (remembering, remembering, forgetting)
        ]

    assert found[0]["yellow_at"] is not None
    assert found == [found[0]] * 3
