"""One process instance for whoever must put it right: where it stands, what it knows, what it waits for, what
happened."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

import sqlalchemy as sa

from engine import plans
from engine.bpmn.execution import Execution
from engine.bpmn.moving import NOT_BY_HAND
from engine.bpmn.state import unseal
from engine.domain.actor import Actor
from engine.domain.job import TIMER, JobState
from engine.domain.task import LIVE
from engine.errors import EngineError, NotFound
from engine.queries.cases import FactRow
from engine.queries.instances import LISTED, ListedInstance, listed, seen_by
from engine.store.access import known_facts, known_work
from engine.store.schema import definitions, facts, incidents, instances, jobs, persons, snapshots, tasks, waits
from engine.store.transaction import Reader

SHOWN_FACTS = 200


@dataclass(frozen=True)
class WaitingTask:
    """A user task that lives, with who holds it."""

    task_id: str
    token: str
    process_key: str
    element_id: str
    name: str
    assignee: str | None
    opened_at: datetime
    due_at: datetime | None


@dataclass(frozen=True)
class InstanceJob:
    """`may_retry` and `may_skip` as the commands would say, when the instance is not suspended."""

    job_id: str
    token: str | None
    kind: str
    name: str
    process_key: str | None
    element_id: str | None
    state: JobState
    due_at: datetime
    is_held: bool
    attempts_left: int
    last_error: str | None
    instance_id: str | None
    case_id: str | None
    may_retry: bool
    may_skip: bool


@dataclass(frozen=True)
class InstanceIncident:
    incident_id: str
    kind: str
    message: str
    element_id: str | None
    raised_at: datetime


@dataclass(frozen=True)
class SnapshotRow:
    """`may_undo`: nothing has happened to the instance since, and nobody has undone it. `outside`: what it did beyond
    the instance, zh and en, for which it cannot be undone at all."""

    snapshot_id: str
    operation: str
    batch_id: str | None
    taken_at: datetime
    undone_at: datetime | None
    outside: tuple[tuple[str, str], ...]
    may_undo: bool


@dataclass(frozen=True)
class Known:
    """A variable with the values that live tokens have; more than one where branches differ."""

    name: str
    values: tuple[Any, ...]


@dataclass(frozen=True)
class StandingToken:
    """A live token. `kind` is user, timer, job or wait."""

    token: str
    kind: str
    process_key: str
    element_id: str
    name: str


@dataclass(frozen=True)
class StartingPlace:
    """An element at which a token may be started by hand."""

    process_key: str
    element_id: str
    name: str


@dataclass(frozen=True)
class InstancePage:
    """`damage` says why the stored state cannot be read; then there are no variables. `declared`: names that may be
    set although nobody has given them a value. `pinned`: (key, version) of every definition, the root first."""

    row: ListedInstance
    campaign_id: str
    revision: int
    pinned: tuple[tuple[str, int], ...]
    tasks: tuple[WaitingTask, ...]
    jobs: tuple[InstanceJob, ...]
    messages: tuple[str, ...]
    tokens: tuple[StandingToken, ...]
    places: tuple[StartingPlace, ...]
    variables: tuple[Known, ...]
    declared: tuple[str, ...]
    damage: EngineError | None
    incidents: tuple[InstanceIncident, ...]
    snapshots: tuple[SnapshotRow, ...]
    related: tuple[ListedInstance, ...]
    facts: tuple[FactRow, ...]


_WORK = ("tasks", "jobs", "messages", "tokens", "places", "variables", "declared", "incidents", "snapshots")
UNTOLD: Mapping[str, Any] = {**dict.fromkeys(_WORK, ()), "damage": None}


def instance(reader: Reader, actor: Actor, instance_id: str) -> InstancePage:
    """Raises NotFound, also for one that the actor may not see. Of a ladder at a referral that does not concern them
    they read what was before it."""
    found = reader.execute(LISTED.where(instances.c.instance_id == instance_id, seen_by(actor))).mappings().first()
    if found is None:
        raise NotFound("instance_unknown", f"There is no process instance {instance_id}.", instance=instance_id)
    stored = reader.execute(sa.select(instances).where(instances.c.instance_id == instance_id)).one()
    row, definition_ids = listed(found), tuple(stored.definition_ids)
    read = _read(reader, stored) if row.is_live else _Read()
    page = InstancePage(
        row=row,
        campaign_id=stored.campaign_id,
        revision=stored.revision,
        pinned=_pinned(reader, definition_ids),
        tasks=_tasks(reader, instance_id),
        jobs=tuple(job_row(each, row.suspended_at) for each in _jobs(reader, jobs.c.instance_id == instance_id)),
        messages=tuple(
            reader.execute(
                sa.select(waits.c.message).where(waits.c.instance_id == instance_id).order_by(waits.c.message)
            ).scalars()
        ),
        tokens=read.tokens,
        places=read.places,
        variables=read.variables,
        declared=_declared(reader, definition_ids, read.variables),
        damage=read.damage,
        incidents=_incidents(reader, instance_id),
        snapshots=_snapshots(reader, instance_id, stored.revision, row.is_live),
        related=_related(reader, actor, row),
        facts=_facts(reader, actor, instance_id),
    )
    return page if _is_told(reader, actor, instance_id) else replace(page, **UNTOLD)


def _is_told(reader: Reader, actor: Actor, instance_id: str) -> bool:
    told = known_work(actor, instances.c.instance_id)
    query = sa.select(instances.c.instance_id).where(instances.c.instance_id == instance_id, told)
    return reader.execute(query).first() is not None


@dataclass(frozen=True)
class _Read:
    """What the stored state says, or why it says nothing."""

    tokens: tuple[StandingToken, ...] = ()
    places: tuple[StartingPlace, ...] = ()
    variables: tuple[Known, ...] = ()
    damage: EngineError | None = None


def _read(reader: Reader, stored: Any) -> _Read:
    try:
        model = plans.model(reader, tuple(stored.definition_ids))
        execution = Execution.load(model, unseal(stored.blob, reader.secret))
    except EngineError as error:
        return _Read(damage=error)
    live = execution.tokens()
    names = {(one.process_key, one.element_id): one.name or one.element_id for one in model.all_elements}
    running = {model.root_key, *(token.process_key for token in live)}
    known: dict[str, list[Any]] = {}
    for token in live:
        for name, value in execution.variables(token.token).items():
            values = known.setdefault(name, [])
            if value not in values:
                values.append(value)
    return _Read(
        tokens=tuple(
            StandingToken(one.token, one.kind, one.process_key, one.element_id, names[one.process_key, one.element_id])
            for one in live
        ),
        places=tuple(
            StartingPlace(one.process_key, one.element_id, one.name or one.element_id)
            for one in model.all_elements
            if one.process_key in running and one.type not in NOT_BY_HAND
        ),
        variables=tuple(Known(name, tuple(known[name])) for name in sorted(known)),
    )


def _declared(reader: Reader, definition_ids: tuple[str, ...], known: tuple[Known, ...]) -> tuple[str, ...]:
    names = plans.declared_names(reader, definition_ids)
    return tuple(sorted(names - {one.name for one in known}))


def _pinned(reader: Reader, definition_ids: tuple[str, ...]) -> tuple[tuple[str, int], ...]:
    rows = reader.execute(sa.select(definitions).where(definitions.c.definition_id.in_(definition_ids)))
    by_id = {row.definition_id: (row.key, row.version) for row in rows}
    return tuple(by_id[definition_id] for definition_id in definition_ids)


def _tasks(reader: Reader, instance_id: str) -> tuple[WaitingTask, ...]:
    found = reader.execute(
        sa.select(tasks, persons.c.name.label("assignee"))
        .outerjoin(persons, persons.c.person_id == tasks.c.assignee_id)
        .where(tasks.c.instance_id == instance_id, tasks.c.state.in_(LIVE))
        .order_by(tasks.c.opened_at, tasks.c.task_id)
    ).mappings()
    return tuple(WaitingTask(**{name: row[name] for name in WaitingTask.__dataclass_fields__}) for row in found)


def _jobs(reader: Reader, *conditions: sa.ColumnElement[bool]) -> list[Mapping[str, Any]]:
    """What has not come to its end, by due date."""
    live = jobs.c.state.in_((JobState.OPEN, JobState.LEASED, JobState.FAILED))
    query = sa.select(jobs, instances.c.case_id).outerjoin(instances).where(live, *conditions)
    return list(reader.execute(query.order_by(jobs.c.due_at, jobs.c.job_id).limit(200)).mappings())


def job_row(row: Mapping[str, Any], suspended_at: datetime | None) -> InstanceJob:
    state, is_free = JobState(row["state"]), suspended_at is None
    has_failed = state is JobState.FAILED or (state is JobState.OPEN and bool(row["last_error"]))
    hangs_on_it = row["kind"] == TIMER or bool(row["payload"].get("letter_id")) or row["instance_id"] is None
    own = {name: row[name] for name in ("job_id", "token", "kind", "name", "process_key", "element_id", "due_at")}
    return InstanceJob(
        **own,
        state=state,
        is_held=row["held_at"] is not None,
        attempts_left=row["attempts_left"],
        last_error=row["last_error"],
        instance_id=row["instance_id"],
        case_id=row["case_id"],
        may_retry=is_free and has_failed,
        may_skip=is_free and not hangs_on_it and state in (JobState.OPEN, JobState.FAILED),
    )


def _incidents(reader: Reader, instance_id: str) -> tuple[InstanceIncident, ...]:
    found = reader.execute(
        sa.select(incidents)
        .where(incidents.c.instance_id == instance_id, incidents.c.resolved_at.is_(None))
        .order_by(incidents.c.raised_at.desc(), incidents.c.incident_id.desc())
        .limit(50)
    ).mappings()
    return tuple(
        InstanceIncident(**{name: row[name] for name in InstanceIncident.__dataclass_fields__}) for row in found
    )


def _snapshots(reader: Reader, instance_id: str, revision: int, is_live: bool) -> tuple[SnapshotRow, ...]:
    found = reader.execute(
        sa.select(snapshots)
        .where(snapshots.c.instance_id == instance_id)
        .order_by(snapshots.c.taken_at.desc(), snapshots.c.snapshot_id.desc())
        .limit(50)
    )
    return tuple(
        SnapshotRow(
            row.snapshot_id,
            row.operation,
            row.batch_id,
            row.taken_at,
            row.undone_at,
            tuple((zh, en) for zh, en in row.rows.get("outside") or ()),
            is_live and row.undone_at is None and row.revision_after == revision and not row.rows.get("outside"),
        )
        for row in found
    )


def _related(reader: Reader, actor: Actor, row: ListedInstance) -> tuple[ListedInstance, ...]:
    """Other instances of the same case."""
    if row.case_id is None:
        return ()
    query = LISTED.where(instances.c.case_id == row.case_id, instances.c.instance_id != row.instance_id, seen_by(actor))
    found = reader.execute(query.order_by(instances.c.started_at, instances.c.instance_id).limit(50)).mappings()
    return tuple(listed(each) for each in found)


def _facts(reader: Reader, actor: Actor, instance_id: str) -> tuple[FactRow, ...]:
    known = sa.true() if actor.has_role("sysadmin") else known_facts(actor)
    query = sa.select(facts).where(facts.c.instance_id == instance_id, known).order_by(facts.c.fact_id.desc())
    return tuple(
        FactRow(row.fact_id, row.at, row.kind, row.person, row.detail)
        for row in reader.execute(query.limit(SHOWN_FACTS))
    )
