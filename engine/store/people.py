"""Units, persons, their roles and their sessions."""

from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Any

import sqlalchemy as sa

from engine.domain.actor import WATCHING_ROLES, Actor, Membership
from engine.store.schema import memberships, persons, sessions, units
from engine.store.transaction import Transaction

UNLISTED = 10_000  # behind every unit of a plan


def put_unit(
    tx: Transaction, *, unit_id: str, name: str, kind: str, parent_id: str | None, aliases: list[str], position: int
) -> None:
    """Insert or rename a unit; units are never removed."""
    values = {"name": name, "kind": kind, "parent_id": parent_id, "aliases": aliases, "position": position}
    if tx.execute(sa.select(units.c.unit_id).where(units.c.unit_id == unit_id)).first():
        tx.execute(units.update().where(units.c.unit_id == unit_id).values(**values))
    else:
        tx.execute(units.insert().values(unit_id=unit_id, **values))


def ensure_unit(tx: Transaction, *, unit_id: str, name: str, kind: str, parent_id: str) -> None:
    """A unit that no plan lists, behind all others; nothing when it is there."""
    tx.insert_missing(units, unit_id=unit_id, name=name, kind=kind, parent_id=parent_id, aliases=[], position=UNLISTED)


def unit_name(tx: Transaction, unit_id: str) -> str:
    return str(tx.execute(sa.select(units.c.name).where(units.c.unit_id == unit_id)).scalar_one())


def unit_exists(tx: Transaction, unit_id: str) -> bool:
    return tx.execute(sa.select(units.c.unit_id).where(units.c.unit_id == unit_id)).first() is not None


def add_person(tx: Transaction, *, person_id: str, login: str, name: str, password_hash: str) -> None:
    tx.execute(
        persons.insert().values(
            person_id=person_id, login=login, name=name, password_hash=password_hash, created_at=tx.now
        )
    )


def add_membership(tx: Transaction, person_id: str, role: str, unit_id: str) -> None:
    tx.execute(memberships.insert().values(person_id=person_id, role=role, unit_id=unit_id))


def login_row(connection: sa.Connection, login: str) -> Mapping[str, Any] | None:
    return connection.execute(sa.select(persons).where(persons.c.login == login)).mappings().first()


def update_person(tx: Transaction, person_id: str, **values: Any) -> None:
    tx.execute(persons.update().where(persons.c.person_id == person_id).values(**values))


def load_actor(connection: sa.Connection, person_id: str) -> Actor | None:
    """The actor with roles and jurisdiction as they stand now; None when unknown or disabled."""
    row = connection.execute(
        sa.select(persons.c.name).where(persons.c.person_id == person_id, persons.c.is_active)
    ).first()
    if row is None:
        return None
    found = connection.execute(
        sa.select(memberships.c.role, memberships.c.unit_id).where(memberships.c.person_id == person_id)
    ).all()
    held = frozenset(Membership(role, unit_id) for role, unit_id in found)
    tree = connection.execute(sa.select(units.c.unit_id, units.c.parent_id, units.c.kind)).all()
    return Actor(person_id, row.name, held, *_jurisdiction(held, tree))


def _jurisdiction(held: frozenset[Membership], tree: Iterable[Any]) -> tuple[frozenset[str], frozenset[str], bool]:
    """(areas, units, sees_all). A watcher in a department, office or group watches the area above it."""
    parents = {row.unit_id: row.parent_id for row in tree}
    kinds = {row.unit_id: row.kind for row in tree}
    areas: set[str] = set()
    sees_all = False
    for membership in held:
        if membership.role in WATCHING_ROLES or membership.role == "acceptor":
            seat: str | None = membership.unit_id
            while seat is not None and kinds[seat] not in ("root", "area"):
                seat = parents[seat]
            if seat is None or kinds[seat] == "root":
                sees_all = True
            else:
                areas |= _below(seat, parents)
        elif membership.role in ("officer", "head") and kinds.get(membership.unit_id) in ("area", "root"):
            areas |= _below(membership.unit_id, parents)
    return frozenset(areas), frozenset(membership.unit_id for membership in held), sees_all


def _below(seat: str, parents: Mapping[str, str | None]) -> set[str]:
    found = {seat}
    grew = True
    while grew:
        more = {unit for unit, parent in parents.items() if parent in found} - found
        found |= more
        grew = bool(more)
    return found


# -- sessions (wall clock of the web server, not the clock of the campaign) --------------------------------------------
def open_session(tx: Transaction, *, session_hash: str, person_id: str | None, csrf: str, at: datetime) -> None:
    tx.execute(
        sessions.insert().values(session_hash=session_hash, person_id=person_id, csrf=csrf, created_at=at, seen_at=at)
    )


def purge_sessions(tx: Transaction, *, before: datetime) -> None:
    tx.execute(sessions.delete().where(sessions.c.created_at < before))


def touch_session(tx: Transaction, session_hash: str, *, at: datetime, data: dict[str, Any] | None = None) -> None:
    values: dict[str, Any] = {"seen_at": at}
    if data is not None:
        values["data"] = data
    tx.execute(sessions.update().where(sessions.c.session_hash == session_hash).values(**values))


def close_session(tx: Transaction, session_hash: str) -> None:
    tx.execute(sessions.delete().where(sessions.c.session_hash == session_hash))


def find_session(connection: sa.Connection, session_hash: str) -> Mapping[str, Any] | None:
    return connection.execute(sa.select(sessions).where(sessions.c.session_hash == session_hash)).mappings().first()


def count_failure(tx: Transaction, person_id: str) -> int:
    tx.execute(persons.update().where(persons.c.person_id == person_id).values(failures=persons.c.failures + 1))
    return int(tx.execute(sa.select(persons.c.failures).where(persons.c.person_id == person_id)).scalar_one())
