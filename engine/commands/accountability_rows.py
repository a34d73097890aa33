"""Keeps the rows of talks, referrals, circulars and objections in step with their processes, and says what their
letters print. Starts nothing (that is `commands.accountability`)."""

import hashlib
import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Any

from engine import plans
from engine.commands.letter_voiding import void
from engine.domain.accountability import (
    TALK_REPORT_TERM,
    check_called,
    check_held,
    check_promised,
    check_recusal,
    outcome_of,
)
from engine.domain.actor import Actor
from engine.domain.calendar import SHANGHAI, civil_date
from engine.domain.duration import Duration
from engine.domain.earlier_letter import earlier_letter
from engine.domain.instance import InstanceKind, InstanceRow
from engine.domain.letter import format_date
from engine.domain.unit import DISCIPLINE, DISCIPLINE_NAME
from engine.store import accountability as store
from engine.store import circular_figures, instances, jobs, paper, people
from engine.store.transaction import Transaction

DECLINED_MESSAGE = "accountability_declined"  # supervision.bpmn waits for it
COMMITMENTS = 4  # so many the form of a talk has room for
# 一、 （一） 1. （1） at the head of a line; not 三、四月份 and not 2.5公里.
_HAN = "一二三四五六七八九十"
_NUMBERED = re.compile(
    rf"^(?:[{_HAN}]{{1,3}}、(?![{_HAN}])|[（(](?:[{_HAN}]{{1,3}}|\d{{1,2}})[）)]|\d{{1,2}}[.．、](?!\d))\s*"
)


# -- milestones --------------------------------------------------------------------------------------------------------
def reach(tx: Transaction, row: InstanceRow, name: str, variables: Mapping[str, Any]) -> None:
    """What a milestone changes in the row of a talk, referral, circular or objection; nothing for other instances."""
    if row.kind is InstanceKind.ACCOUNTABILITY:
        _referral(tx, row, name, variables)
    elif row.kind is InstanceKind.INTERVIEW:
        _interview(tx, row, name, variables)
    elif row.kind is InstanceKind.CIRCULAR:
        _circular(tx, row, name, variables)
    elif row.kind is InstanceKind.OBJECTION and name == "objection_decided":
        _decide(tx, row, variables)


def end(tx: Transaction, row: InstanceRow) -> None:
    """Its process has ended: what never went out is dropped."""
    if row.kind is InstanceKind.ACCOUNTABILITY:
        found = store.get(tx, "referrals", row.business_key)
        if found is not None and found["state"] == "REFERRED":
            store.update(tx, "referrals", row.business_key, state="CONCLUDED", concluded_at=tx.now)
    for kind, table, unfinished in (
        (InstanceKind.INTERVIEW, "interviews", ("ARRANGING", "SUMMONED")),
        (InstanceKind.CIRCULAR, "circulars", ("DRAFTING",)),
    ):
        found = store.get(tx, table, row.business_key) if row.kind is kind else None
        if found is not None and found["state"] in unfinished:
            store.update(tx, table, row.business_key, state="DROPPED")


def cancelled(tx: Transaction, row: InstanceRow, reason: str) -> None:
    """Its process was cancelled: the row waits for it no more, so that another one can take its place. Nothing for
    other instances."""
    table, live = store.LIVE_STATES.get(row.kind, ("", ()))
    found = store.get(tx, table, row.business_key) if table else None
    if found is None or found["state"] not in live:
        return
    changes: dict[str, Any] = {"state": "DROPPED"}
    if row.kind is InstanceKind.OBJECTION:  # the unit reads why; its thirty days run anew
        changes |= {"findings": reason, "decided_at": tx.now, "decided_by": tx.actor.name}
    elif row.kind is InstanceKind.ACCOUNTABILITY:
        changes["concluded_at"] = tx.now
        if found["state"] == "PREPARING":  # one that went out is not proposed a second time
            _tell_ladder(tx, found["item_id"])
    store.update(tx, table, row.business_key, **changes)


def _tell_ladder(tx: Transaction, item_id: str | None) -> None:
    """Nobody decides on the referral of this item any more: its ladder waits as after one that was declined. By a job
    of the ladder's own instance."""
    instance_id = instances.find(tx, InstanceKind.SUPERVISION, item_id) if item_id is not None else None
    if instance_id is not None:
        told = {"message": DECLINED_MESSAGE}
        jobs.add(
            tx, kind="publish_message", instance_id=instance_id, name=DECLINED_MESSAGE, payload=told, due_at=tx.now
        )


def _referral(tx: Transaction, row: InstanceRow, name: str, variables: Mapping[str, Any]) -> None:
    if name == "outcome_recorded":
        outcome = outcome_of(variables, recorded_on=civil_date(tx.now))
        store.add_outcome(tx, row.business_key, outcome)
        tx.record("OutcomeRecorded", **row.about, form=outcome.form, subject=outcome.subject)
        return
    state = {"referred": "REFERRED", "referral_declined": "DECLINED"}.get(name)
    if state is None:
        return
    store.update(
        tx,
        "referrals",
        row.business_key,
        state=state,
        prepared_by_id=store.completer(tx, row.instance_id, store.PREPARED_BY),
        approved_by_id=store.completer(tx, row.instance_id, store.APPROVED_BY),
        decided_at=tx.now,
        grounds=list(variables.get("referral_grounds") or []),
    )


def _interview(tx: Transaction, row: InstanceRow, name: str, variables: Mapping[str, Any]) -> None:
    if name == "interview_held":
        held_at = datetime.fromisoformat(str(variables["interview_held_at"]))
        store.update(tx, "interviews", row.business_key, state="HELD", held_at=held_at)
        tx.record("InterviewHeld", **row.about, name=str(variables.get("item_name") or ""))
    elif name == "interview_reported":
        rounds = (store.get(tx, "interviews", row.business_key) or {"rounds": 0})["rounds"]
        store.update(tx, "interviews", row.business_key, state="REPORTED", reported_at=tx.now, rounds=rounds + 1)
    elif name == "interview_settled":
        store.update(tx, "interviews", row.business_key, state="SETTLED", settled_at=tx.now)


def _circular(tx: Transaction, row: InstanceRow, name: str, variables: Mapping[str, Any]) -> None:
    """Figures are counted anew before approval only: afterwards the row names the version that was approved."""
    circular = store.get(tx, "circulars", row.business_key)
    assert circular is not None
    if name == "circular_drafted":
        words = {"problems": "circular_problems", "demands": "circular_demands"}
        changes: dict[str, Any] = {of: str(variables.get(key) or "") for of, key in words.items()}
        if variables.get("circular_recount"):
            changes["version"] = circular["version"] + 1
            count_circular(tx, row.business_key, row.campaign_id, circular, version=changes["version"])
        store.update(tx, "circulars", row.business_key, **changes)
    elif name == "circular_approved":
        figures = store.figures_of(tx, row.business_key, circular["version"])
        assert figures is not None
        approved = {"state": "APPROVED", "approved_at": tx.now, "approved_by": tx.actor.name}
        store.update(tx, "circulars", row.business_key, **approved)
        tx.record("CircularApproved", **row.about, circular=row.business_key, sha256=figures["sha256"])
    elif name == "circular_published":
        store.update(tx, "circulars", row.business_key, state="PUBLISHED", published_at=tx.now)


def count_circular(
    tx: Transaction, circular_id: str, campaign_id: str, period: Mapping[str, Any], *, version: int
) -> None:
    """`period`: from_on and to_on. The counts are kept as they are at this instant and never changed."""
    figures = circular_figures.count(tx, campaign_id, from_on=period["from_on"], to_on=period["to_on"])
    plain = json.dumps(figures, ensure_ascii=False, sort_keys=True, separators=(",", ":"))
    store.add_figures(tx, circular_id, version, figures, hashlib.sha256(plain.encode()).hexdigest())


# -- objections --------------------------------------------------------------------------------------------------------
def check_reviewer(tx: Transaction, row: InstanceRow, actor: Actor) -> None:
    """Raises NotPermitted for whoever took part in what an objection is about; asks nothing of other instances."""
    if row.kind is InstanceKind.OBJECTION:
        objection = store.get(tx, "objections", row.business_key)
        assert objection is not None
        check_recusal(actor, store.took_part(tx, objection))


def _decide(tx: Transaction, row: InstanceRow, variables: Mapping[str, Any]) -> None:
    result = str(variables["objection_result"]).upper()
    objection = store.get(tx, "objections", row.business_key)
    assert objection is not None
    store.update(
        tx,
        "objections",
        row.business_key,
        state=result,
        findings=str(variables.get("objection_findings") or ""),
        changed_to=str(variables.get("objection_change") or "") if result == "CHANGED" else "",
        decided_at=tx.now,
        decided_by=tx.actor.name,
    )
    tx.record("ObjectionDecided", **row.about, name=objection["subject"], result=result)
    if result == "WITHDRAWN" and objection["letter_id"] is not None:
        # What it said is withdrawn: a letter that it corrected said the same and does not stand again.
        paper.lock_letter(tx, objection["letter_id"])
        letter = paper.get_letter(tx, objection["letter_id"])
        assert letter is not None
        void(tx, letter, "复核撤销")


# -- letters -----------------------------------------------------------------------------------------------------------
@dataclass(frozen=True)
class Matter:
    """What a letter of accountability prints beyond its case, to whom it goes and who decided it."""

    extra: Mapping[str, Any] = field(default_factory=dict)
    unit_ids: tuple[str, ...] = ()
    item_id: str | None = None
    signed_by: str | None = None


def matter_of(tx: Transaction, row: InstanceRow, variables: Mapping[str, Any]) -> Matter:
    """Empty for letters of other processes. The names of `extra` are those of `domain.letter_words`."""
    if row.kind is InstanceKind.INTERVIEW:
        _check_talk(tx, row, variables)
        return Matter({"meeting": _meeting(tx, row, variables)}, item_id=_text(variables, "item") or None)
    if row.kind is InstanceKind.CIRCULAR:
        return _circular_matter(tx, row, variables)
    if row.kind is InstanceKind.ACCOUNTABILITY:
        return _referral_matter(tx, row, variables)
    return Matter()


def letter_issued(tx: Transaction, row: InstanceRow, kind: str, letter_id: str) -> None:
    """Puts the letter on the row of what it is about."""
    if row.kind is InstanceKind.INTERVIEW and kind == "summons":
        store.update(tx, "interviews", row.business_key, state="SUMMONED", summons_id=letter_id)
    elif row.kind is InstanceKind.INTERVIEW and kind == "minutes":
        store.update(tx, "interviews", row.business_key, minutes_id=letter_id)
    elif row.kind is InstanceKind.CIRCULAR and kind == "circular":
        store.update(tx, "circulars", row.business_key, letter_id=letter_id)
    elif row.kind is InstanceKind.ACCOUNTABILITY and kind == "referral":
        store.update(tx, "referrals", row.business_key, letter_id=letter_id)


def _check_talk(tx: Transaction, row: InstanceRow, variables: Mapping[str, Any]) -> None:
    """Raises Invalid, in the transaction in which the talk is called or entered: before the letter takes a number."""
    held, talk = _text(variables, "interview_held_at"), store.get(tx, "interviews", row.business_key)
    if held and talk is not None:
        held_at = datetime.fromisoformat(held)
        check_held(held_at, called_at=talk["opened_at"], now=tx.now)
        check_promised(commitments(variables), held_on=civil_date(held_at))
    elif called := _text(variables, "interview_time"):
        earliest_on = plans.timetable(tx, row.campaign_id).after("1wd").due_on
        check_called(datetime.fromisoformat(called).astimezone(SHANGHAI), earliest_on=earliest_on)


def _meeting(tx: Transaction, row: InstanceRow, variables: Mapping[str, Any]) -> dict[str, Any]:
    """One term binds: that of the written report, counted from the talk."""
    held, term = _text(variables, "interview_held_at"), _text(variables, "interview_report_term") or TALK_REPORT_TERM
    meeting: dict[str, Any] = {
        "time": spoken_time(held or _text(variables, "interview_time")),
        "place": _text(variables, "interview_place"),
        "persons": _text(variables, "interview_persons"),
        "materials": _text(variables, "interview_materials"),
        "report_within": Duration.parse(term).zh,
    }
    if not held:
        return meeting
    report_due = plans.timetable(tx, row.campaign_id).after(term, datetime.fromisoformat(held))
    return meeting | {
        "host": _text(variables, "interview_host"),
        "recorder": _text(variables, "interview_recorder"),
        "report_due": report_due.due_on.isoformat(),
        "attended": [{"name": line} for line in _lines(variables, "interview_present")],
        "absent": [{"name": line} for line in _lines(variables, "interview_absent")],
        "problems": [{"text": line} for line in _lines(variables, "interview_problems")],
        "commitments": list(commitments(variables)),
    }


def commitments(variables: Mapping[str, Any]) -> tuple[dict[str, str], ...]:
    """What the unit promised in a talk: text, who (a post) and due (an ISO date)."""
    count = int(_text(variables, "commitment_count") or 0)
    return tuple(
        {
            "text": _sentence(_text(variables, f"commitment_{number}")),
            "who": _text(variables, f"commitment_{number}_who"),
            "due": _text(variables, f"commitment_{number}_due"),
        }
        for number in range(1, min(count, COMMITMENTS) + 1)
    )


def _circular_matter(tx: Transaction, row: InstanceRow, variables: Mapping[str, Any]) -> Matter:
    circular = store.get(tx, "circulars", row.business_key)
    assert circular is not None
    kept = store.figures_of(tx, row.business_key, circular["version"])
    assert kept is not None
    figures, plan = kept["figures"], plans.campaign(tx, row.campaign_id)
    names = ("name", "total", "done", "late", "missing", "rate")
    period = f"{format_date(circular['from_on'])}至{format_date(circular['to_on'])}"
    total = figures["sum"]
    words = {
        "as_of": civil_date(kept["as_of"]).isoformat(),
        "scope": "应办结数为登记数减剔除数，事项按牵头单位、材料按报送单位统计，统计时点"
        + spoken_time(figures["as_of"]),
        "units": [{name: _printed(line[name], name) for name in names} for line in figures["units"]],
        "sum": {name: _printed(total[name], name) for name in names[1:]},
        "facts": [
            {
                "text": f"{period}，新办结{total['done_in_period']}项，新立督办{total['items_in_period']}件，"
                f"印发公文{total['letters_in_period']}份"
            }
        ],
        "analysis": [{"text": line} for line in _lines(variables, "circular_problems")],
        "requirements": [{"text": line} for line in _lines(variables, "circular_demands")],
    }
    addressed = dict.fromkeys(unit.id for unit in (*plan.areas, *plan.leads))
    return Matter({"circular": words}, tuple(addressed), signed_by=circular["approved_by"])


def _referral_matter(tx: Transaction, row: InstanceRow, variables: Mapping[str, Any]) -> Matter:
    about_unit = store.get(tx, "referrals", row.business_key)
    assert about_unit is not None
    approved_by = store.person_name(tx, store.completer(tx, row.instance_id, store.APPROVED_BY))
    before = [earlier_letter(letter) for letter in store.letters_before(tx, about_unit) if letter["state"] != "VOID"]
    referral = {
        "approved_by": approved_by,
        "approved_on": civil_date(tx.now).isoformat(),
        "proposal": _sentence(_text(variables, "referral_proposal")).removeprefix("建议"),
        "evidence": [{"name": line} for line in _lines(variables, "referral_evidence_list")],
    }
    about = {"name": people.unit_name(tx, str(about_unit["unit_id"]))}
    said = {"referral": referral, "letters": before, "unit": about}
    return Matter(
        said, (_discipline_body(tx, row.campaign_id),), item_id=about_unit["item_id"], signed_by=approved_by or None
    )


def _discipline_body(tx: Transaction, campaign_id: str) -> str:
    """Whom a referral is addressed to: never the unit that it speaks about."""
    plan = plans.campaign(tx, campaign_id)
    if plan.discipline_body is not None:
        return plan.discipline_body.id
    people.ensure_unit(tx, unit_id=DISCIPLINE, name=DISCIPLINE_NAME, kind=DISCIPLINE, parent_id=plan.root.id)
    return DISCIPLINE


def item_of_referral(tx: Transaction, referral_id: str) -> str | None:
    """The first referral of an item bears its id, one that follows a dropped one an id of its own. None by hand."""
    referral = store.get(tx, "referrals", referral_id)
    assert referral is not None
    return str(referral["item_id"]) if referral["item_id"] is not None else None


def spoken_time(instant: str) -> str:
    """2024年7月3日9时30分 from an ISO instant, Beijing time."""
    moment = datetime.fromisoformat(instant).astimezone(SHANGHAI)
    minutes = f"{moment.minute:02d}分" if moment.minute else ""
    return f"{format_date(date(moment.year, moment.month, moment.day))}{moment.hour}时{minutes}"


def _printed(value: Any, name: str) -> str:
    return f"{value}%" if name == "rate" and value != "—" else str(value)


def _lines(variables: Mapping[str, Any], name: str) -> list[str]:
    """Without the numbers that were typed: the template counts by itself."""
    lines = (_sentence(_NUMBERED.sub("", line.strip(), count=1)) for line in _text(variables, name).splitlines())
    return [line for line in lines if line]


def _sentence(text: str) -> str:
    """Without the full stop: the template sets its own."""
    return text.strip().rstrip("。；;.")


def _text(variables: Mapping[str, Any], name: str) -> str:
    value = variables.get(name)
    return "" if value is None else str(value).strip()
