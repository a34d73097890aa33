"""A record to tamper with: a real campaign's facts, sealed hour by hour, its checkpoint file, ways to falsify it."""

import json
import random
import sqlite3
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any

import sqlalchemy as sa
from scenario import SECRET, Scenario
from sqlalchemy.pool import StaticPool

from engine.chain import FACT_COLUMNS, Checkpoint, Key, Link, follow, read_checkpoint, sealed
from engine.commands.audit import SealFacts, TakeCheckpointNow
from engine.domain.actor import SYSTEM
from engine.proof import Place, Proof
from engine.queries.audit import chain_rows, proof
from engine.store.transaction import Reader

FORGED = Key(b"not the key of the installation", "0123456789abcdef")
Falsify = Callable[[sqlite3.Connection, random.Random], str]


def seal_all(scenario: Scenario) -> None:
    while scenario.engine.execute(SealFacts(), by=SYSTEM):
        pass


def take(scenario: Scenario) -> Checkpoint:
    """Everything sealed and under a checkpoint."""
    seal_all(scenario)
    scenario.engine.execute(TakeCheckpointNow(), by=SYSTEM)
    found = scenario.engine.read.last_checkpoint()
    assert found is not None
    return found  # type: ignore[no-any-return]


def five_hours(scenario: Scenario) -> None:
    """Sites registered over five hours, a checkpoint after each; then a few facts that none covers yet."""
    for _ in range(5):
        scenario.register(56)
        take(scenario)
        scenario.clock.advance(timedelta(hours=1))
    scenario.register(2)
    seal_all(scenario)


@dataclass(frozen=True)
class Record:
    """A sealed SQLite file and its checkpoint file. `covered` facts lie under the last of them, `length` are sealed."""

    database: Path
    file: Path
    lines: tuple[str, ...]
    covered: int
    length: int

    @classmethod
    def of(cls, scenario: Scenario, folder: Path) -> "Record":
        own = scenario.engine.read.checkpoints_after(0)
        file = folder / "record.checkpoints"
        file.write_text("".join(f"{each.to_line()}\n" for each in own))
        length = scenario.rows(sa.text("SELECT max(position) AS n FROM fact_chain"))[0]["n"]
        path = Path(scenario.config.database_url.removeprefix("sqlite:///"))
        return cls(path, file, tuple(each.to_line() for each in own), own[-1].position, length)

    def copy(self) -> sqlite3.Connection:
        """In memory and without triggers: whoever falsifies has every right on the database, but not the key."""
        connection = sqlite3.connect(":memory:", isolation_level=None, check_same_thread=False)
        with sqlite3.connect(self.database) as source:
            source.backup(connection)
        source.close()
        for (name,) in connection.execute("SELECT name FROM sqlite_master WHERE type = 'trigger'").fetchall():
            connection.execute(f"DROP TRIGGER {name}")
        return connection

    def again(self, pristine: sqlite3.Connection) -> sqlite3.Connection:
        """Another one, of `copy`."""
        connection = sqlite3.connect(":memory:", isolation_level=None, check_same_thread=False)
        pristine.backup(connection)
        return connection

    @property
    def places(self) -> tuple[Place, ...]:
        return (Place("record.checkpoints", tuple(read_checkpoint(line) for line in self.lines)),)


def proof_of(connection: sqlite3.Connection, places: tuple[Place, ...]) -> Proof:
    """What the program finds in an in-memory database."""
    with reader_of(connection) as reader:
        return proof(reader, places)


@contextmanager
def reader_of(connection: sqlite3.Connection) -> Iterator[Reader]:
    engine = sa.create_engine("sqlite://", creator=lambda: connection, poolclass=StaticPool)
    with engine.connect() as opened:
        yield Reader(opened, opened.execute(sa.text("SELECT 1")).scalar(), SECRET)


# -- falsifying --------------------------------------------------------------------------------------------------------
def edit(connection: sqlite3.Connection, chance: random.Random) -> str:
    """One fact under a checkpoint is changed in one column; half of the time its link is made to fit."""
    fact_id, position = _some(connection, chance)
    column = chance.choice(("at", "kind", "person_id", "person", "case_id", "detail"))
    new: Any = {
        "at": "2024-05-01 00:00:00.000000",
        "kind": "CaseRegistered",
        "person_id": "somebody",
        "person": "别人（演示）",
        "case_id": "LINXIA2024-9999",
        "detail": json.dumps({"name": f"改过（演示）{chance.random()}"}),
    }[column]
    old = connection.execute(f"SELECT {column} FROM facts WHERE fact_id = ?", (fact_id,)).fetchone()[0]
    if old == new:
        column, new = "person", f"{chance.random()}"
    connection.execute(f"UPDATE facts SET {column} = ? WHERE fact_id = ?", (new, fact_id))
    if chance.random() < 0.5:
        _fit(connection, position)
    return f"{column} of fact {fact_id}"


def delete(connection: sqlite3.Connection, chance: random.Random) -> str:
    """One fact or a run of them is gone; with its links or without; the gap left or closed."""
    fact_id, position = _some(connection, chance)
    count = chance.randrange(1, 4)
    connection.execute("DELETE FROM facts WHERE fact_id >= ? AND fact_id < ?", (fact_id, fact_id + count))
    if chance.random() < 0.7:
        gone = "position >= ? AND position < ?"
        connection.execute(f"DELETE FROM fact_chain WHERE {gone}", (position, position + count))
        if chance.random() < 0.5:
            for (left,) in connection.execute(
                "SELECT position FROM fact_chain WHERE position > ? ORDER BY position", (position,)
            ).fetchall():
                connection.execute("UPDATE fact_chain SET position = ? WHERE position = ?", (left - count, left))
    return f"{count} from fact {fact_id}"


def reorder(connection: sqlite3.Connection, chance: random.Random) -> str:
    """Two facts change places: what they say, or where they stand in the chain."""
    (one, at_one), (other, at_other) = _some(connection, chance), _some(connection, chance)
    while one == other or _content(connection, one) == _content(connection, other):
        other, at_other = _some(connection, chance)
    if chance.random() < 0.5:
        _swap(connection, one, other)
    else:
        connection.execute("UPDATE fact_chain SET position = -1 WHERE position = ?", (at_one,))
        connection.execute("UPDATE fact_chain SET position = ? WHERE position = ?", (at_one, at_other))
        connection.execute("UPDATE fact_chain SET position = ? WHERE position = -1", (at_other,))
    return f"facts {one} and {other}"


def truncate(connection: sqlite3.Connection, chance: random.Random) -> str:
    """The end is cut off, below the last checkpoint; with the checkpoints over it or without."""
    fact_id, position = _some(connection, chance)
    connection.execute("DELETE FROM fact_chain WHERE position >= ?", (position,))
    connection.execute("DELETE FROM facts WHERE fact_id >= ?", (fact_id,))
    if chance.random() < 0.7:
        connection.execute("DELETE FROM checkpoints WHERE position >= ?", (position,))
    return f"from position {position}"


def rewrite(connection: sqlite3.Connection, chance: random.Random) -> str:
    """History is changed and the whole chain made anew; the checkpoints too, with another key or with the old MACs."""
    how = chance.choice((edit, delete_whole, insert))
    told = how(connection, chance)
    rechain(connection)
    if chance.random() < 0.7:
        recheck(connection, chance.random() < 0.5)
    return told


def delete_whole(connection: sqlite3.Connection, chance: random.Random) -> str:
    fact_id, position = _some(connection, chance)
    connection.execute("DELETE FROM fact_chain WHERE position = ?", (position,))
    connection.execute("DELETE FROM facts WHERE fact_id = ?", (fact_id,))
    return f"without fact {fact_id}"


def insert(connection: sqlite3.Connection, chance: random.Random) -> str:
    """A fact that never was, between two that were; the later ones move up by one."""
    fact_id, _ = _some(connection, chance)
    connection.execute("DELETE FROM fact_chain")
    for (each,) in connection.execute(
        "SELECT fact_id FROM facts WHERE fact_id >= ? ORDER BY fact_id DESC", (fact_id,)
    ).fetchall():
        connection.execute("UPDATE facts SET fact_id = ? WHERE fact_id = ?", (each + 1, each))
    connection.execute(
        "INSERT INTO facts SELECT ?, at, kind, person_id, '别人（演示）', campaign_id, case_id, instance_id, detail "
        "FROM facts WHERE fact_id = ?",
        (fact_id, fact_id + 1),
    )
    return f"a new fact {fact_id}"


FALSIFIED: dict[str, Falsify] = {
    "edit": edit,
    "delete": delete,
    "reorder": reorder,
    "truncate": truncate,
    "rewrite": rewrite,
}


def rechain(connection: sqlite3.Connection) -> None:
    """Every link anew over the facts as they lie there now."""
    connection.execute("DELETE FROM fact_chain")
    link = Link()
    for row in _facts(connection):
        link = follow(link, row)
        connection.execute(
            "INSERT INTO fact_chain VALUES (?, ?, ?, ?)", (link.position, row["fact_id"], link.sha256, link.sm3)
        )


def recheck(connection: sqlite3.Connection, has_key: bool) -> None:
    """The table of checkpoints says what the chain says now; the MACs are forged or left as they were."""
    before = ""
    for number, position, mac in connection.execute("SELECT number, position, mac FROM checkpoints").fetchall():
        found = connection.execute("SELECT sha256, sm3 FROM fact_chain WHERE position = ?", (position,)).fetchone()
        if found is None:
            connection.execute("DELETE FROM checkpoints WHERE number = ?", (number,))
            continue
        line = connection.execute("SELECT kind, at FROM checkpoints WHERE number = ?", (number,)).fetchone()
        forged = Checkpoint(number, line[0], None, _instant(line[1]), position, *found, before, FORGED.key_id)
        mac = sealed(forged, FORGED) if has_key else mac
        connection.execute(
            "UPDATE checkpoints SET sha256 = ?, sm3 = ?, previous_mac = ?, mac = ? WHERE number = ?",
            (*found, before, mac, number),
        )
        before = mac


def _some(connection: sqlite3.Connection, chance: random.Random) -> tuple[int, int]:
    """(fact id, position) of a fact under the last checkpoint."""
    covered = connection.execute("SELECT max(position) FROM checkpoints").fetchone()[0]
    found = connection.execute(
        "SELECT fact_id, position FROM fact_chain WHERE position = ?", (chance.randrange(1, covered + 1),)
    ).fetchone()
    return found[0], found[1]


def _fit(connection: sqlite3.Connection, position: int) -> None:
    """Only this link is made to fit its fact, as by somebody who does not know that the next one hangs on it."""
    before = Link()
    for row in _chain(connection, position):
        if row["position"] < position:
            before = Link(row["position"], row["sha256"], row["sm3"])
            continue
        link = follow(before, row)
        connection.execute(
            "UPDATE fact_chain SET sha256 = ?, sm3 = ? WHERE position = ?", (link.sha256, link.sm3, position)
        )


def _chain(connection: sqlite3.Connection, position: int) -> list[dict[str, Any]]:
    with reader_of(connection) as reader:
        return list(chain_rows(reader, max(0, position - 2), 2 if position > 1 else 1))


def _facts(connection: sqlite3.Connection) -> Iterator[dict[str, Any]]:
    for values in connection.execute(f"SELECT {', '.join(FACT_COLUMNS)} FROM facts ORDER BY fact_id").fetchall():
        row = dict(zip(FACT_COLUMNS, values, strict=True))
        yield row | {"at": _instant(row["at"]), "detail": json.loads(row["detail"])}


def _content(connection: sqlite3.Connection, fact_id: int) -> tuple[Any, ...]:
    row = connection.execute("SELECT * FROM facts WHERE fact_id = ?", (fact_id,)).fetchone()
    return tuple(row[1:])


def _swap(connection: sqlite3.Connection, one: int, other: int) -> None:
    columns = ", ".join(FACT_COLUMNS[1:])
    marks = ", ".join("?" * len(FACT_COLUMNS[1:]))
    first, second = _content(connection, one), _content(connection, other)
    for fact_id, content in ((one, second), (other, first)):
        connection.execute(f"UPDATE facts SET ({columns}) = ({marks}) WHERE fact_id = ?", (*content, fact_id))


def _instant(text: str) -> Any:
    from datetime import UTC, datetime

    return datetime.fromisoformat(text).replace(tzinfo=UTC)
