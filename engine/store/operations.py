"""Operation keys: the same request sent twice has one effect and one answer."""

import hashlib
from collections.abc import Mapping
from dataclasses import fields, is_dataclass
from typing import Any

import sqlalchemy as sa

from engine.errors import Rejected
from engine.store.schema import operations
from engine.store.transaction import Transaction


def digest(command: Any) -> str:
    """Of everything the command says: fields that are kept out of logs, files among them, count as well."""
    return hashlib.sha256(repr(_told(command)).encode()).hexdigest()


def answered(tx: Transaction, operation_key: str, command: Any) -> tuple[bool, Any]:
    """(was it done, what it answered). Raises Rejected when the key was used for something else."""
    tx.lock_name(operation_key)  # the same key at the same time waits here for the first to answer
    row = tx.execute(sa.select(operations).where(operations.c.operation_key == operation_key)).first()
    if row is None:
        return False, None
    if row.digest != digest(command) or row.person_id != tx.actor.person_id:
        raise Rejected("operation_key_reused", f"Operation key {operation_key} was used for another request.")
    return True, row.result


def save(tx: Transaction, operation_key: str, command: Any, result: Any) -> None:
    tx.execute(
        operations.insert().values(
            operation_key=operation_key,
            person_id=tx.actor.person_id,
            command=type(command).__name__,
            digest=digest(command),
            result=result,
            at=tx.now,
        )
    )


def _told(value: Any) -> Any:
    """The same value always in the same words: sets and mappings in order, bytes as their hash."""
    if is_dataclass(value) and not isinstance(value, type):
        return (type(value).__name__, *((field.name, _told(getattr(value, field.name))) for field in fields(value)))
    if isinstance(value, bytes):
        return hashlib.sha256(value).hexdigest()
    if isinstance(value, Mapping):
        return sorted((str(key), _told(each)) for key, each in value.items())
    if isinstance(value, set | frozenset):
        return sorted(repr(_told(each)) for each in value)
    if isinstance(value, list | tuple):
        return [_told(each) for each in value]
    return value
