"""Reminders, and what becomes of them when nobody worked while they came due: of several about one item only the
newest is sent, the others are on record as missed.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from engine.domain.instance import InstanceKind, InstanceRow
from engine.domain.job import LATE_AFTER
from engine.domain.task import groups_of
from engine.store import instances, jobs, supervision, tasks
from engine.store.transaction import Transaction

LOOK_AGAIN = timedelta(seconds=5)


@dataclass(frozen=True)
class _Item:
    """What a reminder is about: the late or waiting task, and whose reminders may be about it as well."""

    task_id: str
    element_id: str
    instance_id: str
    supervision_id: str | None


def must_wait(tx: Transaction, row: InstanceRow, job: Any) -> bool:
    """A late reminder waits until the other late timers of its instance have fired: one may bring a newer reminder."""
    return _is_late(tx, _came_due_at(job)) and jobs.has_more_due(tx, row.instance_id)


def keep_lateness(tx: Transaction, instance_id: str, tokens: tuple[str, ...], cause: Any) -> None:
    """The jobs that a late timer or job has opened remember when they should have been there."""
    came_due_at = _came_due_at(cause)
    if _is_late(tx, came_due_at):
        jobs.mark_late(tx, instance_id, tokens, came_due_at)


def keep_lateness_of_item(tx: Transaction, item_id: str | None, cause: Any) -> None:
    """As `keep_lateness`, for the reminder with which a supervision item begins."""
    instance_id = instances.find(tx, InstanceKind.SUPERVISION, item_id) if item_id is not None else None
    if instance_id is not None and _is_late(tx, _came_due_at(cause)):
        reminders = jobs.pending_reminders(tx, (instance_id,))
        jobs.mark_late(tx, instance_id, tuple(job["token"] for job in reminders), _came_due_at(cause))


def remind(tx: Transaction, row: InstanceRow, job: Any, variables: Mapping[str, Any]) -> None:
    """To the group that the diagram names, else to whoever holds the task."""
    inputs = job["payload"]["inputs"]
    item = _item(tx, row, inputs)
    message = str(inputs.get("message") or job["name"])
    came_due_at = _came_due_at(job)
    if item is not None and _is_late(tx, came_due_at) and _has_newer(tx, item, job, came_due_at):
        tx.record("ReminderMissed", **row.about, message=message, came_due_at=came_due_at.isoformat())
        return
    groups = groups_of((str(inputs.get("to") or ""),), dict(variables))
    if not groups and item is not None:
        groups = tasks.groups(tx, item.task_id)
    for group in dict.fromkeys(groups):
        supervision.add_reminder(
            tx,
            task_id=item.task_id if item is not None else None,
            case_id=row.case_id,
            campaign_id=row.campaign_id,
            role=group.role,
            unit_id=group.unit_id,
            message=message[:200],
        )
    tx.record("ReminderSent", **row.about, message=message)


def _item(tx: Transaction, row: InstanceRow, inputs: Mapping[str, Any]) -> _Item | None:
    """The task that the diagram names, or the late one that a supervision item watches."""
    if row.kind is InstanceKind.SUPERVISION:
        item = supervision.get_item(tx.connection, row.business_key)
        if item is None:
            return None
        late, _ = tasks.get(tx, item["task_id"])
        return _Item(late.task_id, late.element_id, late.instance_id, row.instance_id)
    task = tasks.live_of_element(tx, row.instance_id, str(inputs["task"])) if inputs.get("task") else None
    if task is None:
        return None
    watching = supervision.open_item_of_task(tx, task["task_id"])
    supervision_id = instances.find(tx, InstanceKind.SUPERVISION, watching["item_id"]) if watching else None
    return _Item(task["task_id"], task["element_id"], row.instance_id, supervision_id)


def _has_newer(tx: Transaction, item: _Item, job: Any, came_due_at: datetime) -> bool:
    """Somebody was reminded of the item since, or will be: by a reminder that came due later."""
    if supervision.was_reminded_since(tx, item.task_id, came_due_at):
        return True
    listed = tuple(instance for instance in (item.instance_id, item.supervision_id) if instance is not None)
    return any(
        (_came_due_at(other), other["job_id"]) > (came_due_at, job["job_id"])
        for other in jobs.pending_reminders(tx, listed)
        if other["job_id"] != job["job_id"]
        and (other["instance_id"] == item.supervision_id or other["payload"]["inputs"].get("task") == item.element_id)
    )


def _came_due_at(job: Any) -> datetime:
    """Of a job that a late timer has opened: when that timer was due."""
    kept = job["payload"].get("came_due_at")
    return datetime.fromisoformat(kept) if kept else job["due_at"]


def _is_late(tx: Transaction, came_due_at: datetime) -> bool:
    return tx.now - came_due_at > LATE_AFTER
