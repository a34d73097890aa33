"""Maintained counters of cases. Whoever writes a case through `store.cases` leaves here what the figures need, in the
same transaction.

A change is a row of -1 and a row of +1, never an update: two transactions that move cases of one area never wait for
each other. `fold` sums the rows of one key into one, from time to time; the sums are the same before and after.
"""

from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa

from engine.domain.case import CaseState
from engine.store.schema import case_tallies, cases, due_tallies
from engine.store.tally_tables import NEVER
from engine.store.transaction import Transaction

# A change of any other column of a case changes no counter.
COUNTED = frozenset(
    {
        *("area_id", "lead_id", "state", "phase", "disposition", "return_count", "due_at", "yellow_at"),
        *("surveyed_at", "done_at", "lookback_at", "relapsed_at"),
    }
)
Row = Mapping[str, Any]
Key = tuple[Any, ...]


@dataclass(frozen=True)
class Cube:
    """One table of counters. `key_of` a case's row, or None for a case that it does not count; `full` is the SELECT of
    all keys, counted from the cases."""

    table: sa.Table
    key_of: Callable[[Row], Key | None]
    full: sa.Select[Any]

    @property
    def key(self) -> tuple[sa.Column[Any], ...]:
        return tuple(column for column in self.table.columns if column.name not in ("tally_id", "n"))

    def rows(self, counted: Mapping[Key, int]) -> list[dict[str, Any]]:
        names = [column.name for column in self.key]
        return [{**dict(zip(names, key, strict=True)), "n": n} for key, n in counted.items() if n]


def added(tx: Transaction, rows: Iterable[Row]) -> None:
    """New cases: one row for each distinct key, however many cases there are. Absent columns are None or 0."""
    listed = list(rows)
    for cube in CUBES:
        keys = (cube.key_of(row) for row in listed)
        _add(tx, cube, Counter(key for key in keys if key is not None))


def moved(tx: Transaction, before: Row, after: Row) -> None:
    """A case was `before` and is `after`; both need `campaign_id` and all of COUNTED. `before` must be read under the
    lock of its row."""
    for cube in CUBES:
        old, new = cube.key_of(before), cube.key_of(after)
        if old != new:
            _add(tx, cube, {key: n for key, n in ((old, -1), (new, 1)) if key is not None})


def fold(tx: Transaction, limit: int = 5000) -> int:
    """Sum up keys that have several rows, at most `limit` rows of a table. Returns how many rows that saved.

    Rows that another fold holds are passed over, so folds neither wait for each other nor count a row twice; a fold
    that does not commit has changed nothing.
    """
    return sum(_fold(tx, cube, limit) for cube in CUBES)


def _fold(tx: Transaction, cube: Cube, limit: int) -> int:
    table, key = cube.table, cube.key
    crowded = sa.select(*key).group_by(*key).having(sa.func.count() > 1)
    taken = tx.execute(
        sa.select(table.c.tally_id, *key, table.c.n)
        .where(sa.tuple_(*key).in_(crowded))
        .order_by(*key, table.c.tally_id)
        .limit(limit)
        .with_for_update(skip_locked=True)
    ).all()
    sums: Counter[Key] = Counter()
    for row in taken:
        sums[tuple(row[1:-1])] += row.n
    kept = {key: n for key, n in sums.items() if n}
    if len(kept) < len(taken):
        tx.execute(table.delete().where(table.c.tally_id.in_([row.tally_id for row in taken])))
        _add(tx, cube, kept)
    return len(taken) - len(kept)


def _add(tx: Transaction, cube: Cube, counted: Mapping[Key, int]) -> None:
    rows = cube.rows(counted)
    if rows:
        tx.execute(_INSERTS[cube.table.name], rows)


# -- what is counted apart ---------------------------------------------------------------------------------------------
def _is_open(row: Row) -> bool:
    return bool(row["state"] == CaseState.ACTIVE and row.get("done_at") is None)


def _kind(row: Row) -> Key:
    return (
        row["campaign_id"],
        row["area_id"],
        row["lead_id"],
        str(row["state"]),
        row.get("phase") or "survey",
        row.get("disposition") or "",
        row.get("surveyed_at") is not None,
        row.get("done_at") is not None,
        row.get("lookback_at") is not None,
        row.get("relapsed_at") is not None,
        (row.get("return_count") or 0) > 0,
    )


def _due(row: Row) -> Key | None:
    if not _is_open(row):
        return None
    return (
        row["campaign_id"],
        row["area_id"],
        row["lead_id"],
        row.get("due_at") or NEVER,
        row.get("yellow_at") or NEVER,
    )


def _all_kinds() -> sa.Select[Any]:
    """`_kind` in SQL, of every case."""
    key = (
        cases.c.campaign_id,
        cases.c.area_id,
        cases.c.lead_id,
        cases.c.state,
        sa.func.coalesce(cases.c.phase, "survey"),
        sa.func.coalesce(cases.c.disposition, ""),
        cases.c.surveyed_at.is_not(None),
        cases.c.done_at.is_not(None),
        cases.c.lookback_at.is_not(None),
        cases.c.relapsed_at.is_not(None),
        cases.c.return_count > 0,
    )
    return _counted(key)


def _all_dues() -> sa.Select[Any]:
    """`_due` in SQL, of every case."""
    never = sa.literal(NEVER, due_tallies.c.due_at.type)
    key = (
        cases.c.campaign_id,
        cases.c.area_id,
        cases.c.lead_id,
        sa.func.coalesce(cases.c.due_at, never),
        sa.func.coalesce(cases.c.yellow_at, never),
    )
    return _counted(key).where(cases.c.state == CaseState.ACTIVE, cases.c.done_at.is_(None))


def _counted(key: tuple[sa.ColumnElement[Any], ...]) -> sa.Select[Any]:
    """Grouped by position, because an expression with values of its own is no column that can be grouped by."""
    numbers = (sa.literal_column(str(number)) for number in range(1, len(key) + 1))
    named = (column.label(f"key_{number}") for number, column in enumerate(key))
    return sa.select(*named, sa.func.count()).group_by(*numbers)


CUBES = (Cube(case_tallies, _kind, _all_kinds()), Cube(due_tallies, _due, _all_dues()))
_INSERTS = {cube.table.name: cube.table.insert().inline() for cube in CUBES}
