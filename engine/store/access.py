"""Who may see which rows: the one place where jurisdiction becomes SQL. Every query of cases joins `visible_cases`."""

from typing import Any

import sqlalchemy as sa

from engine.domain.actor import Actor
from engine.store.schema import case_units, cases, instances, letters, reports, task_groups, tasks


def visible_cases(actor: Actor) -> sa.ColumnElement[bool]:
    """A condition on `cases`: in an area of the actor, led by a unit of theirs, or with such a unit cooperating."""
    if actor.sees_all:
        return sa.true()
    if not actor.sees_cases:
        return sa.false()
    cooperating = sa.select(case_units.c.case_id).where(case_units.c.unit_id.in_(actor.units))
    return sa.or_(cases.c.area_id.in_(actor.areas), cases.c.lead_id.in_(actor.units), cases.c.case_id.in_(cooperating))


def visible_tasks(actor: Actor) -> sa.ColumnElement[bool]:
    """A condition on `tasks`: offered to a group of the actor, theirs, or of a case they may see."""
    if actor.sees_all:
        return sa.true()
    mine = [tasks.c.assignee_id == actor.person_id, tasks.c.completed_by_id == actor.person_id, offered_to(actor)]
    if actor.sees_cases:
        mine.append(tasks.c.case_id.in_(sa.select(cases.c.case_id).where(visible_cases(actor))))
    return sa.or_(*mine)


def offered_to(actor: Actor) -> sa.ColumnElement[bool]:
    """A condition on `tasks`: one of its candidate groups is a role and unit of the actor."""
    pairs = [(membership.role, membership.unit_id) for membership in actor.memberships]
    if not pairs:
        return sa.false()
    return sa.exists().where(
        task_groups.c.task_id == tasks.c.task_id, sa.tuple_(task_groups.c.role, task_groups.c.unit_id).in_(pairs)
    )


def visible_letters(actor: Actor) -> sa.ColumnElement[bool]:
    """A condition on `letters`: the office and its watchers see all, a unit sees those addressed to it."""
    return sa.true() if actor.sees_all else letters.c.unit_id.in_(actor.units)


def visible_reports(actor: Actor) -> sa.ColumnElement[bool]:
    """A condition on `reports`: one's own unit's, or all for watchers."""
    return sa.true() if actor.sees_all else reports.c.unit_id.in_(actor.units)


def visible_instances(actor: Actor) -> sa.ColumnElement[bool]:
    """A condition on `instances`: of a visible case, or with a task offered to the actor."""
    if actor.sees_all:
        return sa.true()
    seen_cases = sa.select(cases.c.case_id).where(visible_cases(actor))
    own_tasks = sa.select(tasks.c.instance_id).where(offered_to(actor))
    return sa.or_(instances.c.case_id.in_(seen_cases), instances.c.instance_id.in_(own_tasks))


def may_see_case(connection: Any, actor: Actor, case_id: str) -> bool:
    query = sa.select(cases.c.case_id).where(cases.c.case_id == case_id, visible_cases(actor))
    return connection.execute(query).first() is not None


def may_see_task(connection: Any, actor: Actor, task_id: str) -> bool:
    query = sa.select(tasks.c.task_id).where(tasks.c.task_id == task_id, visible_tasks(actor))
    return connection.execute(query).first() is not None
