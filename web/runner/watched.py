"""The engine and its worker as they run in production: every command and job is timed, counted and named in the log."""

import logging
import time
from typing import Any, Final

from engine.domain.actor import Actor
from engine.domain.job import Job
from engine.errors import EngineError, Invalid, NotFound, NotPermitted, Refused, Rejected
from engine.runtime import Engine
from engine.worker import Worker
from web import logs, metrics

log = logging.getLogger("duban.jobs")
BRANCHES: Final = (NotFound, NotPermitted, Rejected, Invalid, Refused)


class WatchedEngine(Engine):
    """An outcome is `done`, the branch of an error of ours in small letters, or `broken`: a bug."""

    def execute(self, command: Any, *, by: Actor, operation_key: str | None = None) -> Any:
        name, begun, outcome = type(command).__name__, time.perf_counter(), "done"
        with logs.about(command=name, person_id=by.person_id):
            try:
                return super().execute(command, by=by, operation_key=operation_key)
            except Exception as error:
                outcome = _branch(error)
                raise
            finally:
                metrics.note(("command", name, outcome, time.perf_counter() - begun))


class WatchedWorker(Worker):
    """Everything logged while a job is done carries its id and its instance's."""

    def do(self, job: Job) -> str:
        begun = time.perf_counter()
        with logs.about(job_id=job.job_id, job_kind=job.kind, instance_id=job.instance_id):
            log.info("job started")
            outcome = super().do(job)
            seconds = time.perf_counter() - begun
            log.info("job %s", outcome, extra={"seconds": round(seconds, 4)})
        metrics.note(("job", job.kind, outcome, seconds))
        return outcome


def _branch(error: Exception) -> str:
    if not isinstance(error, EngineError):
        return "broken"
    return next((branch.__name__.lower() for branch in BRANCHES if isinstance(error, branch)), "engineerror")
