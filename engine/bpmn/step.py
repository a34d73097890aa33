"""What one step of a process did, as plain values for whoever writes rows: opened, closed, reached, passed."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any

from engine.bpmn.decision import DecisionResult
from engine.bpmn.elements import Element
from engine.errors import Problem


@dataclass(frozen=True)
class Moment:
    """The present of one step: the instant (aware, UTC) and the deadline functions that belong to it.

    `decide(name, variables)` asks a table that the campaign names (`decision.OF_CAMPAIGN`), in its newest version.
    `checkpoint` is told each element that finishes, and stops the step by raising. Which flows a step took costs time
    that only who plays a draft wants to spend: `notes_flows`.
    """

    now: datetime
    functions: Mapping[str, Callable[..., Any]] = field(default_factory=dict)
    decide: Callable[[str, Mapping[str, Any]], DecisionResult] | None = None
    checkpoint: Callable[[Element], None] | None = None
    notes_flows: bool = False


@dataclass(frozen=True)
class OpenedTask:
    """A user task that waits for a person. `due` is what the deadline expression gave: a Deadline or an instant.

    `deadline_names`: the variables it was computed from, so that it can be computed again.
    """

    token: str
    element: Element
    variables: dict[str, Any]
    due: Any = None
    deadline_names: dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class OpenedTimer:
    """A timer that was armed; it fires only when told. `names` as `deadline_names` of a task."""

    token: str
    element: Element
    due: Any
    expression: str
    names: dict[str, Any]


@dataclass(frozen=True)
class OpenedJob:
    """A service task that waits for the worker, with its inputs as they were when it was reached."""

    token: str
    element: Element
    kind: str
    inputs: dict[str, Any]


@dataclass(frozen=True)
class OpenedWait:
    """A message event that waits; `message` is the message's name, `names` the variables that it is correlated by."""

    token: str
    element: Element
    message: str
    names: dict[str, Any] = field(default_factory=dict)


def opened_wait(token: str, element: Element, variables: Mapping[str, Any]) -> OpenedWait:
    """With the variables as they are when it opens."""
    return OpenedWait(token, element, element.message, {name: variables.get(name) for name in element.correlation})


@dataclass(frozen=True)
class ReachedMilestone:
    """A fact of the case, with the variables as they were; `due` when the event carries a deadline."""

    element: Element
    name: str
    variables: dict[str, Any]
    due: Any = None
    deadline_names: dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class Decided:
    """A business rule task that ran: which table spoke by which row, what it was told and what it gave."""

    element: Element
    decision_id: str
    rule_id: str
    outputs: dict[str, Any]
    inputs: dict[str, Any] = field(default_factory=dict)
    definition_id: str = ""

    @property
    def refusal(self) -> Problem | None:
        """What stands against the answer that led here, at the field of its form."""
        zh, en, where = (self.outputs.get(column) for column in refusal_columns(self.element.refusal))
        return Problem(str(where or ""), str(zh), str(en or zh)) if self.element.refusal and zh else None


def refusal_columns(name: str) -> tuple[str, str, str]:
    """The outputs of a table that refuses: the sentence in Chinese and in English, and the key of the field."""
    return name, f"{name}_en", f"{name}_field"


@dataclass(frozen=True)
class Token:
    """Something that lives now. `kind`: user, timer, job or wait."""

    token: str
    process_key: str
    element_id: str
    kind: str


@dataclass(frozen=True)
class Step:
    """Everything that changed. `passed` lists the elements that finished, `gone` the sequence flows that were taken
    where the moment notes them, each as process key and id, in the order they were."""

    opened_tasks: tuple[OpenedTask, ...] = ()
    closed: tuple[Token, ...] = ()
    opened_timers: tuple[OpenedTimer, ...] = ()
    opened_jobs: tuple[OpenedJob, ...] = ()
    opened_waits: tuple[OpenedWait, ...] = ()
    milestones: tuple[ReachedMilestone, ...] = ()
    passed: tuple[tuple[str, str], ...] = ()
    gone: tuple[tuple[str, str], ...] = ()
    ended: bool = False
    decisions: tuple[Decided, ...] = ()

    @property
    def closed_tokens(self) -> tuple[str, ...]:
        return tuple(token.token for token in self.closed)

    def beside(self, token: str) -> "Step":
        """The same step without the close of `token`, for whoever has written that one down."""
        return replace(self, closed=tuple(each for each in self.closed if each.token != token))
