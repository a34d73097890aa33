"""Who may see which rows: the one place where jurisdiction becomes SQL. Every query of cases joins `visible_cases`."""

from typing import Any

import sqlalchemy as sa

from engine.domain.actor import Actor
from engine.domain.escalation import REFERRAL
from engine.domain.instance import InstanceKind
from engine.domain.task import LIVE
from engine.store.schema import (
    case_units,
    cases,
    facts,
    instances,
    jobs,
    letter_addressees,
    letters,
    referrals,
    reports,
    rungs,
    supervision_items,
    task_groups,
    tasks,
    visits,
)

# What the machine notes while a ladder runs, and what an administrator does to it: after the referral it would tell of
# its making and of its end.
_OF_RUNNING = (
    "JobCompleted", "TimerFired", "MessageSent", "MessageDelivered", "IncidentRaised", "IncidentResolved",
    "InstanceMoved", "OperationUndone",
)  # fmt: skip
# The job by which a ladder proposes its referral: it may wait for one by hand before there is a rung of it.
_PROPOSES = sa.and_(
    jobs.c.kind == "start_process", jobs.c.payload[("inputs", "process")].as_string() == InstanceKind.ACCOUNTABILITY
)


def visible_cases(actor: Actor) -> sa.ColumnElement[bool]:
    """A condition on `cases`: in an area of the actor, led by a unit of theirs, or with such a unit cooperating."""
    if actor.sees_all:
        return sa.true()
    if not actor.sees_cases:
        return sa.false()
    cooperating = sa.select(case_units.c.case_id).where(case_units.c.unit_id.in_(actor.units))
    return sa.or_(cases.c.area_id.in_(actor.areas), cases.c.lead_id.in_(actor.units), cases.c.case_id.in_(cooperating))


def visible_tallies(actor: Actor, columns: Any) -> sa.ColumnElement[bool]:
    """A condition on a table of counters: what of `visible_cases` follows from area and lead. `cooperating_cases` are
    the rest; the two have no case in common."""
    if actor.sees_all:
        return sa.true()
    if not actor.sees_cases:
        return sa.false()
    return sa.or_(columns.area_id.in_(actor.areas), columns.lead_id.in_(actor.units))


def cooperating_cases(actor: Actor) -> sa.ColumnElement[bool]:
    """A condition on `cases`: those that the actor sees for no other reason than that a unit of theirs cooperates."""
    if actor.sees_all or not actor.sees_cases:
        return sa.false()
    cooperating = sa.select(case_units.c.case_id).where(case_units.c.unit_id.in_(actor.units))
    return sa.and_(
        cases.c.case_id.in_(cooperating), cases.c.area_id.not_in(actor.areas), cases.c.lead_id.not_in(actor.units)
    )


def visible_tasks(actor: Actor) -> sa.ColumnElement[bool]:
    """A condition on `tasks`: offered to a group of the actor, theirs, or of a case they may see; those of a referral
    only to whom it concerns (`known_referrals`)."""
    if actor.sees_all and actor.sees_referrals:
        return sa.true()
    mine = [tasks.c.assignee_id == actor.person_id, tasks.c.completed_by_id == actor.person_id, offered_to(actor)]
    if actor.sees_all:
        seen: sa.ColumnElement[bool] = sa.true()
    else:
        seen = tasks.c.case_id.in_(sa.select(cases.c.case_id).where(visible_cases(actor)))
    of_referral = tasks.c.process_key == InstanceKind.ACCOUNTABILITY
    ours = sa.or_(sa.not_(of_referral), tasks.c.instance_id.in_(_own_referrals(actor)))
    return sa.and_(sa.or_(*mine, seen), ours)


def offered_to(actor: Actor) -> sa.ColumnElement[bool]:
    """A condition on `tasks`: one of its candidate groups is a role and unit of the actor."""
    pairs = [(membership.role, membership.unit_id) for membership in actor.memberships]
    if not pairs:
        return sa.false()
    return sa.exists().where(
        task_groups.c.task_id == tasks.c.task_id, sa.tuple_(task_groups.c.role, task_groups.c.unit_id).in_(pairs)
    )


def visible_letters(actor: Actor) -> sa.ColumnElement[bool]:
    """A condition on `letters`: the office and its watchers see all, a unit sees those addressed to it.

    A referral speaks about its unit to others: `known_referrals` (accountability.bpmn: 限定知悉范围).
    """
    if actor.sees_referrals and actor.sees_all:
        return sa.true()
    if not actor.sees_cases:
        return sa.false()
    together = sa.select(letter_addressees.c.letter_id).where(letter_addressees.c.unit_id.in_(actor.units))
    own = sa.or_(letters.c.unit_id.in_(actor.units), letters.c.letter_id.in_(together))
    mine = sa.true() if actor.sees_all else own
    is_other = letters.c.kind != "referral"
    if not actor.sees_accountability:
        return sa.and_(mine, is_other)
    # By the referral that it is the letter of, never by its item: one by hand has none, and an item may have two.
    known = sa.and_(referrals.c.letter_id.is_not(None), known_referrals(actor))
    return sa.and_(mine, sa.or_(is_other, letters.c.letter_id.in_(_referrals(referrals.c.letter_id).where(known))))


def visible_reports(actor: Actor) -> sa.ColumnElement[bool]:
    """A condition on `reports`: one's own unit's, or all for watchers."""
    if actor.sees_all:
        return sa.true()
    return reports.c.unit_id.in_(actor.units) if actor.sees_cases else sa.false()


def visible_items(actor: Actor) -> sa.ColumnElement[bool]:
    """A condition on `supervision_items`: against a unit of the actor, or about a case they may see."""
    if actor.sees_all:
        return sa.true()
    return sa.or_(
        supervision_items.c.unit_id.in_(actor.units),
        supervision_items.c.case_id.in_(sa.select(cases.c.case_id).where(visible_cases(actor))),
    )


def visible_instances(actor: Actor) -> sa.ColumnElement[bool]:
    """A condition on `instances`: of a visible case, or with a task offered to the actor."""
    if actor.sees_all and actor.sees_referrals:
        return sa.true()
    own_tasks = sa.select(tasks.c.instance_id).where(offered_to(actor))
    if actor.sees_all:
        seen: sa.ColumnElement[bool] = sa.true()
    else:
        seen = instances.c.case_id.in_(sa.select(cases.c.case_id).where(visible_cases(actor)))
    return sa.and_(sa.or_(seen, instances.c.instance_id.in_(own_tasks)), known_referrals(actor))


def known_referrals(actor: Actor) -> sa.ColumnElement[bool]:
    """A condition on `instances`, true for all but referrals: those are for the inspector, for the supervisor who
    prepared them, the leader who decided, and whoever is asked to at the moment."""
    if actor.sees_referrals:
        return sa.true()
    return sa.or_(instances.c.kind != InstanceKind.ACCOUNTABILITY, instances.c.instance_id.in_(_own_referrals(actor)))


def known_rungs(actor: Actor) -> sa.ColumnElement[bool]:
    """A condition on `rungs`, true for all but the referral: that an item has come to it is for whom the referral
    concerns (`known_referrals`), for the chief has not decided yet."""
    if actor.sees_referrals:
        return sa.true()
    return sa.or_(rungs.c.instrument != REFERRAL, rungs.c.item_id.in_(_known_items(actor)))


def known_level(actor: Actor) -> sa.ColumnElement[int]:
    """The level of a row of `supervision_items`, as far as the actor knows its rungs."""
    if actor.sees_referrals:
        return supervision_items.c.level
    of_item = rungs.c.item_id == supervision_items.c.item_id
    hidden = sa.exists().where(of_item, sa.not_(known_rungs(actor))).correlate(supervision_items)
    last = (
        sa.select(rungs.c.level)
        .where(of_item, known_rungs(actor))
        .order_by(rungs.c.position.desc())
        .limit(1)
        .correlate(supervision_items)
        .scalar_subquery()
    )
    return sa.case((hidden, sa.func.coalesce(last, 0)), else_=supervision_items.c.level)


def known_facts(actor: Actor) -> sa.ColumnElement[bool]:
    """A condition on `facts`, true for all but those that tell of the rung of a referral (`known_rungs`), and of what
    its ladder waits for since."""
    if actor.sees_referrals:
        return sa.true()
    climbs = sa.select(instances.c.instance_id).where(
        instances.c.kind == InstanceKind.SUPERVISION, instances.c.business_key.in_(_known_items(actor))
    )
    is_other = sa.or_(facts.c.kind != "RungReached", facts.c.detail["rung"].as_string() != REFERRAL)
    is_told = sa.or_(facts.c.kind.not_in(_OF_RUNNING), sa.not_(_is_after_referral(facts)))
    return sa.or_(sa.and_(is_other, is_told), facts.c.instance_id.in_(climbs))


def known_visits(actor: Actor) -> sa.ColumnElement[bool]:
    """A condition on `visits`: where a ladder has gone since its referral is for whom the referral concerns."""
    if actor.sees_referrals:
        return sa.true()
    climbs = sa.select(instances.c.instance_id).where(
        instances.c.kind == InstanceKind.SUPERVISION, instances.c.business_key.in_(_known_items(actor))
    )
    return sa.or_(sa.not_(_is_after_referral(visits)), visits.c.instance_id.in_(climbs))


def is_climb_discreet(connection: Any, actor: Actor, instance_id: str | None) -> bool:
    """Whether the instance is that of a ladder whose referral does not concern the actor: nothing is told of what it
    waits for."""
    found = discreet_climbs(actor, sa.select(instances.c.instance_id).where(instances.c.instance_id == instance_id))
    return connection.execute(found.limit(1)).first() is not None


def known_work(actor: Actor, instance_id: sa.ColumnElement[Any]) -> sa.ColumnElement[bool]:
    """A condition on rows of work by their instance, true for all but that of referrals, and of ladders at their
    referral, which do not concern the actor. Who keeps the system must put right whatever stops, and knows it all."""
    if actor.sees_referrals or actor.has_role("sysadmin"):
        return sa.true()
    climbs = sa.select(instances.c.instance_id).where(instances.c.kind == InstanceKind.SUPERVISION)
    hidden = sa.union(
        sa.select(instances.c.instance_id).where(sa.not_(known_referrals(actor))),
        sa.select(discreet_climbs(actor, climbs).order_by(None).subquery().c.instance_id),
    )
    return sa.or_(instance_id.is_(None), instance_id.not_in(hidden))


def discreet_climbs(actor: Actor, among: sa.Select[Any]) -> sa.Select[Any]:
    """(instance id, since when) of those ladders among these instances of which nothing is told since their referral,
    which does not concern the actor; the earliest first."""
    proposed = sa.select(jobs.c.instance_id, jobs.c.created_at.label("since")).where(
        jobs.c.instance_id.in_(among), _PROPOSES
    )
    of_item = sa.and_(instances.c.kind == InstanceKind.SUPERVISION, instances.c.business_key == rungs.c.item_id)
    reached = (
        sa.select(instances.c.instance_id, rungs.c.at)
        .join(rungs, of_item)
        .where(instances.c.instance_id.in_(among), rungs.c.instrument == REFERRAL)
    )
    came = sa.union_all(proposed, reached).subquery()
    return (
        sa.select(came.c.instance_id, came.c.since)
        .join(instances, instances.c.instance_id == came.c.instance_id)
        .where(
            instances.c.kind == InstanceKind.SUPERVISION,
            sa.false() if actor.sees_referrals else instances.c.business_key.not_in(_known_items(actor)),
        )
        .order_by(came.c.since)
    )


def _is_after_referral(noted: sa.Table) -> sa.ColumnElement[bool]:
    """A condition on `facts` or `visits`: of a ladder that had come to a referral by then, or went about to propose
    it."""
    ladder = instances.alias()
    of_item = sa.and_(ladder.c.kind == InstanceKind.SUPERVISION, ladder.c.business_key == rungs.c.item_id)
    reached = sa.and_(rungs.c.instrument == REFERRAL, rungs.c.at <= noted.c.at)
    found = sa.select(rungs.c.item_id).join(ladder, of_item).where(ladder.c.instance_id == noted.c.instance_id, reached)
    of_ladder = sa.and_(ladder.c.kind == InstanceKind.SUPERVISION, ladder.c.instance_id == jobs.c.instance_id)
    went_about = sa.and_(_PROPOSES, jobs.c.created_at <= noted.c.at)
    begun = sa.select(jobs.c.job_id).join(ladder, of_ladder)
    begun = begun.where(ladder.c.instance_id == noted.c.instance_id, went_about)
    return sa.or_(found.correlate(noted).exists(), begun.correlate(noted).exists())


def _known_items(actor: Actor) -> sa.Select[Any]:
    """Supervision items whose referral concerns the actor. One proposed by hand has none: a NULL in this list would
    make NOT IN of it neither true nor false."""
    return _referrals(referrals.c.item_id).where(referrals.c.item_id.is_not(None), known_referrals(actor))


def _referrals(column: sa.ColumnElement[Any]) -> sa.Select[Any]:
    """A column of `referrals`, with their `instances`."""
    of_referral = sa.and_(
        instances.c.kind == InstanceKind.ACCOUNTABILITY, instances.c.business_key == referrals.c.referral_id
    )
    return sa.select(column).join(instances, of_referral).correlate(None)


def _own_referrals(actor: Actor) -> sa.Select[Any]:
    """Instances of referrals in which the actor has a part."""
    made = sa.and_(instances.c.instance_id == tasks.c.instance_id, instances.c.kind == InstanceKind.ACCOUNTABILITY)
    of_referral = sa.select(tasks.c.instance_id).join(instances, made).correlate(None)
    if actor.sees_referrals:
        return of_referral
    asked = sa.and_(tasks.c.state.in_(LIVE), offered_to(actor))
    theirs = (tasks.c.assignee_id == actor.person_id, tasks.c.completed_by_id == actor.person_id)
    return of_referral.where(sa.or_(*theirs, asked))


def visible_facts(actor: Actor) -> sa.ColumnElement[bool]:
    """A condition on `facts` of letters and cases that the actor may see: of what one addressee of a letter to several
    did, or was told, the others see nothing."""
    if actor.sees_all:
        return sa.true()
    unit = facts.c.detail["unit"].as_string()
    return sa.or_(facts.c.kind.not_like("Letter%"), unit.is_(None), unit.in_(actor.units))


def may_see_letter(connection: Any, actor: Actor, letter_id: str) -> bool:
    query = sa.select(letters.c.letter_id).where(letters.c.letter_id == letter_id, visible_letters(actor))
    return connection.execute(query).first() is not None


def may_see_referral(connection: Any, actor: Actor, referral_id: str) -> bool:
    query = sa.select(instances.c.instance_id).where(
        instances.c.kind == InstanceKind.ACCOUNTABILITY,
        instances.c.business_key == referral_id,
        known_referrals(actor),
    )
    return actor.sees_accountability and connection.execute(query).first() is not None


def may_see_case(connection: Any, actor: Actor, case_id: str) -> bool:
    query = sa.select(cases.c.case_id).where(cases.c.case_id == case_id, visible_cases(actor))
    return connection.execute(query).first() is not None


def may_see_instance(connection: Any, actor: Actor, instance_id: str) -> bool:
    query = sa.select(instances.c.instance_id).where(instances.c.instance_id == instance_id, visible_instances(actor))
    return connection.execute(query).first() is not None


def may_see_task(connection: Any, actor: Actor, task_id: str) -> bool:
    query = sa.select(tasks.c.task_id).where(tasks.c.task_id == task_id, visible_tasks(actor))
    return connection.execute(query).first() is not None
