"""Who is asking: actors, logins, sessions, and the units and persons a page may offer to choose from."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import sqlalchemy as sa

from engine.domain.actor import Actor, Membership
from engine.store import people, plans
from engine.store.plans import DEMO
from engine.store.schema import memberships
from engine.store.schema import persons as person_rows
from engine.store.schema import units as unit_rows
from engine.store.transaction import Reader


@dataclass(frozen=True)
class Unit:
    unit_id: str
    name: str
    kind: str  # root | area | department | office | group
    parent_id: str | None


@dataclass(frozen=True)
class Person:
    person_id: str
    login: str
    name: str
    memberships: tuple[Membership, ...]


def actor(reader: Reader, person_id: str) -> Actor | None:
    """None when unknown or disabled: a session of such a person ends."""
    return people.load_actor(reader.connection, person_id)


def login(reader: Reader, login: str) -> Mapping[str, Any] | None:
    """The person's row with password_hash, failures and locked_until; None when unknown."""
    return people.login_row(reader.connection, login)


def session(reader: Reader, session_hash: str) -> Mapping[str, Any] | None:
    return people.find_session(reader.connection, session_hash)


def units(reader: Reader) -> tuple[Unit, ...]:
    rows = reader.execute(sa.select(unit_rows).order_by(unit_rows.c.position, unit_rows.c.unit_id))
    return tuple(Unit(row.unit_id, row.name, row.kind, row.parent_id) for row in rows)


def persons(reader: Reader, unit_id: str | None = None) -> tuple[Person, ...]:
    """Active persons, of one unit or of all, by login."""
    held: dict[str, list[Membership]] = {}
    for row in reader.execute(sa.select(memberships).order_by(memberships.c.role, memberships.c.unit_id)):
        held.setdefault(row.person_id, []).append(Membership(row.role, row.unit_id))
    found = reader.execute(
        sa.select(person_rows.c.person_id, person_rows.c.login, person_rows.c.name)
        .where(person_rows.c.is_active)
        .order_by(person_rows.c.login)
    )
    everybody = (Person(row.person_id, row.login, row.name, tuple(held.get(row.person_id, ()))) for row in found)
    return tuple(
        person
        for person in everybody
        if unit_id is None or any(membership.unit_id == unit_id for membership in person.memberships)
    )


def now(reader: Reader) -> datetime:
    """The campaign's instant: in a demo it is where the demo's clock stands."""
    return reader.now


def is_demo(reader: Reader) -> bool:
    return plans.get_setting(reader.connection, DEMO) == "1"
