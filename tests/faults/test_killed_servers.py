"""kill -9 on the real `duban serve` and `duban worker` while people work over HTTP: nothing that was acknowledged to
them is lost, nothing is done twice, and no number is missing."""

import io
import os
import random
import signal
import subprocess
import sys
import threading
import time
import urllib.request
from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
import sqlalchemy as sa
from counts import SERVER_KILLS, tell
from http_client import HttpClient, hidden, problems
from PIL import Image
from redis_server import free_port
from scenario import NewScenario, Scenario
from werkzeug.datastructures import FileStorage

from engine.domain.job import LEASE_SECONDS
from engine.store import plans, schema
from engine.store.schema import facts, letter_documents, letters, tasks

pytestmark = pytest.mark.faults
ROUNDS = max(1, SERVER_KILLS // 2)  # on each database
SITES = 12 + 8 * ROUNDS
PATIENCE = 60.0
SURVEY = {
    "name": "演示石材加工点（演示）",
    "address": "演示路1号（演示）",
    "kinds": ["wu"],
    "finding_wu": "废水直排。",
    "proposed": "rectify",
    "proposed_reason": "可以改造达标。",
    "surveyed_on": "2024-05-20",
}


def many_sites(scenario: Scenario) -> None:
    scenario.register(SITES)


class Site:
    """A server and a worker in processes of their own, on one scenario in demo mode, so that its time goes on."""

    def __init__(self, scenario: Scenario, folder: Path) -> None:
        self._scenario, self._folder = scenario, folder
        self._port = free_port()
        self.address = f"http://127.0.0.1:{self._port}"
        self._wall, self._begun = datetime.now(UTC), scenario.now
        offset = str((self._begun - self._wall).total_seconds())
        with scenario.raw() as connection:
            for name, value in ((plans.DEMO, "1"), (plans.CLOCK_OFFSET, offset)):
                connection.execute(schema.settings.insert().values(name=name, value=value))
        self._processes: dict[str, subprocess.Popen[bytes]] = {}
        for name in ("serve", "worker"):
            self.start(name)

    def start(self, name: str) -> None:
        """In a session of its own, so that it can be killed with its children and nobody else."""
        config = self._scenario.config
        settings = {"DUBAN_DATABASE_URL": config.database_url, "DUBAN_SECRET_FILE": str(config.secret_file)}
        more = ["--no-worker", "--port", str(self._port)] if name == "serve" else []
        with (self._folder / f"{name}.log").open("ab") as log:
            self._processes[name] = subprocess.Popen(
                [str(Path(sys.executable).with_name("duban")), name, *more],
                env={**os.environ, **settings, "DUBAN_BROKER_URL": ""},
                stdout=log,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )
        end = time.monotonic() + PATIENCE
        while name == "serve" and not self._answers():
            assert time.monotonic() < end and self._processes[name].poll() is None, self._told(name)
            time.sleep(0.05)

    def kill(self, name: str) -> None:
        assert self._processes[name].poll() is None, f"{name} died by itself: {self._told(name)}"
        os.killpg(self._processes[name].pid, signal.SIGKILL)
        self._processes[name].wait()

    def end(self) -> None:
        """Kills what runs; the scenario's own clock goes to where the processes left it."""
        for process in self._processes.values():
            if process.poll() is None:
                os.killpg(process.pid, signal.SIGKILL)
                process.wait()
        with self._scenario.raw() as connection:
            names = schema.settings.c.name.in_((plans.DEMO, plans.CLOCK_OFFSET))
            connection.execute(schema.settings.delete().where(names))
        self._scenario.clock.set(self._begun + (datetime.now(UTC) - self._wall))

    def _answers(self) -> bool:
        try:
            with urllib.request.urlopen(f"{self.address}/health", timeout=5) as response:
                return bool(response.status == 200)
        except OSError:
            return False

    def _told(self, name: str) -> str:
        return (self._folder / f"{name}.log").read_text()[-3000:]


@contextmanager
def running(scenario: Scenario, folder: Path) -> Iterator[Site]:
    site = Site(scenario, folder)
    try:
        yield site
    finally:
        site.end()


class People:
    """Two officers hand in surveys, a supervisor issues letters, each from a browser of their own, until told to stop;
    what was acknowledged to them is noted."""

    def __init__(self, scenario: Scenario, address: str) -> None:
        surveys = [task for task in scenario.tasks() if task.element_id == "survey_site"]
        self.handed_in: set[str] = set()
        self.issued: set[str] = set()
        self.asked_again = 0
        self._address, self._stop = address, threading.Event()
        self._photo = photo()
        self._pool = ThreadPoolExecutor(3)
        self._work: list[Future[None]] = [
            self._pool.submit(self._survey, "chengjiao1", [task.task_id for task in surveys[::2]]),
            self._pool.submit(self._survey, "chengjiao2", [task.task_id for task in surveys[1::2]]),
            self._pool.submit(self._issue, "ducha1", [str(task.case_id) for task in surveys]),
        ]

    def heard(self) -> int:
        for work in self._work:
            if work.done():
                work.result()
        return len(self.handed_in) + len(self.issued)

    def stop(self) -> None:
        self._stop.set()
        for work in self._work:
            work.result()
        self._pool.shutdown()

    def _survey(self, login: str, task_ids: list[str]) -> None:
        browser = HttpClient(self._address, login)
        for task_id in task_ids:
            if self._stop.is_set():
                break
            address = f"/tasks/{task_id}"
            _, _, page = browser.get(address)
            browser.post(f"{address}/claim", {"csrf_token": hidden(page, "csrf_token")})
            _, _, page = browser.get(address)
            sent = {**SURVEY, **{name: hidden(page, name) for name in ("csrf_token", "_revision", "_operation")}}
            picture = FileStorage(io.BytesIO(self._photo), "现场.jpg", content_type="image/jpeg")
            status, _, answer = browser.post(f"{address}/completion", {**sent, "survey_photos": picture})
            assert status == 303, f"{status}: {problems(answer)}"
            self.handed_in.add(task_id)
        self.asked_again += browser.asked_again

    def _issue(self, login: str, case_ids: list[str]) -> None:
        browser = HttpClient(self._address, login)
        for case_id in case_ids:
            if self._stop.is_set():
                break
            _, _, page = browser.get(f"/desk/letters/new?case={case_id}")
            sent = {name: hidden(page, name) for name in ("csrf_token", "_operation")}
            wish = {"case": case_id, "kind": "notice", "reason": "故障演练（演示）"}
            status, location, answer = browser.post("/desk/letters", {**sent, **wish})
            assert status == 303 and "issued=" in location, f"{status}: {problems(answer)}"
            self.issued.update(location.partition("issued=")[2].replace("%2C", ",").split(","))
        self.asked_again += browser.asked_again


@pytest.mark.parametrize("backend", ["sqlite", pytest.param("postgres", marks=pytest.mark.postgres)])
def test_killing_server_and_worker_loses_nothing_acknowledged(new_scenario: NewScenario, tmp_path: Path) -> None:
    scenario = new_scenario(story=many_sites)
    chance = random.Random(20)

    with running(scenario, tmp_path) as site:
        people = People(scenario, site.address)
        for round_ in range(ROUNDS):
            wanted, end = people.heard() + chance.randint(1, 3), time.monotonic() + PATIENCE
            while people.heard() < wanted and time.monotonic() < end:
                time.sleep(0.01)
            time.sleep(chance.uniform(0, 0.1))
            name = chance.choice(("serve", "serve", "worker")) if round_ else "serve"
            site.kill(name)
            site.start(name)
        people.stop()
    scenario.clock.advance(timedelta(seconds=LEASE_SECONDS + 1))
    scenario.work()
    scenario.clock.advance(timedelta(hours=12))
    scenario.work()

    done = [row["task_id"] for row in scenario.rows(sa.select(tasks.c.task_id).where(tasks.c.state == "COMPLETED"))]
    told = scenario.rows(sa.select(facts.c.detail).where(facts.c.kind == "TaskCompleted"))
    issued = scenario.rows(sa.select(letters.c.letter_id, letters.c.serial).order_by(letters.c.serial))
    made = scenario.rows(sa.select(letter_documents.c.letter_id))
    assert sorted(row["detail"]["task"] for row in told) == sorted(done) == sorted(people.handed_in)
    assert {row["letter_id"] for row in issued} == people.issued == {row["letter_id"] for row in made}
    assert [row["serial"] for row in issued] == list(range(1, len(issued) + 1))
    assert scenario.engine.read.violations() == ()
    assert people.asked_again > 0, "nobody noticed that anything was killed"
    tell(
        f"kill -9 of server and worker: {ROUNDS} rounds, {people.heard()} requests acknowledged over HTTP, asked again "
        f"{people.asked_again} times: 0 lost, 0 doubled"
    )


def photo() -> bytes:
    drawn = io.BytesIO()
    Image.new("RGB", (40, 30), "red").save(drawn, "JPEG")
    return drawn.getvalue()
