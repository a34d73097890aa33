"""One supervision item: the rungs it reached, its letters, what happened and when the next rung is due."""

from dataclasses import dataclass
from datetime import datetime

import sqlalchemy as sa

from engine import rulings
from engine.domain.actor import Actor
from engine.domain.escalation import Ladder
from engine.errors import NotFound
from engine.queries.cases import FactRow
from engine.queries.red_cases import overdue_workdays
from engine.store import access, supervision
from engine.store.schema import facts, instances, jobs, letter_services, letters, supervision_items, tasks, units
from engine.store.schema import rungs as rung_rows
from engine.store.transaction import Reader


@dataclass(frozen=True)
class RungRow:
    position: int
    instrument: str
    level: int
    at: datetime
    rule: str
    reason: str
    letter_id: str | None
    number: str | None


@dataclass(frozen=True)
class ItemPage:
    item_id: str
    campaign_id: str
    case_id: str | None
    report_id: str | None
    task_id: str
    task_name: str
    name: str
    unit: str
    unit_id: str
    reason: str
    due_original_at: datetime
    overdue_workdays: int
    level: int
    state: str
    opened_at: datetime
    closed_at: datetime | None
    instance_id: str | None
    next_at: datetime | None
    rungs: tuple[RungRow, ...]
    letters: tuple[tuple[str, str, str, str], ...]  # id, number, kind, state
    facts: tuple[FactRow, ...]


def item(reader: Reader, actor: Actor, item_id: str) -> ItemPage:
    """Raises NotFound for a foreign item."""
    row = (
        reader.execute(
            sa.select(supervision_items, units.c.name.label("unit"), tasks.c.name.label("task_name"))
            .add_columns(access.known_level(actor).label("known_level"))
            .join(units, units.c.unit_id == supervision_items.c.unit_id)
            .join(tasks, tasks.c.task_id == supervision_items.c.task_id)
            .where(supervision_items.c.item_id == item_id, access.visible_items(actor))
        )
        .mappings()
        .first()
    )
    if row is None:
        raise NotFound("item_unknown", f"There is no supervision item {item_id}.", item=item_id)
    instance_id = reader.execute(
        sa.select(instances.c.instance_id).where(instances.c.kind == "supervision", instances.c.business_key == item_id)
    ).scalar()
    return ItemPage(
        **{
            name: row[name]
            for name in (
                "item_id",
                "campaign_id",
                "case_id",
                "report_id",
                "task_id",
                "task_name",
                "name",
                "unit",
                "unit_id",
                "reason",
                "due_original_at",
                "state",
                "opened_at",
                "closed_at",
            )
        },
        overdue_workdays=overdue_workdays(reader, row["due_original_at"], row["closed_at"]),
        level=row["known_level"],
        instance_id=instance_id,
        next_at=_next_at(reader, actor, instance_id),
        rungs=rungs_of(reader, actor, item_id),
        letters=tuple(
            (found.letter_id, found.number, found.kind, found.state)
            for found in reader.execute(
                sa.select(letters.c.letter_id, letters.c.number, letters.c.kind, letter_services.c.state)
                .join(letter_services, letter_services.c.letter_id == letters.c.letter_id)
                .where(letters.c.item_id == item_id, access.visible_letters(actor))
                .order_by(letters.c.issued_at, letters.c.letter_id)
            )
        ),
        facts=tuple(
            FactRow(fact.fact_id, fact.at, fact.kind, fact.person, fact.detail)
            for fact in reader.execute(
                sa.select(facts)
                .where(facts.c.instance_id == instance_id, access.known_facts(actor))
                .order_by(facts.c.fact_id.desc())
                .limit(200)
            )
        ),
    )


def ladder(reader: Reader, campaign_id: str) -> Ladder:
    """The rungs of a campaign by the newest version of its table. Raises NotFound, Rejected."""
    return rulings.ladder(reader, campaign_id)


def rungs_of(reader: Reader, actor: Actor, item_id: str) -> tuple[RungRow, ...]:
    """In the order in which they were reached; a referral's only to those who may know of it."""
    found = reader.execute(
        sa.select(rung_rows, letters.c.number, letters.c.letter_id.label("paper"))
        .select_from(rung_rows)
        .outerjoin(letters, letters.c.letter_id == supervision.paper_of_rung())
        .where(rung_rows.c.item_id == item_id, access.known_rungs(actor))
        .order_by(rung_rows.c.position)
    )
    names = ("position", "instrument", "level", "at", "rule", "reason", "paper", "number")
    return tuple(RungRow(*(getattr(row, name) for name in names)) for row in found)


def _next_at(reader: Reader, actor: Actor, instance_id: str | None) -> datetime | None:
    if instance_id is None or access.is_climb_discreet(reader.connection, actor, instance_id):
        return None
    return reader.execute(
        sa.select(sa.func.min(jobs.c.due_at)).where(
            jobs.c.instance_id == instance_id, jobs.c.kind == "timer", jobs.c.state == "OPEN"
        )
    ).scalar()
