"""What is played under the interleaver, the stage it is played on again and again, and what may be wrong in the end."""

from collections import Counter
from collections.abc import Callable
from contextlib import suppress
from datetime import timedelta
from typing import Any

import sqlalchemy as sa
from breaking import Restorable
from interleaving import Interleaver
from scenario import IDS_AFTER_TEMPLATE, NewScenario, Scenario, fake_letter
from slips import desk_signs_slips

from engine.clock import Timekeeper
from engine.commands.letters import IssueLetters
from engine.commands.tasks import ClaimTask, CompleteTask
from engine.domain.actor import Actor
from engine.domain.job import LEASE_SECONDS, Job, JobResult
from engine.errors import EngineError
from engine.ids import CountingIds
from engine.queries import Read
from engine.queries.verify import CHECKS, Violation
from engine.queries.verify_guards import GUARDS
from engine.runtime import Engine
from engine.store.schema import facts, incidents
from engine.store.schema import jobs as job_rows
from engine.store.transaction import Reader
from engine.worker import Worker

SURVEYED = {"kinds": ["wu"], "is_illegal": True, "proposed": "close", "surveyed_on": "2024-05-20"}
EVERYBODY = frozenset({"workers", "clerks", "supervisor"})
ESCALATED = "越级（演示）"


def surveys_fall_due(scenario: Scenario) -> None:
    """Three sites whose survey is due within minutes; reminders and the ladder lie ahead."""
    scenario.register(3)
    scenario.until("2024-05-27 17:57")
    scenario.work()


def slips_go_out(scenario: Scenario) -> None:
    """As before, and the desk may send slips, of which a case may have several."""
    surveys_fall_due(scenario)
    desk_signs_slips(scenario)


def letters_wait(scenario: Scenario) -> None:
    """Two letters have their number and no document yet; the same sites' surveys fall due."""
    surveys_fall_due(scenario)
    wanted = [str(task.case_id) for task in scenario.tasks() if task.element_id == "survey_site"]
    for case_id in wanted[:2]:
        scenario.engine.execute(
            IssueLetters(scenario.campaign, "notice", (case_id,), reason=ESCALATED), by=scenario.supervisor
        )


class Stage:
    """One scenario, put back to where its story ended before each seed. What SQLAlchemy has prepared stays prepared,
    and nobody waits for the disk: power cuts are another test's matter."""

    def __init__(self, new_scenario: NewScenario, story: Callable[[Scenario], None]) -> None:
        self.scenario = new_scenario(story=story)
        self._began_at = self.scenario.now
        self._start = Restorable(self.scenario)
        sa.event.listen(self.scenario.engine.database.engine, "connect", _hurry)

    def reset(self) -> Scenario:
        scenario, engine = self.scenario, self.scenario.engine
        self._start.restore()
        scenario.clock.set(self._began_at)
        engine._keeper, engine._marked_at = Timekeeper(scenario.clock), None
        engine._ids = CountingIds(IDS_AFTER_TEMPLATE * 2)
        return scenario

    def violations(self) -> tuple[Violation, ...]:
        """All of `duban verify`, with the connection's settings that it insists on."""
        database = self.scenario.engine.database
        sa.event.remove(database.engine, "connect", _hurry)
        database.dispose()
        return tuple(self.scenario.engine.read.violations())


class Play:
    """One seed: two workers, two clerks who want the same tasks, a supervisor who writes letters, and the clock; or
    fewer of them."""

    def __init__(
        self,
        scenario: Scenario,
        seed: int,
        *,
        cast: frozenset[str] = EVERYBODY,
        deaths: float = 0.01,
        stops: float = 0.03,
        kind: str = "notice",
    ) -> None:
        self.scenario, self.engine = scenario, scenario.engine
        self.turns = Interleaver(seed, deaths=deaths, stops=stops)
        self.acknowledged: set[str] = set()
        self._cast, self._kind = cast, kind
        self._given: Counter[tuple[str, int]] = Counter()
        self._clerks = (scenario.person("chengjiao1"), scenario.person("chengjiao2"))
        self._supervisor = scenario.supervisor
        self._campaign = scenario.campaign
        self._found = [task for task in scenario.tasks() if task.element_id == "survey_site"]
        self._intended = self._written() + (2 if "supervisor" in cast else 0)

    def run(self) -> None:
        for number in (1, 2):
            if "workers" in self._cast:
                self.turns.add(f"worker {number}", self._work, mortal=True)
            if "clerks" in self._cast:
                self.turns.add(f"clerk {number}", self._clerk(self._clerks[number - 1]), mortal=True)
        if "supervisor" in self._cast:
            self.turns.add("supervisor", self._write_letters, mortal=True)
        self.turns.add("clock", self._pass_time, mortal=False)
        self.turns.run(self.engine)
        self._come_to_rest()

    def faults(self) -> list[str]:
        """What is wrong now that everything has come to rest."""
        found = self._violations()
        due = job_rows.c.state.in_(("OPEN", "LEASED")), job_rows.c.due_at <= self.scenario.now
        found += [f"job {row['kind']} is left {row['state']}" for row in self._rows(job_rows, *due)]
        found += [f"incident: {row['message']}" for row in self._rows(incidents)]
        if (written := self._written()) != self._intended:
            found.append(f"{self._intended} letters were wanted, {written} were issued")
        made = [row["detail"]["letter"] for row in self._facts("LetterRendered")]
        if len(made) != len(set(made)):
            found.append("a letter was made twice")
        if twice := [lease for lease, times in self._given.items() if times > 1]:
            found.append(f"{len(twice)} jobs were done twice under one lease")
        reminded = self._facts("ReminderSent", "ReminderMissed")
        reminders = self._rows(job_rows, job_rows.c.kind == "remind", job_rows.c.state == "DONE")
        if len(reminded) != len(reminders):
            found.append(f"{len(reminders)} reminders were due, {len(reminded)} were sent")
        done = {row["detail"]["task"] for row in self._facts("TaskCompleted")}
        if lost := self.acknowledged - done:
            found.append(f"{len(lost)} acknowledged completions are lost")
        return found

    def _violations(self) -> list[str]:
        """Every check of the content. Those that look at the schema would find what they found for the seed before."""
        with self.engine.database.read() as connection:
            reader = Reader(connection, self.scenario.now, self.engine.secret)
            checks = [(name, check) for name, check in CHECKS.items() if name not in GUARDS]
            return [f"{name}: {what}" for name, check in checks for what in check(reader)]

    def _written(self) -> int:
        return sum(row["person_id"] == self._supervisor.person_id for row in self._facts("LetterIssued"))

    def _facts(self, *kinds: str) -> list[dict[str, Any]]:
        return self._rows(facts, facts.c.kind.in_(kinds))

    def _rows(self, table: sa.Table, *where: Any) -> list[dict[str, Any]]:
        return self.scenario.rows(sa.select(table).where(*where))

    # -- the actors ----------------------------------------------------------------------------------------------------
    def _work(self) -> None:
        worker = Worker(process_on(self.engine), {"letter": self._make_letter}, batch=3)
        for _ in range(6):
            worker.run_once()
            self.turns.pause()

    def _make_letter(self, job: Job, read: Read) -> JobResult:
        self._given[job.job_id, job.fence] += 1
        return fake_letter(job, read)

    def _clerk(self, clerk: Actor) -> Callable[[], None]:
        def work() -> None:
            engine = process_on(self.engine)
            for task in self._found[:2]:  # the third falls due
                with suppress(EngineError):  # the colleague was faster, or it was mine before I died
                    engine.execute(ClaimTask(task.task_id), by=clerk)
                self.turns.pause()
                key = f"{clerk.person_id} {task.task_id}"
                try:
                    engine.execute(CompleteTask(task.task_id, SURVEYED), by=clerk, operation_key=key)
                except EngineError:
                    continue
                self.acknowledged.add(task.task_id)
                self.turns.pause()

        return work

    def _write_letters(self) -> None:
        engine = process_on(self.engine)
        for task in self._found[:2]:
            command = IssueLetters(self._campaign, self._kind, (str(task.case_id),), reason=ESCALATED)
            engine.execute(command, by=self._supervisor, operation_key=f"letter {task.case_id}")
            self.turns.pause()  # the answer may be lost here: it is asked for again

    def _pass_time(self) -> None:
        for _ in range(12):
            self.scenario.clock.advance(timedelta(seconds=self.turns.pick(5, 30, LEASE_SECONDS + 1)))
            self.turns.give_way()

    def _come_to_rest(self) -> None:
        """Nobody dies any more; the leases of the dead lapse, and a worker does the rest."""
        worker = Worker(self.engine, {"letter": self._make_letter})
        for _ in range(4):
            self.scenario.clock.advance(timedelta(seconds=LEASE_SECONDS + 61))
            worker.run_until_idle(limit=500)


def process_on(engine: Engine) -> Engine:
    """An engine with a memory and locks of its own, as a process has; the database behind it is listened to."""
    own = type(engine)(str(engine.database.url), secret=engine.secret, clock=engine.clock, ids=engine._ids)
    own.database = engine.database
    return own


def _hurry(dbapi_connection: Any, _record: Any) -> None:
    dbapi_connection.execute("PRAGMA synchronous=0").close()
