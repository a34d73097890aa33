"""Issues a letter: takes its number and keeps what it says, in the same transaction as the reason for it.

The PDF is made later by a job from what is kept here, so every attempt prints the same number and the same words.
"""

from collections.abc import Iterable, Mapping
from typing import Any

from engine import plans
from engine.domain.calendar import civil_date
from engine.domain.escalation import rung_of
from engine.domain.instance import InstanceKind, InstanceRow
from engine.domain.letter import KINDS, LAYOUTS, format_number
from engine.errors import Invalid, Problem
from engine.store import cases, paper, people, supervision
from engine.store.transaction import Transaction
from engine.wording import letter_variables

TEMPLATES_KEY = "letters"


def issue_for_job(tx: Transaction, row: InstanceRow, inputs: Mapping[str, Any], variables: Mapping[str, Any]) -> str:
    """The letter that a `letter` service task asks for. Inputs: kind, to (unit id); optional layout, reply, reason.

    Where the desk has gone this far up the ladder already, that letter stands and no second one goes out: one open
    notice for each item and rung (domain handbook E).
    """
    rung = rung_of(str(inputs.get("kind")))
    if row.kind is InstanceKind.SUPERVISION and rung is not None:
        sent = supervision.letter_at_or_above(tx, row.business_key, rung.level)
        if sent is not None:
            return sent
    item_id = row.business_key if row.kind in (InstanceKind.SUPERVISION, InstanceKind.ACCOUNTABILITY) else None
    report_id = variables.get("report") if isinstance(variables.get("report"), str) else None
    return issue(
        tx,
        campaign_id=row.campaign_id,
        kind=str(inputs.get("kind")),
        unit_id=str(inputs.get("to") or variables.get("unit") or variables.get("lead")),
        case_ids=[row.case_id] if row.case_id else [],
        report_id=report_id,
        item_id=item_id,
        layout=inputs.get("layout"),
        reply_term=inputs.get("reply"),
        reason=str(inputs.get("reason") or ""),
    )


def issue(
    tx: Transaction,
    *,
    campaign_id: str,
    kind: str,
    unit_id: str,
    case_ids: Iterable[str],
    report_id: str | None = None,
    item_id: str | None = None,
    layout: str | None = None,
    reply_term: str | None = None,
    reason: str = "",
) -> str:
    """Returns the letter id. Raises Invalid for an unknown kind, layout, unit or reply term."""
    problems = _problems(tx, kind=kind, unit_id=unit_id, layout=layout)
    if problems:
        raise Invalid("letter_invalid", "The letter cannot be issued.", problems)
    campaign = plans.campaign(tx, campaign_id)
    term = reply_term or KINDS[kind].reply
    issued_on = civil_date(tx.now)
    reply_due = plans.timetable(tx, campaign_id).after(term) if term else None
    definition_id, _ = plans.file_of(tx, TEMPLATES_KEY, f"{kind}.html.j2")
    organ_code = campaign.office.organ_code + KINDS[kind].word
    serial = paper.take_serial(tx, organ_code, issued_on.year)
    number = format_number(organ_code, issued_on.year, serial)
    listed = list(dict.fromkeys(case_ids))
    letter_id = tx.new_id()
    values = {
        "letter_id": letter_id,
        "kind": kind,
        "layout": layout or KINDS[kind].layout,
        "organ_code": organ_code,
        "year": issued_on.year,
        "serial": serial,
        "number": number,
        "title": _subject(tx, listed, report_id, kind),
        "campaign_id": campaign_id,
        "unit_id": unit_id,
        "item_id": item_id,
        "definition_id": definition_id,
        "variables": letter_variables(
            tx,
            campaign,
            unit_id=unit_id,
            case_ids=listed,
            report_id=report_id,
            item_id=item_id,
            kind=kind,
            reply_due=reply_due.due_on.isoformat() if reply_due else "",
            reason=reason,
        ),
        "reply_term": term,
        "issued_on": issued_on,
        "issued_at": tx.now,
        "issued_by": tx.actor.name,
    }
    paper.add_letter(tx, values, listed, reply_due_at=reply_due.due_at if reply_due else None)
    for case_id in listed or [None]:
        tx.record(
            "LetterIssued",
            case_id=case_id,
            campaign_id=campaign_id,
            kind_name=KINDS[kind].zh,
            number=number,
            letter=letter_id,
        )
    return letter_id


def _subject(tx: Transaction, case_ids: list[str], report_id: str | None, kind: str) -> str:
    word = KINDS[kind].zh
    if report_id:
        report = supervision.get_report(tx.connection, report_id)
        return f"{word}：{report['name'] if report else ''}"[:300]
    if len(case_ids) == 1:
        row = cases.get(tx, case_ids[0])
        return f"{word}：{case_ids[0]} {row['name'] if row else ''}"[:300]
    return f"{word}：{len(case_ids)}件"


def _problems(tx: Transaction, *, kind: str, unit_id: str, layout: str | None) -> tuple[Problem, ...]:
    found = []
    if kind not in KINDS:
        found.append(Problem("kind", f"没有“{kind}”这种公文。", f"There is no letter kind {kind!r}."))
    if layout is not None and layout not in LAYOUTS:
        found.append(Problem("layout", f"没有“{layout}”这种格式。", f"There is no layout {layout!r}."))
    if not people.unit_exists(tx, unit_id):
        found.append(Problem("unit", f"没有“{unit_id}”这个单位。", f"There is no unit {unit_id!r}."))
    return tuple(found)
