"""What a command works with: one open transaction, the instant it happens at, fresh ids, and the record of facts."""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Protocol

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.engine import Connection

from engine.domain.actor import Actor
from engine.domain.facts import FACTS
from engine.ids import Ids
from engine.store import schema
from engine.store.prepared import Prepared, insert


class Scope(Protocol):
    """What plans need of a transaction or of a reader: a connection, the present instant, and `plans`: what was
    deployed, published and opened, as the engine remembers it until any of it changes."""

    connection: Connection
    now: datetime
    plans: dict[Any, Any]


@dataclass
class Reader:
    """What a query works with: one consistent read, the instant it is asked at, the key of stored state."""

    connection: Connection
    now: datetime
    secret: bytes
    plans: dict[Any, Any] = field(default_factory=dict)
    cache: dict[Any, Any] = field(default_factory=dict)

    def execute(self, statement: Any, parameters: Any = None) -> Any:
        return self.connection.execute(statement, parameters)

    def rows(self, statement: Prepared, values: Mapping[str, Any]) -> list[dict[str, Any]]:
        return statement.rows(self.connection, values)


@dataclass
class Transaction:
    """`now` is aware UTC and the same for the whole command. `secret` keys the integrity check of stored state."""

    connection: Connection
    now: datetime
    ids: Ids
    actor: Actor
    secret: bytes
    plans: dict[Any, Any] = field(default_factory=dict)
    _facts: list[dict[str, Any]] = field(default_factory=list)

    @property
    def is_sqlite(self) -> bool:
        return self.connection.dialect.name == "sqlite"

    def new_id(self) -> str:
        return self.ids.new()

    def execute(self, statement: Any, parameters: Any = None) -> Any:
        return self.connection.execute(statement, parameters)

    def run(self, statement: Prepared, values: Mapping[str, Any]) -> int:
        """Returns how many rows it changed."""
        return statement.run(self.connection, values)

    def run_many(self, statement: Prepared, rows: Sequence[Mapping[str, Any]]) -> None:
        if rows:
            statement.run_many(self.connection, rows)

    def add(self, table: sa.Table, rows: Sequence[Mapping[str, Any]]) -> None:
        """Insert rows that all have the same columns; no defaults are filled in."""
        if rows:
            self.run_many(insert(table, tuple(rows[0])), rows)

    def rows(self, statement: Prepared, values: Mapping[str, Any]) -> list[dict[str, Any]]:
        return statement.rows(self.connection, values)

    def insert_missing(self, table: sa.Table, **values: Any) -> None:
        """Insert unless the key is there; waits for another transaction that is inserting the same."""
        dialect = sqlite if self.is_sqlite else postgresql
        self.execute(dialect.insert(table).values(**values).on_conflict_do_nothing())

    def lock_name(self, name: str) -> None:
        """Until the end of the transaction nobody else holds this name; SQLite writes one at a time anyway."""
        if not self.is_sqlite:
            self.execute(sa.select(sa.func.pg_advisory_xact_lock(sa.func.hashtextextended(name, 0))))

    def record(
        self,
        kind: str,
        /,
        *,
        case_id: str | None = None,
        instance_id: str | None = None,
        campaign_id: str | None = None,
        **detail: Any,
    ) -> None:
        """Append a fact. `kind` must be one of `FACTS`; `detail` holds plain JSON that fills its sentence.

        Facts are written together, in this order, when the command has done the rest.
        """
        if kind not in FACTS:
            raise KeyError(f"unknown fact {kind}")
        self._facts.append(
            {
                "at": self.now,
                "kind": kind,
                "person_id": self.actor.person_id,
                "person": self.actor.name,
                "campaign_id": campaign_id,
                "case_id": case_id,
                "instance_id": instance_id,
                "detail": detail,
            }
        )

    @contextmanager
    def attempt(self) -> Iterator[None]:
        """A part that may fail by itself: what raises in here leaves neither rows nor facts, the rest stands."""
        told = len(self._facts)
        try:
            with self.connection.begin_nested():
                yield
        except BaseException:
            del self._facts[told:]
            self.plans = {}
            raise

    def write_facts(self) -> None:
        """Called once, by the engine, before the commit."""
        if self._facts:
            self.add(schema.facts, self._facts)
            self._facts = []
