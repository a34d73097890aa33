"""Where new ids come from. Injected like the clock, so that a simulation with the same seed makes the same ids."""

import itertools
import os
import threading
import time
from typing import Protocol
from uuid import UUID, uuid4


class Ids(Protocol):
    def new(self) -> str:
        """A fresh id, 32 hexadecimal characters; ids made later sort later."""


class TimeOrderedIds:
    """UUIDv7-shaped: 48 bits of milliseconds, a counter within each, then 62 random bits; unguessable enough for
    public addresses."""

    def __init__(self) -> None:
        self._last = 0
        self._lock = threading.Lock()

    def new(self) -> str:
        now = time.time_ns() // 1_000_000
        with self._lock:
            # The last id as one number, milliseconds and counter together: a full counter runs on into the next one.
            self._last = stamp = max(now << 12, self._last + 1)
        random = int.from_bytes(os.urandom(8), "big") >> 2 | 1 << 63
        return f"{stamp >> 12:012x}7{stamp & 0xFFF:03x}{random:016x}"


class CountingIds:
    """0…1, 0…2, ...: the same run makes the same ids."""

    def __init__(self, start: int = 1) -> None:
        self._counter = itertools.count(start)

    def new(self) -> str:
        return f"{next(self._counter):032x}"


def token_id() -> UUID:
    """A fresh id of a task in a process tree. Nobody orders by it, so no run needs to make the same one again."""
    return uuid4()
