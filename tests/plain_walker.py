"""Walks one process twice, act by act, in plain SpiffWorkflow and in ours, and insists that both do the same.

Ours lives only as long as a step: it is dumped and loaded after each one. Where plain is shown to be wrong by its own
tree (`plain_faults`), the fault is counted and the walk goes on for as long as the two can be compared.
"""

import json
import random
from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import partial
from typing import Any

from plain_faults import MISSING, Fault, Oversight
from plain_spiff import Live, PlainInstance, PlainModel, instant_text

from engine.bpmn.decision import DecisionError, DecisionResult
from engine.bpmn.definition import Model
from engine.bpmn.execution import Execution
from engine.bpmn.plain import due_instant, same
from engine.bpmn.script import ExecutionFailed
from engine.bpmn.step import Moment, Step

Key = tuple[str, str, str, str, str]
Answer = Callable[[random.Random, str], dict[str, Any]]
WEIGHTS = {"user": 5, "job": 4, "timer": 2, "wait": 1}


@dataclass(frozen=True)
class Ground:
    """What is walked. `starts`: variables and instant to begin with; `answer` fills in a user task or a job."""

    name: str
    ours: Model
    plain: PlainModel
    starts: Sequence[tuple[Mapping[str, Any], datetime]]
    answer: Answer
    functions: Callable[[datetime], Mapping[str, Callable[..., Any]]]
    decide: Callable[[Mapping[str, Callable[..., Any]], str, Mapping[str, Any]], DecisionResult] | None = None


@dataclass
class Tally:
    """What the walks over one ground came to."""

    walks: int = 0
    acts: Counter[str] = field(default_factory=Counter)
    ended: int = 0
    compared: int = 0  # walks without any difference to plain, from the first act to the last
    refused: int = 0
    send_backs: int = 0
    faults: Counter[str] = field(default_factory=Counter)
    parted: Counter[str] = field(default_factory=Counter)  # walks that plain's fault cut short

    def line(self, name: str) -> str:
        acts = ", ".join(f"{kind} {count}" for kind, count in sorted(self.acts.items()))
        faults = ", ".join(f"{name} {count}" for name, count in sorted(self.faults.items())) or "none"
        parted = ", ".join(f"{name} {count}" for name, count in sorted(self.parted.items())) or "none"
        return (
            f"{name}: {self.walks} walks, {sum(self.acts.values())} acts ({acts}), {self.ended} to the end, "
            f"{self.compared} without a difference, {self.refused} refused by both, {self.send_backs} send-backs; "
            f"faults of plain: {faults}; walks they cut short: {parted}"
        )


class Differs(AssertionError):
    """Ours and plain did not do the same, and plain was not shown to be wrong."""


@dataclass(frozen=True)
class _Ours:
    key: Key
    token: str
    data: dict[str, Any] | None


class Pair:
    """One walk. `execution` is our class, for those who break it on purpose."""

    def __init__(self, ground: Ground, seed: str, tally: Tally, execution: type[Execution] = Execution) -> None:
        self.ground, self.seed, self.tally = ground, seed, tally
        self._execution_class = execution
        self._chance = random.Random(f"{ground.name} {seed}")
        variables, now = self._chance.choice(ground.starts)
        self.now = now
        self._details: dict[str, str] = {}
        self._tainted: set[str] = set()
        self._completed: set[tuple[str, str]] = set()
        self._trail: list[str] = []
        self._live: list[tuple[_Ours, Live]] = []
        self._known = 0  # faults that were dealt with
        moment = self._moment()
        self.execution, step = execution.start(ground.ours, variables, moment)
        self.plain = PlainInstance.ready(ground.plain, variables, moment)
        self.oversight = Oversight(self.plain)
        self.plain.run()
        self._note(step)
        self.goes_on = self._compare(step)

    def walk(self, acts: int) -> None:
        """So many acts, fewer when the process ends or plain's faults part the two. Raises Differs."""
        self.tally.walks += 1
        while self.goes_on and self._live and acts > 0:
            acts -= 1
            self.goes_on = self._act()
        self.tally.ended += self.execution.is_ended and self.goes_on
        self.tally.compared += self.goes_on and not self.oversight.faults
        self.tally.faults.update(fault.name for fault in self.oversight.faults)

    def _act(self) -> bool:
        ours, plain = self._choose()
        _, element_id, kind, item, detail = ours.key
        given: dict[str, Any] = {}
        self.now += timedelta(minutes=self._chance.randrange(1, 600))
        if kind == "timer":
            self.now = max(self.now, datetime.fromisoformat(detail))
        else:
            given = self.ground.answer(self._chance, element_id)
        self._trail.append(f"{kind} {element_id} {item} {given or ''}")
        self.tally.acts[kind] += 1
        if kind == "user":
            place = ours.key[:2]
            self.tally.send_backs += place in self._completed and not item
            self._completed.add(place)
        return self._do(kind, ours, plain, given)

    def _do(self, kind: str, ours: _Ours, plain: Live, given: dict[str, Any]) -> bool:
        moment, step, refused = self._moment(), None, None
        execution = self.execution
        try:
            if kind == "user":
                step = execution.complete(ours.token, given, moment)
            elif kind == "job":
                step = execution.complete_job(ours.token, given, moment)
            elif kind == "timer":
                step = execution.fire(ours.token, moment)
            else:
                step = execution.deliver(plain.detail, given, moment)
        except ExecutionFailed as error:
            refused = error
        try:
            if kind == "timer":
                self.plain.fire(plain, moment)
            elif kind == "wait":
                self.plain.deliver(plain.detail, given, moment)
            else:
                self.plain.complete(plain, given, moment)
        except Exception as error:
            return self._broken(error, refused)
        if step is None:
            return self._part(f"ours refused: {refused}")
        self._note(step)
        return self._compare(step)

    def _choose(self) -> tuple[_Ours, Live]:
        kinds = sorted({ours.key[2] for ours, _ in self._live})
        kind = self._chance.choices(kinds, [WEIGHTS[kind] for kind in kinds])[0]
        return self._chance.choice([pair for pair in self._live if pair[0].key[2] == kind])

    def _broken(self, error: Exception, refused: ExecutionFailed | None) -> bool:
        """Plain raised. Both may refuse what the diagram cannot answer; else it must be a fault of plain's own."""
        if self.oversight.note_crash(error):
            return self._part("plain crashed")
        if refused is not None:
            self.tally.refused += 1
            return False
        if self.oversight.faults and isinstance(error, DecisionError):
            return self._part(f"plain refused: {error!r}")
        raise Differs(self._told(f"plain raised {error!r}")) from error

    # -- comparing -----------------------------------------------------------------------------------------------------
    def _note(self, step: Step) -> None:
        for opened in (*step.opened_tasks, *step.opened_timers):
            due = due_instant(opened.due)
            self._details[opened.token] = instant_text(due) if due is not None else ""
        for job in step.opened_jobs:
            self._details[job.token] = json.dumps(job.inputs, sort_keys=True)
        for wait in step.opened_waits:
            self._details[wait.token] = wait.message
        self.execution = self._execution_class.load(self.ground.ours, self.execution.dump())

    def _compare(self, step: Step) -> bool:
        before = {ours.token for ours, _ in self._live}
        ours, plain = self._of_ours(), self.plain.live()
        if (keys := [one.key for one in ours]) != (others := [one.key for one in plain]):
            return self._part(f"live in ours only: {_minus(keys, others)}, in plain only: {_minus(others, keys)}")
        if list(step.passed) != self.plain.passed:
            return self._part(f"ours passed {step.passed}, plain {self.plain.passed}")
        if step.ended != self.plain.is_ended or self.execution.is_ended != self.plain.is_ended:
            return self._part(f"ended: ours {self.execution.is_ended}, plain {self.plain.is_ended}")
        self._live = list(zip(ours, sorted(plain, key=_order), strict=True))
        pairs = [(mine, other.data, mine.token not in before) for mine, other in self._live]
        told = [(mine.data, data, is_new) for mine, data, is_new in pairs if mine.data is not None]
        if self.plain.is_ended:
            told = [(self.execution.variables(), self.plain.data, True)]
        return self._same_data(told)

    def _same_data(self, told: Sequence[tuple[dict[str, Any], dict[str, Any], bool]]) -> bool:
        fresh, self._known = self.oversight.faults[self._known :], len(self.oversight.faults)
        # A second fault in the same variable may only follow from the first: what would be right is not known then.
        first = {fault.variable: fault for fault in reversed(fresh) if fault.variable not in self._tainted}
        self._tainted |= {fault.variable for fault in fresh if fault.variable}
        for mine, others, is_new in told:
            for name in sorted(mine.keys() | others.keys()):
                value, other = mine.get(name, MISSING), others.get(name, MISSING)
                if value is not MISSING and other is not MISSING and same(value, other):
                    continue
                if self.oversight.note_several(name, value, other):
                    self._tainted.add(name)
                if name not in self._tainted:
                    return self._part(f"variable {name}: ours {_shown(value)}, plain {_shown(other)}")
            if is_new:
                self._check_ours_is_right(first.values(), mine, others)
        return True

    def _check_ours_is_right(self, fresh: Iterable[Fault], mine: dict[str, Any], others: dict[str, Any]) -> None:
        """Where plain gave a wrong value in this act and still has it, ours must have one of the right ones."""
        for fault in fresh:
            other, value = others.get(fault.variable, MISSING), mine.get(fault.variable, MISSING)
            if fault.right and _alike(other, fault.wrong) and not any(_alike(value, right) for right in fault.right):
                raise Differs(self._told(f"{fault}, and ours has {_shown(value)}"))

    def _part(self, what: str) -> bool:
        """The two go different ways: that needs a fault of plain's."""
        if not self.oversight.faults and not self.oversight.note_stuck():
            raise Differs(self._told(what))
        self.tally.parted[self.oversight.faults[-1].name] += 1
        return False

    def _of_ours(self) -> list[_Ours]:
        found = []
        for token in self.execution.tokens():
            data = self.execution.variables(token.token) if token.kind == "user" else None
            item_name = self.ground.plain.items.get((token.process_key, token.element_id))
            item = json.dumps((data or {}).get(item_name), sort_keys=True) if item_name else ""
            key = (token.process_key, token.element_id, token.kind, item, self._details[token.token])
            found.append(_Ours(key, token.token, data))
        return sorted(found, key=lambda one: (one.key, _text(one.data)))

    def _moment(self) -> Moment:
        functions = self.ground.functions(self.now)
        decide = partial(self.ground.decide, functions) if self.ground.decide else None
        return Moment(self.now, functions, decide)

    def _told(self, what: str) -> str:
        trail = "\n  ".join(self._trail)
        return f"{self.ground.name}, seed {self.seed}: {what}\n  {trail}"


def walk_all(ground: Ground, walks: int, lengths: Sequence[int], execution: type[Execution] = Execution) -> Tally:
    """So many walks, each of a length drawn from `lengths`."""
    tally = Tally()
    for number in range(walks):
        length = random.Random(f"length {ground.name} {number}").choice(lengths)
        Pair(ground, str(number), tally, execution).walk(length)
    return tally


def _order(live: Live) -> tuple[Key, str]:
    return live.key, _text(live.data if live.kind == "user" else None)


def _text(data: dict[str, Any] | None) -> str:
    return "" if data is None else json.dumps(data, sort_keys=True)


def _minus(some: Sequence[Key], others: Sequence[Key]) -> list[Key]:
    return list((Counter(some) - Counter(others)).elements())


def _alike(one: Any, other: Any) -> bool:
    return one is other if one is MISSING or other is MISSING else same(one, other)


def _shown(value: Any) -> str:
    return "missing" if value is MISSING else repr(value)
