"""Whether the database still guards itself, and whether time ran forward in it (assurance I1, I2, I5-I7, I11, I12)."""

from collections.abc import Callable
from typing import Any

import sqlalchemy as sa

from engine.queries.audit import proof
from engine.store.database import PRAGMAS
from engine.store.guards import trigger_names
from engine.store.schema import APPEND_ONLY, facts, incidents, instances, jobs, metadata, tasks
from engine.store.transaction import Reader


def commits_are_durable(reader: Reader) -> list[str]:
    """I1: what was acknowledged is on the disk. PostgreSQL's own fsync is the server's; see docs/operations.md."""
    if reader.connection.dialect.name == "sqlite":
        found = {name: reader.connection.exec_driver_sql(f"PRAGMA {name}").scalar() for name in PRAGMAS}
        return [
            f"SQLite runs with {name}={found[name]}, needs {wanted}"
            for name, wanted in PRAGMAS.items()
            if str(found[name]) != str(wanted)
        ]
    found_commit = reader.connection.exec_driver_sql("SHOW synchronous_commit").scalar()
    return [] if found_commit == "on" else [f"PostgreSQL runs with synchronous_commit={found_commit}, needs on"]


def guards_are_in_place(reader: Reader) -> list[str]:
    """I2, I5, I6, I7: the keys, unique constraints and triggers that keep what code alone cannot."""
    inspector = sa.inspect(reader.connection)
    keys, uniques, all_indexes = (  # of every table at once: one by one they are the slowest part of verifying
        {name: found for (_, name), found in kind().items()}
        for kind in (
            inspector.get_multi_pk_constraint,
            inspector.get_multi_unique_constraints,
            inspector.get_multi_indexes,
        )
    )
    found = []
    for table in metadata.sorted_tables:
        there = set(keys[table.name]["constrained_columns"])
        wanted = {column.name for column in table.primary_key}
        if there != wanted:
            found.append(f"table {table.name} has lost its primary key")
        unique = {tuple(each["column_names"]) for each in uniques[table.name]}
        for constraint in table.constraints:
            names = tuple(column.name for column in getattr(constraint, "columns", ()))
            if isinstance(constraint, sa.UniqueConstraint) and names not in unique:
                found.append(f"table {table.name} has lost its unique constraint on {', '.join(names)}")
        indexes = {index["name"] for index in all_indexes[table.name]}
        found += [
            f"table {table.name} has lost its unique index {index.name}"
            for index in sorted(table.indexes, key=lambda index: str(index.name))
            if index.unique and index.name not in indexes
        ]
    there = _triggers(reader)
    return found + [f"trigger {name} is gone" for name in _wanted_triggers(reader) if name not in there]


def record_is_chained(reader: Reader) -> list[str]:
    """I8, as far as the database itself can say; `duban verify --audit` asks the checkpoints outside as well."""
    found = proof(reader, ())
    return [f"{problem.where}: {problem.en}" for problem in found.problems if problem.severity == "error"]


def time_runs_forward(reader: Reader) -> list[str]:
    """I11: nothing ends before it begins, unless the clock was set back in between and an incident says so."""
    steps = list(reader.execute(sa.select(incidents.c.raised_at).where(incidents.c.kind == "clock")).scalars())
    found = []
    for what, table, key, began, ended in (
        ("task", tasks, tasks.c.task_id, tasks.c.opened_at, tasks.c.completed_at),
        ("task", tasks, tasks.c.task_id, tasks.c.claimed_at, tasks.c.completed_at),
        ("job", jobs, jobs.c.job_id, jobs.c.created_at, jobs.c.done_at),
        ("instance", instances, instances.c.instance_id, instances.c.started_at, instances.c.ended_at),
    ):
        query = sa.select(key, began.label("began"), ended.label("ended")).select_from(table).where(ended < began)
        for row in reader.execute(query.order_by(key)):
            if not any(row.ended <= step <= row.began for step in steps):
                found.append(f"{what} {row[0]} ends at {row.ended}, before it begins at {row.began}")
    return found


def nothing_fires_while_held(reader: Reader) -> list[str]:
    """I12: between a jump of the clock and its confirmation no timer fires."""
    held = reader.execute(
        sa.select(incidents.c.incident_id, incidents.c.raised_at, incidents.c.resolved_at)
        .where(incidents.c.kind == "clock", incidents.c.element_id == "forward")
        .order_by(incidents.c.incident_id)
    ).all()
    found = []
    for hold in held:
        query = sa.select(sa.func.count()).where(facts.c.kind == "TimerFired", facts.c.at > hold.raised_at)
        if hold.resolved_at is not None:
            query = query.where(facts.c.at < hold.resolved_at)
        if count := reader.execute(query).scalar_one():
            found.append(f"{count} timers fired while incident {hold.incident_id} held them")
    return found


def timers_fire_once(reader: Reader) -> list[str]:
    """I4: a timer that is done has fired once; none fires that is not done."""
    done = set(reader.execute(sa.select(jobs.c.job_id).where(jobs.c.kind == "timer", jobs.c.state == "DONE")).scalars())
    fired: dict[str, int] = {}
    for detail in reader.execute(sa.select(facts.c.detail).where(facts.c.kind == "TimerFired")).scalars():
        if "job" in detail:
            fired[detail["job"]] = fired.get(detail["job"], 0) + 1
    return [f"timer {job_id} fired {count} times" for job_id, count in sorted(fired.items()) if count != 1] + [
        f"timer {job_id} fired but is not done" for job_id in sorted(fired.keys() - done)
    ]


def _triggers(reader: Reader) -> set[str]:
    if reader.connection.dialect.name == "sqlite":
        query = "SELECT name FROM sqlite_master WHERE type = 'trigger'"
    else:
        query = "SELECT tgname FROM pg_trigger WHERE NOT tgisinternal AND tgenabled IN ('O', 'A')"
    return set(reader.connection.exec_driver_sql(query).scalars())


def _wanted_triggers(reader: Reader) -> list[str]:
    return [*trigger_names(reader.connection.dialect.name, APPEND_ONLY), "tasks_completed_are_final"]


GUARDS: dict[str, Callable[[Any], list[str]]] = {
    "commits_are_durable": commits_are_durable,
    "guards_are_in_place": guards_are_in_place,
    "record_is_chained": record_is_chained,
    "timers_fire_once": timers_fire_once,
    "time_runs_forward": time_runs_forward,
    "nothing_fires_while_held": nothing_fires_while_held,
}
