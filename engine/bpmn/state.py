"""The state of a running process as bytes: the tree of live and finished tasks, without the diagram.

Layout: one version byte, then JSON, compressed: version 1 by zlib, version 2 by zstd. Every version ever released can
be read; the newest is written. `seal` puts a MAC in front, so that bytes which were changed in the database are refused
before anything reads them. SpiffWorkflow's own format is not used: it carries the diagram in each blob, calls type
names found in user data, and keeps wall-clock times.
"""

import hashlib
import hmac
import threading
import zlib
from typing import Any
from uuid import UUID

import orjson
import zstandard
from SpiffWorkflow.bpmn.specs.mixins.subworkflow_task import SubWorkflowTask

from engine.bpmn.definition import Model
from engine.bpmn.plain import same
from engine.bpmn.workflow import LeanSubWorkflow, LeanTask, LeanWorkflow, tree
from engine.errors import Refused

VERSION = 2
MAX_CONTENT_BYTES = 64 * 1024 * 1024  # a state is a few kilobytes; more than this is damage, not data
_ZLIB = 1
_LEVEL = 3
_MAC_BYTES = 32
_DELETED = 0  # in place of a list of deleted names: none


class StateTampered(Refused):
    """The stored state is not what was written: changed by hand, cut off, or sealed with another key."""

    def __init__(self) -> None:
        super().__init__("state.tampered", "the stored state of the process does not carry our seal")


class StateMismatch(Refused):
    """The state belongs to other definitions, was written by a newer release, or cannot be read at all."""


def seal(blob: bytes, key: bytes) -> bytes:
    """The blob with its HMAC-SHA256 in front."""
    return hmac.new(key, blob, hashlib.sha256).digest() + blob


def unseal(sealed: bytes, key: bytes) -> bytes:
    """What was sealed. Raises StateTampered."""
    mac, blob = sealed[:_MAC_BYTES], sealed[_MAC_BYTES:]
    if not blob or not hmac.compare_digest(mac, hmac.new(key, blob, hashlib.sha256).digest()):
        raise StateTampered
    return blob


def dump(workflow: LeanWorkflow, definition_ids: tuple[str, ...]) -> bytes:
    """The workflow as bytes, to be sealed by whoever stores them."""
    return pack(
        {
            "definitions": definition_ids,
            "root": _dump_tree(workflow),
            "inner": {task_id.hex: _dump_tree(inner) for task_id, inner in workflow.subprocesses.items()},
        }
    )


def load(model: Model, blob: bytes) -> LeanWorkflow:
    """The workflow, hung into the shared specs of `model`. Raises StateMismatch."""
    content = contents(blob)
    if tuple(content["definitions"]) != model.definition_ids:
        raise StateMismatch(
            "state.other_definitions",
            f"the state belongs to definitions {content['definitions']}, not to {list(model.definition_ids)}",
        )
    workflow = LeanWorkflow(model.specs[model.root_key], model.specs)
    try:
        _load_tree(workflow, content["root"])
        _load_inner(workflow, workflow, content["inner"])
        inner = workflow.subprocesses  # found in tree order; the engine visits them in the order they began
        workflow.subprocesses = {UUID(hex=hex_id): inner[UUID(hex=hex_id)] for hex_id in content["inner"]}
    except (LookupError, TypeError, ValueError, AttributeError) as error:
        raise StateMismatch("state.damaged", f"the state does not fit its definitions: {error!r}") from error
    return workflow


def definition_ids(blob: bytes) -> tuple[str, ...]:
    """The definitions that the state was made with, the root process first."""
    return tuple(contents(blob)["definitions"])


def contents(blob: bytes) -> dict[str, Any]:
    """What is in a blob of any version, in the newest layout, for whoever works on states without running them.

    `definitions`: ids; `root`: a tree; `inner`: trees by hex task id, in the order they began. A tree has `specs`
    (names), `tasks` (rows, parents first), `data`, `last` (a row number or -1), `success`, `completed`. A row is
    [hex id, parent number or -1, state, spec number, triggered, internal, updated, deleted]. Raises StateMismatch.
    """
    version = blob[0] if blob else 0
    if version not in (_ZLIB, VERSION):
        raise StateMismatch("state.version", f"the state has format {version}, known are 1 to {VERSION}")
    try:
        content = orjson.loads(_inflated(blob[1:]) if version == _ZLIB else _decompressed(blob[1:]))
    except (zlib.error, zstandard.ZstdError, orjson.JSONDecodeError) as error:
        raise StateMismatch("state.damaged", f"the state cannot be read: {error}") from error
    if not isinstance(content, dict) or content.keys() != {"definitions", "root", "inner"}:
        raise StateMismatch("state.damaged", "the state has not the parts of a state")
    return content


def pack(content: dict[str, Any]) -> bytes:
    """The newest version's bytes for what `contents` gave."""
    return _VERSION_BYTE + _threads.compressor().compress(orjson.dumps(content))


class _Threads(threading.local):
    """One compressor and one decompressor for each thread: making them costs more than using them."""

    def __init__(self) -> None:
        self._compressor = zstandard.ZstdCompressor(level=_LEVEL)
        self._decompressor = zstandard.ZstdDecompressor()

    def compressor(self) -> zstandard.ZstdCompressor:
        return self._compressor

    def decompressor(self) -> zstandard.ZstdDecompressor:
        return self._decompressor


_VERSION_BYTE = bytes([VERSION])
_threads = _Threads()


def _decompressed(packed: bytes) -> bytes:
    # The frame says how much it holds, and that much is set aside before anything is checked: look first.
    size = zstandard.frame_content_size(packed)
    if not 0 <= size <= MAX_CONTENT_BYTES:
        raise StateMismatch("state.damaged", f"the state claims to hold {size} bytes")
    content: bytes = _threads.decompressor().decompress(packed, max_output_size=MAX_CONTENT_BYTES)
    return content


def _inflated(packed: bytes) -> bytes:
    inflater = zlib.decompressobj()
    content = inflater.decompress(packed, MAX_CONTENT_BYTES)
    if not inflater.eof:
        raise StateMismatch("state.damaged", "the state is cut off, or larger than any state")
    return content


def _dump_tree(workflow: LeanWorkflow | LeanSubWorkflow) -> dict[str, Any]:
    """Tasks parent first; a task's data is what differs from its parent's."""
    specs: dict[str, int] = {}
    numbers: dict[LeanTask | None, int] = {None: -1}
    rows: list[list[Any]] = []
    for task in tree(workflow):
        numbers[task] = len(rows)
        parent = task.parent
        updated, deleted = _difference(parent.data, task.data) if parent is not None else (task.data, _DELETED)
        rows.append(
            [
                task.id.hex,
                numbers[parent],
                task._state,
                specs.setdefault(task.task_spec.name, len(specs)),
                int(task.triggered),
                task.internal_data or 0,
                updated,
                deleted,
            ]
        )
    return {
        "specs": list(specs),
        "tasks": rows,
        "data": workflow.data,
        "last": numbers.get(workflow.last_task, -1),
        "success": workflow.success,
        "completed": workflow.completed,
    }


def _difference(before: dict[str, Any], after: dict[str, Any]) -> tuple[Any, Any]:
    if after is before:
        return 0, _DELETED
    updated = {
        name: value
        for name, value in after.items()
        if name not in before or (before[name] is not value and not same(value, before[name]))
    }
    deleted = [name for name in before if name not in after]
    return updated or 0, deleted or _DELETED


def _load_tree(workflow: LeanWorkflow | LeanSubWorkflow, content: dict[str, Any]) -> None:
    specs = [workflow.spec.task_specs[name] for name in content["specs"]]
    loaded: list[LeanTask] = []
    for hex_id, parent_number, state, spec_number, triggered, internal, updated, deleted in content["tasks"]:
        parent = loaded[parent_number] if parent_number >= 0 else None
        task = LeanTask(workflow, specs[spec_number], parent, state, UUID(hex=hex_id))
        if triggered:
            task.triggered = True
        if internal:
            task.internal_data = internal
        if parent is None:
            task.data = updated or {}
        else:
            task.data = {**parent.data, **updated} if updated else dict(parent.data)
            for name in deleted or ():
                del task.data[name]
        loaded.append(task)
    workflow.task_tree = loaded[0]
    workflow.data = content["data"]
    workflow.last_task = loaded[content["last"]] if content["last"] >= 0 else None
    workflow.success = content["success"]
    workflow.completed = content["completed"]


def _load_inner(top: LeanWorkflow, workflow: LeanWorkflow | LeanSubWorkflow, trees: dict[str, Any]) -> None:
    """Called and embedded processes, the outer before the inner."""
    if len(top.subprocesses) == len(trees):
        return
    for task in list(workflow.tasks.values()):
        if not isinstance(task.task_spec, SubWorkflowTask) or task.id.hex not in trees:
            continue
        inner = LeanSubWorkflow(top.subprocess_specs[task.task_spec.spec], task, top)
        top.subprocesses[task.id] = inner
        _load_tree(inner, trees[task.id.hex])
        inner.completed_event.connect(task.task_spec._on_subworkflow_completed, task)
        _load_inner(top, inner, trees)
