"""What the database itself keeps: append-only tables, settings that lose nothing, snapshots, the age of the schema."""

import sqlite3
import threading
from pathlib import Path

import pytest
import sqlalchemy as sa
from alembic.autogenerate import compare_metadata
from alembic.runtime.migration import MigrationContext
from databases import Databases
from scenario import SECRET, NewScenario, Scenario, at

from engine.bpmn.state import StateTampered
from engine.clock import SetClock
from engine.commands.letter_review import ReturnReply
from engine.commands.letter_service import NoteReading, ReceiveLetter, ReplyLetter
from engine.commands.letters import IssueLetters
from engine.domain.evidence import EvidenceFile
from engine.domain.service import Receipt
from engine.errors import Refused
from engine.runtime import Engine
from engine.store import migrate
from engine.store.database import PRAGMAS, Database
from engine.store.schema import metadata

APPEND_ONLY = {
    "facts": "kind",
    "letters": "title",
    "letter_documents": "title",
    "letter_signatures": "sm3",
    "letter_cases": "case_id",
    "blobs": "size_bytes",
    "definitions": "name",
    "definition_files": "name",
    "rungs": "reason",
    "letter_readings": "role",
    "letter_receipts": "person",
    "letter_replies": "text",
    "letter_reviews": "opinion",
    "letter_files": "filename",
}


only_on_sqlite = pytest.mark.parametrize("backend", ["sqlite"])  # PRAGMAs are SQLite's


def late_survey(scenario: Scenario) -> None:
    """Every append-only table holds something."""
    [case] = scenario.register()
    [letter_id] = scenario.engine.execute(IssueLetters(scenario.campaign, "notice", (case,)), by=scenario.supervisor)
    answered(scenario, letter_id)
    scenario.until("2024-05-27 18:01")


def answered(scenario: Scenario, letter_id: str) -> None:
    """Read, signed for, replied to with a file, and the reply returned."""
    photo = EvidenceFile("files", "现场（演示）.jpg", "image/jpeg", b"a picture")
    signed = Receipt("李四（演示）", "收文员（演示）")
    unit = scenario.person("gxj1")
    for command in (NoteReading(letter_id), ReceiveLetter(letter_id, signed), ReplyLetter(letter_id, "已办", (photo,))):
        scenario.engine.execute(command, by=unit)
    scenario.engine.execute(ReturnReply(letter_id, "materials", "缺照片（演示）"), by=scenario.supervisor)


@pytest.fixture
def story(new_scenario: NewScenario) -> Scenario:
    return new_scenario(story=late_survey)


@pytest.mark.parametrize("table", APPEND_ONLY)
def test_what_is_on_record_is_neither_changed_nor_removed_nor_replaced(story: Scenario, table: str) -> None:
    before = story.rows(sa.text(f"SELECT * FROM {table}"))
    column = APPEND_ONLY[table]
    columns = ", ".join(metadata.tables[table].columns.keys())
    keys = ", ".join(column.name for column in metadata.tables[table].primary_key)
    upsert = (
        f"INSERT INTO {table} ({columns}) SELECT {columns} FROM {table} WHERE true ON CONFLICT ({keys}) DO UPDATE SET "
    )
    attacks = [
        f"UPDATE {table} SET {column} = {column}",
        f"DELETE FROM {table}",
        f"{upsert}{column} = excluded.{column}",
        f"INSERT OR REPLACE INTO {table} SELECT * FROM {table}"
        if story.engine.database.is_sqlite
        else f"TRUNCATE {table} CASCADE",
    ]

    assert before
    for attack in attacks:
        with pytest.raises(sa.exc.DatabaseError, match="append-only"), story.raw() as connection:
            connection.exec_driver_sql(attack)
    assert story.rows(sa.text(f"SELECT * FROM {table}")) == before


@only_on_sqlite
def test_sqlite_runs_with_the_settings_that_lose_nothing(scenario: Scenario) -> None:
    for connect in (scenario.engine.database.read, scenario.engine.database.write):
        with connect() as connection:
            found = {name: connection.exec_driver_sql(f"PRAGMA {name}").scalar() for name in PRAGMAS}
        assert {name: str(value) for name, value in found.items()} == {
            name: str(value) for name, value in PRAGMAS.items()
        }


@only_on_sqlite
@pytest.mark.parametrize(
    ("name", "value"), [("synchronous", "NORMAL"), ("foreign_keys", "OFF"), ("recursive_triggers", "OFF")]
)
def test_an_engine_refuses_to_start_on_weaker_settings(scenario: Scenario, name: str, value: str) -> None:
    weak = Engine(scenario.config.database_url, secret=SECRET)
    sa.event.listen(weak.database.engine, "connect", lambda raw, _: raw.execute(f"PRAGMA {name}={value}").close())

    with pytest.raises(Refused) as refused:
        weak.start()
    weak.close()

    assert refused.value.code == "database_settings" and name in str(refused.value)


only_on_postgresql = pytest.mark.parametrize("backend", ["postgresql"])


@only_on_postgresql
def test_a_process_that_stops_inside_a_transaction_loses_it_and_frees_its_locks(scenario: Scenario) -> None:
    database = scenario.engine.database
    with database.read() as connection:
        assert connection.exec_driver_sql("SHOW idle_in_transaction_session_timeout").scalar() == "2min"

    with pytest.raises(Refused) as refused, database.write() as connection:
        connection.exec_driver_sql("SET LOCAL idle_in_transaction_session_timeout = '1ms'")
        backend = connection.exec_driver_sql("SELECT pg_backend_pid()").scalar()
        while scenario.rows(sa.text(f"SELECT 1 FROM pg_stat_activity WHERE pid = {backend}")):
            pass
        connection.exec_driver_sql("SELECT 1")

    assert refused.value.code == "database_fails"


def test_a_question_sees_one_moment_whatever_is_written_meanwhile(scenario: Scenario) -> None:
    scenario.register()
    count = sa.text("SELECT count(*) FROM cases")

    with scenario.engine.database.read() as connection:
        before = connection.execute(count).scalar()
        writer = threading.Thread(target=scenario.register, args=(3,))
        writer.start()
        writer.join(timeout=30)
        during = connection.execute(count).scalar()

    assert not writer.is_alive()
    assert (before, during, scenario.rows(count)[0][next(iter(scenario.rows(count)[0]))]) == (1, 1, 4)


@only_on_sqlite
@pytest.mark.parametrize("way", ["VACUUM INTO", "Connection.backup"])
def test_a_backup_taken_while_people_work_is_a_whole_database(story: Scenario, tmp_path: Path, way: str) -> None:
    copy = tmp_path / "backup.db"
    with sqlite3.connect(story.config.database_url.removeprefix("sqlite:///")) as source:
        if way == "VACUUM INTO":
            source.execute(f"VACUUM INTO '{copy}'")
        else:
            with sqlite3.connect(copy) as target:
                source.backup(target)
            target.close()
    source.close()
    story.register(1)  # after the backup

    restored = Engine(f"sqlite:///{copy}", secret=SECRET, clock=story.clock)
    restored.start()

    assert restored.read.violations() == ()
    assert restored.read.figures(story.campaign).counts["registered"] == 1
    restored.close()


def test_a_tampered_state_is_refused_before_it_is_read(scenario: Scenario) -> None:
    [case] = scenario.register()
    task = scenario.task_of(case, "survey_site")
    clerk = scenario.claim(task)
    other = Engine(
        scenario.config.database_url,
        secret=b"another key, another installation",
        clock=SetClock(at("2024-05-20 09:00")),
    )

    with pytest.raises(StateTampered):
        other.read.task(clerk, task.task_id)
    other.close()


# -- migrations --------------------------------------------------------------------------------------------------------
def test_the_migrations_make_exactly_the_schema_of_the_program(databases: Databases) -> None:
    database = Database(databases.empty())
    assert migrate.current(database) is None

    assert migrate.upgrade(database) == (None, migrate.head())

    with database.engine.connect() as connection:
        context = MigrationContext.configure(connection, opts={"compare_type": True, "compare_server_default": True})
        assert compare_metadata(context, metadata) == []
    database.dispose()


def test_an_upgrade_that_has_nothing_to_do_changes_nothing(scenario: Scenario) -> None:
    before = {table: scenario.rows(sa.text(f"SELECT count(*) FROM {table}")) for table in metadata.tables}

    assert migrate.upgrade(scenario.engine.database) == (migrate.head(), migrate.head())

    assert {table: scenario.rows(sa.text(f"SELECT count(*) FROM {table}")) for table in metadata.tables} == before
    assert scenario.engine.read.violations() == ()


@pytest.mark.parametrize("revision", [None, "0000", "9999"])
def test_another_schema_than_the_programs_is_refused(scenario: Scenario, revision: str | None) -> None:
    with scenario.raw() as connection:
        connection.exec_driver_sql("DELETE FROM alembic_version")
        if revision is not None:
            connection.exec_driver_sql(f"INSERT INTO alembic_version VALUES ('{revision}')")

    with pytest.raises(Refused) as refused:
        scenario.engine.start()

    assert refused.value.code == "schema_outdated" and "duban db upgrade" in str(refused.value)
