"""Issues a letter: takes its number and keeps what it says, in the same transaction as the reason for it.

The PDF is made later by a job from what is kept here, so every attempt prints the same number and the same words.
"""

from collections.abc import Iterable, Mapping, Sequence
from functools import partial
from typing import Any

from engine import plans
from engine.commands import accountability_rows
from engine.commands.letter_matters import check_planned
from engine.commands.letter_rungs import climb, lock_climbed, stand
from engine.commands.letter_service import record_of
from engine.domain import addressing
from engine.domain.addressing import Addressee
from engine.domain.calendar import civil_date
from engine.domain.campaign import Campaign
from engine.domain.drafting import Consent, DraftState, Wording
from engine.domain.instance import InstanceKind, InstanceRow
from engine.domain.letter import KINDS, format_number
from engine.domain.letter_marks import NO_MARKS, Marks
from engine.domain.reviewed import Reviewed, as_signed
from engine.errors import Invalid, Problem, Rejected
from engine.store import cases, drafts, jobs, paper, people, service, standing_rungs, supervision
from engine.store.transaction import Transaction
from engine.wording import TEMPLATES_KEY, as_planned, letter_variables, overdue_days

OWN_INPUTS = ("kind", "to", "layout", "reply", "reason")  # every other input is a variable of the template


def issue_for_job(tx: Transaction, row: InstanceRow, inputs: Mapping[str, Any], variables: Mapping[str, Any]) -> str:
    """The letter that a `letter` service task asks for. Inputs: kind, to (unit id); optional layout, reply, reason, and
    others by the names of the template's variables (`domain.letter_words`).

    Where the desk has gone this far up the ladder already, that letter stands and no second one goes out: one open
    notice for each item and rung (domain handbook E).
    """
    if row.kind is InstanceKind.LETTER:
        return _issue_draft(tx, row, variables)
    level = variables.get("rung")
    if row.kind is InstanceKind.SUPERVISION and isinstance(level, int):
        sent = standing_rungs.letter_at_or_above(tx, row.business_key, level)
        if sent is not None:
            return sent
    item_id = row.business_key if row.kind is InstanceKind.SUPERVISION else None
    report_id = variables.get("report") if isinstance(variables.get("report"), str) else None
    kind, matter = str(inputs.get("kind")), accountability_rows.matter_of(tx, row, variables)
    letter_id = issue(
        tx,
        campaign_id=row.campaign_id,
        kind=kind,
        unit_id=str(next(iter(matter.unit_ids), "") or inputs.get("to") or variables.get("unit")),
        unit_ids=matter.unit_ids,
        case_ids=[row.case_id] if row.case_id else [],
        report_id=report_id,
        item_id=item_id or matter.item_id,
        layout=inputs.get("layout"),
        reply_term=inputs.get("reply"),
        reason=str(inputs.get("reason") or ""),
        signed_by=matter.signed_by,
        extra={name: value for name, value in inputs.items() if name not in OWN_INPUTS} | dict(matter.extra),
    )
    accountability_rows.letter_issued(tx, row, kind, letter_id)
    return letter_id


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
    unit_ids: Sequence[str] = (),
    wording: Wording | None = None,
    consent: Consent | None = None,
    signed_by: str | None = None,
    opinion: str = "",
    draft_id: str | None = None,
    run_id: str | None = None,
    corrects_id: str | None = None,
    extra: Mapping[str, Any] | None = None,
    reviewed: Reviewed | None = None,
    marks: Marks = NO_MARKS,
) -> str:
    """The one place where a number is taken. Returns the letter id. Raises Invalid for an unknown kind, layout, unit or
    reply term, and for an addressee whom the office may not direct; Rejected for a second correction of one letter,
    which is locked.

    `unit_ids`: every 主送机关 where there are several, `unit_id` the first of them. `extra` goes into the template's
    variables, `wording` replaces the template's words. `signed_by`: post and name of who decided. `reviewed`: what was
    shown to them; the letter says that, whatever template and cases say now.
    """
    problems = _problems(tx, kind=kind, unit_id=unit_id, layout=layout)
    if problems:
        raise Invalid("letter_invalid", "The letter cannot be issued.", problems)
    if corrects_id:
        check_uncorrected(tx, corrects_id)
    campaign = plans.campaign(tx, campaign_id)
    addressed = tuple(unit_ids) or (unit_id,)
    consent = check_addressees(tx, campaign, kind=kind, unit_ids=addressed, consent=consent)
    term = reply_term or KINDS[kind].reply
    issued_on = civil_date(tx.now)
    definition_id, _ = plans.file_of(tx, TEMPLATES_KEY, f"{kind}.html.j2")
    organ_code = campaign.office.organ_code + KINDS[kind].word
    serial = paper.take_serial(tx, organ_code, issued_on.year)
    number = format_number(organ_code, issued_on.year, serial)
    listed = list(dict.fromkeys(case_ids))
    variables: Mapping[str, Any] = letter_variables(
        tx,
        campaign,
        unit_id=unit_id,
        case_ids=listed,
        report_id=report_id,
        item_id=item_id,
        kind=kind,
        reply_term=term,
        reason=reason,
        extra=_words_of_signing(tx, signed_by, corrects_id) | dict(extra or {}),
    )
    if reviewed is not None:
        definition_id = reviewed.definition_id
        variables = as_signed(reviewed.variables, variables, partial(overdue_days, tx))
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
        "variables": variables,
        "reply_term": term,
        "issued_on": issued_on,
        "issued_at": tx.now,
        "issued_by": tx.actor.name,
        "draft_id": draft_id,
        "corrects_id": corrects_id,
        "run_id": run_id,
        "signed_by": signed_by,
        "opinion": opinion or None,
        "wording": wording.to_json() if wording else None,
        "consent": consent.to_json() if consent else None,
        "marks": marks.to_json() if marks != NO_MARKS else None,
    }
    receipt_due = plans.timetable(tx, campaign_id).after(campaign.receipt_term)
    paper.add_letter(tx, values, listed)
    due = record_of(receipt_due)
    service.add_deliveries(tx, letter_id, addressed, receipt_due_at=receipt_due.due_at, deadline=due)
    if len(addressed) > 1:
        drafts.add_addressees(tx, letter_id, addressed)
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


def _words_of_signing(tx: Transaction, signed_by: str | None, corrects_id: str | None) -> dict[str, Any]:
    """What a template may print of who signed, and of the letter that this one corrects."""
    words: dict[str, Any] = {"signer": signed_by} if signed_by else {}
    if corrects_id and (corrected := paper.get_letter(tx.connection, corrects_id)):
        words["corrects"] = {"number": corrected["number"]}
    return words


def check_uncorrected(tx: Transaction, letter_id: str) -> None:
    """Locks the letter. A void correction does not count. Raises Rejected."""
    paper.lock_letter(tx, letter_id)
    old, known = paper.get_letter(tx, letter_id), drafts.correction_of(tx, letter_id)
    if known is not None:
        number = old["number"] if old else letter_id
        raise Rejected("letter_corrected", f"{number} has been corrected already.", number=number, by=known[1])


def check_addressees(
    tx: Transaction, campaign: Campaign, *, kind: str, unit_ids: Sequence[str], consent: Consent | None
) -> Consent | None:
    """The consent that the letter needs and will print: the given one, else the campaign's standing one where a lower
    government is addressed. Raises Invalid where there is none (engine.domain.addressing)."""
    found = drafts.units_by_id(tx, unit_ids)
    addressees = [Addressee(unit_id, *found[unit_id]) for unit_id in unit_ids if unit_id in found]
    issuer = campaign.unit(campaign.office.unit).kind
    if consent is None and addressing.needs_consent(kind, issuer, addressees):
        consent = campaign.office.consent
    if problems := addressing.check(kind, KINDS[kind].zh, issuer, addressees, consent):
        raise Invalid("addressee_forbidden", "The office may not direct this addressee by itself.", problems)
    return consent


def _issue_draft(tx: Transaction, row: InstanceRow, variables: Mapping[str, Any]) -> str:
    """Every letter of a signed draft, with one run of numbers, in this transaction. Returns the first one's id, whose
    document the diagram's own job makes; each of the others gets a job of its own."""
    draft = drafts.get(tx, row.business_key)
    planned = drafts.letters_of(tx, draft["draft_id"])
    items = check_planned(tx, draft, planned)
    if draft["corrects_id"]:
        lock_climbed(tx, draft["corrects_id"])
    wordings = drafts.wordings_of(tx, draft["draft_id"])
    post = str(variables.get("signer_post") or "")
    corrected = paper.get_letter(tx, draft["corrects_id"]) if draft["corrects_id"] else None
    issued: list[str] = []
    for one in planned:
        case_ids = one["case_ids"]
        letter_id = issue(
            tx,
            campaign_id=draft["campaign_id"],
            kind=draft["kind"],
            unit_id=one["unit_ids"][0],
            unit_ids=one["unit_ids"],
            case_ids=case_ids,
            item_id=corrected["item_id"] if corrected else items[case_ids[0]] if len(case_ids) == 1 else None,
            layout=draft["layout"],
            reply_term=draft["reply_term"],
            reason=draft["reason"],
            wording=wordings.get(one["position"]),
            consent=Consent.from_json(draft["consent"]),
            signed_by=" ".join(filter(None, (post, tx.actor.name))),
            opinion=str(variables.get("sign_opinion") or ""),
            draft_id=draft["draft_id"],
            run_id=draft["draft_id"] if len(planned) > 1 else None,
            corrects_id=draft["corrects_id"],
            extra={"corrects": {"number": corrected["number"], "reason": draft["note"]}} if corrected else None,
            marks=Marks.from_json(draft["marks"]).at(one["position"]),
            reviewed=drafts.reviewed_of(one) or (as_planned(tx, draft, one) if corrected else None),
        )
        if issued:
            jobs.add(tx, kind="letter", name="letter", payload={"letter_id": letter_id}, due_at=tx.now)
        for case_id in () if corrected else case_ids:
            climb(tx, kind=draft["kind"], reason=draft["reason"], item_id=items[case_id], letter_id=letter_id)
        drafts.set_letter(tx, draft["draft_id"], one["position"], letter_id)
        issued.append(letter_id)
    drafts.update(tx, draft["draft_id"], state=DraftState.SIGNED, closed_at=tx.now)
    if draft["corrects_id"]:
        _note_correction(tx, draft["corrects_id"], issued[0])
    return issued[0]


def _note_correction(tx: Transaction, old_id: str, new_id: str) -> None:
    """The old letter says by which it was corrected, and nobody has to answer it any more. The new one stands where the
    old one stood: for its rung, if it did, and with the talk that it is of."""
    paper.lock_letter(tx, old_id)
    old, new = paper.get_letter(tx, old_id), paper.get_letter(tx, new_id)
    assert old is not None and new is not None
    for case_id in paper.case_ids_of(tx, old_id) or [None]:
        tx.record(
            "LetterCorrected",
            case_id=case_id,
            campaign_id=old["campaign_id"],
            number=old["number"],
            by_number=new["number"],
            letter=old_id,
        )
    if old["state"] not in ("CLOSED", "VOID"):
        service.set_aside(tx, old_id, f"已由{new['number']}更正")
    paper.pass_talk(tx, old_id, new_id)
    stand(tx, old_id)


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
    elif layout is not None and layout not in KINDS[kind].layouts:
        found.append(Problem("layout", f"没有“{layout}”这种格式。", f"There is no layout {layout!r}."))
    if not people.unit_exists(tx, unit_id):
        found.append(Problem("unit", f"没有“{unit_id}”这个单位。", f"There is no unit {unit_id!r}."))
    return tuple(found)
