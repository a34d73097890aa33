"""What is remembered about the clocks of the machines: a mark each, and the hold that a jump leaves behind."""

import json
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import sqlalchemy as sa

from engine.clock import Reading
from engine.store import plans
from engine.store.schema import settings
from engine.store.transaction import Transaction

HOLD = "clock.hold"  # the setting that stands while a jump of the clock waits for a person
IS_HELD = sa.exists().where(settings.c.name == sa.literal_column(f"'{HOLD}'"))  # no timer fires, no message expires
MARK = "clock.mark."  # and the host's name: what its clocks showed when they were last written down
CLOCK_INCIDENT = "clock"
LONGEST_HOST = 64 - len(MARK)


@dataclass(frozen=True)
class ClockHold:
    """`hosts`: for each machine that jumped, what its clocks would have shown without the jump."""

    incident_id: str
    jumped_from: datetime
    jumped_to: datetime
    noticed_at: datetime
    hosts: dict[str, Reading]


def lock(tx: Transaction) -> None:
    """One look at a time: several workers notice the same jump once."""
    tx.lock_name(MARK)


def mark(tx: Transaction, host: str) -> Reading | None:
    text = plans.get_setting(tx.connection, _mark_of(host))
    return _reading(json.loads(text)) if text is not None else None


def put_mark(tx: Transaction, reading: Reading) -> None:
    plans.put_setting(tx, _mark_of(reading.host), json.dumps(_plain(reading)))


def hold(connection: sa.Connection) -> ClockHold | None:
    text = plans.get_setting(connection, HOLD)
    if text is None:
        return None
    told = json.loads(text)
    return ClockHold(
        incident_id=told["incident"],
        jumped_from=datetime.fromisoformat(told["from"]),
        jumped_to=datetime.fromisoformat(told["to"]),
        noticed_at=datetime.fromisoformat(told["noticed_at"]),
        hosts={host: _reading(reading) for host, reading in told["hosts"].items()},
    )


def put_hold(tx: Transaction, held: ClockHold) -> None:
    told = {
        "incident": held.incident_id,
        "from": held.jumped_from.isoformat(),
        "to": held.jumped_to.isoformat(),
        "noticed_at": held.noticed_at.isoformat(),
        "hosts": {host: _plain(reading) for host, reading in held.hosts.items()},
    }
    plans.put_setting(tx, HOLD, json.dumps(told))


def lift_hold(tx: Transaction) -> None:
    tx.execute(settings.delete().where(settings.c.name == HOLD))


def _mark_of(host: str) -> str:
    return MARK + host[:LONGEST_HOST]


def _plain(reading: Reading) -> dict[str, Any]:
    return {
        "host": reading.host,
        "boot": reading.boot,
        "wall": reading.wall.isoformat(),
        "monotonic": reading.monotonic,
    }


def _reading(told: dict[str, Any]) -> Reading:
    return Reading(
        wall=datetime.fromisoformat(told["wall"]), monotonic=told["monotonic"], boot=told["boot"], host=told["host"]
    )
