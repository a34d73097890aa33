"""What an instance stands on: its live tasks, pending jobs and waits, read whole and put back whole.

Rows are plain JSON here, instants as ISO text, so that a snapshot can keep them.
"""

from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Any

import sqlalchemy as sa

from engine.domain.instance import InstanceKind, InstanceState
from engine.domain.job import ATTEMPTS, JobState
from engine.domain.task import LIVE, Group, TaskState
from engine.store import offers
from engine.store.columns import Instant
from engine.store.schema import campaigns, instances, jobs, supervision_items, task_groups, tasks, waits
from engine.store.transaction import Transaction

Rows = dict[str, list[dict[str, Any]]]  # "tasks" (each with its "groups"), "jobs", "waits"

PENDING = (JobState.OPEN, JobState.LEASED, JobState.FAILED)
PASSING = frozenset(("held_at", "dispatched_until"))  # come and go without anything happening to a job


def read(connection: Any, instance_id: str, also: Rows | None = None) -> Rows:
    """Everything live of the instance; with `also`, those rows too, whatever became of them."""
    known = also or {"tasks": [], "jobs": [], "waits": []}
    wanted_tasks = [row["task_id"] for row in known["tasks"]]
    wanted_jobs = [row["job_id"] for row in known["jobs"]]
    found_tasks = sa.select(tasks).where(
        tasks.c.instance_id == instance_id, sa.or_(tasks.c.state.in_(LIVE), tasks.c.task_id.in_(wanted_tasks))
    )
    found_jobs = sa.select(jobs).where(
        jobs.c.instance_id == instance_id,
        sa.or_(sa.and_(jobs.c.token.is_not(None), jobs.c.state.in_(PENDING)), jobs.c.job_id.in_(wanted_jobs)),
    )
    found_waits = sa.select(waits).where(waits.c.instance_id == instance_id)
    rows = {
        "tasks": _read(connection, tasks, found_tasks.order_by(tasks.c.task_id)),
        "jobs": _read(connection, jobs, found_jobs.order_by(jobs.c.job_id)),
        "waits": _read(connection, waits, found_waits.order_by(waits.c.token)),
    }
    for row in rows["tasks"]:
        query = sa.select(task_groups.c.role, task_groups.c.unit_id).where(task_groups.c.task_id == row["task_id"])
        row["groups"] = sorted([group.role, group.unit_id] for group in connection.execute(query))
    return rows


def opened(connection: Any, instance_id: str) -> dict[str, datetime]:
    """When what is live was opened, by token."""
    live_tasks = sa.select(tasks.c.token, tasks.c.opened_at).where(
        tasks.c.instance_id == instance_id, tasks.c.state.in_(LIVE)
    )
    live_jobs = sa.select(jobs.c.token, jobs.c.created_at).where(
        jobs.c.instance_id == instance_id, jobs.c.token.is_not(None), jobs.c.state.in_(PENDING)
    )
    return {token: at for query in (live_tasks, live_jobs) for token, at in connection.execute(query)}


def finished_elements(
    connection: Any, instance_id: str, process_key: str, element_ids: list[str]
) -> list[tuple[str, str]]:
    """(element id, name) of those that people have completed tasks at."""
    query = (
        sa.select(tasks.c.element_id, sa.func.max(tasks.c.name))
        .where(
            tasks.c.instance_id == instance_id,
            tasks.c.process_key == process_key,
            tasks.c.element_id.in_(element_ids),
            tasks.c.state == TaskState.COMPLETED,
        )
        .group_by(tasks.c.element_id)
        .order_by(tasks.c.element_id)
    )
    return [(row[0], row[1]) for row in connection.execute(query)]


def watching_items(connection: Any, instance_id: str, tokens: Iterable[str]) -> list[str]:
    """The names of supervision items over the tasks behind these tokens that are not resolved yet."""
    query = (
        sa.select(supervision_items.c.name)
        .join(tasks, tasks.c.task_id == supervision_items.c.task_id)
        .where(
            tasks.c.instance_id == instance_id,
            tasks.c.token.in_(list(tokens)),
            supervision_items.c.state.in_(("OPEN", "REFERRED")),
        )
    )
    return list(connection.execute(query.order_by(supervision_items.c.item_id)).scalars())


def open_campaigns(connection: Any) -> list[str]:
    return list(connection.execute(sa.select(campaigns.c.campaign_id).order_by(campaigns.c.campaign_id)).scalars())


def to_replan(connection: Any, campaign_id: str, *, with_cases: bool) -> list[str]:
    """The running instances of a campaign that its tables judge: supervision first, then what has lights."""
    kinds = [InstanceKind.SUPERVISION] + [kind for kind in InstanceKind if with_cases and kind != "supervision"]
    query = sa.select(instances.c.instance_id).where(
        instances.c.campaign_id == campaign_id, instances.c.state == InstanceState.ACTIVE, instances.c.kind.in_(kinds)
    )
    first = sa.case((instances.c.kind == InstanceKind.SUPERVISION, 0), else_=1)
    return list(connection.execute(query.order_by(first, instances.c.instance_id)).scalars())


def live_tasks(connection: Any, instance_id: str) -> list[Mapping[str, Any]]:
    """The tasks of an instance that somebody may still do, as rows."""
    query = sa.select(tasks).where(tasks.c.instance_id == instance_id, tasks.c.state.in_(LIVE))
    return list(connection.execute(query.order_by(tasks.c.task_id)).mappings())


def waits_of(connection: Any, instance_id: str, tokens: Iterable[str]) -> list[str]:
    """The messages that these tokens wait for."""
    query = sa.select(waits.c.message).where(waits.c.instance_id == instance_id, waits.c.token.in_(list(tokens)))
    return list(connection.execute(query.order_by(waits.c.message)).scalars())


def without_passing(rows: Rows) -> Rows:
    """The rows as far as they say whether anything has happened."""
    return {
        **rows,
        "jobs": [{name: value for name, value in row.items() if name not in PASSING} for row in rows["jobs"]],
    }


# -- changing ----------------------------------------------------------------------------------------------------------
def set_definitions(tx: Transaction, instance_id: str, definition_ids: tuple[str, ...]) -> None:
    tx.execute(
        instances.update()
        .where(instances.c.instance_id == instance_id)
        .values(definition_id=definition_ids[0], definition_ids=list(definition_ids))
    )


def change_task(tx: Transaction, row: Mapping[str, Any], changes: Mapping[str, Any], groups: Iterable[Group]) -> None:
    """The element of a task goes by other words; `row` as `read` gave it. Pages opened before know it by the revision.

    Its groups become `groups`; state, person and due dates are not touched.
    """
    tx.execute(tasks.update().where(tasks.c.task_id == row["task_id"]).values(revision=tasks.c.revision + 1, **changes))
    _offer(tx, {**_values(tasks, row), **changes}, groups)


def change_job(tx: Transaction, instance_id: str, token: str, changes: Mapping[str, Any]) -> None:
    tx.execute(jobs.update().where(jobs.c.instance_id == instance_id, jobs.c.token == token).values(**changes))


def rename_wait(tx: Transaction, instance_id: str, token: str, new_token: str) -> None:
    tx.execute(waits.update().where(waits.c.instance_id == instance_id, waits.c.token == token).values(token=new_token))


def restore(tx: Transaction, instance_id: str, before: Rows, after: Rows, *, is_suspended: bool) -> None:
    """Every row of `before` as it was; jobs and waits that only `after` has are withdrawn (its tasks are the caller's).

    Revisions and fences go on, so that pages and workers from before know it; a leased job is open again.
    """
    held_at = tx.now if is_suspended else None
    revisions = {row["task_id"]: row["revision"] for row in after["tasks"]}
    for row in before["tasks"]:
        values = {**_values(tasks, row), "revision": revisions[row["task_id"]] + 1}
        tx.execute(tasks.update().where(tasks.c.task_id == row["task_id"]).values(**values))
        _offer(tx, values, [Group(role, unit_id) for role, unit_id in row["groups"]])
    now = {row["job_id"]: row for row in after["jobs"]}
    for row in before["jobs"]:
        values = {**_values(jobs, row), "held_at": held_at, "fence": now.get(row["job_id"], row)["fence"] + 1}
        if row["state"] == JobState.LEASED:
            values |= {"state": JobState.OPEN, "lease_until": None}
            values["attempts_left"] = min(ATTEMPTS, row["attempts_left"] + 1)
        tx.execute(jobs.update().where(jobs.c.job_id == row["job_id"]).values(**values))
    added = {row["job_id"] for row in after["jobs"]} - {row["job_id"] for row in before["jobs"]}
    if added:
        tx.execute(
            jobs.update()
            .where(jobs.c.job_id.in_(added))
            .values(state=JobState.CANCELLED, lease_until=None, fence=jobs.c.fence + 1)
        )
    tx.execute(waits.delete().where(waits.c.instance_id == instance_id))
    for row in before["waits"]:
        tx.execute(waits.insert().values(**_values(waits, row)))


def _offer(tx: Transaction, task: Mapping[str, Any], groups: Iterable[Group]) -> None:
    tx.execute(task_groups.delete().where(task_groups.c.task_id == task["task_id"]))
    rows = offers.rows(task, groups)
    if rows:
        tx.execute(task_groups.insert(), rows)


def _read(connection: Any, table: sa.Table, query: Any) -> list[dict[str, Any]]:
    return [
        {name: value.isoformat() if isinstance(value, datetime) else value for name, value in row.items()}
        for row in connection.execute(query).mappings()
    ]


def _values(table: sa.Table, row: Mapping[str, Any]) -> dict[str, Any]:
    """What `_read` gave as values of the table's columns."""
    return {
        column.name: datetime.fromisoformat(row[column.name])
        if isinstance(column.type, Instant) and row[column.name] is not None
        else row[column.name]
        for column in table.columns
    }
