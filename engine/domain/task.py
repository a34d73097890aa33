"""What a user task is between opening and completion. Knows no rows and no diagrams."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum


class TaskState(StrEnum):
    OPEN = "OPEN"
    CLAIMED = "CLAIMED"
    COMPLETED = "COMPLETED"
    CANCELLED = "CANCELLED"


LIVE = (TaskState.OPEN, TaskState.CLAIMED)


@dataclass(frozen=True)
class Group:
    """A candidate group: everybody who holds `role` in the unit."""

    role: str
    unit_id: str

    def __str__(self) -> str:
        return f"{self.role}@{self.unit_id}"

    @staticmethod
    def parse(text: str) -> "Group":
        role, _, unit_id = text.partition("@")
        return Group(role, unit_id)


@dataclass(frozen=True)
class TaskRow:
    """A task as the rules need it; instants are UTC."""

    task_id: str
    instance_id: str
    case_id: str | None
    element_id: str
    name: str
    state: TaskState
    revision: int
    groups: tuple[Group, ...]
    separate_from: tuple[str, ...] = ()
    assignee_id: str | None = None
    assignee_name: str | None = None
    claimed_at: datetime | None = None
    completed_at: datetime | None = None
    completed_name: str | None = None


def groups_of(candidate_groups: tuple[str, ...], variables: dict[str, object]) -> tuple[Group, ...]:
    """Turn `officer@area` into the unit that the instance's variable `area` names.

    A place without a unit in the variables gives no group; the caller raises the incident.
    """
    found = []
    for text in candidate_groups:
        role, _, place = text.partition("@")
        unit_id = variables.get(place)
        if isinstance(unit_id, str) and unit_id:
            found.append(Group(role, unit_id))
    return tuple(found)
