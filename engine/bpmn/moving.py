"""Moves the tokens of one instance by hand: cancel here, start there, and go on from there by the diagram.

A started element stands below a task that holds the variables it begins with, as if a flow had led to it.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from SpiffWorkflow.bpmn.specs.control import BoundaryEventJoin, BoundaryEventSplit, _EndJoin
from SpiffWorkflow.bpmn.specs.defaults import BoundaryEvent
from SpiffWorkflow.bpmn.specs.mixins.multiinstance_task import MultiInstanceTask
from SpiffWorkflow.specs.base import TaskSpec
from SpiffWorkflow.task import Task
from SpiffWorkflow.util.task import TaskState

from engine.bpmn.elements import Element
from engine.bpmn.execution import Execution, NotLive
from engine.bpmn.joins import ParallelJoin, _from
from engine.bpmn.newcomers import Note
from engine.bpmn.plain import plain_variables
from engine.bpmn.step import Moment, Step
from engine.bpmn.stranded import STANDING, arrivals, joins_of, reachable, stranded
from engine.errors import Invalid, Problem

NOT_BY_HAND = ("startEvent", "boundaryEvent")
PERSONS_AND_PAPERS = ("userTask", "callActivity", "subProcess", "serviceTask")


@dataclass(frozen=True)
class Place:
    """An element of one process of the instance."""

    process_key: str
    element_id: str


@dataclass(frozen=True)
class Move:
    """`cancel`: live tokens. `start`: where tokens begin instead, with `variables` besides those they had."""

    cancel: tuple[str, ...] = ()
    start: tuple[Place, ...] = ()
    variables: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class Moved:
    """`skipped` and `repeated`: what every way from the cancelled to the started elements, or back, would pass."""

    step: Step
    skipped: tuple[Element, ...]
    repeated: tuple[Element, ...]
    notes: tuple[Note, ...]


class CannotMove(Invalid):
    """The instance cannot be moved like this. `problems` says what is in the way and what could be done."""

    def __init__(self, *problems: Problem) -> None:
        super().__init__("move_impossible", "the instance cannot be moved like this", problems)


def move(execution: Execution, wanted: Move, moment: Moment) -> Moved:
    """Carry it out on the execution in memory. Raises NotLive, CannotMove, ExecutionFailed; it is spent then."""
    if not wanted.cancel and not wanted.start:
        raise _refused("start", "请选择要撤销或启动的环节。", "Choose what to cancel or where to start.")
    arrangement = _Arrangement(execution, wanted)
    step = execution.rearrange(arrangement.carry_out, moment)
    hanging = [found.problem for process in arrangement.running for found in stranded(process)]
    if hanging:
        raise CannotMove(*hanging)
    return Moved(step, tuple(arrangement.skipped), tuple(arrangement.repeated), tuple(arrangement.notes))


class _Arrangement:
    """One move on one tree. What it finds out on the way is in `skipped`, `repeated` and `notes`; `running` are the
    processes that were moved in."""

    def __init__(self, execution: Execution, wanted: Move) -> None:
        self.skipped: list[Element] = []
        self.repeated: list[Element] = []
        self.notes: list[Note] = []
        self.running: list[Any] = []
        self._model = execution.model
        self._wanted = wanted
        self._cancelled = list(dict.fromkeys(_unit(task) for task in _tasks(execution, wanted.cancel)))
        self._given = plain_variables(wanted.variables)
        self._variables = execution.variables()
        if self._given and not wanted.start:
            raise _refused("variables", "没有启动环节，变量无处可放。", "Variables go to what is started; nothing is.")

    def carry_out(self, workflow: Any) -> None:
        places = [self._place(workflow, place) for place in self._wanted.start]
        data = self._data()
        for process, element in places:
            self._look_ahead(process, _entry(process, element))
        for task in self._cancelled:
            _cancel(task)
        started = [(process, self._start(process, element, data)) for process, element in places]
        self._close_empty(workflow)
        for process, task in started:
            self._give_up_arrivals(process, task.task_spec)
        if len(started) > len(self._cancelled):
            self.notes.append(
                Note(
                    "启动的环节多于撤销的环节：流程要等全部分支办完才会结束。",
                    "More is started than cancelled: the process ends only once every branch is done.",
                )
            )
        self.running = list(workflow.running())
        for process in self.running:
            process.update_waiting_tasks()

    # -- where -----------------------------------------------------------------------------------------------------
    def _place(self, workflow: Any, place: Place) -> tuple[Any, Element]:
        where = f"{place.process_key}:{place.element_id}"
        try:
            element = self._model.element(place.process_key, place.element_id)
        except KeyError:
            raise _refused(
                where,
                f"流程 {place.process_key} 中没有环节 {place.element_id}。",
                f"The process {place.process_key} has no element {place.element_id}.",
            ) from None
        if element.type in NOT_BY_HAND:
            raise _refused(
                where,
                "开始事件和附在任务上的事件不能直接启动，请启动后面的环节或所附的任务。",
                "Start events and events attached to a task cannot be started; start what follows, or the task.",
            )
        name = f"{place.process_key}/{element.parent}" if element.parent else place.process_key
        running = [process for process in workflow.running() if process.spec is self._model.specs[name]]
        if len(running) > 1:
            running = [process for process in running if self._stand_in(process)]
        if len(running) != 1:
            raise self._not_running(where, element)
        return running[0], element

    def _not_running(self, where: str, element: Element) -> CannotMove:
        entries = [
            each
            for each in self._model.all_elements
            if (each.element_id == element.parent and each.process_key == element.process_key)
            or (not element.parent and each.called_element == element.process_key)
        ]
        named = ", ".join(f"{each.process_key}:{each.element_id}" for each in entries)
        return _refused(
            where,
            f"这一环节所在的流程当前没有运行。请改为启动调用它的环节：{named}。",
            f"The process around this element does not run now. Start at what calls it instead: {named}.",
        )

    def _stand_in(self, process: Any) -> list[Task]:
        """What stands in this process for the cancelled tokens: themselves, or what called the process they are in."""
        found = []
        for task in self._cancelled:
            each: Any = task
            while each is not None and each.workflow is not process:
                each = getattr(each.workflow, "parent_task", None)
            if each is not None:
                found.append(each)
        return list(dict.fromkeys(found))

    # -- doing -----------------------------------------------------------------------------------------------------
    def _data(self) -> dict[str, Any]:
        """The variables of what is cancelled go on; where nothing is, those of the instance."""
        data = {} if self._cancelled else dict(self._variables)
        for task in sorted(self._cancelled, key=lambda task: task.task_spec.manual):
            data.update(task.data)
        return {**data, **self._given}

    def _start(self, process: Any, element: Element, data: dict[str, Any]) -> Task:
        stand_in = self._stand_in(process)
        above = stand_in[0].parent if stand_in else process.task_tree
        while above.state != TaskState.COMPLETED or isinstance(above.task_spec, BoundaryEventSplit | MultiInstanceTask):
            above = above.parent
        holder = above._add_child(process.spec.start, TaskState.COMPLETED)
        holder.data = dict(data)
        task: Task = holder._add_child(_entry(process, element), TaskState.FUTURE)
        if isinstance(task.task_spec, ParallelJoin):  # it would wait for flows; by hand it passes with what is there
            for arrival in arrivals(process, task.task_spec):
                arrival.cancel()
            task._inherit_data()
            task._ready()
        else:
            task.task_spec._update(task)
        return task

    def _close_empty(self, workflow: Any) -> None:
        """A called process in which nothing stands any more is cancelled with its call, and so on outwards."""
        while empty := [process for process in workflow.running() if not _stands(process)]:
            deepest = max(empty, key=lambda process: process.depth)
            if deepest is workflow:
                raise _refused(
                    "start",
                    "这样会使流程没有任何进行中的环节。请指定启动的环节，或者撤销整个流程。",
                    "Nothing of the process would be left. Say where to start, or cancel the instance.",
                )
            _cancel(_unit(deepest.parent_task))

    def _give_up_arrivals(self, process: Any, started: TaskSpec) -> None:
        """Branches that wait at a join, and that the started element leads into again from before their fork."""
        for join in joins_of(process):
            for arrival in arrivals(process, join):
                if _is_before_fork(process, started, join, _from(arrival)):
                    arrival.internal_data["used"] = True
                    arrival.cancel()
                    self.notes.append(
                        Note(
                            f"汇聚网关“{join.name}”处已到达的分支（{_from(arrival)}）作废，将重新办理。",
                            f'the branch from {_from(arrival)} that waited at the join "{join.name}" is given up: '
                            "it will be done again.",
                        )
                    )

    # -- what it means -----------------------------------------------------------------------------------------------
    def _look_ahead(self, process: Any, started: TaskSpec) -> None:
        for task in self._stand_in(process):
            left = task.task_spec
            if left is started or isinstance(left, BoundaryEvent):
                continue
            ahead, back = _distance(left, started), _distance(started, left)
            if ahead is not None and (back is None or ahead <= back):
                self._tell(self.skipped, _on_every_way(left, started))
            elif back is not None:
                self._tell(self.repeated, _on_every_way(started, left))

    def _tell(self, told: list[Element], specs: Iterable[TaskSpec]) -> None:
        """The elements that people or papers are behind, or that are milestones; each once."""
        for spec in specs:
            element = getattr(spec, "element", None)
            if element is None or element in told:
                continue
            if element.type in PERSONS_AND_PAPERS or element.milestone:
                told.append(element)


def _refused(where: str, zh: str, en: str) -> CannotMove:
    return CannotMove(Problem(where, zh, en))


def _tasks(execution: Execution, tokens: tuple[str, ...]) -> list[Task]:
    live = execution._live()
    for token in tokens:
        if token not in live:
            raise NotLive("token.not_live", f"{token} does not live any more", token=token)
    return [live[token].task for token in tokens]


def _unit(task: Task) -> Task:
    """What is cancelled as one: a task for several goes with all of its instances."""
    parent = task.parent
    return parent if parent is not None and isinstance(parent.task_spec, MultiInstanceTask) else task


def _entry(process: Any, element: Element) -> TaskSpec:
    """Where the element begins: before it, when events are attached to it."""
    specs: Mapping[str, TaskSpec] = process.spec.task_specs
    return specs.get(f"{element.element_id}.BoundaryEventSplit") or specs[element.element_id]


def _cancel(task: Task) -> None:
    """With the events that wait beside it."""
    beside: list[Task] = []
    if task.parent is not None and isinstance(task.parent.task_spec, BoundaryEventSplit):
        beside = [each for each in task.parent.children if isinstance(each.task_spec, BoundaryEvent)]
    task.cancel()
    if not isinstance(task.task_spec, BoundaryEvent):
        for each in beside:
            if each.state == TaskState.WAITING:
                each.cancel()


def _stands(process: Any) -> bool:
    """Whether anything can still happen in it by itself."""
    return any(
        task.has_state(STANDING) and not isinstance(task.task_spec, _EndJoin | BoundaryEventJoin)
        for task in process.tasks.values()
    )


def _is_before_fork(process: Any, started: TaskSpec, join: ParallelJoin, source: str) -> bool:
    """Whether the started element comes to the join only through a fork that also leads to `source`."""
    forks = {
        spec.name
        for spec in process.spec.task_specs.values()
        if isinstance(spec, ParallelJoin) and len(spec.outputs) > 1 and source in reachable([spec], but={join.name})
    }
    if started.name in forks:
        return True
    return join.name in reachable([started]) and join.name not in reachable([started], but=forks)


def _distance(start: TaskSpec, goal: TaskSpec) -> int | None:
    """How many flows lead from one to the other at least; None when none do."""
    seen, front, steps = {start.name}, [start], 0
    while front:
        steps += 1
        front = [output for spec in front for output in spec.outputs if output.name not in seen]
        if any(spec is goal for spec in front):
            return steps
        seen |= {spec.name for spec in front}
    return None


def _on_every_way(start: TaskSpec, goal: TaskSpec) -> list[TaskSpec]:
    """What cannot be avoided between the two, in no particular order of ways but that of their distance."""
    specs = start._wf_spec.task_specs
    between = [specs[name] for name in reachable([start], but={goal.name}) - {start.name, goal.name}]
    must = [spec for spec in between if goal.name not in reachable([start], but={spec.name})]
    return sorted(must, key=lambda spec: _distance(start, spec) or 0)
