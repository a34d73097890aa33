"""The engine itself: opens the database, keeps the clock, and is the only one that commits."""

import threading
from datetime import datetime, timedelta
from typing import Any, Protocol

from sqlalchemy.engine import Connection

from engine.clock import Clock, SystemClock, Timekeeper
from engine.commands import HANDLERS
from engine.commands.clock_guard import NoteClock
from engine.commands.jobs import ClaimJob, ClaimJobs, DispatchJobs
from engine.domain.actor import SYSTEM, Actor
from engine.ids import Ids, TimeOrderedIds
from engine.queries import Read
from engine.store import migrate, operations, plans
from engine.store.database import Database
from engine.store.transaction import Transaction

CLAIMS = (ClaimJob, ClaimJobs, DispatchJobs)
MARK_SECONDS = 60.0  # how often a machine's clocks are written down, so that its next process can compare


class Witness(Protocol):
    """Keeps checkpoints where the database's administrator does not reach."""

    def publish(self, read: Read) -> None:
        """Takes over what it does not hold yet. Called once a minute by every worker."""


class Engine:
    """`execute` changes, `read` answers. One engine serves any number of threads.

    `secret` keys the integrity check of stored state; every process of one installation needs the same.
    """

    def __init__(
        self,
        url: str,
        *,
        secret: bytes,
        clock: Clock | None = None,
        ids: Ids | None = None,
        witness: Witness | None = None,
    ) -> None:
        self.database = Database(url)
        self.clock = clock or SystemClock()
        self._keeper = Timekeeper(self.clock)
        self._marked_at: float | None = None
        self._noting = threading.Lock()
        self._ids = ids or TimeOrderedIds()
        self._edition: tuple[str, dict[Any, Any]] = ("", {})
        self.secret = secret
        self.witness = witness
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
        if type(command) in CLAIMS:
            self.watch_clock()
        elif self._keeper.has_jumped():
            self._note_clock()
        return self._carry_out(command, by, operation_key)

    def watch_clock(self) -> None:
        """Compare this machine's clocks with what they showed; nobody claims a timer before that. Cheap, and writes at
        most once a minute."""
        reading, off = self._keeper.reading()
        if off or self._marked_at is None or abs(reading.monotonic - self._marked_at) >= MARK_SECONDS:
            self._note_clock()

    def _note_clock(self) -> None:
        with self._noting:  # two threads must not write down, and accept, the same jump
            reading, off = self._keeper.reading()
            self._carry_out(NoteClock(reading, off), SYSTEM, None)
            self._keeper.accept(off)
            self._marked_at = reading.monotonic

    def _carry_out(self, command: Any, by: Actor, operation_key: str | None) -> Any:
        handler = HANDLERS[type(command)]
        with self.database.write() as connection:
            now, remembered = self.standing(connection)
            tx = Transaction(connection, now, self._ids, by, self.secret, remembered)
            if operation_key is not None:
                was_done, answer = operations.answered(tx, operation_key, command)
                if was_done:
                    return answer
            result = handler(command, tx)
            tx.write_facts()
            if operation_key is not None:
                operations.save(tx, operation_key, command, result)
            return result

    def standing(self, connection: Connection) -> tuple[datetime, dict[Any, Any]]:
        """The instant of the campaign: the clock's, moved by the demo's offset when the database is a demo; and what is
        remembered of its plans, nothing after any of them has changed."""
        offset, edition = plans.standing(connection)
        known, remembered = self._edition
        if edition != known:
            remembered = {}
            self._edition = (edition, remembered)
        return self._keeper.now() + timedelta(seconds=offset), remembered

    def close(self) -> None:
        self.database.dispose()
