"""Messages by the id of their sender, and the waits that they find. A name's lock keeps sender and waiter apart: one of
the two always sees the other.
"""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

import sqlalchemy as sa

from engine.domain.instance import InstanceState
from engine.domain.message import MessageState
from engine.store.clock import IS_HELD
from engine.store.schema import instances, messages, waits
from engine.store.transaction import Transaction

_WAITING: Any = sa.literal_column("'WAITING'")  # a literal: the index is of these only
_IS_KEPT = sa.or_(messages.c.expires_at > sa.bindparam("now"), IS_HELD)
_OPEN_WAIT = waits.insert()
_IS_STORED = (
    sa.select(messages.c.message_id)
    .where(
        messages.c.state == _WAITING,
        messages.c.name == sa.bindparam("name"),
        sa.or_(messages.c.business_key.is_(None), messages.c.business_key == sa.bindparam("business_key")),
        sa.or_(messages.c.correlation_key.is_(None), messages.c.correlation_key == sa.bindparam("correlation_key")),
        _IS_KEPT,
    )
    .limit(1)
)


def lock_name(tx: Transaction, name: str) -> None:
    """For who sends: alone. Take nothing after it that another transaction may hold while it waits for this."""
    if not tx.is_sqlite:
        tx.execute(sa.select(sa.func.pg_advisory_xact_lock(_lock_of(name))))


def share_name(tx: Transaction, name: str) -> None:
    """For who begins to wait: beside others who do, not beside a sender."""
    if not tx.is_sqlite:
        tx.execute(sa.select(sa.func.pg_advisory_xact_lock_shared(_lock_of(name))))


def add(tx: Transaction, **values: Any) -> None:
    """Unless the id is there."""
    tx.insert_missing(messages, state=MessageState.WAITING, sent_at=tx.now, sent_by=tx.actor.name, **values)


def get(connection: Any, message_id: str) -> Mapping[str, Any] | None:
    return connection.execute(sa.select(messages).where(messages.c.message_id == message_id)).mappings().first()


def open_wait(tx: Transaction, instance_id: str, token: str, message: str, key: str | None) -> None:
    tx.execute(_OPEN_WAIT, {"instance_id": instance_id, "token": token, "message": message, "correlation_key": key})


def waits_of(tx: Transaction, instance_id: str, name: str) -> list[tuple[str, str | None]]:
    """(token, correlation key) of everything in the instance that waits for the message."""
    query = sa.select(waits.c.token, waits.c.correlation_key).where(
        waits.c.instance_id == instance_id, waits.c.message == name
    )
    return [(row.token, row.correlation_key) for row in tx.execute(query.order_by(waits.c.token))]


def waiting_instances(tx: Transaction, name: str, business_key: str | None, key: str | None) -> list[Mapping[str, Any]]:
    """The instances in which something waits for such a message, the oldest first; two are enough to know."""
    query = (
        sa.select(instances.c.instance_id, instances.c.case_id, instances.c.campaign_id, instances.c.started_at)
        .distinct()
        .join(waits, waits.c.instance_id == instances.c.instance_id)
        .where(waits.c.message == name, instances.c.state == InstanceState.ACTIVE)
    )
    if business_key is not None:
        query = query.where(instances.c.business_key == business_key)
    if key is not None:
        query = query.where(waits.c.correlation_key == key)
    return list(tx.execute(query.order_by(instances.c.started_at, instances.c.instance_id).limit(2)).mappings())


def is_stored(tx: Transaction, name: str, business_key: str, key: str | None) -> bool:
    """Whether a message lies here for such a wait."""
    wanted = {"name": name, "business_key": business_key, "correlation_key": key, "now": tx.now}
    return tx.execute(_IS_STORED, wanted).first() is not None


def take_stored(tx: Transaction, name: str, business_key: str, keys: set[str | None]) -> Mapping[str, Any] | None:
    """Locked: the oldest message for any of these waits. One that is being delivered elsewhere is passed over."""
    query = (
        sa.select(messages)
        .where(
            messages.c.state == _WAITING,
            messages.c.name == name,
            sa.or_(messages.c.business_key.is_(None), messages.c.business_key == business_key),
            sa.or_(messages.c.correlation_key.is_(None), messages.c.correlation_key.in_(keys - {None})),
            sa.or_(messages.c.expires_at > tx.now, IS_HELD),
        )
        .order_by(messages.c.sent_at, messages.c.message_id)
        .limit(1)
        .with_for_update(skip_locked=True)
    )
    return tx.execute(query).mappings().first()


def deliver(tx: Transaction, message_id: str, instance_id: str) -> None:
    done = tx.execute(
        messages.update()
        .where(messages.c.message_id == message_id, messages.c.state == _WAITING)
        .values(state=MessageState.DELIVERED, delivered_at=tx.now, instance_id=instance_id)
    )
    if done.rowcount != 1:
        raise RuntimeError(f"message {message_id} was delivered under its lock")


def expire(tx: Transaction, now: datetime) -> int:
    """How many. None while the clock is held: a wrong date must not throw anything away."""
    done = tx.execute(
        messages.update()
        .where(messages.c.state == _WAITING, messages.c.expires_at <= now, ~IS_HELD)
        .values(state=MessageState.EXPIRED)
    )
    return int(done.rowcount)


def _lock_of(name: str) -> Any:
    return sa.func.hashtextextended(f"message:{name}", 0)
