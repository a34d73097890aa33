"""Commands that run a campaign: open, import, demo-data, simulate, clock, user add."""

import gc
import sys
import time
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import click

from engine import sources
from engine.commands.campaigns import OpenCampaign
from engine.commands.people import AddPerson
from engine.domain import campaign as campaigns
from engine.domain.actor import SYSTEM
from engine.domain.calendar import SHANGHAI
from engine.errors import EngineError, NotFound
from engine.runtime import Engine
from forms import demo_data as invented
from web.cli.console import MOMENT, config_of, engine_of
from web.i18n import say
from web.json_text import as_json
from web.passwords import hash_password
from web.register import PORTION, Portion, check_register, import_portions
from web.simulation.leap import leap
from web.simulation.simulate import simulate as run_simulation


@click.group()
def campaign() -> None:
    """Campaigns."""


@campaign.command("open")
@click.argument("campaign_id")
@click.pass_context
def open_campaign(context: click.Context, campaign_id: str) -> None:
    """Open the campaign of processes/campaigns/CAMPAIGN_ID.toml. Dates already past load as history."""
    with engine_of(context) as engine:
        content = sources.campaign(config_of(context).processes, campaign_id)
        result = engine.execute(OpenCampaign(content), by=SYSTEM)
    click.echo(
        f"{result['campaign']} is open: {result['reports']} reports ahead, {result['history']} loaded as history"
    )


@click.command("import")
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option("--campaign", "campaign_id", help="Campaign; needed when several are open.")
@click.option("--dry-run", is_flag=True, help="Check every row and write nothing.")
@click.option("--rows-at-once", default=PORTION, show_default=True, type=click.IntRange(1, 10_000), help="Per commit.")
@click.option("--json", "wants_json", is_flag=True, help="Machine-readable.")
@click.pass_context
def import_(
    context: click.Context, file: Path, campaign_id: str | None, dry_run: bool, rows_at_once: int, wants_json: bool
) -> None:
    """Import a register (xlsx or csv, up to 50,000 rows).

    The whole file is checked first; one fault, and nothing is imported. Then it goes in portion by portion: broken
    off at any moment, run the same command again and it goes on where it was. The same file twice changes nothing.
    """
    began = time.monotonic()
    with engine_of(context) as engine:
        campaign_id = only_campaign(engine, campaign_id)
        register = check_register(engine, campaign_id, file.read_bytes(), file.name, by=SYSTEM)
        added: list[str] = []
        if not dry_run:
            portions = import_portions(engine, register, by=SYSTEM, size=rows_at_once)
            _follow(portions, len(register.rows), added, is_quiet=wants_json)
    seconds = round(time.monotonic() - began, 1)
    known = len(register.rows) - (register.fresh if dry_run else len(added))
    if wants_json:
        warnings = [warning.__dict__ for warning in register.warnings]
        click.echo(
            as_json({"added": added, "known": known, "rows": register.fresh, "seconds": seconds, "warnings": warnings})
        )
        return
    for warning in register.warnings:
        click.echo(f"({warning.severity}) {warning.where}: {warning.zh} {warning.en}")
    if dry_run:
        _say("imports.in_order", fresh=register.fresh, known=known)
    else:
        _say("imports.done", added=len(added), known=known, seconds=seconds)


def _follow(portions: Iterator[Portion], total: int, added: list[str], *, is_quiet: bool) -> None:
    """A bar on a terminal, lines anywhere else; `added` grows as the import does."""
    gc.freeze()  # the rows of the file live to the end: no collection need look at them again
    done, is_terminal = 0, sys.stdout.isatty() and not is_quiet
    try:
        with click.progressbar(length=total, label=_both("imports.bar"), show_pos=True, hidden=not is_terminal) as bar:
            for portion in portions:
                added += portion.added
                done += len(portion.added) + portion.known
                bar.update(len(portion.added) + portion.known)
                if not (is_terminal or is_quiet):
                    _say("imports.progress", done=done, total=total, added=len(added))
    except EngineError:
        if added:
            click.echo(_both("imports.stopped", added=len(added)), err=True)
        raise


def _say(key: str, **fields: object) -> None:
    click.echo(_both(key, **fields))


def _both(key: str, **fields: object) -> str:
    return f"{say(key, 'zh', **fields)} {say(key, 'en', **fields)}"


@click.command("demo-data")
@click.argument("file", type=click.Path(dir_okay=False, path_type=Path))
@click.option("--rows", default=60, show_default=True, type=click.IntRange(1, 50_000))
@click.option("--seed", default=7, show_default=True)
@click.option("--campaign", "campaign_id", default="linxia_2024", show_default=True)
@click.pass_context
def demo_data(context: click.Context, file: Path, rows: int, seed: int, campaign_id: str) -> None:
    """Invent a register (xlsx) of any size; every firm, person and telephone in it is marked 演示."""
    plan = campaigns.load(sources.campaign(config_of(context).processes, campaign_id))
    areas = [(unit.id, unit.name) for unit in plan.areas]
    groups = [(group.id, group.name, group.industries) for group in plan.groups if group.industries]
    file.write_bytes(invented.register(rows, seed, areas, groups))
    click.echo(f"{file}: {rows} rows")


@click.command()
@click.argument("campaign_id")
@click.option("--cases", default=60, show_default=True, type=click.IntRange(1, 50_000))
@click.option("--seed", default=7, show_default=True)
@click.option("--until", type=MOMENT, required=True, help="Where the play stops, e.g. 2024-10-08.")
@click.option("--out", "folder", required=True, type=click.Path(file_okay=False, path_type=Path))
@click.option("--quiet", is_flag=True, help="No progress lines.")
@click.pass_context
def simulate(
    context: click.Context, campaign_id: str, cases: int, seed: int, until: datetime, folder: Path, quiet: bool
) -> None:
    """Play a whole campaign on a virtual clock; leaves database, PDFs and figures in the folder. Same seed, same
    figures."""
    say = (lambda line: None) if quiet else click.echo
    faults = run_simulation(
        config_of(context).processes, campaign_id, cases=cases, seed=seed, until=until, folder=folder, say=say
    )
    for fault in faults:
        click.echo(f"duban: {fault}", err=True)
    if faults:
        context.exit(1)


@click.command()
@click.argument("moment", type=MOMENT, required=False)
@click.pass_context
def clock(context: click.Context, moment: datetime | None) -> None:
    """Show the date of the campaign, or move a demo's date forward: duban clock "2024-06-21 12:01"."""
    with engine_of(context) as engine:
        if moment is not None:
            done = leap(engine, config_of(context), moment.astimezone(UTC), by=SYSTEM)
            click.echo(f"{done} timers and jobs done")
        click.echo(engine.read.now().astimezone(SHANGHAI).strftime("%Y-%m-%d %H:%M"))


@click.group()
def user() -> None:
    """People."""


@user.command("add")
@click.argument("login")
@click.option("--name", required=True)
@click.option("--role", "roles", multiple=True, required=True, metavar="ROLE@UNIT", help="May be given more than once.")
@click.option("--password", prompt=True, hide_input=True, confirmation_prompt=True)
@click.pass_context
def add_user(context: click.Context, login: str, name: str, roles: tuple[str, ...], password: str) -> None:
    """Add a person: duban user add zhang --name 张某 --role officer@chengjiao."""
    for value, hint in ((login, "LOGIN"), (name, "--name"), (password, "--password")):
        if not value.strip():
            raise click.BadParameter("it is empty", param_hint=hint)
    pairs = []
    for text in roles:
        role, mark, unit_id = text.partition("@")
        if not mark:
            raise click.BadParameter(f"{text}: write ROLE@UNIT, such as officer@chengjiao", param_hint="--role")
        pairs.append((role, unit_id))
    with engine_of(context) as engine:
        engine.execute(AddPerson(login, name, hash_password(password), tuple(pairs)), by=SYSTEM)
    click.echo(f"{login} added")


def only_campaign(engine: Engine, campaign_id: str | None) -> str:
    """The campaign named, or the only one there is."""
    if campaign_id:
        return campaign_id
    found = engine.read.campaigns()
    if len(found) != 1:
        names = ", ".join(row.campaign_id for row in found) or "none"
        raise NotFound("campaign_unnamed", f"Name the campaign with --campaign; open are: {names}.")
    return str(found[0].campaign_id)


COMMANDS = (campaign, import_, demo_data, simulate, clock, user)
