"""Loads the yearly notice of days off, and recomputes the due dates that stood on a year not yet published."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from engine import plans
from engine.bpmn.expressions import evaluate
from engine.bpmn.plain import due_instant
from engine.commands.letter_service import tell_of_addressee
from engine.commands.progress import plain_changes
from engine.domain import calendar as calendars
from engine.domain.actor import require_role
from engine.domain.deadline import Deadline
from engine.domain.instance import InstanceKind, InstanceRow
from engine.domain.job import JobState
from engine.domain.lights import reached_percent
from engine.domain.task import LIVE
from engine.store import cases, instances, jobs, paper, service, tasks
from engine.store import plans as store
from engine.store.transaction import Transaction


@dataclass(frozen=True)
class PublishCalendar:
    """Load one year's calendar (TOML); provisional due dates that stand on it are computed anew."""

    content: bytes = field(repr=False)


def publish_calendar(command: PublishCalendar, tx: Transaction) -> dict[str, int]:
    """Returns {"year", "recomputed"}. Original due dates stay as they were."""
    require_role(tx.actor, "sysadmin")
    year = calendars.load(command.content).year
    if not store.put_calendar(tx, year, command.content):
        return {"year": year, "recomputed": 0}
    store.changed(tx)
    recomputed = _recompute_cases(tx) + _recompute_tasks(tx) + _recompute_timers(tx) + _recompute_replies(tx)
    tx.record("CalendarPublished", year=year, recomputed=recomputed)
    return {"year": year, "recomputed": recomputed}


def _recompute_cases(tx: Transaction) -> int:
    """The due date itself; the original one stays what it was."""
    changed = 0
    for listed in cases.provisional(tx):
        row = _locked_case(tx, listed["case_id"])
        due = _recomputed(tx, row["campaign_id"], row["deadline"] or {})
        if due is None or row["done_at"] is not None:
            continue
        lighting = plans.lighting(
            tx,
            row["campaign_id"],
            datetime.fromisoformat(row["deadline"]["evaluated_at"]),
            due.due_at,
            reported=reached_percent(plans.campaign(tx, row["campaign_id"]).progress, row),
        )
        timing = {"due_at": due.due_at, "yellow_at": lighting["yellow_at"]}
        changes = {**timing, "lights_id": lighting["lights_id"], "deadline": _renewed(due, row["deadline"])}
        cases.update(tx, row["case_id"], **changes)
        changed += due.due_at != row["due_at"]
        if any(row[name] != value for name, value in timing.items()):
            tx.record(
                "DueChanged",
                case_id=row["case_id"],
                campaign_id=row["campaign_id"],
                name=row["name"],
                old=row["due_at"].isoformat(),
                new=due.due_at.isoformat(),
                changes=plain_changes(timing),
            )
    return changed


def _recompute_tasks(tx: Transaction) -> int:
    changed = 0
    for listed in tasks.provisional(tx):
        instance = instances.lock(tx, listed["instance_id"])
        task, row = tasks.get(tx, listed["task_id"])
        due = _recomputed(tx, row["campaign_id"], row["deadline"] or {})
        if due is None or task.state not in LIVE:
            continue
        tasks.update(
            tx,
            row["task_id"],
            due_at=due.due_at,
            is_provisional=due.provisional,
            deadline=_renewed(due, row["deadline"]),
            **plans.lighting(tx, row["campaign_id"], row["opened_at"], due.due_at),
        )
        changed += _move_timers(tx, instance, row, due)
        if due.due_at != row["due_at"]:
            changed += 1
            tx.record(
                "DueChanged",
                case_id=row["case_id"],
                instance_id=row["instance_id"],
                campaign_id=row["campaign_id"],
                name=row["name"],
                old=row["due_at"].isoformat(),
                new=due.due_at.isoformat(),
            )
    return changed


def _locked_case(tx: Transaction, case_id: str) -> Mapping[str, Any]:
    """The case as it stands under the lock of its instance: what was listed before may be stale."""
    instance_id = instances.find(tx, InstanceKind.CASE, case_id)
    if instance_id is not None:
        instances.lock(tx, instance_id)
    row = cases.get(tx, case_id)
    assert row is not None, case_id
    return row


def _move_timers(tx: Transaction, row: InstanceRow, task: Mapping[str, Any], due: Deadline) -> int:
    """The reminders and the overdue timer on a task follow its due date."""
    model = plans.model(tx, row.definition_ids)
    changed = 0
    for timer in jobs.open_timers(tx, row.instance_id):
        record = timer["deadline"] or {"names": {}}
        element = model.element(timer["process_key"], timer["element_id"])
        is_on_task = (element.process_key, element.attached_to) == (task["process_key"], task["element_id"])
        if not is_on_task or due_instant(record["names"].get("due")) != task["due_at"]:
            continue
        names = {**record["names"], "due": due.due_at.isoformat()}
        timetable = plans.timetable(tx, row.campaign_id, datetime.fromisoformat(record["evaluated_at"]))
        value = evaluate(record["expression"], names, timetable.functions())
        moved = value if isinstance(value, Deadline) else due
        jobs.set_due(tx, timer["job_id"], moved.due_at, _renewed(moved, {**record, "names": names}))
        changed += moved.due_at != timer["due_at"]
    return changed


def _recompute_timers(tx: Transaction) -> int:
    changed = 0
    for listed in jobs.provisional_timers(tx):
        campaign_id = instances.lock(tx, listed["instance_id"]).campaign_id
        row = jobs.get(tx, listed["job_id"])
        due = _recomputed(tx, campaign_id, row["deadline"]) if row and row["state"] == JobState.OPEN else None
        if row is not None and due is not None:
            changed += due.due_at != row["due_at"]
            jobs.set_due(tx, row["job_id"], due.due_at, _renewed(due, row["deadline"]))
    return changed


def _recompute_replies(tx: Transaction) -> int:
    """Of letters that wait for an answer. What receipt and reviews recorded of the time to reply stays as it was."""
    changed = 0
    for listed in service.provisional_replies(tx):
        paper.lock_letter(tx, listed["letter_id"])
        rows = service.deliveries(tx, listed["letter_id"])
        row = next(row for row in rows if row["unit_id"] == listed["unit_id"])
        record = row["deadline"]
        if not service.awaits_provisional_reply(row):
            continue
        timetable = plans.timetable(tx, row["campaign_id"], datetime.fromisoformat(record["evaluated_at"]))
        due = evaluate(record["rule"], {}, timetable.functions())
        assert isinstance(due, Deadline), record["rule"]
        deadline = {**record, **due.to_json()}
        service.update(tx, row["letter_id"], row["unit_id"], reply_due_at=due.due_at, deadline=deadline)
        if due.due_at != row["reply_due_at"]:
            changed += 1
            old, new = row["reply_due_at"].isoformat(), due.due_at.isoformat()
            tell_of_addressee(tx, row, "LetterReplyDueChanged", old=old, new=new)
    return changed


def _recomputed(tx: Transaction, campaign_id: str, record: dict[str, Any]) -> Deadline | None:
    """The same expression, names and starting instant under today's calendar."""
    if not record.get("expression"):
        return None
    timetable = plans.timetable(tx, campaign_id, datetime.fromisoformat(record["evaluated_at"]))
    value = evaluate(record["expression"], record["names"], timetable.functions())
    return value if isinstance(value, Deadline) else None


def _renewed(due: Deadline, record: dict[str, Any]) -> dict[str, Any]:
    """The record of a recomputed deadline: what it was computed from, and when it began, stay."""
    return {**record, **due.to_json(), "basis": record["basis"]}
