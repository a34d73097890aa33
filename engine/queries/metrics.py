"""What a watch program asks every quarter of a minute: how much is due and how late, what failed, what stands still.

Each figure comes from an index of its own or from a maintained counter; the literals in the conditions let both
databases use the partial indexes.
"""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

import sqlalchemy as sa

from engine.domain.job import JobState
from engine.domain.task import LIVE, TaskState
from engine.store import audit, plans
from engine.store.clock import HOLD
from engine.store.schema import case_tallies, incidents, instances, jobs, tasks
from engine.store.transaction import Reader


@dataclass(frozen=True)
class DueJobs:
    """The open jobs of one kind whose time has come and whose instance is not suspended."""

    kind: str
    count: int
    oldest_due_at: datetime
    handed_out: int  # of these, how many ids lie with the broker


@dataclass(frozen=True)
class Metrics:
    """The state of one installation at `at`. Mappings hold what there is: a kind without jobs is not in them."""

    at: datetime
    due: tuple[DueJobs, ...]
    leased: int
    failed: dict[str, int]  # by kind of job
    incidents: dict[str, int]  # open ones, by kind
    live_tasks: int
    overdue_tasks: int
    suspended: int
    cases: dict[tuple[str, str], int]  # by campaign and state
    has_clock_hold: bool
    last_checkpoint_at: datetime | None = None


def metrics(reader: Reader) -> Metrics:
    """For the machine, over every unit: permission is asked for by the page that shows it."""
    live = tasks.c.state.in_(_literal(state) for state in LIVE)
    return Metrics(
        at=reader.now,
        due=_due(reader),
        leased=_count(reader, jobs, jobs.c.state == _literal(JobState.LEASED)),
        failed=_by(reader, jobs.c.kind, jobs.c.state == _literal(JobState.FAILED)),
        incidents=_by(reader, incidents.c.kind, incidents.c.resolved_at.is_(None)),
        live_tasks=_count(reader, tasks, live),
        overdue_tasks=_count(reader, tasks, sa.and_(live, tasks.c.due_at < reader.now)),
        suspended=_count(reader, instances, instances.c.suspended_at.is_not(None)),
        cases=_cases(reader),
        has_clock_hold=plans.get_setting(reader.connection, HOLD) is not None,
        last_checkpoint_at=_last_checkpoint_at(reader),
    )


def _last_checkpoint_at(reader: Reader) -> datetime | None:
    last = audit.last_checkpoint(reader.connection)
    return last.at if last is not None else None


def _due(reader: Reader) -> tuple[DueJobs, ...]:
    handed_out = sa.func.sum(sa.case((jobs.c.dispatched_until > reader.now, 1), else_=0))
    query = (
        sa.select(jobs.c.kind, sa.func.count().label("count"), sa.func.min(jobs.c.due_at).label("oldest"), handed_out)
        .where(jobs.c.state == _literal(JobState.OPEN), jobs.c.held_at.is_(None), jobs.c.due_at <= reader.now)
        .group_by(jobs.c.kind)
        .order_by(jobs.c.kind)
    )
    return tuple(DueJobs(kind, count, oldest, int(out)) for kind, count, oldest, out in reader.execute(query))


def _cases(reader: Reader) -> dict[tuple[str, str], int]:
    """From the maintained counters: counting 35,671 cases took 70 ms at every look."""
    campaign_id, state, n = case_tallies.c.campaign_id, case_tallies.c.state, sa.func.sum(case_tallies.c.n)
    query = sa.select(campaign_id, state, n).group_by(campaign_id, state).having(n != 0)
    return {(campaign, word): int(count) for campaign, word, count in reader.execute(query)}


def _by(reader: Reader, column: Any, condition: Any) -> dict[str, int]:
    query = sa.select(column, sa.func.count()).where(condition).group_by(column)
    return {str(name): count for name, count in reader.execute(query)}


def _count(reader: Reader, table: sa.Table, condition: Any) -> int:
    return int(reader.execute(sa.select(sa.func.count()).select_from(table).where(condition)).scalar_one())


def _literal(state: JobState | TaskState) -> Any:
    return sa.literal(str(state), literal_execute=True)
