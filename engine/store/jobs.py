"""Jobs and timers: one table, a partial index on what is open, claims by compare-and-set with a lease and a fence."""

from collections.abc import Iterable, Mapping
from datetime import datetime, timedelta
from typing import Any

import sqlalchemy as sa

from engine.domain.job import ATTEMPTS, LEASE_SECONDS, TIMER, Job, JobState
from engine.store.schema import incidents, jobs
from engine.store.transaction import Transaction


def add(tx: Transaction, **values: Any) -> str:
    """Returns the job id. Needs kind and due_at; the rest has sensible defaults."""
    job_id = tx.new_id()
    row = {
        "job_id": job_id,
        "state": JobState.OPEN,
        "attempts_left": ATTEMPTS,
        "created_at": tx.now,
        "payload": {},
        "fence": 0,
        **values,
    }
    tx.execute(jobs.insert().values(**row))
    return job_id


def claim_due(tx: Transaction, limit: int, lease_seconds: int = LEASE_SECONDS) -> list[Job]:
    """Lease what is due, and what another worker let lapse. An attempt is used up here, not at failure (assurance
    R3)."""
    due = sa.or_(
        sa.and_(jobs.c.state == JobState.OPEN, jobs.c.due_at <= tx.now),
        sa.and_(jobs.c.state == JobState.LEASED, jobs.c.lease_until < tx.now),
    )
    query = sa.select(jobs).where(due, jobs.c.attempts_left > 0).order_by(jobs.c.due_at, jobs.c.job_id).limit(limit)
    if not tx.is_sqlite:
        query = query.with_for_update(skip_locked=True)
    claimed = []
    for row in tx.execute(query).mappings().all():
        done = tx.execute(
            jobs.update()
            .where(jobs.c.job_id == row["job_id"], jobs.c.fence == row["fence"], jobs.c.state == row["state"])
            .values(
                state=JobState.LEASED,
                lease_until=tx.now + timedelta(seconds=lease_seconds),
                fence=row["fence"] + 1,
                attempts_left=row["attempts_left"] - 1,
            )
        )
        if done.rowcount == 1:
            claimed.append(_job(row, fence=row["fence"] + 1, attempts_left=row["attempts_left"] - 1))
    return claimed


def lapsed_without_attempts(tx: Transaction) -> list[Mapping[str, Any]]:
    """Jobs whose last worker died: the lease is over and no attempt is left."""
    query = sa.select(jobs).where(
        jobs.c.state == JobState.LEASED, jobs.c.lease_until < tx.now, jobs.c.attempts_left <= 0
    )
    return list(tx.execute(query.order_by(jobs.c.job_id).with_for_update(skip_locked=True)).mappings())


def get_leased(tx: Transaction, job_id: str, fence: int) -> Mapping[str, Any] | None:
    """The job when this lease still holds; None when somebody else has taken it since, or it is done."""
    return (
        tx.execute(
            sa.select(jobs).where(jobs.c.job_id == job_id, jobs.c.fence == fence, jobs.c.state == JobState.LEASED)
        )
        .mappings()
        .first()
    )


def get(connection: Any, job_id: str) -> Mapping[str, Any] | None:
    return connection.execute(sa.select(jobs).where(jobs.c.job_id == job_id)).mappings().first()


def finish(tx: Transaction, job_id: str, fence: int) -> None:
    done = tx.execute(
        jobs.update()
        .where(jobs.c.job_id == job_id, jobs.c.fence == fence, jobs.c.state == JobState.LEASED)
        .values(state=JobState.DONE, done_at=tx.now, lease_until=None, last_error=None)
    )
    if done.rowcount != 1:
        raise RuntimeError(f"job {job_id} was finished without its lease")


def retry_later(tx: Transaction, job_id: str, fence: int, *, due_at: datetime, error: str) -> None:
    tx.execute(
        jobs.update()
        .where(jobs.c.job_id == job_id, jobs.c.fence == fence, jobs.c.state == JobState.LEASED)
        .values(state=JobState.OPEN, due_at=due_at, lease_until=None, last_error=error[:2000])
    )


def fail(tx: Transaction, job_id: str, error: str) -> None:
    tx.execute(
        jobs.update()
        .where(jobs.c.job_id == job_id)
        .values(state=JobState.FAILED, lease_until=None, last_error=error[:2000])
    )


def reopen(tx: Transaction, job_id: str) -> None:
    """A person gives a failed job its attempts back."""
    tx.execute(
        jobs.update()
        .where(jobs.c.job_id == job_id, jobs.c.state == JobState.FAILED)
        .values(state=JobState.OPEN, attempts_left=ATTEMPTS, due_at=tx.now, fence=jobs.c.fence + 1)
    )


def cancel_tokens(tx: Transaction, instance_id: str, tokens: Iterable[str]) -> None:
    """Timers and jobs that an interrupting event or the end of their host has made pointless.

    A letter whose number is taken is made all the same: its job goes on without the process.
    """
    listed = tuple(tokens)
    if not listed:
        return
    pending = sa.and_(
        jobs.c.instance_id == instance_id,
        jobs.c.token.in_(listed),
        jobs.c.state.in_((JobState.OPEN, JobState.LEASED, JobState.FAILED)),
    )
    tx.execute(jobs.update().where(pending, jobs.c.kind == "letter").values(token=None))
    tx.execute(jobs.update().where(pending).values(state=JobState.CANCELLED, lease_until=None, fence=jobs.c.fence + 1))


def next_due_at(connection: sa.Connection) -> datetime | None:
    """When the next open job is due; for simulations that jump from event to event."""
    return connection.execute(sa.select(sa.func.min(jobs.c.due_at)).where(jobs.c.state == JobState.OPEN)).scalar()


def provisional_timers(tx: Transaction) -> list[Mapping[str, Any]]:
    query = sa.select(jobs).where(jobs.c.kind == TIMER, jobs.c.state == JobState.OPEN, jobs.c.deadline.is_not(None))
    return [
        row
        for row in tx.execute(query.order_by(jobs.c.job_id)).mappings()
        if (row["deadline"] or {}).get("provisional")
    ]


def open_timers(tx: Transaction, instance_id: str) -> list[Mapping[str, Any]]:
    query = sa.select(jobs).where(
        jobs.c.instance_id == instance_id, jobs.c.kind == TIMER, jobs.c.state == JobState.OPEN
    )
    return list(tx.execute(query.order_by(jobs.c.job_id)).mappings())


def set_due(tx: Transaction, job_id: str, due_at: datetime, deadline: dict[str, Any]) -> None:
    tx.execute(jobs.update().where(jobs.c.job_id == job_id).values(due_at=due_at, deadline=deadline))


# -- incidents ---------------------------------------------------------------------------------------------------------
def raise_incident(tx: Transaction, **values: Any) -> str:
    incident_id = tx.new_id()
    tx.execute(incidents.insert().values(incident_id=incident_id, raised_at=tx.now, **values))
    return incident_id


def get_incident(tx: Transaction, incident_id: str, *, is_locked: bool = False) -> Mapping[str, Any] | None:
    query = sa.select(incidents).where(incidents.c.incident_id == incident_id)
    return tx.execute(query.with_for_update() if is_locked else query).mappings().first()


def resolve_incident(tx: Transaction, incident_id: str, resolution: str) -> None:
    tx.execute(
        incidents.update()
        .where(incidents.c.incident_id == incident_id, incidents.c.resolved_at.is_(None))
        .values(resolved_at=tx.now, resolved_by=tx.actor.name, resolution=resolution)
    )


def _job(row: Mapping[str, Any], *, fence: int, attempts_left: int) -> Job:
    return Job(
        job_id=row["job_id"],
        kind=row["kind"],
        instance_id=row["instance_id"],
        token=row["token"],
        payload=dict(row["payload"]),
        fence=fence,
        attempts_left=attempts_left,
        due_at=row["due_at"],
    )
