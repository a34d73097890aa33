"""What an instance was before it was changed by hand, so that the change can be undone while nothing else has
happened."""

from collections.abc import Mapping
from typing import Any

import sqlalchemy as sa

from engine.domain.instance import InstanceRow
from engine.errors import NotFound
from engine.store import standing
from engine.store.schema import instances, snapshots
from engine.store.standing import Rows
from engine.store.transaction import Transaction


def take(
    tx: Transaction,
    row: InstanceRow,
    *,
    operation: str,
    before: Rows,
    batch_id: str | None = None,
    outside: tuple[tuple[str, str], ...] = (),
    case: Mapping[str, Any] | None = None,
) -> str:
    """Called once the change is written, with the instance as it was before it. Returns the snapshot id.

    `outside`: effects that reach beyond the instance and cannot be undone, zh and en. `case`: its columns as they were.
    """
    snapshot_id = tx.new_id()
    after = standing.read(tx, row.instance_id, before)
    tx.execute(
        snapshots.insert().values(
            snapshot_id=snapshot_id,
            instance_id=row.instance_id,
            batch_id=batch_id,
            operation=operation,
            definition_ids=list(row.definition_ids),
            blob=row.blob,
            rows={
                "before": before,
                "after": after,
                "outside": [list(words) for words in outside],
                "case": dict(case or {}),
            },
            revision_after=tx.execute(
                sa.select(instances.c.revision).where(instances.c.instance_id == row.instance_id)
            ).scalar_one(),
            taken_at=tx.now,
        )
    )
    return snapshot_id


def get(connection: Any, snapshot_id: str) -> Mapping[str, Any]:
    row = connection.execute(sa.select(snapshots).where(snapshots.c.snapshot_id == snapshot_id)).mappings().first()
    if row is None:
        raise NotFound("snapshot_unknown", f"There is no snapshot {snapshot_id}.", snapshot=snapshot_id)
    found: Mapping[str, Any] = row
    return found


def of_batch(connection: Any, batch_id: str, instance_id: str) -> str | None:
    return connection.execute(
        sa.select(snapshots.c.snapshot_id).where(
            snapshots.c.batch_id == batch_id, snapshots.c.instance_id == instance_id
        )
    ).scalar()


def instances_of_batch(connection: Any, batch_id: str) -> tuple[str, ...]:
    """The instances that the batch changed and whose change is not undone yet, the last one first."""
    query = (
        sa.select(snapshots.c.instance_id)
        .where(snapshots.c.batch_id == batch_id, snapshots.c.undone_at.is_(None))
        .order_by(snapshots.c.taken_at.desc(), snapshots.c.snapshot_id.desc())
    )
    return tuple(connection.execute(query).scalars())


def mark_undone(tx: Transaction, snapshot_id: str) -> None:
    tx.execute(snapshots.update().where(snapshots.c.snapshot_id == snapshot_id).values(undone_at=tx.now))


def put_back(tx: Transaction, row: InstanceRow, snapshot: Mapping[str, Any]) -> None:
    """The state and the definitions as they were, under a new revision."""
    done = tx.execute(
        instances.update()
        .where(instances.c.instance_id == row.instance_id, instances.c.revision == row.revision)
        .values(
            blob=snapshot["blob"],
            revision=row.revision + 1,
            definition_id=snapshot["definition_ids"][0],
            definition_ids=snapshot["definition_ids"],
        )
    )
    if done.rowcount != 1:
        raise RuntimeError(f"instance {row.instance_id} changed under its lock")
