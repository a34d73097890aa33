"""What an administrator does to an instance by hand: suspend, resume, cancel, set a variable.

Whoever keeps the system may do it anywhere; a supervisor may stop, resume and cancel what they may see, for whether a
case goes on is the office's own business. Every act needs its reason and is a fact of the instance.
"""

import json
from dataclasses import dataclass
from typing import Any

from engine import plans
from engine.bpmn.plain import plain, same
from engine.bpmn.state import seal
from engine.commands import accountability_rows
from engine.commands.progress import cancel_step, close_item, load_execution, plain_changes
from engine.domain.actor import require_role
from engine.domain.case import changes_when_cancelled
from engine.domain.drafting import DraftState
from engine.domain.instance import InstanceKind, InstanceRow, InstanceState, check_active, check_live
from engine.errors import Invalid, NotFound, Problem, Rejected
from engine.store import cases, drafts, holds, instances, snapshots, standing
from engine.store.access import may_see_instance
from engine.store.transaction import Transaction

MAX_VALUE_CHARACTERS = 20_000


@dataclass(frozen=True)
class SuspendInstance:
    """Nothing moves it until it is resumed: tasks stand still, timers and jobs are held. Deadlines go on running.
    Raises NotPermitted for a review of what the actor took part in."""

    instance_id: str
    reason: str


@dataclass(frozen=True)
class ResumeInstance:
    """What came due meanwhile happens now."""

    instance_id: str
    reason: str = ""


@dataclass(frozen=True)
class CancelInstance:
    """Ends it here. A case that was still open leaves the register (剔除); a report obligation is owed all the same; a
    talk, referral, circular or review is dropped, and another may take its place. Raises NotPermitted for a review of
    what the actor took part in."""

    instance_id: str
    reason: str


@dataclass(frozen=True)
class SetVariable:
    """`value` is plain JSON. Every live token gets it; due dates and the case's own columns stay as they are."""

    instance_id: str
    name: str
    value: Any
    reason: str
    batch_id: str | None = None


def suspend_instance(command: SuspendInstance, tx: Transaction) -> None:
    reason = reason_of(command.reason)
    row = lock_visible(tx, command.instance_id, "sysadmin", "supervisor")
    check_live(row)
    check_active(row)
    accountability_rows.check_reviewer(tx, row, tx.actor)
    instances.set_suspended(tx, row.instance_id, tx.now)
    holds.hold(tx, row.instance_id)
    tx.record("InstanceSuspended", **row.about, key=row.key, reason=reason)


def resume_instance(command: ResumeInstance, tx: Transaction) -> None:
    row = lock_visible(tx, command.instance_id, "sysadmin", "supervisor")
    check_live(row)
    if not row.is_suspended:
        raise Rejected(
            "instance_not_suspended",
            f"Process instance {row.instance_id} ({row.business_key}) is not suspended.",
            instance=row.instance_id,
            business_key=row.business_key,
        )
    instances.set_suspended(tx, row.instance_id, None)
    holds.release(tx, row.instance_id)
    tx.record("InstanceResumed", **row.about, key=row.key, reason=command.reason.strip())


def cancel_instance(command: CancelInstance, tx: Transaction) -> None:
    reason = reason_of(command.reason)
    row = lock_visible(tx, command.instance_id, "sysadmin", "supervisor")
    check_live(row)
    accountability_rows.check_reviewer(tx, row, tx.actor)
    if row.is_suspended:
        instances.set_suspended(tx, row.instance_id, None)
        holds.release(tx, row.instance_id)
    changes = _leave_register(tx, row)
    tx.record("InstanceCancelled", **row.about, key=row.key, reason=reason, changes=plain_changes(changes))
    execution, moment = load_execution(tx, row)
    cancel_step(tx, row, execution, execution.cancel(moment))
    if row.kind is InstanceKind.SUPERVISION:
        close_item(tx, row, "RESOLVED")
    elif row.kind is InstanceKind.LETTER:
        drafts.update(tx, row.business_key, state=DraftState.WITHDRAWN, note=reason, closed_at=tx.now)
    accountability_rows.cancelled(tx, row, reason)


def set_variable(command: SetVariable, tx: Transaction) -> None:
    reason, value = reason_of(command.reason), value_of(command.value)
    row = lock_visible(tx, command.instance_id, "sysadmin")
    check_live(row)
    execution, moment = load_execution(tx, row)
    known = execution.variables()
    if command.name not in known and command.name not in plans.declared_names(tx, row.definition_ids):
        raise Invalid(
            "variable_unknown",
            f"The process knows no variable {command.name!r}.",
            (
                Problem(
                    "name",
                    f"流程中没有变量“{command.name}”，表单也没有声明它。请核对变量名。",
                    f'The process knows no variable "{command.name}" and no form declares it. Check the name.',
                ),
            ),
            name=command.name,
        )
    if command.name in known and same(known[command.name], value):
        raise Rejected("variable_same", f"{command.name} has this value already.", name=command.name)
    before = standing.read(tx, row.instance_id)
    execution.set_variables({command.name: value}, moment)
    instances.save(tx, row, seal(execution.dump(), tx.secret), state=InstanceState.ACTIVE)
    snapshots.take(tx, row, operation="set_variable", before=before, batch_id=command.batch_id)
    tx.record(
        "VariableSet",
        **row.about,
        name=command.name,
        was=_shown(known.get(command.name)),
        becomes=_shown(value),
        reason=reason,
    )


# -- shared with the other operations by hand --------------------------------------------------------------------------
def lock_visible(tx: Transaction, instance_id: str, *roles: str) -> InstanceRow:
    """The instance, locked; NotFound when this actor may not see it, NotPermitted without one of the roles."""
    require_role(tx.actor, *roles)
    row = instances.lock(tx, instance_id)
    if not (tx.actor.has_role("sysadmin") or may_see_instance(tx.connection, tx.actor, instance_id)):
        raise NotFound("instance_unknown", f"There is no process instance {instance_id}.", instance=instance_id)
    return row


def reason_of(text: str) -> str:
    """The reason without blanks around it. Raises Invalid when there is none, or no end to it."""
    reason = text.strip()
    if not reason:
        raise Invalid(
            "reason_missing",
            "The reason is missing.",
            (Problem("reason", "请填写理由。", "Give the reason."),),
        )
    if len(reason) > 500:
        raise Invalid(
            "reason_long",
            "The reason is too long.",
            (Problem("reason", "理由不超过 500 字。", "The reason has at most 500 characters."),),
        )
    return reason


def value_of(value: Any) -> Any:
    """A fresh copy as plain JSON. Raises Invalid for anything else, and for what is too large to be set by hand."""
    found = plain(value, "value")
    if len(_shown(found)) > MAX_VALUE_CHARACTERS:
        raise Invalid(
            "value_long",
            "The value is too large.",
            (
                Problem(
                    "value",
                    f"变量值不超过 {MAX_VALUE_CHARACTERS} 个字符。",
                    f"The value has at most {MAX_VALUE_CHARACTERS} characters.",
                ),
            ),
        )
    return found


def _leave_register(tx: Transaction, row: InstanceRow) -> dict[str, Any]:
    """What changes in the case: its figures must go on adding up without a process behind it."""
    case = cases.get(tx, row.case_id) if row.case_id and row.kind is InstanceKind.CASE else None
    if case is None:
        return {}
    changes = changes_when_cancelled(case, tx.now)
    cases.update(tx, case["case_id"], **changes)
    return changes


def _shown(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False)
