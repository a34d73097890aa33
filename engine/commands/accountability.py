"""Starts what holds a unit to account: talks, referrals, circulars and reviews of objections, each a process instance
of its own; and notes who looked at a referral."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from engine import plans
from engine.commands import ladders
from engine.commands.accountability_rows import count_circular
from engine.commands.interview_checks import talk_problems
from engine.commands.letter_rungs import lock_case
from engine.commands.progress import start_instance
from engine.domain.accountability import OBJECTION_TERM, TALK_REPORT_TERM, THINK_AGAIN_TERM, check_in_time, check_period
from engine.domain.actor import require_role
from engine.domain.calendar import civil_date
from engine.domain.campaign import Campaign
from engine.domain.instance import InstanceKind, InstanceRow
from engine.domain.letter import KINDS
from engine.errors import Invalid, NotFound, NotPermitted, Problem, Rejected
from engine.store import accountability as store
from engine.store import cases, instances, paper, people, supervision
from engine.store.access import may_see_case, may_see_letter, may_see_referral
from engine.store.transaction import Transaction

LONGEST_REASON = 2000


@dataclass(frozen=True)
class ArrangeInterview:
    """约谈 by hand: of a unit, about a case or about its work. A leader who asks for it has approved it. Returns the
    interview id."""

    campaign_id: str
    unit_id: str
    reason: str
    case_id: str | None = None


@dataclass(frozen=True)
class BeginCircular:
    """通报 about a period of civil days, both included; the figures are counted now. Returns the circular id."""

    campaign_id: str
    from_on: date | None
    to_on: date | None


@dataclass(frozen=True)
class FileObjection:
    """异议: the unit asks for the review of a letter or of an inspection's conclusion. Returns the objection id."""

    reason: str
    letter_id: str | None = None
    conclusion_id: str | None = None


@dataclass(frozen=True)
class SeeReferral:
    """Every look at a referral is recorded before it is shown. Raises NotFound for whom it does not concern."""

    referral_id: str


# -- started by the ladder ---------------------------------------------------------------------------------------------
def start_accountability(tx: Transaction, row: InstanceRow, variables: Mapping[str, Any]) -> None:
    """移送问责 for the item of a supervision instance, which reaches this rung now; at most one for each item, but for
    those that were declined or dropped."""
    earlier = store.referrals_of_item(tx, row.business_key)
    if any(state not in ("DECLINED", "DROPPED") for state in earlier.values()):
        return
    referral_id = tx.new_id() if earlier else row.business_key
    item = supervision.get_item(tx, row.business_key)
    assert item is not None
    ladders.record_rung(tx, row, variables)
    store.add(
        tx,
        "referrals",
        referral_id=referral_id,
        campaign_id=row.campaign_id,
        item_id=row.business_key,
        case_id=row.case_id,
        unit_id=item["unit_id"],
        subject=item["name"],
        state="PREPARING",
        opened_at=tx.now,
        grounds=[],
    )
    start_matter(tx, InstanceKind.ACCOUNTABILITY, referral_id, row.campaign_id, row.case_id, dict(variables), row)


def referral_waits_until(tx: Transaction, row: InstanceRow) -> datetime | None:
    """The ladder proposes no referral beside one by hand of the same matter: not while that is under way, not after it
    was carried through, and after it was declined not before the time to think again is over. When to look again; None
    where nothing stands in the way. Locks the referrals of the unit."""
    item = supervision.get_item(tx, row.business_key)
    if item is None or item["case_id"] is None:
        return None
    store.lock_referrals(tx, item["unit_id"])
    found = store.referrals_by_hand(tx, item)
    if any(each.state != "DECLINED" for each in found):
        return plans.timetable(tx, row.campaign_id).after("1wd").due_at
    declined = max((each.decided_at for each in found), default=None)
    if declined is None:
        return None
    again_at = plans.timetable(tx, row.campaign_id).after(THINK_AGAIN_TERM, declined).due_at
    return again_at if again_at > tx.now else None


def start_interview(tx: Transaction, row: InstanceRow, variables: Mapping[str, Any]) -> None:
    """约谈 for the item of a supervision instance, whose rung was approved; none while another one goes on."""
    item = supervision.get_item(tx, row.business_key)
    if item is None or store.live_interview_of_item(tx, row.business_key) is not None:
        return
    passed_on = ("item", "item_name", "case", "campaign", "area", "lead", "office", "original_due", "report")
    _open_interview(
        tx,
        campaign_id=row.campaign_id,
        case_id=row.case_id,
        unit_id=item["unit_id"],
        item_id=row.business_key,
        subject=item["name"],
        variables={name: variables.get(name) for name in passed_on}
        | {
            "unit": item["unit_id"],
            "interview_is_approved": True,  # by whom the ladder says, before its process came here
            "interview_reason": str(variables.get("rung_reason") or ""),
            "interview_report_term": str(variables.get("reply") or TALK_REPORT_TERM),
        },
        starter=row,
    )


# -- by hand -----------------------------------------------------------------------------------------------------------
def arrange_interview(command: ArrangeInterview, tx: Transaction) -> str:
    require_role(tx.actor, "supervisor", "leader")
    plan = plans.campaign(tx, command.campaign_id)
    if command.case_id is not None:
        lock_case(tx, command.case_id)
    case, case_problems = case_named(tx, plan.id, command.case_id)
    problems = [*case_problems, *reason_problems(command.reason, 500)]
    if not people.unit_exists(tx, command.unit_id) or command.unit_id == plan.office.unit:
        problems.append(Problem("unit_id", "请选择被约谈单位。", "Choose the unit to be summoned."))
    elif case is not None:
        problems += talk_problems(tx, case, command.unit_id)
    if problems:
        raise Invalid("interview_invalid", "The talk cannot be arranged like this.", tuple(problems))
    unit_name = people.unit_name(tx, command.unit_id)
    subject = f"{case['name']} 约谈" if case else f"约谈{unit_name}"
    return _open_interview(
        tx,
        campaign_id=plan.id,
        case_id=command.case_id,
        unit_id=command.unit_id,
        item_id=None,
        subject=subject,
        variables=begun_by_hand(plan, command.unit_id, case, subject)
        | {
            "interview_is_approved": tx.actor.has_role("leader"),
            "interview_reason": command.reason.strip(),
        },
        starter=None,
    )


def begin_circular(command: BeginCircular, tx: Transaction) -> str:
    require_role(tx.actor, "supervisor", "leader")
    plan = plans.campaign(tx, command.campaign_id)
    check_period(command.from_on, command.to_on, first_day=plan.first_day, today=civil_date(tx.now))
    circular_id = tx.new_id()
    store.add(
        tx,
        "circulars",
        circular_id=circular_id,
        campaign_id=plan.id,
        from_on=command.from_on,
        to_on=command.to_on,
        state="DRAFTING",
        version=1,
        problems="",
        demands="",
        opened_at=tx.now,
        opened_by=tx.actor.name,
    )
    period = {"from_on": command.from_on, "to_on": command.to_on}
    count_circular(tx, circular_id, plan.id, period, version=1)
    tx.record("CircularBegun", campaign_id=plan.id, circular=circular_id, period=f"{command.from_on}–{command.to_on}")
    variables = {
        "circular": circular_id,
        "item_name": f"督办情况通报（{command.from_on} 至 {command.to_on}）",
        "campaign": plan.id,
        "unit": plan.office.unit,
        "office": plan.office.unit,
        "circular_period": f"{command.from_on} 至 {command.to_on}",
    }
    start_matter(tx, InstanceKind.CIRCULAR, circular_id, plan.id, None, variables, None)
    return circular_id


def file_objection(command: FileObjection, tx: Transaction) -> str:
    """Raises NotFound for what was not addressed to the actor's unit, Rejected before receipt, after the thirty days
    and for a second time. Where a review was dropped undecided, the thirty days run anew from then."""
    require_role(tx.actor, "officer", "head")
    what = _objected(command, tx)
    unit_id = next((unit_id for unit_id in sorted(what["served"]) if unit_id in tx.actor.units), None)
    if unit_id is None:
        raise NotPermitted("not_addressee", f"This is not addressed to {tx.actor.name}.", number=what["subject"])
    if problems := tuple(reason_problems(command.reason, LONGEST_REASON)):
        raise Invalid("objection_invalid", "The objection cannot be filed like this.", problems)
    served_at = what["served"][unit_id]
    if served_at is None:
        raise Rejected("objection_not_served", "It has not been received: sign for it first.", name=what["subject"])
    about = {"letter_id": command.letter_id, "conclusion_id": command.conclusion_id}
    since = store.dropped_at(tx, unit_id, **about) or served_at
    deadline = plans.timetable(tx, what["campaign_id"]).after(OBJECTION_TERM, since)
    check_in_time(tx.now, deadline.due_at)
    if store.filed_objection(tx, unit_id, **about) is not None:
        raise Rejected("objection_twice", "A review of this was asked for already.", name=what["subject"])
    objection_id = tx.new_id()
    store.add(
        tx,
        "objections",
        objection_id=objection_id,
        campaign_id=what["campaign_id"],
        unit_id=unit_id,
        **about,
        subject=what["subject"],
        reason=command.reason.strip(),
        served_at=served_at,
        filing_deadline=deadline.to_json(),
        filed_at=tx.now,
        filed_by_id=tx.actor.person_id,
        state="OPEN",
        findings="",
        changed_to="",
    )
    tx.record("ObjectionFiled", case_id=what["case_id"], campaign_id=what["campaign_id"], name=what["subject"])
    plan = plans.campaign(tx, what["campaign_id"])
    variables = {
        "objection": objection_id,
        "item_name": f"复核：{what['subject']}"[:200],
        "campaign": plan.id,
        "unit": unit_id,
        "office": plan.office.unit,
        "objection_against": what["subject"],
        "objection_reason": command.reason.strip(),
        "objection_filed_at": tx.now.isoformat(),
    }
    start_matter(tx, InstanceKind.OBJECTION, objection_id, plan.id, None, variables, None)
    return objection_id


def see_referral(command: SeeReferral, tx: Transaction) -> None:
    referral = store.get(tx, "referrals", command.referral_id)
    if referral is None or not may_see_referral(tx.connection, tx.actor, command.referral_id):
        raise NotFound("referral_unknown", f"There is no referral {command.referral_id}.", referral=command.referral_id)
    tx.record(
        "ReferralSeen",
        instance_id=instances.find(tx, InstanceKind.ACCOUNTABILITY, command.referral_id),
        campaign_id=referral["campaign_id"],
        referral=command.referral_id,
        name=referral["subject"],
    )


def _objected(command: FileObjection, tx: Transaction) -> dict[str, Any]:
    """What the objection is about: subject, campaign, case, and when it was served on each addressee."""
    if (command.letter_id is None) == (command.conclusion_id is None):
        raise Invalid(
            "objection_invalid",
            "Object to one letter or one conclusion.",
            (Problem("letter_id", "请选择一件公文或者一份督查结论。", "Choose one letter or one conclusion."),),
        )
    if command.letter_id is not None:
        paper.lock_letter(tx, command.letter_id)
        letter = paper.get_letter(tx, command.letter_id)
        if letter is None or not may_see_letter(tx.connection, tx.actor, command.letter_id):
            raise NotFound("letter_unknown", f"There is no letter {command.letter_id}.", letter=command.letter_id)
        if letter["state"] == "VOID":
            raise Rejected(
                "letter_state", f"{letter['number']} is void.", number=letter["number"], state=letter["state"]
            )
        about = paper.case_ids_of(tx, command.letter_id)
        return {
            "subject": f"{KINDS[letter['kind']].zh} {letter['number']}",
            "campaign_id": letter["campaign_id"],
            "case_id": about[0] if len(about) == 1 else None,
            "served": store.addressees(tx, command.letter_id),
        }
    store.lock_conclusion(tx, str(command.conclusion_id))
    conclusion = store.conclusion(tx, str(command.conclusion_id))
    if conclusion is None or conclusion["unit_id"] not in tx.actor.units:
        raise NotFound("conclusion_unknown", "There is no such conclusion.", conclusion=command.conclusion_id)
    return {
        "subject": f"督查结论：{conclusion['title']}"[:200],
        "campaign_id": conclusion["campaign_id"],
        "case_id": None,
        "served": {conclusion["unit_id"]: conclusion["fed_back_at"]},
    }


def reason_problems(reason: str, longest: int) -> tuple[Problem, ...]:
    if len(reason.strip()) < 2:
        return (Problem("reason", "请写明理由。", "Give the reason."),)
    if len(reason.strip()) > longest:
        return (Problem("reason", f"理由不超过{longest}字。", f"The reason has at most {longest} characters."),)
    return ()


def case_named(
    tx: Transaction, campaign_id: str, case_id: str | None
) -> tuple[Mapping[str, Any] | None, tuple[Problem, ...]]:
    """Of this campaign, and the actor may see it; None where none is named, or none like it."""
    if case_id is None:
        return None, ()
    case = cases.get(tx, case_id)
    if case is None or case["campaign_id"] != campaign_id or not may_see_case(tx.connection, tx.actor, case_id):
        zh, en = (
            f"没有编号为“{case_id[:60]}”的事项，请核对编号。",
            f"There is no case {case_id[:60]}: check its number.",
        )
        return None, (Problem("case_id", zh, en),)
    return case, ()


def begun_by_hand(plan: Campaign, unit_id: str, case: Mapping[str, Any] | None, subject: str) -> dict[str, Any]:
    """The variables that every matter begun by hand starts with."""
    return {
        "case": case["case_id"] if case else None,
        "item_name": subject,
        "campaign": plan.id,
        "unit": unit_id,
        "area": case["area_id"] if case else None,
        "lead": case["lead_id"] if case else unit_id,
        "office": plan.office.unit,
    }


def _open_interview(
    tx: Transaction,
    *,
    campaign_id: str,
    case_id: str | None,
    unit_id: str,
    item_id: str | None,
    subject: str,
    variables: Mapping[str, Any],
    starter: InstanceRow | None,
) -> str:
    interview_id = tx.new_id()
    store.add(
        tx,
        "interviews",
        interview_id=interview_id,
        campaign_id=campaign_id,
        item_id=item_id,
        case_id=case_id,
        unit_id=unit_id,
        subject=subject[:200],
        state="ARRANGING",
        opened_at=tx.now,
        opened_by=tx.actor.name,
        rounds=0,
    )
    tx.record("InterviewOpened", case_id=case_id, campaign_id=campaign_id, name=subject[:200], interview=interview_id)
    with_key = {**variables, "interview": interview_id}
    start_matter(tx, InstanceKind.INTERVIEW, interview_id, campaign_id, case_id, with_key, starter)
    return interview_id


def start_matter(
    tx: Transaction,
    kind: InstanceKind,
    business_key: str,
    campaign_id: str,
    case_id: str | None,
    variables: Mapping[str, Any],
    starter: InstanceRow | None,
) -> None:
    """The process bears the name of its kind."""
    start_instance(
        tx,
        key=str(kind),
        kind=kind,
        business_key=business_key,
        campaign_id=campaign_id,
        case_id=case_id,
        started_by_id=starter.instance_id if starter else None,
        variables=variables,
    )
