"""SQLite finds no room any more: commands are refused and leave nothing, reads go on, and all works again as soon as
there is room."""

import os
import resource
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
from breaking import content
from counts import FULL_DISKS, tell
from flask import Flask
from flask.testing import FlaskClient
from http_client import hidden
from scenario import PASSWORD, NewScenario, Scenario
from slips import SLIP, desk_signs_slips

from engine.commands.letters import IssueLetters
from engine.commands.tasks import AttachEvidence, EvidenceFile
from engine.errors import Refused
from engine.ids import TimeOrderedIds
from engine.runtime import Engine
from engine.store.database import Database
from web.app import create_app

pytestmark = pytest.mark.faults
PAGES = 100  # a bundle of evidence needs more than these
PLENTY = 1_000_000
KILOBYTE = 1024
VISITORS = 500


def surveys_claimed(scenario: Scenario) -> None:
    desk_signs_slips(scenario)
    for case in scenario.register(2):
        scenario.claim(scenario.task_of(case, "survey_site"), scenario.person("chengjiao1"))


class Writer:
    """Does one thing after another that needs room, each with a key of its own."""

    def __init__(self, scenario: Scenario) -> None:
        self._task = scenario.task_of(None, "survey_site")
        self._clerk, self._supervisor = scenario.person("chengjiao1"), scenario.supervisor
        self._campaign = scenario.campaign
        self.task_id = self._task.task_id
        self.keys = 0

    def write(self, engine: Engine) -> None:
        """Raises Refused when there is no room."""
        self.keys += 1
        content = os.urandom(20 * KILOBYTE)
        if self.keys % 2:
            photo = EvidenceFile("survey_photos", f"{self.keys}.jpg", "image/jpeg", content)
            engine.execute(AttachEvidence(self._task.task_id, (photo,)), by=self._clerk)
        else:
            letter = IssueLetters(self._campaign, SLIP, (str(self._task.case_id),), reason="故障演练（演示）")
            engine.execute(letter, by=self._supervisor, operation_key=f"letter {self.keys}")


@contextmanager
def room_for(database: Database, pages: int) -> Iterator[None]:
    """The file may grow by so many pages and no further, on every connection."""
    limit = {"pages": 0}

    def set_limit(dbapi_connection: Any, _record: Any) -> None:
        dbapi_connection.execute(f"PRAGMA max_page_count={limit['pages']}").close()

    with database.read() as connection:
        limit["pages"] = int(connection.exec_driver_sql("PRAGMA page_count").scalar() or 0) + pages
    sa.event.listen(database.engine, "connect", set_limit)
    database.dispose()
    try:
        yield
    finally:
        sa.event.remove(database.engine, "connect", set_limit)
        database.dispose()


def fill_up(scenario: Scenario, writer: Writer) -> int:
    """Write until nothing goes any more. Returns how much had gone; what did not go has left nothing."""
    done = 0
    while done < PAGES:
        before = content(scenario)
        try:
            writer.write(scenario.engine)
        except Refused as refused:
            assert refused.code == "database_fails" and "full" in str(refused)
            assert content(scenario) == before, "half done"
            return done
        done += 1
    raise AssertionError("the disk never was full")


def test_commands_are_refused_while_the_disk_is_full_and_go_on_when_there_is_room(new_scenario: NewScenario) -> None:
    scenario = new_scenario(story=surveys_claimed)
    writer = Writer(scenario)
    refused = gone = 0

    for number in range(FULL_DISKS):
        with room_for(scenario.engine.database, number % 24):
            gone += fill_up(scenario, writer)
            refused += 1
            with pytest.raises(Refused):  # and again: nothing is stuck
                for _ in range(2):
                    writer.write(scenario.engine)
            assert scenario.engine.read.task(scenario.person("chengjiao1"), writer.task_id)
        writer.write(scenario.engine)

    assert scenario.engine.read.violations() == ()
    tell(f"disk full (pages): {refused} times after {gone} writes: 0 half done, reads went on, all worked again")


def test_a_file_that_may_not_grow_refuses_and_recovers_in_the_same_process(new_scenario: NewScenario) -> None:
    """RLIMIT_FSIZE, in a child: the operating system refuses the write in the middle of the write-ahead log."""
    scenario = new_scenario(story=surveys_claimed)
    scenario.engine.database.dispose()

    for kilobytes in range(1, FULL_DISKS + 1):
        child = os.fork()
        if child == 0:
            try:
                os._exit(_meet_the_limit(scenario, kilobytes * 7 * KILOBYTE))
            finally:
                os._exit(1)
        assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0, f"with room for {kilobytes * 7} kB"

    assert scenario.engine.read.violations() == ()
    tell(f"disk full (file size): {FULL_DISKS} processes met the limit: 0 half done, all worked again")


def _meet_the_limit(scenario: Scenario, room: int) -> int:
    """In the child. 0 when everything was as it should be."""
    scenario.engine._ids = TimeOrderedIds()  # several processes after each other must not make the same ids
    writer, database = Writer(scenario), scenario.engine.database
    log = Path(scenario.config.database_url.removeprefix("sqlite:///") + "-wal")
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    size = log.stat().st_size if log.exists() else 0
    resource.setrlimit(resource.RLIMIT_FSIZE, (size + room, hard))
    for _ in range(PAGES):
        before = content(scenario)
        try:
            writer.write(scenario.engine)
        except Refused:
            if content(scenario) != before:
                return 2
            resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
            writer.write(scenario.engine)
            database.dispose()
            return 0
    return 3


def test_the_web_says_503_and_shows_pages_all_the_same(new_scenario: NewScenario) -> None:
    scenario = new_scenario(story=surveys_claimed)
    app: Flask = create_app(scenario.engine, scenario.config, clock=scenario.clock)
    officer, _ = sign_in(app)
    writer = Writer(scenario)

    with room_for(scenario.engine.database, 0):
        fill_up(scenario, writer)
        refused = _visitor_without_room(app)
        page = officer.get(f"/tasks/{writer.task_id}")
    _, again = sign_in(app)

    assert (refused, page.status_code, again) == (503, 200, 303)


def sign_in(app: Flask) -> tuple[FlaskClient, int]:
    """A browser of an officer, and what it was answered."""
    browser = app.test_client()
    token = hidden(browser.get("/login").get_data(as_text=True), "csrf_token")
    sent = {"csrf_token": token, "login": "chengjiao1", "password": PASSWORD}
    return browser, browser.post("/login", data=sent).status_code


def _visitor_without_room(app: Flask) -> int:
    """What the first is answered who does not get in: each needs a session, which is written."""
    answers = (sign_in(app)[1] for _ in range(VISITORS))
    return next((status for status in answers if status != 303), 0)
