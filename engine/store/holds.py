"""Waiting jobs by hand: held while their instance is suspended, released, tried again, given up."""

from engine.domain.job import ATTEMPTS, JobState
from engine.store.jobs import IS_OURS
from engine.store.schema import incidents, jobs
from engine.store.transaction import Transaction


def hold(tx: Transaction, instance_id: str) -> None:
    """Every open job of the instance, and those a worker has: their leases end here, and no attempt is used up."""
    of_instance = jobs.c.instance_id == instance_id
    tx.execute(
        jobs.update().where(of_instance, jobs.c.state == JobState.OPEN, jobs.c.held_at.is_(None)).values(held_at=tx.now)
    )
    tx.execute(jobs.update().where(of_instance, jobs.c.state == JobState.LEASED).values(**_taken_back(tx)))


def hold_leased(tx: Transaction, job_id: str, fence: int) -> None:
    """A job that came to a suspended instance later, and was claimed before anybody could hold it."""
    tx.execute(
        jobs.update().where(IS_OURS).values(**_taken_back(tx)),
        {"of_job": job_id, "of_fence": fence},
    )


def release(tx: Transaction, instance_id: str) -> None:
    """What came due meanwhile is due now; the jobs that an end would cancel are free to go on as well."""
    tx.execute(
        jobs.update()
        .where(jobs.c.instance_id == instance_id, jobs.c.held_at.is_not(None))
        .values(held_at=None, dispatched_until=None)
    )


def try_again(tx: Transaction, job_id: str) -> None:
    """All attempts again, due now; a worker that still had it has lost its lease."""
    tx.execute(
        jobs.update()
        .where(jobs.c.job_id == job_id)
        .values(
            state=JobState.OPEN,
            attempts_left=ATTEMPTS,
            due_at=tx.now,
            lease_until=None,
            dispatched_until=None,
            fence=jobs.c.fence + 1,
        )
    )


def give_up(tx: Transaction, job_id: str) -> None:
    tx.execute(
        jobs.update()
        .where(jobs.c.job_id == job_id)
        .values(state=JobState.CANCELLED, lease_until=None, fence=jobs.c.fence + 1)
    )


def resolve_incidents_of(tx: Transaction, job_id: str, resolution: str) -> None:
    tx.execute(
        incidents.update()
        .where(incidents.c.job_id == job_id, incidents.c.resolved_at.is_(None))
        .values(resolved_at=tx.now, resolved_by=tx.actor.name, resolution=resolution)
    )


def _taken_back(tx: Transaction) -> dict[str, object]:
    return {
        "state": JobState.OPEN,
        "held_at": tx.now,
        "lease_until": None,
        "fence": jobs.c.fence + 1,
        "attempts_left": jobs.c.attempts_left + 1,
    }
