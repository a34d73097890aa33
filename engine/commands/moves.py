"""Moves the tokens of an instance by hand, and undoes such a move, or a migration, while nothing has happened since."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from engine.bpmn.moving import Move, Place
from engine.commands.instances import reason_of
from engine.commands.migration import MIGRATORS
from engine.commands.progress import apply_step
from engine.domain.actor import require_role
from engine.domain.instance import InstanceKind, InstanceRow, check_active, check_live
from engine.domain.task import TaskState
from engine.errors import Rejected
from engine.relocation import plain_move, relocation, words_of
from engine.store import cases, instances, snapshots, standing, tasks
from engine.store.transaction import Transaction


@dataclass(frozen=True)
class MoveInstance:
    """Cancel these tokens, start at these (process key, element id). `revision` is that of the plan that was shown,
    None where none was. Returns {"snapshot", "notes"}."""

    instance_id: str
    reason: str
    cancel: tuple[str, ...] = ()
    start: tuple[tuple[str, str], ...] = ()
    variables: dict[str, Any] = field(default_factory=dict)
    revision: int | None = None


@dataclass(frozen=True)
class UndoOperation:
    """Put an instance back to what it was before a move or a migration."""

    snapshot_id: str
    reason: str = ""


def move_instance(command: MoveInstance, tx: Transaction) -> dict[str, Any]:
    require_role(tx.actor, "sysadmin")
    reason = reason_of(command.reason)
    row = instances.lock(tx, command.instance_id)
    check_live(row)
    check_active(row)
    if command.revision is not None and command.revision != row.revision:
        raise Rejected(
            "instance_changed", "The instance has changed since the plan was made.", instance=row.instance_id
        )
    wanted = Move(command.cancel, tuple(Place(*place) for place in command.start), command.variables)

    found = relocation(tx, tx.secret, row, wanted)

    before, case = standing.read(tx, row.instance_id), _case(tx, row)
    notes = [list(words) for words in words_of(found)]
    tx.record("InstanceMoved", **row.about, key=row.key, reason=reason, notes=notes, **plain_move(wanted))
    apply_step(tx, row, found.execution, found.moved.step)
    snapshot_id = snapshots.take(tx, row, operation="move", before=before, outside=found.outside, case=case)
    return {"snapshot": snapshot_id, "notes": notes}


def undo_operation(command: UndoOperation, tx: Transaction) -> None:
    require_role(tx.actor, *MIGRATORS)
    snapshot = snapshots.get(tx, command.snapshot_id)
    row = instances.lock(tx, snapshot["instance_id"])
    snapshot = snapshots.get(tx, command.snapshot_id)
    if snapshot["operation"] != "migrate":
        require_role(tx.actor, "sysadmin")
    before, after = snapshot["rows"]["before"], snapshot["rows"]["after"]
    now = standing.read(tx, row.instance_id, after)
    _check_undo(row, snapshot, is_untouched=standing.without_passing(now) == standing.without_passing(after))

    known = {task["task_id"] for task in before["tasks"]}
    for task in after["tasks"]:
        if task["task_id"] not in known:
            tasks.update(tx, task["task_id"], state=TaskState.CANCELLED)
            tx.record("TaskCancelled", **row.about, name=task["name"])
    standing.restore(tx, row.instance_id, before, now, is_suspended=row.is_suspended)
    snapshots.put_back(tx, row, snapshot)
    changes = _restore_case(tx, row, snapshot["rows"]["case"])
    snapshots.mark_undone(tx, command.snapshot_id)
    tx.record(
        "OperationUndone",
        **row.about,
        key=row.key,
        operation=snapshot["operation"],
        snapshot=command.snapshot_id,
        reason=command.reason.strip(),
        changes=changes,
    )


def undo_item(tx: Transaction, instance_id: str, parameters: Mapping[str, Any]) -> tuple[str, str]:
    """One instance of a batch that undoes another. `parameters`: of_batch, reason."""
    snapshot_id = snapshots.of_batch(tx, parameters["of_batch"], instance_id)
    if snapshot_id is None:
        raise Rejected("nothing_to_undo", "The batch did not change this instance.", instance=instance_id)
    undo_operation(UndoOperation(snapshot_id, parameters["reason"]), tx)
    return "已恢复到操作前", "as it was before"


def _check_undo(row: InstanceRow, snapshot: Mapping[str, Any], *, is_untouched: bool) -> None:
    if snapshot["undone_at"] is not None:
        raise Rejected("undo_done", "This has been undone already.", at=snapshot["undone_at"].isoformat())
    if outside := snapshot["rows"]["outside"]:
        raise Rejected(
            "undo_impossible",
            f"This cannot be undone: {'; '.join(en for _, en in outside)}.",
            what="；".join(f"{zh} {en}" for zh, en in outside),
        )
    check_live(row)
    if row.revision != snapshot["revision_after"] or not is_untouched:
        raise Rejected(
            "undo_too_late",
            "Something has happened to the instance since; it can only be moved on.",
            instance=row.instance_id,
        )


def _case(tx: Transaction, row: InstanceRow) -> dict[str, Any]:
    """The column of the case that follows the tokens."""
    case = cases.get(tx, row.case_id) if row.case_id and row.kind is InstanceKind.CASE else None
    return {"phase": case["phase"]} if case is not None else {}


def _restore_case(tx: Transaction, row: InstanceRow, before: Mapping[str, Any]) -> dict[str, Any]:
    now = _case(tx, row)
    changes = {name: value for name, value in before.items() if now.get(name) != value}
    if changes and row.case_id:
        cases.update(tx, row.case_id, **changes)
    return changes
