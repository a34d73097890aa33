"""Changes the words that a CHECK allows, for migrations: SQLite cannot, and a table that others point at must not be
made anew."""

import sqlalchemy as sa


def change_words(connection: sa.Connection, table: str, column: str, words: tuple[str, ...]) -> None:
    """`ck_<table>_<column>` as `columns.one_of` writes it. On SQLite the stored text of the table is corrected, the
    way its manual gives for constraints that leave the rows as they are. Raises LookupError when there is none."""
    listed = ", ".join(f"'{word}'" for word in words)
    name = f"ck_{table}_{column}"
    if connection.dialect.name != "sqlite":
        connection.exec_driver_sql(f"ALTER TABLE {table} DROP CONSTRAINT {name}")
        connection.exec_driver_sql(f"ALTER TABLE {table} ADD CONSTRAINT {name} CHECK ({column} IN ({listed}))")
        return
    query = sa.text("SELECT sql FROM sqlite_master WHERE type = 'table' AND name = :table")
    text = str(connection.execute(query, {"table": table}).scalar_one())
    head = f"CONSTRAINT {name} CHECK ({column} IN ("
    before, found, rest = text.partition(head)
    if not found:
        raise LookupError(f"{table} has no {name}")
    changed = f"{before}{head}{listed}{rest[rest.index(')') :]}"
    version = connection.exec_driver_sql("PRAGMA schema_version").scalar_one()
    connection.exec_driver_sql("PRAGMA writable_schema = ON")
    write = sa.text("UPDATE sqlite_master SET sql = :sql WHERE type = 'table' AND name = :table")
    connection.execute(write, {"sql": changed, "table": table})
    connection.exec_driver_sql(f"PRAGMA schema_version = {int(version) + 1}")
    connection.exec_driver_sql("PRAGMA writable_schema = OFF")
