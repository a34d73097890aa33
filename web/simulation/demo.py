"""The demo: the Linxia campaign played to a Thursday in June, then handed over with a clock that goes on from there."""

import secrets
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

from engine.clock import SystemClock
from engine.commands.clock import StartDemo
from engine.domain.actor import SYSTEM
from engine.domain.calendar import SHANGHAI
from web.bootstrap import make_database
from web.config import Config
from web.passwords import hash_password
from web.simulation.simulate import begin, run

CAMPAIGN = "linxia_2024"
DEMO_AT = datetime(2024, 6, 13, 9, 30, tzinfo=SHANGHAI)
PASSWORD_FILE = "demo-password.txt"
Progress = Callable[[str], None]


def make_demo(config: Config, *, cases: int, seed: int, at: datetime, fresh: bool, say: Progress) -> bool:
    """Whether a new demo was made; an existing one is kept unless `fresh`, and brought up to the schema of this
    program. A half-made one is thrown away."""
    database = Path(config.database_url.removeprefix("sqlite:///"))
    password_file = database.with_name(PASSWORD_FILE)
    if database.exists() and password_file.exists() and not fresh:
        before, after = make_database(config)
        if before != after:
            say(f"the demo database was of schema {before}, now it is of {after}")
        return False
    for path in (
        database,
        database.with_name(f"{database.name}-wal"),
        database.with_name(f"{database.name}-shm"),
        password_file,
        *config.checkpoints,
    ):
        path.unlink(missing_ok=True)
    password = f"duban-{secrets.token_hex(4)}"
    engine, play = begin(config, CAMPAIGN, cases=cases, seed=seed, password_hash=hash_password(password), say=say)
    try:
        say(f"playing the campaign up to {at.astimezone(SHANGHAI):%Y-%m-%d %H:%M}; this takes a minute or two")
        run(play, cases, at.astimezone(UTC))
        engine.execute(StartDemo(at.astimezone(UTC), SystemClock().now()), by=SYSTEM)
    finally:
        engine.close()
    password_file.write_text(password + "\n")
    password_file.chmod(0o600)
    return True
