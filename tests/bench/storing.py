"""The same step kept in three ways, with the same rows around it: ours, one full JSON blob, one row per task.

What surrounds the state (look-ups, permissions, task, timers, facts) is what our own command does: its statements are
written down while it runs on one copy of the database and repeated on the copies of the others, past SQLAlchemy's
building of statements and past all checks. So the others pay less for it than we do.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import sqlalchemy as sa
from databases import Databases
from plain_spiff import Live
from scenario import Scenario

from bench import storages
from bench.measuring import WARM_UP, Figure, in_turns
from bench.office import SURVEYED, Office, Sizes, as_shipped
from bench.storages import FullBlob, RowPerTask, Storage
from engine.store.schema import cases

TARGET_BLOB, TARGET_ROWS = 1 / 2.5, 1 / 3
OTHERS = ("blob", "rows")
LINE = "complete a task, young case, against the state as"

Statement = tuple[str, Any, bool]  # text, parameters, whether for many rows


def measure(databases: Databases, folder: Path, sizes: Sizes, backend: str) -> list[Figure]:
    count = WARM_UP + sizes.rounds
    offices = {name: Office.open(databases, folder / name, story=_story(count)) for name in ("read", "ours", *OTHERS)}
    ids = _case_ids(offices["ours"])
    claimed = [offices["ours"].task_of(case_id) for case_id in ids]
    surrounding = []
    for task_id in claimed:
        with written_down(offices["read"]) as statements:
            offices["read"].survey(task_id)
        surrounding.append(statements)
    acts = {"ours": lambda number: offices["ours"].survey(claimed[number])}
    for name in OTHERS:
        acts[name] = _Other(name, offices[name], ids, surrounding)
    rounds = in_turns(sizes.rounds, acts, around=dict.fromkeys(OTHERS, as_shipped))
    for office in offices.values():
        office.close()
    blob, rows = sizes.judged(TARGET_BLOB), sizes.judged(TARGET_ROWS)
    return [
        rounds.against("ours", "blob", line=f"{LINE} one full JSON blob", backend=backend, target=blob),
        rounds.against("ours", "rows", line=f"{LINE} one row per task", backend=backend, target=rows),
    ]


class _Other:
    """The step of one case in another storage, with our rows around it."""

    def __init__(self, name: str, office: Office, ids: list[str], surrounding: list[list[Statement]]) -> None:
        self._office, self._ids, self._surrounding = office, ids, surrounding
        self._waiting: list[Live] = []
        is_sqlite = office.engine.database.is_sqlite
        rows = RowPerTask(office.plain_model, is_sqlite=is_sqlite)
        self._storage: Storage = FullBlob(office.plain_model) if name == "blob" else rows
        with office.engine.database.write() as connection:
            storages.metadata.create_all(connection)
            for number, case_id in enumerate(ids):
                instance, live = office.plain(case_id)
                self._waiting.append(live)
                self._storage.keep_new(connection, case_id, instance)
                if number == 0:
                    rows.keep_specs(connection, instance)

    def __call__(self, number: int) -> None:
        live, moment = self._waiting[number], self._office.moment
        with self._office.engine.database.write() as connection:
            self._storage.step(
                connection, self._ids[number], lambda instance: instance.complete(live, SURVEYED, moment), moment
            )
            repeat(connection, self._surrounding[number])


@contextmanager
def written_down(office: Office) -> Iterator[list[Statement]]:
    """Every statement that reaches the database meanwhile."""
    statements: list[Statement] = []

    def note(_: Any, __: Any, text: str, parameters: Any, ___: Any, is_many: bool) -> None:
        if not text.startswith("BEGIN"):  # whoever repeats them is in a transaction of his own
            statements.append((text, parameters, is_many))

    engine = office.engine.database.engine
    sa.event.listen(engine, "before_cursor_execute", note)
    try:
        yield statements
    finally:
        sa.event.remove(engine, "before_cursor_execute", note)


def repeat(connection: sa.Connection, statements: list[Statement]) -> None:
    for text, parameters, is_many in statements:
        result = connection.exec_driver_sql(text, list(parameters) if is_many else parameters)
        if result.returns_rows:
            result.fetchall()


def _story(count: int) -> Any:
    """Cases with a claimed survey; a story's name tells how many."""

    def surveys_claimed(scenario: Scenario) -> None:
        office = Office(scenario)
        for case_id in office.registered(count):
            office.claimed(case_id, office.officer)

    surveys_claimed.__qualname__ = f"surveys_claimed_{count}"
    return surveys_claimed


def _case_ids(office: Office) -> list[str]:
    return [row["case_id"] for row in office.scenario.rows(sa.select(cases.c.case_id).order_by(cases.c.case_id))]
