"""The case ledger 台账 and one case's dossier 一企一档."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import sqlalchemy as sa

from engine import plans
from engine.domain.actor import Actor
from engine.domain.letter import KINDS
from engine.domain.task import TaskState
from engine.errors import NotFound
from engine.queries import ledger
from engine.queries.inbox import workdays_left
from engine.queries.ledger import CaseFilter
from engine.queries.paging import Page, page_within
from engine.queries.task_page import EvidenceRow, evidence_rows
from engine.store import people, supervision
from engine.store.access import (
    known_facts,
    known_level,
    known_referrals,
    visible_cases,
    visible_facts,
    visible_letters,
    visible_tasks,
)
from engine.store.counts import is_open, light
from engine.store.schema import (
    cases as rows,
)
from engine.store.schema import (
    evidence,
    facts,
    instances,
    letter_cases,
    letter_services,
    letters,
    persons,
    supervision_items,
    tasks,
    units,
)
from engine.store.transaction import Reader

area = units.alias("area")
lead = units.alias("lead")


@dataclass(frozen=True)
class CaseRow:
    """`light` is empty for a case that is done or excluded."""

    case_id: str
    campaign_id: str
    name: str
    credit_code: str | None
    area: str
    lead: str
    group_id: str
    address: str
    industry: str
    source: str
    problem: str
    kinds: tuple[str, ...]
    is_illegal: bool | None
    disposition: str | None
    state: str
    phase: str | None
    return_count: int
    registered_at: datetime
    surveyed_at: datetime | None
    done_at: datetime | None
    struck_off_at: datetime | None
    relapsed_at: datetime | None
    due_at: datetime | None
    due_original_at: datetime | None
    light: str
    workdays_left: int | None


@dataclass(frozen=True)
class CaseList:
    filter: CaseFilter
    rows: tuple[CaseRow, ...]
    page: Page
    areas: tuple[tuple[str, str], ...]
    leads: tuple[tuple[str, str], ...]


@dataclass(frozen=True)
class CaseTask:
    """One task of the case, open or done. `form` and `submitted` show what was handed in."""

    task_id: str
    name: str
    process_key: str
    element_id: str
    state: TaskState
    assignee: str | None
    opened_at: datetime
    due_at: datetime | None
    completed_at: datetime | None
    completed_by: str | None
    submitted: Mapping[str, Any] | None
    form: bytes | None


@dataclass(frozen=True)
class CaseLetter:
    letter_id: str
    number: str
    kind: str
    title: str
    state: str
    issued_at: datetime


@dataclass(frozen=True)
class CaseItem:
    item_id: str
    name: str
    state: str
    level: int
    opened_at: datetime
    closed_at: datetime | None


@dataclass(frozen=True)
class FactRow:
    """One line of the history; `detail` fills the sentence of `engine.domain.facts.FACTS[kind]`."""

    fact_id: int
    at: datetime
    kind: str
    person: str
    detail: Mapping[str, Any]


@dataclass(frozen=True)
class CasePage:
    row: CaseRow
    contact_name: str
    contact_phone: str
    longitude: float | None
    latitude: float | None
    list_name: str | None
    group_name: str
    responsible: str  # the unit a letter about the case would go to
    deadline: Mapping[str, Any] | None
    instance_id: str | None
    tasks: tuple[CaseTask, ...]
    evidence: tuple[EvidenceRow, ...]
    letters: tuple[CaseLetter, ...]
    items: tuple[CaseItem, ...]
    facts: tuple[FactRow, ...]


def cases(reader: Reader, actor: Actor, wanted: CaseFilter) -> CaseList:
    """One page of the ledger: open cases by due date first, then the finished ones. See `ledger.total` for how far
    they are counted."""
    listed = ledger.listed(reader, actor, wanted)
    page = page_within(ledger.total(reader, actor, wanted, listed), wanted.page)
    keys = ledger.keys(listed, page.offset, page.per_page)
    found = reader.execute(_full(reader).join(keys, keys.c.case_id == rows.c.case_id)).mappings()
    return CaseList(wanted, tuple(_row(reader, row) for row in found), page, *ledger.places(reader, actor))


def export(reader: Reader, actor: Actor, wanted: CaseFilter) -> tuple[CaseRow, ...]:
    """Every row that the filter finds, for a spreadsheet; at most 50,000."""
    keys = ledger.keys(ledger.listed(reader, actor, wanted), 0, 50_000)
    found = reader.execute(_full(reader).join(keys, keys.c.case_id == rows.c.case_id)).mappings()
    return tuple(_row(reader, row) for row in found)


def case(reader: Reader, actor: Actor, case_id: str) -> CasePage:
    """Raises NotFound for a foreign case as for one that is not there."""
    query = _full(reader).where(rows.c.case_id == case_id, visible_cases(actor))
    found = reader.execute(query).mappings().first()
    if found is None:
        raise NotFound("case_unknown", f"There is no case {case_id}.", case=case_id)
    plan = plans.campaign(reader, found["campaign_id"])
    instance_id = reader.execute(
        sa.select(instances.c.instance_id).where(instances.c.kind == "case", instances.c.business_key == case_id)
    ).scalar()
    return CasePage(
        row=_row(reader, found),
        contact_name=found["contact_name"],
        contact_phone=found["contact_phone"],
        longitude=found["longitude"],
        latitude=found["latitude"],
        list_name=found["list_name"],
        group_name=plan.group(found["group_id"]).name,
        responsible=people.unit_name(reader, supervision.responsible_unit(reader, found)),
        deadline=found["deadline"],
        instance_id=instance_id,
        tasks=_tasks(reader, actor, case_id),
        evidence=evidence_rows(
            reader,
            sa.and_(
                evidence.c.case_id == case_id,
                evidence.c.task_id.in_(sa.select(tasks.c.task_id).where(visible_tasks(actor))),
            ),
        ),
        letters=_letters(reader, actor, case_id),
        items=_items(reader, actor, case_id),
        facts=history(reader, actor, case_id),
    )


def history(reader: Reader, actor: Actor, case_id: str, limit: int = 500) -> tuple[FactRow, ...]:
    """Newest first; without the making of a referral for those whom it does not concern."""
    told = sa.select(facts).where(facts.c.case_id == case_id, visible_facts(actor), known_facts(actor))
    discreet = sa.select(instances.c.instance_id).where(instances.c.case_id == case_id, sa.not_(known_referrals(actor)))
    told = told.where(sa.or_(facts.c.instance_id.is_(None), facts.c.instance_id.not_in(discreet)))
    ours = {letter.letter_id for letter in _letters(reader, actor, case_id)}
    found = reader.execute(told.order_by(facts.c.fact_id.desc()).limit(limit))
    return tuple(
        FactRow(row.fact_id, row.at, row.kind, row.person, row.detail)
        for row in found
        if row.detail.get("kind_name") != KINDS["referral"].zh or row.detail.get("letter") in ours
    )


def _full(reader: Reader) -> sa.Select[Any]:
    """Everything about cases, in the order of the ledger."""
    return (
        sa.select(rows, area.c.name.label("area"), lead.c.name.label("lead"), _light(reader).label("light"))
        .join(area, area.c.unit_id == rows.c.area_id)
        .join(lead, lead.c.unit_id == rows.c.lead_id)
        .order_by(*ledger.ORDER)
    )


def _light(reader: Reader) -> sa.ColumnElement[str]:
    return sa.case((is_open(), light(reader.now)), else_="")


def _row(reader: Reader, row: Mapping[str, Any]) -> CaseRow:
    plain = {name: row[name] for name in CaseRow.__dataclass_fields__ if name not in ("kinds", "workdays_left")}
    left = workdays_left(reader, row["due_at"]) if row["light"] else None
    return CaseRow(**plain, kinds=tuple(row["kinds"]), workdays_left=left)


def _tasks(reader: Reader, actor: Actor, case_id: str) -> tuple[CaseTask, ...]:
    assignee, completer = persons.alias("assignee"), persons.alias("completer")
    found = reader.execute(
        sa.select(tasks, assignee.c.name.label("assignee"), completer.c.name.label("completed_by"))
        .select_from(
            tasks.outerjoin(assignee, assignee.c.person_id == tasks.c.assignee_id).outerjoin(
                completer, completer.c.person_id == tasks.c.completed_by_id
            )
        )
        .where(tasks.c.case_id == case_id, visible_tasks(actor))
        .order_by(tasks.c.opened_at.desc(), tasks.c.task_id.desc())
    ).mappings()
    return tuple(
        CaseTask(
            row["task_id"],
            row["name"],
            row["process_key"],
            row["element_id"],
            TaskState(row["state"]),
            row["assignee"],
            row["opened_at"],
            row["due_at"],
            row["completed_at"],
            row["completed_by"],
            row["variables"],
            _form(reader, row),
        )
        for row in found
    )


def _form(reader: Reader, row: Mapping[str, Any]) -> bytes | None:
    definition = plans.definition(reader, row["definition_id"])
    element = plans.model(reader, (row["definition_id"],)).element(row["process_key"], row["element_id"])
    return definition.files.get(f"{element.form_key}.form")


def _letters(reader: Reader, actor: Actor, case_id: str) -> tuple[CaseLetter, ...]:
    query = (
        sa.select(letters, letter_services.c.state)
        .join(letter_cases, letter_cases.c.letter_id == letters.c.letter_id)
        .join(letter_services, letter_services.c.letter_id == letters.c.letter_id)
        .where(letter_cases.c.case_id == case_id)
        .order_by(letters.c.issued_at, letters.c.letter_id)
    )
    is_other = letters.c.kind != "referral"  # the dossier names every letter; a referral only to whom it concerns
    found = reader.execute(query.where(sa.or_(is_other, visible_letters(actor))))
    return tuple(CaseLetter(row.letter_id, row.number, row.kind, row.title, row.state, row.issued_at) for row in found)


def _items(reader: Reader, actor: Actor, case_id: str) -> tuple[CaseItem, ...]:
    found = reader.execute(
        sa.select(supervision_items, known_level(actor).label("known_level"))
        .where(supervision_items.c.case_id == case_id)
        .order_by(supervision_items.c.opened_at, supervision_items.c.item_id)
    )
    return tuple(
        CaseItem(row.item_id, row.name, row.state, row.known_level, row.opened_at, row.closed_at) for row in found
    )
