"""Puts the commands together and turns the engine's errors into one line."""

import sys

import click

from engine.errors import EngineError, Invalid
from web.cli import (
    auditing,
    batching,
    campaigning,
    designing,
    forecasting,
    lettering,
    logging_events,
    messaging,
    migrating,
    modelling,
    operating,
    running,
    showing,
    trying,
    working,
)


@click.group(context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100})
@click.version_option(package_name="duban")
@click.option("--database", metavar="URL", help="Database instead of DUBAN_DATABASE_URL (default: var/duban.db).")
@click.pass_context
def duban(context: click.Context, database: str | None) -> None:
    """督办: runs supervision-and-accountability campaigns drawn as BPMN diagrams."""
    context.obj = database


for module in (
    running, working, designing, campaigning, messaging, migrating, operating, batching, auditing, lettering, showing,
    modelling,
    trying, forecasting, logging_events,
):  # fmt: skip
    for command in module.COMMANDS:
        duban.add_command(command)


def main() -> None:
    """Entry point. Every problem of an Invalid request gets its own line."""
    try:
        code = duban.main(standalone_mode=False)
        sys.exit(code if isinstance(code, int) else 0)
    except click.Abort:
        click.echo("aborted", err=True)
        sys.exit(130)
    except click.ClickException as error:
        error.show()
        sys.exit(2)
    except Invalid as error:
        click.echo(f"duban: {error.message}", err=True)
        for problem in error.problems:
            click.echo(f"  {problem.where}: {problem.zh} {problem.en}", err=True)
        sys.exit(1)
    except EngineError as error:
        click.echo(f"duban: {error.message}", err=True)
        sys.exit(1)
    except BrokenPipeError:
        sys.exit(0)
    except OSError as error:
        named = f" ({error.filename})" if error.filename else ""
        click.echo(f"duban: {error.strerror or error}{named}", err=True)
        sys.exit(1)
