"""Many rows at once: a transaction that gathers what is only inserted and writes it table by table.

Whatever else a command asks for is asked after everything gathered is written, so that nothing can tell the difference.
On SQLite the rows go by one prepared INSERT, on PostgreSQL by COPY.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from enum import Enum
from functools import cache
from itertools import repeat
from typing import Any

import orjson
import sqlalchemy as sa
from sqlalchemy.sql.dml import Insert

from engine.store import schema
from engine.store.columns import Instant
from engine.store.transaction import Transaction

MAX_GATHERED = 40_000  # rows of all tables; what is gathered is held in memory

Row = Mapping[str, Any]
_NULL = object()  # of a JSON column, where None is a value
_UNKNOWN = object()
_ORDER = {table: number for number, table in enumerate(schema.metadata.sorted_tables)}  # parents before children


@contextmanager
def gathered(tx: Transaction) -> Iterator["BulkTransaction"]:
    """The same transaction, gathering; at the end of the block everything is written."""
    gathering = BulkTransaction(tx)
    yield gathering
    gathering.write()


class BulkTransaction(Transaction):
    """Stands in for the transaction it was made of until its block ends."""

    def __init__(self, tx: Transaction) -> None:
        self._rows: dict[sa.Table, list[Row]] = {}
        self._count = 0
        super().__init__(tx.connection, tx.now, tx.ids, tx.actor, tx.secret, tx.plans)

    @property  # type: ignore[override]
    def connection(self) -> sa.Connection:
        """For whoever asks past `execute`: everything gathered is written first."""
        self.write()
        return self._connection

    @connection.setter
    def connection(self, connection: sa.Connection) -> None:
        self._connection = connection

    @property
    def is_sqlite(self) -> bool:
        return self._connection.dialect.name == "sqlite"

    @contextmanager
    def attempt(self) -> Iterator[None]:
        self.write()
        with super().attempt():
            try:
                yield
                self.write()
            except BaseException:
                self._rows, self._count = {}, 0
                raise

    def execute(self, statement: Any, parameters: Any = None) -> Any:
        if parameters is not None and _is_plain_insert(statement):
            self._gather(statement.table, parameters)
            return None
        self.write()
        return super().execute(statement, parameters)

    def add(self, table: sa.Table, rows: Sequence[Row]) -> None:
        self._gather(table, rows)

    def write(self) -> None:
        """Write what is gathered, parents before children."""
        if not self._rows and not self._facts:
            return
        self.write_facts()
        gathered, self._rows, self._count = self._rows, {}, 0
        for table in sorted(gathered, key=_ORDER.__getitem__):
            insert(self, table, gathered[table])

    def _gather(self, table: sa.Table, rows: Row | Sequence[Row]) -> None:
        found = self._rows.setdefault(table, [])
        if isinstance(rows, Mapping):
            found.append(rows)
            self._count += 1
        else:
            found.extend(rows)
            self._count += len(rows)
        if self._count + len(self._facts) > MAX_GATHERED and table is not schema.facts:
            self.write()


def _is_plain_insert(statement: Any) -> bool:
    """INSERT of the parameters alone: no values of its own, nothing returned, no ON CONFLICT."""
    return (
        isinstance(statement, Insert)
        and statement._values is None
        and not statement._multi_values
        and statement.select is None
        and not statement._returning
        and statement._post_values_clause is None
    )


def insert(tx: Transaction, table: sa.Table, rows: Sequence[Row]) -> None:
    """As one INSERT of all rows by their names; names that a row does not give get the table's defaults."""
    layout = _layout(table, tx.is_sqlite)
    shapes = {tuple(row) for row in rows}
    given = set().union(*shapes)
    if unknown := given - set(table.columns.keys()):
        raise KeyError(f"{table.name} has no {', '.join(sorted(unknown))}")
    if len(shapes) > 1:
        rows = [{**layout.defaults(given - row.keys()), **row} for row in rows]
    columns = [column.of(rows, is_given=column.name in given) for column in layout.columns]
    if tx.is_sqlite:
        tx.connection.exec_driver_sql(layout.statement, list(zip(*columns, strict=False)))
        return
    driver: Any = tx.connection.connection.driver_connection
    lines = "\n".join(map("\t".join, zip(*columns, strict=False)))
    errors = _told_as_ours(tx.connection, layout.statement)
    with errors, driver.cursor() as cursor, cursor.copy(layout.statement) as copy:
        copy.write(f"{lines}\n")


@contextmanager
def _told_as_ours(connection: sa.Connection, statement: str) -> Iterator[None]:
    """COPY goes past SQLAlchemy; its faults come out as those of any other statement."""
    dialect: Any = connection.dialect
    errors = dialect.dbapi.Error
    try:
        yield
    except errors as error:
        is_lost = dialect.is_disconnect(error, connection.connection.dbapi_connection, None)
        raise sa.exc.DBAPIError.instance(
            statement, None, error, errors, connection_invalidated=is_lost, dialect=dialect
        ) from error


# -- how a value reaches the driver ------------------------------------------------------------------------------------
@dataclass(frozen=True)
class _Column:
    """One column as a list of what the driver takes; `convert` sees each value that is not NULL."""

    name: str
    default: Callable[[], Any]
    convert: Callable[[Any], Any]
    null: Any
    is_json: bool
    is_as_it_is: bool  # the driver takes Python's own value, None included

    def of(self, rows: Sequence[Row], *, is_given: bool) -> Iterable[Any]:
        if not is_given:
            default = self.default()
            return repeat(self.null if default in (None, _NULL) else self.convert(default), len(rows))
        values = [row[self.name] for row in rows]
        return self._json(values) if self.is_json else self._plain(values)

    def _plain(self, values: list[Any]) -> list[Any]:
        """Each distinct value is converted once: instants, ids of definitions and names of elements repeat."""
        if self.is_as_it_is and not isinstance(values[0], Enum):
            return values
        convert, null = self.convert, self.null
        known = {value: null if value is None else convert(value) for value in set(values)}
        return [known[value] for value in values]

    def _json(self, values: list[Any]) -> list[Any]:
        """The same record again (a deadline that thousands share) is written out once. A None that was given is
        JSON's null, as SQLAlchemy has it; a name that was not given is NULL."""
        convert = self.convert
        known: dict[int, Any] = {id(_NULL): self.null}
        found = []
        for value in values:
            text = known.get(id(value), _UNKNOWN)
            if text is _UNKNOWN:
                text = known[id(value)] = convert(value)
            found.append(text)
        return found


@dataclass(frozen=True)
class _Layout:
    statement: str
    columns: tuple[_Column, ...]

    def defaults(self, names: Iterable[str]) -> Row:
        missing = set(names)
        return {column.name: column.default() for column in self.columns if column.name in missing}


@cache
def _layout(table: sa.Table, is_sqlite: bool) -> _Layout:
    """Every column but the serial number that the database gives itself."""
    named = [column for column in table.columns if column is not table.autoincrement_column]
    names = ", ".join(column.name for column in named)
    marks = ", ".join("?" for _ in named)
    statement = (
        f"INSERT INTO {table.name} ({names}) VALUES ({marks})"
        if is_sqlite
        else f"COPY {table.name} ({names}) FROM STDIN"
    )
    return _Layout(statement, tuple(_column(column, is_sqlite) for column in named))


def _column(column: sa.Column[Any], is_sqlite: bool) -> _Column:
    to_driver = _for_sqlite(column) if is_sqlite else _for_copy(column)
    null = None if is_sqlite else r"\N"
    is_json = isinstance(column.type, sa.JSON)
    is_as_it_is = is_sqlite and not is_json and not isinstance(column.type, Instant)
    return _Column(column.name, _default(column), to_driver, null, is_json, is_as_it_is)


def _default(column: sa.Column[Any]) -> Callable[[], Any]:
    default: Any = column.default
    if default is None:
        if column.server_default is not None:  # what the database would have filled in, the row must say
            return lambda: _missing(column)
        absent = _NULL if isinstance(column.type, sa.JSON) else None
        return lambda: absent
    if default.is_callable:
        return lambda: default.arg(None)
    return lambda: default.arg


def _missing(column: sa.Column[Any]) -> Any:
    raise KeyError(f"{column} must be given")


def _for_sqlite(column: sa.Column[Any]) -> Callable[[Any], Any]:
    if isinstance(column.type, Instant):
        return lambda value: _utc(value).replace(tzinfo=None).isoformat(" ", "microseconds")
    if isinstance(column.type, sa.JSON):
        return lambda value: _json(value)
    if isinstance(column.type, sa.String):
        return str
    return lambda value: value


def _for_copy(column: sa.Column[Any]) -> Callable[[Any], str]:
    """The text format of COPY, where tab, line end and backslash mean something."""
    if isinstance(column.type, Instant):
        return lambda value: _utc(value).isoformat()
    if isinstance(column.type, sa.JSON):
        return lambda value: _escaped(_json(value))
    if isinstance(column.type, sa.LargeBinary):
        return lambda value: rf"\\x{value.hex()}"
    if isinstance(column.type, sa.Boolean):
        return lambda value: "t" if value else "f"
    if isinstance(column.type, sa.Float):
        return lambda value: repr(float(value))
    return lambda value: _escaped(str(value))


def _escaped(text: str) -> str:
    if "\\" in text:
        text = text.replace("\\", "\\\\")
    if "\t" in text or "\n" in text or "\r" in text:
        text = text.replace("\t", "\\t").replace("\n", "\\n").replace("\r", "\\r")
    return text


def _utc(value: datetime) -> datetime:
    if value.tzinfo is None:
        raise ValueError("an instant must be aware")
    return value.astimezone(UTC)


def _json(value: Any) -> str:
    return orjson.dumps(value, option=orjson.OPT_PASSTHROUGH_DATETIME).decode()
