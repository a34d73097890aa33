"""A batch: one operation on many instances or jobs, each item with its own outcome."""

from enum import StrEnum

MAX_ITEMS = 50_000
LONGEST_SUBJECT = 64


class BatchState(StrEnum):
    RUNNING = "RUNNING"
    PAUSED = "PAUSED"
    CANCELLED = "CANCELLED"
    DONE = "DONE"


class ItemState(StrEnum):
    PENDING = "PENDING"
    DONE = "DONE"
    FAILED = "FAILED"
    SKIPPED = "SKIPPED"  # the batch was cancelled before it came to this item


BATCH = "batch"  # the kind of the job that works a batch; its id is that of the batch
