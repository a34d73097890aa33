"""What came due while nobody worked: one reminder for each item, one rung for each item, in order, and the rest on
record."""

from collections import Counter
from datetime import timedelta

import pytest
import sqlalchemy as sa
from scenario import Scenario, at

from engine.commands.jobs import ClaimJobs, RunJob
from engine.domain.actor import SYSTEM
from engine.domain.job import LATE_AFTER
from engine.store.schema import jobs, reminders, rungs, supervision_items, tasks
from engine.worker import Worker

REMINDED = sa.select(reminders.c.task_id, reminders.c.role, reminders.c.unit_id, reminders.c.message, reminders.c.at)
RUNGS = sa.select(rungs.c.item_id, rungs.c.instrument, rungs.c.at)


def reminded(scenario: Scenario) -> Counter[str]:
    """How many reminders each task has brought to each addressee, at most."""
    return Counter(str((row["task_id"], row["role"], row["unit_id"])) for row in scenario.rows(REMINDED))


@pytest.mark.parametrize("batch", [1, 20])
def test_of_two_reminders_about_one_item_the_newest_is_sent(scenario: Scenario, batch: int) -> None:
    cases = scenario.register(3)
    scenario.work()

    scenario.clock.set(at("2024-05-27 20:00"))  # a reminder was due on 05-22, the tasks at 18:00 today
    Worker(scenario.engine, {}, batch=batch).run_until_idle()

    assert [row["message"] for row in scenario.rows(REMINDED)] == ["事项已到期，请立即办理。"] * 3
    assert sorted(fact["case_id"] for fact in scenario.facts("ReminderMissed")) == sorted(cases)
    assert {fact["detail"]["came_due_at"] for fact in scenario.facts("ReminderMissed")} == {"2024-05-22T10:00:00+00:00"}
    assert len(scenario.facts("ReminderSent")) == 3
    assert scenario.engine.read.violations() == ()


def test_after_sixty_days_without_a_worker_each_item_is_reminded_of_once(scenario: Scenario) -> None:
    scenario.register(3)
    scenario.work()

    scenario.clock.advance(timedelta(days=60))
    scenario.work()

    assert list(reminded(scenario).values()) == [1, 1, 1]
    assert len(scenario.facts("SupervisionOpened")) == 3
    assert scenario.engine.read.violations() == ()


def test_sixty_days_of_downtime_in_mid_campaign_send_one_reminder_and_climb_one_rung_each(scenario: Scenario) -> None:
    late, fresh, under_way = scenario.register(3)
    scenario.survey(late)
    scenario.survey(under_way)
    scenario.until("2024-06-28 18:30")  # both cleanups are overdue and under supervision, the survey long since
    already = len(scenario.rows(REMINDED)), Counter(row["item_id"] for row in scenario.rows(RUNGS))
    stopped_at = scenario.now

    scenario.clock.advance(timedelta(days=60))
    scenario.work()

    new = [row for row in scenario.rows(REMINDED) if row["at"] > stopped_at]
    per_item = Counter((row["task_id"], row["role"], row["unit_id"]) for row in new)
    climbed = Counter(row["item_id"] for row in scenario.rows(RUNGS) if row["at"] > stopped_at)
    assert max(per_item.values(), default=0) <= 1 and max(climbed.values(), default=0) <= 1
    assert already[1] and len(scenario.rows(sa.select(supervision_items))) == 3
    due = scenario.engine.read.next_due_at()
    assert due is None or due > scenario.now  # the next rung counts from today
    assert scenario.engine.read.case(scenario.supervisor, fresh).row.case_id == fresh
    assert scenario.engine.read.violations() == ()


def test_the_timers_of_an_instance_fire_in_the_order_they_were_due(scenario: Scenario) -> None:
    scenario.register(4)
    due = {row["job_id"]: row["due_at"] for row in scenario.rows(sa.select(jobs).where(jobs.c.kind == "timer"))}
    scenario.clock.advance(timedelta(days=60))

    scenario.work()

    fired: dict[str, list[str]] = {}
    for fact in scenario.facts("TimerFired"):
        fired.setdefault(fact["instance_id"], []).append(fact["detail"]["job"])
    orders = [[due[job] for job in fires if job in due] for fires in fired.values()]
    assert len(orders) == 4 and all(len(order) == 2 and order == sorted(order) for order in orders)


@pytest.mark.parametrize(("minutes", "missed"), [(-1, 0), (0, 0), (1, 1)])
def test_a_reminder_is_late_after_ten_minutes(scenario: Scenario, minutes: int, missed: int) -> None:
    """The first of two reminders about the same task: in time it is sent, late it gives way to the second, with which
    the ladder begins when the task is overdue."""
    scenario.register()
    scenario.until("2024-05-22 17:59")
    query = sa.select(jobs).where(jobs.c.kind == "timer", jobs.c.state == "OPEN").order_by(jobs.c.due_at)
    timer, overdue = scenario.rows(query)
    due_at = overdue["due_at"] - timedelta(seconds=1)  # the overdue timer follows at once
    with scenario.raw() as connection:
        connection.execute(jobs.update().where(jobs.c.job_id == timer["job_id"]).values(due_at=due_at))

    scenario.clock.set(due_at + LATE_AFTER + timedelta(minutes=minutes))
    scenario.work()

    assert len(scenario.facts("ReminderMissed")) == missed
    assert len(scenario.facts("ReminderSent")) == 2 - missed


def test_a_late_reminder_without_a_newer_one_is_sent(scenario: Scenario) -> None:
    scenario.register()

    scenario.clock.set(at("2024-05-24 09:00"))  # the reminder was due on 05-22, the task is due on 05-27
    scenario.work()

    assert len(scenario.facts("ReminderSent")) == 1 and scenario.facts("ReminderMissed") == []


def test_a_late_reminder_waits_for_a_timer_that_another_worker_is_firing(scenario: Scenario) -> None:
    scenario.register()
    scenario.clock.set(at("2024-05-27 20:00"))
    [first, second] = scenario.engine.execute(ClaimJobs(), by=SYSTEM)
    scenario.engine.execute(RunJob(first.job_id, first.fence), by=SYSTEM)

    scenario.work()  # the reminder alone: the other worker has the second timer
    before = len(scenario.facts("ReminderSent")), len(scenario.facts("ReminderMissed"))
    scenario.engine.execute(RunJob(second.job_id, second.fence), by=SYSTEM)
    scenario.clock.advance(timedelta(seconds=10))
    scenario.work()

    assert before == (0, 0)
    assert (len(scenario.facts("ReminderSent")), len(scenario.facts("ReminderMissed"))) == (1, 1)


def test_a_missed_reminder_holds_nothing_up(scenario: Scenario) -> None:
    [case] = scenario.register()
    scenario.clock.advance(timedelta(days=60))
    scenario.work()

    scenario.survey(case)

    live = {row["element_id"] for row in scenario.rows(sa.select(tasks).where(tasks.c.state == "OPEN"))}
    assert "close_checks" in live
    assert {row["state"] for row in scenario.rows(sa.select(jobs.c.state).where(jobs.c.kind == "remind"))} == {"DONE"}
    assert scenario.engine.read.violations() == ()
