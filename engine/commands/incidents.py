"""What a person decides about an incident: something the machine could not do, or a clock that cannot be right."""

from dataclasses import dataclass
from typing import Any

from engine.commands.progress import apply_step, load_execution
from engine.domain.actor import require_role
from engine.domain.instance import InstanceState, check_active
from engine.domain.job import TIMER, JobState
from engine.errors import NotFound, Rejected
from engine.store import clock, instances, jobs
from engine.store.access import may_see_case
from engine.store.transaction import Transaction


@dataclass(frozen=True)
class ResolveIncident:
    """`retry`: the job gets its attempts back. `skip`: the process goes on as if the job had been done.
    `noted`: a person has seen it and leaves it so. `confirm`: the clock that jumped is right, timers go on."""

    incident_id: str
    resolution: str


def resolve_incident(command: ResolveIncident, tx: Transaction) -> None:
    require_role(tx.actor, "sysadmin", "supervisor")
    incident = _lock_incident(tx, command.incident_id)
    if incident["resolved_at"] is not None:
        raise Rejected("incident_resolved", "The incident is resolved already.", by=incident["resolved_by"])
    if command.resolution not in _resolutions(tx, incident):
        raise Rejected("resolution_unknown", f"This incident cannot be resolved by {command.resolution!r}.")
    if command.resolution == "retry":
        _retry(tx, incident["job_id"])
    elif command.resolution == "skip":
        _skip(tx, incident["job_id"])
    elif command.resolution == "confirm":
        clock.lift_hold(tx)
    jobs.resolve_incident(tx, command.incident_id, command.resolution)
    tx.record(
        "IncidentResolved",
        case_id=incident["case_id"],
        instance_id=incident["instance_id"],
        campaign_id=incident["campaign_id"],
        resolution=command.resolution,
    )


def _resolutions(tx: Transaction, incident: Any) -> tuple[str, ...]:
    """A hold is not lifted by taking note of it."""
    if incident["job_id"]:
        return ("retry", "skip", "noted")
    held = clock.hold(tx.connection)
    return ("confirm",) if held is not None and held.incident_id == incident["incident_id"] else ("noted",)


def _lock_incident(tx: Transaction, incident_id: str) -> Any:
    """The instance first, where there is one; what was read before its lock may be stale."""
    incident = jobs.get_incident(tx, incident_id)
    is_seen = incident is not None and (
        tx.actor.sees_all
        or tx.actor.has_role("sysadmin")
        or (incident["case_id"] is not None and may_see_case(tx.connection, tx.actor, incident["case_id"]))
    )
    if incident is None or not is_seen:
        raise NotFound("incident_unknown", f"There is no incident {incident_id}.", incident=incident_id)
    if incident["instance_id"] is not None:
        instances.lock(tx, incident["instance_id"])
    elif incident["kind"] == clock.CLOCK_INCIDENT:
        clock.lock(tx)
    return jobs.get_incident(tx, incident_id, is_locked=True)


def _retry(tx: Transaction, job_id: str) -> None:
    row = instances.lock_of_job(tx, job_id)
    if row is not None:
        check_active(row)
    jobs.reopen(tx, job_id)


def _skip(tx: Transaction, job_id: str) -> None:
    row = instances.lock_of_job(tx, job_id)
    job = jobs.get(tx, job_id)
    assert job is not None
    if job["kind"] == TIMER or job["payload"].get("letter_id"):
        raise Rejected(
            "cannot_skip", f"A {job['kind']} cannot be skipped: a number or a deadline hangs on it.", kind=job["kind"]
        )
    is_waited_for = row is not None and row.state is InstanceState.ACTIVE and job["state"] == JobState.FAILED
    if row is not None and is_waited_for:
        check_active(row)
        if job["token"] is not None:
            execution, moment = load_execution(tx, row)
            apply_step(tx, row, execution, execution.complete_job(job["token"], {}, moment))
