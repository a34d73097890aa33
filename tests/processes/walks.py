"""The shipped walks (`processes/*/tests/*.toml`) and what they stand on, for tests: `engine.trials` plays them."""

from collections.abc import Callable, Mapping
from datetime import datetime
from functools import cache
from pathlib import Path
from typing import Any

from engine.bpmn.decision import Decision, DecisionResult, read_decision
from engine.bpmn.definition import Model
from engine.domain import campaign
from engine.domain.calendar import WorkCalendar
from engine.trials.ground import Flow, Ground, ground_of
from engine.trials.play import WalkResult, play_script
from engine.trials.script import Script, read_script
from engine.trials.walk import Walk as TrialWalk
from engine.trials.walk import ask_ladder as ask_table

__all__ = ["KEYS", "PROCESSES", "WALKS", "Flow", "Walk", "begin", "flows", "model", "plan", "walk", "walked"]

PROCESSES = Path(__file__).parents[2] / "processes"
KEYS = sorted(path.parent.name for path in PROCESSES.glob("*/*.bpmn"))
WALKS = sorted(PROCESSES.glob("*/tests/*.toml"))


@cache
def ground() -> Ground:
    return ground_of(PROCESSES, "linxia_2024")


def plan() -> campaign.Campaign:
    return ground().plan


def work_calendar() -> WorkCalendar:
    return ground().calendar


@cache
def model(key: str) -> Model:
    """The process with everything it calls."""
    return ground().model(key)


def flows(key: str) -> tuple[Flow, ...]:
    return ground().flows(key)


@cache
def script(path: Path) -> Script:
    return read_script(path.read_bytes(), what=path.name)


@cache
def walk(path: Path) -> dict[str, Any]:
    """What the file says, as values: its steps with what is filled in."""
    told = script(path)
    steps = [
        {
            **({"complete": step.complete, "variables": dict(step.variables)} if step.complete else {}),
            **({"message": step.message} if step.message else {}),
        }
        for step in told.steps
    ]
    return {
        "process": told.process, "now": told.now.isoformat(), "variables": dict(told.variables),
        "ladder": told.ladder, "steps": steps,
    }  # fmt: skip


@cache
def ladder_table(name: str) -> Decision:
    return read_decision((PROCESSES / "ladders" / f"{name}.dmn").read_bytes())


def ask_ladder(
    ladder: str, functions: Mapping[str, Callable[..., Any]], name: str, variables: Mapping[str, Any]
) -> DecisionResult:
    return ask_table(ladder_table(ladder), functions, name, variables)


class Walk(TrialWalk):
    """On the shipped processes."""

    def __init__(
        self, key: str, variables: Mapping[str, Any], now: datetime, *, reload: bool = False, ladder: str = ""
    ) -> None:
        super().__init__(ground(), key, variables, now, reload=reload, ladder=ladder)


def begin(path: Path, *, reload: bool) -> Walk:
    told = script(path)
    return Walk(told.process, told.variables, told.now, reload=reload, ladder=told.ladder)


def walked(path: Path, *, reload: bool = False) -> WalkResult:
    """The whole walk, every step compared."""
    result = play_script(ground(), script(path), reload=reload)
    assert result.passed, f"{path.parent.parent.name}/{path.name}: {[failure.en for failure in result.failures]}"
    return result
