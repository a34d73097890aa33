"""Triggers that make a table append-only: the one place that migrations make and lift them from.

No UPDATE, DELETE, REPLACE or UPSERT, and no TRUNCATE on PostgreSQL. `schema.APPEND_ONLY` lists the tables; the triggers
bear the names of `trigger_names`. SQLite loses a table's triggers when a batch operation makes it anew: guard it again.
"""

from collections.abc import Iterable

import sqlalchemy as sa

VERBS = ("UPDATE", "DELETE")


def make_append_only(connection: sa.Connection, *tables: str) -> None:
    """Also puts back triggers that are gone; doing it twice changes nothing. In a migration: `op.get_bind()`.

    On SQLite INSERT OR REPLACE deletes first, and UPSERT updates: `recursive_triggers` is on in every connection of
    ours (assurance E36), so the two triggers see both.
    """
    lift_append_only(connection, *tables)
    if connection.dialect.name != "sqlite":
        connection.execute(
            sa.text(
                "CREATE OR REPLACE FUNCTION duban_append_only() RETURNS trigger LANGUAGE plpgsql AS "
                "$$ BEGIN RAISE EXCEPTION '% is append-only', TG_TABLE_NAME; END $$"
            )
        )
    for table in tables:
        for statement in _statements(connection, table):
            connection.exec_driver_sql(statement)


def lift_append_only(connection: sa.Connection, *tables: str) -> None:
    """For a migration that fills a new column of old rows; `make_append_only` comes after it."""
    for table in tables:
        for name in trigger_names(connection.dialect.name, [table]):
            where = "" if connection.dialect.name == "sqlite" else f" ON {table}"
            connection.exec_driver_sql(f"DROP TRIGGER IF EXISTS {name}{where}")


def trigger_names(dialect: str, tables: Iterable[str]) -> list[str]:
    """Which triggers keep these tables on this kind of database."""
    if dialect == "sqlite":
        return [f"{table}_no_{verb.lower()}" for table in tables for verb in VERBS]
    return [f"{table}_append_only" for table in tables]


def _statements(connection: sa.Connection, table: str) -> list[str]:
    if connection.dialect.name != "sqlite":
        return [
            f"CREATE TRIGGER {table}_append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON {table} "
            "FOR EACH STATEMENT EXECUTE FUNCTION duban_append_only()"
        ]
    return [
        f"CREATE TRIGGER {table}_no_{verb.lower()} BEFORE {verb} ON {table} "
        f"BEGIN SELECT RAISE(ABORT, '{table} is append-only'); END"
        for verb in VERBS
    ]
