"""The ledger of cases as branches: for each reason to see a case a walk along one index, open cases by due date first.

Knows which cases are listed, in which order, how many they are and what they can be narrowed to; not how they are
shown.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa

from engine.domain.actor import Actor
from engine.queries.paging import COUNTED_TO, Branch, Count, capped, count_of, first, horizon, like
from engine.store.access import visible_cases, visible_tallies
from engine.store.schema import case_tallies, case_units, cases, due_tallies, units
from engine.store.transaction import Reader

OPEN_RANKS, OPEN_WITH_DATE, OPEN_WITHOUT, FINISHED = (0, 1), 0, 1, 2  # of `ledger_rank`: finished from 2
ORDER = (cases.c.ledger_rank, cases.c.due_at, cases.c.case_id)


@dataclass(frozen=True)
class CaseFilter:
    campaign: str = ""
    state: str = ""  # ACTIVE | EXCLUDED | STRUCK_OFF
    phase: str = ""
    area: str = ""
    lead: str = ""
    disposition: str = ""
    light: str = ""
    text: str = ""
    page: int = 1


def listed(reader: Reader, actor: Actor, wanted: CaseFilter) -> tuple[Branch, ...]:
    """What the filter finds of what the actor may see: the case's number, and what it is sorted by."""
    conditions = _conditions(wanted)
    return tuple(
        Branch(sa.select(cases.c.case_id, cases.c.ledger_rank, cases.c.due_at).where(seen, lit, *conditions), ORDER)
        for seen in _seen(reader, actor)
        for lit in _lit(reader, wanted.light)
    )


def keys(branches: Sequence[Branch], offset: int, limit: int) -> sa.Subquery:
    """One page of case numbers."""
    found = first(branches, offset + limit)
    order = (found.c.ledger_rank, found.c.due_at, found.c.case_id)
    return sa.select(found).order_by(*order).limit(limit).offset(offset).subquery()


def total(reader: Reader, actor: Actor, wanted: CaseFilter, branches: Sequence[Branch]) -> Count:
    """From the maintained counters where they tell all that the filter asks and area and lead decide what the actor
    sees; otherwise counted, to 999 and then a floor."""
    counted = None if _cooperation(reader, actor) else _tallied(reader, actor, wanted)
    if counted is not None:
        return Count(counted)
    up_to = horizon(wanted.page)
    return count_of(reader.execute(sa.select(capped(branches, up_to))).scalar_one(), up_to)


def places(reader: Reader, actor: Actor) -> tuple[tuple[tuple[str, str], ...], tuple[tuple[str, str], ...]]:
    """Areas and lead units that cases can be narrowed to, in the order of the unit tree. Of cases in which a unit only
    cooperates, what the first 999 offer."""
    seen = visible_tallies(actor, case_tallies.c)
    pairs = set(
        reader.execute(
            sa.select(case_tallies.c.area_id, case_tallies.c.lead_id)
            .where(seen)
            .group_by(case_tallies.c.area_id, case_tallies.c.lead_id)
            .having(sa.func.sum(case_tallies.c.n) > 0)
        ).all()
    )
    if _cooperation(reader, actor):
        some = (
            sa.select(cases.c.area_id, cases.c.lead_id)
            .join(case_units, case_units.c.case_id == cases.c.case_id)
            .where(case_units.c.unit_id.in_(actor.units))
            .limit(COUNTED_TO)
            .subquery()
        )
        pairs |= set(reader.execute(sa.select(some).distinct()).all())
    found = reader.execute(sa.select(units.c.unit_id, units.c.name).order_by(units.c.position)).all()
    areas, leads = {pair[0] for pair in pairs}, {pair[1] for pair in pairs}
    return (
        tuple((row.unit_id, row.name) for row in found if row.unit_id in areas),
        tuple((row.unit_id, row.name) for row in found if row.unit_id in leads),
    )


def _seen(reader: Reader, actor: Actor) -> list[sa.ColumnElement[bool]]:
    """Together `visible_cases`; each of them on its own is served by an index of cases."""
    if actor.sees_all or not actor.sees_cases:
        return [visible_cases(actor)]
    conditions = [cases.c.area_id == area for area in sorted(actor.areas)]
    conditions += [cases.c.lead_id == unit for unit in sorted(actor.units)]
    cooperating = _cooperation(reader, actor)
    if cooperating.is_floor:  # so many that walking the ledger soon finds a page of them
        own = sa.select(case_units.c.case_id).where(
            case_units.c.case_id == cases.c.case_id, case_units.c.unit_id.in_(actor.units)
        )
        conditions.append(own.exists())
    elif cooperating:
        few = sa.select(case_units.c.case_id).where(case_units.c.unit_id.in_(actor.units))
        conditions.append(cases.c.case_id.in_(few))
    return conditions or [sa.false()]


def _cooperation(reader: Reader, actor: Actor) -> Count:
    """In how many cases a unit of the actor cooperates, as far as that says why the actor sees them."""
    if actor.sees_all or not actor.sees_cases or not actor.units:
        return Count(0)
    key = ("cooperation", actor)
    if key not in reader.cache:
        found = Branch(sa.select(case_units.c.case_id).where(case_units.c.unit_id.in_(actor.units)), ())
        reader.cache[key] = count_of(reader.execute(sa.select(capped([found], COUNTED_TO))).scalar_one())
    counted: Count = reader.cache[key]
    return counted


def _lit(reader: Reader, light: str) -> list[sa.ColumnElement[bool]]:
    """What shows a light, in parts of which each is a range of the index; only open cases have one."""
    now, rank = reader.now, cases.c.ledger_rank
    is_yellow = cases.c.yellow_at <= now
    ahead = sa.and_(rank == OPEN_WITH_DATE, cases.c.due_at >= now)
    if not light:
        return [sa.true()]
    if light == "red":
        return [sa.and_(rank == OPEN_WITH_DATE, cases.c.due_at < now)]
    if light == "yellow":
        return [sa.and_(ahead, is_yellow), sa.and_(rank == OPEN_WITHOUT, is_yellow)]
    if light == "green":
        is_green = sa.or_(cases.c.yellow_at.is_(None), cases.c.yellow_at > now)
        return [sa.and_(ahead, is_green), sa.and_(rank == OPEN_WITHOUT, is_green)]
    return [sa.false()]


def _conditions(wanted: CaseFilter) -> list[sa.ColumnElement[bool]]:
    conditions = [
        column == value
        for value, column in (
            (wanted.campaign, cases.c.campaign_id),
            (wanted.state, cases.c.state),
            (wanted.phase, cases.c.phase),
            (wanted.area, cases.c.area_id),
            (wanted.lead, cases.c.lead_id),
            (wanted.disposition, cases.c.disposition),
        )
        if value
    ]
    if wanted.state in ("EXCLUDED", "STRUCK_OFF"):
        conditions.append(cases.c.ledger_rank >= FINISHED)
    if wanted.text.strip():
        pattern = like(wanted.text.strip())
        columns = (cases.c.case_id, cases.c.name, cases.c.credit_code, cases.c.address)
        conditions.append(sa.or_(*(column.like(pattern, escape="\\") for column in columns)))
    return conditions


def _tallied(reader: Reader, actor: Actor, wanted: CaseFilter) -> int | None:
    """None when the counters do not know: of words, and of a light together with what is no place."""
    if wanted.text.strip() or (wanted.light and (wanted.state or wanted.phase or wanted.disposition)):
        return None
    of: Any = due_tallies.c if wanted.light else case_tallies.c
    names = ("campaign", "state", "phase", "area", "lead", "disposition")
    columns = {"campaign": "campaign_id", "area": "area_id", "lead": "lead_id"}
    conditions = [of[columns.get(name, name)] == getattr(wanted, name) for name in names if getattr(wanted, name)]
    if wanted.light:
        lights = {
            "red": of.due_at < reader.now,
            "yellow": sa.and_(of.due_at >= reader.now, of.yellow_at <= reader.now),
            "green": sa.and_(of.due_at >= reader.now, of.yellow_at > reader.now),
        }
        conditions.append(lights.get(wanted.light, sa.false()))
    query = sa.select(sa.func.coalesce(sa.func.sum(of.n), 0)).where(visible_tallies(actor, of), *conditions)
    return int(reader.execute(query).scalar_one())
