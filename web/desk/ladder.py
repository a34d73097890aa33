"""The ladder of supervision as a strip of steps: which rung an item stands on, which lie behind it, which ahead."""

from collections.abc import Iterable
from dataclasses import dataclass

from engine.domain.escalation import LADDER


@dataclass(frozen=True)
class Step:
    """`state`: passed, here, ahead, or skipped (behind the present rung, but never used)."""

    level: int
    instrument: str
    state: str


def strip(level: int | None, reached: Iterable[int] | None = None) -> tuple[Step, ...]:
    """Every rung in order. `level` None or -1: none reached yet. `reached`: those used; the others were skipped."""
    present = -1 if level is None else level
    used = set(reached) if reached is not None else set(range(present + 1))
    return tuple(Step(rung.level, rung.instrument, _state(rung.level, present, used)) for rung in LADDER)


def _state(level: int, present: int, used: set[int]) -> str:
    if level == present:
        return "here"
    if level > present:
        return "ahead"
    return "passed" if level in used else "skipped"
