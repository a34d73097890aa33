"""Writes the chain that follows the facts, and the checkpoints. Facts come into the chain after they were committed, so
that nobody who records one waits for it (`docs/decisions/audit-chain.md`).
"""

from collections.abc import Mapping, Sequence
from datetime import date, datetime, timedelta
from typing import Any

import sqlalchemy as sa

from engine.chain import FACT_COLUMNS, Checkpoint, Link
from engine.domain.calendar import civil_date
from engine.store.prepared import Prepared
from engine.store.schema import checkpoints, fact_chain, facts, incidents
from engine.store.transaction import Transaction

SEALING = 4_117_253_001  # PostgreSQL's advisory lock of whoever seals
LATE_WINDOW = 50_000  # how far back an id may lie whose transaction ended after those of greater ids
AUDIT_INCIDENT = "audit"

CHECKPOINT_COLUMNS = tuple(checkpoints.c)
_LAST_FACT = sa.select(sa.func.max(fact_chain.c.fact_id))
_HEAD = Prepared(
    sa.select(fact_chain.c.position, fact_chain.c.sha256, fact_chain.c.sm3)
    .order_by(fact_chain.c.position.desc())
    .limit(1)
)
_FACTS = sa.select(*(facts.c[name] for name in FACT_COLUMNS)).order_by(facts.c.fact_id).limit(sa.bindparam("limit"))
_NEW = Prepared(_FACTS.where(facts.c.fact_id > sa.bindparam("after")))
_IS_SEALED = sa.exists().where(fact_chain.c.fact_id == facts.c.fact_id)
_LATE = Prepared(
    _FACTS.where(facts.c.fact_id > sa.bindparam("begin"), facts.c.fact_id < sa.bindparam("end"), ~_IS_SEALED)
)


def lock(tx: Transaction) -> bool:
    """Held to the end of the transaction. False when somebody else seals now; SQLite has one writer anyway."""
    return tx.is_sqlite or bool(tx.execute(sa.select(sa.func.pg_try_advisory_xact_lock(SEALING))).scalar_one())


def unsealed(tx: Transaction, limit: int) -> list[dict[str, Any]]:
    """The oldest facts that are not in the chain, by id. On PostgreSQL a transaction may end after others that took
    greater ids: such late facts come before the new ones."""
    last = tx.execute(_LAST_FACT).scalar() or 0
    late: list[dict[str, Any]] = []
    if not tx.is_sqlite:
        late = tx.rows(_LATE, {"begin": last - LATE_WINDOW, "end": last, "limit": limit})
    left = limit - len(late)
    return late + (tx.rows(_NEW, {"after": last, "limit": left}) if left else [])


def head(tx: Transaction) -> Link:
    found = tx.rows(_HEAD, {})
    return Link(**found[0]) if found else Link()


def link_at(tx: Transaction, position: int) -> Link | None:
    """None when the chain does not reach so far."""
    query = sa.select(fact_chain.c.position, fact_chain.c.sha256, fact_chain.c.sm3)
    row = tx.execute(query.where(fact_chain.c.position == position)).mappings().first()
    return Link(**row) if row is not None else None


def append(tx: Transaction, links: Sequence[tuple[int, Link]]) -> None:
    """Pairs of a fact id and the link that it makes."""
    tx.add(
        fact_chain,
        [
            {"position": link.position, "fact_id": fact_id, "sha256": link.sha256, "sm3": link.sm3}
            for fact_id, link in links
        ],
    )


# -- checkpoints -------------------------------------------------------------------------------------------------------
def last_checkpoint(connection: sa.Connection) -> Checkpoint | None:
    query = sa.select(*CHECKPOINT_COLUMNS).order_by(checkpoints.c.number.desc()).limit(1)
    row = connection.execute(query).mappings().first()
    return as_checkpoint(row) if row is not None else None


def add_checkpoint(tx: Transaction, taken: Checkpoint) -> None:
    row = {column.name: getattr(taken, column.name) for column in CHECKPOINT_COLUMNS}
    tx.execute(checkpoints.insert().values(**row))


def as_checkpoint(row: Mapping[str, Any]) -> Checkpoint:
    return Checkpoint(**{column.name: row[column.name] for column in CHECKPOINT_COLUMNS})


def due(last: Checkpoint | None, now: datetime) -> tuple[str, date | None] | None:
    """Which checkpoint is due: the first of a Beijing day closes the day before, the first of an hour the hour."""
    if last is None:
        return "hour", None
    today = civil_date(now)
    if civil_date(last.at) < today:
        return "day", today - timedelta(days=1)
    return ("hour", None) if _hour(last.at) < _hour(now) else None


def is_closed(tx: Transaction, day: date) -> bool:
    """Whether that Beijing day has its checkpoint."""
    query = sa.select(checkpoints.c.number).where(checkpoints.c.kind == "day", checkpoints.c.day == day)
    return tx.execute(query).first() is not None


def has_open_incident(tx: Transaction) -> bool:
    query = sa.select(incidents.c.incident_id).where(
        incidents.c.kind == AUDIT_INCIDENT, incidents.c.resolved_at.is_(None)
    )
    return tx.execute(query.limit(1)).first() is not None


def _hour(moment: datetime) -> datetime:
    return moment.replace(minute=0, second=0, microsecond=0)
