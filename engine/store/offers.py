"""To whom a task is offered: the rows of `task_groups`, each with a copy of what the inbox sorts and narrows by, so
that the first page of a group is a walk along one index. `store.tasks` keeps the copy whenever a task changes."""

from collections.abc import Iterable, Mapping
from typing import Any

import sqlalchemy as sa

from engine.domain.task import LIVE, Group
from engine.store.prepared import update
from engine.store.schema import task_groups, tasks
from engine.store.tally_tables import NEVER
from engine.store.transaction import Transaction

# A change of any other column of a task changes no offer.
COPIED = frozenset(("state", "due_at", "yellow_at"))


def rows(task: Mapping[str, Any], groups: Iterable[Group]) -> list[dict[str, Any]]:
    """What is inserted into `task_groups` for a new task, one row a group."""
    shared = {
        "task_id": task["task_id"],
        "facet": facet(task),
        **_copy({"state": None, "due_at": None, "yellow_at": None, **task}),
    }
    return [{**shared, "role": group.role, "unit_id": group.unit_id} for group in set(groups)]


def changed(tx: Transaction, task_id: str, values: Mapping[str, Any]) -> None:
    """The task's row got these values."""
    if COPIED & values.keys():
        copied = _copy(values)
        tx.run(update(task_groups, "task_id", tuple(copied)), {"of_row": task_id, **copied})


def facet(task: Mapping[str, Any]) -> str:
    """What a list of tasks can be narrowed to, as one word: campaign, process, element, area."""
    return "|".join((task["campaign_id"], task["process_key"], task["element_id"], task.get("area_id") or ""))


def facet_column() -> sa.ColumnElement[str]:
    """`facet` of a row of `tasks`, in SQL."""
    parts = (tasks.c.campaign_id, tasks.c.process_key, tasks.c.element_id, sa.func.coalesce(tasks.c.area_id, ""))
    column: sa.ColumnElement[str] = parts[0]
    for part in parts[1:]:
        column = column + "|" + part
    return column


def _copy(values: Mapping[str, Any]) -> dict[str, Any]:
    copied: dict[str, Any] = {}
    if "state" in values:
        copied["state"] = values["state"] if values["state"] in LIVE else None
    for name, source in (("due_sort", "due_at"), ("yellow_sort", "yellow_at")):
        if source in values:
            copied[name] = values[source] or NEVER
    return copied
