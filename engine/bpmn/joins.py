"""Where branches meet. SpiffWorkflow's joins count tokens of earlier rounds and overlay whole data sets; these do not.

A join takes one token per incoming flow and uses it up. Data is merged as a three-way merge: what a branch changed
since it left the others is kept, what it merely carried along is not.
"""

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

from SpiffWorkflow.bpmn.specs.bpmn_task_spec import BpmnTaskSpec
from SpiffWorkflow.bpmn.specs.control import _EndJoin
from SpiffWorkflow.bpmn.specs.defaults import ParallelGateway
from SpiffWorkflow.task import Task
from SpiffWorkflow.util.task import TaskState

from engine.bpmn.plain import same


class MergingJoin(BpmnTaskSpec):  # type: ignore[misc]
    """Mixed in before a SpiffWorkflow join: arrivals are numbered, merged in that order, and used up."""

    def _update_hook(self, my_task: Task) -> bool:
        if "arrived" not in my_task.internal_data:
            others = [task.internal_data.get("arrived", 0) for task in self._instances(my_task)]
            my_task.internal_data["arrived"] = 1 + max(others, default=0)
        return bool(super()._update_hook(my_task))

    def _run_hook(self, my_task: Task) -> bool:
        arrivals = self._arrivals(my_task)
        my_task.data = merged(my_task, arrivals)
        for task in (*arrivals, my_task):
            task.internal_data["used"] = True
        return True

    def _instances(self, my_task: Task) -> list[Task]:
        return [task for task in my_task.workflow.tasks.values() if task.task_spec is self and task is not my_task]

    def _arrivals(self, my_task: Task) -> list[Task]:
        """The other tokens that stand here and were not used by an earlier round, in the order they came."""
        waiting = [
            task
            for task in self._instances(my_task)
            if "arrived" in task.internal_data and not task.internal_data.get("used")
        ]
        return sorted(waiting, key=lambda task: task.internal_data["arrived"])


class ParallelJoin(MergingJoin, ParallelGateway):  # type: ignore[misc]
    """A parallel gateway: fires when each incoming flow has an unused token."""

    def _check_threshold_unstructured(self, my_task: Task) -> bool:
        arrived = {_from(task) for task in (my_task, *self._arrivals(my_task))}
        return all(spec.name in arrived for spec in self.inputs)


class EndJoin(MergingJoin, _EndJoin):  # type: ignore[misc]
    """The end of a process: waits for every branch, and gives the process the merged data."""

    def _check_threshold_unstructured(self, my_task: Task) -> bool:
        return not any(
            task._state & TaskState.NOT_FINISHED_MASK and task is not my_task and task.parent.task_spec is not self
            for task in my_task.workflow.tasks.values()
        )

    def _run_hook(self, my_task: Task) -> bool:
        MergingJoin._run_hook(self, my_task)
        my_task.workflow.data.update(my_task.data)
        return True


def merged(my_task: Task, arrivals: list[Task]) -> dict[str, Any]:
    """What the branches made of the data together: at each place where they parted, what any changed since then.

    `arrivals` in the order they came; `my_task` is the last. What a branch merely carried along does not count. Where
    two changed the same variable, the later arrival wins.
    """
    tokens = [*arrivals, my_task]
    parts: dict[Task, list[_Part]] = {}
    for number, token in enumerate(tokens):
        parts.setdefault(token.parent, []).append(_Part(token.parent.data, number))
    open_ends = len(tokens)
    for place in _deepest_first(parts):
        here = parts[place]
        part = _together(place.data, here) if len(here) > 1 else here[0]
        open_ends -= len(here) - 1
        if open_ends == 1:
            return dict(part.data)
        parts.setdefault(place.parent, []).append(part)
    raise AssertionError("the root is above every token")


@dataclass
class _Part:
    """What came of the branches below one place. `by`: which arrival changed a variable; any other, the latest."""

    data: dict[str, Any]
    latest: int
    by: dict[str, int] = field(default_factory=dict)


def _together(base: dict[str, Any], parts: list[_Part]) -> _Part:
    found = _Part(dict(base), max(part.latest for part in parts))
    for part in parts:
        for name in (*part.data, *(name for name in base if name not in part.data)):
            by = part.by.get(name, part.latest)
            if equal_at(name, part.data, base) or by < found.by.get(name, by):
                continue
            found.by[name] = by
            if name in part.data:
                found.data[name] = part.data[name]
            else:
                found.data.pop(name, None)
    return found


def equal_at(name: str, one: dict[str, Any], other: dict[str, Any]) -> bool:
    if name not in one or name not in other:
        return name not in one and name not in other
    return same(one[name], other[name])


def _deepest_first(places: Iterable[Task]) -> list[Task]:
    """The places and all that is above them, each once."""
    depths: dict[Task, int] = {}
    for place in places:
        path = [place]
        while path[-1].parent is not None:
            path.append(path[-1].parent)
        depths.update((each, len(path) - number) for number, each in enumerate(path))
    return sorted(depths, key=lambda each: -depths[each])


def _from(task: Task) -> str:
    parent = task.parent
    return parent.task_spec.name if parent.has_state(TaskState.COMPLETED) else ""
