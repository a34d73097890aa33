"""Works the table of timers and jobs: claims what is due, does it, and turns failures into retries and incidents."""

import logging
import threading
from collections.abc import Callable, Mapping

from engine.commands.jobs import ClaimJobs, CompleteJob, FailJob, RunJob
from engine.domain.actor import SYSTEM
from engine.domain.job import Job, JobResult
from engine.queries import Read
from engine.runtime import Engine

log = logging.getLogger("duban.worker")

Handler = Callable[[Job, Read], JobResult]


class Worker:
    """`handlers` do outside work by job kind; everything else (timers, internal jobs) is done inside the engine."""

    def __init__(self, engine: Engine, handlers: Mapping[str, Handler], batch: int = 20) -> None:
        self._engine = engine
        self._handlers = handlers
        self._batch = batch

    def run_once(self) -> int:
        """Do what is due now, one batch. Returns how many jobs were claimed."""
        claimed = self._engine.execute(ClaimJobs(self._batch), by=SYSTEM)
        for job in claimed:
            self._do(job)
        return len(claimed)

    def run_until_idle(self, limit: int = 100_000) -> int:
        """Batches until nothing is due. Raises RuntimeError when `limit` jobs did not reach an end."""
        done = 0
        while claimed := self.run_once():
            done += claimed
            if done > limit:
                raise RuntimeError(f"{done} jobs and no end: does a timer arm itself in the past?")
        return done

    def run(self, stop: threading.Event, idle_seconds: float = 1.0) -> None:
        """Until `stop` is set. A broken database is waited for, not died of."""
        while not stop.is_set():
            try:
                claimed = self.run_once()
            except Exception:
                log.exception("the worker could not claim")
                claimed = 0
            if not claimed:
                stop.wait(idle_seconds)

    def _do(self, job: Job) -> None:
        try:
            handler = self._handlers.get(job.kind)
            if handler is None:
                self._engine.execute(RunJob(job.job_id, job.fence), by=SYSTEM)
            else:
                result = handler(job, self._engine.read)
                self._engine.execute(CompleteJob(job.job_id, job.fence, result), by=SYSTEM)
        except Exception as error:
            log.warning("job %s (%s) of instance %s failed: %s", job.job_id, job.kind, job.instance_id, error)
            self._engine.execute(FailJob(job.job_id, job.fence, f"{type(error).__name__}: {error}"), by=SYSTEM)
