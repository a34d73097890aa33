"""Jobs and timers between opening and end, and the incidents of those that failed. Who gets one: `claims`."""

from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Any

import sqlalchemy as sa

from engine.domain.job import ATTEMPTS, TIMER, JobState
from engine.store.clock import IS_HELD
from engine.store.prepared import Prepared
from engine.store.schema import incidents, jobs
from engine.store.transaction import Transaction

_GET = sa.select(jobs).where(jobs.c.job_id == sa.bindparam("job_id"))
IS_OURS = sa.and_(
    jobs.c.job_id == sa.bindparam("of_job"),
    jobs.c.fence == sa.bindparam("of_fence"),
    jobs.c.state == sa.literal_column("'LEASED'"),
)
_LEASED = Prepared(sa.select(jobs).where(IS_OURS).with_for_update(key_share=True))
_FINISH = Prepared(
    jobs.update()
    .where(IS_OURS)
    .values(state=sa.literal_column("'DONE'"), done_at=sa.bindparam("done_at"), lease_until=None, last_error=None)
)
_is_letter = jobs.c.kind == sa.literal_column("'letter'")
_CANCEL_TOKEN = Prepared(
    jobs.update()
    .where(
        jobs.c.instance_id == sa.bindparam("of_instance"),
        jobs.c.token == sa.bindparam("of_token"),
        jobs.c.state.in_([sa.literal_column(f"'{state}'") for state in ("OPEN", "LEASED", "FAILED")]),
    )
    .values(
        token=sa.case((_is_letter, None), else_=jobs.c.token),
        state=sa.case((_is_letter, jobs.c.state), else_=sa.literal_column("'CANCELLED'")),
        lease_until=sa.case((_is_letter, jobs.c.lease_until), else_=None),
        fence=sa.case((_is_letter, jobs.c.fence), else_=jobs.c.fence + 1),
    )
)


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
    tx.add(jobs, [row])
    return job_id


def get_leased(tx: Transaction, job_id: str, fence: int) -> Mapping[str, Any] | None:
    """The job when this lease still holds; None when somebody else has taken it since, or it is done. It is locked, so
    that a lease which lapses from now on is taken over only when this transaction is over."""
    return next(iter(tx.rows(_LEASED, {"of_job": job_id, "of_fence": fence})), None)


def get(connection: Any, job_id: str) -> Mapping[str, Any] | None:
    return connection.execute(_GET, {"job_id": job_id}).mappings().first()


def finish(tx: Transaction, job_id: str, fence: int) -> None:
    if tx.run(_FINISH, {"of_job": job_id, "of_fence": fence, "done_at": tx.now}) != 1:
        raise RuntimeError(f"job {job_id} was finished without its lease")


def retry_later(tx: Transaction, job_id: str, fence: int, *, due_at: datetime, error: str) -> None:
    tx.execute(
        jobs.update()
        .where(jobs.c.job_id == job_id, jobs.c.fence == fence, jobs.c.state == JobState.LEASED)
        .values(state=JobState.OPEN, due_at=due_at, lease_until=None, last_error=error[:2000])
    )


def put_off(tx: Transaction, job_id: str, fence: int, until: datetime) -> None:
    """Open again from then on, as if never claimed; when it came due is kept."""
    row = get_leased(tx, job_id, fence)
    assert row is not None, f"job {job_id} was put off without its lease"
    payload = {"came_due_at": row["due_at"].isoformat(), **row["payload"]}
    tx.execute(
        jobs.update()
        .where(jobs.c.job_id == job_id)
        .values(
            state=JobState.OPEN,
            due_at=until,
            payload=payload,
            lease_until=None,
            fence=jobs.c.fence + 1,
            attempts_left=jobs.c.attempts_left + 1,
        )
    )


def mark_late(tx: Transaction, instance_id: str, tokens: tuple[str, ...], came_due_at: datetime) -> None:
    """Jobs that should have been there since then. What may lead to a reminder goes before the reminders."""
    found = sa.select(jobs.c.job_id, jobs.c.kind, jobs.c.payload, jobs.c.due_at).where(
        jobs.c.instance_id == instance_id, jobs.c.token.in_(tokens), jobs.c.state == JobState.OPEN
    )
    for row in tx.execute(found).mappings().all():
        tx.execute(
            jobs.update()
            .where(jobs.c.job_id == row["job_id"])
            .values(
                payload={**row["payload"], "came_due_at": came_due_at.isoformat()},
                due_at=came_due_at if row["kind"] == "start_process" else row["due_at"],
            )
        )


def has_more_due(tx: Transaction, instance_id: str) -> bool:
    """Whether a timer or the start of another process of the instance is due or being done."""
    query = sa.select(jobs.c.job_id).where(
        jobs.c.instance_id == instance_id,
        sa.or_(sa.and_(jobs.c.kind == TIMER, ~IS_HELD), jobs.c.kind == "start_process"),
        jobs.c.held_at.is_(None),
        sa.or_(
            jobs.c.state == JobState.LEASED,
            sa.and_(jobs.c.state == JobState.OPEN, jobs.c.due_at <= tx.now),
        ),
    )
    return tx.execute(query.limit(1)).first() is not None


def pending_reminders(tx: Transaction, instance_ids: tuple[str, ...]) -> list[Mapping[str, Any]]:
    query = sa.select(jobs).where(
        jobs.c.instance_id.in_(instance_ids),
        jobs.c.kind == "remind",
        jobs.c.state.in_((JobState.OPEN, JobState.LEASED)),
    )
    return list(tx.execute(query.order_by(jobs.c.job_id)).mappings())


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
    tx.run_many(_CANCEL_TOKEN, [{"of_instance": instance_id, "of_token": token} for token in tokens])


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
