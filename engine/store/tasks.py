"""User tasks: opened and closed by steps, claimed and completed by people."""

from collections.abc import Iterable, Mapping
from functools import lru_cache
from typing import Any

import sqlalchemy as sa

from engine.domain.task import LIVE, Group, TaskRow, TaskState
from engine.errors import NotFound
from engine.store import offers
from engine.store.prepared import Prepared
from engine.store.schema import instances, persons, supervision_items, task_groups, tasks
from engine.store.transaction import Transaction

_assignee = persons.alias("assignee")
_completer = persons.alias("completer")
_GET = Prepared(
    sa.select(
        tasks,
        _assignee.c.name.label("assignee_name"),
        _completer.c.name.label("completed_name"),
        task_groups.c.role,
        task_groups.c.unit_id,
        sa.exists().where(supervision_items.c.task_id == tasks.c.task_id).label("is_watched"),
    )
    .select_from(
        tasks.outerjoin(_assignee, _assignee.c.person_id == tasks.c.assignee_id)
        .outerjoin(_completer, _completer.c.person_id == tasks.c.completed_by_id)
        .outerjoin(task_groups, task_groups.c.task_id == tasks.c.task_id)
    )
    .where(tasks.c.task_id == sa.bindparam("task_id"))
    .order_by(task_groups.c.role, task_groups.c.unit_id)
)
_GROUPS = sa.select(task_groups.c.role, task_groups.c.unit_id).where(task_groups.c.task_id == sa.bindparam("task_id"))
_LIVE_WORDS = [sa.literal_column(f"'{state}'") for state in LIVE]
_LIVE_OF_TOKENS = (
    sa.select(tasks.c.task_id, tasks.c.token, tasks.c.name)
    .where(
        tasks.c.instance_id == sa.bindparam("instance_id"),
        tasks.c.token.in_(sa.bindparam("tokens", expanding=True)),
        tasks.c.state.in_(LIVE),
    )
    .order_by(tasks.c.task_id)
)


def add(tx: Transaction, values: Mapping[str, Any], groups: Iterable[Group]) -> None:
    tx.add(tasks, [{"revision": 1, **values}])
    tx.add(task_groups, offers.rows(values, groups))


def get(tx: Transaction, task_id: str) -> tuple[TaskRow, Mapping[str, Any]]:
    """The task for the rules, and its whole row for the rest; `is_watched`: a supervision item is or was about it."""
    rows = tx.rows(_GET, {"task_id": task_id})
    if not rows:
        raise NotFound("task_unknown", f"There is no task {task_id}.", task=task_id)
    row, groups = rows[0], tuple(Group(each["role"], each["unit_id"]) for each in rows if each["role"] is not None)
    return (
        TaskRow(
            task_id=row["task_id"],
            instance_id=row["instance_id"],
            case_id=row["case_id"],
            element_id=row["element_id"],
            name=row["name"],
            state=TaskState(row["state"]),
            revision=row["revision"],
            groups=groups,
            separate_from=tuple(row["separate_from"]),
            assignee_id=row["assignee_id"],
            assignee_name=row["assignee_name"],
            claimed_at=row["claimed_at"],
            completed_at=row["completed_at"],
            completed_name=row["completed_name"],
        ),
        row,
    )


def update(tx: Transaction, task_id: str, **values: Any) -> None:
    """Every change counts the revision up, so that a page opened before it can be told apart."""
    if tx.run(_update(tuple(values)), {"of_task": task_id, **values}) != 1:
        raise RuntimeError(f"task {task_id} is not live")
    offers.changed(tx, task_id, values)


@lru_cache(maxsize=64)
def _update(names: tuple[str, ...]) -> Prepared:
    return Prepared(
        tasks.update()
        .where(tasks.c.task_id == sa.bindparam("of_task"), tasks.c.state.in_(_LIVE_WORDS))
        .values(revision=tasks.c.revision + 1, **{name: sa.bindparam(name) for name in names})
    )


def relight(tx: Transaction, task_id: str, lighting: Mapping[str, Any]) -> None:
    """Another light, which is no change of the task: pages that are open stay good. `lighting` as plans give it."""
    tx.execute(tasks.update().where(tasks.c.task_id == task_id, tasks.c.state.in_(LIVE)).values(**lighting))
    offers.changed(tx, task_id, {"yellow_at": lighting["yellow_at"]})


def save_draft(tx: Transaction, task_id: str, draft: dict[str, Any] | None) -> None:
    """Keeps half-filled words without counting the revision."""
    tx.execute(tasks.update().where(tasks.c.task_id == task_id, tasks.c.state.in_(LIVE)).values(draft=draft))


def live_of_tokens(tx: Transaction, instance_id: str, tokens: tuple[str, ...]) -> list[Mapping[str, Any]]:
    if not tokens:
        return []
    return list(tx.execute(_LIVE_OF_TOKENS, {"instance_id": instance_id, "tokens": tokens}).mappings())


def live_of_case(tx: Transaction, case_id: str) -> list[Mapping[str, Any]]:
    """Name, due_at, yellow_at and unit_id of each live task, once for each unit that it is offered to."""
    query = (
        sa.select(tasks.c.name, tasks.c.due_at, tasks.c.yellow_at, task_groups.c.unit_id)
        .join(task_groups, task_groups.c.task_id == tasks.c.task_id)
        .where(tasks.c.case_id == case_id, tasks.c.state.in_(LIVE))
    )
    return list(tx.execute(query.order_by(tasks.c.due_at, tasks.c.task_id)).mappings())


def live_of_element(tx: Transaction, instance_id: str, element_id: str) -> Mapping[str, Any] | None:
    return (
        tx.execute(
            sa.select(tasks)
            .where(tasks.c.instance_id == instance_id, tasks.c.element_id == element_id, tasks.c.state.in_(LIVE))
            .order_by(tasks.c.task_id)
            .limit(1)
        )
        .mappings()
        .first()
    )


def groups(tx: Transaction, task_id: str) -> tuple[Group, ...]:
    return tuple(
        Group(row.role, row.unit_id)
        for row in tx.execute(_GROUPS.order_by(task_groups.c.role, task_groups.c.unit_id), {"task_id": task_id})
    )


def done_by(tx: Transaction, instance_id: str, separated: Mapping[str, tuple[str, str]]) -> dict[str, set[str]]:
    """Who completed which of these tasks in this instance: name -> person ids. `separated` as `Model` gives it."""
    found: dict[str, set[str]] = {}
    if separated:
        element_ids = {element_id for _, element_id in separated.values()}
        for row in tx.execute(
            sa.select(tasks.c.process_key, tasks.c.element_id, tasks.c.completed_by_id)
            .where(
                tasks.c.instance_id == instance_id,
                tasks.c.element_id.in_(sorted(element_ids)),
                tasks.c.completed_by_id.is_not(None),
            )
            .distinct()
        ):
            for name, (process_key, element_id) in separated.items():
                if element_id == row.element_id and process_key in ("", row.process_key):
                    found.setdefault(name, set()).add(row.completed_by_id)
    return found


def last_completed(tx: Transaction, instance_id: str) -> Mapping[str, Any] | None:
    return (
        tx.execute(
            sa.select(tasks, persons.c.name.label("completed_name"))
            .join(persons, persons.c.person_id == tasks.c.completed_by_id)
            .where(tasks.c.instance_id == instance_id, tasks.c.state == TaskState.COMPLETED)
            .order_by(tasks.c.completed_at.desc(), tasks.c.task_id.desc())
            .limit(1)
        )
        .mappings()
        .first()
    )


def provisional(tx: Transaction) -> list[Mapping[str, Any]]:
    """Live tasks whose due date stands on a calendar not yet published."""
    return list(
        tx.execute(
            sa.select(tasks, instances.c.campaign_id.label("of_campaign"))
            .join(instances, instances.c.instance_id == tasks.c.instance_id)
            .where(tasks.c.is_provisional, tasks.c.state.in_(LIVE))
            .order_by(tasks.c.task_id)
        ).mappings()
    )
