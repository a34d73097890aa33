"""Breaks an engine at its n-th statement or at its commit, and tells whether a database is what it was."""

import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import sqlalchemy as sa
from scenario import IDS_AFTER_TEMPLATE, Scenario

from engine.ids import CountingIds
from engine.runtime import Engine
from engine.store.schema import metadata

# A process's own marks, and the rows of a snapshot that hold them; PostgreSQL's sequences skip what broke.
RANDOM = {"token", "blob", "fact_id", "visit_id", "tally_id", "snapshots.rows"}
BULKY = {"definition_files.content": "length(content)"}
COMMIT, AT_COMMIT = "COMMIT", -1
Break = Callable[[], object]


class Broken(Exception):
    """What the tests throw in the middle."""


def throw() -> None:
    raise Broken


def die() -> None:
    """As after kill -9: nothing is tidied up."""
    os._exit(137)


@contextmanager
def breaking(engine: Engine, point: int, break_: Break) -> Iterator[list[str]]:
    """Break before the `point`-th statement from now (1, 2, …); the commit counts as the last, and AT_COMMIT is the
    commit wherever it comes. Tells what has run.

    The ids begin anew, so that every try makes the same ones.
    """
    ran: list[str] = []

    def count(what: str) -> None:
        if len(ran) + 1 == point or (what == COMMIT and point == AT_COMMIT):
            break_()
        ran.append(what)

    def statement(connection: Any, cursor: Any, text: str, *rest: Any) -> None:
        count(text)

    def commit(connection: Any) -> None:
        count(COMMIT)

    engine._ids = CountingIds(IDS_AFTER_TEMPLATE * 2)
    listened = (("before_cursor_execute", statement), ("commit", commit))
    for name, listener in listened:
        sa.event.listen(engine.database.engine, name, listener)
    try:
        yield ran
    finally:
        for name, listener in listened:
            sa.event.remove(engine.database.engine, name, listener)


def content(scenario: Scenario, *, without_random: bool = False) -> dict[str, list[Any]]:
    """Every row of every table as the driver gives it; of what is bulky, how long it is."""
    found: dict[str, list[Any]] = {}
    with scenario.engine.database.read() as connection:
        for name, table in sorted(metadata.tables.items()):
            kept = [
                BULKY.get(f"{name}.{column.name}", column.name)
                for column in table.c
                if not (without_random and RANDOM & {column.name, f"{name}.{column.name}"})
            ]
            order = ", ".join(column.name for column in table.primary_key)
            rows = connection.exec_driver_sql(f"SELECT {', '.join(kept)} FROM {name} ORDER BY {order}").all()
            found[name] = sorted(map(repr, rows)) if without_random else rows
    return found


class Restorable:
    """A SQLite scenario that can be put back to where it began."""

    def __init__(self, scenario: Scenario) -> None:
        self._scenario = scenario
        self._file = Path(scenario.config.database_url.removeprefix("sqlite:///"))
        self._scenario.engine.database.dispose()
        self._bytes = self._file.read_bytes()

    def restore(self) -> None:
        self._scenario.engine.database.dispose()
        self._file.write_bytes(self._bytes)
        for suffix in ("-wal", "-shm"):
            self._file.with_name(self._file.name + suffix).unlink(missing_ok=True)
