"""How long the tasks of each element of one version took, and how many were done late: of what was completed last."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from statistics import median
from typing import Any

import sqlalchemy as sa

from engine.domain.task import TaskState
from engine.store.schema import tasks
from engine.store.transaction import Reader

LOOKED_AT = 20_000  # tasks of a version; what was done before no longer says much


@dataclass(frozen=True)
class ElementTime:
    """`median` from when the task was there until it was done, nights and holidays included. `late` of `due` tasks that
    had a deadline were done after it."""

    done: int
    median: timedelta
    due: int
    late: int

    @property
    def late_share(self) -> float | None:
        """None where nothing had a deadline."""
        return self.late / self.due if self.due else None


def element_times(reader: Reader, definition_id: str) -> Mapping[str, ElementTime]:
    """By element id; elements where nothing was completed are left out. Over instances pinned to this version."""
    seconds: dict[str, list[float]] = {}
    due: dict[str, list[bool]] = {}
    for element_id, opened_at, completed_at, due_at in reader.execute(completed(definition_id)):
        seconds.setdefault(element_id, []).append((completed_at - opened_at).total_seconds())
        if due_at is not None:
            due.setdefault(element_id, []).append(completed_at > due_at)
    return {
        element_id: ElementTime(
            done=len(found),
            median=timedelta(seconds=median(found)),
            due=len(due.get(element_id, ())),
            late=sum(due.get(element_id, ())),
        )
        for element_id, found in seconds.items()
    }


def completed(definition_id: str) -> sa.Select[Any]:
    """Element, opened, completed and due of the tasks completed last: all that their index holds."""
    return (
        sa.select(tasks.c.element_id, tasks.c.opened_at, tasks.c.completed_at, tasks.c.due_at)
        .where(
            tasks.c.definition_id == definition_id,
            tasks.c.completed_at.is_not(None),
            tasks.c.state == TaskState.COMPLETED,
        )
        .order_by(tasks.c.completed_at.desc())
        .limit(LOOKED_AT)
    )
