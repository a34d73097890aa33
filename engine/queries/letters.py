"""The letters register, one letter with its document, and what a job needs to make the document."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

import sqlalchemy as sa

from engine import plans
from engine.domain.actor import Actor
from engine.domain.calendar import civil_date
from engine.domain.letter import KINDS, format_number
from engine.errors import NotFound
from engine.queries.cases import FactRow
from engine.queries.paging import PER_PAGE, Page, like, page_of
from engine.store import cases, people, supervision
from engine.store import paper as store
from engine.store.access import may_see_case, visible_letters
from engine.store.schema import blobs, facts, letter_documents, letter_services, units
from engine.store.schema import letters as rows
from engine.store.transaction import Reader
from engine.wording import letter_variables


@dataclass(frozen=True)
class LetterFilter:
    campaign: str = ""
    kind: str = ""
    state: str = ""
    unit: str = ""
    text: str = ""
    page: int = 1


@dataclass(frozen=True)
class LetterRow:
    """`pages` and `sha256` are None until the PDF is made. `is_reply_late`: past due and not answered."""

    letter_id: str
    number: str
    kind: str
    kind_name: str
    title: str
    unit_id: str
    unit: str
    issued_on: date
    issued_by: str
    state: str
    reply_due_at: datetime | None
    is_reply_late: bool
    received_at: datetime | None
    received_by: str | None
    replied_at: datetime | None
    pages: int | None
    sha256: str | None


@dataclass(frozen=True)
class LetterList:
    filter: LetterFilter
    rows: tuple[LetterRow, ...]
    page: Page
    kinds: tuple[tuple[str, str], ...]
    states: tuple[str, ...]
    units: tuple[tuple[str, str], ...]


@dataclass(frozen=True)
class LetterPage:
    row: LetterRow
    campaign_id: str
    item_id: str | None
    case_ids: tuple[str, ...]
    reply: str | None
    replied_by: str | None
    closed_at: datetime | None
    closed_by: str | None
    void_reason: str | None
    may_receive: bool
    may_reply: bool
    may_close: bool
    may_void: bool
    facts: tuple[FactRow, ...]


@dataclass(frozen=True)
class Document:
    number: str
    sha256: str
    content: bytes


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


def letters(reader: Reader, actor: Actor, wanted: LetterFilter) -> LetterList:
    """Newest number first."""
    query = _narrowed(_register(actor), wanted)
    page = page_of(reader.execute, query.with_only_columns(rows.c.letter_id), wanted.page)
    found = reader.execute(_ordered(query).limit(PER_PAGE).offset(page.offset)).mappings()
    kinds = reader.execute(_register(actor).with_only_columns(rows.c.kind).distinct().order_by(rows.c.kind)).scalars()
    states = reader.execute(
        _register(actor).with_only_columns(letter_services.c.state).distinct().order_by(letter_services.c.state)
    ).scalars()
    addressed = reader.execute(
        _register(actor)
        .with_only_columns(units.c.unit_id, units.c.name, units.c.position)
        .distinct()
        .order_by(units.c.position)
    )
    return LetterList(
        wanted,
        tuple(_row(reader, row) for row in found),
        page,
        tuple((kind, KINDS[kind].zh) for kind in kinds),
        tuple(states),
        tuple((row[0], row[1]) for row in addressed),
    )


def letter(reader: Reader, actor: Actor, letter_id: str) -> LetterPage:
    """Raises NotFound for a letter of somebody else."""
    row = reader.execute(_ordered(_register(actor)).where(rows.c.letter_id == letter_id)).mappings().first()
    if row is None:
        raise NotFound("letter_unknown", f"There is no letter {letter_id}.", letter=letter_id)
    is_addressee = row["unit_id"] in actor.units
    is_office = actor.has_role("supervisor", "leader")
    state = row["state"]
    return LetterPage(
        row=_row(reader, row),
        campaign_id=row["campaign_id"],
        item_id=row["item_id"],
        case_ids=tuple(store.case_ids_of(reader, letter_id)),
        reply=row["reply"],
        replied_by=row["replied_by"],
        closed_at=row["closed_at"],
        closed_by=row["closed_by"],
        void_reason=row["void_reason"],
        may_receive=state == "ISSUED" and (is_addressee or is_office),
        may_reply=state == "RECEIVED" and (is_addressee or is_office),
        may_close=state in ("RECEIVED", "REPLIED") and is_office,
        may_void=state in ("ISSUED", "RECEIVED", "REPLIED") and is_office,
        facts=_facts(reader, row),
    )


def document(reader: Reader, actor: Actor, letter_id: str) -> Document:
    """The PDF as issued. Raises NotFound while it is not made yet."""
    row = reader.execute(
        _register(actor)
        .with_only_columns(rows.c.number, letter_documents.c.sha256, blobs.c.content)
        .join(blobs, blobs.c.sha256 == letter_documents.c.sha256)
        .where(rows.c.letter_id == letter_id)
    ).first()
    if row is None:
        raise NotFound("document_unknown", f"Letter {letter_id} has no document yet.", letter=letter_id)
    return Document(row.number, row.sha256, row.content)


def by_number(reader: Reader, actor: Actor, number: str) -> str:
    """The id of the letter with this number. Raises NotFound."""
    found = reader.execute(
        _register(actor).with_only_columns(rows.c.letter_id).where(rows.c.number == number.strip())
    ).scalar()
    if found is None:
        raise NotFound("letter_unknown", f"There is no letter {number}.", letter=number)
    return str(found)


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
    """What `IssueLetters` would make of these cases of one responsible unit: the same words, × for the number.

    Raises NotFound for a foreign case.
    """
    rows_of_cases = [_seen_case(reader, actor, campaign_id, case_id) for case_id in case_ids]
    unit_id = supervision.responsible_unit(reader, rows_of_cases[0])
    plan = plans.campaign(reader, campaign_id)
    definition_id, _ = plans.file_of(reader, "letters", f"{kind}.html.j2")
    term = reply_term or KINDS[kind].reply
    issued_on = civil_date(reader.now)
    variables = letter_variables(
        reader,
        plan,
        kind=kind,
        unit_id=unit_id,
        case_ids=list(case_ids),
        report_id=None,
        item_id=supervision.open_item_of_case(reader, case_ids[0]) if len(case_ids) == 1 else None,
        reply_due=plans.timetable(reader, campaign_id).after(term).due_on.isoformat() if term else "",
        reason=reason,
    )
    return _source(
        reader,
        letter_id="",
        kind=kind,
        layout=layout or KINDS[kind].layout,
        number=format_number(plan.office.organ_code + KINDS[kind].word, issued_on.year, 1).replace("1号", "×号"),
        definition_id=definition_id,
        variables=variables,
        addressee=people.unit_name(reader, unit_id),
        issued_on=issued_on,
        campaign_id=campaign_id,
    )


def _seen_case(reader: Reader, actor: Actor, campaign_id: str, case_id: str) -> Mapping[str, Any]:
    row = cases.get(reader, case_id)
    if row is None or row["campaign_id"] != campaign_id or not may_see_case(reader.connection, actor, case_id):
        raise NotFound("case_unknown", f"There is no case {case_id}.", case=case_id)
    return row


def _source(reader: Reader, *, definition_id: str, campaign_id: str, kind: str, **values: Any) -> LetterSource:
    name = f"{kind}.html.j2"
    office = plans.campaign(reader, campaign_id).office
    return LetterSource(
        kind=kind,
        template=plans.definition(reader, definition_id).files[name].decode(),
        template_name=name,
        organ=office.organ_name,
        contact=f"{office.contact}，{office.phone}",
        printed_by=office.organ_name,
        **values,
    )


def _register(actor: Actor) -> sa.Select[Any]:
    return (
        sa.select(rows.c.letter_id)
        .join(letter_services, letter_services.c.letter_id == rows.c.letter_id)
        .join(units, units.c.unit_id == rows.c.unit_id)
        .outerjoin(letter_documents, letter_documents.c.letter_id == rows.c.letter_id)
        .where(visible_letters(actor))
    )


def _ordered(query: sa.Select[Any]) -> sa.Select[Any]:
    service = [column for column in letter_services.c if column.name != "letter_id"]
    return query.with_only_columns(
        rows,
        *service,
        units.c.name.label("unit"),
        letter_documents.c.pages,
        letter_documents.c.sha256,
        letter_documents.c.title.label("printed_title"),
    ).order_by(rows.c.issued_at.desc(), rows.c.organ_code, rows.c.serial.desc())


def _narrowed(query: sa.Select[Any], wanted: LetterFilter) -> sa.Select[Any]:
    for value, column in (
        (wanted.campaign, rows.c.campaign_id),
        (wanted.kind, rows.c.kind),
        (wanted.state, letter_services.c.state),
        (wanted.unit, rows.c.unit_id),
    ):
        if value:
            query = query.where(column == value)
    if wanted.text.strip():
        pattern = like(wanted.text.strip())
        query = query.where(sa.or_(rows.c.number.like(pattern, escape="\\"), rows.c.title.like(pattern, escape="\\")))
    return query


def _row(reader: Reader, row: Mapping[str, Any]) -> LetterRow:
    reply_due_at = row["reply_due_at"]
    is_late = reply_due_at is not None and reply_due_at < reader.now and row["state"] in ("ISSUED", "RECEIVED")
    return LetterRow(
        letter_id=row["letter_id"],
        number=row["number"],
        kind=row["kind"],
        kind_name=KINDS[row["kind"]].zh,
        title=row["printed_title"] or row["title"],
        unit_id=row["unit_id"],
        unit=row["unit"],
        issued_on=row["issued_on"],
        issued_by=row["issued_by"],
        state=row["state"],
        reply_due_at=reply_due_at,
        is_reply_late=is_late,
        received_at=row["received_at"],
        received_by=row["received_by"],
        replied_at=row["replied_at"],
        pages=row["pages"],
        sha256=row["sha256"],
    )


def _facts(reader: Reader, row: Mapping[str, Any]) -> tuple[FactRow, ...]:
    """Newest first. What is told of each of its cases is told here once."""
    case_ids = store.case_ids_of(reader, row["letter_id"])
    of_first = facts.c.case_id == case_ids[0] if case_ids else sa.false()
    found = reader.execute(
        sa.select(facts)
        .where(
            sa.or_(of_first, facts.c.case_id.is_(None)), facts.c.kind.like("Letter%"), facts.c.at >= row["issued_at"]
        )
        .order_by(facts.c.fact_id.desc())
    )
    mine = [fact for fact in found if fact.detail.get("letter") == row["letter_id"]]
    return tuple(FactRow(fact.fact_id, fact.at, fact.kind, fact.person, fact.detail) for fact in mine)
