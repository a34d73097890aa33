"""What a new version of a diagram attaches to the elements an instance stands at. An added timer counts from the
opening of its task, as if it had been there; one whose instant is over by now stays away."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from SpiffWorkflow.bpmn.specs.control import BoundaryEventSplit
from SpiffWorkflow.bpmn.specs.defaults import BoundaryEvent
from SpiffWorkflow.task import Task
from SpiffWorkflow.util.task import TaskState

from engine.bpmn.activities import PersonTask
from engine.bpmn.elements import Element
from engine.bpmn.events import DueDateTimer, EventGateway, MessageWait, arm, gateway_token
from engine.bpmn.plain import due_instant
from engine.bpmn.script import ExecutionFailed, Present, element_of
from engine.bpmn.step import Moment, OpenedTimer, OpenedWait, opened_wait

STANDING = TaskState.WAITING | TaskState.READY | TaskState.STARTED


@dataclass(frozen=True)
class Note:
    """Something a person should know about one instance, in both languages."""

    zh: str
    en: str


class Newcomers:
    """Collects what was opened: `timers`, `waits`, and `notes` on what was not."""

    def __init__(self, workflow: Any, opened: Mapping[str, Moment], moment: Moment) -> None:
        self.timers: list[OpenedTimer] = []
        self.waits: list[OpenedWait] = []
        self.notes: list[Note] = []
        self._workflow = workflow
        self._opened = opened
        self._moment = moment

    def join(self, process: Any, known: frozenset[str]) -> None:
        """Attach what is new to one running process. `known`: the names of what both versions have."""
        tasks = list(process.tasks.values())
        standing = [task for task in tasks if task.has_state(STANDING)]
        self._workflow.script_engine = Present(self._moment)
        for task in standing:
            self._settle_deadline(task)
        for task in tasks:
            if isinstance(task.task_spec, BoundaryEventSplit) and task.state == TaskState.COMPLETED:
                self._attach(task, known)
        for task in standing:
            if isinstance(task.task_spec, EventGateway):
                self._await(task)

    def _settle_deadline(self, task: Task) -> None:
        """An open task keeps the deadline it has, none included: it is not computed by a later look."""
        element, store = element_of(task), task.internal_data
        if isinstance(task.task_spec, PersonTask) and element is not None and element.due_expression:
            store.setdefault("due", None)
            store.setdefault("names", {})

    def _attach(self, split: Task, known: frozenset[str]) -> None:
        host = next((task for task in split.children if not isinstance(task.task_spec, BoundaryEvent)), None)
        if host is None or not host.has_state(STANDING):
            return
        for spec in split.task_spec.outputs:
            if not isinstance(spec, BoundaryEvent) or spec.name in known:
                continue
            event = split._add_child(spec, TaskState.WAITING)
            event.data = dict(split.data)
            if not self._arm(event, event.internal_data, spec, event.id.hex, host):
                split.workflow._remove_task(event.id)

    def _await(self, gateway: Task) -> None:
        waits = gateway.internal_data["waits"]
        added = [spec for spec in gateway.task_spec.outputs if spec.name not in waits]
        has_others = any(_lives(spec, waits.get(spec.name)) for spec in gateway.task_spec.outputs)
        for spec in added:
            waits[spec.name] = store = {}
            token = gateway_token(gateway, spec.name).hex
            if not self._arm(gateway, store, spec, token, gateway, is_last=not has_others):
                store.update(due=None, names={})

    def _arm(
        self, task: Task, store: dict[str, Any], spec: Any, token: str, host: Task, *, is_last: bool = False
    ) -> bool:
        """Whether the event waits now. `is_last`: nothing else is waited for, so even a past instant counts."""
        element: Element = spec.element
        if isinstance(spec.event_definition, MessageWait):
            self.waits.append(opened_wait(token, element, task.data))
            self._say(element, "新版新增，开始等待消息。", "added by the new version; it waits for its message now.")
            return True
        assert isinstance(spec.event_definition, DueDateTimer)
        begun = self._begun(host)
        present = self._workflow.script_engine = Present(begun or self._moment)
        try:
            arm(task, store, spec.event_definition.expression, element)
        except ExecutionFailed as error:
            problem = error.problems[0]
            self._say(element, f"新版新增，但算不出时间：{problem.zh}", f"added, but has no instant: {problem.en}")
            return False
        due = present.deadlines[task.id, element.element_id]
        due_at = due_instant(store["due"])
        if due_at is None:
            return False
        if due_at <= self._moment.now and not is_last:
            self._say(
                element,
                f"新版新增，但按任务打开时间计算已过（{store['due']}），不再触发。",
                f"added, but its instant, counted from the opening, is over ({store['due']}): it will not fire.",
            )
            return False
        self.timers.append(OpenedTimer(token, element, due, spec.event_definition.expression, dict(store["names"])))
        zh, en = ("从任务打开起算", "counted from the opening") if begun else ("从现在起算", "counted from now")
        self._say(element, f"新版新增，{zh}：{store['due']}。", f"added by the new version, {en}: {store['due']}.")
        return True

    def _begun(self, host: Task) -> Moment | None:
        """When the host opened: its own token's moment, or the first of those of its several instances."""
        tokens = (host.id.hex, *(child.id.hex for child in host.children))
        moments = [self._opened[token] for token in tokens if token in self._opened]
        return min(moments, key=lambda moment: moment.now, default=None)

    def _say(self, element: Element, zh: str, en: str) -> None:
        title = element.name or element.element_id
        self.notes.append(Note(f"“{title}”：{zh}", f'"{title}": {en}'))


def _lives(spec: Any, store: dict[str, Any] | None) -> bool:
    if store is None:
        return isinstance(spec.event_definition, MessageWait)
    return isinstance(spec.event_definition, MessageWait) or store.get("due") is not None
