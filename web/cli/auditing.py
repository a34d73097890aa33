"""Commands about the record of facts: seal, checkpoint, export, and whether it still proves itself."""

import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any, TextIO

import click

from engine.chain import FACT_COLUMNS, canonical, instant
from engine.commands.audit import NoteExport, SealFacts, TakeCheckpointNow
from engine.domain.actor import SYSTEM
from engine.proof import BROKEN, PROVEN, UNPROVEN, Proof
from engine.runtime import Engine
from web.audit.places import read_places
from web.cli.console import config_of, engine_of
from web.json_text import as_json

EXIT_CODES = {PROVEN: 0, BROKEN: 1, UNPROVEN: 3}
FILE = click.Path(dir_okay=False, path_type=Path)


@click.group()
def audit() -> None:
    """The record of facts: its chain, its checkpoints, and copies of it."""


@audit.command()
@click.pass_context
def seal(context: click.Context) -> None:
    """Put every fact into the chain now; the worker does it once a minute."""
    with engine_of(context) as engine:
        click.echo(f"{seal_all(engine)} facts sealed")


@audit.command()
@click.pass_context
def checkpoint(context: click.Context) -> None:
    """Seal everything, take a checkpoint and write it to the places outside: before a backup, after an incident."""
    with engine_of(context) as engine:
        seal_all(engine)
        number = engine.execute(TakeCheckpointNow(), by=SYSTEM)
        if engine.witness is not None:
            engine.witness.publish(engine.read)
        taken = engine.read.last_checkpoint()
    if number is None:
        click.echo("no checkpoint: nothing is on record, or the chain does not lead to the last one", err=True)
        context.exit(1)
    assert taken is not None
    click.echo(f"checkpoint {number} over {taken.position} facts\nsha256 {taken.sha256}\nsm3    {taken.sm3}")


@audit.command()
@click.option("-o", "--output", type=FILE, help="Default: standard output.")
@click.pass_context
def export(context: click.Context, output: Path | None) -> None:
    """Every fact as a JSON line with its place in the chain, for setup/verify_audit.py. The export is itself a fact."""
    with engine_of(context) as engine:
        seal_all(engine)
        if output is None:
            count = _write(engine, sys.stdout)
        else:
            with output.open("x", encoding="utf-8", errors="surrogatepass") as file:
                count = _write(engine, file)
        engine.execute(NoteExport("jsonl", count, {}), by=SYSTEM)
    click.echo(f"{count} facts", err=True)


def seal_all(engine: Engine) -> int:
    """How many were sealed."""
    count = 0
    while done := engine.execute(SealFacts(), by=SYSTEM):
        count += done
    return count


def prove(context: click.Context, files: tuple[Path, ...], wants_json: bool) -> None:
    """What `duban verify --audit` does; ends with 0 proven, 1 damaged, 3 not proven."""
    with engine_of(context) as engine:
        found: Proof = engine.read.proof(read_places(files or config_of(context).checkpoints))
    if wants_json:
        told = {
            "verdict": found.verdict,
            "sealed": found.sealed,
            "unsealed": found.unsealed,
            "stretches": [each.__dict__ for each in found.stretches],
            "problems": [each.__dict__ for each in found.problems],
        }
        click.echo(as_json(told))
    else:
        _show(found)
    context.exit(EXIT_CODES[found.verdict])


def _show(found: Proof) -> None:
    words = {"error": "DAMAGED", "warning": "unproven", "info": "note"}
    for problem in found.problems:
        click.echo(f"{words[problem.severity]:<9} {problem.where}: {problem.zh} {problem.en}")
    for each in found.stretches:
        told = "  newer than the last checkpoint" if each.checkpoints is None else ""
        if each.checkpoints is not None:
            first, last = each.checkpoints
            told = f"  by checkpoint {first}" if first == last else f"  by checkpoints {first}-{last}"
        click.echo(f"{each.verdict:<9} {each.first}-{each.last}{told}")
    click.echo(f"{found.sealed} facts sealed, {found.unsealed} not yet")
    click.echo({PROVEN: "proven 已证明", BROKEN: "DAMAGED 受损", UNPROVEN: "UNPROVEN 未证明"}[found.verdict])


def _write(engine: Engine, file: TextIO) -> int:
    count = 0
    for row in _rows(engine):
        named = {name: row[name] for name in (*FACT_COLUMNS, "position", "sha256", "sm3")}
        file.write(canonical(named | {"at": row["at"] if isinstance(row["at"], str) else _instant(row["at"])}) + "\n")
        count += 1
    return count


def _instant(moment: Any) -> str | None:
    return None if moment is None else instant(moment)


def _rows(engine: Engine) -> Iterator[dict[str, Any]]:
    """The chain by position, then what is not in it."""
    after = 0
    while rows := engine.read.sealed_facts(after):
        yield from rows
        after = rows[-1]["position"]
    after = 0
    while rows := engine.read.unsealed_facts(after):
        yield from rows
        after = rows[-1]["fact_id"]


COMMANDS = (audit,)
