"""Workers are stopped (SIGSTOP) with a job in their hands until its lease is over and another worker has done it: what
they bring back when they wake has no effect."""

import logging
import mmap
import os
import random
import select
import signal
import struct
import time
from collections import Counter
from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import pytest
import sqlalchemy as sa
from counts import STOPS, tell
from scenario import NewScenario, Scenario, fake_letter
from slips import SLIP, desk_signs_slips

from engine.commands.letters import IssueLetters
from engine.domain.job import LEASE_SECONDS, Job, JobResult
from engine.ids import TimeOrderedIds
from engine.queries import Read
from engine.runtime import Engine
from engine.store.schema import facts, jobs, letter_documents, letters
from engine.worker import Worker

pytestmark = [pytest.mark.faults, pytest.mark.postgres]
WORKERS, SITES, PER_STOP = 4, 12, 4
PATIENCE = 60.0
TAKEN_OVER = 5.0  # seconds; by then only the locks of the stopped worker's transaction keep the others from its job


@pytest.fixture
def backend() -> str:
    return "postgres"


def twelve_sites(scenario: Scenario) -> None:
    scenario.register(SITES)
    desk_signs_slips(scenario)


class SharedClock:
    """One clock for several processes: each sees at once where the parent has put it."""

    def __init__(self, moment: datetime) -> None:
        self.host = self.boot = "shared"
        self._place = mmap.mmap(-1, 8)
        self.set(moment)

    def now(self) -> datetime:
        return datetime.fromtimestamp(self.monotonic(), UTC)

    def monotonic(self) -> float:
        return float(struct.unpack("d", self._place[:8])[0])

    def set(self, moment: datetime) -> None:
        self._place[:8] = struct.pack("d", moment.timestamp())

    def advance(self, step: timedelta) -> None:
        self.set(self.now() + step)


class Child:
    """A worker in a process of its own. It tells when it begins a letter, and what became of every job."""

    def __init__(self, scenario: Scenario, clock: SharedClock) -> None:
        self._hear, say = os.pipe()
        self.pid = os.fork()
        if self.pid == 0:
            try:
                self._work(scenario, clock, say)
            finally:
                os._exit(1)
        os.close(say)
        self._rest = ""
        self.outcomes: Counter[str] = Counter()
        self.has_begun: str | None = None

    def listen(self) -> None:
        """Take in what it has told since."""
        while select.select([self._hear], [], [], 0)[0]:
            heard = os.read(self._hear, 65536).decode()
            assert heard, "a worker failed by itself"
            *lines, self._rest = (self._rest + heard).split("\n")
            for word, job_id in (line.split() for line in lines):
                self.has_begun = job_id if word == "begun" else None
                self.outcomes[word] += word != "begun"

    def send(self, sign: int) -> None:
        os.kill(self.pid, sign)

    def end(self) -> None:
        self.send(signal.SIGKILL)
        os.waitpid(self.pid, 0)
        os.close(self._hear)

    def _work(self, scenario: Scenario, clock: SharedClock, say: int) -> None:
        logging.basicConfig(force=True)  # why a job failed, for who reads a red test

        def letter(job: Job, read: Read) -> JobResult:
            os.write(say, f"begun {job.job_id}\n".encode())
            time.sleep(0.03)  # as long as a quick letter takes: time to be stopped in
            return fake_letter(job, read)

        class Telling(Worker):
            def do(self, job: Job) -> str:
                outcome = super().do(job)
                os.write(say, f"{outcome} {job.job_id}\n".encode())
                return outcome

        url, secret = scenario.config.database_url, scenario.engine.secret
        worker = Telling(Engine(url, secret=secret, clock=clock, ids=TimeOrderedIds()), {"letter": letter}, batch=2)
        while True:
            if worker.run_once() == 0:
                time.sleep(0.02)


def test_who_sleeps_past_the_lease_has_no_effect_when_waking(new_scenario: NewScenario) -> None:
    scenario = new_scenario(story=twelve_sites)
    engine, chance = scenario.engine, random.Random(5)
    clock = SharedClock(scenario.now)
    engine.database.dispose()
    children = [Child(scenario, clock) for _ in range(WORKERS)]
    sites = [str(task.case_id) for task in scenario.tasks()]
    overtaken = holding = 0
    try:
        while overtaken < STOPS:
            assert holding <= STOPS, "too many were stopped in the middle of their transaction"
            scenario.clock.set(clock.now())
            chosen = tuple(chance.sample(sites, PER_STOP))
            command = IssueLetters(scenario.campaign, SLIP, chosen, reason="故障演练（演示）")
            engine.execute(command, by=scenario.supervisor)
            asleep, job_id = _stop_one(children)
            clock.advance(timedelta(seconds=LEASE_SECONDS + 1))
            is_overtaken = _is_soon(lambda job=job_id: _state(scenario, job) == "DONE", TAKEN_OVER)
            wanted = _lost(asleep) + is_overtaken
            asleep.send(signal.SIGCONT)
            assert _is_soon(lambda it=asleep, n=wanted: _lost(it) >= n), "its late result was not refused"
            assert _is_soon(lambda job=job_id: _state(scenario, job) == "DONE"), "its job was not done"
            overtaken, holding = overtaken + is_overtaken, holding + (not is_overtaken)
        assert _is_soon(lambda: _left(scenario) == 0), "work is left"
        asked = (overtaken + holding) * PER_STOP
        assert _is_soon(lambda: _done(children) == asked), "more or less was done than was wanted"
    finally:
        for child in children:
            child.send(signal.SIGCONT)
            child.end()

    scenario.clock.set(clock.now())
    issued = {row["letter_id"] for row in scenario.rows(sa.select(letters.c.letter_id))}
    made = [row["letter_id"] for row in scenario.rows(sa.select(letter_documents.c.letter_id))]
    told = scenario.rows(sa.select(facts.c.detail).where(facts.c.kind == "LetterRendered"))
    assert len(issued) == asked
    assert sorted(made) == sorted(row["detail"]["letter"] for row in told) == sorted(issued)
    assert engine.read.violations() == ()
    outcomes = sum((child.outcomes for child in children), Counter())
    assert outcomes["failed"] == 0 and outcomes["lost"] >= overtaken == STOPS
    tell(
        f"stops: {overtaken} of {WORKERS} workers overtook their lease and were refused by the fence, {holding} were "
        f"in their transaction and kept the job, {outcomes['done']} letters made: 0 lost, 0 doubled"
    )


def _stop_one(children: list[Child]) -> tuple[Child, str]:
    """The first that is found with a letter in its hands, really stopped before it brought it back."""
    end = time.monotonic() + PATIENCE
    while time.monotonic() < end:
        for child in children:
            child.listen()
            if child.has_begun is None:
                continue
            child.send(signal.SIGSTOP)
            os.waitpid(child.pid, os.WUNTRACED)
            child.listen()
            if child.has_begun is not None:
                return child, child.has_begun
            child.send(signal.SIGCONT)
        time.sleep(0.002)
    raise AssertionError("nobody was found at work")


def _lost(child: Child) -> int:
    child.listen()
    return child.outcomes["lost"]


def _done(children: list[Child]) -> int:
    """Letters that came back in time."""
    for child in children:
        child.listen()
    return sum(child.outcomes["done"] for child in children)


def _state(scenario: Scenario, job_id: str) -> str:
    return str(scenario.rows(sa.select(jobs.c.state).where(jobs.c.job_id == job_id))[0]["state"])


def _left(scenario: Scenario) -> int:
    query = sa.select(jobs.c.job_id).where(jobs.c.kind == "letter", jobs.c.state != "DONE")
    return len(scenario.rows(query))


def _is_soon(is_so: Callable[[], bool], seconds: float = PATIENCE) -> bool:
    end = time.monotonic() + seconds
    while not is_so():
        if time.monotonic() > end:
            return False
        time.sleep(0.01)
    return True
