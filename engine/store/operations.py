"""Operation keys: the same request sent twice has one effect and one answer."""

import hashlib
from typing import Any

import sqlalchemy as sa

from engine.errors import Rejected
from engine.store.schema import operations
from engine.store.transaction import Transaction


def digest(command: Any) -> str:
    return hashlib.sha256(repr(command).encode()).hexdigest()


def answered(tx: Transaction, operation_key: str, command: Any) -> tuple[bool, Any]:
    """(was it done, what it answered). Raises Rejected when the key was used for something else."""
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
