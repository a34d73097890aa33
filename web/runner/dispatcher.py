"""Hands ids of due jobs to the broker. Any number of dispatchers may run: the database gives each id to one of them."""

import logging
import threading
from collections.abc import Iterable
from typing import Any, Final

from celery import Celery
from kombu import Connection, Producer
from kombu.exceptions import OperationalError
from prometheus_client.core import GaugeMetricFamily, Metric
from prometheus_client.registry import Collector

from engine.commands.jobs import DispatchJobs
from engine.domain.actor import SYSTEM
from engine.errors import EngineError
from engine.runtime import Engine
from engine.worker import Worker
from web import metrics
from web.runner.broker import QUEUES, TASK, kinds_of, queue_of

log = logging.getLogger("duban.dispatch")
LONGEST_WAIT: Final = 30.0  # seconds between two tries while something is down


class Dispatcher:
    """`seconds` is how long an id counts as handed out: after that its message is void and it is handed out again.

    A queue in which `ceiling` messages lie gets no more until workers have taken some, so that a broker whose workers
    are away does not fill up; the other queues go on.
    """

    def __init__(
        self, engine: Engine, app: Celery, *, seconds: float = 60, batch: int = 200, ceiling: int = 1000
    ) -> None:
        self._engine = engine
        self._house = Worker(engine, {})
        self._app = app
        self._seconds = seconds
        self._batch = batch
        self._ceiling = ceiling
        self._connection: Connection | None = None
        self._producer: Producer | None = None
        self._faults = (EngineError, OperationalError, OSError)

    def run(self, stop: threading.Event, idle_seconds: float = 1.0) -> None:
        """Until `stop` is set. A broker or a database that is away is waited for, longer each time."""
        failures = 0
        while not stop.is_set():
            try:
                handed_out = self.run_once()
            except Exception as error:
                failures += 1
                wait = min(LONGEST_WAIT, 2.0 ** (failures - 1))
                self._note(error, wait)
                self.close()
                stop.wait(wait)
                continue
            if failures:
                log.info("handing out again after %s failures", failures)
                failures = 0
            if handed_out < self._batch:
                stop.wait(idle_seconds)
        self.close()

    def run_once(self) -> int:
        """One batch, and what a worker does beside its jobs. Returns how many ids were handed out.

        The broker is asked before the database is told: while it is away nothing is marked as handed out. Raises what
        the broker or the database raises.
        """
        self._engine.watch_clock()
        self._house.keep_house()
        self._house.keep_record()
        if not self._engine.read.work_is_to_dispatch():
            return 0
        full = [queue for queue in QUEUES if length(self._app, queue, self._connected()) >= self._ceiling]
        except_kinds = tuple(kind for queue in full for kind in kinds_of(queue))
        command = DispatchJobs(self._batch, self._seconds, except_kinds)
        handed_out = self._engine.execute(command, by=SYSTEM)
        for job_id, kind in handed_out:
            self._send(job_id, queue_of(kind))
        return len(handed_out)

    def close(self) -> None:
        """Forget the connection; the next use makes a new one."""
        connection, self._connection, self._producer = self._connection, None, None
        if connection is not None:
            connection.release()

    def _connected(self) -> Connection:
        if self._connection is None:
            self._connection = _connect(self._app)
            self._producer = self._connection.Producer()
        return self._connection

    def _send(self, job_id: str, queue: str) -> None:
        self._app.send_task(
            TASK,
            (job_id,),
            queue=queue,
            producer=self._producer,
            expires=self._seconds,
            retry=False,
            ignore_result=True,
        )
        metrics.HANDED_OUT.labels(queue).inc()

    def _note(self, error: Exception, wait: float) -> None:
        broker_faults: tuple[Any, ...] = self._app.connection_for_write().recoverable_connection_errors
        if not isinstance(error, EngineError):
            metrics.BROKER_FAULTS.inc()
        if isinstance(error, (*self._faults, *broker_faults)):
            log.warning("cannot hand out: %s: %s; next try in %.0f s", type(error).__name__, error, wait)
        else:
            log.error("cannot hand out; next try in %.0f s", wait, exc_info=error)


def _connect(app: Celery) -> Connection:
    """Tried once; who asks decides when to try again."""
    connection = app.connection_for_write()
    connection.ensure_connection(max_retries=1, interval_start=0, interval_step=0, timeout=10)
    return connection


def length(app: Celery, queue: str, connection: Connection) -> int:
    """How many messages lie in the queue; makes it when it is not there."""
    return int(app.amqp.queues[queue](connection.default_channel).queue_declare().message_count)


class QueueLengths(Collector):
    """Asks the broker at every scrape, over a connection of its own."""

    def __init__(self, app: Celery) -> None:
        self._app = app

    def describe(self) -> Iterable[Metric]:
        return ()

    def collect(self) -> Iterable[Metric]:
        lengths = GaugeMetricFamily("duban_broker_queue_length", "Messages that wait in the broker.", labels=("queue",))
        is_up = 1
        try:
            with _connect(self._app) as connection:
                for queue in QUEUES:
                    lengths.add_metric((queue,), length(self._app, queue, connection))
        except Exception:  # whatever is wrong with the broker is the answer
            is_up = 0
        yield GaugeMetricFamily("duban_broker_up", "Whether the broker answers.", is_up)
        yield lengths
