"""Takes times and keeps figures: interleaved rounds, medians of process CPU time and of the wall clock."""

import gc
import math
import statistics
import time
from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager, nullcontext
from dataclasses import asdict, dataclass, field
from typing import Any, NamedTuple

Act = Callable[[int], Any]  # is told the number of the round
Surroundings = Callable[[], AbstractContextManager[Any]]
WARM_UP = 3


class Took(NamedTuple):
    """Milliseconds."""

    cpu: float
    wall: float


@dataclass(frozen=True)
class Figure:
    """One line of the table. Without a target it is told and not judged; less is better."""

    name: str
    backend: str
    value: float
    unit: str
    target: float | None = None
    detail: Mapping[str, Any] = field(default_factory=dict)

    @property
    def is_reached(self) -> bool | None:
        return None if self.target is None else self.value <= self.target

    def to_json(self) -> dict[str, Any]:
        return {**asdict(self), "is_reached": self.is_reached}


class Rounds:
    """Times of acts that were done in turns."""

    def __init__(self, taken: Mapping[str, list[Took]]) -> None:
        self.taken = taken

    def cpu(self, name: str) -> float:
        return statistics.median(took.cpu for took in self.taken[name])

    def wall(self, name: str) -> float:
        return statistics.median(took.wall for took in self.taken[name])

    def ratio(self, name: str, to: str) -> float:
        """Of the medians of CPU time."""
        return self.cpu(name) / self.cpu(to)

    def detail(self, *names: str) -> dict[str, Any]:
        told: dict[str, Any] = {}
        for name in names:
            told |= {f"{name}_cpu_ms": round(self.cpu(name), 3), f"{name}_wall_ms": round(self.wall(name), 3)}
        return {**told, "rounds": len(self.taken[names[0]])}

    def against(self, name: str, to: str, *, line: str, backend: str, target: float | None = None) -> Figure:
        return Figure(line, backend, self.ratio(name, to), "x", target, self.detail(name, to))


def timed(act: Callable[[], Any]) -> Took:
    """The collector does not run meanwhile."""
    gc.disable()
    try:
        wall, cpu = time.perf_counter_ns(), time.process_time_ns()
        act()
        return Took((time.process_time_ns() - cpu) / 1e6, (time.perf_counter_ns() - wall) / 1e6)
    finally:
        gc.enable()


def in_turns(
    rounds: int, acts: Mapping[str, Act], *, around: Mapping[str, Surroundings] | None = None, warm_up: int = WARM_UP
) -> Rounds:
    """Every act once in each round, each round beginning with another one. Warm-up rounds come first and do not count;
    rounds are numbered through both. `around`: what an act runs in, entered and left outside of its time."""
    taken: dict[str, list[Took]] = {name: [] for name in acts}
    names = list(acts)
    for number in range(warm_up + rounds):
        gc.collect()
        first = number % len(names)
        for name in names[first:] + names[:first]:
            with (around or {}).get(name, nullcontext)():
                took = timed(lambda name=name, number=number: acts[name](number))
            if number >= warm_up:
                taken[name].append(took)
    return Rounds(taken)


def percentile(values: list[float], share: float) -> float:
    """The smallest value that so many of the values do not exceed."""
    ordered = sorted(values)
    return ordered[max(0, math.ceil(len(ordered) * share) - 1)]
