"""Persons and their sessions. Passwords arrive hashed: the engine never sees one."""

from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from engine.domain.actor import ROLES, check_roles, require_role
from engine.errors import Invalid, Problem
from engine.store import people
from engine.store.transaction import Transaction

FAILURES_BEFORE_LOCK = 5  # GB/T 22239 8.1.4.1: limit failed logins
LOCK_MINUTES = 15
SESSION_HOURS = 24  # rows older than this are of nobody


@dataclass(frozen=True)
class AddPerson:
    """`memberships`: (role, unit id) pairs."""

    login: str
    name: str
    password_hash: str = field(repr=False)
    memberships: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True)
class OpenSession:
    """`at` is the web server's own clock, not the campaign's."""

    session_hash: str
    person_id: str | None
    csrf: str
    at: datetime


@dataclass(frozen=True)
class TouchSession:
    session_hash: str
    at: datetime
    data: dict[str, Any] | None = None


@dataclass(frozen=True)
class CloseSession:
    session_hash: str


@dataclass(frozen=True)
class NoteLogin:
    """Count a failed login, or clear the count after a good one."""

    person_id: str
    succeeded: bool
    at: datetime


def add_person(command: AddPerson, tx: Transaction) -> str:
    require_role(tx.actor, "secadmin", "sysadmin")
    problems = []
    if people.login_row(tx.connection, command.login) is not None:
        problems.append(Problem("login", f"登录名 {command.login} 已被使用。", f"The login {command.login} is taken."))
    for role, unit_id in command.memberships:
        if role not in ROLES:
            problems.append(Problem("role", f"没有角色 {role}。", f"There is no role {role}."))
        if not people.unit_exists(tx, unit_id):
            problems.append(Problem("unit", f"没有单位 {unit_id}。", f"There is no unit {unit_id}."))
    if problems:
        raise Invalid("person_invalid", f"{command.login} cannot be added.", tuple(problems))
    check_roles(role for role, _ in command.memberships)
    person_id = tx.new_id()
    people.add_person(
        tx, person_id=person_id, login=command.login, name=command.name, password_hash=command.password_hash
    )
    for role, unit_id in dict.fromkeys(command.memberships):
        people.add_membership(tx, person_id, role, unit_id)
    tx.record("PersonAdded", name=command.name, login=command.login)
    return person_id


def open_session(command: OpenSession, tx: Transaction) -> None:
    people.purge_sessions(tx, before=command.at - timedelta(hours=SESSION_HOURS))
    people.open_session(
        tx, session_hash=command.session_hash, person_id=command.person_id, csrf=command.csrf, at=command.at
    )


def touch_session(command: TouchSession, tx: Transaction) -> None:
    people.touch_session(tx, command.session_hash, at=command.at, data=command.data)


def close_session(command: CloseSession, tx: Transaction) -> None:
    people.close_session(tx, command.session_hash)


def note_login(command: NoteLogin, tx: Transaction) -> None:
    if command.succeeded:
        people.update_person(tx, command.person_id, failures=0, locked_until=None)
        return
    failures = people.count_failure(tx, command.person_id)
    if failures >= FAILURES_BEFORE_LOCK:
        people.update_person(
            tx, command.person_id, failures=0, locked_until=command.at + timedelta(minutes=LOCK_MINUTES)
        )
