"""Batches and their items. The batch's row is the lock of its items: an item is done once, whoever works the batch."""

from collections.abc import Iterable, Mapping
from typing import Any

import sqlalchemy as sa

from engine.domain.batch import BATCH, BatchState, ItemState
from engine.domain.job import ATTEMPTS, JobState
from engine.errors import NotFound
from engine.store.database import is_outside
from engine.store.schema import batch_items, batches, jobs
from engine.store.transaction import Transaction

_NEXT = (
    sa.select(batch_items.c.position, batch_items.c.subject_id)
    .where(batch_items.c.batch_id == sa.bindparam("batch_id"), batch_items.c.state == ItemState.PENDING)
    .order_by(batch_items.c.position)
    .limit(1)
)


def add(tx: Transaction, *, kind: str, parameters: Mapping[str, Any], reason: str, subjects: Iterable[str]) -> str:
    """The batch with its items in this order. Returns its id."""
    batch_id, listed = tx.new_id(), list(subjects)
    tx.execute(
        batches.insert().values(
            batch_id=batch_id,
            kind=kind,
            parameters=dict(parameters),
            reason=reason,
            state=BatchState.RUNNING,
            total=len(listed),
            created_at=tx.now,
            created_by_id=None if tx.actor.is_system else tx.actor.person_id,
            created_by=tx.actor.name,
        )
    )
    tx.execute(
        batch_items.insert(),
        [
            {"batch_id": batch_id, "position": position, "subject_id": subject_id, "state": ItemState.PENDING}
            for position, subject_id in enumerate(listed, 1)
        ],
    )
    return batch_id


def lock(tx: Transaction, batch_id: str) -> Mapping[str, Any]:
    """Taken before any instance: whoever pauses or cancels waits until the item at hand is done."""
    row = tx.execute(sa.select(batches).where(batches.c.batch_id == batch_id).with_for_update()).mappings().first()
    if row is None:
        raise NotFound("batch_unknown", f"There is no batch {batch_id}.", batch=batch_id)
    return row


def next_item(tx: Transaction, batch_id: str) -> tuple[int, str] | None:
    """(position, subject id) of the first item that is not done."""
    row = tx.execute(_NEXT, {"batch_id": batch_id}).first()
    return (row.position, row.subject_id) if row is not None else None


def finish_item(
    tx: Transaction,
    batch_id: str,
    position: int,
    state: ItemState,
    *,
    zh: str,
    en: str,
    error: Mapping[str, Any] | None = None,
) -> None:
    """Compare-and-set: the lock makes a second finish impossible, the check makes it loud."""
    done = tx.execute(
        batch_items.update()
        .where(
            batch_items.c.batch_id == batch_id,
            batch_items.c.position == position,
            batch_items.c.state == ItemState.PENDING,
        )
        .values(state=state, message_zh=zh, message_en=en, error=error, done_at=tx.now)
    )
    if done.rowcount != 1:
        raise RuntimeError(f"item {position} of batch {batch_id} was done under its lock")


def set_state(tx: Transaction, batch_id: str, state: BatchState) -> None:
    is_over = state in (BatchState.DONE, BatchState.CANCELLED)
    tx.execute(
        batches.update().where(batches.c.batch_id == batch_id).values(state=state, ended_at=tx.now if is_over else None)
    )


def skip_pending(tx: Transaction, batch_id: str) -> None:
    tx.execute(
        batch_items.update()
        .where(batch_items.c.batch_id == batch_id, batch_items.c.state == ItemState.PENDING)
        .values(state=ItemState.SKIPPED, done_at=tx.now)
    )


# -- the job that works the batch --------------------------------------------------------------------------------------
def arm(tx: Transaction, batch_id: str) -> None:
    """One job a batch, of the batch's own id: a new one, or the old one opened again when it had stopped."""
    tx.insert_missing(
        jobs,
        job_id=batch_id,
        kind=BATCH,
        name="",
        payload={"batch_id": batch_id},
        state=JobState.OPEN,
        due_at=tx.now,
        attempts_left=ATTEMPTS,
        created_at=tx.now,
        fence=0,
    )
    tx.execute(
        jobs.update()
        .where(jobs.c.job_id == batch_id, jobs.c.state.in_((JobState.DONE, JobState.FAILED)))
        .values(**_open_again(tx))
    )


def arm_again(tx: Transaction, batch_id: str, fence: int) -> None:
    """The worker's own lease ends with the item; the next item is for whoever claims the job next."""
    tx.execute(
        jobs.update()
        .where(jobs.c.job_id == batch_id, jobs.c.fence == fence, jobs.c.state == JobState.LEASED)
        .values(**_open_again(tx))
    )


def _open_again(tx: Transaction) -> dict[str, Any]:
    return {
        "state": JobState.OPEN,
        "due_at": tx.now,
        "attempts_left": ATTEMPTS,
        "lease_until": None,
        "dispatched_until": None,
        "done_at": None,
        "fence": jobs.c.fence + 1,
    }


def is_fault_of_the_database(error: Exception) -> bool:
    """A lost connection, a deadlock, a full disk: the item is not to blame, and the whole transaction is gone. A row
    that a constraint refuses is the item's own fault."""
    return is_outside(error)
