"""Moves a running instance to another version of its process, or of one that it calls: tasks, persons, drafts, due
dates and counts stay as they are. What it was is kept, so that the move can be undone."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from engine import plans
from engine.bpmn.elements import Element
from engine.commands.progress import apply_step
from engine.domain.actor import require_role
from engine.domain.instance import InstanceRow, check_live
from engine.domain.task import Group
from engine.store import holds, instances, snapshots, standing
from engine.store.standing import Rows
from engine.store.transaction import Transaction
from engine.succession import Succession, Successor, succession, successor

MIGRATORS = ("sysadmin", "publisher")
LASTING = ("state", "assignee_id", "claimed_at", "opened_at", "draft", "variables")
DUE = ("due_at", "due_original_at", "yellow_at", "is_provisional", "deadline")


@dataclass(frozen=True)
class MigrateInstance:
    """`mapping`: element ids of the process that changed, old to new. Returns the snapshot id and what to know:
    {"snapshot", "notes": [[zh, en], ...]}. Raises CannotMigrate with everything that stands in the way."""

    instance_id: str
    from_definition_id: str
    to_definition_id: str
    mapping: dict[str, str] = field(default_factory=dict)
    batch_id: str | None = None


def migrate_instance(command: MigrateInstance, tx: Transaction) -> dict[str, Any]:
    wanted = succession(tx, command.from_definition_id, command.to_definition_id, command.mapping)
    require_role(tx.actor, *MIGRATORS)  # a publisher reads no cases, and needs none of their text for this
    row = instances.lock(tx, command.instance_id)
    check_live(row)

    found = successor(tx, tx.secret, row, wanted)

    before = standing.read(tx, row.instance_id)
    _carry_tasks(tx, before, found)
    _carry_jobs_and_waits(tx, row, before, found, wanted)
    definition_ids = found.migrated.execution.model.definition_ids
    apply_step(tx, replace(row, definition_ids=definition_ids), found.migrated.execution, found.migrated.step)
    standing.set_definitions(tx, row.instance_id, definition_ids)
    check_nothing_lost(before, standing.read(tx, row.instance_id, before), found.migrated.step.closed_tokens)
    if row.is_suspended:
        holds.hold(tx, row.instance_id)
    snapshot_id = snapshots.take(tx, row, operation="migrate", before=before, batch_id=command.batch_id)
    notes = [[note.zh, note.en] for note in found.notes]
    tx.record(
        "InstanceMigrated",
        **row.about,
        key=wanted.key,
        old=wanted.old.version,
        new=wanted.new.version,
        mapping=dict(wanted.mapping),
        notes=notes,
        snapshot=snapshot_id,
    )
    return {"snapshot": snapshot_id, "notes": notes}


def migrate_item(tx: Transaction, instance_id: str, parameters: Mapping[str, Any]) -> tuple[str, str]:
    """One instance of a batch. `parameters`: from, to (definition ids), mapping, batch_id."""
    found = migrate_instance(
        MigrateInstance(
            instance_id, parameters["from"], parameters["to"], parameters["mapping"], parameters["batch_id"]
        ),
        tx,
    )
    zh, en = zip(("已迁移", "migrated"), *found["notes"], strict=True)
    return "；".join(zh), "; ".join(en)


# -- rows --------------------------------------------------------------------------------------------------------------
def _carry_tasks(tx: Transaction, before: Rows, found: Successor) -> None:
    """The new words of their elements on the rows of live tasks."""
    kept = {each.token: each for each in found.migrated.kept if each.kind == "user"}
    for row in before["tasks"]:
        each = kept[row["token"]]
        changes = _words(tx, found, each.new)
        groups = tuple(Group(role, unit_id) for role, unit_id in row["groups"])
        offered = found.groups.get(each.new_token, groups)
        if offered != groups or changes != {name: row[name] for name in changes}:
            standing.change_task(tx, row, changes, offered)


def _words(tx: Transaction, found: Successor, element: Element) -> dict[str, Any]:
    return {
        "definition_id": plans.definition_of(tx, found.migrated.execution.model.definition_ids, element.process_key),
        "element_id": element.element_id,
        "name": element.name or element.element_id,
        "separate_from": list(element.separate_from),
    }


def _carry_jobs_and_waits(
    tx: Transaction, row: InstanceRow, before: Rows, found: Successor, wanted: Succession
) -> None:
    jobs = {job["token"]: job for job in before["jobs"]}
    for kept in found.migrated.kept:
        if kept.kind == "wait" and kept.token != kept.new_token:
            standing.rename_wait(tx, row.instance_id, kept.token, kept.new_token)
        job = jobs.get(kept.token)
        if job is None:
            continue
        changes: dict[str, Any] = {
            "token": kept.new_token,
            "element_id": kept.new.element_id,
            "name": kept.new.name or kept.new.element_id,
        }
        inputs = job["payload"].get("inputs") or {}
        if kept.new.process_key == wanted.key and inputs.get("task") in wanted.mapping:
            inputs = {**inputs, "task": wanted.mapping[inputs["task"]]}  # the task a reminder is about
            changes["payload"] = {**job["payload"], "inputs": inputs}
        if changes != {name: job[name] for name in changes}:
            standing.change_job(tx, row.instance_id, kept.token, changes)


def check_nothing_lost(before: Rows, after: Rows, closed: tuple[str, ...]) -> None:
    """No due date, person or draft may have changed: a fault of ours, not of the request, and loud."""
    tasks = {row["task_id"]: row for row in after["tasks"]}
    for row in before["tasks"]:
        now = tasks[row["task_id"]]
        lost = [name for name in (*LASTING, *DUE) if now[name] != row[name]]
        if lost:
            raise RuntimeError(f"task {row['task_id']} would lose its {', '.join(lost)}")
    jobs = {row["job_id"]: row for row in after["jobs"]}
    for row in before["jobs"]:
        now = jobs[row["job_id"]]
        names = ("due_at", "deadline") if row["token"] in closed else ("due_at", "deadline", "state", "fence")
        lost = [name for name in names if now[name] != row[name]]
        if lost:
            raise RuntimeError(f"job {row['job_id']} would lose its {', '.join(lost)}")
