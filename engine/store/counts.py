"""Counts that figures, reports and checks stand on. Each is one SELECT with named parts; identities are checked by
callers."""

from datetime import datetime
from typing import Any

import sqlalchemy as sa

from engine.domain.case import CaseState
from engine.store.schema import cases


def is_open() -> sa.ColumnElement[bool]:
    """Retained by survey or not yet surveyed, and not accepted: what still has a light."""
    return sa.and_(cases.c.state == CaseState.ACTIVE, cases.c.done_at.is_(None))


def light(now: datetime) -> sa.ColumnElement[str]:
    """red, yellow or green of an open case; a case without a due date is green."""
    return sa.case((cases.c.due_at < now, "red"), (cases.c.yellow_at <= now, "yellow"), else_="green")


def _count(condition: sa.ColumnElement[bool], label: str) -> sa.ColumnElement[int]:
    return sa.func.coalesce(sa.func.sum(sa.case((condition, 1), else_=0)), 0).label(label)


def case_counts(now: datetime) -> tuple[sa.ColumnElement[int], ...]:
    """The columns of every count of cases, for a SELECT grouped any way at all."""
    surveyed = cases.c.surveyed_at.is_not(None)
    retained = sa.and_(surveyed, cases.c.state != CaseState.EXCLUDED)
    open_ = is_open()
    return (
        sa.func.count().label("registered"),
        _count(surveyed, "surveyed"),
        _count(cases.c.state == CaseState.EXCLUDED, "excluded"),
        _count(retained, "retained"),
        _count(sa.and_(retained, cases.c.disposition == "close"), "close"),
        _count(sa.and_(retained, cases.c.disposition == "rectify"), "rectify"),
        _count(sa.and_(retained, cases.c.disposition == "relocate"), "relocate"),
        _count(sa.and_(retained, cases.c.disposition.is_(None)), "undecided"),
        _count(cases.c.done_at.is_not(None), "done"),
        _count(cases.c.state == CaseState.STRUCK_OFF, "struck_off"),
        _count(open_, "open"),
        _count(sa.and_(open_, light(now) == "green"), "green"),
        _count(sa.and_(open_, light(now) == "yellow"), "yellow"),
        _count(sa.and_(open_, light(now) == "red"), "red"),
        _count(cases.c.lookback_at.is_not(None), "looked_back"),
        _count(cases.c.relapsed_at.is_not(None), "relapsed"),
        _count(cases.c.return_count > 0, "returned"),
    )


def unit_figures(connection: Any, campaign_id: str, unit_id: str, now: datetime) -> dict[str, int]:
    """What a unit's report says: the counts of the cases in its area or under its lead, at `now`."""
    row = (
        connection.execute(
            sa.select(*case_counts(now)).where(
                cases.c.campaign_id == campaign_id, sa.or_(cases.c.area_id == unit_id, cases.c.lead_id == unit_id)
            )
        )
        .mappings()
        .one()
    )
    return {name: int(value) for name, value in row.items()}
