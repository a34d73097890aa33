"""Statements of the hot path: built once, compiled once for each kind of database, handed to the driver as text.

What SQLAlchemy does anew at each execution costs more than SQLite takes to carry a statement out. While somebody
listens to statements (the fault tests do), they go the usual way, so that they are heard.
"""

from collections.abc import Callable, Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import sqlalchemy as sa
from sqlalchemy.engine import Connection, Dialect

Convert = Callable[[Any], Any]


@dataclass(frozen=True)
class _Compiled:
    """`order`: the names of the values as the driver wants them in a row; None: it wants them by name."""

    text: str
    order: tuple[str, ...] | None
    constants: dict[str, Any]
    binders: tuple[tuple[str, Convert], ...]
    readers: tuple[tuple[str, Convert | None], ...]

    def values(self, given: Mapping[str, Any]) -> Any:
        found = {**self.constants, **given}
        for name, convert in self.binders:
            found[name] = convert(found[name])
        return found if self.order is None else [found[name] for name in self.order]


class Prepared:
    """One statement with named values. Values and columns are converted by their types, as always; no defaults are
    filled in: an insert names every column that needs one."""

    def __init__(self, statement: Any) -> None:
        self.statement = statement
        self._compiled: dict[str, _Compiled] = {}

    def run(self, connection: Connection, given: Mapping[str, Any]) -> int:
        """Returns how many rows it changed."""
        if _is_heard(connection):
            return int(connection.execute(self.statement, dict(given)).rowcount)
        compiled = self._for(connection.dialect)
        with closing(connection.connection.cursor()) as cursor:
            cursor.execute(compiled.text, compiled.values(given))
            return int(cursor.rowcount)

    def run_many(self, connection: Connection, rows: Sequence[Mapping[str, Any]]) -> None:
        if _is_heard(connection):
            connection.execute(self.statement, [dict(row) for row in rows])
            return
        compiled = self._for(connection.dialect)
        with closing(connection.connection.cursor()) as cursor:
            cursor.executemany(compiled.text, [compiled.values(row) for row in rows])

    def rows(self, connection: Connection, given: Mapping[str, Any]) -> list[dict[str, Any]]:
        """What a SELECT finds, by column name."""
        if _is_heard(connection):
            return [dict(row) for row in connection.execute(self.statement, dict(given)).mappings()]
        compiled = self._for(connection.dialect)
        with closing(connection.connection.cursor()) as cursor:
            cursor.execute(compiled.text, compiled.values(given))
            found = cursor.fetchall()
        return [
            {
                name: value if convert is None else convert(value)
                for (name, convert), value in zip(compiled.readers, row, strict=True)
            }
            for row in found
        ]

    def _for(self, dialect: Dialect) -> _Compiled:
        found = self._compiled.get(dialect.name)
        if found is None:
            found = self._compiled[dialect.name] = _compile(self.statement, dialect)
        return found


@lru_cache(maxsize=256)
def insert(table: sa.Table, names: tuple[str, ...]) -> Prepared:
    """A row with these columns; the others stay empty."""
    return Prepared(table.insert().values({name: sa.bindparam(name) for name in names}))


@lru_cache(maxsize=256)
def update(table: sa.Table, key: str, names: tuple[str, ...]) -> Prepared:
    """These columns of the row whose `key` is the value named `of_row`."""
    changed = {name: sa.bindparam(name) for name in names}
    return Prepared(table.update().where(table.c[key] == sa.bindparam("of_row")).values(changed))


def _is_heard(connection: Connection) -> bool:
    return bool(connection.engine.dispatch.before_cursor_execute)


def _compile(statement: Any, dialect: Dialect) -> _Compiled:
    compiled = statement.compile(dialect=dialect)
    binders = ((name, bind.type.dialect_impl(dialect).bind_processor(dialect)) for name, bind in compiled.binds.items())
    known = {name: convert for name, convert in binders if convert is not None}
    given = {name for name, bind in compiled.binds.items() if bind.required}
    constants = {name: value for name, value in compiled.params.items() if name not in given}
    assert "POSTCOMPILE" not in compiled.string, "a list of bound values has no fixed text"
    columns = statement.selected_columns if isinstance(statement, sa.Select) else ()
    return _Compiled(
        text=str(compiled),
        order=tuple(compiled.positiontup) if compiled.positional else None,
        constants={name: known[name](value) if name in known else value for name, value in constants.items()},
        binders=tuple((name, convert) for name, convert in known.items() if name in given),
        readers=tuple(
            (column.key, column.type.dialect_impl(dialect).result_processor(dialect, None)) for column in columns
        ),
    )
