"""Deterministic simulation: several actors on one SQLite database, taking turns where a seed says so.

Actors are greenlets. A turn may end before any statement and at every commit; a writer waits for the writer before it,
as SQLite makes it wait. An actor may be stopped for a while, as by SIGSTOP, or die at any of these points: its
transaction is rolled back, its memory is gone, and it begins anew. The same seed gives the same run (assurance E32).
"""

import random
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import greenlet
import sqlalchemy as sa

from engine.runtime import Engine

SWITCHES, STOPPED_TURNS = 0.3, 25
Actor = Callable[[], None]  # works until it has nothing to do


class Died(BaseException):
    """What an actor is killed by. Nothing in the engine may catch it."""


class Interleaver:
    """`deaths` is the chance to die at each point at which a turn may end, for actors that are `mortal`; `stops` the
    chance to be stopped there for STOPPED_TURNS turns of the others."""

    def __init__(self, seed: int, *, deaths: float, stops: float) -> None:
        self._random = random.Random(seed)
        self._deaths = deaths
        self._stops = stops
        self._actors: dict[str, greenlet.greenlet] = {}
        self._scripts: dict[str, Actor] = {}
        self._mortal: set[str] = set()
        self._waits: set[str] = set()
        self._stopped: dict[str, int] = {}  # until which turn
        self._writer: str | None = None
        self.killed = 0
        self.stopped = 0
        self.turns = 0

    def add(self, name: str, script: Actor, *, mortal: bool) -> None:
        self._scripts[name] = script
        if mortal:
            self._mortal.add(name)

    def run(self, engine: Engine) -> None:
        """Until every actor has come to the end of its script."""
        self._main = greenlet.getcurrent()
        self._actors = {name: greenlet.greenlet(script) for name, script in self._scripts.items()}
        with self._listening(engine):
            while self._actors:
                ready = sorted(name for name in self._actors if self._writer is None or name not in self._waits)
                assert ready, "every actor waits for another"
                awake = [name for name in ready if self._stopped.get(name, 0) <= self.turns]
                self._turn(self._random.choice(awake or ready))

    def pick(self, *choices: float) -> float:
        return self._random.choice(choices)

    def pause(self) -> None:
        """A point at which the turn may end, and the actor may die."""
        name = self._current()
        if name is None:
            return
        if name in self._mortal and self._random.random() < self._deaths:
            self.killed += 1
            raise Died
        chance = self._random.random()
        if chance < self._stops and self._writer != name:
            self._stopped[name] = self.turns + STOPPED_TURNS
            self.stopped += 1
        if chance < max(SWITCHES, self._stops):
            self._main.switch()

    def give_way(self) -> None:
        """The turn ends here."""
        self._main.switch()

    def _turn(self, name: str) -> None:
        self.turns += 1
        self._waits.discard(name)
        actor = self._actors[name]
        try:
            actor.switch()
        except Died:
            self._release(name)
            self._actors[name] = greenlet.greenlet(self._scripts[name])
            return
        if actor.dead:
            del self._actors[name]

    def _current(self) -> str | None:
        here = greenlet.getcurrent()
        return next((name for name, actor in self._actors.items() if actor is here), None)

    def _release(self, name: str) -> None:
        if self._writer == name:
            self._writer = None

    @contextmanager
    def _listening(self, engine: Engine) -> Iterator[None]:
        def statement(connection: Any, cursor: Any, text: str, *_: Any) -> None:
            self.pause()
            if text == "BEGIN IMMEDIATE" and (name := self._current()) is not None:
                while self._writer is not None:
                    self._waits.add(name)
                    self._main.switch()
                self._writer = name

        def end(connection: Any) -> None:
            name = self._current()
            if name is not None:
                self._release(name)

        def commit(connection: Any) -> None:
            self.pause()
            end(connection)

        database = engine.database.engine
        heard = (("before_cursor_execute", statement), ("commit", commit), ("rollback", end))
        for event, listener in heard:
            sa.event.listen(database, event, listener)
        try:
            yield
        finally:
            for event, listener in heard:
                sa.event.remove(database, event, listener)
