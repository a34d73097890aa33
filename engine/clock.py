"""The one place that knows what time it is. Everything below the runtime gets `tx.now`; nothing else reads a clock.

Two clocks are compared: the wall clock, which people and time servers set, and the one that only counts seconds since
the machine began. When they part, the wall clock was set.
"""

import contextlib
import socket
import threading
import time
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Protocol

TOLERANCE = timedelta(minutes=10)  # assurance I11, I12: less is a time server at work
BOOT_ID = Path("/proc/sys/kernel/random/boot_id")


class Clock(Protocol):
    """`host` names the machine, `boot` its last start: counted seconds compare within one start only."""

    host: str
    boot: str

    def now(self) -> datetime:
        """The present instant, aware, UTC."""

    def monotonic(self) -> float:
        """Seconds since some instant, sleep of the machine included; nobody sets this clock."""


class SystemClock:
    """The computer's clock."""

    def __init__(self) -> None:
        self.host = socket.gethostname()
        self.boot = ""
        with contextlib.suppress(OSError):
            self.boot = BOOT_ID.read_text().strip()

    def now(self) -> datetime:
        return datetime.now(UTC)

    def monotonic(self) -> float:
        boottime = getattr(time, "CLOCK_BOOTTIME", None)
        return time.monotonic() if boottime is None else time.clock_gettime(boottime)


class SetClock:
    """A clock that stands where it was put, for tests, simulations and the demo. `moment` must be aware."""

    def __init__(self, moment: datetime, *, host: str = "set", boot: str = "set") -> None:
        self.host = host
        self.boot = boot
        self._jumped = timedelta()
        self.set(moment)

    def now(self) -> datetime:
        return self._moment

    def monotonic(self) -> float:
        return (self._moment - self._jumped).timestamp()

    def set(self, moment: datetime) -> None:
        """Both clocks go there, as if the time between had passed."""
        if moment.tzinfo is None:
            raise ValueError("a clock needs an aware datetime")
        self._moment = moment.astimezone(UTC)

    def advance(self, step: timedelta) -> None:
        self._moment += step

    def jump(self, step: timedelta) -> None:
        """The wall clock alone, as when somebody sets it."""
        self._moment += step
        self._jumped += step


@dataclass(frozen=True)
class Reading:
    """Both clocks of a machine at one moment."""

    wall: datetime
    monotonic: float
    boot: str
    host: str

    def wall_at(self, monotonic: float) -> datetime:
        """What the wall clock shows at that count, when nobody sets it."""
        return self.wall + timedelta(seconds=monotonic - self.monotonic)


class Timekeeper:
    """The time of one process. A jump forward is kept back until it has been written down; a small step back is stood
    still for, so that time never runs backwards by less than TOLERANCE. Serves any number of threads.
    """

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._lock = threading.Lock()
        self._last = self._read()
        self._told = self._last.wall
        self._off = timedelta()  # by how much the wall clock was set since that was last written down

    def now(self) -> datetime:
        with self._lock:
            self._look()
            return self._told

    def has_jumped(self) -> bool:
        """Whether the wall clock was set by more than TOLERANCE and nobody has written it down."""
        with self._lock:
            self._look()
            return bool(self._off)

    def reading(self) -> tuple[Reading, timedelta]:
        """What the clocks show, and by how much the wall clock was set since the last `accept`."""
        with self._lock:
            self._look()
            return self._last, self._off

    def accept(self, off: timedelta) -> None:
        """That much is written down: time is the wall clock's again."""
        with self._lock:
            self._off -= off

    def _look(self) -> None:
        reading, last = self._read(), self._last
        drift = reading.wall - last.wall_at(reading.monotonic)
        if abs(drift) > TOLERANCE:
            self._off += drift
            if abs(self._off) <= TOLERANCE:  # set there and back before anybody had time to write it down
                self._off = timedelta()
        shown = reading.wall - max(self._off, timedelta())
        was_put_back = reading.monotonic < last.monotonic  # only a clock of the tests does that
        if was_put_back or not self._told - TOLERANCE < shown < self._told:
            self._told = shown
        self._last = reading

    def _read(self) -> Reading:
        """Both clocks at one moment: a process that was stopped between the two looks again."""
        while True:
            before = self._clock.monotonic()
            wall = self._clock.now()
            counted = self._clock.monotonic()
            if counted - before < 1:
                return Reading(wall, counted, self._clock.boot, self._clock.host)
