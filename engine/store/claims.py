"""Who gets a job: what is due, claimed by compare-and-set with a lease and a fence, by batch or by id.

Every statement is built once. Words of the partial indexes are literals: SQLite does not use such an index for a bound
value. While the clock is held, timers are due for nobody.
"""

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any

import sqlalchemy as sa

from engine.domain.job import LEASE_SECONDS, Job
from engine.store.clock import IS_HELD
from engine.store.columns import Instant
from engine.store.schema import jobs
from engine.store.transaction import Transaction

_OPEN, _LEASED, _TIMER = (sa.literal_column(f"'{word}'") for word in ("OPEN", "LEASED", "timer"))
_NOW = sa.bindparam("now", type_=Instant())
_LIMIT = sa.bindparam("limit", type_=sa.Integer())
_ID = sa.bindparam("wanted_id", type_=sa.String())
_IS_WANTED = jobs.c.kind.not_in(sa.bindparam("except_kinds", type_=sa.String(), expanding=True))
_earlier = jobs.alias("earlier")

_DUE = sa.and_(jobs.c.state == _OPEN, jobs.c.held_at.is_(None), jobs.c.due_at <= _NOW)
_LAPSED = sa.and_(jobs.c.state == _LEASED, jobs.c.lease_until < _NOW)
_COMES_BEFORE = sa.and_(
    _earlier.c.instance_id == jobs.c.instance_id,
    _earlier.c.kind == _TIMER,
    sa.or_(
        _earlier.c.due_at < jobs.c.due_at,
        sa.and_(_earlier.c.due_at == jobs.c.due_at, _earlier.c.job_id < jobs.c.job_id),
    ),
)
_IS_FIRED_NOW = sa.exists().where(_COMES_BEFORE, _earlier.c.state == _LEASED)
_IS_TO_FIRE = sa.exists().where(
    _COMES_BEFORE,
    sa.or_(
        _earlier.c.state == _LEASED,
        sa.and_(_earlier.c.state == _OPEN, _earlier.c.held_at.is_(None), _earlier.c.due_at <= _NOW),
    ),
)
# In a batch the timers of one instance come in their order, and so they are fired; by id nothing says what comes first.
_MAY_IN_ORDER = sa.or_(jobs.c.kind != _TIMER, sa.and_(~IS_HELD, ~_IS_FIRED_NOW))
_MAY_ALONE = sa.or_(jobs.c.kind != _TIMER, sa.and_(~IS_HELD, ~_IS_TO_FIRE))
_IS_HANDED_OUT = sa.and_(jobs.c.dispatched_until.is_not(None), jobs.c.dispatched_until > _NOW)

_COLUMNS = (
    jobs.c.job_id,
    jobs.c.kind,
    jobs.c.instance_id,
    jobs.c.token,
    jobs.c.payload,
    jobs.c.fence,
    jobs.c.attempts_left,
    jobs.c.due_at,
)
_lease = (
    jobs.update()
    .values(
        state=_LEASED,
        lease_until=sa.bindparam("until", type_=Instant()),
        fence=jobs.c.fence + 1,
        attempts_left=jobs.c.attempts_left - 1,  # used up here, not at failure (assurance R3)
        dispatched_until=None,
    )
    .returning(*_COLUMNS)
)
_next = sa.select(jobs.c.job_id).order_by(jobs.c.due_at, jobs.c.job_id).limit(_LIMIT).with_for_update(skip_locked=True)
_picked = _next.where(_DUE, _MAY_IN_ORDER).cte("picked")
CLAIM_DUE = _lease.where(jobs.c.job_id.in_(sa.select(_picked.c.job_id)))
CLAIM_ONE = _lease.where(jobs.c.job_id == _ID, _MAY_ALONE, sa.or_(_DUE, sa.and_(_LAPSED, jobs.c.attempts_left > 0)))
LAPSED = (
    sa.select(*_COLUMNS, jobs.c.element_id, jobs.c.last_error)
    .where(_LAPSED, sa.or_(jobs.c.kind != _TIMER, ~IS_HELD))
    .order_by(jobs.c.lease_until, jobs.c.job_id)
    .limit(_LIMIT)
    .with_for_update(skip_locked=True)
)
IS_DUE = sa.select(
    sa.or_(
        sa.exists().where(_DUE, _MAY_IN_ORDER),
        sa.exists().where(_LAPSED, sa.or_(jobs.c.kind != _TIMER, ~IS_HELD)),
    )
)

_hand_out = (
    jobs.update()
    .values(dispatched_until=sa.bindparam("until", type_=Instant()))
    .returning(jobs.c.job_id, jobs.c.kind, jobs.c.due_at)
)
_offered = _next.where(_DUE, _MAY_ALONE, ~_IS_HANDED_OUT, _IS_WANTED).cte("offered")
_left = _next.where(_LAPSED, _MAY_ALONE, ~_IS_HANDED_OUT, _IS_WANTED, jobs.c.attempts_left > 0).cte("left_behind")
DISPATCH_DUE = _hand_out.where(jobs.c.job_id.in_(sa.select(_offered.c.job_id)))
DISPATCH_LAPSED = _hand_out.where(jobs.c.job_id.in_(sa.select(_left.c.job_id)))
IS_TO_DISPATCH = sa.select(
    sa.or_(
        sa.exists().where(_DUE, _MAY_ALONE, ~_IS_HANDED_OUT),
        sa.exists().where(_LAPSED, sa.or_(jobs.c.kind != _TIMER, ~IS_HELD), ~_IS_HANDED_OUT),
    )
)
_NEXT_DUE = (
    sa.select(jobs.c.due_at)
    .where(jobs.c.state == _OPEN, jobs.c.held_at.is_(None), sa.or_(jobs.c.kind != _TIMER, ~IS_HELD))
    .order_by(jobs.c.due_at)
    .limit(1)
)
_MUST_WAIT = sa.select(sa.or_(IS_HELD, _IS_TO_FIRE)).select_from(jobs).where(jobs.c.job_id == _ID)


def is_due(connection: sa.Connection, now: datetime) -> bool:
    """Whether a claim would find anything. One look at two partial indexes, and no lock."""
    return bool(connection.execute(IS_DUE, {"now": now}).scalar())


def is_to_dispatch(connection: sa.Connection, now: datetime) -> bool:
    """Whether anything is due that lies with no broker."""
    return bool(connection.execute(IS_TO_DISPATCH, {"now": now}).scalar())


def claim_due(tx: Transaction, limit: int, lease_seconds: int = LEASE_SECONDS) -> list[Job]:
    """Lease what is due, the longest due first; what another worker is claiming at this moment is passed over."""
    until = tx.now + timedelta(seconds=lease_seconds)
    rows = tx.execute(CLAIM_DUE, {"now": tx.now, "limit": limit, "until": until}).mappings().all()
    return [_job(row) for row in sorted(rows, key=lambda row: (row["due_at"], row["job_id"]))]


def claim_one(tx: Transaction, job_id: str, lease_seconds: int = LEASE_SECONDS) -> Job | None:
    """None when it is not due, held, done, or somebody has it."""
    until = tx.now + timedelta(seconds=lease_seconds)
    row = tx.execute(CLAIM_ONE, {"now": tx.now, "wanted_id": job_id, "until": until}).mappings().first()
    return _job(row) if row is not None else None


def lapsed(tx: Transaction, limit: int) -> list[Mapping[str, Any]]:
    """Locked: jobs whose worker died or was stopped, the lease that ended first before the others."""
    return list(tx.execute(LAPSED, {"now": tx.now, "limit": limit}).mappings())


def hand_out(tx: Transaction, limit: int, seconds: float, except_kinds: tuple[str, ...] = ()) -> list[tuple[str, str]]:
    """(job id, kind) of what is due and not handed out: nobody is handed it again for so many seconds."""
    until = tx.now + timedelta(seconds=seconds)
    found = {"now": tx.now, "limit": limit, "until": until, "except_kinds": except_kinds}
    rows = [*tx.execute(DISPATCH_LAPSED, found), *tx.execute(DISPATCH_DUE, found)]
    return [(row.job_id, row.kind) for row in sorted(rows, key=lambda row: (row.due_at, row.job_id))]


def must_wait(tx: Transaction, timer_id: str) -> bool:
    """Whether this timer may not fire yet: the clock is held, or an earlier timer of its instance has still to fire."""
    return bool(tx.execute(_MUST_WAIT, {"now": tx.now, "wanted_id": timer_id}).scalar())


def next_due_at(connection: sa.Connection) -> datetime | None:
    """When the next open job is due that anybody may claim; for simulations that jump from event to event."""
    return connection.execute(_NEXT_DUE).scalar()


def give_back(tx: Transaction, job_id: str, fence: int) -> bool:
    """Open again as if never claimed: the attempt is not used up. Whether the lease still held."""
    done = tx.execute(
        jobs.update()
        .where(jobs.c.job_id == job_id, jobs.c.fence == fence, jobs.c.state == _LEASED)
        .values(
            state=_OPEN,
            lease_until=None,
            dispatched_until=None,
            fence=jobs.c.fence + 1,
            attempts_left=jobs.c.attempts_left + 1,
        )
    )
    return bool(done.rowcount)


def bring_back(tx: Transaction, *, latest_lease: datetime, latest_retry: datetime) -> None:
    """After the clock went back: what the wrong hour put off beyond reason is not waited for."""
    tx.execute(
        jobs.update().where(jobs.c.state == _LEASED, jobs.c.lease_until > latest_lease).values(lease_until=latest_lease)
    )
    tx.execute(
        jobs.update()
        .where(jobs.c.state == _OPEN, jobs.c.kind != _TIMER, jobs.c.due_at > latest_retry)
        .values(due_at=tx.now)
    )
    tx.execute(
        jobs.update().where(jobs.c.state == _OPEN, jobs.c.dispatched_until > tx.now).values(dispatched_until=None)
    )


def _job(row: Mapping[str, Any]) -> Job:
    return Job(
        job_id=row["job_id"],
        kind=row["kind"],
        instance_id=row["instance_id"],
        token=row["token"],
        payload=dict(row["payload"]),
        fence=row["fence"],
        attempts_left=row["attempts_left"],
        due_at=row["due_at"],
    )
