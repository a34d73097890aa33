"""What an administrator does to a job by hand, with or without an incident: try it again now, or do without it."""

from dataclasses import dataclass
from typing import Any

from engine.commands.instances import reason_of
from engine.commands.progress import apply_step, load_execution
from engine.domain.actor import require_role
from engine.domain.instance import InstanceRow, InstanceState, check_active
from engine.domain.job import TIMER, JobState
from engine.errors import NotFound, Rejected
from engine.store import holds, instances, jobs
from engine.store.access import may_see_case
from engine.store.transaction import Transaction


@dataclass(frozen=True)
class RetryJob:
    """A job that failed, for good or for now, gets all its attempts back and is due at once."""

    job_id: str
    reason: str


@dataclass(frozen=True)
class SkipJob:
    """The process goes on as if the job had been done. Not where a number or a deadline hangs on it."""

    job_id: str
    reason: str


def retry_job(command: RetryJob, tx: Transaction) -> None:
    reason = reason_of(command.reason)
    row, job = _locked(tx, command.job_id)
    if job["state"] != JobState.FAILED and not (job["state"] == JobState.OPEN and job["last_error"]):
        raise Rejected(
            "job_not_failed", f"Job {command.job_id} has not failed: it is {job['state']}.", state=job["state"]
        )
    if row is not None:
        check_active(row)
    holds.try_again(tx, command.job_id)
    holds.resolve_incidents_of(tx, command.job_id, "retry")
    _record(tx, "JobRetried", row, job, reason)


def skip_job(command: SkipJob, tx: Transaction) -> None:
    reason = reason_of(command.reason)
    row, job = _locked(tx, command.job_id)
    if job["kind"] == TIMER or job["payload"].get("letter_id") or row is None:
        raise Rejected(
            "cannot_skip", f"A {job['kind']} cannot be skipped: a number or a deadline hangs on it.", kind=job["kind"]
        )
    if job["state"] not in (JobState.OPEN, JobState.FAILED):
        raise Rejected(
            "job_not_waiting", f"Job {command.job_id} cannot be skipped: it is {job['state']}.", state=job["state"]
        )
    check_active(row)
    holds.give_up(tx, command.job_id)
    if job["token"] is not None and row.state is InstanceState.ACTIVE:
        execution, moment = load_execution(tx, row)
        apply_step(tx, row, execution, execution.complete_job(job["token"], {}, moment))
    holds.resolve_incidents_of(tx, command.job_id, "skip")
    _record(tx, "JobSkipped", row, job, reason)


def _locked(tx: Transaction, job_id: str) -> tuple[InstanceRow | None, Any]:
    """The instance first, where there is one; what was read before its lock may be stale."""
    require_role(tx.actor, "sysadmin", "supervisor")
    row = instances.lock_of_job(tx, job_id)
    job = jobs.get(tx, job_id)
    case_id = row.case_id if row is not None else None
    is_seen = (
        tx.actor.sees_all
        or tx.actor.has_role("sysadmin")
        or (case_id is not None and may_see_case(tx.connection, tx.actor, case_id))
    )
    if job is None or not is_seen:
        raise NotFound("job_unknown", f"There is no job {job_id}.", job=job_id)
    return row, job


def _record(tx: Transaction, kind: str, row: InstanceRow | None, job: Any, reason: str) -> None:
    about = row.about if row is not None else {}
    tx.record(kind, **about, job=job["job_id"], name=job["name"] or job["kind"], reason=reason)
