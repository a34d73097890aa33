"""Plays the acts of a session: for the playground each with what it led to, for a test with that as its expectation."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any, Final

from engine.bpmn.step import Decided
from engine.errors import Problem
from engine.trials.ground import Ground
from engine.trials.limits import Limits
from engine.trials.play import Failure, WalkResult, clear, do_script
from engine.trials.script import Script, ScriptStep
from engine.trials.walk import Place, SentLetter, Walk

MAX_NOTED: Final = 12  # variables that one step of a recorded test expects
_OURS: Final = ("outcome",)


@dataclass(frozen=True)
class Happening:
    """What one act led to. `step` is None for the start; `refusals` are what a table had against the answer."""

    number: int
    step: ScriptStep | None
    at: datetime
    jobs: tuple[str, ...] = ()
    letters: tuple[SentLetter, ...] = ()
    milestones: tuple[str, ...] = ()
    decided: tuple[Decided, ...] = ()
    refusals: tuple[Problem, ...] = ()
    refused: tuple[str, ...] = ()
    tasks: tuple[str, ...] = ()
    due: Mapping[str, datetime] = field(default_factory=dict)
    changed: Mapping[str, Any] = field(default_factory=dict)
    ended: bool = False


@dataclass(frozen=True)
class Session:
    """`walk` stands after the last act that could be done, or is None when not even the start could. `script` has the
    acts that could be done; `failure` says why the next one could not."""

    script: Script
    walk: Walk | None
    happenings: tuple[Happening, ...]
    result: WalkResult
    failure: Failure | None = None


class _Watcher:
    def __init__(self) -> None:
        self.walk: Walk | None = None
        self.happenings: list[Happening] = []
        self._variables: dict[str, Any] = {}
        self._opened: dict[str, datetime] = {}

    def __call__(self, number: int, step: ScriptStep | None, walk: Walk) -> list[Failure]:
        self.walk = walk
        variables = walk.execution.variables()
        opened = {name: walk.opened_at[name] for name in walk.open_tasks()}
        due = {name: walk.dues[name] for name in opened if opened[name] != self._opened.get(name)}
        self.happenings.append(
            Happening(
                number=number,
                step=step,
                at=walk.now,
                jobs=tuple(walk.jobs),
                letters=tuple(walk.letters),
                milestones=tuple(walk.milestones),
                decided=tuple(walk.decided),
                refusals=tuple(walk.refusals),
                refused=tuple(walk.refused),
                tasks=tuple(walk.open_tasks()),
                due={name: instant for name, instant in due.items() if instant is not None},
                changed={} if number == 0 else self._changed(variables, step.variables if step else {}),
                ended=walk.is_ended,
            )
        )
        self._variables, self._opened = variables, opened
        clear(walk)
        walk.decided.clear()
        walk.refusals.clear()
        return []

    def _changed(self, variables: Mapping[str, Any], said: Mapping[str, Any]) -> dict[str, Any]:
        """What the process itself made of the act: plain values that nobody typed."""
        return {
            name: value
            for name, value in variables.items()
            if isinstance(value, str | int | float | bool)
            and self._variables.get(name) != value
            and name not in said
            and name not in _OURS
        }


def replay(ground: Ground, script: Script, *, limits: Limits | None = None) -> Session:
    """The acts of a session from its start; what the script expects is not looked at."""
    bare = replace(script, steps=tuple(replace(step, expect={}) for step in script.steps))
    watcher = _Watcher()
    result = do_script(ground, bare, watcher, limits=limits)
    if result.passed or watcher.walk is None:
        failure = result.failures[0] if result.failures else None
        return Session(bare, watcher.walk, tuple(watcher.happenings), result, failure)
    failure = result.failures[0]  # a broken execution is spent: once more, up to the act before
    bare = replace(bare, steps=bare.steps[: failure.step - 1])
    watcher = _Watcher()
    result = do_script(ground, bare, watcher, limits=limits)
    return Session(bare, watcher.walk, tuple(watcher.happenings), result, failure)


def record(session: Session, name: str) -> Script:
    """The session as a test: after the start and after each act that could be done, what it led to is expected."""
    steps = tuple(
        replace(happening.step or ScriptStep(), expect=_expectation(happening)) for happening in session.happenings
    )
    return replace(session.script, name=name, steps=steps)


def _expectation(happening: Happening) -> dict[str, Any]:
    found: dict[str, Any] = {"tasks": list(happening.tasks)}
    letters = [str(letter) for letter in happening.letters]
    others = {
        "milestones": list(happening.milestones),
        "jobs": list(happening.jobs),
        "letters": letters,
        "refused": list(happening.refused),
        "ended": happening.ended,
        "variables": dict(list(happening.changed.items())[:MAX_NOTED]),
        "due": dict(happening.due),
    }
    return found | {subject: value for subject, value in others.items() if value}


def standing(session: Session) -> tuple[Place, ...]:
    """Where the instance stands now, called and embedded processes around it first."""
    return session.result.tokens[-1] if session.result.tokens else ()
