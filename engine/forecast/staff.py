"""The people of one role in one unit: a queue before them, each of them busy with one thing at a time."""

from bisect import insort
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

Group = tuple[str, str]  # role, unit id


@dataclass(order=True)
class Waiting:
    """Something in the queue. `turn` decides who is first, `number` where turns are equal."""

    turn: float
    number: int
    what: Any = field(compare=False)
    barred: frozenset[int] = field(compare=False)  # people who may not do it


class Pool:
    """`size` people, counted from nought; the free one with the smallest number takes what comes first."""

    def __init__(self, group: Group, size: int) -> None:
        self.group = group
        self.size = size
        self.queue: list[Waiting] = []
        self.stuck = 0  # things that nobody here may ever do: too few people for the separation of duty
        self._free = set(range(size))

    def add(self, what: Any, *, turn: float, number: int, barred: Iterable[int] = ()) -> bool:
        """False when nobody here may ever do it."""
        waiting = Waiting(turn, number, what, frozenset(barred))
        if len(waiting.barred) >= self.size:
            self.stuck += 1
            return False
        insort(self.queue, waiting)
        return True

    def take(self) -> tuple[Any, int] | None:
        """The next thing that somebody who is free may do, and who; None when there is no such pair."""
        if not self._free:
            return None
        for place, waiting in enumerate(self.queue):
            able = self._free - waiting.barred
            if able:
                person = min(able)
                self._free.discard(person)
                del self.queue[place]
                return waiting.what, person
        return None

    def release(self, person: int) -> None:
        self._free.add(person)
