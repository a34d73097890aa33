"""Rows of accountability: talks, referrals and outcomes, circulars and their figures, objections."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

import sqlalchemy as sa

from engine.domain.accountability import Outcome, TookPart
from engine.domain.escalation import NO_TALK, TALK_DROPPED, TALK_LATE, TALK_OPEN, TALK_OVER
from engine.domain.instance import InstanceKind, InstanceState
from engine.domain.task import LIVE, TaskState
from engine.store.drafts import counting_correction
from engine.store.schema import (
    circular_figures,
    circulars,
    conclusions,
    draft_letters,
    facts,
    inspection_plans,
    instances,
    interviews,
    letter_cases,
    letter_deliveries,
    letter_drafts,
    letter_services,
    letters,
    objections,
    persons,
    referral_outcomes,
    referrals,
    tasks,
    units,
)
from engine.store.transaction import Transaction

_KEYS = {
    "interviews": interviews.c.interview_id,
    "referrals": referrals.c.referral_id,
    "circulars": circulars.c.circular_id,
    "objections": objections.c.objection_id,
}
_TABLES = {key.table.name: key.table for key in _KEYS.values()}
PREPARED_BY, APPROVED_BY = "prepare_referral", "approve_referral"
TALK_REPORT = "report_interview"
# Of whose process the row is, and the states in which it waits for that process.
LIVE_STATES: Mapping[InstanceKind, tuple[str, tuple[str, ...]]] = {
    InstanceKind.INTERVIEW: ("interviews", ("ARRANGING", "SUMMONED", "HELD", "REPORTED")),
    InstanceKind.ACCOUNTABILITY: ("referrals", ("PREPARING", "REFERRED")),
    InstanceKind.CIRCULAR: ("circulars", ("DRAFTING", "APPROVED")),
    InstanceKind.OBJECTION: ("objections", ("OPEN",)),
}


def add(tx: Transaction, table: str, **values: Any) -> None:
    """`table`: interviews, referrals, circulars or objections."""
    tx.execute(_TABLES[table].insert().values(**values))


def update(tx: Transaction, table: str, row_id: str, **values: Any) -> None:
    tx.execute(_TABLES[table].update().where(_KEYS[table] == row_id).values(**values))


def get(scope: Any, table: str, row_id: str) -> Mapping[str, Any] | None:
    return scope.execute(sa.select(_TABLES[table]).where(_KEYS[table] == row_id)).mappings().first()


def live_interview_of_item(tx: Transaction, item_id: str) -> str | None:
    live = interviews.c.state.in_(LIVE_STATES[InstanceKind.INTERVIEW][1])
    return tx.execute(sa.select(interviews.c.interview_id).where(interviews.c.item_id == item_id, live)).scalar()


def live_interview(tx: Transaction, unit_id: str, case_id: str) -> str | None:
    """The subject of the open talk of this unit about this case, by hand or of a ladder. Lock the case first."""
    live = interviews.c.state.in_(LIVE_STATES[InstanceKind.INTERVIEW][1])
    same = (interviews.c.unit_id == unit_id, interviews.c.case_id == case_id)
    return tx.execute(sa.select(interviews.c.subject).where(live, *same).limit(1)).scalar()


def talk_of_item(scope: Any, item_id: str) -> str:
    """How the latest talk of a supervision item stands: none, open, late (its report is overdue), over, or dropped
    before it was held."""
    columns = (interviews.c.interview_id, interviews.c.state, interviews.c.held_at)
    latest = sa.select(*columns).where(interviews.c.item_id == item_id)
    turn = (interviews.c.opened_at.desc(), interviews.c.interview_id.desc())
    talk = scope.execute(latest.order_by(*turn).limit(1)).first()
    if talk is None:
        return NO_TALK
    if talk.state not in LIVE_STATES[InstanceKind.INTERVIEW][1]:
        return TALK_DROPPED if talk.state == "DROPPED" and talk.held_at is None else TALK_OVER
    late = (
        sa.select(tasks.c.task_id)
        .join(instances, instances.c.instance_id == tasks.c.instance_id)
        .where(
            instances.c.kind == InstanceKind.INTERVIEW,
            instances.c.business_key == talk.interview_id,
            tasks.c.element_id == TALK_REPORT,
            tasks.c.state.in_(LIVE),
            tasks.c.due_at < scope.now,
        )
    )
    return TALK_OPEN if scope.execute(late.limit(1)).first() is None else TALK_LATE


def referrals_of_item(tx: Transaction, item_id: str) -> dict[str, str]:
    """referral id -> state: several only where the earlier ones came to nothing."""
    found = tx.execute(sa.select(referrals.c.referral_id, referrals.c.state).where(referrals.c.item_id == item_id))
    return {row.referral_id: row.state for row in found}


def live_without_process(scope: Any) -> list[str]:
    """Rows that still wait for a process that was cancelled, as `interviews 0190…`."""
    found = []
    for kind, (table, live) in LIVE_STATES.items():
        query = (
            sa.select(_KEYS[table])
            .join(instances, sa.and_(instances.c.kind == kind, instances.c.business_key == _KEYS[table]))
            .where(instances.c.state == InstanceState.CANCELLED, _TABLES[table].c.state.in_(live))
            .order_by(_KEYS[table])
        )
        found += [f"{table} {row_id}" for row_id in scope.execute(query).scalars()]
    return found


def completer(tx: Transaction, instance_id: str, element_id: str) -> str | None:
    """Who completed the element last."""
    return tx.execute(
        sa.select(tasks.c.completed_by_id)
        .where(
            tasks.c.instance_id == instance_id,
            tasks.c.element_id == element_id,
            tasks.c.state == TaskState.COMPLETED,
        )
        .order_by(tasks.c.completed_at.desc(), tasks.c.task_id.desc())
        .limit(1)
    ).scalar()


def person_name(scope: Any, person_id: str | None) -> str:
    """Empty when nobody is meant."""
    found = scope.execute(sa.select(persons.c.name).where(persons.c.person_id == person_id)).scalar()
    return found or ""


# -- outcomes ----------------------------------------------------------------------------------------------------------
def add_outcome(tx: Transaction, referral_id: str, outcome: Outcome) -> None:
    last = tx.execute(
        sa.select(sa.func.max(referral_outcomes.c.position)).where(referral_outcomes.c.referral_id == referral_id)
    ).scalar()
    tx.execute(
        referral_outcomes.insert().values(
            referral_id=referral_id,
            position=(last or 0) + 1,
            subject=outcome.subject,
            post=outcome.post,
            form=outcome.form,
            grade=outcome.grade,
            organ=outcome.organ,
            number=outcome.number,
            decided_on=outcome.decided_on,
            note=outcome.note,
            recorded_at=tx.now,
            recorded_by=tx.actor.name,
        )
    )


# -- circulars ---------------------------------------------------------------------------------------------------------
def add_figures(tx: Transaction, circular_id: str, version: int, figures: Mapping[str, Any], sha256: str) -> None:
    tx.execute(
        circular_figures.insert().values(
            circular_id=circular_id, version=version, as_of=tx.now, figures=dict(figures), sha256=sha256
        )
    )


def figures_of(scope: Any, circular_id: str, version: int) -> Mapping[str, Any] | None:
    return (
        scope.execute(
            sa.select(circular_figures).where(
                circular_figures.c.circular_id == circular_id, circular_figures.c.version == version
            )
        )
        .mappings()
        .first()
    )


# -- objections --------------------------------------------------------------------------------------------------------
def filed_objection(tx: Transaction, unit_id: str, *, letter_id: str | None, conclusion_id: str | None) -> str | None:
    """Any objection of this unit to it that was decided or will be: each addressee asks once, for itself."""
    query = sa.select(objections.c.objection_id).where(*_about(unit_id, letter_id, conclusion_id))
    return tx.execute(query.where(objections.c.state != "DROPPED")).scalar()


def dropped_at(scope: Any, unit_id: str, *, letter_id: str | None, conclusion_id: str | None) -> datetime | None:
    """When the last review that this unit had asked for was dropped undecided."""
    query = sa.select(sa.func.max(objections.c.decided_at)).where(*_about(unit_id, letter_id, conclusion_id))
    found: datetime | None = scope.execute(query.where(objections.c.state == "DROPPED")).scalar()
    return found


def _about(unit_id: str, letter_id: str | None, conclusion_id: str | None) -> tuple[sa.ColumnElement[bool], ...]:
    about = objections.c.letter_id == letter_id if letter_id else objections.c.conclusion_id == conclusion_id
    return objections.c.unit_id == unit_id, about


def lock_conclusion(tx: Transaction, conclusion_id: str) -> None:
    query = sa.select(conclusions.c.conclusion_id).where(conclusions.c.conclusion_id == conclusion_id)
    tx.execute(query.with_for_update())


def conclusion(scope: Any, conclusion_id: str) -> Mapping[str, Any] | None:
    return (
        scope.execute(
            sa.select(conclusions, inspection_plans.c.campaign_id, inspection_plans.c.title)
            .join(inspection_plans, inspection_plans.c.plan_id == conclusions.c.plan_id)
            .where(conclusions.c.conclusion_id == conclusion_id)
        )
        .mappings()
        .first()
    )


def addressees(scope: Any, letter_id: str) -> dict[str, datetime | None]:
    """Every unit the letter is addressed to, with when it signed for it."""
    found = scope.execute(
        sa.select(letter_deliveries.c.unit_id, letter_deliveries.c.received_at)
        .where(letter_deliveries.c.letter_id == letter_id)
        .order_by(letter_deliveries.c.unit_id)
    )
    return {row.unit_id: row.received_at for row in found}


def took_part(scope: Any, objection: Mapping[str, Any]) -> list[TookPart]:
    """Everybody who had a hand in what is objected to, and in what."""
    if objection["conclusion_id"] is not None:
        return _in_conclusion(scope, objection["conclusion_id"])
    return _in_letter(scope, objection["letter_id"])


def _in_conclusion(scope: Any, conclusion_id: str) -> list[TookPart]:
    row = scope.execute(
        sa.select(conclusions.c.concluded_by_id, inspection_plans.c.drafted_by_id, inspection_plans.c.approved_by_id)
        .join(inspection_plans, inspection_plans.c.plan_id == conclusions.c.plan_id)
        .where(conclusions.c.conclusion_id == conclusion_id)
    ).one()
    acts = (
        (row.concluded_by_id, "作出督查结论", "drew the conclusion"),
        (row.drafted_by_id, "拟定督查方案", "drafted the inspection plan"),
        (row.approved_by_id, "批准督查方案", "approved the inspection plan"),
    )
    return [TookPart(person_id, zh, en) for person_id, zh, en in acts if person_id]


def _in_letter(scope: Any, letter_id: str) -> list[TookPart]:
    """Whoever issued it, decided anything in the process that sent it, or worked on the item it belongs to."""
    letter = scope.execute(
        sa.select(letters.c.item_id, letters.c.campaign_id, letters.c.issued_at).where(letters.c.letter_id == letter_id)
    ).one()
    issued = scope.execute(
        sa.select(facts.c.person_id, facts.c.instance_id, facts.c.detail).where(
            facts.c.kind == "LetterIssued",
            facts.c.campaign_id == letter.campaign_id,
            facts.c.at == letter.issued_at,
        )
    )
    found = [
        TookPart(row.person_id, "签发该公文", "issued the letter")
        for row in issued
        if row.detail["letter"] == letter_id
    ]
    worked = scope.execute(
        sa.select(tasks.c.completed_by_id, tasks.c.name, tasks.c.element_id)
        .where(tasks.c.instance_id.in_(_instances_of(letter_id, letter.item_id)), tasks.c.completed_by_id.is_not(None))
        .distinct()
    )
    found += [TookPart(row.completed_by_id, f"办理“{row.name}”", f"completed {row.element_id}") for row in worked]
    return found


def _instances_of(letter_id: str, item_id: str | None) -> sa.Select[Any]:
    """The processes that prepared the letter: its drafting, its talk, its circular, the ladder of its item."""
    from_talk = sa.select(interviews.c.interview_id).where(
        sa.or_(interviews.c.summons_id == letter_id, interviews.c.minutes_id == letter_id)
    )
    from_circular = sa.select(circulars.c.circular_id).where(circulars.c.letter_id == letter_id)
    of = [
        sa.and_(instances.c.kind == InstanceKind.INTERVIEW, instances.c.business_key.in_(from_talk)),
        sa.and_(instances.c.kind == InstanceKind.CIRCULAR, instances.c.business_key.in_(from_circular)),
        instances.c.instance_id.in_(_drafting(letter_id)),
    ]
    if item_id is not None:
        of.append(sa.and_(instances.c.kind == InstanceKind.SUPERVISION, instances.c.business_key == item_id))
    return sa.select(instances.c.instance_id).where(sa.or_(*of))


def _drafting(letter_id: str) -> sa.Select[Any]:
    return (
        sa.select(letter_drafts.c.instance_id)
        .join(draft_letters, draft_letters.c.draft_id == letter_drafts.c.draft_id)
        .where(draft_letters.c.letter_id == letter_id, letter_drafts.c.instance_id.is_not(None))
    )


def letters_before(scope: Any, referral: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    """The chain of a referral in the order of issue, the void ones too, without referrals: every letter under its item;
    of one proposed by hand every letter to the unit about the case, or none when it is about the unit's work.
    `corrected_number`: of the letter that took its place."""
    newer = letters.alias()
    corrected = sa.select(newer.c.number).where(newer.c.letter_id == counting_correction(letters.c.letter_id))
    found = (
        sa.select(letters, letter_services.c.state, letter_services.c.received_at)
        .add_columns(corrected.correlate(letters).scalar_subquery().label("corrected_number"))
        .join(letter_services, letter_services.c.letter_id == letters.c.letter_id)
        # along the index of the campaign's letters
        .where(letters.c.campaign_id == referral["campaign_id"], letters.c.kind != "referral")
        .order_by(letters.c.issued_at, letters.c.letter_id)
    )
    if referral["item_id"] is not None:
        found = found.where(letters.c.item_id == referral["item_id"])
    else:
        of_case = sa.select(letter_cases.c.letter_id).where(letter_cases.c.case_id == referral["case_id"])
        to_unit = sa.select(letter_deliveries.c.letter_id).where(letter_deliveries.c.unit_id == referral["unit_id"])
        found = found.where(letters.c.letter_id.in_(of_case), letters.c.letter_id.in_(to_unit))
    return list(scope.execute(found).mappings())


def lock_referrals(tx: Transaction, unit_id: str) -> None:
    """Of two about one unit at once, by hand or by a ladder, the second sees the first."""
    tx.execute(sa.select(units.c.unit_id).where(units.c.unit_id == unit_id).with_for_update(key_share=True))


def referrals_by_hand(tx: Transaction, item: Mapping[str, Any]) -> list[Any]:
    """(state, decided at) of those about the matter of a supervision item, its unit in its case: under way, or decided
    since the item was opened."""
    live = referrals.c.state.in_(LIVE_STATES[InstanceKind.ACCOUNTABILITY][1])
    decided = sa.and_(referrals.c.state.in_(("CONCLUDED", "DECLINED")), referrals.c.decided_at >= item["opened_at"])
    return list(
        tx.execute(
            sa.select(referrals.c.state, referrals.c.decided_at).where(
                referrals.c.campaign_id == item["campaign_id"],
                referrals.c.case_id == item["case_id"],
                referrals.c.unit_id == item["unit_id"],
                referrals.c.item_id.is_(None),
                sa.or_(live, decided),
            )
        )
    )


def live_referral(tx: Transaction, campaign_id: str, *, unit_id: str, case_id: str | None) -> str | None:
    """One of this unit for this case that has not come to its end; without a case one by hand about the unit's work,
    for an item about a report has no case either. Lock them first (`lock_referrals`)."""
    live = referrals.c.state.in_(LIVE_STATES[InstanceKind.ACCOUNTABILITY][1])
    same = [referrals.c.campaign_id == campaign_id, referrals.c.unit_id == unit_id, referrals.c.case_id == case_id]
    if case_id is None:
        same.append(referrals.c.item_id.is_(None))
    found: str | None = tx.execute(sa.select(referrals.c.referral_id).where(live, *same).limit(1)).scalar()
    return found
