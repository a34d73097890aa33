"""Says where plain SpiffWorkflow itself goes wrong, from its own task tree: what a join should have given, and did not.

It knows nothing of our engine. The right value at a join is that of the last branch to arrive which did not merely
carry along what another branch has changed since the two parted.
"""

import re
from collections.abc import Iterable
from copy import deepcopy
from itertools import takewhile
from types import TracebackType
from typing import Any, NamedTuple

from plain_spiff import PlainInstance
from SpiffWorkflow.bpmn.specs.control import _EndJoin
from SpiffWorkflow.bpmn.specs.defaults import ParallelGateway
from SpiffWorkflow.bpmn.specs.mixins.multiinstance_task import MultiInstanceTask
from SpiffWorkflow.task import Task
from SpiffWorkflow.util.task import TaskState

from engine.bpmn.plain import same

EARLY = "join fired early"
STUCK = "join never fired"
CRASH = "crash in a join"
STALE = "stale value at a join"
MIXED = "mixed value at a join"
REWRITTEN = "join rewrites what went before it"
STALE_SEVERAL = "stale value after multi-instance"
LEFT_BEHIND = "multi-instance leaves its item behind"
DISORDER = "multi-instance results in order of completion"
ONLY_ONCE = "multi-instance refuses a second round"


class _Missing:
    """No value; copied it is still the same."""

    def __deepcopy__(self, memo: dict[int, Any]) -> "_Missing":
        return self


MISSING = _Missing()


class Fault(NamedTuple):
    """`right`: for a wrong value, the values that would have been right."""

    name: str
    place: tuple[str, str]
    variable: str = ""
    wrong: Any = None
    right: tuple[Any, ...] = ()


class _Expected(NamedTuple):
    """Of a join that is about to run: by variable the right value, all that are brought, and what there was before."""

    task: Task
    values: dict[str, tuple[Any, list[Any]]]
    history: dict[str, list[Any]]
    arrived: list[Task]


class Oversight:
    """Looks over the shoulder of one plain instance and notes its faults."""

    def __init__(self, instance: PlainInstance) -> None:
        self.faults: list[Fault] = []
        self._instance = instance
        self._expected: _Expected | None = None
        instance.before = self._before
        instance.after = self._after

    def _before(self, task: Task) -> None:
        """What should come out is computed now: running the join writes into values that the history shares."""
        self._expected = None
        if not isinstance(task.task_spec, ParallelGateway | _EndJoin):
            return
        arrived = arrivals(task)
        if isinstance(task.task_spec, ParallelGateway) and not _covers(task, arrived):
            self._note(EARLY, task)
        if len(_instances(task)) > 1:
            names = sorted({name for each in arrived for name in each.parent.data} | task.data.keys())
            values = {name: deepcopy(_values(name, arrived)) for name in names}
            mixed = [name for name, (right, brought) in values.items() if not all(_same(right, one) for one in brought)]
            self._expected = _Expected(task, values, deepcopy(_history(mixed, arrived)), arrived)

    def _after(self, task: Task) -> None:
        if isinstance(task.task_spec, MultiInstanceTask):
            self._check_several(task)
        elif self._expected is not None and self._expected.task is task:
            for name, before in self._expected.history.items():
                if not same(before, _history([name], self._expected.arrived)[name]):
                    self._note(REWRITTEN, task, name)
            for name, (right, values) in self._expected.values.items():
                result = task.data.get(name, MISSING)
                if not _same(result, right):
                    carried = any(_same(result, value) for value in values)
                    self._note(STALE if carried else MIXED, task, name, result, (right,))

    def _check_several(self, task: Task) -> None:
        """What a child changed must not be put back by a sibling that merely carried the old value."""
        spec, base = task.task_spec, task.parent.data
        if spec.data_output is not None and spec.output_item is not None:
            return
        children = [each for each in task.children if each.task_spec.name == spec.task_spec]
        done = [each.data for each in children if each.state == TaskState.COMPLETED]
        for name in sorted({name for data in done for name in data} - own_names(spec)):
            before, result = base.get(name, MISSING), task.data.get(name, MISSING)
            changed = [data[name] for data in done if name in data and not _same(data[name], before)]
            if changed and not any(_same(result, value) for value in changed):
                self._note(STALE_SEVERAL, task, name, result, changed)

    def note_crash(self, error: Exception) -> bool:
        """Whether the exception is one of plain's own; it is noted then."""
        files = {path.rsplit("/", 1)[-1] for path in _files(error.__traceback__)}
        if isinstance(error, AttributeError) and files & {"unstructured_join.py", "parallel_gateway.py", "Join.py"}:
            self.faults.append(Fault(CRASH, ("", ""), wrong=str(error)))
        elif "multiinstance_task.py" in files and re.search("already exists|must be empty", str(error)):
            self.faults.append(Fault(ONLY_ONCE, ("", ""), wrong=str(error)))
        else:
            return False
        return True

    def note_stuck(self) -> bool:
        """Whether a join waits although a token has come along each of its flows; it is noted then."""
        workflow = self._instance.workflow
        for process in (workflow, *workflow.get_active_subprocesses()):
            for task in process.tasks.values():
                waits = task.state == TaskState.WAITING and isinstance(task.task_spec, ParallelGateway)
                if waits and _covers(task, arrivals(task)):
                    self._note(STUCK, task)
                    return True
        return False

    def note_several(self, name: str, ours: Any, plains: Any) -> bool:
        """Whether plain's value is what its multi-instance tasks are known to get wrong; it is noted then."""
        for spec in self._several():
            if name in own_names(spec) and ours is MISSING:
                self.faults.append(Fault(LEFT_BEHIND, ("", spec.name), name, plains))
                return True
            output = spec.data_output.bpmn_id if spec.data_output is not None else None
            if name == output and _are_the_same_in_another_order(ours, plains):
                self.faults.append(Fault(DISORDER, ("", spec.name), name, plains, (ours,)))
                return True
        return False

    def _several(self) -> Iterable[MultiInstanceTask]:
        model = self._instance.model
        for process in (model.spec, *model.subprocess_specs.values()):
            yield from (spec for spec in process.task_specs.values() if isinstance(spec, MultiInstanceTask))

    def _note(self, name: str, task: Task, variable: str = "", wrong: Any = None, right: Iterable[Any] = ()) -> None:
        place = self._instance.model.place_of(task)
        self.faults.append(Fault(name, place, variable, wrong, tuple(right)))


def arrivals(task: Task) -> list[Task]:
    """The tokens that stand at this join since it last fired, the last to come first; that is `task`."""
    last = _ancestor_of_spec(task)
    here = [each for each in _instances(task) if each is not task and not task.is_descendant_of(each)]
    fresh = [each for each in here if each.parent.state == TaskState.COMPLETED]
    if last is not None:
        fresh = [each for each in fresh if each.is_descendant_of(last)]
    return [task, *sorted(fresh, key=lambda each: each.last_state_change, reverse=True)]


def own_names(spec: MultiInstanceTask) -> set[str]:
    return {item.bpmn_id for item in (spec.input_item, spec.output_item) if item is not None}


def _instances(task: Task) -> list[Task]:
    """The other tasks of the same spec that have been reached."""
    reached = TaskState.FINISHED_MASK | TaskState.WAITING | TaskState.READY
    return [
        each for each in task.workflow.tasks.values() if each.task_spec is task.task_spec and each.has_state(reached)
    ]


def _ancestor_of_spec(task: Task) -> Task | None:
    return next((step for step in _above(task) if step.task_spec is task.task_spec), None)


def _are_the_same_in_another_order(one: Any, other: Any) -> bool:
    return isinstance(one, list) and isinstance(other, list) and sorted(map(repr, one)) == sorted(map(repr, other))


def _covers(task: Task, arrived: Iterable[Task]) -> bool:
    return {each.parent.task_spec.name for each in arrived} >= {spec.name for spec in task.task_spec.inputs}


def _values(name: str, arrived: list[Task]) -> tuple[Any, list[Any]]:
    """The right value at a join, and all that are brought to it."""
    values = [each.parent.data.get(name, MISSING) for each in arrived]
    if all(_same(values[0], value) for value in values):
        return values[0], values
    return next(value for row, value in enumerate(values) if not _is_stale(name, row, arrived)), values


def _history(names: list[str], arrived: list[Task]) -> dict[str, list[Any]]:
    """The lists and dictionaries of these names in every task that leads to the join, by name."""
    above = dict.fromkeys(step for each in arrived for step in _above(each))
    found = {name: [step.data.get(name) for step in above] for name in names}
    return {name: values for name, values in found.items() if any(isinstance(value, list | dict) for value in values)}


def _above(task: Task) -> Iterable[Task]:
    step = task.parent
    while step is not None:
        yield step
        step = step.parent


def _is_stale(name: str, row: int, arrived: list[Task]) -> bool:
    """Whether the branch merely carried a value along which another one has changed since the two parted."""
    return any(
        not _is_changed(name, arrived[row], since) and _is_changed(name, other, since)
        for number, other in enumerate(arrived)
        if number != row
        for since in [_parted(arrived[row], other)]
    )


def _is_changed(name: str, task: Task, since: Task | None) -> bool:
    """Whether any step of the branch above `task` and below `since` gave the variable another value."""
    for step in takewhile(lambda step: step is not since, _above(task)):
        before = step.parent.data if step.parent is not None else {}
        if not _same(step.data.get(name, MISSING), before.get(name, MISSING)):
            return True
    return False


def _parted(one: Task, other: Task) -> Task | None:
    """The last task that two branches have in common."""
    seen = {step.id for step in _above(one)}
    return next((step for step in _above(other) if step.id in seen), None)


def _same(one: Any, other: Any) -> bool:
    return one is other if one is MISSING or other is MISSING else same(one, other)


def _files(traceback: TracebackType | None) -> Iterable[str]:
    while traceback is not None:
        yield traceback.tb_frame.f_code.co_filename
        traceback = traceback.tb_next
