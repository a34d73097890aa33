"""What an event log holds and who may take one: traces of events with a life cycle, for process mining.

An event names elements, units and numbers of files; never what stands in a case, and persons only by a pseudonym unless
the audit administrator asks for their names.
"""

from dataclasses import dataclass
from datetime import date, datetime

from engine.domain.actor import Actor
from engine.errors import Invalid, NotPermitted, Problem

FORMATS = ("xes", "ocel", "csv")
EXPORTERS = ("sysadmin", "designer", "auditor")  # and a supervisor of everything


@dataclass(frozen=True)
class LogFilter:
    """Process instances of one campaign that began on the Beijing days from `since` to `until`, both included, with all
    that happened to them before `as_of`. `process` is the key of the root process; empty: every one."""

    campaign_id: str
    as_of: datetime
    process: str = ""
    since: date | None = None
    until: date | None = None
    names_persons: bool = False

    def __post_init__(self) -> None:
        if self.since and self.until and self.since > self.until:
            raise Invalid(
                "event_log_period",
                f"The period ends ({self.until}) before it begins ({self.since}).",
                (
                    Problem(
                        "until",
                        f"止日 {self.until} 早于起日 {self.since}，请改正。",
                        f"The period ends on {self.until}, before it begins on {self.since}: correct one of them.",
                    ),
                ),
            )


@dataclass(frozen=True)
class LogEvent:
    """`lifecycle` is a transition of the XES standard; `person`, `role` and `unit` say who, empty for the system."""

    event_id: str
    activity: str
    at: datetime
    lifecycle: str
    process_key: str
    element_id: str
    person: str
    role: str
    unit: str
    task_id: str = ""
    letter_id: str = ""
    item_id: str = ""


@dataclass(frozen=True)
class LogTask:
    task_id: str
    process_key: str
    element_id: str
    name: str
    state: str
    opened_at: datetime


@dataclass(frozen=True)
class LogLetter:
    letter_id: str
    kind: str
    issued_at: datetime


@dataclass(frozen=True)
class LogTrace:
    """One process instance. `units` are (unit id, what it is to the case: area, lead or supervised)."""

    instance_id: str
    kind: str
    process_key: str
    version: int
    business_key: str
    case_id: str
    item_id: str
    state: str
    started_at: datetime
    units: tuple[tuple[str, str], ...]
    tasks: tuple[LogTask, ...]
    letters: tuple[LogLetter, ...]
    events: tuple[LogEvent, ...]

    @property
    def name(self) -> str:
        """The number of the case; of other instances what they are and their key, which only together are unique."""
        return self.business_key if self.kind == "case" else f"{self.kind}/{self.business_key}"


@dataclass(frozen=True)
class LogHead:
    """What stands on top of a log: of which campaign, what was asked for, and (unit id, name) of every unit."""

    title: str
    filter: LogFilter
    unit_names: tuple[tuple[str, str], ...]


def may_export(actor: Actor) -> bool:
    return actor.is_system or actor.has_role(*EXPORTERS) or (actor.has_role("supervisor") and actor.sees_all)


def check_export(actor: Actor, *, names_persons: bool) -> None:
    """Raises NotPermitted."""
    if not may_export(actor):
        roles = [*EXPORTERS, "supervisor"]
        raise NotPermitted("role_needed", f"{actor.name} may not take an event log.", roles=roles)
    if names_persons and not actor.has_role("auditor"):
        raise NotPermitted(
            "role_needed", f"{actor.name} may not have the names of persons in an event log.", roles=["auditor"]
        )
