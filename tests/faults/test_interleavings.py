"""Claims, completions, timers, leases and letters in every order a seed can think of, with deaths in between; and the
same with one protection taken away at a time, which must be found: a check that cannot fail proves nothing."""

import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from datetime import timedelta
from typing import Any

import pytest
import sqlalchemy as sa
from interleaving import Interleaver
from scenario import NewScenario, Scenario, fake_letter

from engine import worker as worker_rules
from engine.bpmn.execution import NotLive
from engine.commands import HANDLERS
from engine.commands import jobs as job_commands
from engine.commands.jobs import RunJob, run_job
from engine.commands.letters import IssueLetters
from engine.commands.tasks import ClaimTask, CompleteTask
from engine.domain.actor import Actor
from engine.domain.job import LEASE_SECONDS
from engine.errors import EngineError
from engine.store import claims, instances, jobs, operations
from engine.store.schema import facts, incidents
from engine.store.schema import jobs as job_rows
from engine.worker import Worker

pytestmark = pytest.mark.faults
SEEDS = int(os.environ.get("DUBAN_SEEDS", "40"))  # `make faults` runs 2,000
MUTANT_SEEDS = 500
SURVEYED = {"kinds": ["wu"], "is_illegal": True, "proposed": "close", "surveyed_on": "2024-05-20"}


def surveys_fall_due(scenario: Scenario) -> None:
    """Three sites whose survey is due within minutes; reminders and the ladder lie ahead."""
    scenario.register(3)
    scenario.until("2024-05-27 17:57")
    scenario.work()


class Play:
    """One seed: two workers, two clerks who want the same tasks, a supervisor who writes letters, and the clock."""

    def __init__(self, scenario: Scenario, seed: int, *, deaths: float = 0.01) -> None:
        self.scenario, self.engine = scenario, scenario.engine
        self.turns = Interleaver(seed, deaths=deaths)
        self.intended = 0
        self.acknowledged: set[str] = set()
        self._clerks = (scenario.person("chengjiao1"), scenario.person("chengjiao2"))
        self._supervisor = scenario.supervisor
        self._campaign = scenario.campaign
        self._found = [task for task in scenario.tasks() if task.element_id == "survey_site"]

    def run(self) -> None:
        for number in (1, 2):
            self.turns.add(f"worker {number}", self._work, mortal=True)
            self.turns.add(f"clerk {number}", self._clerk(self._clerks[number - 1]), mortal=True)
        self.turns.add("supervisor", self._write_letters(), mortal=True)
        self.turns.add("clock", self._pass_time, mortal=False)
        self.turns.run(self.engine)
        self._come_to_rest()

    def faults(self) -> list[str]:
        """What is wrong now that everything has come to rest."""
        found = [f"{violation.invariant}: {violation.what}" for violation in self.engine.read.violations()]
        due = sa.select(job_rows).where(
            job_rows.c.state.in_(("OPEN", "LEASED")), job_rows.c.due_at <= self.scenario.now
        )
        found += [f"job {row['kind']} is left {row['state']}" for row in self.scenario.rows(due)]
        found += [f"incident: {row['message']}" for row in self._rows(incidents)]
        issued = facts.c.kind == "LetterIssued", facts.c.person_id == self._supervisor.person_id
        if (written := len(self._rows(facts, *issued))) != self.intended:
            found.append(f"{self.intended} letters were wanted, {written} were issued")
        rendered = sa.select(facts.c.detail).where(facts.c.kind == "LetterRendered")
        made = [row["detail"]["letter"] for row in self.scenario.rows(rendered)]
        if len(made) != len(set(made)):
            found.append("a letter was made twice")
        reminded = self._rows(facts, facts.c.kind.in_(("ReminderSent", "ReminderMissed")))
        reminders = self._rows(job_rows, job_rows.c.kind == "remind", job_rows.c.state == "DONE")
        if len(reminded) != len(reminders):
            found.append(f"{len(reminders)} reminders were due, {len(reminded)} were sent")
        done = {row["detail"]["task"] for row in self._rows(facts, facts.c.kind == "TaskCompleted")}
        if lost := self.acknowledged - done:
            found.append(f"{len(lost)} acknowledged completions are lost")
        return found

    def _rows(self, table: sa.Table, *where: Any) -> list[dict[str, Any]]:
        return self.scenario.rows(sa.select(table).where(*where))

    # -- the actors ----------------------------------------------------------------------------------------------------
    def _work(self) -> None:
        worker = Worker(self.engine, {"letter": fake_letter}, batch=3)
        for _ in range(6):
            worker.run_once()
            self.turns.pause()

    def _clerk(self, clerk: Actor) -> Callable[[], None]:
        def work() -> None:
            for task in self._found[:2]:  # the third falls due
                with suppress(EngineError):  # the colleague was faster, or it was mine before I died
                    self.engine.execute(ClaimTask(task.task_id), by=clerk)
                self.turns.pause()
                key = f"{clerk.person_id} {task.task_id}"
                try:
                    self.engine.execute(CompleteTask(task.task_id, SURVEYED), by=clerk, operation_key=key)
                except EngineError:
                    continue
                self.acknowledged.add(task.task_id)
                self.turns.pause()

        return work

    def _write_letters(self) -> Callable[[], None]:
        wanted = [task.case_id for task in self._found[:2]]
        self.intended = len(wanted)

        def work() -> None:
            for case_id in wanted:
                command = IssueLetters(self._campaign, "notice", (str(case_id),), reason="越级（演示）")
                self.engine.execute(command, by=self._supervisor, operation_key=f"letter {case_id}")
                self.turns.pause()  # the answer may be lost here: it is asked for again

        return work

    def _pass_time(self) -> None:
        for _ in range(12):
            self.scenario.clock.advance(timedelta(seconds=self.turns.pick(5, 30, LEASE_SECONDS + 1)))
            self.turns.give_way()

    def _come_to_rest(self) -> None:
        """Nobody dies any more; the leases of the dead lapse, and a worker does the rest."""
        worker = Worker(self.engine, {"letter": fake_letter})
        for _ in range(4):
            self.scenario.clock.advance(timedelta(seconds=LEASE_SECONDS + 61))
            worker.run_until_idle(limit=500)


def test_no_order_of_turns_and_no_death_loses_or_doubles_anything(new_scenario: NewScenario) -> None:
    killed = turns = 0
    for seed in range(SEEDS):
        play = Play(new_scenario(story=surveys_fall_due), seed)

        play.run()

        assert play.faults() == [], f"seed {seed}"
        killed, turns = killed + play.turns.killed, turns + play.turns.turns
        play.scenario.close()
    assert killed > SEEDS // 4, "too few died to show anything"
    print(f"\n{SEEDS} seeds, {turns} turns, {killed} deaths: 0 lost, 0 doubled")


def test_the_same_seed_gives_the_same_run(new_scenario: NewScenario) -> None:
    told = []
    for _ in range(2):
        play = Play(new_scenario(story=surveys_fall_due), 7)
        play.run()
        rows = play.scenario.rows(sa.select(facts.c.kind, facts.c.at, facts.c.person_id).order_by(facts.c.fact_id))
        told.append((play.turns.turns, play.turns.killed, rows))

    assert told[0] == told[1]


# -- one protection less -----------------------------------------------------------------------------------------------
Mutant = Callable[[Scenario], Iterator[None]]


def without_the_fence(scenario: Scenario) -> Iterator[None]:
    """Whoever ever had a job may finish it, whether or not the process still waits for it."""

    def complete(*arguments: Any) -> None:
        with suppress(NotLive):
            really_complete(*arguments)

    really_complete = job_commands._complete

    def get_leased(tx: Any, job_id: str, fence: int) -> Any:
        return tx.execute(sa.select(job_rows).where(job_rows.c.job_id == job_id)).mappings().first()

    def finish(tx: Any, job_id: str, fence: int) -> None:
        tx.execute(job_rows.update().where(job_rows.c.job_id == job_id).values(state="DONE", done_at=tx.now))

    with (
        _instead(jobs, get_leased=get_leased, finish=finish),
        _instead(job_commands, _complete=complete),
        _instead(worker_rules, LEASE_SECONDS=10**9),  # a worker that would notice by itself that it is late
    ):
        yield


def without_compare_and_set(scenario: Scenario) -> Iterator[None]:
    """Two workers claim what they have both seen to be due."""

    def claim_due(tx: Any, limit: int, lease_seconds: int = LEASE_SECONDS) -> Any:
        seen = sa.select(job_rows).where(job_rows.c.state.in_(("OPEN", "LEASED")), job_rows.c.due_at <= tx.now)
        rows = tx.execute(seen.order_by(job_rows.c.due_at, job_rows.c.job_id).limit(limit)).mappings().all()
        for row in rows:
            leased = {"state": "LEASED", "lease_until": tx.now + timedelta(seconds=lease_seconds)}
            tx.execute(job_rows.update().where(job_rows.c.job_id == row["job_id"]).values(**leased))
        return [claims._job(row) for row in rows]

    with _instead(claims, claim_due=claim_due):
        yield


def without_one_transaction(scenario: Scenario) -> Iterator[None]:
    """The job is ticked off in one transaction and has its effect in the next."""
    effects: dict[tuple[str, int], Any] = {}

    def tick_off(command: RunJob, tx: Any) -> bool:
        job = jobs.get_leased(tx, command.job_id, command.fence)
        if job is None:
            return False
        jobs.finish(tx, command.job_id, command.fence)
        effects[command.job_id, command.fence] = job
        return True

    class InTwo(type(scenario.engine)):  # type: ignore[misc]
        def execute(self, command: Any, *, by: Actor, operation_key: str | None = None) -> Any:
            if type(command) is not RunJob:
                return super().execute(command, by=by, operation_key=operation_key)
            HANDLERS[RunJob] = tick_off
            try:
                was_ours = super().execute(command, by=by)
            finally:
                HANDLERS[RunJob] = run_job
            if not was_ours:
                return False
            leased = effects[command.job_id, command.fence]
            with _instead(jobs, get_leased=lambda *_: leased, finish=lambda *_: None):
                return super().execute(command, by=by)

    ours = scenario.engine.__class__
    scenario.engine.__class__ = InTwo
    yield
    scenario.engine.__class__ = ours


def without_operation_keys(scenario: Scenario) -> Iterator[None]:
    """What was asked twice is done twice."""
    with _instead(operations, answered=lambda *_: (False, None), save=lambda *_: None):
        yield


def with_leases_that_never_lapse(scenario: Scenario) -> Iterator[None]:
    """What a dead worker had stays with it."""
    with _instead(claims, lapsed=lambda *_: []):
        yield


def with_a_stale_state(scenario: Scenario) -> Iterator[None]:
    """The state of an instance is remembered from before, and written back whatever it has become."""
    remembered: dict[str, Any] = {}
    lock_of_task, save = instances.lock_of_task, instances._SAVE

    def lock(tx: Any, task_id: str) -> Any:
        row = lock_of_task(tx, task_id)
        return remembered.setdefault(row.instance_id, row)

    blind = job_rows.metadata.tables["instances"]
    anyhow = (
        blind.update()
        .where(blind.c.instance_id == sa.bindparam("of_instance"))
        .values({name: sa.bindparam(name) for name in ("blob", "revision", "state", "ended_at")})
    )
    with _instead(instances, lock_of_task=lock, _SAVE=anyhow):
        yield
    assert instances._SAVE is save


MUTANTS = (
    without_the_fence,
    without_compare_and_set,
    without_one_transaction,
    without_operation_keys,
    with_leases_that_never_lapse,
    with_a_stale_state,
)


@pytest.mark.parametrize("mutant", MUTANTS, ids=lambda mutant: mutant.__name__)
def test_a_missing_protection_is_found(new_scenario: NewScenario, mutant: Mutant) -> None:
    for seed in range(MUTANT_SEEDS):
        play = Play(new_scenario(story=surveys_fall_due), seed, deaths=0.02)
        with contextmanager(mutant)(play.scenario):
            play.run()
        if found := play.faults():
            print(f"\n{mutant.__name__}: found by seed {seed}: {found[0]}")
            return
        play.scenario.close()
    pytest.fail(f"{MUTANT_SEEDS} seeds did not miss it")


@contextmanager
def _instead(module: Any, **names: Any) -> Iterator[None]:
    """Other functions in a module's place: the one thing that the rest of the tests never does."""
    before = {name: getattr(module, name) for name in names}
    for name, value in names.items():
        setattr(module, name, value)
    try:
        yield
    finally:
        for name, value in before.items():
            setattr(module, name, value)
