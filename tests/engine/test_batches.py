"""One operation on many: an outcome for each item, pause and cancel between items, and a death in the middle."""

import os
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from typing import Any

import psycopg
import pytest
import sqlalchemy as sa
from scenario import NewScenario, Scenario

from engine.commands.batches import CancelBatch, ContinueBatch, PauseBatch, RunBatchJob, StartBatch, WorkBatch
from engine.commands.instances import SuspendInstance
from engine.commands.jobs import ClaimJobs, FailJob
from engine.domain.actor import SYSTEM
from engine.domain.batch import BatchState, ItemState
from engine.domain.job import ATTEMPTS, LEASE_SECONDS
from engine.errors import EngineError
from engine.ids import TimeOrderedIds
from engine.store.batches import is_fault_of_the_database
from engine.store.schema import batch_items, batches, incidents, instances, jobs, persons
from engine.worker import Worker

WHY = "专项行动暂停（演示）"


def instance_ids(scenario: Scenario) -> list[str]:
    query = sa.select(instances.c.instance_id).where(instances.c.kind == "case").order_by(instances.c.business_key)
    return [row["instance_id"] for row in scenario.rows(query)]


def start(scenario: Scenario, kind: str, *subjects: str, by: str = "xitong", **parameters: Any) -> str:
    command = StartBatch(kind, subjects, parameters, WHY)
    return str(scenario.engine.execute(command, by=scenario.person(by)))


def outcome(scenario: Scenario, batch_id: str) -> tuple[str, list[str]]:
    [batch] = scenario.rows(sa.select(batches.c.state).where(batches.c.batch_id == batch_id))
    items = sa.select(batch_items.c.state).where(batch_items.c.batch_id == batch_id).order_by(batch_items.c.position)
    return batch["state"], [row["state"] for row in scenario.rows(items)]


def suspended(scenario: Scenario) -> list[str]:
    query = sa.select(instances.c.instance_id).where(instances.c.suspended_at.is_not(None))
    return sorted(row["instance_id"] for row in scenario.rows(query))


def refusal(scenario: Scenario, command: Any, login: str = "xitong") -> str:
    with pytest.raises(EngineError) as refused:
        scenario.engine.execute(command, by=scenario.person(login))
    return refused.value.code


def test_the_worker_does_a_batch_item_by_item_in_the_name_of_who_started_it(scenario: Scenario) -> None:
    scenario.register(3)
    ids = instance_ids(scenario)

    batch_id = start(scenario, "suspend", *ids, ids[0])
    assert suspended(scenario) == []
    scenario.work()

    assert outcome(scenario, batch_id) == (BatchState.DONE, [ItemState.DONE] * 3)
    assert suspended(scenario) == sorted(ids)
    assert {fact["person"] for fact in scenario.facts("InstanceSuspended")} == {scenario.person("xitong").name}
    assert {fact["detail"]["reason"] for fact in scenario.facts("InstanceSuspended")} == {WHY}
    assert scenario.work() == 0
    assert scenario.engine.read.violations() == ()


def test_an_item_that_cannot_be_done_says_why_and_the_rest_goes_on(scenario: Scenario) -> None:
    scenario.register(3)
    ids = instance_ids(scenario)
    scenario.engine.execute(SuspendInstance(ids[1], WHY), by=SYSTEM)

    batch_id = start(scenario, "suspend", ids[0], ids[1], "nothing", ids[2])
    scenario.work()

    assert outcome(scenario, batch_id) == (
        BatchState.DONE,
        [ItemState.DONE, ItemState.FAILED, ItemState.FAILED, ItemState.DONE],
    )
    query = sa.select(batch_items).where(batch_items.c.batch_id == batch_id, batch_items.c.state == "FAILED")
    told = scenario.rows(query.order_by(batch_items.c.position))
    assert [row["error"]["code"] for row in told] == ["instance_suspended", "instance_unknown"]
    assert told[1]["message_en"] == "There is no process instance nothing."
    assert sorted(suspended(scenario)) == sorted(ids)
    assert len(scenario.facts("InstanceSuspended")) == 3


def test_an_item_that_breaks_in_the_middle_leaves_nothing_behind(scenario: Scenario) -> None:
    """The instance's stored state is damaged: the register was changed before that comes to light."""
    scenario.register(2)
    damaged, sound = instance_ids(scenario)
    with scenario.raw() as connection:
        connection.execute(instances.update().where(instances.c.instance_id == damaged).values(blob=b"damaged" * 9))

    batch_id = start(scenario, "cancel", damaged, sound)
    scenario.work()

    assert outcome(scenario, batch_id) == (BatchState.DONE, [ItemState.FAILED, ItemState.DONE])
    assert [fact["instance_id"] for fact in scenario.facts("InstanceCancelled")] == [sound]
    counts = scenario.engine.read.figures(scenario.campaign)
    assert (counts.counts["excluded"], counts.counts["open"], counts.faults) == (1, 1, ())


def test_a_batch_sets_one_value_everywhere_and_tries_jobs_again(scenario: Scenario) -> None:
    scenario.register(2)
    scenario.clock.set(scenario.engine.read.next_due_at())
    timers = scenario.engine.execute(ClaimJobs(), by=SYSTEM)
    for job in timers:
        scenario.engine.execute(FailJob(job.job_id, job.fence, "later"), by=SYSTEM)

    setting = start(scenario, "set_variable", *instance_ids(scenario), name="area", value="nanlong")
    retrying = start(scenario, "retry_job", *(job.job_id for job in timers))
    scenario.work()

    assert outcome(scenario, setting) == (BatchState.DONE, [ItemState.DONE] * 2)
    assert outcome(scenario, retrying) == (BatchState.DONE, [ItemState.DONE] * len(timers))
    assert len(scenario.facts("VariableSet")) == 2
    assert len(scenario.facts("TimerFired")) == len(timers)


def test_a_paused_batch_goes_on_where_it_stood(scenario: Scenario) -> None:
    scenario.register(4)
    ids, admin = instance_ids(scenario), scenario.person("xitong")
    batch_id = start(scenario, "suspend", *ids)
    assert scenario.engine.execute(WorkBatch(batch_id), by=admin) is True

    scenario.engine.execute(PauseBatch(batch_id), by=admin)
    scenario.work()

    assert outcome(scenario, batch_id) == (BatchState.PAUSED, [ItemState.DONE] + [ItemState.PENDING] * 3)
    assert scenario.engine.execute(WorkBatch(batch_id), by=admin) is False
    scenario.engine.execute(ContinueBatch(batch_id), by=admin)
    scenario.work()
    assert outcome(scenario, batch_id) == (BatchState.DONE, [ItemState.DONE] * 4)


def test_a_batch_paused_and_continued_before_the_worker_looked_has_one_job(scenario: Scenario) -> None:
    scenario.register(2)
    admin = scenario.person("xitong")
    batch_id = start(scenario, "suspend", *instance_ids(scenario))
    scenario.engine.execute(PauseBatch(batch_id), by=admin)
    scenario.engine.execute(ContinueBatch(batch_id), by=admin)

    assert len(scenario.rows(sa.select(jobs.c.job_id).where(jobs.c.kind == "batch"))) == 1
    scenario.work()
    assert outcome(scenario, batch_id)[0] == BatchState.DONE


def test_cancelling_leaves_what_is_done_and_does_not_begin_the_rest(scenario: Scenario) -> None:
    scenario.register(3)
    ids, admin = instance_ids(scenario), scenario.person("xitong")
    batch_id = start(scenario, "suspend", *ids)
    scenario.engine.execute(WorkBatch(batch_id), by=admin)

    scenario.engine.execute(CancelBatch(batch_id), by=admin)
    scenario.work()

    assert outcome(scenario, batch_id) == (
        BatchState.CANCELLED,
        [ItemState.DONE, ItemState.SKIPPED, ItemState.SKIPPED],
    )
    assert suspended(scenario) == ids[:1]
    for command in (PauseBatch(batch_id), ContinueBatch(batch_id), CancelBatch(batch_id)):
        assert refusal(scenario, command) == "batch_not_so"


@pytest.mark.parametrize(
    ("command", "login", "code"),
    [
        (StartBatch("suspend", ("a",), {}, " "), "xitong", "reason_missing"),
        (StartBatch("suspend", (), {}, WHY), "xitong", "batch_size"),
        (StartBatch("suspend", tuple(map(str, range(50_001))), {}, WHY), "xitong", "batch_size"),
        (StartBatch("explode", ("a",), {}, WHY), "xitong", "batch_kind_unknown"),
        (StartBatch("set_variable", ("a",), {"value": 1}, WHY), "xitong", "parameter_missing"),
        (StartBatch("set_variable", ("a",), {"name": "x", "value": {1: 2}}, WHY), "xitong", "variable.not_plain"),
        (StartBatch("set_variable", ("a",), {"name": "x", "value": 1}, WHY), "ducha1", "role_needed"),
        (StartBatch("suspend", ("a",), {}, WHY), "chengjiao1", "role_needed"),
        (PauseBatch("nothing"), "xitong", "batch_unknown"),
        (PauseBatch("nothing"), "gxj1", "role_needed"),
        (WorkBatch("nothing"), "gxj1", "role_needed"),
    ],
)
def test_what_a_batch_refuses(scenario: Scenario, command: Any, login: str, code: str) -> None:
    assert refusal(scenario, command, login) == code
    assert scenario.rows(sa.select(batches)) == []


def test_who_has_lost_the_right_meanwhile_does_nothing_more_by_batch(scenario: Scenario) -> None:
    scenario.register(1)
    batch_id = start(scenario, "suspend", *instance_ids(scenario))
    with scenario.raw() as connection:
        connection.execute(persons.update().where(persons.c.login == "xitong").values(is_active=False))

    scenario.work()

    assert outcome(scenario, batch_id) == (BatchState.DONE, [ItemState.FAILED])
    assert suspended(scenario) == []


def test_a_worker_without_its_lease_does_no_item(scenario: Scenario) -> None:
    scenario.register(2)
    batch_id = start(scenario, "suspend", *instance_ids(scenario))
    [slow] = scenario.engine.execute(ClaimJobs(), by=SYSTEM)
    scenario.clock.advance(timedelta(seconds=LEASE_SECONDS + 1))
    [quick] = scenario.engine.execute(ClaimJobs(), by=SYSTEM)

    assert scenario.engine.execute(RunBatchJob(slow.job_id, slow.fence), by=SYSTEM) is False
    assert outcome(scenario, batch_id)[1] == [ItemState.PENDING] * 2
    assert scenario.engine.execute(RunBatchJob(quick.job_id, quick.fence), by=SYSTEM) is True
    assert scenario.engine.execute(RunBatchJob(quick.job_id, quick.fence), by=SYSTEM) is False
    assert outcome(scenario, batch_id)[1] == [ItemState.DONE, ItemState.PENDING]


def test_a_batch_whose_workers_all_died_is_an_incident_and_goes_on_when_it_is_retried(scenario: Scenario) -> None:
    scenario.register(2)
    batch_id = start(scenario, "suspend", *instance_ids(scenario))
    for _ in range(ATTEMPTS):
        scenario.engine.execute(ClaimJobs(), by=SYSTEM)
        scenario.clock.advance(timedelta(seconds=LEASE_SECONDS + 1))
    assert scenario.work() == 0
    assert [row["kind"] for row in scenario.rows(sa.select(incidents.c.kind))] == ["batch"]

    start(scenario, "retry_job", batch_id)
    scenario.work()

    assert outcome(scenario, batch_id) == (BatchState.DONE, [ItemState.DONE] * 2)
    assert scenario.engine.read.incidents(SYSTEM) == ()


# -- a death in the middle ---------------------------------------------------------------------------------------------
def twelve_sites(scenario: Scenario) -> None:
    scenario.register(12)


def test_a_batch_killed_again_and_again_does_every_item_exactly_once(new_scenario: NewScenario) -> None:
    scenario = new_scenario(story=twelve_sites)
    ids = instance_ids(scenario)
    batch_id = start(scenario, "suspend", *ids)
    killed = 0

    while outcome(scenario, batch_id)[0] == BatchState.RUNNING:
        killed += _work_until_killed(scenario, statements=9 + 7 * killed)
        scenario.clock.advance(timedelta(seconds=LEASE_SECONDS + 1))

    assert killed >= 5
    assert outcome(scenario, batch_id) == (BatchState.DONE, [ItemState.DONE] * 12)
    told = [fact["instance_id"] for fact in scenario.facts("InstanceSuspended")]
    assert sorted(told) == sorted(ids)
    assert scenario.engine.read.violations() == ()


def test_two_who_work_one_batch_at_the_same_time_do_every_item_once(new_scenario: NewScenario) -> None:
    scenario = new_scenario(story=twelve_sites)
    scenario.engine._ids = TimeOrderedIds()  # several threads must not make the same ids
    ids = instance_ids(scenario)
    batch_id = start(scenario, "suspend", *ids)

    with ThreadPoolExecutor(3) as workers:
        hands = [workers.submit(_work_by_hand, scenario, batch_id) for _ in range(3)]
        done = [hand.result() for hand in hands]

    assert outcome(scenario, batch_id) == (BatchState.DONE, [ItemState.DONE] * 12)
    assert sum(done) >= 11
    assert sorted(fact["instance_id"] for fact in scenario.facts("InstanceSuspended")) == sorted(ids)
    scenario.work()
    assert scenario.engine.read.violations() == ()


def _work_by_hand(scenario: Scenario, batch_id: str) -> int:
    done = 0
    while scenario.engine.execute(WorkBatch(batch_id), by=SYSTEM):
        done += 1
    return done


def _work_until_killed(scenario: Scenario, statements: int) -> bool:
    """A process of its own works until it has sent so many statements, and is gone between one and the next."""
    scenario.engine.database.dispose()
    child = os.fork()
    if child == 0:
        engine, left = scenario.engine, [statements]
        engine._ids = TimeOrderedIds()

        def count(*_: Any) -> None:
            left[0] -= 1
            if left[0] < 0:
                os._exit(9)

        sa.event.listen(engine.database.engine, "before_cursor_execute", count)
        sa.event.listen(engine.database.engine, "commit", count)
        try:
            Worker(engine, {}).run_until_idle()
        except BaseException:
            os._exit(1)
        os._exit(0)
    _, status = os.waitpid(child, 0)
    code = os.waitstatus_to_exitcode(status)
    assert code in (0, 9)
    return code == 9


def test_a_step_by_hand_sent_twice_is_one_step(scenario: Scenario) -> None:
    scenario.register(2)
    batch_id = start(scenario, "suspend", *instance_ids(scenario))

    first = scenario.engine.execute(WorkBatch(batch_id), by=SYSTEM, operation_key="演示")
    again = scenario.engine.execute(WorkBatch(batch_id), by=SYSTEM, operation_key="演示")

    assert (first, again) == (True, True)
    assert outcome(scenario, batch_id)[1] == [ItemState.DONE, ItemState.PENDING]


def test_what_a_constraint_refuses_is_the_fault_of_the_item(scenario: Scenario) -> None:
    """A batch that took it for the database's fault would never come past this item."""
    scenario.register(1)
    query = sa.select(instances.c.instance_id)
    faults = []
    for statement in (instances.insert().values(instance_id="x"), instances.update().values(kind="x" * 100)):
        with scenario.engine.database.engine.connect() as connection, pytest.raises(Exception) as raised:
            connection.execute(statement)
        faults.append(is_fault_of_the_database(raised.value))
    gone = sa.exc.OperationalError("SELECT 1", {}, psycopg.OperationalError("server closed the connection"))

    assert len(scenario.rows(query)) == 1
    assert (faults, is_fault_of_the_database(gone)) == ([False, False], True)


@pytest.mark.parametrize("subject", ["", "x" * 65])
def test_what_can_be_no_id_is_refused_at_the_start(scenario: Scenario, subject: str) -> None:
    assert refusal(scenario, StartBatch("suspend", (subject,), {}, WHY)) == "batch_subject"
