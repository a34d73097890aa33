"""A running process as SpiffWorkflow sees it, at a cost that depends on what lives in it and not on how long it lived.

SpiffWorkflow walks the whole tree for every task that completes, grows branches that are never taken, and builds a log
record for each change of state. Here tasks know each other directly, a task's children appear when it is run, and what
must be looked at is found by one pass over the few tasks there are. The order of effects is SpiffWorkflow's.
"""

from collections.abc import Callable, Iterator
from typing import Any
from uuid import UUID

from SpiffWorkflow.bpmn.script_engine import PythonScriptEngine
from SpiffWorkflow.bpmn.specs.bpmn_process_spec import BpmnProcessSpec
from SpiffWorkflow.bpmn.specs.control import EventSplit
from SpiffWorkflow.bpmn.specs.mixins.events.event_types import CatchingEvent
from SpiffWorkflow.bpmn.util.subworkflow import BpmnSubWorkflow
from SpiffWorkflow.bpmn.workflow import BpmnWorkflow
from SpiffWorkflow.specs.base import TaskSpec
from SpiffWorkflow.task import Task
from SpiffWorkflow.util.deep_merge import DeepMerge
from SpiffWorkflow.util.task import TaskState

from engine.bpmn.plain import plain
from engine.bpmn.script import NO_SCRIPTS
from engine.ids import token_id

_IDLE = PythonScriptEngine(environment=NO_SCRIPTS)  # between steps: nothing runs, and nothing could


class LeanTask(Task):  # type: ignore[misc]
    """A task that holds its parent and its children, and gets its children when it is run, not when it is foreseen."""

    # SpiffWorkflow has these as properties that look ids up.
    parent: "LeanTask | None" = None

    def __init__(
        self,
        workflow: Any,
        task_spec: TaskSpec,
        parent: "LeanTask | None" = None,
        state: int = TaskState.MAYBE,
        id: UUID | None = None,
    ) -> None:
        self.id = id or token_id()
        self.workflow = workflow
        self.task_spec = task_spec
        self.parent = parent
        self.triggered = False
        self.data: dict[str, Any] = {}
        self.internal_data: dict[str, Any] = {}
        self.thread_id = 0
        self.last_state_change = 0.0
        self._children: list[LeanTask] = []
        self._state = state
        workflow.tasks[self.id] = self
        if parent is not None:
            parent._children.append(self)

    @property
    def children(self) -> list["LeanTask"]:
        """A list of its own: SpiffWorkflow takes children away while it goes through them."""
        return [*self._children]

    def run(self) -> bool | None:
        if isinstance(self.task_spec, EventSplit):  # sets its events waiting while it runs
            self._grow()
        result: bool | None = super().run()
        return result

    def complete(self) -> None:
        self._grow()
        super().complete()

    def _grow(self) -> None:
        """The children that the spec foresees, unless running has chosen them already."""
        if self.task_spec._outputs and all(child.triggered for child in self._children):
            self.task_spec._predict_hook(self)

    def _add_child(self, task_spec: TaskSpec, state: int = TaskState.MAYBE) -> "LeanTask":
        return LeanTask(self.workflow, task_spec, self, state)

    def _set_state(self, value: int) -> None:
        self._state = value

    def _inherit_data(self) -> None:
        assert self.parent is not None
        theirs = self.parent.data
        if not self.data:
            self.data = dict(theirs)  # values are shared: nothing of ours changes data in place
        elif any(name not in self.data or self.data[name] is not value for name, value in theirs.items()):
            self.data = DeepMerge.merge(plain(self.data), theirs)


class _Lean:
    """What the root process and the called ones have in common."""

    spec: BpmnProcessSpec
    tasks: dict[UUID, LeanTask]
    task_tree: LeanTask
    completed: bool
    last_task: LeanTask | None

    def begin(self) -> None:
        self.task_tree = LeanTask(self, self.spec.start, state=TaskState.FUTURE)
        self.task_tree._ready()

    def _task_completed_notify(self, task: LeanTask) -> None:
        self.last_task = task
        if task.task_spec.name == "End":
            self._mark_complete(task)  # type: ignore[attr-defined]
        if self.completed:
            self.completed_event(self)  # type: ignore[attr-defined]
        else:
            self.update_waiting_tasks()

    def update_waiting_tasks(self) -> None:
        """Joins look again whether they may fire. Events need no look: they move when they are triggered."""
        waiting = [
            task
            for task in self.tasks.values()
            if task._state == TaskState.WAITING and not isinstance(task.task_spec, CatchingEvent)
        ]
        if len(waiting) > 1:
            waiting = [task for task in tree(self) if task in waiting]
        for task in waiting:
            if task._state == TaskState.WAITING:
                task.task_spec._update(task)

    def _remove_task(self, task_id: UUID) -> None:
        task = self.tasks[task_id]
        for child in task.children:
            self._remove_task(child.id)
        if task.parent is not None:
            task.parent._children.remove(task)
        del self.tasks[task_id]


class LeanSubWorkflow(_Lean, BpmnSubWorkflow):  # type: ignore[misc]
    """A called or embedded process that runs for `parent_task`."""

    def __init__(self, spec: BpmnProcessSpec, parent_task: LeanTask, top_workflow: "LeanWorkflow") -> None:
        self.parent_task = parent_task
        super().__init__(spec, parent_task.id, top_workflow, deserializing=True)

    @property
    def parent_workflow(self) -> "LeanWorkflow | LeanSubWorkflow":
        workflow: LeanWorkflow | LeanSubWorkflow = self.parent_task.workflow
        return workflow

    def _calculate_depth(self) -> int:
        return int(self.parent_workflow.depth) + 1


class LeanWorkflow(_Lean, BpmnWorkflow):  # type: ignore[misc]
    """The root process with all that it calls. A new one is empty: `begin` it, or hang a stored tree into it."""

    subprocesses: dict[UUID, LeanSubWorkflow]

    def __init__(self, spec: BpmnProcessSpec, specs: dict[str, BpmnProcessSpec]) -> None:
        super().__init__(spec, specs, script_engine=_IDLE, deserializing=True)

    def create_subprocess(self, my_task: LeanTask, spec_name: str) -> LeanSubWorkflow:
        inner = self.subprocesses[my_task.id] = LeanSubWorkflow(self.subprocess_specs[spec_name], my_task, self)
        inner.begin()
        return inner

    def do_engine_steps(
        self,
        will_complete_task: Callable[[Task], None] | None = None,
        did_complete_task: Callable[[Task], None] | None = None,
    ) -> None:
        """Until nothing automatic is ready: in rounds, the deeper process first, within one the first of the tree."""
        while self._round(did_complete_task):
            pass

    def _round(self, did_complete_task: Callable[[Task], None] | None) -> bool:
        active = self.get_active_subprocesses()
        for inner in sorted(active, key=lambda one: one.depth, reverse=True):
            while _run_ready(inner, did_complete_task):
                pass
            inner.parent_task.task_spec._update(inner.parent_task)
        ran = _run_ready(self, did_complete_task)
        return ran or len(self.get_active_subprocesses()) > len(active)

    def running(self) -> Iterator["LeanWorkflow | LeanSubWorkflow"]:
        """The root and every called or embedded process that still runs, in the order they began."""
        if not self.completed:
            yield self
            yield from self.get_active_subprocesses()


def without_foresight(spec: TaskSpec) -> None:
    """Keep a spec from growing what may come: `LeanTask` gets its children when it is run."""
    spec._predict = _foresee_nothing


def _foresee_nothing(my_task: Task, seen: Any = None, looked_ahead: int = 0, mask: int = 0) -> None:
    pass


def tree(workflow: Any) -> list[LeanTask]:
    """Every task of one process, parents before children: the same order before and after a round trip."""
    order: list[LeanTask] = []
    stack: list[LeanTask] = [workflow.task_tree]
    while stack:
        task = stack.pop()
        order.append(task)
        if task._children:
            stack.extend(reversed(task._children))
    return order


def _run_ready(workflow: Any, did_complete_task: Callable[[Task], None] | None) -> bool:
    """Run what is automatic and ready now, in this process and in those it calls. What it makes ready is left."""
    ready = _ready(workflow)
    for task in ready:
        if task._state != TaskState.READY:  # another one of the round cancelled it
            continue
        task.run()
        if did_complete_task is not None and task._state == TaskState.COMPLETED:  # a job has only begun
            did_complete_task(task)
    return bool(ready)


def _ready(workflow: Any) -> list[LeanTask]:
    within = [workflow]
    if workflow.top_workflow.subprocesses:
        within += [inner for inner in workflow.top_workflow.subprocesses.values() if _is_within(inner, workflow)]
    ready = [
        task
        for process in within
        for task in process.tasks.values()
        if task._state == TaskState.READY and not task.task_spec.manual
    ]
    return ready if len(ready) < 2 else sorted(ready, key=_place)


def _is_within(inner: LeanSubWorkflow, workflow: Any) -> bool:
    process: Any = inner
    while process.parent_workflow is not None:
        process = process.parent_workflow
        if process is workflow:
            return not inner.completed
    return False


def _place(task: LeanTask) -> list[int]:
    """Where the task stands, read from the root down; a called process stands before what follows its caller."""
    place: list[int] = []
    step: LeanTask | None = task
    while step is not None:
        if step.parent is not None:
            place.append(step.parent._children.index(step))
            step = step.parent
        elif (caller := getattr(step.workflow, "parent_task", None)) is not None:
            place.append(-1)
            step = caller
        else:
            step = None
    return place[::-1]
