"""What operators copy from docs/systemd: every command is there and takes what it is given, every setting is read."""

import re
import shlex
from pathlib import Path

import click
import pytest

from web.cli.main import duban
from web.config import SETTINGS
from web.runner.broker import QUEUES

ROOT = Path(__file__).parents[2]
SYSTEMD = ROOT / "docs" / "systemd"
OPERATIONS = (ROOT / "docs" / "operations.md").read_text("utf-8")
UNITS = sorted(SYSTEMD.glob("*.service"))


def commands_of(text: str) -> list[list[str]]:
    return [shlex.split(line) for line in re.findall(r"(?m)^ExecStart=\S+/duban (.+)$", text)]


def understood(words: list[str]) -> None:
    """Raises click.UsageError for a command or an option that there is not."""
    command: click.Command = duban
    context = click.Context(duban)
    while isinstance(command, click.Group):
        name, found, words = command.resolve_command(context, words)
        assert found is not None and name is not None
        command = found
    command.make_context(str(command.name), list(words), parent=context)


@pytest.mark.parametrize("unit", UNITS, ids=lambda path: path.name)
@pytest.mark.parametrize("queue", QUEUES)
def test_a_unit_starts_what_the_program_has(unit: Path, queue: str) -> None:
    [words] = commands_of(unit.read_text("utf-8"))

    understood([word.replace("%i", queue) for word in words])


def test_this_check_finds_a_wrong_option() -> None:
    with pytest.raises(click.UsageError):
        understood(["worker", "--queue", "timers"])
    with pytest.raises(click.UsageError):
        understood(["dispatcher"])


def test_a_worker_is_told_to_stop_without_its_children() -> None:
    """Celery's children die of SIGTERM at once; the parent lets them finish."""
    assert "\nKillMode=mixed\n" in (SYSTEMD / "duban-worker@.service").read_text("utf-8")


def test_every_command_in_the_operators_guide_is_understood() -> None:
    told = re.findall(r"(?m)^(?:ExecStart=\S*/)?duban ((?:db |campaign )?[a-z-]+)", OPERATIONS)

    assert {"db upgrade", "deploy", "serve", "verify"} <= set(told)
    for line in told:
        command: click.Command | None = duban
        for word in line.split():
            assert isinstance(command, click.Group)
            command = command.get_command(click.Context(command), word)
            assert command is not None, f"there is no duban {line}"


def test_the_environment_file_sets_only_what_is_read() -> None:
    told = re.findall(r"(?m)^(\w+)=", (SYSTEMD / "duban.env").read_text("utf-8"))

    assert set(told) <= set(SETTINGS)
    assert {"DUBAN_DATABASE_URL", "DUBAN_BROKER_URL", "DUBAN_SECRET_FILE"} <= set(told)


def test_every_file_for_operators_is_named_in_their_guide() -> None:
    for path in SYSTEMD.iterdir():
        assert ("duban-*.service" if path.suffix == ".service" else path.name) in OPERATIONS, path.name
