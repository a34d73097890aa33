"""What the worker does through the front door: claim, fire, run, complete, fail."""

from dataclasses import dataclass, field
from typing import Any

from engine.bpmn.execution import Execution
from engine.bpmn.step import Moment
from engine.commands import accountability, messages, reminding
from engine.commands import supervision as supervise
from engine.commands.messages import SendMessage
from engine.commands.progress import apply_step, load_execution
from engine.domain.instance import InstanceRow, InstanceState
from engine.domain.job import INTERNAL_KINDS, STARTED_PROCESSES, TIMER, Job, JobResult, next_attempt_at
from engine.errors import Invalid
from engine.store import claims, holds, instances, jobs, paper, signatures
from engine.store.transaction import Transaction


@dataclass(frozen=True)
class ClaimJobs:
    limit: int = 20


@dataclass(frozen=True)
class ClaimJob:
    """One job by its id, for a worker that was handed the id."""

    job_id: str


@dataclass(frozen=True)
class DispatchJobs:
    """Hand out ids of due jobs; who is handed one claims it by id. Lost ids are handed out again after `seconds`."""

    limit: int = 100
    seconds: float = 300
    except_kinds: tuple[str, ...] = ()  # those whose queue is full


@dataclass(frozen=True)
class GiveBackJobs:
    """Claimed and not begun: (job id, fence) each. They are open again and no attempt is used up."""

    leases: tuple[tuple[str, int], ...]


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


def claim_jobs(command: ClaimJobs, tx: Transaction) -> list[Job]:
    """What a dead worker left comes alone: when it killed that worker, it takes no innocent job with it this time."""
    for row in _lapsed(tx, command.limit):
        if (job := claims.claim_one(tx, row["job_id"])) is not None:
            return [job]
    return claims.claim_due(tx, command.limit)


def claim_job(command: ClaimJob, tx: Transaction) -> Job | None:
    """None when it is not due, held, done, or another worker has it."""
    return claims.claim_one(tx, command.job_id)


def dispatch_jobs(command: DispatchJobs, tx: Transaction) -> list[tuple[str, str]]:
    """(job id, kind), the longest due first."""
    _lapsed(tx, command.limit)
    return claims.hand_out(tx, command.limit, command.seconds, command.except_kinds)


def give_back_jobs(command: GiveBackJobs, tx: Transaction) -> int:
    return sum(claims.give_back(tx, job_id, fence) for job_id, fence in command.leases)


def _lapsed(tx: Transaction, limit: int) -> list[Any]:
    """Jobs whose worker is gone and that may be tried again; those without an attempt left are given up here."""
    rows = claims.lapsed(tx, limit)
    for row in rows:
        if row["attempts_left"] <= 0:
            _give_up(tx, row, row["last_error"] or "the worker died while it had the job")
    return [row for row in rows if row["attempts_left"] > 0]


def run_job(command: RunJob, tx: Transaction) -> bool:
    """Whether the job still was this worker's."""
    row = instances.lock_of_job(tx, command.job_id)
    job = jobs.get_leased(tx, command.job_id, command.fence)
    if job is None:
        return False
    if job["kind"] not in (TIMER, *INTERNAL_KINDS):  # a worker without its handler: nobody has done it
        raise LookupError(f"no handler for jobs of kind {job['kind']}")
    if row is None:
        return _send(tx, job)
    if row.is_suspended:
        holds.hold_leased(tx, command.job_id, command.fence)
        return True
    if row.state is InstanceState.ACTIVE and _is_too_early(tx, row, job):
        return False
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
    if row is not None and row.is_suspended:
        holds.hold_leased(tx, command.job_id, command.fence)
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


def _is_too_early(tx: Transaction, row: InstanceRow, job: Any) -> bool:
    """Given back without effect: something else of the instance comes first."""
    if job["kind"] == TIMER and claims.must_wait(tx, job["job_id"]):
        return claims.give_back(tx, job["job_id"], job["fence"])
    if job["kind"] == "remind" and reminding.must_wait(tx, row, job):
        jobs.put_off(tx, job["job_id"], job["fence"], tx.now + reminding.LOOK_AGAIN)
        return True
    if job["kind"] == "start_process" and job["payload"]["inputs"].get("process") == "accountability":
        until = accountability.referral_waits_until(tx, row)
        if until is not None:
            jobs.put_off(tx, job["job_id"], job["fence"], until)
        return until is not None
    return False


def _fire(tx: Transaction, row: InstanceRow, job: Any) -> None:
    execution, moment = load_execution(tx, row)
    step = execution.fire(job["token"], moment)
    tx.record("TimerFired", **row.about, name=job["name"], job=job["job_id"])
    apply_step(tx, row, execution, step.beside(job["token"]))
    if step.opened_jobs:
        reminding.keep_lateness(tx, row.instance_id, tuple(opened.token for opened in step.opened_jobs), job)


def _go_on(tx: Transaction, row: InstanceRow, job: Any, variables: dict[str, Any]) -> None:
    if job["token"] is None:
        return
    _complete(tx, row, job, *load_execution(tx, row), variables)


def _complete(
    tx: Transaction, row: InstanceRow, job: Any, execution: Execution, moment: Moment, variables: dict[str, Any]
) -> None:
    step = execution.complete_job(job["token"], variables, moment)
    tx.record("JobCompleted", **row.about, kind=job["kind"])
    apply_step(tx, row, execution, step.beside(job["token"]))


def _remind(tx: Transaction, row: InstanceRow, job: Any) -> None:
    execution, moment = load_execution(tx, row)
    reminding.remind(tx, row, job, execution.variables(job["token"]))
    _complete(tx, row, job, execution, moment, {})


def _start_process(tx: Transaction, row: InstanceRow, job: Any) -> None:
    inputs = job["payload"]["inputs"]
    execution, moment = load_execution(tx, row)
    variables = execution.variables(job["token"])
    process = inputs.get("process") or "supervision"  # versions deployed before the check asked for it say nothing
    if process == "accountability":
        accountability.start_accountability(tx, row, variables)
    elif process == "interview":
        accountability.start_interview(tx, row, variables)
    elif process == "supervision":
        item_id = supervise.start_supervision(tx, row, inputs, variables)
        reminding.keep_lateness_of_item(tx, item_id, job)
    else:
        raise Invalid(
            "job_inputs",
            f"A job cannot start the process {process!r}, only {', '.join(sorted(STARTED_PROCESSES))}.",
        )
    _complete(tx, row, job, execution, moment, {})


def _publish(tx: Transaction, row: InstanceRow, job: Any) -> None:
    message = str(job["payload"].get("message") or job["payload"].get("inputs", {}).get("name"))
    if job["token"] is not None:  # a diagram sends: in a transaction of its own, for the name's lock comes last
        key = str(job["payload"]["inputs"].get("business_key") or "")
        if key:
            payload = {"send": {"message_id": job["job_id"], "name": message, "business_key": key}}
            jobs.add(tx, kind="publish_message", name=message, payload=payload, due_at=tx.now)
        _go_on(tx, row, job, {})
    elif job["payload"].get("is_stored"):
        messages.deliver(tx, row, message)
    elif instances.is_waiting_for(tx, row.instance_id, message):
        execution, moment = load_execution(tx, row)
        step = execution.deliver(message, {}, moment)
        tx.record(
            "MessageDelivered",
            **row.about,
            name=message,
        )
        apply_step(tx, row, execution, step)


def _send(tx: Transaction, job: Any) -> bool:
    """The one internal job that belongs to no instance: its sender may be over by now."""
    jobs.finish(tx, job["job_id"], job["fence"])
    messages.send(tx, SendMessage(**job["payload"]["send"]))
    return True


def _keep_document(tx: Transaction, job: Any, result: JobResult) -> None:
    letter_id = job["payload"]["letter_id"]
    if paper.has_document(tx, letter_id):
        return
    letter = paper.get_letter(tx, letter_id)
    assert letter is not None and result.document is not None
    paper.add_document(
        tx, letter_id, result.document, title=(result.title or letter["title"])[:300], pages=result.pages or 1
    )
    signatures.add(tx, letter_id, result.document, result.signature)
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
