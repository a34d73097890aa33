"""The figures for a watch program: right, cheap, and for operators only."""

import json
import os
import urllib.error
import urllib.request
from dataclasses import replace
from datetime import timedelta

import pytest
import sqlalchemy as sa
from flask import Flask
from flask.testing import FlaskClient
from prometheus_client.parser import text_string_to_metric_families
from scenario import NewScenario, Scenario

from engine.commands.jobs import ClaimJobs
from engine.commands.tasks import ClaimTask
from engine.domain.actor import SYSTEM
from engine.errors import NotFound, Refused
from engine.queries.metrics import DueJobs, Metrics
from engine.store import schema
from engine.store.clock import HOLD
from engine.store.schema import incidents, instances, jobs
from web import bootstrap, metrics
from web.app import create_app
from web.config import Config
from web.runner.event_pipe import EventPipe
from web.runner.metrics_port import serve_metrics

BOTH = pytest.mark.parametrize("backend", ["sqlite", pytest.param("postgres", marks=pytest.mark.postgres)])
TOKEN = "the token of the tests"


def values(text: str) -> dict[tuple[str, ...], float]:
    """Every sample by its name and its labels' values."""
    return {
        (sample.name, *sample.labels.values()): sample.value
        for family in text_string_to_metric_families(text)
        for sample in family.samples
    }


def page(client: FlaskClient, **headers: str) -> dict[tuple[str, ...], float]:
    return values(client.get("/metrics", headers=headers).get_data(as_text=True))


def three_sites_one_hour_late(scenario: Scenario) -> None:
    """Three timers are due for an hour; one has failed for good, one instance is suspended, the clock is held."""
    scenario.register(3)
    scenario.until("2024-05-27 17:59")
    scenario.clock.set(scenario.engine.read.next_due_at() + timedelta(hours=1))


@BOTH
def test_the_engine_counts_what_waits(new_scenario: NewScenario) -> None:
    scenario = new_scenario(story=three_sites_one_hour_late)
    oldest = scenario.rows(sa.select(sa.func.min(jobs.c.due_at).label("at")).where(jobs.c.state == "OPEN"))[0]["at"]

    assert scenario.engine.read.metrics() == Metrics(
        at=scenario.now,
        due=(DueJobs("timer", 3, oldest, 0),),
        leased=0,
        failed={},
        incidents={},
        live_tasks=3,
        overdue_tasks=3,
        suspended=0,
        cases={(scenario.campaign, "ACTIVE"): 3},
        has_clock_hold=False,
        last_checkpoint_at=scenario.engine.read.last_checkpoint().at,
    )
    assert scenario.now - oldest == timedelta(hours=1)


@BOTH
def test_what_failed_is_held_or_leased_is_counted_apart(new_scenario: NewScenario) -> None:
    scenario = new_scenario(story=three_sites_one_hour_late)
    [leased] = scenario.engine.execute(ClaimJobs(1), by=SYSTEM)
    due = sa.select(jobs).where(jobs.c.state == "OPEN", jobs.c.due_at <= scenario.now).order_by(jobs.c.job_id)
    first, second = scenario.rows(due)
    with scenario.raw() as connection:
        connection.execute(jobs.update().where(jobs.c.job_id == first["job_id"]).values(state="FAILED"))
        connection.execute(jobs.update().where(jobs.c.job_id == second["job_id"]).values(held_at=scenario.now))
        suspended = instances.c.instance_id == second["instance_id"]
        connection.execute(instances.update().where(suspended).values(suspended_at=scenario.now))
        raised = {"incident_id": "1", "job_id": first["job_id"], "kind": "timer", "message": "（演示）"}
        connection.execute(incidents.insert().values(raised_at=scenario.now, **raised))
        connection.execute(schema.settings.insert().values(name=HOLD, value="{}"))

    found = scenario.engine.read.metrics()

    assert leased.kind == "timer"
    assert (found.due, found.leased, found.failed, found.incidents, found.suspended, found.has_clock_hold) == (
        (),
        1,
        {"timer": 1},
        {"timer": 1},
        1,
        True,
    )


@BOTH
def test_each_count_has_its_index(new_scenario: NewScenario) -> None:
    scenario = new_scenario(story=three_sites_one_hour_late)
    wanted = {"ix_jobs_due", "ix_jobs_lease", "ix_jobs_failed", "ix_incidents_open", "ix_instances_suspended_at"}
    plans: list[str] = []

    def explain(connection: object, cursor: object, text: str, parameters: object, *rest: object) -> None:
        if text.lstrip().startswith("SELECT") and any(table in text for table in ("jobs", "incidents", "instances")):
            asked.append((text, parameters))

    asked: list[tuple[str, object]] = []
    sa.event.listen(scenario.engine.database.engine, "before_cursor_execute", explain)
    scenario.engine.read.metrics()
    sa.event.remove(scenario.engine.database.engine, "before_cursor_execute", explain)
    with scenario.engine.database.read() as connection:
        if not scenario.engine.database.is_sqlite:
            connection.exec_driver_sql("SET LOCAL enable_seqscan = off")  # so small a table is read whole
        verb = "EXPLAIN QUERY PLAN " if scenario.engine.database.is_sqlite else "EXPLAIN "
        for text, parameters in asked:
            plans += [str(row) for row in connection.exec_driver_sql(verb + text, parameters)]  # type: ignore[arg-type]

    assert {name for name in wanted if any(name in line for line in plans)} == wanted


# -- the page ----------------------------------------------------------------------------------------------------------
def test_the_page_shows_what_waits_and_what_was_done(app: Flask, scenario: Scenario) -> None:
    three_sites_one_hour_late(scenario)
    before = page(app.test_client())

    bootstrap.make_worker(scenario.engine, bootstrap.handlers(scenario.config)).run_once()

    after = page(app.test_client())
    assert before["duban_jobs_due", "timer"] == 3
    assert before["duban_job_lateness_seconds", "timer"] == 3600
    assert before["duban_cases", scenario.campaign, "ACTIVE"] == 3
    assert before["duban_database_up",] == 1
    assert after["duban_jobs_due", "timer"] == 0
    grown = {key: after[key] - before.get(key, 0) for key in after if key[0].endswith(("_count", "_total"))}
    assert grown["duban_job_seconds_count", "timer", "done"] == 3
    assert grown["duban_jobs_claimed_total", "timer"] == 3
    assert grown["duban_command_seconds_count", "RunJob", "done"] == 3
    assert grown["duban_command_seconds_count", "ClaimJobs", "done"] == 1


def test_a_refused_command_counts_under_its_branch(app: Flask, scenario: Scenario) -> None:
    name = ("duban_command_seconds_count", "ClaimTask", "notfound")
    before = page(app.test_client()).get(name, 0)

    with pytest.raises(NotFound):
        scenario.engine.execute(ClaimTask("no such task"), by=scenario.supervisor)

    assert page(app.test_client())[name] == before + 1


def test_a_database_that_does_not_answer_is_a_figure() -> None:
    class Silent:
        @property
        def read(self) -> object:
            raise Refused("database_fails", "It does not.")

    found = values(metrics.exposition(Silent()).decode())  # type: ignore[arg-type]

    assert found["duban_database_up",] == 0
    assert not any(name.startswith("duban_jobs_due") for name, *_ in found)


@pytest.mark.parametrize(
    ("address", "host", "token", "sent", "is_shown"),
    [
        ("127.0.0.1", "127.0.0.1:8420", "", "", True),
        ("127.0.0.1", "localhost", "", "", True),
        ("::1", "[::1]:8420", "", "", True),
        ("127.0.0.1", "duban.example.gov.cn", "", "", False),  # through a proxy on this machine
        ("10.0.0.7", "127.0.0.1:8420", "", "", False),
        ("10.0.0.7", "duban.example.gov.cn", "", "Bearer ", False),
        ("10.0.0.7", "duban.example.gov.cn", TOKEN, f"Bearer {TOKEN}", True),
        ("10.0.0.7", "duban.example.gov.cn", TOKEN, f"Bearer {TOKEN}x", False),
        ("127.0.0.1", "127.0.0.1:8420", TOKEN, "", False),
    ],
)
def test_the_figures_are_for_operators(
    scenario: Scenario, address: str, host: str, token: str, sent: str, is_shown: bool
) -> None:
    app = create_app(scenario.engine, replace(scenario.config, metrics_token=token))
    app.testing = False

    answer = app.test_client().get(
        "/metrics", base_url=f"http://{host}", environ_base={"REMOTE_ADDR": address}, headers={"Authorization": sent}
    )

    assert (answer.status_code, b"duban_jobs_due" in answer.data) == ((200, True) if is_shown else (403, False))


def test_a_worker_shows_its_figures_at_a_port_of_its_own() -> None:
    server = serve_metrics(Config("", None, None, metrics_token=TOKEN), "127.0.0.1", 0)  # type: ignore[arg-type]
    address = f"http://127.0.0.1:{server.server_port}/metrics"
    try:
        request = urllib.request.Request(address, headers={"Authorization": f"Bearer {TOKEN}"})
        with urllib.request.urlopen(request) as answer:
            shown = values(answer.read().decode())
        with pytest.raises(urllib.error.HTTPError) as closed:
            urllib.request.urlopen(address)
        closed.value.close()
    finally:
        server.shutdown()
        server.server_close()

    assert any(name == "process_resident_memory_bytes" for name, *_ in shown)
    assert closed.value.code == 403


# -- children ----------------------------------------------------------------------------------------------------------
def test_what_a_child_counts_reaches_its_parent() -> None:
    pipe = EventPipe()
    done = ("duban_job_seconds_count", "letter", "done")
    before = values(metrics.exposition(None).decode()).get(done, 0)
    child = os.fork()
    if child == 0:
        with metrics.kept_apart() as events:
            metrics.note(("job", "letter", "done", 0.5))
        pipe.send(events)
        os._exit(0)
    assert os.waitpid(child, 0)[1] == 0

    pipe.count_next()

    assert values(metrics.exposition(None).decode())[done] == before + 1
    pipe.close()


def test_a_full_pipe_stops_no_child() -> None:
    pipe = EventPipe()
    events = [("job", "letter", "done", 0.5)] * 50

    for _ in range(200):
        pipe.send(events)

    assert len(json.dumps(events)) < 4000
    pipe.close()
