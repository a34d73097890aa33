"""The broker is killed, emptied and made to repeat itself while real Celery processes work: nothing is lost, nothing
is done twice, for the database alone knows what is to be done."""

import os
import re
import signal
import subprocess
import sys
import threading
import time
import urllib.request
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
import sqlalchemy as sa
from celery import Celery
from redis_server import RedisServer, free_port
from scenario import NewScenario, Scenario

from engine.commands.batches import StartBatch
from engine.commands.letters import IssueLetters
from engine.domain.batch import BATCH
from engine.domain.job import LEASE_SECONDS, SERVICE_KINDS, TIMER
from engine.store import plans, schema
from engine.store.schema import facts, instances, jobs, letter_documents, letters
from web.runner.broker import QUEUE_OF, QUEUES, make_app, queue_of
from web.runner.dispatcher import Dispatcher, QueueLengths
from web.runner.reconnecting import Pulse

pytestmark = pytest.mark.faults
FAULTS = Path(__file__).parent
SITES, LETTERS = 40, 30
PATIENCE = 120.0  # seconds; what takes longer has hung
POSTGRES = pytest.param("postgres", marks=pytest.mark.postgres)


@pytest.fixture(scope="module")
def redis_server() -> Iterator[RedisServer]:
    server = RedisServer()
    yield server
    server.kill()


@pytest.fixture
def broker(redis_server: RedisServer) -> RedisServer:
    """Empty, and running."""
    redis_server.flush()
    return redis_server


def sites_just_late(scenario: Scenario) -> None:
    """Forty surveys become overdue at this instant, and thirty letters have been issued and not been made."""
    numbers = scenario.register(SITES)
    scenario.until("2024-05-27 17:59")
    scenario.clock.set(scenario.engine.read.next_due_at())
    issue = IssueLetters(scenario.campaign, "notice", tuple(numbers[:LETTERS]))
    scenario.engine.execute(issue, by=scenario.supervisor)


class Runner:
    """The processes of the runner on one scenario, which stands in demo mode so that time goes on from its instant."""

    def __init__(self, scenario: Scenario, broker: RedisServer, folder: Path) -> None:
        self.scenario = scenario
        self.broker = broker
        self._folder = folder
        self._environment = {
            **os.environ,
            "PYTHONPATH": f"{FAULTS.parent}{os.pathsep}{FAULTS.parents[1]}",
            "DUBAN_DATABASE_URL": scenario.config.database_url,
            "DUBAN_SECRET_FILE": str(scenario.config.secret_file),
            "DUBAN_BROKER_URL": broker.url,
        }
        self._processes: list[subprocess.Popen[bytes]] = []
        self._begun = scenario.now
        self._demo_begins()

    def start(self, *command: str) -> None:
        """In a session of its own, so that it can be stopped with its children and nobody else."""
        with (self._folder / f"process{len(self._processes)}.log").open("wb") as log:
            self._processes.append(
                subprocess.Popen(
                    [sys.executable, *command],
                    env=self._environment,
                    stdout=log,
                    stderr=subprocess.STDOUT,
                    start_new_session=True,
                )
            )

    def start_own(self, *sorts: str) -> None:
        for sort in sorts:
            self.start(str(FAULTS / "runner_process.py"), sort)

    def wait_for(self, is_reached: Callable[[], bool]) -> None:
        end = time.monotonic() + PATIENCE
        while not is_reached():
            assert all(process.poll() is None for process in self._processes), self.told()
            assert time.monotonic() < end, self.told()
            time.sleep(0.05)

    def done(self) -> int:
        return self._count(jobs.c.state == "DONE")

    def has_nothing_left(self) -> bool:
        """Nothing is leased and nothing is due."""
        now = self._begun + (datetime.now(UTC) - self._wall)
        return not self._count(sa.or_(jobs.c.state == "LEASED", sa.and_(jobs.c.state == "OPEN", jobs.c.due_at <= now)))

    def has_nothing_leased(self) -> bool:
        return not self._count(jobs.c.state == "LEASED")

    def told(self) -> str:
        """What the processes wrote, for who reads a failure."""
        return "\n".join(path.read_text("utf-8")[-3000:] for path in sorted(self._folder.glob("process*.log")))

    def stop(self) -> list[int]:
        """Politely; by force what does not go. Returns the exit codes."""
        for process in self._processes:
            process.terminate()
        codes = []
        for process in self._processes:
            try:
                codes.append(process.wait(20))
            except subprocess.TimeoutExpired:
                os.killpg(process.pid, signal.SIGKILL)
                codes.append(process.wait())
        self._processes = []
        return codes

    def kill_first(self) -> None:
        """kill -9, with all its children: nothing is tidied up."""
        process = self._processes.pop(0)
        os.killpg(process.pid, signal.SIGKILL)
        process.wait()

    def skip(self, seconds: float) -> None:
        """The date of the demo goes forward by so much."""
        self._begun += timedelta(seconds=seconds)
        offset = str((self._begun - self._wall).total_seconds())
        with self.scenario.raw() as connection:
            is_offset = schema.settings.c.name == plans.CLOCK_OFFSET
            connection.execute(schema.settings.update().where(is_offset).values(value=offset))

    def _count(self, condition: Any) -> int:
        query = sa.select(sa.func.count().label("n")).select_from(jobs).where(condition)
        return int(self.scenario.rows(query)[0]["n"])

    def _demo_begins(self) -> None:
        self._wall = datetime.now(UTC)
        offset = str((self._begun - self._wall).total_seconds())
        with self.scenario.raw() as connection:
            for name, value in ((plans.DEMO, "1"), (plans.CLOCK_OFFSET, offset)):
                connection.execute(schema.settings.insert().values(name=name, value=value))

    def demo_ends(self) -> None:
        """The scenario's own clock goes to where the processes left it."""
        with self.scenario.raw() as connection:
            names = schema.settings.c.name.in_((plans.DEMO, plans.CLOCK_OFFSET))
            connection.execute(schema.settings.delete().where(names))
        self.scenario.clock.set(self._begun + (datetime.now(UTC) - self._wall))


@contextmanager
def running(scenario: Scenario, broker: RedisServer, folder: Path, *sorts: str) -> Iterator[Runner]:
    runner = Runner(scenario, broker, folder)
    try:
        runner.start_own(*sorts)
        yield runner
    finally:
        runner.stop()


def effects(scenario: Scenario) -> dict[str, object]:
    """What was done, without who did it and when."""
    told = scenario.rows(sa.select(facts.c.kind, facts.c.case_id, facts.c.detail))
    done = scenario.rows(sa.select(jobs.c.kind).where(jobs.c.state == "DONE"))
    return {
        "facts": Counter((row["kind"], row["case_id"]) for row in told),
        "jobs": Counter(row["kind"] for row in done),
        "letters": len(scenario.rows(sa.select(letters.c.letter_id))),
        "documents": len(scenario.rows(sa.select(letter_documents.c.letter_id))),
    }


_undisturbed: dict[str, object] = {}


@pytest.fixture
def undisturbed(new_scenario: NewScenario) -> dict[str, object]:
    """What the built-in worker makes of the same story, whatever the database."""
    if not _undisturbed:
        scenario = new_scenario(story=sites_just_late)
        scenario.work()
        _undisturbed.update(effects(scenario))
    return _undisturbed


def check(runner: Runner, undisturbed: dict[str, object]) -> None:
    """Everything was done, and once: the same as without Celery, and each timer has one fact."""
    runner.wait_for(runner.has_nothing_left)
    assert runner.stop() == [0, 0], runner.told()
    runner.demo_ends()
    scenario = runner.scenario
    fired = [row["detail"]["job"] for row in scenario.facts("TimerFired")]
    assert len(fired) == len(set(fired)) >= SITES
    assert effects(scenario) == undisturbed
    assert scenario.engine.read.violations() == ()


@pytest.mark.parametrize("backend", [POSTGRES])
def test_killing_the_broker_under_load_loses_and_doubles_nothing(
    new_scenario: NewScenario, broker: RedisServer, tmp_path: Path, undisturbed: dict[str, object]
) -> None:
    scenario = new_scenario(story=sites_just_late)
    before = scenario.rows(sa.select(sa.func.count().label("n")).where(jobs.c.state == "DONE"))[0]["n"]
    deaths = []

    with running(scenario, broker, tmp_path, "work", "dispatch") as runner:
        for share in (5, 40, 80):
            runner.wait_for(lambda share=share: runner.done() >= before + share)  # type: ignore[misc]
            broker.kill()
            deaths.append(runner.done() - before)
            runner.wait_for(runner.has_nothing_leased)  # every process has tried in vain to acknowledge its message
            broker.start()
        check(runner, undisturbed)

    total = sum(undisturbed["jobs"].values()) - before  # type: ignore[attr-defined]
    assert max(deaths) < total, "it was killed when all was done"
    print(f"\nredis killed after {deaths} of {total} jobs: 0 lost, 0 doubled")


@pytest.mark.parametrize("backend", [POSTGRES])
def test_emptying_the_broker_loses_nothing(
    new_scenario: NewScenario, broker: RedisServer, tmp_path: Path, undisturbed: dict[str, object]
) -> None:
    scenario = new_scenario(story=sites_just_late)
    thrown_away = 0

    with running(scenario, broker, tmp_path, "work", "dispatch") as runner:
        begun = runner.done()
        for share in (1, 40, 80):
            runner.wait_for(lambda share=share: runner.done() >= begun + share)  # type: ignore[misc]
            thrown_away += broker.flush()
        check(runner, undisturbed)

    assert thrown_away > 0, "no message was thrown away: this shows nothing"
    print(f"\n{thrown_away} waiting messages thrown away: 0 jobs lost, 0 doubled")


@pytest.mark.parametrize("backend", ["sqlite", POSTGRES])
def test_every_message_twice_has_one_effect(
    new_scenario: NewScenario, broker: RedisServer, tmp_path: Path, undisturbed: dict[str, object]
) -> None:
    scenario = new_scenario(story=sites_just_late)

    with running(scenario, broker, tmp_path, "work", "dispatch-twice") as runner:
        check(runner, undisturbed)


@pytest.mark.parametrize("backend", [POSTGRES])
def test_what_killed_workers_had_is_done_once_by_the_next(
    new_scenario: NewScenario, broker: RedisServer, tmp_path: Path, undisturbed: dict[str, object]
) -> None:
    scenario = new_scenario(story=sites_just_late)

    with running(scenario, broker, tmp_path, "work", "dispatch") as runner:
        begun = runner.done()
        runner.wait_for(lambda: runner.done() >= begun + 20)
        runner.kill_first()
        runner.start_own("work")
        runner.skip(LEASE_SECONDS + 1)
        check(runner, undisturbed)


# -- the commands as an operator gives them ----------------------------------------------------------------------------
def one_of_each(scenario: Scenario) -> None:
    """Two sites just late, one letter, and a batch over both."""
    numbers = scenario.register(2)
    scenario.until("2024-05-27 17:59")
    scenario.clock.set(scenario.engine.read.next_due_at())
    scenario.engine.execute(IssueLetters(scenario.campaign, "notice", tuple(numbers[:1])), by=scenario.supervisor)
    found = scenario.rows(sa.select(instances.c.instance_id).order_by(instances.c.instance_id))
    subjects = tuple(row["instance_id"] for row in found)
    batch = StartBatch("set_variable", subjects, {"name": "note", "value": "（演示）"}, "演示")
    scenario.engine.execute(batch, by=scenario.person("xitong"))


@pytest.mark.parametrize("backend", [POSTGRES])
def test_jobs_of_every_kind_are_done_by_the_commands_of_an_operator(
    new_scenario: NewScenario, broker: RedisServer, tmp_path: Path
) -> None:
    scenario = new_scenario(story=one_of_each, letters="real")
    runner = Runner(scenario, broker, tmp_path)
    port = free_port()
    duban = str(Path(sys.executable).with_name("duban"))
    try:
        runner.start(duban, "dispatch", "--seconds", "5")
        work = ("worker", "--queues", "timers,letters,imports", "--concurrency", "1", "--metrics-port", str(port))
        runner.start(duban, *work)
        runner.wait_for(lambda: runner.done() > 0 and runner.has_nothing_left())
        with urllib.request.urlopen(f"http://127.0.0.1:{port}/metrics") as answer:
            shown = answer.read().decode()
        codes = runner.stop()
    finally:
        runner.stop()

    runner.demo_ends()
    kinds = {row["kind"] for row in scenario.rows(sa.select(jobs.c.kind).where(jobs.c.state == "DONE"))}
    assert {"timer", "start_process", "remind", "letter", "batch"} <= kinds
    assert len(scenario.rows(sa.select(letter_documents.c.pages))) == 1
    assert set(re.findall(r'duban_job_seconds_count\{kind="(\w+)",outcome="done"\}', shown)) == kinds
    assert codes == [0, 0]
    assert scenario.engine.read.violations() == ()


# -- the dispatcher ----------------------------------------------------------------------------------------------------
class Patience(threading.Event):
    """Waits no second, but writes down how long it was asked to; is set after `times`."""

    def __init__(self, times: int) -> None:
        super().__init__()
        self._times = times
        self.waits: list[float | None] = []

    def wait(self, timeout: float | None = None) -> bool:
        self.waits.append(timeout)
        if len(self.waits) == self._times:
            self.set()
        return self.is_set()


def handed_out(scenario: Scenario) -> int:
    return len(scenario.rows(sa.select(jobs.c.job_id).where(jobs.c.dispatched_until > scenario.now)))


def lengths(app: Celery) -> dict[str, float]:
    families = {family.name: family for family in QueueLengths(app).collect()}
    return {sample.labels["queue"]: sample.value for sample in families["duban_broker_queue_length"].samples}


def test_an_id_is_handed_out_once_until_its_time_is_over(new_scenario: NewScenario, broker: RedisServer) -> None:
    scenario, app = new_scenario(story=sites_just_late), make_app(broker.url)
    dispatcher = Dispatcher(scenario.engine, app, seconds=60, batch=1000)

    first, again = dispatcher.run_once(), dispatcher.run_once()
    scenario.clock.advance(timedelta(seconds=61))
    later = dispatcher.run_once()
    dispatcher.close()

    assert (first, again, later) == (SITES + LETTERS, 0, SITES + LETTERS)
    assert lengths(app) == {"timers": 2 * SITES, "letters": 2 * LETTERS, "mail": 0, "imports": 0}


def test_a_full_queue_gets_no_more_and_holds_up_no_other(new_scenario: NewScenario, broker: RedisServer) -> None:
    scenario, app = new_scenario(story=sites_just_late), make_app(broker.url)
    dispatcher = Dispatcher(scenario.engine, app, seconds=60, batch=30, ceiling=10)

    rounds = [dispatcher.run_once() for _ in range(3)]
    dispatcher.close()

    assert rounds == [30, 30, 0]
    assert lengths(app) == {"timers": 30, "letters": 30, "mail": 0, "imports": 0}


def test_while_the_broker_is_away_nothing_counts_as_handed_out_and_the_waits_grow(
    new_scenario: NewScenario, broker: RedisServer, caplog: pytest.LogCaptureFixture
) -> None:
    scenario, app, stop = new_scenario(story=sites_just_late), make_app(broker.url), Patience(7)
    broker.kill()

    Dispatcher(scenario.engine, app).run(stop)

    assert stop.waits == [1, 2, 4, 8, 16, 30, 30]
    assert handed_out(scenario) == 0
    assert {record.levelname for record in caplog.records if record.name == "duban.dispatch"} == {"WARNING"}
    assert lengths(app) == {}
    broker.start()
    dispatcher = Dispatcher(scenario.engine, app)
    assert dispatcher.run_once() == handed_out(scenario) == SITES + LETTERS
    dispatcher.close()


@dataclass
class Letter:
    """As much of a message as Celery's loop would leave behind."""

    channel: object
    acknowledged: bool


def test_a_failed_acknowledgement_of_this_connection_cuts_it() -> None:
    present, former = object(), object()
    pulse = Pulse(SimpleNamespace(task_consumer=SimpleNamespace(channel=present)))
    fine, lost, old = Letter(present, True), Letter(present, False), Letter(former, False)

    Pulse.asked += [fine, old]
    pulse.look()
    Pulse.asked += [lost]
    pulse.look()  # what was asked for a moment ago may still be under way

    with pytest.raises(ConnectionResetError, match="1 messages"):
        pulse.look()
    pulse.look()


def test_every_kind_of_job_has_its_queue() -> None:
    assert {kind: queue_of(kind) for kind in (TIMER, *SERVICE_KINDS, BATCH)} == {
        "timer": "timers",
        "remind": "timers",
        "start_process": "timers",
        "publish_message": "timers",
        "letter": "letters",
        "batch": "imports",
    }
    assert queue_of("something new") == "timers"
    assert {queue_of(kind) for kind in QUEUE_OF} == set(QUEUES) - {"mail"}
