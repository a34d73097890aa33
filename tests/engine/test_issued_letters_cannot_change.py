"""What is on record cannot be changed by SQL through the application's own connection, however it is put."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest
import sqlalchemy as sa
from audit_record import take
from scenario import NewScenario, Scenario

from engine.commands.letters import IssueLetters
from engine.store.guards import lift_append_only, make_append_only, trigger_names
from engine.store.schema import APPEND_ONLY, metadata


def issued(scenario: Scenario) -> None:
    """A letter with its document, a rung, and facts under a checkpoint."""
    [case] = scenario.register()
    scenario.engine.execute(IssueLetters(scenario.campaign, "notice", (case,)), by=scenario.supervisor)
    scenario.until("2024-05-27 18:01")
    take(scenario)


@pytest.fixture
def story(new_scenario: NewScenario) -> Scenario:
    return new_scenario(story=issued)


def attacks(story: Scenario, table: str) -> dict[str, str]:
    """Statements that would change, remove or replace what lies in the table, by their kind."""
    columns = list(metadata.tables[table].columns.keys())
    keys = [column.name for column in metadata.tables[table].primary_key]
    other = next((name for name in columns if name not in keys), keys[0])
    listed, key = ", ".join(columns), ", ".join(keys)
    upsert = f"INSERT INTO {table} ({listed}) SELECT {listed} FROM {table} WHERE true ON CONFLICT ({key}) DO UPDATE SET"
    found = {
        "update": f"UPDATE {table} SET {other} = {other}",
        "update the key": f"UPDATE {table} SET {keys[0]} = {keys[0]}",
        "delete": f"DELETE FROM {table}",
        "upsert": f"{upsert} {other} = excluded.{other}",
    }
    if story.engine.database.is_sqlite:
        found["replace"] = f"INSERT OR REPLACE INTO {table} ({listed}) SELECT {listed} FROM {table}"
        found["replace into"] = f"REPLACE INTO {table} ({listed}) SELECT {listed} FROM {table}"
        found["update or replace"] = f"UPDATE OR REPLACE {table} SET {other} = {other}"
    else:
        found["truncate"] = f"TRUNCATE {table} CASCADE"
        found["truncate alone"] = f"TRUNCATE ONLY {table} RESTART IDENTITY CASCADE"
        found["delete using"] = f"WITH gone AS (DELETE FROM {table} RETURNING 1) SELECT count(*) FROM gone"
    return found


@pytest.mark.parametrize("table", APPEND_ONLY)
def test_nothing_on_record_is_changed_removed_or_replaced(story: Scenario, table: str) -> None:
    if story.engine.database.is_sqlite:
        _fill(story, table)
    before = story.rows(sa.text(f"SELECT * FROM {table}"))
    came_through = []

    for kind, statement in attacks(story, table).items():
        try:
            with story.raw() as connection, without_checks(connection):
                connection.exec_driver_sql(statement)
            came_through.append(kind)
        except sa.exc.DatabaseError as refused:
            assert "append-only" in str(refused.orig), kind

    assert came_through == []
    assert before or not story.engine.database.is_sqlite
    assert story.rows(sa.text(f"SELECT * FROM {table}")) == before


@contextmanager
def without_checks(connection: Any) -> Iterator[None]:
    """So that SQLite asks the trigger of the rows of `_fill`, and not their CHECKs."""
    if connection.dialect.name != "sqlite":
        yield
        return
    connection.exec_driver_sql("PRAGMA ignore_check_constraints = ON")
    try:
        yield
    finally:
        connection.exec_driver_sql("PRAGMA ignore_check_constraints = OFF")


def _fill(story: Scenario, table: str) -> None:
    """A row of its own for a table that the story leaves empty: SQLite's triggers look at rows."""
    if story.rows(sa.text(f"SELECT 1 FROM {table} LIMIT 1")):
        return
    columns = metadata.tables[table].columns
    values = ", ".join("NULL" if column.nullable else "1" for column in columns)
    with story.engine.database.engine.connect() as connection:
        raw = connection.connection.driver_connection
        assert raw is not None
        raw.execute("PRAGMA foreign_keys = OFF")
        raw.execute("PRAGMA ignore_check_constraints = ON")
        raw.execute(f"INSERT INTO {table} ({', '.join(columns.keys())}) VALUES ({values})")
        raw.execute("PRAGMA ignore_check_constraints = OFF")
        raw.execute("PRAGMA foreign_keys = ON")


def test_an_issued_letter_names_bytes_that_cannot_be_exchanged(story: Scenario) -> None:
    [letter] = story.rows(
        sa.text("SELECT l.letter_id, d.sha256 FROM letters l JOIN letter_documents d ON d.letter_id = l.letter_id")
    )[:1]
    exchange = sa.text("UPDATE blobs SET content = :content WHERE sha256 = :sha256")

    with pytest.raises(sa.exc.DatabaseError, match="append-only"), story.raw() as connection:
        connection.execute(exchange, {"content": b"%PDF another", "sha256": letter["sha256"]})

    assert story.engine.read.violations() == ()


def test_every_append_only_table_has_its_triggers_and_making_them_again_changes_nothing(story: Scenario) -> None:
    dialect = "sqlite" if story.engine.database.is_sqlite else "postgresql"
    before = _triggers(story)

    with story.raw() as connection:
        make_append_only(connection, *APPEND_ONLY)

    assert set(trigger_names(dialect, APPEND_ONLY)) <= before
    assert _triggers(story) == before
    assert story.engine.read.violations() == ()


@pytest.mark.parametrize("table", ["letters", "facts", "checkpoints"])
def test_verify_says_when_a_table_has_lost_its_guard(story: Scenario, table: str) -> None:
    with story.raw() as connection:
        lift_append_only(connection, table)
    lost = [violation.what for violation in story.engine.read.violations()]
    with story.raw() as connection:
        make_append_only(connection, table)

    dialect = "sqlite" if story.engine.database.is_sqlite else "postgresql"
    assert lost == [f"trigger {name} is gone" for name in trigger_names(dialect, [table])]
    assert story.engine.read.violations() == ()


def test_verify_says_when_a_guard_of_postgresql_sleeps(story: Scenario) -> None:
    if story.engine.database.is_sqlite:
        pytest.skip("SQLite's triggers cannot be disabled, only dropped")
    for word in ("DISABLE", "ENABLE REPLICA"):
        with story.raw() as connection:
            connection.exec_driver_sql(f"ALTER TABLE letters {word} TRIGGER letters_append_only")

        assert [violation.what for violation in story.engine.read.violations()] == [
            "trigger letters_append_only is gone"
        ]


def _triggers(story: Scenario) -> set[str]:
    query = (
        "SELECT name FROM sqlite_master WHERE type = 'trigger'"
        if story.engine.database.is_sqlite
        else "SELECT tgname AS name FROM pg_trigger WHERE NOT tgisinternal"
    )
    return {row["name"] for row in story.rows(sa.text(query))}
