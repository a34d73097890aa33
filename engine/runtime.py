"""The engine itself: opens the database, keeps the clock, and is the only one that commits."""

from datetime import datetime, timedelta
from typing import Any

from sqlalchemy.engine import Connection

from engine.clock import Clock, SystemClock
from engine.commands import HANDLERS
from engine.domain.actor import Actor
from engine.ids import Ids, TimeOrderedIds
from engine.queries import Read
from engine.store import migrate, operations, plans
from engine.store.database import Database
from engine.store.transaction import Transaction


class Engine:
    """`execute` changes, `read` answers. One engine serves any number of threads.

    `secret` keys the integrity check of stored state; every process of one installation needs the same.
    """

    def __init__(self, url: str, *, secret: bytes, clock: Clock | None = None, ids: Ids | None = None) -> None:
        self.database = Database(url)
        self.clock = clock or SystemClock()
        self._ids = ids or TimeOrderedIds()
        self.secret = secret
        self.read = Read(self)

    def start(self) -> None:
        """Refuses to run on a database with other settings or an older schema. Raises Refused."""
        self.database.check_settings()
        migrate.check_current(self.database)

    def execute(self, command: Any, *, by: Actor, operation_key: str | None = None) -> Any:
        """Carry out one command in one transaction. With an `operation_key` a repetition answers what the first
        answered.

        Raises the engine's errors; nothing is written then.
        """
        handler = HANDLERS[type(command)]
        with self.database.write() as connection:
            tx = Transaction(connection, self.now(connection), self._ids, by, self.secret)
            if operation_key is not None:
                was_done, answer = operations.answered(tx, operation_key, command)
                if was_done:
                    return answer
            result = handler(command, tx)
            tx.write_facts()
            if operation_key is not None:
                operations.save(tx, operation_key, command, result)
            return result

    def now(self, connection: Connection) -> datetime:
        """The instant of the campaign: the clock's, moved by the demo's offset when the database is a demo."""
        now = self.clock.now()
        if plans.get_setting(connection, plans.DEMO) == "1":
            now += timedelta(seconds=float(plans.get_setting(connection, plans.CLOCK_OFFSET) or 0))
        return now

    def close(self) -> None:
        self.database.dispose()
