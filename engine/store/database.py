"""Opens the database and hands out connections: SQLite with the settings that lose nothing, or PostgreSQL."""

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import psycopg
import sqlalchemy as sa
from sqlalchemy import event, exc
from sqlalchemy.engine import URL, Connection, Engine

from engine.errors import Invalid, Problem, Refused

# assurance E20, E27, E35, E36: each of these was shown to lose or to permit something when left at another value.
PRAGMAS: dict[str, str | int] = {
    "journal_mode": "wal",
    "synchronous": 2,  # FULL: NORMAL lost acknowledged commits in 359 of 400 power cuts
    "foreign_keys": 1,
    "busy_timeout": 10000,
    "recursive_triggers": 1,
    "trusted_schema": 0,
}

# Whatever the server's default: what was acknowledged is on the disk (assurance E28), and a process that stopped
# inside a transaction does not keep its locks for ever.
SESSION = {"synchronous_commit": "on", "idle_in_transaction_session_timeout": "2min"}

# Faults of the machine, of other transactions and of administrators, not of our statements.
OUTSIDE_SQLITE = {
    sqlite3.SQLITE_BUSY,
    sqlite3.SQLITE_LOCKED,
    sqlite3.SQLITE_READONLY,
    sqlite3.SQLITE_IOERR,
    sqlite3.SQLITE_CORRUPT,
    sqlite3.SQLITE_FULL,
    sqlite3.SQLITE_CANTOPEN,
    sqlite3.SQLITE_NOTADB,
}
OUTSIDE_POSTGRESQL = {"08", "40", "53", "57", "58"}  # connection, rollback, resources, operator, system
TOOK_TOO_LONG = "25P03"  # idle in a transaction
NO_TEXT = {"22021", "22P05"}  # of the character U+0000, as COPY and the reader of JSON refuse it


class Database:
    """One database. `write()` is a transaction that commits at the end or not at all; `read()` never writes.

    Raises Refused for an address that means nothing, and when a connection cannot be opened.
    """

    def __init__(self, url: str) -> None:
        self.url = _url(url)
        self.is_sqlite = self.url.get_backend_name() == "sqlite"
        self._engine = self._open()

    @contextmanager
    def write(self) -> Iterator[Connection]:
        """SQLite takes the write lock at BEGIN (IMMEDIATE), PostgreSQL locks rows as they are read FOR UPDATE."""
        with _as_refusals(), self._connect() as connection:
            connection = connection.execution_options(duban_write=True)
            with connection.begin():
                yield connection

    @contextmanager
    def read(self) -> Iterator[Connection]:
        """One snapshot for all its statements: totals and their parts agree whatever others commit meanwhile."""
        with _as_refusals(), self._connect() as connection:
            options = {} if self.is_sqlite else {"isolation_level": "REPEATABLE READ", "postgresql_readonly": True}
            connection = connection.execution_options(duban_write=False, **options)
            with connection.begin():
                yield connection

    def check_settings(self) -> None:
        """Raises Refused when SQLite does not run with every one of PRAGMAS."""
        if not self.is_sqlite:
            return
        with self.read() as connection:
            for name, wanted in PRAGMAS.items():
                found = connection.exec_driver_sql(f"PRAGMA {name}").scalar()
                if str(found) != str(wanted):
                    raise Refused("database_settings", f"SQLite runs with {name}={found}, needs {wanted}.", name=name)

    @property
    def engine(self) -> Engine:
        """For migrations and tests only."""
        return self._engine

    def dispose(self) -> None:
        self._engine.dispose()

    def _connect(self) -> Connection:
        try:
            return self._engine.connect()
        except exc.DBAPIError as error:
            shown = self.url.render_as_string(hide_password=True)
            raise Refused(
                "database_unreachable", f"The database {shown} cannot be opened: {_first_line(error.orig)}.", url=shown
            ) from error

    def _open(self) -> Engine:
        if not self.is_sqlite:
            options = {"options": " ".join(f"-c {name}={value}" for name, value in SESSION.items())}
            return sa.create_engine(self.url, pool_size=8, max_overflow=8, pool_pre_ping=True, connect_args=options)
        engine = sa.create_engine(self.url, connect_args={"timeout": 10, "check_same_thread": False})
        event.listen(engine, "connect", _set_pragmas)
        event.listen(engine, "begin", _begin)
        return engine


@contextmanager
def _as_refusals() -> Iterator[None]:
    """What the database cannot do now (locked, full, damaged, gone) is Refused, a text that PostgreSQL has no room for
    is Invalid; any other fault is ours and loud."""
    try:
        yield
    except (exc.DBAPIError, sqlite3.Error, psycopg.Error) as error:
        if _is_no_text(error.orig if isinstance(error, exc.DBAPIError) else error):
            problem = Problem("", "文字里含有空字符（U+0000），请删去后再试。", "The text holds U+0000; remove it.")
            raise Invalid("text_has_nul", "The text holds U+0000.", (problem,)) from error
        if not is_outside(error):
            raise
        raise _refused(error.orig if isinstance(error, exc.DBAPIError) else error) from error


def _is_no_text(error: Any) -> bool:
    """Whether the driver, which gives no state, or the server would not take the character U+0000."""
    return isinstance(error, psycopg.DataError) and (error.sqlstate in NO_TEXT or "NUL (0x00)" in str(error))


def _refused(error: Any) -> Refused:
    return Refused("database_fails", f"The database does not do this now: {_first_line(error)}.")


def is_outside(error: Any) -> bool:
    """Whether it is a fault of the machine, of another transaction or of an administrator, and not of a statement. The
    driver's own errors come from prepared statements, which SQLAlchemy does not see."""
    if isinstance(error, exc.DBAPIError):
        return error.connection_invalidated or is_outside(error.orig)
    if isinstance(error, sqlite3.Error):
        return (getattr(error, "sqlite_errorcode", 0) & 0xFF) in OUTSIDE_SQLITE
    if isinstance(error, psycopg.OperationalError) and error.sqlstate is None:
        return True  # the connection is gone
    state = str(getattr(error, "sqlstate", None) or "")
    return state[:2] in OUTSIDE_POSTGRESQL or state == TOOK_TOO_LONG


def _url(text: str) -> URL:
    try:
        url = sa.make_url(text)
        url.get_dialect()
    except exc.ArgumentError as error:  # an unknown kind of database is one of these
        raise Refused(
            "database_address",
            "The database address is neither sqlite:///FILE nor postgresql+psycopg://….",
            reason=str(error),
        ) from error
    return url


def _first_line(error: Any) -> str:
    return str(error).strip().partition("\n")[0].rstrip(".")


def _set_pragmas(dbapi_connection: Any, _record: Any) -> None:
    dbapi_connection.isolation_level = None  # SQLAlchemy's BEGIN event below speaks for itself
    for name, value in PRAGMAS.items():
        dbapi_connection.execute(f"PRAGMA {name}={value}").close()


def _begin(connection: Connection) -> None:
    is_write = connection.get_execution_options().get("duban_write", True)
    connection.exec_driver_sql("BEGIN IMMEDIATE" if is_write else "BEGIN")
