"""What a person does with a task: claim, release, keep a draft, attach evidence, complete, send back."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from engine import plans
from engine.bpmn.step import Step
from engine.commands.accountability_rows import check_reviewer
from engine.commands.progress import apply_step, load_execution, resolve_items_of
from engine.domain.actor import check_claim, check_complete, check_release, may_work_on
from engine.domain.evidence import EvidenceFile as EvidenceFile
from engine.domain.instance import InstanceKind, InstanceRow, check_active
from engine.domain.task import TaskRow, TaskState
from engine.errors import Invalid, NotFound, Problem, Rejected
from engine.store import cases, instances, paper, tasks
from engine.store.access import may_see_task
from engine.store.transaction import Transaction


@dataclass(frozen=True)
class ClaimTask:
    task_id: str


@dataclass(frozen=True)
class ReleaseTask:
    task_id: str


@dataclass(frozen=True)
class SaveDraft:
    """Keep half-filled words as they are; nothing is checked."""

    task_id: str
    values: dict[str, Any]


@dataclass(frozen=True)
class AttachEvidence:
    """Evidence handed in before the form is complete. Returns the evidence ids."""

    task_id: str
    files: tuple[EvidenceFile, ...]


@dataclass(frozen=True)
class CompleteTask:
    """`variables` are checked form values (plain JSON). `revision` is that of the page, None where no page was."""

    task_id: str
    variables: dict[str, Any]
    revision: int | None = None
    evidence: tuple[EvidenceFile, ...] = ()


@dataclass(frozen=True)
class SendBackTask:
    """退回: only where the diagram foresees it (`returnable`). The reason is required."""

    task_id: str
    reason: str
    revision: int | None = None


def _done_by(tx: Transaction, row: InstanceRow, task: TaskRow, stored: Mapping[str, Any]) -> dict[str, set[str]]:
    """Who did the steps whose people may not do this one."""
    if not task.separate_from:
        return {}
    model = plans.model(tx, row.definition_ids)
    return tasks.done_by(tx, row.instance_id, model.separated(stored["process_key"], task.separate_from))


def claim_task(command: ClaimTask, tx: Transaction) -> None:
    row, task, stored = _locked(tx, command.task_id)
    check_claim(tx.actor, task, _done_by(tx, row, task, stored))
    check_reviewer(tx, row, tx.actor)
    tasks.update(tx, task.task_id, state=TaskState.CLAIMED, assignee_id=tx.actor.person_id, claimed_at=tx.now)
    _record(tx, row, "TaskClaimed", task)


def release_task(command: ReleaseTask, tx: Transaction) -> None:
    row, task, _ = _locked(tx, command.task_id)
    check_release(tx.actor, task)
    tasks.update(tx, task.task_id, state=TaskState.OPEN, assignee_id=None, claimed_at=None)
    _record(tx, row, "TaskReleased", task)


def save_draft(command: SaveDraft, tx: Transaction) -> None:
    _, task, _ = _locked(tx, command.task_id)
    check_complete(tx.actor, task, None, {})
    tasks.save_draft(tx, task.task_id, command.values)


def attach_evidence(command: AttachEvidence, tx: Transaction) -> list[str]:
    row, task, _ = _locked(tx, command.task_id)
    check_complete(tx.actor, task, None, {})
    return _attach(tx, row, task, command.files)


def complete_task(command: CompleteTask, tx: Transaction) -> None:
    row, task, stored = _locked(tx, command.task_id)
    check_complete(tx.actor, task, command.revision, _done_by(tx, row, task, stored))
    check_reviewer(tx, row, tx.actor)
    element = plans.model(tx, row.definition_ids).element(stored["process_key"], task.element_id)
    variables = dict(command.variables)
    if element.returnable:
        variables.setdefault("outcome", "submitted")
    _attach(tx, row, task, command.evidence)
    _finish(tx, row, task, stored, variables)
    _record(tx, row, "TaskCompleted", task)


def send_back_task(command: SendBackTask, tx: Transaction) -> None:
    row, task, stored = _locked(tx, command.task_id)
    check_complete(tx.actor, task, command.revision, _done_by(tx, row, task, stored))
    check_reviewer(tx, row, tx.actor)
    element = plans.model(tx, row.definition_ids).element(stored["process_key"], task.element_id)
    if not element.returnable:
        raise Rejected(
            "not_returnable", f"{task.name} cannot be sent back: the diagram has no way back.", task=task.name
        )
    reason = command.reason.strip()
    if not reason:
        raise Invalid(
            "reason_missing",
            "The reason is missing.",
            (Problem("reason", "请填写退回理由。", "Say why it goes back."),),
        )
    _finish(tx, row, task, stored, {"outcome": "returned", "return_reason": reason})
    tx.record(
        "TaskReturned",
        **row.about,
        name=task.name,
        reason=reason,
        task=task.task_id,
        changes=_count_return(tx, row),
    )


def _count_return(tx: Transaction, row: InstanceRow) -> dict[str, int]:
    """What changes in the case: a referral sent back to whoever drafts it is no return of the case."""
    case = cases.get(tx, row.case_id) if row.case_id and row.kind is InstanceKind.CASE else None
    if case is None:
        return {}
    changes = {"return_count": case["return_count"] + 1}
    cases.update(tx, case["case_id"], **changes)
    return changes


def _locked(tx: Transaction, task_id: str) -> tuple[InstanceRow, TaskRow, Any]:
    """Lock the instance first, then read the task: what was read before the lock may be stale."""
    row = instances.lock_of_task(tx, task_id)
    task, stored = tasks.get(tx, task_id)
    if not (may_work_on(tx.actor, task) or may_see_task(tx.connection, tx.actor, task_id)):
        raise NotFound("task_unknown", f"There is no task {task_id}.", task=task_id)
    check_active(row)
    return row, task, stored


def _finish(tx: Transaction, row: InstanceRow, task: TaskRow, stored: Any, variables: dict[str, Any]) -> None:
    execution, moment = load_execution(tx, row)
    step = execution.complete(stored["token"], variables, moment)
    check_accepted(step, task)
    tasks.update(
        tx,
        task.task_id,
        state=TaskState.COMPLETED,
        completed_at=tx.now,
        completed_by_id=tx.actor.person_id,
        variables=variables,
        draft=None,
    )
    if stored["is_watched"]:
        resolve_items_of(tx, task.task_id)
    apply_step(tx, row, execution, step.beside(stored["token"]))


def check_accepted(step: Step, task: TaskRow) -> None:
    """A rule task right behind the answer may refuse it (`duban:refusal`): nothing happens, and the form says why."""
    problems = tuple(refusal for decided in step.decisions if (refusal := decided.refusal) is not None)
    if problems:
        raise Invalid("refused_by_rule", f"{task.name}: a rule stands against this answer.", problems, task=task.name)


def _attach(tx: Transaction, row: InstanceRow, task: TaskRow, files: tuple[EvidenceFile, ...]) -> list[str]:
    added = []
    for file in files:
        evidence_id = tx.new_id()
        paper.add_evidence(
            tx,
            {
                "evidence_id": evidence_id,
                "case_id": row.case_id,
                "instance_id": row.instance_id,
                "task_id": task.task_id,
                "field": file.field,
                "proves": file.proves,
                "filename": file.filename,
                "media_type": file.media_type,
                "sha256": paper.put_blob(tx, file.content),
                "size_bytes": len(file.content),
                "taken_at": file.taken_at,
                "place": file.place,
                "note": file.note,
                "device": file.device,
                "original_sha256": file.original_sha256,
                "uploaded_at": tx.now,
                "uploaded_by_id": tx.actor.person_id,
            },
        )
        tx.record(
            "EvidenceAttached",
            **row.about,
            filename=file.filename,
            evidence=evidence_id,
        )
        added.append(evidence_id)
    return added


def _record(tx: Transaction, row: InstanceRow, kind: str, task: TaskRow) -> None:
    tx.record(
        kind,
        **row.about,
        name=task.name,
        element=task.element_id,
        task=task.task_id,
    )
