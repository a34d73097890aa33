"""Opens the database and hands out connections: SQLite with the settings that lose nothing, or PostgreSQL."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import sqlalchemy as sa
from sqlalchemy import event
from sqlalchemy.engine import Connection, Engine

from engine.errors import Refused

# assurance E20, E27, E35, E36: each of these was shown to lose or to permit something when left at another value.
PRAGMAS: dict[str, str | int] = {
    "journal_mode": "wal",
    "synchronous": 2,  # FULL: NORMAL lost acknowledged commits in 359 of 400 power cuts
    "foreign_keys": 1,
    "busy_timeout": 10000,
    "recursive_triggers": 1,
    "trusted_schema": 0,
}


class Database:
    """One database. `write()` is a transaction that commits at the end or not at all; `read()` never writes."""

    def __init__(self, url: str) -> None:
        self.url = sa.make_url(url)
        self.is_sqlite = self.url.get_backend_name() == "sqlite"
        self._engine = self._open()

    @contextmanager
    def write(self) -> Iterator[Connection]:
        """SQLite takes the write lock at BEGIN (IMMEDIATE), PostgreSQL locks rows as they are read FOR UPDATE."""
        with self._engine.connect() as connection:
            connection = connection.execution_options(duban_write=True)
            with connection.begin():
                yield connection

    @contextmanager
    def read(self) -> Iterator[Connection]:
        """One snapshot for all its statements: totals and their parts agree whatever others commit meanwhile."""
        with self._engine.connect() as connection:
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

    def _open(self) -> Engine:
        if not self.is_sqlite:
            return sa.create_engine(self.url, pool_size=8, max_overflow=8, pool_pre_ping=True)
        engine = sa.create_engine(self.url, connect_args={"timeout": 10, "check_same_thread": False})
        event.listen(engine, "connect", _set_pragmas)
        event.listen(engine, "begin", _begin)
        return engine


def _set_pragmas(dbapi_connection: Any, _record: Any) -> None:
    dbapi_connection.isolation_level = None  # SQLAlchemy's BEGIN event below speaks for itself
    for name, value in PRAGMAS.items():
        dbapi_connection.execute(f"PRAGMA {name}={value}").close()


def _begin(connection: Connection) -> None:
    is_write = connection.get_execution_options().get("duban_write", True)
    connection.exec_driver_sql("BEGIN IMMEDIATE" if is_write else "BEGIN")
