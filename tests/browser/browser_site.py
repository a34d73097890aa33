"""The campaign that the browser tests walk through, and the real server that shows it: `duban serve` on a free port."""

import fcntl
import os
import shutil
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from databases import SqliteFiles
from scenario import PROCESSES, Scenario, at, full_plan

from engine.clock import SystemClock
from engine.commands.clock import StartDemo
from engine.commands.tasks import CompleteTask
from engine.domain.actor import SYSTEM
from engine.domain.job import Job, JobResult
from engine.queries import Read
from engine.runtime import Engine
from engine.worker import Worker
from web.bootstrap import open_engine
from web.config import Config

OPENED = "2024-06-03 09:00"
STANDS_AT = "2024-06-13 09:30"  # a Thursday; the weekly reports are due on Friday at noon
LATE_REPORTERS = ("baohan",)  # the one unit whose report of 7 June never came in
LATE = ("LINXIA2024-0001", "LINXIA2024-0002", "LINXIA2024-0003", "LINXIA2024-0004")  # two in 城郊镇, two in 南龙镇
FRESH = ("LINXIA2024-0009", "LINXIA2024-0010")  # in 城郊镇, registered yesterday
ROOT = Path(__file__).parents[2]


@dataclass(frozen=True)
class Site:
    """A running server and the database behind it, copied for one test file."""

    url: str
    config: Config
    engine: Engine  # to look at what pages leave behind; the server has its own

    @property
    def read(self) -> Read:
        return self.engine.read


def played_campaign(folder: Path) -> Config:
    """Played by whichever test process comes first; the others wait for it."""
    folder.mkdir(exist_ok=True)
    config = Config(f"sqlite:///{folder / 'played.db'}", folder / "campaign" / "secret", PROCESSES)
    with (folder / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not (folder / "played.db").exists():
            played = play_campaign(folder)
            Path(played.database_url.removeprefix("sqlite:///")).rename(folder / "played.db")
    return config


def play_campaign(folder: Path) -> Config:
    """Ten days of a small campaign: four sites nobody surveyed in time, others in several phases, two new ones."""
    scenario = Scenario.open(SqliteFiles(folder), folder / "campaign", moment=OPENED, plan=full_plan())
    assert tuple(scenario.register(2) + scenario.register(2, area="nanlong")) == LATE
    close, rectify, done, excluded = (scenario.register()[0] for _ in range(4))
    scenario.work()
    scenario.survey(close)
    _break_the_press(scenario, rectify)
    scenario.survey(excluded, "exclude")
    scenario.survey(done)
    scenario.clean_up(done)
    scenario.accept(done)
    scenario.until("2024-06-05 10:00")
    _report_all(scenario)
    scenario.until("2024-06-12 10:00")
    assert tuple(scenario.register(2, problem="露天堆放（演示）")) == FRESH
    scenario.until(STANDS_AT)
    scenario.engine.execute(StartDemo(at(STANDS_AT), SystemClock().now()), by=SYSTEM)
    scenario.engine.close()
    return scenario.config


def _break_the_press(scenario: Scenario, case_id: str) -> None:
    """The notice of this case cannot be made: after its attempts there is an incident."""

    def no_paper(job: Job, read: Read) -> JobResult:
        raise RuntimeError("没有纸了（演示）")

    works = scenario.worker
    scenario.worker = Worker(scenario.engine, {"letter": no_paper})
    scenario.survey(case_id, "rectify")
    scenario.until("2024-06-04 10:00")
    scenario.worker = works
    assert scenario.engine.read.incidents(SYSTEM)


def _report_all(scenario: Scenario) -> None:
    for task in scenario.tasks():
        unit_id = task.groups[0][1]
        if task.element_id == "submit_report" and unit_id not in LATE_REPORTERS:
            actor = scenario.claim(task)
            answers = {"nil_return": True, "figures_checked": True, "report_signer": "演示"}
            scenario.engine.execute(CompleteTask(task.task_id, answers), by=actor)


@contextmanager
def serving(campaign: Config, folder: Path) -> Iterator[Site]:
    """The campaign on a copy of its database, until the block ends."""
    shutil.copyfile(campaign.database_url.removeprefix("sqlite:///"), folder / "duban.db")
    config = Config(f"sqlite:///{folder / 'duban.db'}", campaign.secret_file, PROCESSES)
    port = _free_port()
    command = [str(Path(sys.executable).with_name("duban")), "serve", "--host", "127.0.0.1", "--port", str(port)]
    settings = {"DUBAN_DATABASE_URL": config.database_url, "DUBAN_SECRET_FILE": str(config.secret_file)}
    log = folder / "server.log"
    with log.open("wb") as out:
        server = subprocess.Popen(command, cwd=ROOT, env={**os.environ, **settings}, stdout=out, stderr=out)
        try:
            _wait_until_up(f"http://127.0.0.1:{port}/health", server, log)
            engine = open_engine(config)
            yield Site(f"http://127.0.0.1:{port}", config, engine)
            engine.close()
        finally:
            server.terminate()
            try:
                server.wait(timeout=20)
            except subprocess.TimeoutExpired:
                server.kill()
                server.wait()
    assert "Traceback" not in log.read_text(), log.read_text()


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def _wait_until_up(address: str, server: subprocess.Popen[bytes], log: Path) -> None:
    give_up = time.monotonic() + 60
    while time.monotonic() < give_up:
        assert server.poll() is None, log.read_text()
        try:
            with urllib.request.urlopen(address, timeout=5):
                return
        except (urllib.error.URLError, ConnectionError):
            time.sleep(0.1)
    raise AssertionError(f"the server does not answer: {log.read_text()}")
