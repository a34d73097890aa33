"""Where new ids come from. Injected like the clock, so that a simulation with the same seed makes the same ids."""

import itertools
import uuid
from typing import Protocol


class Ids(Protocol):
    def new(self) -> str:
        """A fresh id, 32 hexadecimal characters; ids made later sort later."""


class TimeOrderedIds:
    """UUIDv7-shaped: 48 bits of milliseconds, a counter, then 62 random bits; unguessable enough for public
    addresses."""

    def __init__(self) -> None:
        self._last = 0

    def new(self) -> str:
        raw = uuid.uuid1().time // 10_000 - 12219292800000
        self._last = max(raw, self._last)
        return f"{self._last & ((1 << 48) - 1):012x}7{uuid.uuid4().hex[13:]}"


class CountingIds:
    """0…1, 0…2, ...: the same run makes the same ids."""

    def __init__(self, start: int = 1) -> None:
        self._counter = itertools.count(start)

    def new(self) -> str:
        return f"{next(self._counter):032x}"
