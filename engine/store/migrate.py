"""Brings a database to the present schema, one small forward step after another, and says when it is not there."""

from functools import cache
from pathlib import Path

from alembic import command
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory

from engine.errors import Refused
from engine.store.database import Database

FOLDER = Path(__file__).with_name("migrations")


def upgrade(database: Database) -> tuple[str | None, str]:
    """Run what is missing. Returns (revision before, revision after); running it again changes nothing."""
    before = current(database)
    with database.engine.connect() as connection:
        connection = connection.execution_options(duban_write=True)
        config = _config()
        config.attributes["connection"] = connection
        command.upgrade(config, "head")
    after = current(database)
    assert after is not None
    return before, after


def check_current(database: Database) -> None:
    """Raises Refused when the schema is older or newer than this program."""
    found, wanted = current(database), head()
    if found != wanted:
        raise Refused(
            "schema_outdated",
            f"The database is at schema {found or 'nothing'}, this program needs {wanted}: run `duban db upgrade`.",
            found=found or "—",
            wanted=wanted,
        )


def current(database: Database) -> str | None:
    with database.read() as connection:
        return MigrationContext.configure(connection).get_current_revision()


@cache
def head() -> str:
    """Read once a process: alembic compiles every migration for it."""
    revision = ScriptDirectory.from_config(_config()).get_current_head()
    assert revision is not None
    return revision


def _config() -> Config:
    config = Config()
    config.set_main_option("script_location", str(FOLDER))
    config.set_main_option("path_separator", "os")
    return config
