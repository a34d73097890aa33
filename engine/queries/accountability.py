"""Talks, circulars and objections: their lists and pages, each narrowed to what the actor may see."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

import sqlalchemy as sa

from engine.domain.accountability import check_recusal
from engine.domain.actor import Actor
from engine.domain.instance import InstanceKind, InstanceState
from engine.domain.task import LIVE, TaskState
from engine.errors import EngineError, NotFound, NotPermitted
from engine.store import accountability as store
from engine.store.access import visible_cases, visible_tasks
from engine.store.schema import (
    cases,
    circular_figures,
    circulars,
    instances,
    interviews,
    letters,
    objections,
    persons,
    tasks,
    units,
)
from engine.store.transaction import Reader

SHOWN = 200  # of each list, newest first


@dataclass(frozen=True)
class MatterTask:
    """A step of a matter: who is asked, who did it, what was handed in."""

    task_id: str
    element_id: str
    name: str
    state: str
    opened_at: datetime
    due_at: datetime | None
    deadline: Mapping[str, Any] | None
    completed_at: datetime | None
    completed_by: str | None
    submitted: Mapping[str, Any]
    is_readable: bool


@dataclass(frozen=True)
class InterviewRow:
    interview_id: str
    campaign_id: str
    item_id: str | None
    case_id: str | None
    unit_id: str
    unit: str
    subject: str
    state: str
    opened_at: datetime
    opened_by: str
    held_at: datetime | None
    settled_at: datetime | None
    rounds: int
    summons_id: str | None
    minutes_id: str | None


@dataclass(frozen=True)
class InterviewPage:
    """`numbers`: letter id -> number of the summons and the minutes."""

    row: InterviewRow
    numbers: Mapping[str, str]
    steps: tuple[MatterTask, ...]


@dataclass(frozen=True)
class CircularRow:
    circular_id: str
    campaign_id: str
    from_on: date
    to_on: date
    state: str
    version: int
    problems: str
    demands: str
    opened_at: datetime
    opened_by: str
    approved_at: datetime | None
    approved_by: str | None
    published_at: datetime | None
    letter_id: str | None
    number: str | None


@dataclass(frozen=True)
class CircularPage:
    """`figures` as counted at `as_of`; from approval on they and their `sha256` never change."""

    row: CircularRow
    as_of: datetime
    figures: Mapping[str, Any]
    sha256: str
    steps: tuple[MatterTask, ...]


@dataclass(frozen=True)
class ObjectionRow:
    objection_id: str
    campaign_id: str
    unit_id: str
    unit: str
    letter_id: str | None
    conclusion_id: str | None
    subject: str
    reason: str
    served_at: datetime
    filing_deadline: Mapping[str, Any]
    filed_at: datetime
    filed_by: str
    state: str
    findings: str
    changed_to: str
    decided_at: datetime | None
    decided_by: str | None


@dataclass(frozen=True)
class ObjectionPage:
    """`recused`: why the actor must keep out of the review, None when they need not."""

    row: ObjectionRow
    steps: tuple[MatterTask, ...]
    recused: EngineError | None


# -- talks -------------------------------------------------------------------------------------------------------------
def interviews_of(reader: Reader, actor: Actor, campaign_id: str) -> tuple[InterviewRow, ...]:
    found = reader.execute(
        _interviews(actor)
        .where(interviews.c.campaign_id == campaign_id)
        .order_by(interviews.c.opened_at.desc(), interviews.c.interview_id)
        .limit(SHOWN)
    ).mappings()
    return tuple(_interview(row) for row in found)


def interview(reader: Reader, actor: Actor, interview_id: str) -> InterviewPage:
    """Raises NotFound for a talk that does not concern the actor's units or cases."""
    row = reader.execute(_interviews(actor).where(interviews.c.interview_id == interview_id)).mappings().first()
    if row is None:
        raise NotFound("interview_unknown", f"There is no talk {interview_id}.", interview=interview_id)
    shown = _interview(row)
    numbers = reader.execute(
        sa.select(letters.c.letter_id, letters.c.number).where(
            letters.c.letter_id.in_([each for each in (shown.summons_id, shown.minutes_id) if each])
        )
    )
    steps = steps_of(reader, actor, InstanceKind.INTERVIEW, interview_id)
    return InterviewPage(shown, {each.letter_id: each.number for each in numbers}, steps)


def _interviews(actor: Actor) -> sa.Select[Any]:
    """`running`: the state of its process, which may have been cancelled."""
    query = (
        sa.select(interviews, units.c.name.label("unit"), instances.c.state.label("running"))
        .join(units, units.c.unit_id == interviews.c.unit_id)
        .join(
            instances,
            sa.and_(instances.c.kind == InstanceKind.INTERVIEW, instances.c.business_key == interviews.c.interview_id),
        )
    )
    if actor.sees_all and actor.sees_accountability:
        return query
    if not actor.sees_cases:
        return query.where(sa.false())
    ours = interviews.c.case_id.in_(sa.select(cases.c.case_id).where(visible_cases(actor)))
    return query.where(sa.or_(interviews.c.unit_id.in_(actor.units), ours))


def _interview(row: Mapping[str, Any]) -> InterviewRow:
    values = {name: row[name] for name in InterviewRow.__dataclass_fields__}
    return InterviewRow(**values | {"state": _state(row, "SETTLED")})


def _state(row: Mapping[str, Any], done: str) -> str:
    """Cancelled by an administrator, it is dropped."""
    is_cancelled = row["running"] == InstanceState.CANCELLED and row["state"] != done
    return "DROPPED" if is_cancelled else str(row["state"])


# -- circulars ---------------------------------------------------------------------------------------------------------
def circulars_of(reader: Reader, actor: Actor, campaign_id: str) -> tuple[CircularRow, ...]:
    """Units see the published ones."""
    found = reader.execute(
        _circulars(actor)
        .where(circulars.c.campaign_id == campaign_id)
        .order_by(circulars.c.opened_at.desc(), circulars.c.circular_id)
        .limit(SHOWN)
    ).mappings()
    return tuple(_circular(row) for row in found)


def circular(reader: Reader, actor: Actor, circular_id: str) -> CircularPage:
    """Raises NotFound for a draft that the actor may not see."""
    row = reader.execute(_circulars(actor).where(circulars.c.circular_id == circular_id)).mappings().first()
    if row is None:
        raise NotFound("circular_unknown", f"There is no circular {circular_id}.", circular=circular_id)
    kept = store.figures_of(reader, circular_id, row["version"])
    assert kept is not None
    steps = steps_of(reader, actor, InstanceKind.CIRCULAR, circular_id)
    return CircularPage(_circular(row), kept["as_of"], kept["figures"], kept["sha256"], steps)


def _circulars(actor: Actor) -> sa.Select[Any]:
    query = (
        sa.select(circulars, letters.c.number, instances.c.state.label("running"))
        .join(
            circular_figures,
            sa.and_(
                circular_figures.c.circular_id == circulars.c.circular_id,
                circular_figures.c.version == circulars.c.version,
            ),
        )
        .join(
            instances,
            sa.and_(instances.c.kind == InstanceKind.CIRCULAR, instances.c.business_key == circulars.c.circular_id),
        )
        .outerjoin(letters, letters.c.letter_id == circulars.c.letter_id)
    )
    if actor.sees_all and actor.sees_accountability:
        return query
    return query.where(circulars.c.state == "PUBLISHED" if actor.sees_cases else sa.false())


def _circular(row: Mapping[str, Any]) -> CircularRow:
    values = {name: row[name] for name in CircularRow.__dataclass_fields__}
    return CircularRow(**values | {"state": _state(row, "PUBLISHED")})


# -- objections --------------------------------------------------------------------------------------------------------
def objections_of(reader: Reader, actor: Actor, campaign_id: str) -> tuple[ObjectionRow, ...]:
    found = reader.execute(
        seen_objections(actor)
        .where(objections.c.campaign_id == campaign_id)
        .order_by(objections.c.filed_at.desc(), objections.c.objection_id)
        .limit(SHOWN)
    ).mappings()
    return tuple(objection_row(row) for row in found)


def objections_to_letter(reader: Reader, actor: Actor, letter_id: str) -> tuple[ObjectionRow, ...]:
    """What the letter's page says about reviews of it."""
    found = reader.execute(seen_objections(actor).where(objections.c.letter_id == letter_id)).mappings()
    return tuple(objection_row(row) for row in found)


def objection(reader: Reader, actor: Actor, objection_id: str) -> ObjectionPage:
    """Raises NotFound for an objection of another unit."""
    row = reader.execute(seen_objections(actor).where(objections.c.objection_id == objection_id)).mappings().first()
    if row is None:
        raise NotFound("objection_unknown", f"There is no objection {objection_id}.", objection=objection_id)
    return ObjectionPage(
        objection_row(row), steps_of(reader, actor, InstanceKind.OBJECTION, objection_id), recused(reader, actor, row)
    )


def recused(reader: Reader, actor: Actor, row: Mapping[str, Any]) -> EngineError | None:
    try:
        check_recusal(actor, store.took_part(reader, row))
    except NotPermitted as error:
        return error
    return None


def reviewer_refusal(reader: Reader, actor: Actor, instance_id: str) -> EngineError | None:
    """Why the actor may not work on tasks of this instance: only a review of an objection ever refuses somebody."""
    row = (
        reader.execute(
            sa.select(objections)
            .join(
                instances,
                sa.and_(
                    instances.c.kind == InstanceKind.OBJECTION, instances.c.business_key == objections.c.objection_id
                ),
            )
            .where(instances.c.instance_id == instance_id)
        )
        .mappings()
        .first()
    )
    return None if row is None else recused(reader, actor, row)


def seen_objections(actor: Actor) -> sa.Select[Any]:
    query = (
        sa.select(objections, units.c.name.label("unit"), persons.c.name.label("filed_by"))
        .join(units, units.c.unit_id == objections.c.unit_id)
        .join(persons, persons.c.person_id == objections.c.filed_by_id)
    )
    if actor.sees_all and actor.sees_accountability:
        return query
    return query.where(objections.c.unit_id.in_(actor.units) if actor.sees_cases else sa.false())


def objection_row(row: Mapping[str, Any]) -> ObjectionRow:
    return ObjectionRow(**{name: row[name] for name in ObjectionRow.__dataclass_fields__})


# -- what all of them have ---------------------------------------------------------------------------------------------
def steps_of(reader: Reader, actor: Actor, kind: InstanceKind, business_key: str) -> tuple[MatterTask, ...]:
    """The tasks of its process, oldest first; `is_readable`: the actor may open the task."""
    seen = set(
        reader.execute(
            sa.select(tasks.c.task_id)
            .join(instances, instances.c.instance_id == tasks.c.instance_id)
            .where(instances.c.kind == kind, instances.c.business_key == business_key, visible_tasks(actor))
        ).scalars()
    )
    found = reader.execute(
        sa.select(tasks, persons.c.name.label("completed_by"))
        .join(instances, instances.c.instance_id == tasks.c.instance_id)
        .outerjoin(persons, persons.c.person_id == tasks.c.completed_by_id)
        .where(
            instances.c.kind == kind,
            instances.c.business_key == business_key,
            tasks.c.state.in_((*LIVE, TaskState.COMPLETED)),
        )
        .order_by(tasks.c.opened_at, tasks.c.task_id)
    )
    return tuple(
        MatterTask(
            row.task_id,
            row.element_id,
            row.name,
            row.state,
            row.opened_at,
            row.due_at,
            row.deadline,
            row.completed_at,
            row.completed_by,
            row.variables or {},
            row.task_id in seen,
        )
        for row in found
    )
