"""Figures for a watch program in Prometheus' form: what this process has done, and what waits in the database.

`/metrics` is for this machine, or for whoever has `DUBAN_METRICS_TOKEN`; nobody else is told anything.
"""

import hmac
import platform
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from functools import cache
from importlib import metadata
from typing import Final

from flask import Blueprint, Response, current_app, request
from prometheus_client import (
    CollectorRegistry,
    Counter,
    Histogram,
    ProcessCollector,
    disable_created_metrics,
    generate_latest,
)
from prometheus_client.core import GaugeMetricFamily, InfoMetricFamily, Metric
from prometheus_client.exposition import CONTENT_TYPE_PLAIN_0_0_4
from prometheus_client.registry import Collector

from engine.domain.job import SERVICE_KINDS, TIMER
from engine.errors import EngineError, NotPermitted
from engine.queries.metrics import Metrics
from engine.runtime import Engine
from engine.store import migrate
from web.config import Config
from web.permission import public
from web.request import engine

blueprint = Blueprint("metrics", __name__)

LOOPBACK: Final = ("127.0.0.1", "::1")
LOOPBACK_NAMES: Final = ("127.0.0.1", "localhost", "[::1]")
BUCKETS: Final = (0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1, 2, 5, 10, 30)
KINDS: Final = (TIMER, *SERVICE_KINDS)  # shown with 0 when there are none, so that an alert has something to look at

# -- what this process has done ----------------------------------------------------------------------------------------
disable_created_metrics()  # a line a counter that nobody reads
PROCESS: Final = CollectorRegistry()
ProcessCollector(registry=PROCESS)
COMMANDS = Histogram(
    "duban_command_seconds",
    "Time of one engine.execute, commit included, by command and outcome.",
    ("command", "outcome"),
    buckets=BUCKETS,
    registry=PROCESS,
)
JOBS = Histogram(
    "duban_job_seconds",
    "Time from a job's claim to its end, by kind and outcome: done, failed, lost (to another worker).",
    ("kind", "outcome"),
    buckets=BUCKETS,
    registry=PROCESS,
)
CLAIMED = Counter("duban_jobs_claimed", "Jobs this process has leased.", ("kind",), registry=PROCESS)
HANDED_OUT = Counter("duban_jobs_handed_out", "Ids given to the broker.", ("queue",), registry=PROCESS)
BROKER_FAULTS = Counter("duban_broker_faults", "Times the broker could not be spoken to.", registry=PROCESS)

Event = tuple[str, str, str, float]  # "command" or "job", name, outcome, seconds
_kept: ContextVar[list[Event] | None] = ContextVar("duban_events", default=None)


def note(event: Event) -> None:
    """Count one command or job here, or wherever `kept_apart` takes it."""
    if (kept := _kept.get()) is not None:
        kept.append(event)
        return
    what, name, outcome, seconds = event
    (COMMANDS if what == "command" else JOBS).labels(name, outcome).observe(seconds)
    if what == "job":
        CLAIMED.labels(name).inc()


@contextmanager
def kept_apart() -> Iterator[list[Event]]:
    """Events inside go into this list: a child process hands them to its parent, which is the one that is asked."""
    events: list[Event] = []
    token = _kept.set(events)
    try:
        yield events
    finally:
        _kept.reset(token)


# -- what waits in the database ----------------------------------------------------------------------------------------
class Waiting(Collector):
    """Asks the engine at every scrape. A database that does not answer is one of the figures."""

    def __init__(self, asked: Engine) -> None:
        self._engine = asked

    def describe(self) -> Iterable[Metric]:
        return ()  # so that registering asks nothing

    def collect(self) -> Iterable[Metric]:
        yield InfoMetricFamily("duban_build", "The program and its schema.", value=_build())
        try:
            found: Metrics = self._engine.read.metrics()
        except EngineError:
            yield GaugeMetricFamily("duban_database_up", "Whether the database answers.", 0)
            return
        yield GaugeMetricFamily("duban_database_up", "Whether the database answers.", 1)
        yield from _families(found)


def _families(found: Metrics) -> Iterator[Metric]:
    due = {one.kind: one for one in found.due}
    none = dict.fromkeys((*KINDS, *due), 0.0)
    late = {kind: max(0.0, (found.at - one.oldest_due_at).total_seconds()) for kind, one in due.items()}
    yield _by("duban_jobs_due", "Open jobs whose time has come.", "kind", none | {k: v.count for k, v in due.items()})
    yield _by("duban_job_lateness_seconds", "How long the oldest of them has been due.", "kind", none | late)
    handed_out = {kind: one.handed_out for kind, one in due.items()}
    yield _by("duban_jobs_with_broker", "Of these, ids handed to the broker.", "kind", none | handed_out)
    yield GaugeMetricFamily("duban_jobs_leased", "Jobs that workers have now.", found.leased)
    yield _by("duban_jobs_failed", "Jobs without attempts left.", "kind", dict.fromkeys(KINDS, 0.0) | found.failed)
    yield _by("duban_incidents_open", "Incidents that wait for a person.", "kind", none | found.incidents)
    yield GaugeMetricFamily("duban_tasks_live", "Tasks that wait for people.", found.live_tasks)
    yield GaugeMetricFamily("duban_tasks_overdue", "Live tasks past their due instant.", found.overdue_tasks)
    yield GaugeMetricFamily("duban_instances_suspended", "Instances that stand still by order.", found.suspended)
    yield GaugeMetricFamily("duban_clock_hold", "1 while a jump of the clock waits for a person.", found.has_clock_hold)
    if found.last_checkpoint_at is not None:  # one a hour is due; alert above 7,200
        age = max(0.0, (found.at - found.last_checkpoint_at).total_seconds())
        yield GaugeMetricFamily("duban_checkpoint_age_seconds", "Since the last checkpoint over the facts.", age)
    cases = GaugeMetricFamily("duban_cases", "Cases by campaign and state.", labels=("campaign", "state"))
    for (campaign, state), count in sorted(found.cases.items()):
        cases.add_metric((campaign, state), count)
    yield cases


def _by(name: str, words: str, label: str, values: Mapping[str, float]) -> Metric:
    family = GaugeMetricFamily(name, words, labels=(label,))
    for value in sorted(values):
        family.add_metric((value,), values[value])
    return family


@cache
def _build() -> dict[str, str]:
    return {"version": metadata.version("duban"), "schema": migrate.head(), "python": platform.python_version()}


def exposition(asked: Engine | None, *more: Collector) -> bytes:
    """Everything as text: this process's own figures, and the engine's when one is given."""
    registry = CollectorRegistry()
    for collector in ([Waiting(asked)] if asked is not None else []) + list(more):
        registry.register(collector)
    return generate_latest(PROCESS) + generate_latest(registry)


# -- the page ----------------------------------------------------------------------------------------------------------
def may_look(config: Config, *, address: str, host: str, authorization: str) -> bool:
    """With a token set: who sends it as bearer. Without: this machine, asking under its own name.

    A proxy on this machine asks from the loopback address as well, but under the name of the site.
    """
    if config.metrics_token:
        return hmac.compare_digest(authorization.encode(), f"Bearer {config.metrics_token}".encode())
    name = host.rpartition(":")[0] if not host.endswith("]") and ":" in host else host
    return address in LOOPBACK and name in LOOPBACK_NAMES


@blueprint.get("/metrics")
@public  # it asks by itself
def page() -> Response:
    config: Config = current_app.extensions["duban.config"]
    asked_as = request.headers.get("Authorization", "")
    if not may_look(config, address=request.remote_addr or "", host=request.host, authorization=asked_as):
        raise NotPermitted("metrics_closed", "The figures of the machine are for its operators.")
    return Response(exposition(engine()), content_type=CONTENT_TYPE_PLAIN_0_0_4)
