"""The state of a running process as bytes: the tree of live and finished tasks, without the diagram.

Layout: one version byte, then zlib over JSON. `seal` puts a MAC in front, so that bytes which were changed in the
database are refused before anything reads them. SpiffWorkflow's own format is not used: it carries the diagram in each
blob, calls type names found in user data, and keeps wall-clock times.
"""

import hashlib
import hmac
import zlib
from typing import Any
from uuid import UUID

import orjson
from SpiffWorkflow.bpmn.specs.mixins.events.event_types import CatchingEvent
from SpiffWorkflow.bpmn.specs.mixins.subworkflow_task import SubWorkflowTask
from SpiffWorkflow.bpmn.util.subworkflow import BpmnSubWorkflow
from SpiffWorkflow.bpmn.workflow import BpmnWorkflow
from SpiffWorkflow.task import Task
from SpiffWorkflow.util.task import TaskState

from engine.bpmn.definition import Model
from engine.bpmn.events import EventGateway
from engine.bpmn.plain import same
from engine.errors import Refused

VERSION = 1
_MAC_BYTES = 32
_DELETED = 0  # in place of a list of deleted names: none


class StateTampered(Refused):
    """The stored state is not what was written: changed by hand, cut off, or sealed with another key."""

    def __init__(self) -> None:
        super().__init__("state.tampered", "the stored state of the process does not carry our seal")


class StateMismatch(Refused):
    """The state belongs to other definitions, or was written by a newer release."""


def seal(blob: bytes, key: bytes) -> bytes:
    """The blob with its HMAC-SHA256 in front."""
    return hmac.new(key, blob, hashlib.sha256).digest() + blob


def unseal(sealed: bytes, key: bytes) -> bytes:
    """What was sealed. Raises StateTampered."""
    mac, blob = sealed[:_MAC_BYTES], sealed[_MAC_BYTES:]
    if not blob or not hmac.compare_digest(mac, hmac.new(key, blob, hashlib.sha256).digest()):
        raise StateTampered
    return blob


def dump(workflow: BpmnWorkflow, definition_ids: tuple[str, ...]) -> bytes:
    """The workflow as bytes, to be sealed by whoever stores them."""
    content = {
        "definitions": definition_ids,
        "root": _dump_tree(workflow),
        "inner": {task_id.hex: _dump_tree(inner) for task_id, inner in workflow.subprocesses.items()},
    }
    return bytes([VERSION]) + zlib.compress(orjson.dumps(content), 6)


def load(model: Model, blob: bytes) -> BpmnWorkflow:
    """The workflow, hung into the shared specs of `model`. Raises StateMismatch."""
    content = _read(blob)
    if tuple(content["definitions"]) != model.definition_ids:
        raise StateMismatch(
            "state.other_definitions",
            f"the state belongs to definitions {content['definitions']}, not to {list(model.definition_ids)}",
        )
    workflow = BpmnWorkflow(model.specs[model.root_key], model.specs, deserializing=True)
    _load_tree(workflow, content["root"])
    _load_inner(workflow, workflow, content["inner"])
    inner = workflow.subprocesses  # found in tree order; the engine visits them in the order they began
    workflow.subprocesses = {UUID(hex=hex_id): inner[UUID(hex=hex_id)] for hex_id in content["inner"]}
    return workflow


def definition_ids(blob: bytes) -> tuple[str, ...]:
    """The definitions that the state was made with, the root process first."""
    return tuple(_read(blob)["definitions"])


def _read(blob: bytes) -> dict[str, Any]:
    if not blob or blob[0] != VERSION:
        raise StateMismatch("state.version", f"the state has format {blob[:1].hex() or 'none'}, known is {VERSION}")
    content: dict[str, Any] = orjson.loads(zlib.decompress(blob[1:]))
    return content


def _dump_tree(workflow: Any) -> dict[str, Any]:
    """Tasks parent first; a task's data is what differs from its parent's."""
    specs: dict[str, int] = {}
    numbers: dict[UUID, int] = {}
    rows: list[list[Any]] = []
    for task in tree(workflow):
        numbers[task.id] = len(rows)
        parent = workflow.tasks.get(task._parent)
        updated, deleted = _difference(parent.data, task.data) if parent is not None else (task.data, _DELETED)
        rows.append(
            [
                task.id.hex,
                numbers.get(task._parent, -1),
                task._state,
                specs.setdefault(task.task_spec.name, len(specs)),
                int(task.triggered),
                task.internal_data or 0,
                updated,
                deleted,
            ]
        )
    last = workflow.last_task
    return {
        "specs": list(specs),
        "tasks": rows,
        "data": workflow.data,
        "last": numbers.get(last.id, -1) if last is not None else -1,
        "success": workflow.success,
        "completed": workflow.completed,
    }


def tree(workflow: Any) -> list[Task]:
    """Every task of one process, parents before children: the same order before and after a round trip."""
    order: list[Task] = []
    stack = [workflow.task_tree]
    while stack:
        task = stack.pop()
        order.append(task)
        stack.extend(workflow.tasks[child] for child in reversed(task._children))
    return order


def _difference(before: dict[str, Any], after: dict[str, Any]) -> tuple[Any, Any]:
    if after is before:
        return 0, _DELETED
    updated = {name: value for name, value in after.items() if name not in before or not same(value, before[name])}
    deleted = [name for name in before if name not in after]
    return updated or 0, deleted or _DELETED


def _load_tree(workflow: Any, content: dict[str, Any]) -> None:
    specs = [workflow.spec.task_specs[name] for name in content["specs"]]
    loaded: list[Task] = []
    for hex_id, parent_number, state, spec_number, triggered, internal, updated, deleted in content["tasks"]:
        task = Task(workflow, specs[spec_number], state=state, id=UUID(hex=hex_id))
        task.last_state_change = 0.0
        task.triggered = bool(triggered)
        task.internal_data = internal or {}
        if parent_number < 0:
            task.data = updated or {}
        else:
            parent = loaded[parent_number]
            task._parent = parent.id
            parent._children.append(task.id)
            task.data = {**parent.data, **(updated or {})}
            for name in deleted or ():
                del task.data[name]
        loaded.append(task)
        is_event = isinstance(task.task_spec, CatchingEvent) and not isinstance(task.task_spec, EventGateway)
        if is_event and state == TaskState.WAITING:
            workflow.top_workflow.event_manager.add_task(task)
    workflow.task_tree = loaded[0]
    workflow.data = content["data"]
    workflow.last_task = loaded[content["last"]] if content["last"] >= 0 else None
    workflow.success = content["success"]
    workflow.completed = content["completed"]


def _load_inner(top: BpmnWorkflow, workflow: Any, contents: dict[str, Any]) -> None:
    """Called and embedded processes, the outer before the inner."""
    for task in list(workflow.tasks.values()):
        content = contents.get(task.id.hex) if isinstance(task.task_spec, SubWorkflowTask) else None
        if content is None:
            continue
        inner = BpmnSubWorkflow(top.subprocess_specs[task.task_spec.spec], task.id, top, deserializing=True)
        top.subprocesses[task.id] = inner
        _load_tree(inner, content)
        inner.completed_event.connect(task.task_spec._on_subworkflow_completed, task)
        _load_inner(top, inner, contents)
