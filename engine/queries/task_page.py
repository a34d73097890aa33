"""One task as its page needs it: the form, what is known so far, what the actor may do and why the task is theirs."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import sqlalchemy as sa

from engine import plans
from engine.bpmn.execution import Execution
from engine.bpmn.state import unseal
from engine.domain.actor import Actor, check_claim, check_complete, check_release, may_work_on
from engine.domain.instance import suspended
from engine.domain.task import LIVE, Group, TaskRow, TaskState
from engine.errors import EngineError, NotFound
from engine.queries.accountability import reviewer_refusal
from engine.queries.inbox import task_light, workdays_left
from engine.store import instances
from engine.store import tasks as task_store
from engine.store.access import may_see_task, visible_tasks
from engine.store.schema import blobs, evidence, persons, tasks, units
from engine.store.schema import instances as instance_rows
from engine.store.transaction import Reader


@dataclass(frozen=True)
class EvidenceRow:
    evidence_id: str
    field: str
    proves: str
    filename: str
    media_type: str
    size_bytes: int
    sha256: str
    taken_at: datetime | None
    place: str
    note: str
    device: str
    original_sha256: str
    uploaded_at: datetime
    uploaded_by: str
    task_id: str | None


@dataclass(frozen=True)
class Blob:
    filename: str
    media_type: str
    content: bytes


@dataclass(frozen=True)
class TaskPage:
    """`form` is the `.form` file as deployed with the running version; `variables` what the process knows at this task.

    `groups` are (role, unit name) pairs the task is offered to. `deadline` is the stored derivation (see
    `engine.domain.deadline`). `blocked` is why the actor may not claim or complete, as an error with code and fields.
    """

    task_id: str
    name: str
    documentation: str
    subject: str
    state: TaskState
    revision: int
    campaign_id: str
    case_id: str | None
    instance_id: str
    definition_id: str
    process_key: str
    element_id: str
    groups: tuple[tuple[str, str], ...]
    assignee: str | None
    claimed_at: datetime | None
    opened_at: datetime
    completed_at: datetime | None
    completed_by: str | None
    due_at: datetime | None
    due_original_at: datetime | None
    is_provisional: bool
    light: str
    workdays_left: int | None
    deadline: Mapping[str, Any] | None
    basis: str
    form_file: str
    form: bytes | None
    variables: Mapping[str, Any]
    submitted: Mapping[str, Any] | None
    draft: Mapping[str, Any] | None
    evidence: tuple[EvidenceRow, ...]
    is_offered: bool
    may_claim: bool
    may_release: bool
    may_complete: bool
    may_send_back: bool
    blocked: EngineError | None


def task(reader: Reader, actor: Actor, task_id: str) -> TaskPage:
    """Raises NotFound for a task of somebody else's jurisdiction as for one that is not there."""
    if not may_see_task(reader.connection, actor, task_id):
        raise NotFound("task_unknown", f"There is no task {task_id}.", task=task_id)
    rules, row = task_store.get(reader, task_id)  # type: ignore[arg-type]
    of_instance = sa.select(instance_rows.c.definition_ids, instance_rows.c.suspended_at, instance_rows.c.business_key)
    instance = reader.execute(of_instance.where(instance_rows.c.instance_id == row["instance_id"])).one()
    pinned = tuple(instance.definition_ids)
    halted = _halted(row["instance_id"], instance)
    model = plans.model(reader, pinned)
    element = model.element(row["process_key"], row["element_id"])
    files = plans.definition(reader, row["definition_id"]).files
    form_file = f"{element.form_key}.form"
    is_live = rules.state in LIVE
    separated = model.separated(row["process_key"], rules.separate_from)
    done_by = task_store.done_by(reader, row["instance_id"], separated)  # type: ignore[arg-type]
    recused = reviewer_refusal(reader, actor, row["instance_id"])
    claim_error = halted or _refusal(check_claim, actor, rules, done_by) or recused
    complete_error = halted or _refusal(check_complete, actor, rules, None, done_by) or recused
    return TaskPage(
        task_id=task_id,
        name=row["name"],
        documentation=element.documentation or "",
        subject=row["subject"],
        state=rules.state,
        revision=rules.revision,
        campaign_id=row["campaign_id"],
        case_id=row["case_id"],
        instance_id=row["instance_id"],
        definition_id=row["definition_id"],
        process_key=row["process_key"],
        element_id=row["element_id"],
        groups=_group_names(reader, rules.groups),
        assignee=rules.assignee_name,
        claimed_at=rules.claimed_at,
        opened_at=row["opened_at"],
        completed_at=rules.completed_at,
        completed_by=rules.completed_name,
        due_at=row["due_at"],
        due_original_at=row["due_original_at"],
        is_provisional=row["is_provisional"],
        light=reader.execute(sa.select(task_light(reader.now)).where(tasks.c.task_id == task_id)).scalar_one(),
        workdays_left=workdays_left(reader, row["due_at"]),
        deadline=row["deadline"],
        basis=element.basis or "",
        form_file=form_file,
        form=files.get(form_file),
        variables=_variables(reader, row, pinned) if is_live else (row["variables"] or {}),
        submitted=row["variables"],
        draft=row["draft"],
        evidence=evidence_rows(reader, evidence.c.task_id == task_id),
        is_offered=may_work_on(actor, rules),
        may_claim=claim_error is None,
        may_release=halted is None and _refusal(check_release, actor, rules) is None,
        may_complete=complete_error is None,
        may_send_back=complete_error is None and element.returnable,
        blocked=(claim_error if rules.state is TaskState.OPEN else complete_error) if is_live else None,
    )


def evidence_file(reader: Reader, actor: Actor, evidence_id: str) -> Blob:
    """The bytes of one piece of evidence, to whoever may see its case or its task. Raises NotFound."""
    seen = sa.or_(
        evidence.c.task_id.in_(sa.select(tasks.c.task_id).where(visible_tasks(actor))),
        evidence.c.uploaded_by_id == actor.person_id,
    )
    row = reader.execute(
        sa.select(evidence.c.filename, evidence.c.media_type, blobs.c.content)
        .join(blobs, blobs.c.sha256 == evidence.c.sha256)
        .where(evidence.c.evidence_id == evidence_id, seen)
    ).first()
    if row is None:
        raise NotFound("evidence_unknown", f"There is no evidence {evidence_id}.", evidence=evidence_id)
    return Blob(row.filename, row.media_type, row.content)


def evidence_rows(reader: Reader, condition: sa.ColumnElement[bool]) -> tuple[EvidenceRow, ...]:
    found = reader.execute(
        sa.select(evidence, persons.c.name.label("uploaded_by"))
        .join(persons, persons.c.person_id == evidence.c.uploaded_by_id)
        .where(condition)
        .order_by(evidence.c.uploaded_at, evidence.c.evidence_id)
    )
    return tuple(
        EvidenceRow(
            row.evidence_id,
            row.field,
            row.proves,
            row.filename,
            row.media_type,
            row.size_bytes,
            row.sha256,
            row.taken_at,
            row.place,
            row.note,
            row.device,
            row.original_sha256,
            row.uploaded_at,
            row.uploaded_by,
            row.task_id,
        )
        for row in found
    )


def _variables(reader: Reader, row: Mapping[str, Any], pinned: tuple[str, ...]) -> Mapping[str, Any]:
    blob = instances.blob_of(reader, row["instance_id"])
    return Execution.load(plans.model(reader, pinned), unseal(blob, reader.secret)).variables(row["token"])


def _group_names(reader: Reader, groups: tuple[Group, ...]) -> tuple[tuple[str, str], ...]:
    names = {
        unit.unit_id: unit.name
        for unit in reader.execute(
            sa.select(units.c.unit_id, units.c.name).where(units.c.unit_id.in_([group.unit_id for group in groups]))
        )
    }
    return tuple((group.role, names[group.unit_id]) for group in groups)


def _halted(instance_id: str, instance: Any) -> EngineError | None:
    """Why nothing may be done with any task of a suspended instance."""
    if instance.suspended_at is None:
        return None
    return suspended(instance_id, instance.business_key)


def _refusal(check: Any, actor: Actor, rules: TaskRow, *rest: Any) -> EngineError | None:
    try:
        check(actor, rules, *rest)
    except EngineError as error:
        return error
    return None
