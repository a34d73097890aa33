"""What a migration or a move would do, before anybody does it. The same functions carry it out; nothing is written."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import sqlalchemy as sa

from engine.bpmn.moving import Move, Place
from engine.bpmn.plain import due_instant
from engine.domain.actor import Actor
from engine.domain.batch import BatchState
from engine.domain.instance import InstanceKind, InstanceRow, InstanceState, check_active, check_live
from engine.domain.job import JobState
from engine.domain.outside import Words
from engine.domain.task import LIVE
from engine.errors import EngineError, Invalid, NotFound
from engine.queries.instances import seen_by
from engine.relocation import relocation, words_of
from engine.store import instances as instance_store
from engine.store import snapshots, standing
from engine.store.schema import batches, definitions, instances, jobs, persons, tasks
from engine.store.transaction import Reader
from engine.succession import Succession, succession, successor


@dataclass(frozen=True)
class PlannedInstance:
    """`said`: what to know when it moves, why not when it does not; zh and en."""

    instance_id: str
    business_key: str
    kind: InstanceKind
    moves: bool
    said: tuple[Words, ...]


@dataclass(frozen=True)
class MigrationPlan:
    """Every running instance that has the old version among its definitions, its root or one that it calls."""

    key: str
    from_id: str
    to_id: str
    from_version: int
    to_version: int
    mapping: Mapping[str, str]
    instances: tuple[PlannedInstance, ...]

    @property
    def moving(self) -> int:
        return sum(each.moves for each in self.instances)


@dataclass(frozen=True)
class PlannedToken:
    """`kind`: user, timer, job or wait. `name` is the element's; `due_at` and `held_by` where there is one."""

    kind: str
    process_key: str
    element_id: str
    name: str
    due_at: datetime | None = None
    held_by: str | None = None


@dataclass(frozen=True)
class MovePlan:
    """`revision` goes into the command, which refuses an instance that has changed meanwhile. `warnings`: what is
    skipped or done again. `outside`: effects that cannot be undone. `passed`: elements that run by themselves."""

    instance_id: str
    revision: int
    closes: tuple[PlannedToken, ...]
    opens: tuple[PlannedToken, ...]
    passed: tuple[tuple[str, str], ...]
    warnings: tuple[Words, ...]
    outside: tuple[Words, ...]
    has_ended: bool


def definition_id(reader: Reader, key: str, version: int) -> str:
    """Raises NotFound."""
    found = reader.execute(
        sa.select(definitions.c.definition_id).where(definitions.c.key == key, definitions.c.version == version)
    ).scalar()
    if found is None:
        raise NotFound("definition_unknown", f"There is no {key} version {version}.", definition=f"{key} {version}")
    return str(found)


def migration_plan(
    reader: Reader,
    key: str,
    from_version: int,
    to_version: int,
    mapping: Mapping[str, str] | None = None,
    instance_id: str | None = None,
) -> MigrationPlan:
    """Of all instances, or of the one named. Raises NotFound, Invalid."""
    wanted = succession_of(reader, key, from_version, to_version, mapping or {})
    from_id, to_id = wanted.old.definition_id, wanted.new.definition_id
    rows = _running_on(reader, from_id, instance_id)
    if instance_id is not None and not rows:
        raise NotFound(
            "instance_unknown", f"No running instance {instance_id} is on {key} {from_version}.", instance=instance_id
        )
    planned = tuple(_planned(reader, instance_store.get(reader, found), wanted) for found in rows)
    return MigrationPlan(key, from_id, to_id, from_version, to_version, dict(mapping or {}), planned)


def succession_of(
    reader: Reader, key: str, from_version: int, to_version: int, mapping: Mapping[str, str]
) -> Succession:
    """The two versions, and that one can follow on the other. Raises NotFound, Invalid."""
    from_id, to_id = (definition_id(reader, key, version) for version in (from_version, to_version))
    return succession(reader, from_id, to_id, mapping)


def undoable_instances(reader: Reader, batch_id: str) -> tuple[str, ...]:
    """The instances that a batch changed and whose change is not undone yet, the last one first."""
    return snapshots.instances_of_batch(reader.connection, batch_id)


def migration_subjects(reader: Reader, definition: str) -> tuple[str, ...]:
    """The running instances on a version, oldest first: what a batch is made of."""
    return tuple(_running_on(reader, definition, None))


def unfinished_batch(reader: Reader, kind: str, parameters: Mapping[str, Any]) -> tuple[str, BatchState] | None:
    """The newest batch of this kind with the same parameters that has not come to its end."""
    found = reader.execute(
        sa.select(batches.c.batch_id, batches.c.state, batches.c.parameters)
        .where(batches.c.kind == kind, batches.c.state.in_((BatchState.RUNNING, BatchState.PAUSED)))
        .order_by(batches.c.created_at.desc(), batches.c.batch_id.desc())
    )
    return next(
        ((row.batch_id, BatchState(row.state)) for row in found if row.parameters == dict(parameters)),
        None,
    )


def move_plan(
    reader: Reader,
    actor: Actor,
    instance_id: str,
    cancel: tuple[str, ...],
    start: tuple[tuple[str, str], ...],
    variables: Mapping[str, Any] | None = None,
) -> MovePlan:
    """Raises NotFound, Rejected, and what the move itself raises."""
    seen = reader.execute(
        sa.select(instances.c.instance_id).where(instances.c.instance_id == instance_id, seen_by(actor))
    ).first()
    if seen is None:
        raise NotFound("instance_unknown", f"There is no process instance {instance_id}.", instance=instance_id)
    row = instance_store.get(reader, instance_id)
    check_live(row)
    check_active(row)
    wanted = Move(tuple(cancel), tuple(Place(*place) for place in start), dict(variables or {}))
    found = relocation(reader, reader.secret, row, wanted)
    step = found.moved.step
    return MovePlan(
        instance_id=instance_id,
        revision=row.revision,
        closes=_closing(reader, instance_id, step.closed_tokens),
        opens=tuple(_opening(step)),
        passed=step.passed,
        warnings=tuple(words_of(found)),
        outside=found.outside,
        has_ended=step.ended,
    )


# -- migration ---------------------------------------------------------------------------------------------------------
def _running_on(reader: Reader, definition: str, instance_id: str | None) -> list[str]:
    """The definitions of an instance are a list in JSON; ids in it are quoted, so that none is part of another."""
    query = sa.select(instances.c.instance_id).where(
        instances.c.state == InstanceState.ACTIVE,
        sa.cast(instances.c.definition_ids, sa.Text).contains(f'"{definition}"', autoescape=True),
    )
    if instance_id is not None:
        query = query.where(instances.c.instance_id == instance_id)
    return list(reader.execute(query.order_by(instances.c.started_at, instances.c.instance_id)).scalars())


def _planned(reader: Reader, row: InstanceRow, wanted: Succession) -> PlannedInstance:
    try:
        found = successor(reader, reader.secret, row, wanted)
    except Invalid as error:
        said = tuple((problem.zh, problem.en) for problem in error.problems)
        return PlannedInstance(row.instance_id, row.business_key, row.kind, False, said)
    except EngineError as error:
        return PlannedInstance(row.instance_id, row.business_key, row.kind, False, ((str(error), str(error)),))
    notes = tuple((note.zh, note.en) for note in found.notes)
    return PlannedInstance(row.instance_id, row.business_key, row.kind, True, notes)


# -- moves -------------------------------------------------------------------------------------------------------------
def _closing(reader: Reader, instance_id: str, tokens: tuple[str, ...]) -> tuple[PlannedToken, ...]:
    of_tasks = (
        sa.select(tasks, persons.c.name.label("held_by"))
        .outerjoin(persons, persons.c.person_id == tasks.c.assignee_id)
        .where(tasks.c.instance_id == instance_id, tasks.c.token.in_(tokens), tasks.c.state.in_(LIVE))
        .order_by(tasks.c.task_id)
    )
    found = [
        PlannedToken("user", row.process_key, row.element_id, row.name, row.due_at, row.held_by)
        for row in reader.execute(of_tasks)
    ]
    of_jobs = sa.select(jobs).where(
        jobs.c.instance_id == instance_id,
        jobs.c.token.in_(tokens),
        jobs.c.state.in_((JobState.OPEN, JobState.LEASED, JobState.FAILED)),
    )
    for row in reader.execute(of_jobs.order_by(jobs.c.job_id)):
        kind = "timer" if row.kind == "timer" else "job"
        found.append(PlannedToken(kind, row.process_key, row.element_id, row.name, row.due_at))
    for row in standing.waits_of(reader.connection, instance_id, tokens):
        found.append(PlannedToken("wait", "", "", row))
    return tuple(found)


def _opening(step: Any) -> Iterator[PlannedToken]:
    for kind, opened in (
        ("user", step.opened_tasks),
        ("timer", step.opened_timers),
        ("job", step.opened_jobs),
        ("wait", step.opened_waits),
    ):
        for each in opened:
            element = each.element
            due_at = due_instant(getattr(each, "due", None))
            yield PlannedToken(
                kind, element.process_key, element.element_id, element.name or element.element_id, due_at
            )
