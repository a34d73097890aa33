"""A process instance between start and end."""

from dataclasses import dataclass
from enum import StrEnum


class InstanceState(StrEnum):
    ACTIVE = "ACTIVE"
    COMPLETED = "COMPLETED"
    CANCELLED = "CANCELLED"


class InstanceKind(StrEnum):
    """What an instance is about: it decides which row follows its milestones."""

    CASE = "case"
    SUPERVISION = "supervision"
    REPORT = "report"
    ACCOUNTABILITY = "accountability"


@dataclass(frozen=True)
class InstanceRow:
    """An instance as commands need it. `definition_ids`: the root definition first, then every called one (pinned
    at start)."""

    instance_id: str
    kind: InstanceKind
    key: str
    business_key: str
    definition_ids: tuple[str, ...]
    campaign_id: str
    case_id: str | None
    state: InstanceState
    blob: bytes
    revision: int
    is_suspended: bool = False

    @property
    def about(self) -> dict[str, str | None]:
        """What a fact of this instance is filed under."""
        return {"case_id": self.case_id, "instance_id": self.instance_id, "campaign_id": self.campaign_id}
