"""Rows of inspections: plans with their units, conclusions."""

from collections.abc import Mapping
from typing import Any

import sqlalchemy as sa

from engine.domain.inspection import Overlap, Plan, overlap
from engine.store.schema import conclusions, inspected_units, inspection_plans
from engine.store.transaction import Transaction


def add_plan(tx: Transaction, plan_id: str, campaign_id: str, plan: Plan, overlap_reason: str) -> None:
    tx.execute(
        inspection_plans.insert().values(
            plan_id=plan_id,
            campaign_id=campaign_id,
            title=plan.title.strip(),
            basis=plan.basis.strip(),
            kind=plan.kind,
            methods=list(plan.methods),
            scope=plan.scope.strip(),
            items=list(plan.items),
            starts_on=plan.starts_on,
            ends_on=plan.ends_on,
            overlap_reason=overlap_reason,
            state="DRAFT",
            drafted_at=tx.now,
            drafted_by_id=tx.actor.person_id,
        )
    )
    for unit_id in plan.unit_ids:
        tx.execute(inspected_units.insert().values(plan_id=plan_id, unit_id=unit_id))


def lock_plan(tx: Transaction, plan_id: str) -> Mapping[str, Any] | None:
    query = sa.select(inspection_plans).where(inspection_plans.c.plan_id == plan_id)
    return tx.execute(query if tx.is_sqlite else query.with_for_update()).mappings().first()


def update_plan(tx: Transaction, plan_id: str, **values: Any) -> None:
    tx.execute(inspection_plans.update().where(inspection_plans.c.plan_id == plan_id).values(**values))


def units_of(scope: Any, plan_id: str) -> tuple[str, ...]:
    query = sa.select(inspected_units.c.unit_id).where(inspected_units.c.plan_id == plan_id)
    return tuple(scope.execute(query.order_by(inspected_units.c.unit_id)).scalars())


def overlaps(scope: Any, plan: Plan, *, but: str = "") -> tuple[Overlap, ...]:
    """With every plan that is drafted or approved, of any campaign of this office; `but` is the plan itself."""
    rows = scope.execute(
        sa.select(inspection_plans)
        .where(
            inspection_plans.c.plan_id != but,
            inspection_plans.c.starts_on <= plan.ends_on,
            inspection_plans.c.ends_on >= plan.starts_on,
        )
        .order_by(inspection_plans.c.starts_on, inspection_plans.c.plan_id)
    ).mappings()
    compared = ((row["plan_id"], plan_of(row, units_of(scope, row["plan_id"]))) for row in list(rows))
    found = (overlap(plan, other, plan_id=plan_id) for plan_id, other in compared)
    return tuple(each for each in found if each is not None)


def plan_of(row: Mapping[str, Any], unit_ids: tuple[str, ...]) -> Plan:
    return Plan(
        title=row["title"],
        basis=row["basis"],
        kind=row["kind"],
        methods=tuple(row["methods"]),
        scope=row["scope"],
        items=tuple(row["items"]),
        unit_ids=unit_ids,
        starts_on=row["starts_on"],
        ends_on=row["ends_on"],
    )


def add_conclusion(tx: Transaction, **values: Any) -> None:
    tx.execute(conclusions.insert().values(concluded_by_id=tx.actor.person_id, fed_back_at=tx.now, **values))


def concluded_units(scope: Any, plan_id: str) -> tuple[str, ...]:
    return tuple(scope.execute(sa.select(conclusions.c.unit_id).where(conclusions.c.plan_id == plan_id)).scalars())
