"""Where branches meet. SpiffWorkflow's joins count tokens of earlier rounds and overlay whole data sets; these do not.

A join takes one token per incoming flow and uses it up. Data is merged as a three-way merge: what a branch changed
since it left the others is kept, what it merely carried along is not.
"""

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

    def _run_hook(self, my_task: Task) -> bool:
        MergingJoin._run_hook(self, my_task)
        my_task.workflow.data.update(my_task.data)
        return True


def merged(my_task: Task, arrivals: list[Task]) -> dict[str, Any]:
    """The data of the last token to arrive, plus what the others changed since they parted from it.

    Where two branches changed the same variable, the later arrival wins.
    """
    data = dict(my_task.parent.data)
    path = _ancestors(my_task)
    for task in reversed(arrivals):
        base: dict[str, Any] = next(
            (path[parent.id].data for parent in _ancestors(task).values() if parent.id in path), {}
        )
        theirs = task.parent.data
        for name in (*theirs, *(name for name in base if name not in theirs)):
            if _equal_at(name, theirs, base) or not _equal_at(name, data, base):
                continue
            if name in theirs:
                data[name] = theirs[name]
            else:
                data.pop(name, None)
    return data


def _equal_at(name: str, one: dict[str, Any], other: dict[str, Any]) -> bool:
    if name not in one or name not in other:
        return name not in one and name not in other
    return same(one[name], other[name])


def _ancestors(task: Task) -> dict[Any, Task]:
    """Parents from the nearest to the root, by id."""
    found: dict[Any, Task] = {}
    parent = task.parent
    while parent is not None:
        found[parent.id] = parent
        parent = parent.parent
    return found


def _from(task: Task) -> str:
    parent = task.parent
    return parent.task_spec.name if parent.has_state(TaskState.COMPLETED) else ""
