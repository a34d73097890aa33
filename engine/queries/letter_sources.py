"""What a letter is made from: the words and variables of one that was issued, or of one that may be."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from functools import partial
from typing import Any, Final

import sqlalchemy as sa

from engine import plans
from engine.domain.actor import Actor
from engine.domain.addressing import Addressee, needs_consent
from engine.domain.calendar import civil_date
from engine.domain.drafting import Consent, Wording
from engine.domain.letter import KINDS, format_number
from engine.domain.letter_kinds import MADE_ELSEWHERE
from engine.domain.letter_marks import NO_MARKS, Marks
from engine.domain.reviewed import Reviewed, as_signed
from engine.errors import NotFound
from engine.store import cases, drafts, supervision
from engine.store.access import may_see_case
from engine.store.schema import letters as rows
from engine.store.schema import units
from engine.store.transaction import Reader
from engine.wording import TEMPLATES_KEY, letter_variables, overdue_days

# A letter about no case is all its writer's words: the kind's template would have nothing to speak about.
OWN_WORDS: Final = "<title>拟稿</title><p>正文</p>"


@dataclass(frozen=True)
class LetterSource:
    """All that composing a letter needs: the template as it was when the letter was issued, and its variables."""

    letter_id: str
    kind: str
    layout: str
    number: str
    template: str
    template_name: str
    variables: Mapping[str, Any]
    organ: str
    addressee: str
    issued_on: date
    contact: str
    printed_by: str
    is_sample: bool = True
    addressees: tuple[str, ...] = ()  # every 主送机关 where there are several
    wording: Wording | None = None  # the writer's words in place of the template's
    consent: Consent | None = None
    marks: Marks = NO_MARKS


def source(reader: Reader, letter_id: str) -> LetterSource:
    """For the job that makes the document; asks nobody's permission, so no page may show it."""
    row = (
        reader.execute(
            sa.select(rows, units.c.name.label("unit"))
            .join(units, units.c.unit_id == rows.c.unit_id)
            .where(rows.c.letter_id == letter_id)
        )
        .mappings()
        .one()
    )
    return _source(
        reader,
        letter_id=letter_id,
        kind=row["kind"],
        layout=row["layout"],
        number=row["number"],
        definition_id=row["definition_id"],
        variables=row["variables"],
        addressee=row["unit"],
        issued_on=row["issued_on"],
        campaign_id=row["campaign_id"],
        addressees=tuple(name for _, name in drafts.addressees_of(reader, letter_id)),
        wording=Wording.from_json(row["wording"]),
        consent=Consent.from_json(row["consent"]),
        marks=Marks.from_json(row["marks"]),
    )


def preview(
    reader: Reader,
    actor: Actor,
    *,
    campaign_id: str,
    kind: str,
    case_ids: tuple[str, ...],
    layout: str | None = None,
    reply_term: str | None = None,
    reason: str = "",
) -> LetterSource:
    """What `IssueLetters` would make of these cases as one letter: the same words, × for the number.

    Raises NotFound for a foreign case.
    """
    seen = [_seen_case(reader, actor, campaign_id, case_id) for case_id in case_ids]
    unit_ids = tuple(dict.fromkeys(supervision.responsible_unit(reader, row) for row in seen))
    return planned_source(
        reader,
        campaign_id=campaign_id,
        kind=kind,
        unit_ids=unit_ids,
        case_ids=case_ids,
        layout=layout,
        reply_term=reply_term,
        reason=reason,
        extra={"signer": actor.name},
    )


def planned_source(
    reader: Reader,
    *,
    campaign_id: str,
    kind: str,
    unit_ids: Sequence[str],
    case_ids: Sequence[str],
    layout: str | None = None,
    reply_term: str | None = None,
    reason: str = "",
    wording: Wording | None = None,
    consent: Consent | None = None,
    extra: Mapping[str, Any] | None = None,
    reviewed: Reviewed | None = None,
    marks: Marks = NO_MARKS,
) -> LetterSource:
    """A letter that is not issued yet, as `letter_rows.issue` would make it now; asks nobody's permission."""
    plan = plans.campaign(reader, campaign_id)
    definition_id, _ = plans.file_of(reader, TEMPLATES_KEY, f"{kind}.html.j2")
    issued_on = civil_date(reader.now)
    found = drafts.units_by_id(reader, unit_ids)
    addressees = [Addressee(unit_id, *found[unit_id]) for unit_id in unit_ids]
    if consent is None and needs_consent(kind, plan.unit(plan.office.unit).kind, addressees):
        consent = plan.office.consent
    variables: Mapping[str, Any] = letter_variables(
        reader,
        plan,
        kind=kind,
        unit_id=unit_ids[0],
        case_ids=list(case_ids),
        report_id=None,
        item_id=supervision.open_item_of_case(reader, case_ids[0]) if len(case_ids) == 1 else None,
        reply_term=reply_term or KINDS[kind].reply,
        reason=reason,
        extra=dict(extra or {}),
    )
    if reviewed is not None:
        definition_id = reviewed.definition_id
        variables = as_signed(reviewed.variables, variables, partial(overdue_days, reader))
    return _source(
        reader,
        letter_id="",
        kind=kind,
        layout=layout or KINDS[kind].layout,
        number=format_number(plan.office.organ_code + KINDS[kind].word, issued_on.year, 1).replace("1号", "×号"),
        definition_id=definition_id,
        variables=variables,
        addressee=addressees[0].name,
        issued_on=issued_on,
        campaign_id=campaign_id,
        addressees=tuple(one.name for one in addressees) if len(addressees) > 1 else (),
        wording=wording,
        consent=consent,
        marks=marks,
    )


def _seen_case(reader: Reader, actor: Actor, campaign_id: str, case_id: str) -> Mapping[str, Any]:
    row = cases.get(reader, case_id)
    if row is None or row["campaign_id"] != campaign_id or not may_see_case(reader.connection, actor, case_id):
        raise NotFound("case_unknown", f"There is no case {case_id}.", case=case_id)
    return row


def _source(reader: Reader, *, definition_id: str, campaign_id: str, kind: str, **values: Any) -> LetterSource:
    name = f"{kind}.html.j2"
    office = plans.campaign(reader, campaign_id).office
    speaks_of = any(values["variables"].get(name) for name in ("cases", "report", "circular"))
    is_own = values.get("wording") is not None and not speaks_of and kind not in MADE_ELSEWHERE
    return LetterSource(
        kind=kind,
        template=OWN_WORDS if is_own else plans.definition(reader, definition_id).files[name].decode(),
        template_name=name,
        organ=office.organ_name,
        contact=f"{office.contact}，{office.phone}",
        printed_by=office.organ_name,
        **values,
    )
