"""Works the table of timers and jobs: claims what is due, does it, and turns failures into retries and incidents."""

import logging
import threading
from collections.abc import Callable, Mapping

from engine.commands.audit import SealFacts, TakeCheckpoint
from engine.commands.batches import RunBatchJob
from engine.commands.jobs import ClaimJobs, CompleteJob, FailJob, GiveBackJobs, RunJob
from engine.commands.messages import ExpireMessages
from engine.commands.upkeep import FoldTallies
from engine.domain.actor import SYSTEM
from engine.domain.batch import BATCH
from engine.domain.job import LEASE_SECONDS, Job, JobResult
from engine.queries import Read
from engine.runtime import Engine

log = logging.getLogger("duban.worker")

HOUSE_SECONDS = 60.0

Handler = Callable[[Job, Read], JobResult]


class Worker:
    """`handlers` do outside work by job kind; everything else (timers, internal jobs) is done inside the engine."""

    def __init__(self, engine: Engine, handlers: Mapping[str, Handler], batch: int = 20) -> None:
        self._engine = engine
        self._handlers = handlers
        self._batch = batch
        self._is_busy = False
        self._kept_at: float | None = None
        self._has_unsealed = False
        self._stop = threading.Event()

    def run_once(self) -> int:
        """Do what is due now, one batch. Returns how many jobs were claimed. Nothing is locked to find nothing."""
        self._engine.watch_clock()
        self.keep_house()
        self.keep_record()
        if not (self._is_busy or self._engine.read.work_is_due()):
            return 0
        claimed = self._engine.execute(ClaimJobs(self._batch), by=SYSTEM)
        self._is_busy = bool(claimed)
        self._work_off(claimed)
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
        self._stop = stop
        while not stop.is_set():
            try:
                claimed = self.run_once()
            except Exception:
                log.exception("the worker could not claim")
                claimed = 0
            if not claimed:
                stop.wait(idle_seconds)

    def keep_house(self) -> None:
        """Once a minute, whether or not anything is due. What fails here is tried again the next minute and keeps no
        job waiting."""
        counted = self._engine.clock.monotonic()
        if self._kept_at is not None and abs(counted - self._kept_at) < HOUSE_SECONDS:
            return
        self._kept_at = counted
        for chore in (ExpireMessages(), FoldTallies()):
            try:
                self._engine.execute(chore, by=SYSTEM)
            except Exception:
                log.exception("%s failed", type(chore).__name__)
        self._has_unsealed = True

    def keep_record(self) -> None:
        """Once a minute, and a batch each round while there is more: facts into the chain, the checkpoint that is due,
        and what was taken to the places outside. A failure keeps no job waiting."""
        if not self._has_unsealed:
            return
        self._has_unsealed = False
        sealing = SealFacts()
        try:
            self._has_unsealed = self._engine.execute(sealing, by=SYSTEM) == sealing.limit
            self._engine.execute(TakeCheckpoint(), by=SYSTEM)
            if self._engine.witness is not None:
                self._engine.witness.publish(self._engine.read)
        except Exception:
            log.exception("the record could not be sealed")

    def _work_off(self, claimed: list[Job]) -> None:
        """One after the other. What a long job or the end of the worker leaves no time for is given back: it is not
        to blame, and loses no attempt."""
        clock = self._engine.clock
        latest = clock.monotonic() + LEASE_SECONDS / 2
        for position, job in enumerate(claimed):
            if self._stop.is_set() or clock.monotonic() > latest:
                left = tuple((other.job_id, other.fence) for other in claimed[position:])
                self._engine.execute(GiveBackJobs(left), by=SYSTEM)
                return
            self.do(job)

    def do(self, job: Job) -> str:
        """Do one claimed job. Returns what became of it: done, failed (noted for another attempt), or lost: somebody
        else has it by now and this had no effect. Raises only when the failure itself cannot be noted."""
        try:
            handler = self._handlers.get(job.kind)
            if handler is None:
                run = RunBatchJob if job.kind == BATCH else RunJob
                was_ours = self._engine.execute(run(job.job_id, job.fence), by=SYSTEM)
            else:
                result = handler(job, self._engine.read)
                was_ours = self._engine.execute(CompleteJob(job.job_id, job.fence, result), by=SYSTEM)
            return "done" if was_ours else "lost"
        except Exception as error:
            log.warning("job %s (%s) of instance %s failed: %s", job.job_id, job.kind, job.instance_id, error)
            self._engine.execute(FailJob(job.job_id, job.fence, f"{type(error).__name__}: {error}"), by=SYSTEM)
            return "failed"
