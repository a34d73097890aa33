"""Process instances: the blob of live state and what it waits for. The row is the lock of everything beneath it."""

from datetime import datetime
from typing import Any

import sqlalchemy as sa

from engine.domain.instance import InstanceKind, InstanceRow, InstanceState
from engine.errors import NotFound
from engine.store.prepared import Prepared
from engine.store.schema import instances, jobs, tasks, visits, waits
from engine.store.transaction import Reader, Transaction

_COLUMNS = (
    instances.c.instance_id,
    instances.c.kind,
    instances.c.key,
    instances.c.business_key,
    instances.c.definition_ids,
    instances.c.campaign_id,
    instances.c.case_id,
    instances.c.state,
    instances.c.blob,
    instances.c.revision,
    instances.c.suspended_at,
)
_OF_INSTANCE = sa.bindparam("instance_id", type_=instances.c.instance_id.type)
_GET = Prepared(sa.select(*_COLUMNS).where(instances.c.instance_id == _OF_INSTANCE))


def _locking(instance_id: Any) -> Prepared:
    """FOR NO KEY UPDATE: whoever only refers to the instance (a job, an incident, an item) need not wait."""
    query = sa.select(*_COLUMNS).where(instances.c.instance_id == instance_id)
    return Prepared(query.with_for_update(key_share=True))


_LOCK = _locking(_OF_INSTANCE)
_LOCK_OF_TASK = _locking(
    sa.select(tasks.c.instance_id).where(tasks.c.task_id == sa.bindparam("task_id")).scalar_subquery()
)
_LOCK_OF_JOB = _locking(sa.select(jobs.c.instance_id).where(jobs.c.job_id == sa.bindparam("job_id")).scalar_subquery())
_ABOUT = sa.select(instances.c.campaign_id, instances.c.case_id).where(
    instances.c.instance_id == sa.bindparam("instance_id")
)
_FIND = sa.select(instances.c.instance_id).where(
    instances.c.kind == sa.bindparam("kind"), instances.c.business_key == sa.bindparam("business_key")
)
_ADD = instances.insert()
_SAVE = Prepared(
    instances.update()
    .where(instances.c.instance_id == sa.bindparam("of_instance"), instances.c.revision == sa.bindparam("of_revision"))
    .values(
        blob=sa.bindparam("blob"),
        revision=sa.bindparam("revision"),
        state=sa.bindparam("state"),
        ended_at=sa.bindparam("ended_at"),
    )
)
_DROP_WAITS = waits.delete().where(
    waits.c.instance_id == sa.bindparam("of_instance"), waits.c.token.in_(sa.bindparam("tokens", expanding=True))
)
_IS_WAITING = sa.select(waits.c.token).where(
    waits.c.instance_id == sa.bindparam("instance_id"), waits.c.message == sa.bindparam("message")
)


def add(tx: Transaction, row: InstanceRow, *, started_by_id: str | None) -> None:
    tx.execute(
        _ADD,
        {
            "instance_id": row.instance_id,
            "kind": row.kind,
            "definition_id": row.definition_ids[0],
            "key": row.key,
            "definition_ids": list(row.definition_ids),
            "business_key": row.business_key,
            "campaign_id": row.campaign_id,
            "case_id": row.case_id,
            "started_by_id": started_by_id,
            "state": row.state,
            "blob": row.blob,
            "revision": row.revision,
            "started_at": tx.now,
        },
    )


def get(scope: Reader | Transaction, instance_id: str) -> InstanceRow:
    """As it stands, without its lock: for who only plans. Raises NotFound."""
    return _one(scope.rows(_GET, {"instance_id": instance_id}), instance_id)


def lock(tx: Transaction, instance_id: str) -> InstanceRow:
    """Takes the row's lock; read everything else of the instance after this. Raises NotFound."""
    return _one(tx.rows(_LOCK, {"instance_id": instance_id}), instance_id)


def lock_of_task(tx: Transaction, task_id: str) -> InstanceRow:
    for row in tx.rows(_LOCK_OF_TASK, {"task_id": task_id}):
        return _row(row)
    raise NotFound("task_unknown", f"There is no task {task_id}.", task=task_id)


def lock_of_job(tx: Transaction, job_id: str) -> InstanceRow | None:
    """None for a job that belongs to no instance."""
    for row in tx.rows(_LOCK_OF_JOB, {"job_id": job_id}):
        return _row(row)
    return None


def _one(rows: list[dict[str, Any]], instance_id: str) -> InstanceRow:
    for row in rows:
        return _row(row)
    raise NotFound("instance_unknown", f"There is no process instance {instance_id}.", instance=instance_id)


def _row(row: Any) -> InstanceRow:
    return InstanceRow(
        instance_id=row["instance_id"],
        kind=InstanceKind(row["kind"]),
        key=row["key"],
        business_key=row["business_key"],
        definition_ids=tuple(row["definition_ids"]),
        campaign_id=row["campaign_id"],
        case_id=row["case_id"],
        state=InstanceState(row["state"]),
        blob=row["blob"],
        revision=row["revision"],
        is_suspended=row["suspended_at"] is not None,
    )


def about(connection: Any, instance_id: str) -> tuple[str, str | None]:
    """(campaign id, case id), which never change and need no lock."""
    row = connection.execute(_ABOUT, {"instance_id": instance_id}).one()
    return row.campaign_id, row.case_id


def find(connection: Any, kind: InstanceKind, business_key: str) -> str | None:
    return connection.execute(_FIND, {"kind": kind, "business_key": business_key}).scalar()


def save(tx: Transaction, row: InstanceRow, blob: bytes, *, state: InstanceState) -> None:
    """Compare-and-set on the revision: the lock makes a miss impossible, the check makes it loud."""
    changed = tx.run(
        _SAVE,
        {
            "of_instance": row.instance_id,
            "of_revision": row.revision,
            "blob": blob,
            "revision": row.revision + 1,
            "state": state,
            "ended_at": None if state is InstanceState.ACTIVE else tx.now,
        },
    )
    if changed != 1:
        raise RuntimeError(f"instance {row.instance_id} changed under its lock")


def set_suspended(tx: Transaction, instance_id: str, suspended_at: datetime | None) -> None:
    """Aside from the state and its revision: a suspension changes nothing of where the process stands."""
    tx.execute(instances.update().where(instances.c.instance_id == instance_id).values(suspended_at=suspended_at))


def add_visits(tx: Transaction, instance_id: str, passed: tuple[tuple[str, str], ...]) -> None:
    if passed:
        tx.add(
            visits,
            [
                {"instance_id": instance_id, "process_key": process_key, "element_id": element_id, "at": tx.now}
                for process_key, element_id in passed
            ],
        )


def drop_waits(tx: Transaction, instance_id: str, tokens: tuple[str, ...]) -> None:
    if tokens:
        tx.execute(_DROP_WAITS, {"of_instance": instance_id, "tokens": tokens})


def is_waiting_for(tx: Transaction, instance_id: str, message: str) -> bool:
    return tx.execute(_IS_WAITING, {"instance_id": instance_id, "message": message}).first() is not None


def blob_of(connection: Any, instance_id: str) -> bytes:
    return bytes(
        connection.execute(sa.select(instances.c.blob).where(instances.c.instance_id == instance_id)).scalar_one()
    )
