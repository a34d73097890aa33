"""Many starts of one process at one moment: one is run, its like are stamped out of it.

Two starts are alike when they agree in every variable that an expression on the way to the first wait may have read.
The rest of the variables is only carried; a stamp puts them, and fresh ids, where the one that ran has its own.
"""

import json
import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, replace
from itertools import count
from typing import Any
from uuid import UUID, uuid5

import orjson

from engine.bpmn import state
from engine.bpmn.definition import Model
from engine.bpmn.execution import Execution
from engine.bpmn.expressions import noted_names
from engine.bpmn.plain import plain_variables
from engine.bpmn.step import Moment, OpenedTask, OpenedTimer, Step
from engine.errors import EngineError

MAX_STAMPS = 64  # more variants than this: the way depends on what each case brings, and each is started by itself

Variables = dict[str, Any]
Fill = Callable[[Variables], Variables]


@dataclass(frozen=True)
class Started:
    """A fresh instance as a normal start leaves it: its state, to be sealed by whoever keeps it, and what was done."""

    blob: bytes
    step: Step


class Stamps:
    """Starts instances of `model` at one moment. For one command in one thread. `stamped` counts what was not run."""

    def __init__(self, model: Model, moment: Moment) -> None:
        self._model = model
        self._moment = moment
        self._readings: dict[tuple[str, ...], None] = {}  # which variables a start has read, each set once
        self._stamps: dict[bytes, Stamp | None] = {}  # None: seen once, or cannot be stamped
        self._seen: dict[bytes, int] = {}
        self.stamped = 0

    def start(self, variables: Mapping[str, Any], seed: str) -> Started:
        """As `Execution.start` and a dump. `seed`: an id that no other start has, 32 hexadecimal characters; the ids
        inside come from it. Raises ExecutionFailed, or Invalid for the variables."""
        given = plain_variables(variables)
        for names in self._readings:
            key = _likeness(names, given)
            if (stamp := self._stamps.get(key)) is not None:
                return self._stamped(stamp, given, seed)
            if key in self._seen:
                return self._again(key, names, given, seed)
        return self._first(given)

    def _first(self, given: Variables) -> Started:
        with noted_names() as noted:
            started = _run(self._model, given, self._moment)
        if len(self._seen) < MAX_STAMPS:
            names = tuple(sorted(noted & given.keys()))
            self._readings[names] = None
            self._seen[_likeness(names, given)] = 1
        return started

    def _again(self, key: bytes, names: tuple[str, ...], given: Variables, seed: str) -> Started:
        """The second of its kind pays for the stamp; every later one is cheap."""
        self._seen[key] += 1
        if self._seen[key] == 2:
            self._stamps[key] = stamp_of(self._model, self._moment, names, given)
        stamp = self._stamps[key]
        return self._stamped(stamp, given, seed) if stamp is not None else _run(self._model, given, self._moment)

    def _stamped(self, stamp: "Stamp", given: Variables, seed: str) -> Started:
        self.stamped += 1
        return stamp.start(given, seed)


def _likeness(names: tuple[str, ...], given: Variables) -> bytes:
    """The same for starts that go the same way: which variables there are, and the values of those that are read."""
    return orjson.dumps([names, list(given), [given.get(name) for name in names]])


def _run(model: Model, given: Mapping[str, Any], moment: Moment) -> Started:
    execution, step = Execution.start(model, given, moment)
    return Started(execution.dump(), step)


def stamp_of(model: Model, moment: Moment, names: Iterable[str], given: Variables) -> "Stamp | None":
    """A stamp for every start that agrees with `given` in `names`, or None where there can be none.

    It is tried before it is given away: what it makes of `given` must be what a normal start makes of it.
    """
    try:
        stamp = Stamp(model, moment, frozenset(names), given)
    except (EngineError, _Unstampable):  # the way needs a value that no expression named
        return None
    normal = _run(model, given, moment)
    stamped = stamp.start(given, "f" * 32)
    return stamp if likeness_of(stamped) == likeness_of(normal) else None


def likeness_of(started: Started) -> str:
    """Everything about a start but its ids, which are numbered in the order they appear."""
    content = state.contents(started.blob)
    text = repr((content, started.step))
    numbers: dict[str, str] = {}
    known = {row[0] for tree in (content["root"], *content["inner"].values()) for row in tree["tasks"]}
    tokens = {opened.token for opened in _opened(started.step)}
    pattern = "|".join(sorted(known | tokens | {str(UUID(hex=task_id)) for task_id in known}))
    return re.sub(pattern, lambda found: numbers.setdefault(found[0], f"<{len(numbers)}>"), text)


def _opened(step: Step) -> Iterable[Any]:
    return (*step.opened_tasks, *step.opened_timers, *step.opened_jobs, *step.opened_waits)


class _Unstampable(Exception):
    """A mark or an id stands where it cannot be replaced."""


class Stamp:
    """One start, run with marks in place of the variables that nobody reads, and cut open where marks and ids are."""

    def __init__(self, model: Model, moment: Moment, names: frozenset[str], given: Variables) -> None:
        prefix = _unused(given)
        marks = {name: f"{prefix}{name}@" for name in given if name not in names}
        started = _run(model, {**given, **marks}, moment)
        self._content = state.contents(started.blob)
        self._marked = {mark: name for name, mark in marks.items()}
        self._names: list[tuple[Any, Any, str]] = []  # (container, key, variable)
        self._places: list[tuple[Any, Any, int]] = []  # (container, key, number of the id)
        self._inner = list(self._content["inner"].items())
        self._numbers = {row[0]: number for number, row in enumerate(_rows(self._content))}
        self._find(self._content)
        self._check_writes(given)
        self._check_marks(prefix, started.step)
        self._step = self._cut(started.step)

    def start(self, given: Variables, seed: str) -> Started:
        """A fresh instance with these variables, plain JSON, alike in all that its way depends on."""
        ids = _fresh_ids(seed, len(self._numbers))
        for container, key, name in self._names:
            container[key] = given[name]
        for container, key, number in self._places:
            container[key] = ids[number]
        self._content["inner"] = {ids[self._numbers[task_id]]: tree for task_id, tree in self._inner}
        return Started(state.pack(self._content), self._step(given, ids))

    # -- finding -------------------------------------------------------------------------------------------------------
    def _find(self, value: Any) -> None:
        if isinstance(value, dict):
            items: Iterable[tuple[Any, Any]] = value.items()
        elif isinstance(value, list):
            items = enumerate(value)
        else:
            return
        for key, item in items:
            if isinstance(item, str) and item in self._marked:
                self._names.append((value, key, self._marked[item]))
            elif isinstance(item, str) and item in self._numbers:
                self._places.append((value, key, self._numbers[item]))
            else:
                self._find(item)

    def _check_writes(self, given: Variables) -> None:
        """A branch that overwrites a case's variable keeps the change only where there is one: not the same for all."""
        for row in _rows(self._content):
            written = {*(row[6] or ()), *(row[7] or ())}
            if row[1] >= 0 and written & given.keys():
                raise _Unstampable

    def _check_marks(self, prefix: str, step: Step) -> None:
        """Every mark and every id stands alone and is found; none is part of another text, or a key."""
        text = json.dumps(self._content, ensure_ascii=False)
        if text.count(prefix) != len(self._names):
            raise _Unstampable
        places = len(self._places) + len(self._inner)
        if sum(text.count(task_id) + text.count(str(UUID(hex=task_id))) for task_id in self._numbers) != places:
            raise _Unstampable
        carried = [
            *(opened.variables for opened in step.opened_tasks),
            *(reached.variables for reached in step.milestones),
        ]
        if repr(step).count(prefix) != sum(self._is_mark(value) for names in carried for value in names.values()):
            raise _Unstampable

    def _is_mark(self, value: Any) -> bool:
        return isinstance(value, str) and value in self._marked

    # -- the step ------------------------------------------------------------------------------------------------------
    def _cut(self, step: Step) -> Callable[[Variables, list[str]], Step]:
        tasks = [(opened, self._fill(opened.variables), self._token(opened)) for opened in step.opened_tasks]
        milestones = [(reached, self._fill(reached.variables)) for reached in step.milestones]
        timers = [(opened, self._token(opened)) for opened in step.opened_timers]
        jobs = [(opened, self._token(opened)) for opened in step.opened_jobs]
        waits = [(opened, self._token(opened)) for opened in step.opened_waits]

        def stamped(given: Variables, ids: list[str]) -> Step:
            return Step(
                opened_tasks=tuple(
                    OpenedTask(token(ids), each.element, fill(given), each.due, each.deadline_names)
                    for each, fill, token in tasks
                ),
                opened_timers=tuple(
                    OpenedTimer(token(ids), each.element, each.due, each.expression, each.names)
                    for each, token in timers
                ),
                opened_jobs=tuple(replace(each, token=token(ids)) for each, token in jobs),
                opened_waits=tuple(replace(each, token=token(ids)) for each, token in waits),
                milestones=tuple(replace(each, variables=fill(given)) for each, fill in milestones),
                passed=step.passed,
                gone=step.gone,
                ended=step.ended,
                decisions=step.decisions,
            )

        return stamped

    def _fill(self, variables: Variables) -> Fill:
        marked = [(name, self._marked[value]) for name, value in variables.items() if self._is_mark(value)]
        return lambda given: {**variables, **{name: given[of] for name, of in marked}}

    def _token(self, opened: Any) -> Callable[[list[str]], str]:
        """How a token comes out of the ids: it is a task's, or that of one event behind a task that is a gateway."""
        token, event = opened.token, opened.element.element_id
        if token in self._numbers:
            number = self._numbers[token]
            return lambda ids: ids[number]
        for task_id, number in self._numbers.items():
            if uuid5(UUID(hex=task_id), event).hex == token:
                return lambda ids: uuid5(UUID(hex=ids[number]), event).hex
        raise _Unstampable


def _rows(content: dict[str, Any]) -> list[list[Any]]:
    return [row for tree in (content["root"], *content["inner"].values()) for row in tree["tasks"]]


def _fresh_ids(seed: str, count: int) -> list[str]:
    """As unlike all others as the seed is; its first digits, the slowest of a time, give way to a number."""
    rest = seed[4:]
    return [f"{number:04x}{rest}" for number in range(count)]


def _unused(given: Variables) -> str:
    """A beginning of marks that no variable holds."""
    text = json.dumps(given, ensure_ascii=False)
    return next(mark for number in count() if (mark := f"@{number}:") not in text)
