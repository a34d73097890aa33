"""Which joins would wait for ever: asked before an instance goes on somewhere that its diagram did not lead it to."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any

from SpiffWorkflow.bpmn.specs.control import _EndJoin
from SpiffWorkflow.specs.base import TaskSpec
from SpiffWorkflow.task import Task
from SpiffWorkflow.util.task import TaskState

from engine.bpmn.joins import ParallelJoin, _from
from engine.errors import Problem

STANDING = TaskState.WAITING | TaskState.READY | TaskState.STARTED


@dataclass(frozen=True)
class Stranded:
    """A join of one running process with the incoming flows, by source, along which nothing can come any more."""

    process_key: str
    join: str
    missing: tuple[str, ...]

    @property
    def problem(self) -> Problem:
        return Problem(
            f"{self.process_key}:{self.join}",
            f"汇聚网关“{self.join}”会一直等待来自{'、'.join(self.missing)}的分支，但没有任务会走到那里。",
            f'the join "{self.join}" would wait for ever for the branch from {", ".join(self.missing)}: '
            "nothing stands where it could come from there.",
        )


def stranded(process: Any) -> list[Stranded]:
    """The joins of one running process (not of those it calls) that tokens stand at or can reach, and cannot pass."""
    standing = [
        task for task in process.tasks.values() if task.has_state(STANDING) and not isinstance(task.task_spec, _EndJoin)
    ]
    found = []
    for join in joins_of(process):
        arrived = arrivals(process, join)
        elsewhere = [task.task_spec for task in standing if task.task_spec is not join]
        within = {spec.name for spec in elsewhere} | reachable(elsewhere, but={join.name})
        if not arrived and join.name not in within:
            continue
        come = {_from(task) for task in arrived}
        missing = [spec.name for spec in join.inputs if spec.name not in come and spec.name not in within]
        if missing:
            found.append(Stranded(process.spec.process_key, join.name, tuple(missing)))
    return found


def joins_of(process: Any) -> Iterator[ParallelJoin]:
    """The gateways of a running process where several flows meet."""
    for spec in process.spec.task_specs.values():
        if isinstance(spec, ParallelJoin) and len(spec.inputs) > 1:
            yield spec


def arrivals(process: Any, join: ParallelJoin) -> list[Task]:
    """The tokens that came to the join and wait there for the others."""
    return [
        task
        for task in process.tasks.values()
        if task.task_spec is join and "arrived" in task.internal_data and not task.internal_data.get("used")
    ]


def reachable(starts: Iterable[TaskSpec], but: Iterable[str] = ()) -> set[str]:
    """Names of the specs that flows lead to from any of `starts`, none of them counted by itself.

    Paths may end at one of `but` and do not go on behind it.
    """
    closed, found = set(but), set()
    queue = [output for start in starts for output in start.outputs]
    while queue:
        spec = queue.pop()
        if spec.name in found:
            continue
        found.add(spec.name)
        if spec.name not in closed:
            queue += spec.outputs
    return found
