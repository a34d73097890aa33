"""`duban export-log`: what happened in a campaign as a file for process-mining tools."""

from datetime import datetime
from pathlib import Path

import click

from engine.domain.actor import SYSTEM, Actor
from engine.domain.calendar import civil_date
from engine.domain.event_log import FORMATS, LogFilter
from engine.errors import NotFound
from engine.runtime import Engine
from web.cli.console import MOMENT, engine_of
from web.event_log import log_pieces


@click.command("export-log")
@click.argument("campaign_id", metavar="CAMPAIGN")
@click.option("--format", "wanted_format", type=click.Choice(FORMATS), default="xes", show_default=True)
@click.option("--out", "output", type=click.Path(dir_okay=False, path_type=Path), required=True, help="A new file.")
@click.option("--process", default="", metavar="KEY", help="Only instances of this process; default: of every one.")
@click.option("--since", type=MOMENT, help="Only instances that began on this day or later.")
@click.option("--until", type=MOMENT, help="Only instances that began on this day or earlier.")
@click.option(
    "--named-for",
    "login",
    default="",
    metavar="LOGIN",
    help="Names of persons instead of pseudonyms, for this audit administrator; it goes on record.",
)
@click.pass_context
def export_log(
    context: click.Context,
    campaign_id: str,
    wanted_format: str,
    output: Path,
    process: str,
    since: datetime | None,
    until: datetime | None,
    login: str,
) -> None:
    """Write the event log of a campaign as XES, OCEL 2.0 or CSV. The export is itself a fact."""
    with engine_of(context) as engine:
        wanted = LogFilter(
            campaign_id,
            engine.read.now(),
            process,
            civil_date(since) if since else None,
            civil_date(until) if until else None,
            names_persons=bool(login),
        )
        actor = _asked_by(engine, login) if login else SYSTEM
        with output.open("x", encoding="utf-8", errors="replace", newline="") as file:
            try:
                size = sum(file.write(piece) for piece in log_pieces(engine, actor, wanted, wanted_format))
            except BaseException:
                output.unlink()
                raise
    click.echo(f"{output}: {size} characters")


def _asked_by(engine: Engine, login: str) -> Actor:
    row = engine.read.login(login)
    actor = engine.read.actor(row["person_id"]) if row else None
    if actor is None:
        raise NotFound("person_unknown", f"Nobody signs in as {login}.", login=login)
    return actor


COMMANDS = (export_log,)
