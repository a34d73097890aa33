"""Carries the live state of an instance over to another version of its definitions: every token, deadline and count
stays; what the diagram does next comes from the new version. It knows no rows.

SpiffWorkflow's own migration wipes what its tasks remember, which restarts every deadline.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID, uuid5

from SpiffWorkflow.bpmn.specs.control import BoundaryEventJoin
from SpiffWorkflow.bpmn.specs.defaults import BoundaryEvent
from SpiffWorkflow.bpmn.specs.mixins.multiinstance_task import MultiInstanceTask
from SpiffWorkflow.bpmn.specs.mixins.subworkflow_task import SubWorkflowTask
from SpiffWorkflow.util.task import TaskState

from engine.bpmn import state
from engine.bpmn.activities import CalledProcess, JobTask
from engine.bpmn.definition import Model
from engine.bpmn.elements import Element
from engine.bpmn.events import EventGateway
from engine.bpmn.execution import Execution
from engine.bpmn.newcomers import Newcomers, Note
from engine.bpmn.step import Moment, Step, Token, opened_wait
from engine.bpmn.stranded import stranded
from engine.errors import Invalid, Problem

PREDICTED = TaskState.PREDICTED_MASK | TaskState.FUTURE
SPLIT, JOIN, CHILD = ".BoundaryEventSplit", ".BoundaryEventJoin", " [child]"
PLACE_OF_HISTORY = "Start"  # the spec of finished tasks whose element is gone: they are kept for their data


@dataclass(frozen=True)
class Versions:
    """From which model to which. `renamed`: elements of the process `key` that go by another id in the new one."""

    old: Model
    new: Model
    key: str
    renamed: Mapping[str, str] = field(default_factory=dict)

    def name(self, process_key: str, old: str) -> str:
        """The name in the new version of a spec, one that was made around an element included."""
        if process_key != self.key:
            return old
        for suffix in (SPLIT, JOIN, CHILD):
            if old.endswith(suffix):
                return self.renamed.get(old.removesuffix(suffix), old.removesuffix(suffix)) + suffix
        return self.renamed.get(old, old)


@dataclass(frozen=True)
class Kept:
    """A live token that goes on; behind an event gateway its name changes with the id of its element."""

    token: str
    new_token: str
    kind: str
    old: Element
    new: Element


@dataclass(frozen=True)
class Migrated:
    """`step` holds what the new version no longer has (closed) and what it adds to live elements (timers, waits)."""

    execution: Execution
    step: Step
    kept: tuple[Kept, ...]
    notes: tuple[Note, ...]


class CannotMigrate(Invalid):
    """The instance stands where the new version has nothing like it. `problems` says where and why."""

    def __init__(self, problems: tuple[Problem, ...]) -> None:
        super().__init__("migration_impossible", "the instance cannot move to this version", problems)


def migrate(versions: Versions, blob: bytes, opened: Mapping[str, Moment], moment: Moment) -> Migrated:
    """The instance at the new version, standing where it stood. Raises CannotMigrate.

    `opened`: for live tokens the moment they opened at, from which events that the new version attaches are counted.
    """
    before = Execution.load(versions.old, blob).tokens()
    rewriting = _Rewriting(versions)
    content = rewriting.content(state.contents(blob))
    if rewriting.problems:
        raise CannotMigrate(tuple(rewriting.problems))
    workflow = state.load(versions.new, state.pack(content))
    newcomers = Newcomers(workflow, opened, moment)
    processes = [workflow, *workflow.get_active_subprocesses()]
    for process in processes:
        newcomers.join(process, rewriting.known[_owner(process)])
    problems = [found.problem for process in processes for found in stranded(process)]
    if problems:
        raise CannotMigrate(tuple(problems))
    execution = Execution.load(versions.new, state.dump(workflow, versions.new.definition_ids))
    still = _kept(versions, before, execution.tokens(), rewriting.tokens)
    changed = tuple(each for each in still if each.kind == "wait" and _awaited(each.old) != _awaited(each.new))
    kept = tuple(each for each in still if each not in changed)
    _check_deadlines(versions, blob, execution, kept)
    stays, lives = {each.token for each in kept}, {each.token for each in still}
    step = Step(
        closed=tuple(token for token in before if token.token not in stays),
        opened_timers=tuple(newcomers.timers),
        opened_waits=(
            *newcomers.waits,
            *(opened_wait(each.new_token, each.new, execution.variables(each.new_token)) for each in changed),
        ),
    )
    lost = [token for token in before if token.token not in lives]
    return Migrated(execution, step, kept, (*_changes(kept), *_lost(versions, lost), *newcomers.notes))


def _owner(process: Any) -> str:
    return process.parent_task_id.hex if process.parent_task_id is not None else ""


@dataclass
class _Row:
    """A task of the stored tree, with its parent instead of its parent's number."""

    hex_id: str
    parent: "_Row | None"
    state: int
    name: str
    triggered: int
    internal: Any
    updated: Any
    deleted: Any

    @property
    def is_finished(self) -> bool:
        return bool(self.state & TaskState.FINISHED_MASK)

    @property
    def is_unused_arrival(self) -> bool:
        """Waits at a join for the other branches, whatever its state says."""
        return bool(self.internal) and "arrived" in self.internal and not self.internal.get("used")


class _Rewriting:
    """The stored contents under the new version's names, without what was only predicted.

    `tokens`: new names of tokens that change theirs. `known`: for each tree, by the hex id of the task that owns it
    (empty for the root), the new names of what both versions have.
    """

    def __init__(self, versions: Versions) -> None:
        self.problems: list[Problem] = []
        self.tokens: dict[str, str] = {}
        self.known: dict[str, frozenset[str]] = {}
        self._versions = versions
        self._old: dict[str, Any] = {}
        self._inner: dict[str, Any] = {}

    def content(self, old: dict[str, Any]) -> dict[str, Any]:
        self._old, self._inner = old["inner"], {}
        key = self._versions.old.root_key
        root = self._tree("", old["root"], self._versions.old.specs[key], self._versions.new.specs[key])
        order = [hex_id for hex_id in old["inner"] if hex_id in self._inner]
        return {
            "definitions": self._versions.new.definition_ids,
            "root": root,
            "inner": {hex_id: self._inner[hex_id] for hex_id in order},
        }

    def _tree(self, owner: str, tree: dict[str, Any], old: Any, new: Any) -> dict[str, Any]:
        self.known[owner] = frozenset(
            name for spec in old.task_specs.values() if (name := self._same(spec, old, new)) is not None
        )
        rows: list[_Row] = []
        numbered: list[_Row | None] = []
        for values in tree["tasks"]:
            row = self._row(values, numbered, tree["specs"])
            if row is not None and self._is_left_out(row, old, new):
                row = None
            split = self._carry(row, old, new) if row is not None else None
            numbered.append(row)
            if row is not None:
                rows += [row] if split is None else [split, row]
        last = numbered[tree["last"]] if tree["last"] >= 0 else None
        return _packed(tree, rows, last)

    def _row(self, values: list[Any], numbered: list[_Row | None], specs: list[str]) -> _Row | None:
        """None for what is only predicted, and for what hangs under something that was left out."""
        hex_id, parent_number, found, spec_number, triggered, internal, updated, deleted = values
        parent = numbered[parent_number] if parent_number >= 0 else None
        if found & PREDICTED or (parent_number >= 0 and parent is None):
            return None
        return _Row(hex_id, parent, found, specs[spec_number], triggered, internal or {}, updated, deleted)

    def _same(self, was: Any, old: Any, new: Any) -> str | None:
        """The name of what is the same thing in the new version; None where there is no such thing."""
        name: str = new.end.name if was is old.end else self._versions.name(old.process_key, was.name)
        now = new.task_specs.get(name)
        if now is None or _kind(was) != _kind(now):
            return None
        if isinstance(was, BoundaryEvent):
            host = self._versions.name(old.process_key, was.element.attached_to)
            return name if now.element.attached_to == host else None
        return name

    def _is_left_out(self, row: _Row, old: Any, new: Any) -> bool:
        """An event that waits beside its task, and the join of such events, end where the new version has none."""
        was = old.task_specs[row.name]
        is_beside = isinstance(was, BoundaryEvent | BoundaryEventJoin) and row.state == TaskState.WAITING
        return is_beside and self._same(was, old, new) is None

    def _carry(self, row: _Row, old: Any, new: Any) -> _Row | None:
        """Give the row its new name. Returns a row to put before it where the new version attaches its first event."""
        was = old.task_specs[row.name]
        name = self._same(was, old, new)
        if row.is_finished and not row.is_unused_arrival:
            row.name = name or PLACE_OF_HISTORY
            return None
        if name is None:
            self._refuse(was, new.task_specs.get(self._versions.name(old.process_key, was.name)))
            return None
        row.name, now = name, new.task_specs[name]
        if isinstance(was, EventGateway):
            self._carry_waits(row, was, now)
        if isinstance(was, SubWorkflowTask) and row.hex_id in self._old:
            self._inner[row.hex_id] = self._tree(
                row.hex_id,
                self._old[row.hex_id],
                self._versions.old.specs[was.spec],
                self._versions.new.specs[now.spec],
            )
        return _split_before(row, new)

    def _carry_waits(self, row: _Row, was: EventGateway, now: EventGateway) -> None:
        after = {spec.name: spec for spec in now.outputs}
        kept = {}
        for spec in was.outputs:
            name = self._versions.name(was.element.process_key, spec.name)
            if name in after and _kind(after[name]) == _kind(spec) and spec.name in row.internal["waits"]:
                kept[name] = row.internal["waits"][spec.name]
                task_id = UUID(hex=row.hex_id)
                self.tokens[uuid5(task_id, spec.name).hex] = uuid5(task_id, name).hex
        row.internal = {**row.internal, "waits": kept}

    def _refuse(self, was: Any, now: Any) -> None:
        element = was.element
        title = element.name or element.element_id
        where = f"{element.process_key}:{element.element_id}"
        if now is None:
            problem = Problem(
                where,
                f"流程停在“{title}”（{element.element_id}），新版没有这个环节。环节改名的，请指明对应关系。",
                f'it stands at "{title}" ({element.element_id}), which the new version does not have. '
                "If it only has another id now, say which.",
            )
        else:
            problem = Problem(
                where,
                f"流程停在“{title}”（{element.element_id}），新版里它已是另一种环节，正在办理的无法接续。",
                f'it stands at "{title}" ({element.element_id}), which is something else in the new version: '
                f"{_words(was)} before, {_words(now)} now.",
            )
        if problem not in self.problems:
            self.problems.append(problem)


def _split_before(row: _Row, new: Any) -> _Row | None:
    """A task that had no events attached and has some now stands behind the split that belongs to them."""
    split = new.task_specs.get(row.name + SPLIT)
    if split is None or (row.parent is not None and row.parent.name == split.name):
        return None
    made = _Row(uuid5(UUID(hex=row.hex_id), split.name).hex, row.parent, TaskState.COMPLETED, split.name, 0, {}, 0, 0)
    row.parent = made
    return made


def _packed(tree: dict[str, Any], rows: list[_Row], last: _Row | None) -> dict[str, Any]:
    numbers = {id(row): number for number, row in enumerate(rows)}
    specs: dict[str, int] = {}
    tasks = [
        [
            row.hex_id,
            numbers[id(row.parent)] if row.parent is not None else -1,
            row.state,
            specs.setdefault(row.name, len(specs)),
            row.triggered,
            row.internal or 0,
            row.updated,
            row.deleted,
        ]
        for row in rows
    ]
    return {**tree, "specs": list(specs), "tasks": tasks, "last": numbers[id(last)] if last is not None else -1}


def _kind(spec: Any) -> tuple[Any, ...]:
    """What must be the same for a live token to go on: its class, and what its bookkeeping is made of."""
    kind: tuple[Any, ...] = (type(spec),)
    if isinstance(spec, JobTask):
        kind += (spec.element.job_kind,)
    if isinstance(spec, CalledProcess):
        kind += (spec.spec,)
    if isinstance(spec, MultiInstanceTask):
        parts = (spec.data_input, spec.data_output, spec.input_item, spec.output_item)
        kind += tuple(part.bpmn_id if part is not None else None for part in parts)
    definition = getattr(spec, "event_definition", None)
    return (*kind, type(definition)) if definition is not None else kind


def _words(spec: Any) -> str:
    element = spec.element
    more = element.job_kind or element.called_element or element.event
    return " ".join(filter(None, (element.type, more, "(several)" if isinstance(spec, MultiInstanceTask) else "")))


def _kept(versions: Versions, before: list[Token], after: list[Token], renamed: Mapping[str, str]) -> tuple[Kept, ...]:
    lives = {token.token: token for token in after}
    return tuple(
        Kept(
            token=token.token,
            new_token=now.token,
            kind=token.kind,
            old=versions.old.element(token.process_key, token.element_id),
            new=versions.new.element(now.process_key, now.element_id),
        )
        for token in before
        if (now := lives.get(renamed.get(token.token, token.token))) is not None
    )


def _awaited(element: Element) -> tuple[str, tuple[str, ...]]:
    return element.message, element.correlation


def _changes(kept: tuple[Kept, ...]) -> list[Note]:
    """What the new version says otherwise about elements that are open, and that does not touch them any more."""
    notes = []
    for each in kept:
        old, new, title = each.old, each.new, each.new.name or each.new.element_id
        if each.kind == "user" and old.due_expression != new.due_expression:
            notes.append(
                Note(
                    f"“{title}”：时限规则已改，已打开的任务时限不变。",
                    f'"{title}": the rule of its deadline changed; the open task keeps the deadline it has.',
                )
            )
        if each.kind == "timer" and old.timer_expression != new.timer_expression:
            notes.append(
                Note(
                    f"“{title}”：定时规则已改，已设定的时间不变。",
                    f'"{title}": its rule changed; the instant that was set stays.',
                )
            )
        if each.kind == "job" and dict(old.inputs) != dict(new.inputs):
            notes.append(
                Note(
                    f"“{title}”：作业参数已改，已排队的作业照原参数执行。",
                    f'"{title}": its inputs changed; the job that waits runs with those it was given.',
                )
            )
    return list(dict.fromkeys(notes))


def _lost(versions: Versions, tokens: list[Token]) -> list[Note]:
    notes = []
    for token in tokens:
        element = versions.old.element(token.process_key, token.element_id)
        title = element.name or element.element_id
        notes.append(
            Note(f"“{title}”：新版已取消，不再触发。", f'"{title}": the new version has it no more; it is cancelled.')
        )
    return notes


def _check_deadlines(versions: Versions, blob: bytes, execution: Execution, kept: tuple[Kept, ...]) -> None:
    """No due instant may move: a fault of this module, and loud."""
    before, after = (
        {token: live.store.get("due") for token, live in each._live().items()}
        for each in (Execution.load(versions.old, blob), execution)
    )
    moved = [each.token for each in kept if before.get(each.token) != after.get(each.new_token)]
    if moved:
        raise RuntimeError(f"the due instants of {moved} would change")
