"""Celery's side of the work: a process that takes ids from queues and does the jobs they name, as any worker does.

The parent only takes messages; its children each open an engine of their own at their first job.
"""

import logging
from collections.abc import Callable, Mapping
from functools import cached_property
from typing import Final

from celery import Celery

from engine.commands.jobs import ClaimJob
from engine.domain.actor import SYSTEM
from engine.runtime import Engine
from engine.worker import Handler, Worker
from web import bootstrap, metrics
from web.config import Config
from web.runner.broker import TASK, make_app
from web.runner.event_pipe import EventPipe
from web.runner.reconnecting import NotedRequest, Pulse

log = logging.getLogger("duban.jobs")
# Workers need not know of each other, no monitor listens, and the log needs no banner.
ALONE: Final = {"without_mingle": True, "without_gossip": True, "without_heartbeat": True, "quiet": True}


class Hand:
    """Does jobs by id. Made before the fork, opened after it: nothing of a database is shared between processes."""

    def __init__(self, config: Config, handlers: Mapping[str, Handler], report: Callable[[list[metrics.Event]], None]):
        self._config = config
        self._handlers = handlers
        self._report = report

    @cached_property
    def _engine(self) -> Engine:
        return bootstrap.open_engine(self._config)

    @cached_property
    def _worker(self) -> Worker:
        return bootstrap.make_worker(self._engine, self._handlers)

    def do(self, job_id: str) -> None:
        """Claim and do; nothing when the job is done, not due, held, or somebody else's."""
        with metrics.kept_apart() as events:
            job = self._engine.execute(ClaimJob(job_id), by=SYSTEM)
            if job is None:
                log.debug("job %s is not to be had", job_id)
            else:
                self._worker.do(job)
        self._report(events)


def work_queues(
    config: Config,
    queues: tuple[str, ...],
    *,
    concurrency: int,
    handlers: Mapping[str, Handler] | None = None,
) -> int:
    """Take ids from these queues until told to stop (SIGTERM, SIGINT: what is begun is finished). Returns the exit
    code."""
    logging.getLogger("py.warnings").setLevel(logging.ERROR)  # Celery's advice on what make_app has decided
    app = make_app(config.broker_url)
    app.steps["consumer"].add(Pulse)
    pipe = EventPipe()
    pipe.start()
    declare_task(app, Hand(config, handlers or bootstrap.handlers(config), pipe.send))
    worker = app.Worker(queues=list(queues), concurrency=concurrency, pool="prefork", loglevel="INFO", **ALONE)
    worker.start()
    return int(worker.exitcode or 0)


def declare_task(app: Celery, hand: Hand) -> None:
    @app.task(name=TASK, shared=False, Request=NotedRequest)
    def do(job_id: str) -> None:
        hand.do(job_id)
