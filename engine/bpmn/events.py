"""Events that wait: timers that never read a clock, messages, and the gateway that waits for the first of several."""

from typing import Any
from uuid import UUID, uuid5

from SpiffWorkflow.bpmn.specs.defaults import BoundaryEvent, EventBasedGateway, IntermediateCatchEvent
from SpiffWorkflow.bpmn.specs.event_definitions.base import EventDefinition
from SpiffWorkflow.specs.base import TaskSpec
from SpiffWorkflow.task import Task
from SpiffWorkflow.util.task import TaskState

from engine.bpmn.elements import Element
from engine.bpmn.script import element_of, present_of


class DueDateTimer(EventDefinition):  # type: ignore[misc]
    """Computes its due instant once, when it is armed, and keeps it as ISO text; fires only when it is told to.

    On a boundary event the expression may say `due`: the deadline of the task it is attached to.
    """

    def __init__(self, name: str, expression: str) -> None:
        super().__init__(name)
        self.expression = expression

    def has_fired(self, my_task: Task) -> bool:
        if my_task.internal_data.get("event_fired"):
            return True
        if "due" not in my_task.internal_data:
            arm(my_task, my_task.internal_data, self.expression)
        return False

    def reset(self, my_task: Task) -> None:
        my_task.internal_data.pop("event_fired", None)


class MessageWait(EventDefinition):  # type: ignore[misc]
    """Waits for a message by name; what the message brings becomes variables of this branch."""

    def has_fired(self, my_task: Task) -> bool:
        return bool(my_task.internal_data.get("event_fired"))

    def update_task_data(self, my_task: Task) -> None:
        take_payload(my_task)

    def reset(self, my_task: Task) -> None:
        my_task.internal_data.pop("event_fired", None)


class EventGateway(EventBasedGateway):  # type: ignore[misc]
    """Waits for the first of its events; the events keep their definitions and pass at once when chosen."""

    def connect(self, child: TaskSpec) -> None:
        TaskSpec.connect(self, child)

    def _update_hook(self, my_task: Task) -> bool:
        if "chosen" in my_task.internal_data:
            return True
        my_task._inherit_data()
        my_task._set_state(TaskState.WAITING)
        waits = my_task.internal_data.setdefault("waits", {})
        for spec in self.outputs:
            if spec.name not in waits:
                waits[spec.name] = {}
                if isinstance(spec.event_definition, DueDateTimer):
                    arm(my_task, waits[spec.name], spec.event_definition.expression, spec.element)
        return False

    def _on_ready_hook(self, my_task: Task) -> None:
        TaskSpec._on_ready_hook(self, my_task)

    def _run_hook(self, my_task: Task) -> bool:
        chosen = my_task.workflow.spec.task_specs[my_task.internal_data["chosen"]]
        take_payload(my_task)
        my_task._sync_children([chosen], TaskState.FUTURE)
        for child in my_task.children:
            child.internal_data["event_fired"] = True
        return True

    def _on_cancel(self, my_task: Task) -> None:
        TaskSpec._on_cancel(self, my_task)


def gateway_token(my_task: Task, element_id: str) -> UUID:
    """The token of one event behind an event gateway: the same each time it is asked."""
    return uuid5(my_task.id, element_id)


def trigger(my_task: Task, chosen: str, payload: dict[str, Any] | None = None) -> None:
    """Let a waiting event pass. For an event gateway `chosen` is the element id of the event that came first."""
    if payload:
        my_task.internal_data["payload"] = payload
    if isinstance(my_task.task_spec, EventGateway):
        my_task.internal_data["chosen"] = chosen
    else:
        my_task.internal_data["event_fired"] = True
    my_task.task_spec._update(my_task)


def take_payload(my_task: Task) -> None:
    my_task.data = {**my_task.data, **my_task.internal_data.pop("payload", {})}


def arm(my_task: Task, store: dict[str, Any], expression: str, element: Element | None = None) -> None:
    """Compute a due instant into `store`; the deadline itself stays with the present step."""
    element = element or element_of(my_task)
    assert element is not None
    present = present_of(my_task)
    names = dict(my_task.data)
    host = _host(my_task)
    if host is not None:
        due = task_deadline(host)
        if due is not None:
            names["due"] = due
    value, store["due"], store["names"] = present.deadline(element, expression, names)
    present.deadlines[my_task.id, element.element_id] = value


def task_deadline(my_task: Task) -> Any:
    """The deadline of a user task, computed when first asked in the step that opens it; later its ISO text."""
    element = element_of(my_task)
    if element is None or not element.due_expression:
        return None
    present, store = present_of(my_task), my_task.internal_data
    if "due" not in store:
        names = my_task.data or (my_task.parent.data if my_task.parent is not None else {})
        value, store["due"], store["names"] = present.deadline(element, element.due_expression, names)
        present.deadlines[my_task.id, element.element_id] = value
    return present.deadlines.get((my_task.id, element.element_id), store["due"])


def _host(my_task: Task) -> Task | None:
    """The task that a boundary event is attached to."""
    if not isinstance(my_task.task_spec, BoundaryEvent):
        return None
    return next((task for task in my_task.parent.children if not isinstance(task.task_spec, BoundaryEvent)), None)


__all__ = [
    "BoundaryEvent",
    "DueDateTimer",
    "EventGateway",
    "IntermediateCatchEvent",
    "MessageWait",
    "arm",
    "gateway_token",
    "task_deadline",
    "trigger",
]
