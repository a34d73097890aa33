"""What an administrator does to an instance by hand: suspend, resume, cancel, set a variable; retry or skip a job."""

import threading
from datetime import timedelta
from typing import Any

import pytest
import sqlalchemy as sa
from scenario import Scenario, fake_letter

from engine.commands.incidents import ResolveIncident
from engine.commands.instances import CancelInstance, ResumeInstance, SetVariable, SuspendInstance
from engine.commands.job_operations import RetryJob, SkipJob
from engine.commands.jobs import ClaimJobs, CompleteJob, FailJob, RunJob
from engine.commands.letters import IssueLetters
from engine.commands.tasks import ClaimTask, CompleteTask
from engine.domain.actor import SYSTEM, Actor
from engine.domain.case import CaseState
from engine.domain.job import ATTEMPTS, Job, JobResult
from engine.errors import EngineError
from engine.ids import CountingIds
from engine.queries import Read
from engine.store import cases as case_store
from engine.store import instances as store
from engine.store.schema import cases, instances, jobs, letter_documents, supervision_items
from engine.store.transaction import Transaction
from engine.worker import Worker

WHY = "复核中（演示）"


def instance_of(scenario: Scenario, case_id: str, kind: str = "case") -> str:
    query = sa.select(instances.c.instance_id).where(instances.c.case_id == case_id, instances.c.kind == kind)
    return str(scenario.rows(query)[0]["instance_id"])


def do(scenario: Scenario, command: Any, by: str = "xitong") -> Any:
    return scenario.engine.execute(command, by=scenario.person(by))


def refusal(scenario: Scenario, command: Any, by: Actor) -> str:
    with pytest.raises(EngineError) as refused:
        scenario.engine.execute(command, by=by)
    return refused.value.code


def held(scenario: Scenario, instance_id: str) -> list[tuple[str, bool]]:
    query = sa.select(jobs.c.state, jobs.c.held_at).where(jobs.c.instance_id == instance_id)
    return [(row["state"], row["held_at"] is not None) for row in scenario.rows(query.order_by(jobs.c.job_id))]


# -- suspend and resume ------------------------------------------------------------------------------------------------
def test_nobody_works_on_a_task_of_a_suspended_instance_until_it_is_resumed(scenario: Scenario) -> None:
    [case] = scenario.register()
    instance_id = instance_of(scenario, case)
    task = scenario.task_of(case, "survey_site")
    officer = scenario.claim(task)

    do(scenario, SuspendInstance(instance_id, WHY))

    done = CompleteTask(task.task_id, {"kinds": ["wu"], "is_illegal": True, "proposed": "close"})
    assert refusal(scenario, done, officer) == "instance_suspended"
    assert refusal(scenario, ClaimTask(task.task_id), officer) == "instance_suspended"
    assert scenario.task_of(case, "survey_site").due_at == task.due_at
    do(scenario, ResumeInstance(instance_id))
    scenario.engine.execute(done, by=officer)
    assert [task.element_id for task in scenario.tasks(case)] == ["review_disposition"]
    assert scenario.engine.read.violations() == ()


def test_the_timers_of_a_suspended_instance_do_not_fire_and_those_that_came_due_fire_on_resumption(
    scenario: Scenario,
) -> None:
    halted, other = scenario.register(2)
    instance_id = instance_of(scenario, halted)
    do(scenario, SuspendInstance(instance_id, WHY))

    scenario.advance("10wd")

    assert {is_held for _, is_held in held(scenario, instance_id)} == {True}
    assert scenario.facts("TimerFired", halted) == []
    assert scenario.facts("TimerFired", other) != []
    do(scenario, ResumeInstance(instance_id))
    scenario.work()
    assert {is_held for _, is_held in held(scenario, instance_id)} == {False}
    fired = [
        [fact["detail"]["name"] for fact in scenario.facts("TimerFired", case) if fact["instance_id"] == of_case]
        for case, of_case in ((halted, instance_id), (other, instance_of(scenario, other)))
    ]
    assert fired[0] == fired[1]
    assert scenario.engine.read.violations() == ()


def test_a_worker_that_has_a_job_of_the_instance_loses_its_lease_and_no_attempt_is_used_up(scenario: Scenario) -> None:
    [case] = scenario.register()
    instance_id = instance_of(scenario, case)
    scenario.clock.set(scenario.engine.read.next_due_at())
    [timer] = scenario.engine.execute(ClaimJobs(), by=SYSTEM)

    do(scenario, SuspendInstance(instance_id, WHY))

    assert scenario.engine.execute(RunJob(timer.job_id, timer.fence), by=SYSTEM) is False
    [row] = scenario.rows(sa.select(jobs).where(jobs.c.job_id == timer.job_id))
    assert (row["state"], row["attempts_left"], row["lease_until"]) == ("OPEN", ATTEMPTS, None)
    assert scenario.engine.execute(ClaimJobs(), by=SYSTEM) == []
    do(scenario, ResumeInstance(instance_id))
    scenario.work()
    assert len(scenario.facts("TimerFired", case)) >= 1


def test_a_job_that_comes_to_a_suspended_instance_is_held_as_well(scenario: Scenario) -> None:
    """The late task is done while its supervision item is suspended: the item hears of it when it is resumed."""
    [case] = scenario.register()
    scenario.advance("10wd")
    item_instance = instance_of(scenario, case, "supervision")
    do(scenario, SuspendInstance(item_instance, WHY))

    scenario.complete("survey_site", case, kinds=["wu"], is_illegal=True, proposed="close")
    scenario.work()

    state = sa.select(supervision_items.c.state).where(supervision_items.c.case_id == case)
    assert scenario.rows(state) == [{"state": "OPEN"}]
    assert scenario.work() == 0
    do(scenario, ResumeInstance(item_instance))
    scenario.work()
    assert scenario.rows(state) == [{"state": "RESOLVED"}]
    assert scenario.engine.read.violations() == ()


def test_what_a_suspension_refuses(scenario: Scenario) -> None:
    [case] = scenario.register()
    instance_id = instance_of(scenario, case)
    admin, officer = scenario.person("xitong"), scenario.person("chengjiao1")

    assert refusal(scenario, SuspendInstance(instance_id, "  "), admin) == "reason_missing"
    assert refusal(scenario, SuspendInstance(instance_id, "很" * 501), admin) == "reason_long"
    assert refusal(scenario, SuspendInstance(instance_id, WHY), officer) == "role_needed"
    assert refusal(scenario, SuspendInstance("nothing", WHY), admin) == "instance_unknown"
    assert refusal(scenario, ResumeInstance(instance_id), admin) == "instance_not_suspended"
    do(scenario, SuspendInstance(instance_id, WHY), by="ducha1")
    assert refusal(scenario, SuspendInstance(instance_id, WHY), admin) == "instance_suspended"
    assert [fact["detail"]["reason"] for fact in scenario.facts("InstanceSuspended", case)] == [WHY]


# -- cancel ------------------------------------------------------------------------------------------------------------
def test_a_cancelled_case_leaves_nothing_alive_and_its_figures_still_add_up(scenario: Scenario) -> None:
    new, surveyed, kept = scenario.register(3)
    for case in (surveyed, kept):
        scenario.survey(case)

    for case in (new, surveyed):
        do(scenario, CancelInstance(instance_of(scenario, case), "重复登记（演示）"))
    scenario.work()

    states = scenario.rows(sa.select(cases.c.case_id, cases.c.state).order_by(cases.c.case_id))
    assert [(row["case_id"], row["state"]) for row in states] == [
        (new, CaseState.EXCLUDED),
        (surveyed, CaseState.EXCLUDED),
        (kept, CaseState.ACTIVE),
    ]
    assert {task.case_id for task in scenario.tasks()} == {kept}
    figures = scenario.engine.read.figures(scenario.campaign)
    assert figures.faults == ()
    assert {name: figures.counts[name] for name in ("registered", "surveyed", "excluded", "retained", "open")} == {
        "registered": 3,
        "surveyed": 3,
        "excluded": 2,
        "retained": 1,
        "open": 1,
    }
    scenario.clock.advance(timedelta(hours=1))
    rebuilt = scenario.engine.read.figures(scenario.campaign, as_of=scenario.now - timedelta(minutes=1))
    assert rebuilt.counts == figures.counts and rebuilt.faults == ()
    assert scenario.engine.read.violations() == ()


def test_what_was_accepted_stays_accepted_when_its_process_is_cancelled(scenario: Scenario) -> None:
    [case] = scenario.register()
    scenario.survey(case)
    scenario.clean_up(case)
    scenario.accept(case)

    do(scenario, CancelInstance(instance_of(scenario, case), WHY), by="ducha1")

    [row] = scenario.rows(sa.select(cases.c.state, cases.c.done_at).where(cases.c.case_id == case))
    assert row["state"] == CaseState.STRUCK_OFF and row["done_at"] is not None
    assert scenario.engine.read.violations() == ()


def test_the_supervision_of_a_cancelled_case_closes_and_its_letters_stay_on_record(scenario: Scenario) -> None:
    [case] = scenario.register()
    scenario.engine.execute(IssueLetters(scenario.campaign, "notice", (case,)), by=scenario.supervisor)
    scenario.advance("15wd")
    assert scenario.rows(sa.select(supervision_items.c.state)) == [{"state": "OPEN"}]
    before = scenario.rows(sa.select(letter_documents.c.letter_id))
    assert before != []

    do(scenario, CancelInstance(instance_of(scenario, case), WHY))
    scenario.work()

    assert {row["state"] for row in scenario.rows(sa.select(supervision_items.c.state))} == {"RESOLVED"}
    assert scenario.rows(sa.select(letter_documents.c.letter_id)) == before
    assert scenario.engine.read.violations() == ()


def test_a_suspended_instance_can_be_cancelled_and_an_ended_one_cannot(scenario: Scenario) -> None:
    [case] = scenario.register()
    instance_id, admin = instance_of(scenario, case), scenario.person("xitong")
    do(scenario, SuspendInstance(instance_id, WHY))

    do(scenario, CancelInstance(instance_id, WHY))

    for command in (
        CancelInstance(instance_id, WHY),
        SuspendInstance(instance_id, WHY),
        ResumeInstance(instance_id),
        SetVariable(instance_id, "name", "别的名字", WHY),
    ):
        assert refusal(scenario, command, admin) == "instance_ended"
    [row] = scenario.rows(sa.select(instances.c.state, instances.c.suspended_at))
    assert (row["state"], row["suspended_at"]) == ("CANCELLED", None)
    assert {state for state, _ in held(scenario, instance_id)} == {"CANCELLED"}
    assert scenario.engine.read.violations() == ()


# -- variables ---------------------------------------------------------------------------------------------------------
def test_a_variable_that_was_set_is_what_the_process_goes_on_with(scenario: Scenario) -> None:
    [case] = scenario.register()
    instance_id = instance_of(scenario, case)

    do(scenario, SetVariable(instance_id, "lead", "sthj", "牵头单位登记错误（演示）"))

    scenario.survey(case)
    assert {group for task in scenario.tasks(case) for group in task.groups} == {("officer", "sthj")}
    [fact] = scenario.facts("VariableSet", case)
    assert fact["detail"] == {
        "name": "lead",
        "was": '"gxj"',
        "becomes": '"sthj"',
        "reason": "牵头单位登记错误（演示）",
    }
    assert fact["person"] == scenario.person("xitong").name
    assert scenario.engine.read.violations() == ()


def test_a_variable_that_a_form_declares_may_be_set_before_anybody_has_filled_it_in(scenario: Scenario) -> None:
    [case] = scenario.register()
    task = scenario.task_of(case, "survey_site")

    do(scenario, SetVariable(instance_of(scenario, case), "kinds", ["wu", "luan"], WHY))

    assert scenario.page(task, scenario.claim(task)).variables["kinds"] == ["wu", "luan"]


@pytest.mark.parametrize(
    ("name", "value", "code"),
    [
        ("no_such_variable", 1, "variable_unknown"),
        ("name", float("nan"), "variable.not_plain"),
        ("name", {1: 2}, "variable.not_plain"),
        ("name", "长" * 20_001, "value_long"),
        ("area", "chengjiao", "variable_same"),
    ],
)
def test_what_may_not_be_set(scenario: Scenario, name: str, value: Any, code: str) -> None:
    [case] = scenario.register()
    command = SetVariable(instance_of(scenario, case), name, value, WHY)

    assert refusal(scenario, command, scenario.person("xitong")) == code
    assert refusal(scenario, command, scenario.supervisor) in (code, "role_needed")
    assert scenario.facts("VariableSet") == []


# -- jobs --------------------------------------------------------------------------------------------------------------
def broken(job: Job, read: Read) -> JobResult:
    raise OSError("打印机卡纸（演示）")


def letter_job(scenario: Scenario) -> str:
    [case] = scenario.register()
    scenario.engine.execute(IssueLetters(scenario.campaign, "notice", (case,)), by=scenario.supervisor)
    [row] = scenario.rows(sa.select(jobs.c.job_id).where(jobs.c.kind == "letter"))
    return str(row["job_id"])


def test_a_job_that_waits_for_its_next_attempt_is_tried_at_once(scenario: Scenario) -> None:
    job_id = letter_job(scenario)
    assert refusal(scenario, RetryJob(job_id, WHY), scenario.supervisor) == "job_not_failed"
    Worker(scenario.engine, {"letter": broken}).run_until_idle()
    assert scenario.work() == 0

    do(scenario, RetryJob(job_id, "已换纸（演示）"))

    assert scenario.work() == 1
    assert len(scenario.rows(sa.select(letter_documents))) == 1
    assert refusal(scenario, SkipJob(job_id, WHY), scenario.supervisor) == "cannot_skip"


def test_a_retried_job_resolves_the_incident_that_speaks_of_it(scenario: Scenario) -> None:
    job_id = letter_job(scenario)
    for _ in range(ATTEMPTS):
        Worker(scenario.engine, {"letter": broken}).run_until_idle()
        scenario.clock.advance(timedelta(hours=9))
    assert len(scenario.engine.read.incidents(SYSTEM)) == 1

    do(scenario, RetryJob(job_id, WHY), by="ducha1")
    scenario.work()

    assert scenario.engine.read.incidents(SYSTEM) == ()
    [resolved] = scenario.engine.read.incidents(SYSTEM, include_resolved=True)
    assert resolved.resolution == "retry"
    assert scenario.engine.read.violations() == ()


def test_a_waiting_service_job_is_skipped_and_the_process_goes_on_without_it(scenario: Scenario) -> None:
    [case] = scenario.register()
    scenario.clock.set(scenario.engine.read.next_due_at())
    [timer] = scenario.engine.execute(ClaimJobs(), by=SYSTEM)
    scenario.engine.execute(RunJob(timer.job_id, timer.fence), by=SYSTEM)
    [job] = scenario.engine.execute(ClaimJobs(), by=SYSTEM)
    assert refusal(scenario, SkipJob(job.job_id, WHY), scenario.supervisor) == "job_not_waiting"
    scenario.engine.execute(FailJob(job.job_id, job.fence, "no paper"), by=SYSTEM)

    do(scenario, SkipJob(job.job_id, WHY))
    scenario.work()

    assert (job.kind, scenario.facts("ReminderSent")) == ("remind", [])
    assert [fact["case_id"] for fact in scenario.facts("JobSkipped")] == [case]
    assert refusal(scenario, SkipJob(timer.job_id, WHY), scenario.supervisor) == "cannot_skip"
    assert scenario.engine.read.violations() == ()


def test_jobs_of_nobody_and_of_suspended_instances_are_left_alone(scenario: Scenario) -> None:
    [case] = scenario.register()
    scenario.clock.set(scenario.engine.read.next_due_at())
    [timer] = scenario.engine.execute(ClaimJobs(), by=SYSTEM)
    scenario.engine.execute(FailJob(timer.job_id, timer.fence, "later"), by=SYSTEM)
    do(scenario, SuspendInstance(instance_of(scenario, case), WHY))

    assert refusal(scenario, RetryJob(timer.job_id, WHY), scenario.supervisor) == "instance_suspended"
    assert refusal(scenario, RetryJob("nothing", WHY), scenario.supervisor) == "job_unknown"
    assert refusal(scenario, RetryJob(timer.job_id, WHY), scenario.person("gxj1")) == "role_needed"
    assert refusal(scenario, RetryJob(timer.job_id, ""), scenario.supervisor) == "reason_missing"


def test_a_letter_of_a_suspended_instance_is_made_after_the_resumption(scenario: Scenario) -> None:
    [case] = scenario.register()
    scenario.complete("survey_site", case, kinds=["wu"], is_illegal=False, proposed="rectify")
    scenario.complete("review_disposition", case, outcome="confirmed")
    [job] = scenario.engine.execute(ClaimJobs(), by=SYSTEM)
    instance_id = instance_of(scenario, case)
    assert (job.kind, job.instance_id) == ("letter", instance_id)
    result = fake_letter(job, scenario.engine.read)

    do(scenario, SuspendInstance(instance_id, WHY))

    assert scenario.engine.execute(CompleteJob(job.job_id, job.fence, result), by=SYSTEM) is False
    assert scenario.work() == 0 and scenario.rows(sa.select(letter_documents)) == []
    do(scenario, ResumeInstance(instance_id))
    assert scenario.work() == 1
    assert len(scenario.rows(sa.select(letter_documents))) == 1
    assert scenario.engine.read.violations() == ()


def test_an_incident_of_a_suspended_instance_is_tried_again_after_the_resumption(scenario: Scenario) -> None:
    [case] = scenario.register()
    scenario.complete("survey_site", case, kinds=["wu"], is_illegal=False, proposed="rectify")
    scenario.complete("review_disposition", case, outcome="confirmed")
    for _ in range(ATTEMPTS):
        [job] = scenario.engine.execute(ClaimJobs(), by=SYSTEM)
        scenario.engine.execute(FailJob(job.job_id, job.fence, "no paper"), by=SYSTEM)
        [row] = scenario.rows(sa.select(jobs.c.due_at).where(jobs.c.job_id == job.job_id))
        scenario.clock.set(max(row["due_at"], scenario.now))
    [incident] = scenario.engine.read.incidents(SYSTEM)
    do(scenario, SuspendInstance(instance_of(scenario, case), WHY))

    retry = ResolveIncident(incident.incident_id, "retry")
    assert refusal(scenario, retry, scenario.supervisor) == "instance_suspended"
    do(scenario, ResumeInstance(instance_of(scenario, case)))
    do(scenario, retry)
    scenario.work()

    assert len(scenario.rows(sa.select(letter_documents))) == 1


def test_whoever_waited_for_a_case_knows_the_phase_it_is_in_by_then(scenario: Scenario) -> None:
    [case] = scenario.register()
    instance_id, known = instance_of(scenario, case), []

    def begun(connection: Any) -> Transaction:
        return Transaction(connection, scenario.now, CountingIds(), SYSTEM, b"")

    def look() -> None:
        with scenario.raw() as connection:
            tx = begun(connection)
            store.lock(tx, instance_id)
            known.append(case_store.phase_of(tx, case))

    thread = threading.Thread(target=look)
    with scenario.raw() as connection:
        store.lock(begun(connection), instance_id)
        thread.start()
        while thread.is_alive() and not is_waited_for(scenario):
            thread.join(timeout=0.01)
        case_store.update(begun(connection), case, phase="cleanup")
    thread.join(timeout=30)

    assert known == ["cleanup"]


def is_waited_for(scenario: Scenario) -> bool:
    """Whether somebody stands before a lock. SQLite lets nobody else begin."""
    if scenario.engine.database.is_sqlite:
        return True
    return bool(scenario.rows(sa.text("SELECT 1 FROM pg_locks WHERE NOT granted")))
