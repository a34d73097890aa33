"""Jobs and timers: what a worker does later. Back-off and lease lengths live here."""

from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any

from engine.domain.verification import Signature


class JobState(StrEnum):
    OPEN = "OPEN"  # due now or later
    LEASED = "LEASED"  # a worker has it
    DONE = "DONE"
    FAILED = "FAILED"  # no attempts left: an incident is open
    CANCELLED = "CANCELLED"


TIMER = "timer"
INTERNAL_KINDS = ("remind", "start_process", "publish_message")  # done inside one transaction
STARTED_PROCESSES = frozenset({"supervision", "interview", "accountability"})  # each has records of its own
OUTSIDE_KINDS = ("letter",)  # done by a handler with no transaction open
SERVICE_KINDS = INTERNAL_KINDS + OUTSIDE_KINDS

ATTEMPTS = 5
LEASE_SECONDS = 120
BACK_OFF_MINUTES = (1, 5, 30, 120, 480)
LATE_AFTER = timedelta(minutes=10)  # later than this a job came due while nobody worked


@dataclass(frozen=True)
class Job:
    """A job as a handler gets it. `fence` must come back with the result: an older one has no effect."""

    job_id: str
    kind: str
    instance_id: str | None
    token: str | None
    payload: dict[str, Any] = field(default_factory=dict)
    fence: int = 0
    attempts_left: int = ATTEMPTS
    due_at: datetime | None = None


@dataclass(frozen=True)
class JobResult:
    """What a handler brings back: variables for the process, and a document (PDF bytes) when it made one.

    A document without a signature is a sample: it says so on its face.
    """

    variables: dict[str, Any] = field(default_factory=dict)
    document: bytes | None = None
    pages: int | None = None
    title: str | None = None
    signature: Signature | None = None


def next_attempt_at(now: datetime, attempts_left: int) -> datetime:
    """When to try again after a failure that left `attempts_left` (1..ATTEMPTS-1)."""
    done = max(0, min(ATTEMPTS - attempts_left - 1, len(BACK_OFF_MINUTES) - 1))
    return now + timedelta(minutes=BACK_OFF_MINUTES[done])
