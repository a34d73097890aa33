"""kill -9 in the middle of completions and letters: nothing acknowledged is lost, nothing is done twice."""

import os
import random
import signal
import time
from datetime import timedelta

import pytest
import sqlalchemy as sa
from counts import KILLS, tell
from scenario import NewScenario, Scenario, fake_letter

from engine.commands.letters import IssueLetters
from engine.commands.tasks import ClaimTask, CompleteTask
from engine.domain.job import LEASE_SECONDS
from engine.ids import TimeOrderedIds
from engine.store.schema import letter_documents, letters, tasks
from engine.worker import Worker

pytestmark = pytest.mark.faults
CASES = max(40, 12 * KILLS)
DONE = {"kinds": ["wu"], "is_illegal": True, "proposed": "close"}


def many_sites(scenario: Scenario) -> None:
    scenario.register(CASES)


def work(scenario: Scenario, acknowledged: int) -> None:
    """Survey site after site, issue a letter for each, make the letters; write each answer down when it has come."""
    engine = scenario.engine
    engine._ids = TimeOrderedIds()  # several processes after each other must not make the same ids
    clerk, supervisor, campaign = scenario.person("chengjiao1"), scenario.supervisor, scenario.campaign
    worker = Worker(engine, {"letter": fake_letter}, batch=3)
    for task in [task for task in engine.read.live_tasks(campaign) if task.element_id == "survey_site"]:
        if task.assignee_id is None:
            engine.execute(ClaimTask(task.task_id), by=clerk)
        engine.execute(CompleteTask(task.task_id, DONE), by=clerk, operation_key=f"done {task.task_id}")
        os.write(acknowledged, f"{task.task_id} ".encode())
        notice = IssueLetters(campaign, "notice", (str(task.case_id),))
        [letter_id] = engine.execute(notice, by=supervisor, operation_key=f"letter {task.case_id}")
        os.write(acknowledged, f"{letter_id} ".encode())
        worker.run_once()
    worker.run_until_idle()


@pytest.mark.parametrize("backend", ["sqlite", pytest.param("postgres", marks=pytest.mark.postgres)])
def test_kill_9_loses_nothing_acknowledged_and_doubles_nothing(new_scenario: NewScenario) -> None:
    scenario = new_scenario(story=many_sites)
    chance = random.Random(9)
    heard: set[str] = set()
    killed = 0

    for _ in range(KILLS):
        answers, was_killed = _round(scenario, chance.uniform(0.15, 0.5))
        heard |= answers
        killed += was_killed
        scenario.clock.advance(timedelta(seconds=LEASE_SECONDS + 1))
    is_at_work = True
    while is_at_work:
        rest, is_at_work = _round(scenario, 60)
        heard |= rest
        scenario.clock.advance(timedelta(seconds=LEASE_SECONDS + 1))
    scenario.clock.advance(timedelta(hours=12))
    scenario.work()

    completed = scenario.rows(sa.select(tasks.c.task_id).where(tasks.c.state == "COMPLETED"))
    issued = scenario.rows(sa.select(letters.c.letter_id, letters.c.serial).order_by(letters.c.serial))
    made = scenario.rows(sa.select(letter_documents.c.letter_id))
    assert heard <= {row["task_id"] for row in completed} | {row["letter_id"] for row in issued}
    assert len(completed) == CASES
    assert [row["serial"] for row in issued] == list(range(1, len(issued) + 1))
    assert {row["letter_id"] for row in made} == {row["letter_id"] for row in issued}
    assert scenario.engine.read.violations() == ()
    assert killed >= KILLS // 3, "too few were killed in the middle to show anything"
    tell(f"kill -9: {killed} of {KILLS} processes in the middle, {len(heard)} answers heard: 0 lost, 0 doubled")


def _round(scenario: Scenario, seconds: float) -> tuple[set[str], bool]:
    """Let a process work for so long, then kill it. Returns the answers it had, and whether it was still at work."""
    scenario.engine.database.dispose()
    hear, say = os.pipe()
    child = os.fork()
    if child == 0:
        try:
            os.close(hear)
            work(scenario, say)
            os._exit(0)
        finally:
            os._exit(1)
    os.close(say)
    end = time.monotonic() + seconds
    status = None
    while status is None and time.monotonic() < end:
        done, code = os.waitpid(child, os.WNOHANG)
        status = os.waitstatus_to_exitcode(code) if done else None
        time.sleep(0.005)
    if status is None:
        os.kill(child, signal.SIGKILL)
        os.waitpid(child, 0)
    assert status in (None, 0), "the child failed by itself"
    with os.fdopen(hear, "rb") as heard:
        return set(heard.read().decode().split()), status is None
