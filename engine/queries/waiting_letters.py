"""Letters whose turn it is: those that wait for a person, and those that were not signed for or answered in time."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import sqlalchemy as sa

from engine.domain import service as rules
from engine.domain.actor import Actor
from engine.domain.service import AWAITING_RECEIPT, AWAITING_REPLY, AWAITING_REVIEW
from engine.queries.inbox import workdays_left
from engine.queries.letter_service import due_at_of, light_of, waits_for
from engine.queries.paging import PER_PAGE, Page, page_of
from engine.store.access import visible_letters
from engine.store.schema import letter_deliveries, letter_documents, letter_services, letters, units
from engine.store.transaction import Reader


@dataclass(frozen=True)
class WaitingRow:
    """`waits_for`: receipt, reply or review. `workdays_left` counts working days, negative when overdue."""

    letter_id: str
    unit_id: str
    number: str
    kind: str
    title: str
    unit: str
    state: str
    waits_for: str
    due_at: datetime | None
    light: str
    workdays_left: int | None


@dataclass(frozen=True)
class WaitingPage:
    rows: tuple[WaitingRow, ...]
    page: Page


def waiting_letters(reader: Reader, actor: Actor, page: int = 1) -> WaitingPage:
    """Letters that wait for this person: to be signed for or replied to by their unit, or for their review. Most
    pressing first."""
    return _listed(reader, _waiting(actor), page)


def late_letters(reader: Reader, actor: Actor, page: int = 1) -> WaitingPage:
    """Letters that were not signed for or not replied to in time, of all that the actor may see. Latest first."""
    stands = letter_deliveries.c
    is_late = sa.or_(
        sa.and_(stands.state.in_(AWAITING_RECEIPT), stands.receipt_due_at < reader.now),
        sa.and_(stands.state.in_(AWAITING_REPLY), stands.reply_due_at < reader.now),
    )
    is_own = sa.true() if actor.sees_all else stands.unit_id.in_(actor.units)
    return _listed(reader, sa.and_(visible_letters(actor), is_own, is_late), page)


def _waiting(actor: Actor) -> sa.ColumnElement[bool]:
    stands = letter_deliveries.c
    signing = [held.unit_id for held in actor.memberships if held.role in rules.SIGNING_ROLES]
    turns = []
    if signing:
        is_due = sa.or_(
            stands.state.in_(AWAITING_RECEIPT),
            sa.and_(stands.state.in_(AWAITING_REPLY), stands.reply_due_at.is_not(None)),
        )
        turns.append(sa.and_(stands.unit_id.in_(signing), letters.c.kind != "referral", is_due))
    if rules.is_office(actor):
        turns.append(sa.and_(visible_letters(actor), stands.state.in_(AWAITING_REVIEW)))
    return sa.or_(*turns) if turns else sa.false()


_DUE = sa.case(
    (letter_deliveries.c.state.in_(AWAITING_RECEIPT), letter_deliveries.c.receipt_due_at),
    (letter_deliveries.c.state.in_(AWAITING_REPLY), letter_deliveries.c.reply_due_at),
    else_=letter_deliveries.c.replied_at,
)


def _listed(reader: Reader, where: sa.ColumnElement[bool], wanted: int) -> WaitingPage:
    stands = letter_deliveries.c
    query = (
        sa.select(letters.c.letter_id)
        .join(letter_deliveries, stands.letter_id == letters.c.letter_id)
        .join(letter_services, letter_services.c.letter_id == letters.c.letter_id)
        .join(units, units.c.unit_id == stands.unit_id)
        .outerjoin(letter_documents, letter_documents.c.letter_id == letters.c.letter_id)
        .where(stands.state != "CLOSED", letter_services.c.state != "VOID", where)
    )
    page = page_of(reader.execute, query.with_only_columns(letters.c.letter_id, stands.unit_id), wanted)
    rows = reader.execute(
        query.with_only_columns(
            letters.c.letter_id,
            letters.c.number,
            letters.c.kind,
            sa.func.coalesce(letter_documents.c.title, letters.c.title).label("title"),
            letters.c.campaign_id,
            letters.c.issued_at,
            stands.unit_id,
            stands.state,
            stands.receipt_due_at,
            stands.reply_due_at,
            stands.received_at,
            stands.deadline,
            letter_services.c.state.label("letter_state"),
            units.c.name.label("unit"),
        )
        .order_by(_DUE, letters.c.letter_id, stands.unit_id)
        .limit(PER_PAGE)
        .offset(page.offset)
    ).mappings()
    return WaitingPage(tuple(_waiting_row(reader, row) for row in rows), page)


def _waiting_row(reader: Reader, row: Mapping[str, Any]) -> WaitingRow:
    due_at = due_at_of(row)
    return WaitingRow(
        letter_id=row["letter_id"],
        unit_id=row["unit_id"],
        number=row["number"],
        kind=row["kind"],
        title=row["title"],
        unit=row["unit"],
        state=row["state"],
        waits_for=waits_for(row),
        due_at=due_at,
        light=light_of(reader, row),
        workdays_left=workdays_left(reader, due_at),
    )
