"""The letters register and one letter with its document. What a letter is made from: `letter_sources`."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

import sqlalchemy as sa

from engine.domain.actor import Actor
from engine.domain.drafting import Consent
from engine.domain.letter import KINDS
from engine.domain.service import AWAITING_REPLY, OPEN
from engine.errors import NotFound
from engine.queries.cases import FactRow
from engine.queries.paging import PER_PAGE, Page, like, page_of
from engine.store import drafts, service
from engine.store import paper as store
from engine.store.access import may_see_instance, visible_facts, visible_letters
from engine.store.schema import (
    blobs,
    facts,
    letter_addressees,
    letter_deliveries,
    letter_documents,
    letter_services,
    units,
)
from engine.store.schema import letters as rows
from engine.store.transaction import Reader


@dataclass(frozen=True)
class LetterFilter:
    campaign: str = ""
    kind: str = ""
    state: str = ""
    unit: str = ""
    text: str = ""
    run: str = ""  # what was issued in one action
    page: int = 1


@dataclass(frozen=True)
class LetterRow:
    """`pages` and `sha256` are None until the PDF is made. `is_reply_late`: past due and not answered.

    Of a letter to several, `state` and `reply_due_at` are the letter's as a whole; who received and replied, and when,
    is for a unit what it did itself.
    """

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
    run_id: str | None = None
    more_addressees: int = 0  # beyond `unit`
    corrects: str | None = None  # numbers
    corrected_by: str | None = None


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
    may_void: bool
    facts: tuple[FactRow, ...]
    signed_by: str | None
    opinion: str | None
    draft_id: str | None  # None where the actor may not see it
    addressees: tuple[str, ...]
    consent: Consent | None
    corrects: tuple[str, str] | None  # letter id, number
    corrected_by: tuple[str, str] | None
    may_correct: bool


@dataclass(frozen=True)
class Document:
    number: str
    sha256: str
    content: bytes


def letters(reader: Reader, actor: Actor, wanted: LetterFilter) -> LetterList:
    """Newest number first."""
    query = _narrowed(_register(actor), wanted)
    page = page_of(reader.execute, query.with_only_columns(rows.c.letter_id), wanted.page)
    found = reader.execute(_ordered(query).limit(PER_PAGE).offset(page.offset)).mappings().all()
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
        tuple(_row(reader, row) for row in _own(reader, actor, found)),
        page,
        tuple((kind, KINDS[kind].zh) for kind in kinds),
        tuple(states),
        tuple((row[0], row[1]) for row in addressed),
    )


def letter(reader: Reader, actor: Actor, letter_id: str) -> LetterPage:
    """Raises NotFound for a letter of somebody else."""
    found = reader.execute(_ordered(_register(actor)).where(rows.c.letter_id == letter_id)).mappings().all()
    if not found:
        raise NotFound("letter_unknown", f"There is no letter {letter_id}.", letter=letter_id)
    [row] = _own(reader, actor, found)
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
        may_void=row["state"] in OPEN and actor.has_role("supervisor", "leader"),
        facts=_facts(reader, actor, row),
        signed_by=row["signed_by"],
        opinion=row["opinion"],
        draft_id=_draft_of(reader, actor, row),
        addressees=tuple(name for _, name in drafts.addressees_of(reader, letter_id)),
        consent=Consent.from_json(row["consent"]),
        corrects=(row["corrects_id"], row["corrects_number"]) if row["corrects_id"] else None,
        corrected_by=drafts.correction_of(reader, letter_id),
        may_correct=_may_correct(reader, actor, row),
    )


def _draft_of(reader: Reader, actor: Actor, row: Mapping[str, Any]) -> str | None:
    """What was decided before is for those who had a part in it and for watchers, not for the addressee."""
    if row["draft_id"] is None:
        return None
    instance_id = drafts.get(reader, row["draft_id"])["instance_id"]
    return row["draft_id"] if may_see_instance(reader.connection, actor, instance_id) else None


def _may_correct(reader: Reader, actor: Actor, row: Mapping[str, Any]) -> bool:
    is_corrected = row["corrected_number"] is not None or drafts.open_correction_of(reader, row["letter_id"])
    is_open = row["kind"] != "referral"  # a draft is open to the whole office
    return actor.has_role("supervisor", "leader") and not is_corrected and is_open


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


def _register(actor: Actor) -> sa.Select[Any]:
    return (
        sa.select(rows.c.letter_id)
        .join(letter_services, letter_services.c.letter_id == rows.c.letter_id)
        .join(units, units.c.unit_id == rows.c.unit_id)
        .outerjoin(letter_documents, letter_documents.c.letter_id == rows.c.letter_id)
        .where(visible_letters(actor))
    )


_older, _newer = rows.alias(), rows.alias()


def _number_of(others: Any, condition: Any) -> Any:
    return sa.select(others.c.number).where(condition).correlate_except(others).scalar_subquery()


def _ordered(query: sa.Select[Any]) -> sa.Select[Any]:
    service = [column for column in letter_services.c if column.name != "letter_id"]
    return query.with_only_columns(
        rows,
        *service,
        units.c.name.label("unit"),
        letter_documents.c.pages,
        letter_documents.c.sha256,
        letter_documents.c.title.label("printed_title"),
        _number_of(_older, _older.c.letter_id == rows.c.corrects_id).label("corrects_number"),
        _number_of(_newer, _newer.c.letter_id == drafts.counting_correction(rows.c.letter_id)).label(
            "corrected_number"
        ),
        sa.select(sa.func.count())
        .where(letter_addressees.c.letter_id == rows.c.letter_id)
        .scalar_subquery()
        .label("addressed"),
    ).order_by(rows.c.issued_at.desc(), rows.c.organ_code, rows.c.serial.desc())


def _narrowed(query: sa.Select[Any], wanted: LetterFilter) -> sa.Select[Any]:
    for value, column in (
        (wanted.campaign, rows.c.campaign_id),
        (wanted.kind, rows.c.kind),
        (wanted.state, letter_services.c.state),
        (wanted.unit, rows.c.unit_id),
        (wanted.run, rows.c.run_id),
    ):
        if value:
            query = query.where(column == value)
    if wanted.text.strip():
        pattern = like(wanted.text.strip())
        query = query.where(sa.or_(rows.c.number.like(pattern, escape="\\"), rows.c.title.like(pattern, escape="\\")))
    return query


_DONE = ("received_at", "received_by", "replied_at", "replied_by", "reply")  # by an addressee


def _own(reader: Reader, actor: Actor, found: Sequence[Mapping[str, Any]]) -> list[Mapping[str, Any]]:
    """The rows, for a unit among several addressees with what it did itself in place of what the last of them did."""
    joint = [] if actor.sees_all else [row["letter_id"] for row in found if row["addressed"] > 1]
    if not joint:
        return list(found)
    mine: dict[str, list[Mapping[str, Any]]] = {letter_id: [] for letter_id in joint}
    query = sa.select(letter_deliveries).where(
        letter_deliveries.c.letter_id.in_(joint), letter_deliveries.c.unit_id.in_(actor.units)
    )
    for delivery in reader.execute(query).mappings():
        mine[delivery["letter_id"]].append(delivery)
    narrowed = []
    for row in found:
        done: Mapping[str, Any] = row
        if row["letter_id"] in mine:
            deliveries = mine[row["letter_id"]]
            done = service.summary(deliveries) if deliveries else dict.fromkeys(_DONE)
        narrowed.append({**row, **{name: done[name] for name in _DONE}})
    return narrowed


def _row(reader: Reader, row: Mapping[str, Any]) -> LetterRow:
    reply_due_at = row["reply_due_at"]
    is_late = reply_due_at is not None and reply_due_at < reader.now and row["state"] in AWAITING_REPLY
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
        run_id=row["run_id"],
        more_addressees=max(0, row["addressed"] - 1),
        corrects=row["corrects_number"],
        corrected_by=row["corrected_number"],
    )


def _facts(reader: Reader, actor: Actor, row: Mapping[str, Any]) -> tuple[FactRow, ...]:
    """Newest first, of what the actor may know. What is told of each of its cases is told here once."""
    case_ids = store.case_ids_of(reader, row["letter_id"])
    of_letter = sa.and_(
        facts.c.case_id == case_ids[0] if case_ids else facts.c.case_id.is_(None),
        facts.c.kind.like("Letter%"),
        facts.c.at >= row["issued_at"],
        facts.c.detail["letter"].as_string() == row["letter_id"],
    )
    mine = list(reader.execute(sa.select(facts).where(of_letter, visible_facts(actor))))
    if case_ids and mine and row["pages"] is not None:
        mine += _rendered(reader, row["letter_id"], after=min(fact.fact_id for fact in mine))
    mine.sort(key=lambda fact: fact.fact_id, reverse=True)
    return tuple(FactRow(fact.fact_id, fact.at, fact.kind, fact.person, fact.detail) for fact in mine)


def _rendered(reader: Reader, letter_id: str, *, after: int) -> Sequence[Any]:
    """The making of the document is told of no case. It is looked for from the issue on, and no further than it."""
    query = (
        sa.select(facts)
        .where(
            facts.c.case_id.is_(None),
            facts.c.fact_id > after,
            facts.c.kind == "LetterRendered",
            facts.c.detail["letter"].as_string() == letter_id,
        )
        .order_by(facts.c.fact_id)
        .limit(1)
    )
    return reader.execute(query).all()
