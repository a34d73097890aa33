"""Joins diagrams to rows: starts instances, loads them under their lock, and writes down what a step has opened
and closed."""

from collections.abc import Mapping
from datetime import datetime
from functools import lru_cache, partial
from typing import Any

from engine import plans, rulings
from engine.bpmn.execution import Execution
from engine.bpmn.plain import due_instant
from engine.bpmn.state import seal, unseal
from engine.bpmn.step import Moment, OpenedJob, OpenedTask, OpenedTimer, ReachedMilestone, Step, Token
from engine.commands import accountability_rows, draft_review, ladders
from engine.commands.letter_review import close_joint_letters, close_letters_of_item
from engine.commands.letter_rows import issue_for_job
from engine.commands.reports import hand_in
from engine.commands.waiting import open_wait
from engine.domain.case import changes_at, phase_of
from engine.domain.deadline import Deadline
from engine.domain.instance import InstanceKind, InstanceRow, InstanceState
from engine.domain.job import TIMER
from engine.domain.lights import reached_percent
from engine.domain.task import TaskState, groups_of
from engine.store import cases, instances, jobs, supervision, tasks
from engine.store.transaction import Transaction

RESOLVED_MESSAGE = "item_resolved"


def start_instance(
    tx: Transaction,
    *,
    key: str,
    kind: InstanceKind,
    business_key: str,
    campaign_id: str,
    case_id: str | None,
    variables: Mapping[str, Any],
    started_by_id: str | None = None,
) -> str:
    """Start the newest version of `key`, pinned for ever with every process it calls. Returns the instance id."""
    definition_ids = plans.pinned(tx, key)
    item_id = business_key if kind is InstanceKind.SUPERVISION else None
    begun = moment(tx, campaign_id, item_id)
    execution, step = Execution.start(plans.model(tx, definition_ids), dict(variables), begun)
    row = InstanceRow(
        instance_id=tx.new_id(),
        kind=kind,
        key=key,
        business_key=business_key,
        definition_ids=definition_ids,
        campaign_id=campaign_id,
        case_id=case_id,
        state=InstanceState.ACTIVE,
        blob=b"",
        revision=0,
    )
    instances.add(tx, row, started_by_id=started_by_id)
    tx.record("InstanceStarted", campaign_id=campaign_id, case_id=case_id, instance_id=row.instance_id, key=key)
    apply_step(tx, row, execution, step)
    return row.instance_id


def load_execution(tx: Transaction, row: InstanceRow) -> tuple[Execution, Moment]:
    """The live state of a locked instance, its integrity checked, and the moment to go on with."""
    now = moment(tx, row.campaign_id, row.business_key if row.kind is InstanceKind.SUPERVISION else None)
    return Execution.load(plans.model(tx, row.definition_ids), unseal(row.blob, tx.secret), now), now


def moment(tx: Transaction, campaign_id: str, item_id: str | None = None) -> Moment:
    """The present of a step in a campaign; `item_id` is the supervision item whose process it is."""
    timetable = plans.timetable(tx, campaign_id)
    return Moment(tx.now, timetable.functions(), partial(rulings.decide, tx, campaign_id, item_id))


def apply_step(tx: Transaction, row: InstanceRow, execution: Execution, step: Step) -> None:
    """Write everything the step did, then the state itself. Called once a command, with the instance locked."""
    _close(tx, row, step.closed)
    instances.add_visits(tx, row.instance_id, step.passed)
    for reached in step.milestones:
        _reach(tx, row, reached)
    if row.case_id and row.kind is InstanceKind.CASE:
        _follow_phase(tx, row, step)
    _open(tx, row, step)
    if row.kind is InstanceKind.SUPERVISION:
        ladders.note_rulings(tx, row, step.decisions)
    for job in step.opened_jobs:
        _open_job(tx, row, job, execution.variables(job.token))
    state = InstanceState.COMPLETED if step.ended else InstanceState.ACTIVE
    instances.save(tx, row, seal(execution.dump(), tx.secret), state=state)
    if step.ended:
        _end(tx, row, execution)


def open_started(tx: Transaction, row: InstanceRow, step: Step) -> None:
    """Write what the start of an instance opened, whose row already holds its state; for starts without jobs,
    milestones or an end, which need `apply_step`."""
    instances.add_visits(tx, row.instance_id, step.passed)
    _open(tx, row, step)


def cancel_step(tx: Transaction, row: InstanceRow, execution: Execution, step: Step) -> None:
    """Write an end by hand: everything live closes, and nothing is handed in or reached by it."""
    _close(tx, row, step.closed)
    instances.save(tx, row, seal(execution.dump(), tx.secret), state=InstanceState.CANCELLED)


# -- what closed -------------------------------------------------------------------------------------------------------
def _close(tx: Transaction, row: InstanceRow, closed: tuple[Token, ...]) -> None:
    of_kind: dict[str, list[str]] = {}
    for token in closed:
        of_kind.setdefault(token.kind, []).append(token.token)
    for live in tasks.live_of_tokens(tx, row.instance_id, tuple(of_kind.get("user", ()))):
        tasks.update(tx, live["task_id"], state=TaskState.CANCELLED)
        tx.record(
            "TaskCancelled",
            **row.about,
            name=live["name"],
        )
        resolve_items_of(tx, live["task_id"])
    jobs.cancel_tokens(tx, row.instance_id, (*of_kind.get("timer", ()), *of_kind.get("job", ())))
    instances.drop_waits(tx, row.instance_id, tuple(of_kind.get("wait", ())))


def resolve_items_of(tx: Transaction, task_id: str) -> None:
    """The late work is done: tell the supervision item that watched it, by a job of the item's own instance."""
    item = supervision.watching_item_of_task(tx, task_id)
    if item is None:
        return
    if item["state"] == "REFERRED":  # accountability goes its own way, but the letters have done their work
        close_letters_of_item(tx, item["item_id"])
    instance_id = instances.find(tx, InstanceKind.SUPERVISION, item["item_id"])
    jobs.add(
        tx,
        kind="publish_message",
        instance_id=instance_id,
        name=RESOLVED_MESSAGE,
        payload={"message": RESOLVED_MESSAGE},
        due_at=tx.now,
    )


# -- what opened -------------------------------------------------------------------------------------------------------
def _open(tx: Transaction, row: InstanceRow, step: Step) -> None:
    for opened in step.opened_tasks:
        _open_task(tx, row, opened)
    for timer in step.opened_timers:
        _open_timer(tx, row, timer)
    for wait in step.opened_waits:
        open_wait(tx, row, wait)


def _open_task(tx: Transaction, row: InstanceRow, opened: OpenedTask) -> None:
    element = opened.element
    groups = groups_of(element.candidate_groups, opened.variables)
    task_id = tx.new_id()
    due = opened.due if isinstance(opened.due, Deadline) else None
    due_at = due_instant(opened.due)  # a report's due date comes as an instant, not as a rule
    tasks.add(
        tx,
        {
            "task_id": task_id,
            "instance_id": row.instance_id,
            "definition_id": plans.definition_of(tx, row.definition_ids, element.process_key),
            "campaign_id": row.campaign_id,
            "case_id": row.case_id,
            "token": opened.token,
            "process_key": element.process_key,
            "element_id": element.element_id,
            "name": element.name or element.element_id,
            "subject": _subject(opened.variables),
            "area_id": opened.variables.get("area"),
            "state": TaskState.OPEN,
            "separate_from": list(element.separate_from),
            "opened_at": tx.now,
            "due_at": due_at,
            "due_original_at": due_at,
            **plans.lighting(tx, row.campaign_id, tx.now, due_at),
            "is_provisional": bool(due and due.provisional),
            "deadline": deadline_record(due, element.due_expression, opened.deadline_names, element.basis, tx.now),
        },
        groups,
    )
    tx.record(
        "TaskOpened",
        **row.about,
        name=element.name,
        element=element.element_id,
        task=task_id,
    )
    if not groups:
        _raise(
            tx, row, element.element_id, f"任务“{element.name}”没有可办理的单位：{', '.join(element.candidate_groups)}"
        )


def _subject(variables: Mapping[str, Any]) -> str:
    case, name = str(variables.get("case") or ""), str(variables.get("name") or variables.get("item_name") or "")
    named = name if name.startswith(case) else f"{case} {name}"  # an item's name begins with its case
    return named.strip()[:200]


def _open_timer(tx: Transaction, row: InstanceRow, timer: OpenedTimer) -> None:
    due = timer.due
    jobs.add(
        tx,
        kind=TIMER,
        instance_id=row.instance_id,
        token=timer.token,
        process_key=timer.element.process_key,
        element_id=timer.element.element_id,
        name=timer.element.name or timer.element.element_id,
        due_at=due.due_at if isinstance(due, Deadline) else due,
        deadline=deadline_record(
            due if isinstance(due, Deadline) else None, timer.expression, timer.names, timer.element.basis, tx.now
        ),
    )


def _open_job(tx: Transaction, row: InstanceRow, opened: OpenedJob, variables: Mapping[str, Any]) -> None:
    payload: dict[str, Any] = {"inputs": opened.inputs}
    if opened.kind == "letter":
        payload["letter_id"] = issue_for_job(tx, row, opened.inputs, variables)
    jobs.add(
        tx,
        kind=opened.kind,
        instance_id=row.instance_id,
        token=opened.token,
        process_key=opened.element.process_key,
        element_id=opened.element.element_id,
        name=opened.element.name or opened.element.element_id,
        payload=payload,
        due_at=tx.now,
    )
    if row.kind is InstanceKind.SUPERVISION:
        ladders.record_measure(tx, row, opened, variables, payload.get("letter_id"))


# -- milestones and ends -----------------------------------------------------------------------------------------------
def _reach(tx: Transaction, row: InstanceRow, reached: ReachedMilestone) -> None:
    name = reached.name
    changes: dict[str, Any] = {}
    if row.kind is InstanceKind.CASE and row.case_id:
        changes = changes_at(name, dict(reached.variables), tx.now)
        if isinstance(reached.due, Deadline):
            changes |= _case_due(tx, row, reached.due, reached)
        else:
            changes |= _relit(tx, row, reached)
        cases.update(tx, row.case_id, **changes)
        if changes.keys() & {"done_at", "state"}:
            close_joint_letters(tx, row.case_id)
    elif row.kind is InstanceKind.SUPERVISION and name == "resolved":
        close_item(tx, row, "RESOLVED")
    elif row.kind is InstanceKind.LETTER:
        draft_review.reach(tx, row.business_key, name, reached.variables)
    elif row.kind is InstanceKind.ACCOUNTABILITY and name == "referred":
        item_id = accountability_rows.item_of_referral(tx, row.business_key)
        item = supervision.get_item(tx, item_id) if item_id is not None else None
        if item is not None and item["state"] == "OPEN":  # what was done meanwhile stays resolved when it was
            supervision.update_item(tx, item["item_id"], state="REFERRED", closed_at=tx.now)
    accountability_rows.reach(tx, row, name, reached.variables)
    tx.record(
        "MilestoneReached",
        **row.about,
        milestone=name,
        changes=plain_changes(changes),
    )


def _case_due(tx: Transaction, row: InstanceRow, due: Deadline, reached: ReachedMilestone) -> dict[str, Any]:
    """The case's due date is that of its disposition; the first one given is the original and never changes."""
    known = cases.get(tx, str(row.case_id))
    has_original = known is not None and known["disposed_at"] is not None
    changes = {
        "due_at": due.due_at,
        **plans.lighting(tx, row.campaign_id, tx.now, due.due_at, reported=_percent(tx, row, known, reached)),
        "deadline": deadline_record(
            due, reached.element.due_expression, reached.deadline_names, reached.element.basis, tx.now
        ),
    }
    return changes if has_original else {**changes, "due_original_at": due.due_at}


def _percent(tx: Transaction, row: InstanceRow, known: Mapping[str, Any] | None, reached: ReachedMilestone) -> Any:
    """How much of the case is done with this milestone, in per cent; None where the plan gives no weights."""
    progress = plans.campaign(tx, row.campaign_id).progress
    return reached_percent(progress, {**(known or {}), **changes_at(reached.name, dict(reached.variables), tx.now)})


def _relit(tx: Transaction, row: InstanceRow, reached: ReachedMilestone) -> dict[str, Any]:
    """A milestone that counts as progress may change the light of a case whose due date stays."""
    if reached.name not in plans.campaign(tx, row.campaign_id).progress:
        return {}
    case = cases.get(tx, str(row.case_id))
    if case is None or not case["deadline"]:
        return {}
    began = datetime.fromisoformat(case["deadline"]["evaluated_at"])
    percent = _percent(tx, row, case, reached)
    return plans.lighting(tx, row.campaign_id, began, case["due_at"], reported=percent)


def plain_changes(changes: Mapping[str, Any]) -> dict[str, Any]:
    """The changed columns as JSON, instants as ISO text: the facts alone can rebuild every case."""
    return {name: value.isoformat() if isinstance(value, datetime) else value for name, value in changes.items()}


def close_item(tx: Transaction, row: InstanceRow, state: str) -> None:
    """The work is done: the item and every letter still open under it are closed."""
    item = supervision.get_item(tx.connection, row.business_key)
    if item is None or item["state"] != "OPEN":
        return
    supervision.update_item(tx, row.business_key, state=state, closed_at=tx.now)
    close_letters_of_item(tx, row.business_key)
    tx.record("SupervisionClosed", **row.about)


def _follow_phase(tx: Transaction, row: InstanceRow, step: Step) -> None:
    """Before tasks and jobs open, so that a letter of this step already speaks of the phase it belongs to."""
    keys = tuple(opened.element.process_key for opened in (*step.opened_jobs, *step.opened_tasks))
    keys += tuple(timer.element.process_key for timer in step.opened_timers if timer.element.process_key == "lookback")
    phase = phase_of(keys, None)
    if phase is not None and cases.phase_of(tx, str(row.case_id)) != phase:
        cases.update(tx, str(row.case_id), phase=phase)
        tx.record(
            "PhaseEntered",
            **row.about,
            phase=phase,
            changes={"phase": phase},
        )


def _end(tx: Transaction, row: InstanceRow, execution: Execution) -> None:
    tx.record("InstanceEnded", **row.about, key=row.key)
    accountability_rows.end(tx, row)
    if row.kind is InstanceKind.SUPERVISION:
        close_item(tx, row, "RESOLVED")
    elif row.kind is InstanceKind.REPORT:
        hand_in(tx, row, execution.variables())


def _raise(tx: Transaction, row: InstanceRow, element_id: str, message: str) -> None:
    jobs.raise_incident(
        tx,
        instance_id=row.instance_id,
        campaign_id=row.campaign_id,
        case_id=row.case_id,
        element_id=element_id,
        kind="task",
        message=message,
    )
    tx.record("IncidentRaised", **row.about, message=message)


def deadline_record(
    due: Deadline | None, expression: str | None, names: Mapping[str, Any], basis: str | None, now: datetime
) -> dict[str, Any] | None:
    """A deadline with all that is needed to explain it and to compute it again under a newer calendar."""
    if due is None:
        return None
    # Cases that are registered together share their record. (Numbers are left out: 1 and True are one key, not one
    # value.)
    known = all(type(value) is str for value in names.values())
    record = _shared_record if known else _record
    return record(due, expression, tuple(names.items()), basis, now)


def _record(
    due: Deadline, expression: str | None, names: tuple[tuple[str, Any], ...], basis: str | None, now: datetime
) -> dict[str, Any]:
    return {
        **due.to_json(),
        "basis": basis or due.basis,
        "expression": expression,
        "names": dict(names),
        "evaluated_at": now.isoformat(),
    }


_shared_record = lru_cache(maxsize=256)(_record)  # nobody changes a record: it is replaced
