"""The ladder of supervision as a strip of steps: which rung an item stands on, which lie behind it, which ahead."""

from collections.abc import Iterable
from dataclasses import dataclass

from engine.domain.escalation import NOT_YET, Ladder


@dataclass(frozen=True)
class Step:
    """`state`: passed, here, ahead, or skipped (behind the present rung, but never used)."""

    level: int
    instrument: str
    state: str


def strip(ladder: Ladder, level: int | None, reached: Iterable[str] | None = None) -> tuple[Step, ...]:
    """Every rung in order. `level` None or -1: none reached yet. `reached`: the instruments used; the others were
    skipped."""
    present = NOT_YET if level is None else level
    used = {rung.instrument for rung in ladder.rungs} if reached is None else set(reached)
    return tuple(
        Step(rung.level, rung.instrument, _state(rung.level, present, rung.instrument in used)) for rung in ladder.rungs
    )


def _state(level: int, present: int, was_used: bool) -> str:
    if level == present:
        return "here"
    if level > present:
        return "ahead"
    return "passed" if was_used else "skipped"
