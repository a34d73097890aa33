"""Messages: sent once by the id of their sender, found by business key and keys, kept while nobody waits for them yet.

The delivery is a job of the instance that waits, so that a sender holds no lock of it; it has one effect.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from engine.bpmn.plain import plain, plain_variables
from engine.commands.progress import RESOLVED_MESSAGE, apply_step, load_execution
from engine.commands.waiting import add_delivery
from engine.domain.actor import require_role
from engine.domain.instance import InstanceRow
from engine.domain.message import KEPT, LONGEST_BUSINESS_KEY, LONGEST_ID, LONGEST_NAME, correlation_key
from engine.errors import Invalid, NotFound, Problem, Rejected
from engine.store import messages, operations
from engine.store.access import may_see_case
from engine.store.transaction import Transaction


@dataclass(frozen=True)
class SendMessage:
    """To the one instance that waits for `name` under this business key, with these keys, or both. Sent again with the
    same id it has no second effect. `variables` become variables of the branch that waits."""

    message_id: str
    name: str
    business_key: str | None = None
    keys: Mapping[str, Any] = field(default_factory=dict)
    variables: Mapping[str, Any] = field(default_factory=dict)
    expires_at: datetime | None = None


@dataclass(frozen=True)
class ExpireMessages:
    """What nobody waited for in time is never delivered. Answers how many those were."""


def send_message(command: SendMessage, tx: Transaction) -> str:
    """The message id. Raises Rejected when the id was used for something else, and when several instances fit."""
    require_role(tx.actor, "sysadmin", "supervisor")
    _check(command, tx)
    if not (tx.actor.sees_all or tx.actor.has_role("sysadmin")):
        _check_reach(command, tx)
    send(tx, command)
    return command.message_id


def expire_messages(_command: ExpireMessages, tx: Transaction) -> int:
    require_role(tx.actor, "sysadmin")
    return messages.expire(tx, tx.now)


def send(tx: Transaction, command: SendMessage) -> None:
    """As `send_message`, for who has asked for permission. The name's lock is the last thing taken."""
    key = correlation_key(command.keys)
    digest = operations.digest(command)
    messages.lock_name(tx, command.name)
    known = messages.get(tx, command.message_id)
    if known is None:
        messages.add(
            tx,
            message_id=command.message_id,
            name=command.name,
            business_key=command.business_key,
            correlation_key=key,
            variables=plain_variables(command.variables),
            digest=digest,
            expires_at=command.expires_at or tx.now + KEPT,
        )
        known = messages.get(tx, command.message_id)
        _find(tx, command, key)
    if known is None or known["digest"] != digest:
        raise Rejected(
            "message_id_reused",
            f"Message {command.message_id} was sent before with another content.",
            message_id=command.message_id,
        )


def deliver(tx: Transaction, row: InstanceRow, name: str) -> None:
    """To a locked instance: the oldest message that fits what waits in it now. Nothing, when there is none any more."""
    waiting = messages.waits_of(tx, row.instance_id, name)
    if not waiting:
        return
    message = messages.take_stored(tx, name, row.business_key, {key for _, key in waiting})
    if message is None:
        return
    tokens = frozenset(token for token, key in waiting if message["correlation_key"] in (None, key))
    execution, moment = load_execution(tx, row)
    step = execution.deliver(name, message["variables"], moment, tokens)
    messages.deliver(tx, message["message_id"], row.instance_id)
    tx.record("MessageDelivered", **row.about, name=name, message=message["message_id"])
    apply_step(tx, row, execution, step)


def _find(tx: Transaction, command: SendMessage, key: str | None) -> None:
    found = messages.waiting_instances(tx, command.name, command.business_key, key)
    if len(found) > 1 and command.business_key is None:
        raise Rejected(
            "message_ambiguous",
            f"More than one instance waits for {command.name} with these keys: send it with a business key.",
            name=command.name,
        )
    about = {name: found[0][name] for name in ("instance_id", "case_id", "campaign_id")} if found else {}
    tx.record("MessageSent", **about, name=command.name, message=command.message_id, key=command.business_key or key)
    if found:
        add_delivery(tx, found[0]["instance_id"], command.name)


def _check(command: SendMessage, tx: Transaction) -> None:
    problems = []
    if not 0 < len(command.message_id) <= LONGEST_ID:
        problems.append(Problem("message_id", "消息编号须为1至64个字符。", "The id has 1 to 64 characters."))
    if not 0 < len(command.name) <= LONGEST_NAME:
        problems.append(Problem("name", "消息名称须为1至64个字符。", "The name has 1 to 64 characters."))
    if not command.business_key and not command.keys:
        problems.append(
            Problem("business_key", "请写明业务编号或关联键。", "Say to whom: a business key, keys, or both.")
        )
    if command.name == RESOLVED_MESSAGE and not tx.actor.is_system:
        problems.append(
            Problem(
                "name",
                "此消息由系统自用：任务办结时自动发出。",
                "The system sends this one itself when the work is done.",
            )
        )
    if len(command.business_key or "") > LONGEST_BUSINESS_KEY:
        problems.append(
            Problem("business_key", "业务编号不超过64个字符。", "The business key has at most 64 characters.")
        )
    for name, value in command.keys.items():
        if not name.isidentifier() or plain(value, name) is None or isinstance(value, dict | list):
            problems.append(
                Problem(name, "关联键须为变量名，值须为文字或数字。", "A key is a plain name with a text or a number.")
            )
    if command.expires_at is not None and command.expires_at <= tx.now:
        problems.append(Problem("expires_at", "有效期已过。", "It would have expired already."))
    if problems:
        raise Invalid("message_invalid", "The message cannot be sent.", tuple(problems))


def _check_reach(command: SendMessage, tx: Transaction) -> None:
    """Whoever watches a part of the area speaks to the cases of that part only, and by their numbers."""
    if command.business_key is None or not may_see_case(tx.connection, tx.actor, command.business_key):
        raise NotFound("case_unknown", f"There is no case {command.business_key}.", case=command.business_key)
