"""The event log of a campaign, a bounded number of traces at a time: facts and visits, in the order they happened.

A called process happens in the instance that calls it, so a trace runs through all of its diagrams.
"""

import hashlib
import hmac
from collections.abc import Mapping, Sequence
from datetime import date, datetime, time, timedelta
from typing import Any

import sqlalchemy as sa

from engine import plans
from engine.bpmn.elements import read_elements
from engine.domain.actor import Actor
from engine.domain.calendar import SHANGHAI
from engine.domain.event_log import LogFilter, LogHead, LogLetter, LogTrace, check_export
from engine.domain.instance import InstanceKind, InstanceState
from engine.errors import NotFound
from engine.queries.event_trace import LETTER_FACTS, LOGGED, Lookups, Person, trace_of
from engine.queries.instances import seen_by
from engine.store.access import known_facts, known_referrals, known_visits
from engine.store.schema import (
    campaigns,
    cases,
    definitions,
    facts,
    instances,
    letters,
    memberships,
    persons,
    supervision_items,
    tasks,
    units,
    visits,
)
from engine.store.transaction import Reader

AT_ONCE = 200
OF_THE_CASE = ("CaseRegistered", *LETTER_FACTS)  # facts of the case as a whole, which name no instance


def event_log_head(reader: Reader, actor: Actor, wanted: LogFilter) -> LogHead:
    """Raises NotPermitted, and NotFound for a campaign or a process that is not there."""
    check_export(actor, names_persons=wanted.names_persons)
    title = reader.execute(sa.select(campaigns.c.title).where(campaigns.c.campaign_id == wanted.campaign_id)).scalar()
    if title is None:
        raise NotFound("campaign_unknown", f"There is no campaign {wanted.campaign_id}.", campaign=wanted.campaign_id)
    of_key = sa.select(definitions.c.key).where(definitions.c.key == wanted.process).limit(1)
    if wanted.process and reader.execute(of_key).scalar() is None:
        raise NotFound("definition_unknown", f"There is no process {wanted.process}.", key=wanted.process)
    named = reader.execute(sa.select(units.c.unit_id, units.c.name).order_by(units.c.unit_id))
    return LogHead(title, wanted, tuple((row.unit_id, row.name) for row in named))


def event_log(reader: Reader, actor: Actor, wanted: LogFilter, after: str = "") -> tuple[LogTrace, ...]:
    """The next traces by instance id, at most AT_ONCE; none when there are no more. Raises NotPermitted."""
    check_export(actor, names_persons=wanted.names_persons)
    rows = reader.execute(_instances(actor, wanted, after)).mappings().all()
    ids = [row["instance_id"] for row in rows]
    told = _facts(reader, actor, wanted, rows)
    batch = Lookups(
        people=_people(reader, wanted, {fact["person_id"] for some in told.values() for fact in some}),
        letters=_letters(reader, actor, told),
    )
    for row in rows:
        _know(reader, batch, row["definition_ids"])
    passed = _grouped(
        reader.execute(
            sa.select(visits)
            .where(visits.c.instance_id.in_(ids), visits.c.at <= wanted.as_of, known_visits(actor))
            .order_by(visits.c.instance_id, visits.c.visit_id)
        )
    )
    opened = _grouped(
        reader.execute(
            sa.select(tasks)
            .where(tasks.c.instance_id.in_(ids), tasks.c.opened_at <= wanted.as_of)
            .order_by(tasks.c.instance_id, tasks.c.opened_at, tasks.c.task_id)
        )
    )
    return tuple(
        trace_of(
            row,
            batch,
            told.get(row["instance_id"], []),
            passed.get(row["instance_id"], []),
            opened.get(row["instance_id"], []),
        )
        for row in rows
    )


def _instances(actor: Actor, wanted: LogFilter, after: str) -> sa.Select[Any]:
    """Referrals are for whom they concern; the rest of the log holds nothing that only some may know."""
    rows = instances.outerjoin(cases, cases.c.case_id == instances.c.case_id)
    rows = rows.outerjoin(supervision_items, supervision_items.c.item_id == instances.c.business_key)
    named = ("instance_id", "kind", "key", "definition_id", "definition_ids", "business_key", "case_id")
    query = (
        sa.select(
            *(instances.c[name] for name in named),
            _state_at(wanted.as_of).label("state"),
            instances.c.started_at,
            cases.c.area_id,
            cases.c.lead_id,
            supervision_items.c.item_id,
            supervision_items.c.unit_id.label("item_unit_id"),
        )
        .select_from(rows)
        .where(
            instances.c.campaign_id == wanted.campaign_id,
            instances.c.instance_id > after,
            instances.c.started_at <= wanted.as_of,
            known_referrals(actor),
            sa.true() if actor.has_role("designer", "auditor") else seen_by(actor),
        )
    )
    if wanted.process:
        query = query.where(instances.c.key == wanted.process)
    if wanted.since:
        query = query.where(instances.c.started_at >= _midnight(wanted.since))
    if wanted.until:
        query = query.where(instances.c.started_at < _midnight(wanted.until + timedelta(days=1)))
    return query.order_by(instances.c.instance_id).limit(AT_ONCE)


def _state_at(as_of: datetime) -> sa.Case[str]:
    """What ended later was still under way."""
    return sa.case((instances.c.ended_at > as_of, InstanceState.ACTIVE.value), else_=instances.c.state)


def _facts(
    reader: Reader, actor: Actor, wanted: LogFilter, rows: Sequence[Mapping[str, Any]]
) -> dict[str, list[Mapping[str, Any]]]:
    """By instance, in the order they were recorded; facts of a case as a whole are told with its own process."""
    of_case = {row["case_id"]: row["instance_id"] for row in rows if row["kind"] == InstanceKind.CASE}
    whole = sa.and_(facts.c.instance_id.is_(None), facts.c.kind.in_(OF_THE_CASE), facts.c.case_id.in_([*of_case]))
    found = reader.execute(
        sa.select(facts)
        .where(
            sa.or_(facts.c.instance_id.in_([row["instance_id"] for row in rows]), whole),
            facts.c.kind.in_(LOGGED),
            facts.c.at <= wanted.as_of,
            known_facts(actor),
        )
        .order_by(facts.c.fact_id)
    ).mappings()
    told: dict[str, list[Mapping[str, Any]]] = {}
    for fact in found:
        told.setdefault(fact["instance_id"] or of_case[fact["case_id"]], []).append(fact)
    return told


def _people(reader: Reader, wanted: LogFilter, ids: set[str]) -> dict[str, Person]:
    """Role and unit are of the first membership by name: a log has one of each."""
    held: dict[str, tuple[str, str]] = {}
    for row in reader.execute(
        sa.select(memberships)
        .where(memberships.c.person_id.in_(ids))
        .order_by(memberships.c.person_id, memberships.c.role, memberships.c.unit_id)
    ):
        held.setdefault(row.person_id, (row.role, row.unit_id))
    found = {}
    for row in reader.execute(sa.select(persons.c.person_id, persons.c.name).where(persons.c.person_id.in_(ids))):
        shown = row.name if wanted.names_persons else pseudonym(reader.secret, row.person_id)
        found[row.person_id] = Person(shown, *held.get(row.person_id, ("", "")))
    return found


def pseudonym(secret: bytes, person_id: str) -> str:
    """The same for the same person in every log of this installation; without its key nobody leads it back."""
    return "P-" + hmac.new(secret, b"event log\0" + person_id.encode(), hashlib.sha256).hexdigest()[:12]


def _letters(reader: Reader, actor: Actor, told: Mapping[str, Sequence[Mapping[str, Any]]]) -> dict[str, LogLetter]:
    ids = {str(fact["detail"].get("letter", "")) for some in told.values() for fact in some}
    known = sa.true() if actor.sees_referrals else letters.c.kind != "referral"
    named = (letters.c.letter_id, letters.c.kind, letters.c.issued_at)
    query = sa.select(*named).where(letters.c.letter_id.in_(ids), known)
    return {row.letter_id: LogLetter(*row) for row in reader.execute(query)}


def _know(reader: Reader, batch: Lookups, definition_ids: Sequence[str]) -> None:
    for definition_id in definition_ids:
        if definition_id not in batch.known_definitions:
            known = plans.definition(reader, definition_id)
            batch.known_definitions[definition_id] = (known.key, known.version)
            bpmn = known.files.get(f"{known.key}.bpmn")
            for element in read_elements(bpmn) if bpmn else ():
                batch.elements[definition_id, known.key, element.element_id] = element


def _grouped(found: Any) -> dict[str, list[Mapping[str, Any]]]:
    grouped: dict[str, list[Mapping[str, Any]]] = {}
    for row in found.mappings():
        grouped.setdefault(row["instance_id"], []).append(row)
    return grouped


def _midnight(day: date) -> datetime:
    return datetime.combine(day, time(), SHANGHAI)
