"""Plans of inspections with what they overlap, and their conclusions."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import sqlalchemy as sa

from engine.domain.actor import Actor
from engine.domain.inspection import Overlap, Plan
from engine.errors import NotFound
from engine.queries.accountability import ObjectionRow, objection_row, seen_objections
from engine.store import accountability as store
from engine.store import inspections as rows
from engine.store.schema import conclusions, inspected_units, inspection_plans, objections, persons, units
from engine.store.transaction import Reader


@dataclass(frozen=True)
class InspectionRow:
    plan_id: str
    campaign_id: str
    plan: Plan
    state: str
    overlap_reason: str
    drafted_at: datetime
    drafted_by: str
    drafted_by_id: str
    approved_at: datetime | None
    approved_by: str


@dataclass(frozen=True)
class Conclusion:
    conclusion_id: str
    unit_id: str
    unit: str
    findings: str
    evidence: str
    opinion: str
    demands: str
    fed_back_at: datetime
    objection_deadline: Mapping[str, Any]
    concluded_by: str
    objections: tuple[ObjectionRow, ...]


@dataclass(frozen=True)
class InspectionPage:
    """`waiting`: (unit id, name) of units without a conclusion yet."""

    row: InspectionRow
    units: tuple[tuple[str, str], ...]
    overlaps: tuple[Overlap, ...]
    conclusions: tuple[Conclusion, ...]
    waiting: tuple[tuple[str, str], ...]


def inspections_of(reader: Reader, actor: Actor, campaign_id: str) -> tuple[InspectionRow, ...]:
    """A unit sees the approved ones that inspect it."""
    found = reader.execute(
        _plans(actor)
        .where(inspection_plans.c.campaign_id == campaign_id)
        .order_by(inspection_plans.c.drafted_at.desc(), inspection_plans.c.plan_id)
        .limit(200)
    ).mappings()
    return tuple(_row(reader, row) for row in list(found))


def inspection(reader: Reader, actor: Actor, plan_id: str) -> InspectionPage:
    """Raises NotFound. A unit reads only its own conclusion."""
    row = reader.execute(_plans(actor).where(inspection_plans.c.plan_id == plan_id)).mappings().first()
    if row is None:
        raise NotFound("inspection_unknown", f"There is no plan {plan_id}.", plan=plan_id)
    shown = _row(reader, row)
    names = reader.execute(
        sa.select(units.c.unit_id, units.c.name)
        .where(units.c.unit_id.in_(shown.plan.unit_ids))
        .order_by(units.c.position)
    )
    inspected = tuple((unit.unit_id, unit.name) for unit in names)
    drawn = _conclusions(reader, actor, plan_id)
    concluded = set(rows.concluded_units(reader, plan_id))
    return InspectionPage(
        shown,
        inspected,
        rows.overlaps(reader, shown.plan, but=plan_id),
        drawn,
        tuple(unit for unit in inspected if unit[0] not in concluded),
    )


def overlaps(reader: Reader, plan: Plan) -> tuple[Overlap, ...]:
    """Of a plan that is being written; nothing while its period is open."""
    return rows.overlaps(reader, plan) if plan.starts_on and plan.ends_on else ()


def concluded_plan(reader: Reader, actor: Actor, conclusion_id: str) -> str:
    """The title of the plan that a conclusion ended. Raises NotFound for another unit's conclusion."""
    query = _plans(actor).join(conclusions, conclusions.c.plan_id == inspection_plans.c.plan_id)
    if not (actor.sees_all and actor.sees_accountability):
        query = query.where(conclusions.c.unit_id.in_(actor.units))
    query = query.where(conclusions.c.conclusion_id == conclusion_id)
    title = reader.execute(query.with_only_columns(inspection_plans.c.title)).scalar()
    if title is None:
        raise NotFound("conclusion_unknown", "There is no such conclusion.", conclusion=conclusion_id)
    return str(title)


def _plans(actor: Actor) -> sa.Select[Any]:
    query = sa.select(inspection_plans)
    if actor.sees_all and actor.sees_accountability:
        return query
    if not actor.sees_cases:
        return query.where(sa.false())
    ours = sa.select(inspected_units.c.plan_id).where(inspected_units.c.unit_id.in_(actor.units))
    return query.where(inspection_plans.c.plan_id.in_(ours), inspection_plans.c.state != "DRAFT")


def _row(reader: Reader, row: Mapping[str, Any]) -> InspectionRow:
    return InspectionRow(
        plan_id=row["plan_id"],
        campaign_id=row["campaign_id"],
        plan=rows.plan_of(row, rows.units_of(reader, row["plan_id"])),
        state=row["state"],
        overlap_reason=row["overlap_reason"],
        drafted_at=row["drafted_at"],
        drafted_by=store.person_name(reader, row["drafted_by_id"]),
        drafted_by_id=row["drafted_by_id"],
        approved_at=row["approved_at"],
        approved_by=store.person_name(reader, row["approved_by_id"]),
    )


def _conclusions(reader: Reader, actor: Actor, plan_id: str) -> tuple[Conclusion, ...]:
    query = (
        sa.select(conclusions, units.c.name.label("unit"), persons.c.name.label("concluded_by"))
        .join(units, units.c.unit_id == conclusions.c.unit_id)
        .join(persons, persons.c.person_id == conclusions.c.concluded_by_id)
        .where(conclusions.c.plan_id == plan_id)
        .order_by(conclusions.c.fed_back_at, conclusions.c.conclusion_id)
    )
    if not (actor.sees_all and actor.sees_accountability):
        query = query.where(conclusions.c.unit_id.in_(actor.units))
    found = list(reader.execute(query).mappings())
    asked: dict[str, list[ObjectionRow]] = {}
    for row in reader.execute(
        seen_objections(actor).where(objections.c.conclusion_id.in_([row["conclusion_id"] for row in found]))
    ).mappings():
        asked.setdefault(row["conclusion_id"], []).append(objection_row(row))
    names = [name for name in Conclusion.__dataclass_fields__ if name != "objections"]
    return tuple(
        Conclusion(**{name: row[name] for name in names}, objections=tuple(asked.get(row["conclusion_id"], ())))
        for row in found
    )
