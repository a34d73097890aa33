"""Moves the demo's clock. Outside demo mode time is the computer's and nobody moves it."""

from dataclasses import dataclass
from datetime import datetime

from engine.errors import NotPermitted, Refused, Rejected
from engine.store import plans
from engine.store.transaction import Transaction


@dataclass(frozen=True)
class StartDemo:
    """Marks the database as a demo whose clock now reads `moment`. `wall` is the computer's clock."""

    moment: datetime
    wall: datetime


@dataclass(frozen=True)
class SetDemoClock:
    """Forward only: what has happened cannot lie in the future."""

    moment: datetime
    wall: datetime


def start_demo(command: StartDemo, tx: Transaction) -> None:
    if not tx.actor.is_system:
        raise NotPermitted("system_only", f"{tx.actor.name} may not turn a database into a demo.")
    plans.put_setting(tx, plans.DEMO, "1")
    _set(command.moment, command.wall, tx)


def set_demo_clock(command: SetDemoClock, tx: Transaction) -> None:
    if plans.get_setting(tx.connection, plans.DEMO) != "1":
        raise Refused("not_a_demo", "The clock moves only in demo mode.")
    if command.moment < tx.now:
        raise Rejected(
            "clock_backwards",
            f"The demo clock stands at {tx.now.isoformat()} and goes forward only.",
            now=tx.now.isoformat(),
        )
    _set(command.moment, command.wall, tx)
    tx.record("ClockSet", moment=command.moment.isoformat())


def _set(moment: datetime, wall: datetime, tx: Transaction) -> None:
    plans.put_setting(tx, plans.CLOCK_OFFSET, str((moment - wall).total_seconds()))
