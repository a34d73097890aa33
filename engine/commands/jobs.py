"""What the worker does through the front door: claim, fire, run, complete, fail; and what a person does with an
incident."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from engine.bpmn.execution import Execution
from engine.bpmn.step import Moment
from engine.commands import supervision as supervise
from engine.commands.progress import apply_step, load_execution
from engine.domain.actor import require_role
from engine.domain.instance import InstanceKind, InstanceRow, InstanceState
from engine.domain.job import TIMER, Job, JobResult, JobState, next_attempt_at
from engine.domain.task import groups_of
from engine.errors import NotFound, Rejected
from engine.store import instances, jobs, paper, supervision, tasks
from engine.store.access import may_see_case
from engine.store.transaction import Transaction


@dataclass(frozen=True)
class ClaimJobs:
    limit: int = 20


@dataclass(frozen=True)
class RunJob:
    """A timer or an internal job: its whole effect in this one transaction. Does nothing when the lease is lost."""

    job_id: str
    fence: int


@dataclass(frozen=True)
class CompleteJob:
    """An outside job comes back with its result. Does nothing when the lease is lost."""

    job_id: str
    fence: int
    result: JobResult = field(repr=False)


@dataclass(frozen=True)
class FailJob:
    job_id: str
    fence: int
    error: str


@dataclass(frozen=True)
class ResolveIncident:
    """`retry`: the job gets its attempts back. `skip`: the process goes on as if the job had been done.
    `noted`: a person has seen it and leaves it so."""

    incident_id: str
    resolution: str


def claim_jobs(command: ClaimJobs, tx: Transaction) -> list[Job]:
    for row in jobs.lapsed_without_attempts(tx):
        _give_up(tx, row, row["last_error"] or "the worker died while it had the job")
    return jobs.claim_due(tx, command.limit)


def run_job(command: RunJob, tx: Transaction) -> bool:
    """Whether the job still was this worker's."""
    row = instances.lock_of_job(tx, command.job_id)
    job = jobs.get_leased(tx, command.job_id, command.fence)
    if job is None:
        return False
    assert row is not None, "timers and internal jobs belong to an instance"
    jobs.finish(tx, command.job_id, command.fence)
    if row.state is not InstanceState.ACTIVE:
        return True
    if job["kind"] == TIMER:
        _fire(tx, row, job)
    elif job["kind"] == "remind":
        _remind(tx, row, job)
    elif job["kind"] == "start_process":
        _start_process(tx, row, job)
    else:
        _publish(tx, row, job)
    return True


def complete_job(command: CompleteJob, tx: Transaction) -> bool:
    row = instances.lock_of_job(tx, command.job_id)
    job = jobs.get_leased(tx, command.job_id, command.fence)
    if job is None:
        return False
    jobs.finish(tx, command.job_id, command.fence)
    if command.result.document is not None:
        _keep_document(tx, job, command.result)
    if row is not None and row.state is InstanceState.ACTIVE:
        _go_on(tx, row, job, command.result.variables)
    return True


def fail_job(command: FailJob, tx: Transaction) -> None:
    instances.lock_of_job(tx, command.job_id)
    job = jobs.get_leased(tx, command.job_id, command.fence)
    if job is None:
        return
    if job["attempts_left"] > 0:
        due_at = next_attempt_at(tx.now, job["attempts_left"])
        jobs.retry_later(tx, command.job_id, command.fence, due_at=due_at, error=command.error)
    else:
        _give_up(tx, job, command.error)


def resolve_incident(command: ResolveIncident, tx: Transaction) -> None:
    require_role(tx.actor, "sysadmin", "supervisor")
    incident = _lock_incident(tx, command.incident_id)
    if incident["resolved_at"] is not None:
        raise Rejected("incident_resolved", "The incident is resolved already.", by=incident["resolved_by"])
    if command.resolution not in (("retry", "skip", "noted") if incident["job_id"] else ("noted",)):
        raise Rejected("resolution_unknown", f"This incident cannot be resolved by {command.resolution!r}.")
    if command.resolution == "retry":
        jobs.reopen(tx, incident["job_id"])
    elif command.resolution == "skip":
        _skip(tx, incident["job_id"])
    jobs.resolve_incident(tx, command.incident_id, command.resolution)
    tx.record(
        "IncidentResolved",
        case_id=incident["case_id"],
        instance_id=incident["instance_id"],
        campaign_id=incident["campaign_id"],
        resolution=command.resolution,
    )


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
    return jobs.get_incident(tx, incident_id, is_locked=True)


def _fire(tx: Transaction, row: InstanceRow, job: Any) -> None:
    execution, moment = load_execution(tx, row)
    step = execution.fire(job["token"], moment)
    tx.record("TimerFired", **row.about, name=job["name"])
    apply_step(tx, row, execution, step)


def _go_on(tx: Transaction, row: InstanceRow, job: Any, variables: dict[str, Any]) -> None:
    if job["token"] is None:
        return
    _complete(tx, row, job, *load_execution(tx, row), variables)


def _complete(
    tx: Transaction, row: InstanceRow, job: Any, execution: Execution, moment: Moment, variables: dict[str, Any]
) -> None:
    step = execution.complete_job(job["token"], variables, moment)
    tx.record("JobCompleted", **row.about, kind=job["kind"])
    apply_step(tx, row, execution, step)


def _watched_task(tx: Transaction, row: InstanceRow, inputs: Mapping[str, Any]) -> str | None:
    """The task a reminder is about: the one its diagram names, or the late one that a supervision item watches."""
    if row.kind is InstanceKind.SUPERVISION:
        item = supervision.get_item(tx.connection, row.business_key)
        return str(item["task_id"]) if item else None
    watched = tasks.live_of_element(tx, row.instance_id, str(inputs.get("task"))) if inputs.get("task") else None
    return str(watched["task_id"]) if watched else None


def _remind(tx: Transaction, row: InstanceRow, job: Any) -> None:
    inputs = job["payload"]["inputs"]
    execution, moment = load_execution(tx, row)
    task_id = _watched_task(tx, row, inputs)
    groups = groups_of((str(inputs.get("to") or ""),), execution.variables(job["token"]))
    if not groups and task_id is not None:
        groups = tasks.groups(tx, task_id)
    for group in dict.fromkeys(groups):
        supervision.add_reminder(
            tx,
            task_id=task_id,
            case_id=row.case_id,
            campaign_id=row.campaign_id,
            role=group.role,
            unit_id=group.unit_id,
            message=str(inputs.get("message") or job["name"])[:200],
        )
    tx.record(
        "ReminderSent",
        **row.about,
        message=str(inputs.get("message") or job["name"]),
    )
    _complete(tx, row, job, execution, moment, {})


def _start_process(tx: Transaction, row: InstanceRow, job: Any) -> None:
    inputs = job["payload"]["inputs"]
    execution, moment = load_execution(tx, row)
    variables = execution.variables(job["token"])
    if inputs.get("process") == "accountability":
        supervise.start_accountability(tx, row, variables)
    else:
        supervise.start_supervision(tx, row, inputs, variables)
    _complete(tx, row, job, execution, moment, {})


def _publish(tx: Transaction, row: InstanceRow, job: Any) -> None:
    message = str(job["payload"].get("message") or job["payload"].get("inputs", {}).get("name"))
    if job["token"] is not None:  # a diagram speaks to the supervision item named by business key
        key = str(job["payload"]["inputs"].get("business_key"))
        target = instances.find(tx, InstanceKind.SUPERVISION, key)
        if target is not None:
            jobs.add(
                tx,
                kind="publish_message",
                instance_id=target,
                name=message,
                payload={"message": message},
                due_at=tx.now,
            )
        _go_on(tx, row, job, {})
    elif instances.is_waiting_for(tx, row.instance_id, message):
        execution, moment = load_execution(tx, row)
        step = execution.deliver(message, {}, moment)
        tx.record(
            "MessageDelivered",
            **row.about,
            name=message,
        )
        apply_step(tx, row, execution, step)


def _keep_document(tx: Transaction, job: Any, result: JobResult) -> None:
    letter_id = job["payload"]["letter_id"]
    if paper.has_document(tx, letter_id):
        return
    letter = paper.get_letter(tx, letter_id)
    assert letter is not None and result.document is not None
    paper.add_document(
        tx, letter_id, result.document, title=(result.title or letter["title"])[:300], pages=result.pages or 1
    )
    tx.record("LetterRendered", campaign_id=letter["campaign_id"], number=letter["number"], letter=letter_id)


def _give_up(tx: Transaction, job: Any, error: str) -> None:
    jobs.fail(tx, job["job_id"], error)
    letter = paper.get_letter(tx, job["payload"]["letter_id"]) if job["payload"].get("letter_id") else None
    campaign_id, case_id = letter["campaign_id"] if letter else None, None
    if job["instance_id"]:
        # Not locked: whoever claims holds the job's row by now, and the instance would come first.
        campaign_id, case_id = instances.about(tx, job["instance_id"])
    jobs.raise_incident(
        tx,
        job_id=job["job_id"],
        instance_id=job["instance_id"],
        campaign_id=campaign_id,
        case_id=case_id,
        element_id=job["element_id"],
        kind=job["kind"],
        message=error[:2000],
    )
    tx.record(
        "IncidentRaised",
        case_id=case_id,
        instance_id=job["instance_id"],
        campaign_id=campaign_id,
        message=error[:500],
    )


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
        _go_on(tx, row, job, {})
