"""A process instance between start and end."""

from dataclasses import dataclass
from enum import StrEnum

from engine.errors import Rejected


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
    LETTER = "letter"
    INTERVIEW = "interview"
    CIRCULAR = "circular"
    OBJECTION = "objection"


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


def check_active(row: InstanceRow) -> None:
    """Raises Rejected for a suspended instance: whatever would move it waits until somebody resumes it."""
    if row.is_suspended:
        raise suspended(row.instance_id, row.business_key)


def suspended(instance_id: str, business_key: str) -> Rejected:
    """Why nothing may be done with it now."""
    return Rejected(
        "instance_suspended",
        f"Process instance {instance_id} ({business_key}) is suspended.",
        instance=instance_id,
        business_key=business_key,
    )


def check_live(row: InstanceRow) -> None:
    """Raises Rejected for an instance that has come to its end."""
    if row.state is not InstanceState.ACTIVE:
        raise Rejected(
            "instance_ended",
            f"Process instance {row.instance_id} ({row.business_key}) is over: {row.state}.",
            instance=row.instance_id,
            business_key=row.business_key,
            state=row.state,
        )
