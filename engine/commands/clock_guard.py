"""Notices when the computer's clock was set: a jump forward holds every timer until a person has confirmed the date; a
step back is told and fires nothing twice.
"""

from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from engine.clock import TOLERANCE, Reading
from engine.domain.calendar import SHANGHAI
from engine.domain.job import BACK_OFF_MINUTES, LEASE_SECONDS
from engine.errors import NotPermitted
from engine.store import claims, clock, jobs
from engine.store.clock import CLOCK_INCIDENT, ClockHold
from engine.store.transaction import Transaction


@dataclass(frozen=True)
class NoteClock:
    """What the clocks of this machine show, and by how much this process saw the wall clock being set."""

    reading: Reading
    off: timedelta


def note_clock(command: NoteClock, tx: Transaction) -> None:
    """The machine's mark, where it is of this start, knows better than one process what was noticed already."""
    if not tx.actor.is_system:
        raise NotPermitted("system_only", f"{tx.actor.name} does not watch the clock.")
    clock.lock(tx)
    reading = command.reading
    known = clock.mark(tx, reading.host)
    is_of_this_start = known is not None and known.boot == reading.boot != ""
    expected = known.wall_at(reading.monotonic) if known and is_of_this_start else reading.wall - command.off
    clock.put_mark(tx, reading)
    if reading.wall - expected > TOLERANCE:
        _hold(tx, reading, expected)
    elif expected - reading.wall > TOLERANCE:
        _go_back(tx, reading, expected)


def _hold(tx: Transaction, reading: Reading, expected: datetime) -> None:
    """One hold and one incident, however many machines have jumped."""
    held = clock.hold(tx.connection)
    right = replace(reading, wall=expected)
    if held is not None:
        clock.put_hold(tx, replace(held, hosts={reading.host: right, **held.hosts}))
        return
    message = (
        f"{reading.host} 的时钟从 {_shown(expected)} 跳到 {_shown(reading.wall)}，定时事项已暂停。"
        f" The clock of {reading.host} jumped from {_shown(expected)} to {_shown(reading.wall)}; timers are held."
    )
    incident_id = _raise(tx, message)
    clock.put_hold(tx, ClockHold(incident_id, expected, reading.wall, tx.now, {reading.host: right}))


def _go_back(tx: Transaction, reading: Reading, expected: datetime) -> None:
    claims.bring_back(
        tx,
        latest_lease=tx.now + timedelta(seconds=LEASE_SECONDS),
        latest_retry=tx.now + timedelta(minutes=BACK_OFF_MINUTES[-1]),
    )
    held = clock.hold(tx.connection)
    right = held.hosts.get(reading.host) if held else None
    if held is not None and right is not None and right.boot == reading.boot:
        off = reading.wall - right.wall_at(reading.monotonic)
        if abs(off) <= TOLERANCE:
            _is_right_again(tx, held, reading.host)
            return
    _raise(
        tx,
        f"{reading.host} 的时钟从 {_shown(expected)} 退回 {_shown(reading.wall)}。"
        f" The clock of {reading.host} went back from {_shown(expected)} to {_shown(reading.wall)}.",
    )


def _is_right_again(tx: Transaction, held: ClockHold, host: str) -> None:
    """The hold lifts when every machine that had jumped is back."""
    others = {name: reading for name, reading in held.hosts.items() if name != host}
    if others:
        clock.put_hold(tx, replace(held, hosts=others))
        return
    clock.lift_hold(tx)
    jobs.resolve_incident(tx, held.incident_id, "corrected")
    tx.record("IncidentResolved", resolution="corrected")


def _raise(tx: Transaction, message: str) -> str:
    incident_id = jobs.raise_incident(tx, kind=CLOCK_INCIDENT, message=message)
    tx.record("IncidentRaised", message=message[:500])
    return incident_id


def _shown(moment: datetime) -> str:
    return moment.astimezone(SHANGHAI).strftime("%Y-%m-%d %H:%M:%S")
