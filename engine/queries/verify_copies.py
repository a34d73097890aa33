"""What is kept twice for speed must say the same twice: counters and cases, offers and tasks, ranks and cases."""

from collections.abc import Callable
from typing import Any

import sqlalchemy as sa

from engine.domain.drafting import OPEN as DRAFT_OPEN
from engine.domain.instance import InstanceState
from engine.domain.task import LIVE
from engine.store import accountability, offers, tallies
from engine.store import cases as case_store
from engine.store.schema import cases, instances, letter_drafts, task_groups, tasks
from engine.store.tally_tables import NEVER
from engine.store.transaction import Reader


def counters_equal_a_full_count(reader: Reader) -> list[str]:
    """For every kind of case that the figures tell apart; so the figures are right at any instant."""
    found = []
    for cube in tallies.CUBES:
        n = sa.func.sum(cube.table.c.n)
        counted = _by_key(reader, cube.full)
        kept = _by_key(reader, sa.select(*cube.key, n).group_by(*cube.key).having(n != 0))
        found += [
            f"the counter of {_words(cube, key)} says {kept.get(key, 0)}, there are {counted.get(key, 0)} cases"
            for key in sorted(counted.keys() | kept.keys(), key=str)
            if counted.get(key, 0) != kept.get(key, 0)
        ]
    return found


def offers_repeat_their_tasks(reader: Reader) -> list[str]:
    """What a group's inbox is sorted and narrowed by is what the task itself says."""
    never = sa.literal(NEVER, tasks.c.due_at.type)
    live = sa.case((tasks.c.state.in_(LIVE), tasks.c.state))
    differs = sa.or_(
        task_groups.c.state.is_distinct_from(live),
        task_groups.c.due_sort != sa.func.coalesce(tasks.c.due_at, never),
        task_groups.c.yellow_sort != sa.func.coalesce(tasks.c.yellow_at, never),
        task_groups.c.facet != offers.facet_column(),
    )
    found = reader.execute(
        sa.select(task_groups.c.task_id, task_groups.c.role, task_groups.c.unit_id)
        .join(tasks, tasks.c.task_id == task_groups.c.task_id)
        .where(differs)
        .order_by(task_groups.c.task_id)
    )
    return [f"the offer of task {row.task_id} to {row.role}@{row.unit_id} is not what the task says" for row in found]


def cases_have_their_rank(reader: Reader) -> list[str]:
    """Where the ledger lists a case follows from its state and its due date."""
    query = sa.select(cases.c.case_id, cases.c.ledger_rank).where(
        cases.c.ledger_rank != case_store.ledger_rank_column()
    )
    return [f"case {row.case_id} has rank {row.ledger_rank} in the ledger" for row in reader.execute(query)]


def cancelled_matters_are_over(reader: Reader) -> list[str]:
    """A talk, referral, circular, objection or draft says of itself that it is over when its process was cancelled."""
    drafts = (
        sa.select(letter_drafts.c.draft_id)
        .join(instances, instances.c.instance_id == letter_drafts.c.instance_id)
        .where(instances.c.state == InstanceState.CANCELLED, letter_drafts.c.state.in_(DRAFT_OPEN))
        .order_by(letter_drafts.c.draft_id)
    )
    live = accountability.live_without_process(reader)
    live += [f"letter_drafts {draft_id}" for draft_id in reader.execute(drafts).scalars()]
    return [f"{what} waits for a process that was cancelled" for what in live]


def _by_key(reader: Reader, query: Any) -> dict[tuple[Any, ...], int]:
    return {tuple(row[:-1]): int(row[-1]) for row in reader.execute(query)}


def _words(cube: tallies.Cube, key: tuple[Any, ...]) -> str:
    return ", ".join(f"{column.name}={value}" for column, value in zip(cube.key, key, strict=True))


COPIES: dict[str, Callable[[Reader], list[str]]] = {
    "counters_equal_a_full_count": counters_equal_a_full_count,
    "offers_repeat_their_tasks": offers_repeat_their_tasks,
    "cases_have_their_rank": cases_have_their_rank,
    "cancelled_matters_are_over": cancelled_matters_are_over,
}
