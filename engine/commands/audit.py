"""Seals facts into the chain, takes checkpoints over it, and keeps on record who took facts away.

What is sealed is what was committed: a fact can be changed unseen until then, and re-chained unseen until the next
checkpoint lies outside the database.
"""

from dataclasses import dataclass, replace
from datetime import date
from typing import Any

from engine.chain import Checkpoint, follow, key_of, sealed
from engine.domain.actor import require_role
from engine.errors import NotPermitted
from engine.store import audit, jobs
from engine.store.transaction import Transaction

FORMATS = ("csv", "jsonl")


@dataclass(frozen=True)
class SealFacts:
    """The oldest unsealed facts, at most `limit`. Answers how many were sealed; none while somebody else seals."""

    limit: int = 1000


@dataclass(frozen=True)
class TakeCheckpoint:
    """The hour's or the day's, when it is due. Answers its number, or None."""


@dataclass(frozen=True)
class TakeCheckpointNow:
    """Whether or not one is due, as before a backup. Answers its number; None when no fact is sealed yet."""


@dataclass(frozen=True)
class NoteExport:
    """`count` facts leave the database as a file; `filters` says which were asked for."""

    format: str
    count: int
    filters: dict[str, Any]


def seal_facts(command: SealFacts, tx: Transaction) -> int:
    _check_system(tx)
    if not audit.lock(tx):
        return 0
    link, made = audit.head(tx), []
    for fact in audit.unsealed(tx, command.limit):
        link = follow(link, fact)
        made.append((fact["fact_id"], link))
    audit.append(tx, made)
    return len(made)


def take_checkpoint(command: TakeCheckpoint, tx: Transaction) -> int | None:
    _check_system(tx)
    if not audit.lock(tx):
        return None
    last = audit.last_checkpoint(tx.connection)
    wanted = audit.due(last, tx.now)
    return _take(tx, last, *wanted) if wanted is not None else None


def take_checkpoint_now(command: TakeCheckpointNow, tx: Transaction) -> int | None:
    _check_system(tx)
    if not audit.lock(tx):
        return None
    return _take(tx, audit.last_checkpoint(tx.connection), "asked", None)


def note_export(command: NoteExport, tx: Transaction) -> None:
    require_role(tx.actor, "auditor")
    assert command.format in FORMATS
    tx.record("RecordExported", format=command.format, count=command.count, filters=command.filters)


def _take(tx: Transaction, last: Checkpoint | None, kind: str, day: date | None) -> int | None:
    """Over a chain that no longer leads to the last checkpoint none is taken: it would cover the damage."""
    link = audit.head(tx)
    if link.position == 0 and last is None:
        return None
    if last is not None and last.position and audit.link_at(tx, last.position) != last.link:
        _raise(tx, last)
        return None
    if day is not None and audit.is_closed(tx, day):  # the clock was set back over midnight in between
        kind, day = "hour", None
    key = key_of(tx.secret)
    taken = Checkpoint(
        number=last.number + 1 if last else 1,
        kind=kind,
        day=day,
        at=tx.now,
        position=link.position,
        sha256=link.sha256,
        sm3=link.sm3,
        previous_mac=last.mac if last else "",
        key_id=key.key_id,
    )
    audit.add_checkpoint(tx, replace(taken, mac=sealed(taken, key)))
    return taken.number


def _raise(tx: Transaction, last: Checkpoint) -> None:
    """One incident, however often the worker comes by."""
    if audit.has_open_incident(tx):
        return
    message = (
        f"事实链与第 {last.number} 号校验点不符，已停止生成校验点；请运行 duban verify --audit。"
        f" The chain of facts no longer leads to checkpoint {last.number}; none is taken: run duban verify --audit."
    )
    jobs.raise_incident(tx, kind=audit.AUDIT_INCIDENT, message=message)
    tx.record("IncidentRaised", message=message)


def _check_system(tx: Transaction) -> None:
    if not tx.actor.is_system:
        raise NotPermitted("system_only", f"{tx.actor.name} does not seal the record.")
