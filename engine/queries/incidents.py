"""Incidents: what the machine could not do and a person must decide."""

from dataclasses import dataclass
from datetime import datetime

import sqlalchemy as sa

from engine.domain.actor import Actor
from engine.store import claims, clock
from engine.store.access import known_work, visible_cases
from engine.store.schema import cases, jobs
from engine.store.schema import incidents as rows
from engine.store.transaction import Reader


@dataclass(frozen=True)
class IncidentRow:
    """`may_skip` is False where a number or a deadline hangs on the job; `may_confirm` is True for the jump of a clock
    that holds the timers now."""

    incident_id: str
    kind: str
    message: str
    case_id: str | None
    instance_id: str | None
    element_id: str | None
    job_id: str | None
    raised_at: datetime
    resolved_at: datetime | None
    resolved_by: str | None
    resolution: str | None
    may_confirm: bool
    may_retry: bool
    may_skip: bool


def incidents(reader: Reader, actor: Actor, include_resolved: bool = False) -> tuple[IncidentRow, ...]:
    """Open ones first, newest first; at most 200."""
    seen = sa.or_(
        sa.true() if actor.has_role("sysadmin") or actor.sees_all else sa.false(),
        rows.c.case_id.in_(sa.select(cases.c.case_id).where(visible_cases(actor))),
    )
    query = (
        sa.select(rows, jobs.c.kind.label("job_kind"), jobs.c.payload)
        .outerjoin(jobs, jobs.c.job_id == rows.c.job_id)
        .where(seen, known_work(actor, rows.c.instance_id))
    )
    if not include_resolved:
        query = query.where(rows.c.resolved_at.is_(None))
    held = clock.hold(reader.connection)
    found = reader.execute(
        query.order_by(
            sa.case((rows.c.resolved_at.is_(None), 0), else_=1), rows.c.raised_at.desc(), rows.c.incident_id.desc()
        ).limit(200)
    ).mappings()
    return tuple(
        IncidentRow(
            **{name: row[name] for name in IncidentRow.__dataclass_fields__ if not name.startswith("may_")},
            may_confirm=held is not None and held.incident_id == row["incident_id"],
            may_retry=row["job_id"] is not None and row["resolved_at"] is None,
            may_skip=row["job_id"] is not None
            and row["resolved_at"] is None
            and row["job_kind"] != "timer"
            and not (row["payload"] or {}).get("letter_id"),
        )
        for row in found
    )


def work_is_due(reader: Reader) -> bool:
    """Whether a worker would find anything to claim."""
    return claims.is_due(reader.connection, reader.now)


def work_is_to_dispatch(reader: Reader) -> bool:
    """Whether anything is due that no broker has been handed."""
    return claims.is_to_dispatch(reader.connection, reader.now)


def next_due_at(reader: Reader) -> datetime | None:
    """When the next job is due; for clocks that jump."""
    return claims.next_due_at(reader.connection)
