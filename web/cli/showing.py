"""Commands that show: figures, letter, verify."""

from datetime import UTC, datetime
from pathlib import Path

import click

from engine.domain.actor import SYSTEM
from web.cli.auditing import prove
from web.cli.campaigning import only_campaign
from web.cli.console import MOMENT, engine_of
from web.json_text import as_json


@click.command()
@click.option("--campaign", "campaign_id", help="Campaign; needed when several are open.")
@click.option("--as-of", type=MOMENT, help="An earlier instant; default: now.")
@click.option("--json", "wants_json", is_flag=True, help="Machine-readable.")
@click.pass_context
def figures(context: click.Context, campaign_id: str | None, as_of: datetime | None, wants_json: bool) -> None:
    """The campaign's figures; fails when one of their identities does not hold."""
    with engine_of(context) as engine:
        instant = as_of.astimezone(UTC) if as_of else None
        found = engine.read.figures(only_campaign(engine, campaign_id), as_of=instant)
    if wants_json:
        click.echo(as_json(found.to_json()))
    else:
        click.echo(f"{found.campaign_id} as of {found.as_of.isoformat()}")
        for title in ("counts", "by_phase", "letters_by_kind", "rungs", "items", "reports", "rates"):
            part = getattr(found, title)
            click.echo(f"{title}: " + ", ".join(f"{name} {value}" for name, value in part.items()))
    for fault in found.faults:
        click.echo(f"duban: does not reconcile: {fault}", err=True)
    if found.faults:
        context.exit(1)


@click.command()
@click.argument("number")
@click.option("-o", "--output", type=click.Path(dir_okay=False, path_type=Path), help="Where to write the PDF.")
@click.pass_context
def letter(context: click.Context, number: str, output: Path | None) -> None:
    """Write the PDF of a letter: duban letter 临散乱污办督〔2024〕1号 -o letter.pdf."""
    with engine_of(context) as engine:
        document = engine.read.letter_document(SYSTEM, engine.read.letter_by_number(SYSTEM, number))
    path = output or Path(f"{document.number}.pdf")
    path.write_bytes(document.content)
    click.echo(f"{path}: {len(document.content)} bytes, sha256 {document.sha256}")


@click.command()
@click.option("--json", "wants_json", is_flag=True, help="Machine-readable.")
@click.option("--audit", is_flag=True, help="The record of facts: its chain against the checkpoints outside.")
@click.option(
    "--checkpoints",
    multiple=True,
    type=click.Path(dir_okay=False, path_type=Path),
    help="With --audit: these files instead of DUBAN_CHECKPOINTS; may be repeated.",
)
@click.pass_context
def verify(context: click.Context, wants_json: bool, audit: bool, checkpoints: tuple[Path, ...]) -> None:
    """Check the invariants of the database; exit 1 when one does not hold.

    With --audit: whether the record of facts still proves itself; exit 1 damaged, 3 not proven.
    """
    if audit or checkpoints:
        prove(context, checkpoints, wants_json)
        return
    with engine_of(context) as engine:
        found = engine.read.violations()
    if wants_json:
        click.echo(as_json([violation.__dict__ for violation in found]))
    else:
        for violation in found:
            click.echo(f"{violation.invariant}: {violation.what}")
        click.echo("clean" if not found else f"{len(found)} violations")
    if found:
        context.exit(1)


COMMANDS = (figures, letter, verify)
