"""How others keep a running case, as small as it can honestly be made: one full JSON blob, or one row per task.

The blob is the stock serializer's JSON, the diagram in it. The rows are laid out as SpiffArena's backend lays them: a
row per task with its state and properties, data in rows keyed by their hash and inserted or ignored, a row per process,
an event per task that changed. Locks, forms and human tasks are left out, which makes it cheaper than the real one.
"""

import hashlib
import json
from collections.abc import Callable
from typing import Any, Protocol

import sqlalchemy as sa
from plain_spiff import DialectEnvironment, PlainInstance, PlainModel
from SpiffWorkflow.bpmn.script_engine import PythonScriptEngine

from engine.bpmn.step import Moment

metadata = sa.MetaData()
blobs = sa.Table(
    "bench_blobs",
    metadata,
    sa.Column("instance_id", sa.String(64), primary_key=True),
    sa.Column("version", sa.Integer, nullable=False),
    sa.Column("state", sa.Text, nullable=False),
)
specs = sa.Table(
    "bench_specs", metadata, sa.Column("spec_id", sa.String(64), primary_key=True), sa.Column("content", sa.Text)
)
processes = sa.Table(
    "bench_processes",
    metadata,
    sa.Column("guid", sa.String(36), primary_key=True),
    sa.Column("instance_id", sa.String(64), nullable=False, index=True),
    sa.Column("position", sa.Integer, nullable=False),
    sa.Column("version", sa.Integer, nullable=False),
    sa.Column("properties", sa.Text, nullable=False),
)
task_rows = sa.Table(
    "bench_tasks",
    metadata,
    sa.Column("guid", sa.String(36), primary_key=True),
    sa.Column("process_guid", sa.String(36), nullable=False),
    sa.Column("instance_id", sa.String(64), nullable=False, index=True),
    sa.Column("position", sa.Integer, nullable=False),
    sa.Column("state", sa.Integer, nullable=False, index=True),
    sa.Column("properties", sa.Text, nullable=False),
    sa.Column("data_hash", sa.String(64), nullable=False),
)
json_data = sa.Table(
    "bench_json_data", metadata, sa.Column("hash", sa.String(64), primary_key=True), sa.Column("data", sa.Text)
)
events = sa.Table(
    "bench_events",
    metadata,
    sa.Column("event_id", sa.Integer, primary_key=True),
    sa.Column("instance_id", sa.String(64), nullable=False, index=True),
    sa.Column("task_guid", sa.String(36), nullable=False),
    sa.Column("kind", sa.String(32), nullable=False),
)

_BLOB = sa.select(blobs.c.version, blobs.c.state).where(blobs.c.instance_id == sa.bindparam("id"))
_KEEP_BLOB = (
    sa.update(blobs)
    .where(blobs.c.instance_id == sa.bindparam("id"), blobs.c.version == sa.bindparam("known"))
    .values(state=sa.bindparam("new"), version=sa.bindparam("known") + 1)
)
_SPECS = sa.select(specs.c.content).where(specs.c.spec_id == "specs")
_PROCESSES = (
    sa.select(processes.c.guid, processes.c.version, processes.c.properties)
    .where(processes.c.instance_id == sa.bindparam("id"))
    .order_by(processes.c.position)
)
_TASKS = (
    sa.select(task_rows.c.guid, task_rows.c.process_guid, task_rows.c.properties, json_data.c.data)
    .join(json_data, json_data.c.hash == task_rows.c.data_hash)
    .where(task_rows.c.instance_id == sa.bindparam("id"))
    .order_by(task_rows.c.position)
)
_KEEP_TASK = (
    sa.update(task_rows)
    .where(task_rows.c.guid == sa.bindparam("id"))
    .values(
        state=sa.bindparam("new_state"), properties=sa.bindparam("new_properties"), data_hash=sa.bindparam("new_hash")
    )
)
_KEEP_PROCESS = (
    sa.update(processes)
    .where(processes.c.guid == sa.bindparam("id"), processes.c.version == sa.bindparam("known"))
    .values(properties=sa.bindparam("new"), version=sa.bindparam("known") + 1)
)
_DATA_OF_A_TASK = ("data", "delta")

Act = Callable[[PlainInstance], None]


class Storage(Protocol):
    def keep_new(self, connection: sa.Connection, instance_id: str, instance: PlainInstance) -> None: ...

    def step(self, connection: sa.Connection, instance_id: str, act: Act, moment: Moment) -> None:
        """Load, act, save."""


class FullBlob:
    def __init__(self, model: PlainModel) -> None:
        self._model = model

    def keep_new(self, connection: sa.Connection, instance_id: str, instance: PlainInstance) -> None:
        connection.execute(blobs.insert(), {"instance_id": instance_id, "version": 1, "state": instance.serialize()})

    def step(self, connection: sa.Connection, instance_id: str, act: Act, moment: Moment) -> None:
        version, text = connection.execute(_BLOB, {"id": instance_id}).one()
        instance = PlainInstance.deserialize(self._model, text, moment)
        act(instance)
        given = {"id": instance_id, "known": version, "new": instance.serialize()}
        assert connection.execute(_KEEP_BLOB, given).rowcount == 1


class RowPerTask:
    def __init__(self, model: PlainModel, *, is_sqlite: bool) -> None:
        self._model = model
        insert = sa.dialects.sqlite.insert if is_sqlite else sa.dialects.postgresql.insert
        self._add_data = insert(json_data).on_conflict_do_nothing()

    def keep_specs(self, connection: sa.Connection, instance: PlainInstance) -> None:
        """Once for all cases of a definition."""
        whole = self._model.serializer.to_dict(instance.workflow)
        content = {name: whole[name] for name in ("spec", "subprocess_specs")}
        connection.execute(specs.insert(), {"spec_id": "specs", "content": json.dumps(content)})

    def keep_new(self, connection: sa.Connection, instance_id: str, instance: PlainInstance) -> None:
        self._save(connection, instance_id, instance, {}, {})

    def step(self, connection: sa.Connection, instance_id: str, act: Act, moment: Moment) -> None:
        whole: dict[str, Any] = json.loads(connection.execute(_SPECS).scalar_one())
        versions: dict[str, int] = {}
        trees: dict[str, dict[str, Any]] = {}
        for guid, version, properties in connection.execute(_PROCESSES, {"id": instance_id}):
            versions[guid] = version
            trees[guid] = {**json.loads(properties), "tasks": {}}
        known: dict[str, str] = {}
        for guid, process, properties, data in connection.execute(_TASKS, {"id": instance_id}):
            known[guid] = properties + _hash(data)
            trees[process]["tasks"][guid] = {**json.loads(properties), **json.loads(data)}
        root = trees.pop(instance_id)
        workflow = self._model.serializer.from_dict({**whole, **root, "subprocesses": trees})
        environment = DialectEnvironment(self._model, moment)
        workflow.script_engine = PythonScriptEngine(environment)
        instance = PlainInstance(self._model, workflow, environment)
        act(instance)
        self._save(connection, instance_id, instance, known, versions)

    def _save(
        self,
        connection: sa.Connection,
        instance_id: str,
        instance: PlainInstance,
        known: dict[str, str],
        versions: dict[str, int],
    ) -> None:
        whole = self._model.serializer.to_dict(instance.workflow)
        inner = whole.pop("subprocesses")
        root = {name: value for name, value in whole.items() if name not in ("spec", "subprocess_specs")}
        added, changed, data = [], [], {}
        for process, tree in {instance_id: root, **inner}.items():
            for position, (guid, task) in enumerate(tree.pop("tasks").items()):
                text = json.dumps({name: task.pop(name) for name in _DATA_OF_A_TASK}, sort_keys=True)
                properties, digest = json.dumps(task), _hash(text)
                if known.get(guid) == properties + digest:
                    continue
                data[digest] = text
                if guid in known:
                    new = {"new_state": task["state"], "new_properties": properties, "new_hash": digest}
                    changed.append({"id": guid, **new})
                else:
                    added.append(_task_row(guid, process, instance_id, position, task["state"], properties, digest))
        if data:
            connection.execute(self._add_data, [{"hash": digest, "data": text} for digest, text in data.items()])
        if changed:
            connection.execute(_KEEP_TASK, changed)
        if added:
            connection.execute(task_rows.insert(), added)
        touched = [row["id"] for row in changed] + [row["guid"] for row in added]
        if touched:
            told = [{"instance_id": instance_id, "task_guid": guid, "kind": "task"} for guid in touched]
            connection.execute(events.insert(), told)
        for position, (guid, tree) in enumerate({instance_id: root, **inner}.items()):
            properties = json.dumps(tree)
            if guid in versions:
                given = {"id": guid, "known": versions[guid], "new": properties}
                assert connection.execute(_KEEP_PROCESS, given).rowcount == 1
            else:
                row = {"guid": guid, "instance_id": instance_id, "position": position, "version": 1}
                connection.execute(processes.insert(), {**row, "properties": properties})


def _task_row(
    guid: str, process: str, instance_id: str, position: int, state: int, properties: str, digest: str
) -> dict[str, Any]:
    return {
        "guid": guid,
        "process_guid": process,
        "instance_id": instance_id,
        "position": position,
        "state": state,
        "properties": properties,
        "data_hash": digest,
    }


def _hash(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()
