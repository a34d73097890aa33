"""Commands for batches: one operation on many instances or jobs, begun, watched, worked by hand, stopped."""

from collections.abc import Callable
from typing import Any

import click

from engine.commands.batch_kinds import KINDS
from engine.commands.batches import CancelBatch, ContinueBatch, PauseBatch, StartBatch, WorkBatch
from engine.domain.actor import SYSTEM
from engine.domain.batch import BatchState, ItemState
from engine.queries.batches import BatchRow
from engine.queries.instances import InstanceFilter
from engine.runtime import Engine
from web.cli.console import engine_of
from web.cli.operating import REASON, STATE, WANTS_JSON, JsonValue
from web.json_text import as_json


@click.group()
def batch() -> None:
    """One operation on many instances or jobs, item by item."""


@batch.command("start")
@click.argument("kind", type=click.Choice(["suspend", "resume", "cancel", "set_variable", "retry_job", "skip_job"]))
@click.argument("subjects", nargs=-1, metavar="[ID]...")
@click.option("--key", help="All instances of this process …")
@click.option("--version", default="", help="… of this version …")
@click.option("--state", type=STATE, help="… in this state.")
@click.option("--name", help="Of set_variable: the variable.")
@click.option("--value", type=JsonValue(), help="Of set_variable: the value, as JSON.")
@click.option("--dry-run", is_flag=True, help="Say how many are meant and begin nothing.")
@REASON
@click.pass_context
def start_batch(
    context: click.Context,
    kind: str,
    subjects: tuple[str, ...],
    key: str | None,
    version: str,
    state: str | None,
    name: str | None,
    value: tuple[Any] | None,
    dry_run: bool,
    reason: str,
) -> None:
    """Begin a batch of the instances or jobs named, or of all that --key finds. A worker does it."""
    if bool(subjects) == bool(key):
        raise click.UsageError("Name what is meant, or say --key PROCESS: one of the two.")
    with engine_of(context) as engine:
        meant = subjects if subjects else _found(engine, kind, key or "", version, state or "")
        if KINDS[kind].subject == "instance" and subjects:
            meant = tuple(engine.read.resolve_instance(SYSTEM, named) for named in subjects)
        if dry_run:
            click.echo(f"{kind}: {len(meant)} are meant; nothing was begun")
            return
        parameters = {"name": name, "value": value[0] if value else None} if KINDS[kind].needs else {}
        batch_id = engine.execute(StartBatch(kind, meant, parameters, reason), by=SYSTEM)
    click.echo(f"batch {batch_id}: {len(meant)} items. A worker does them; or: duban batch work {batch_id}")


def _found(engine: Engine, kind: str, key: str, version: str, state: str) -> tuple[str, ...]:
    if KINDS[kind].subject != "instance":
        raise click.UsageError(f"{kind} is about jobs: name them.")
    return tuple(engine.read.instance_ids(SYSTEM, InstanceFilter(key=key, version=version, state=state)))


@batch.command("list")
@click.option("--page", default=1, show_default=True, type=click.IntRange(1))
@click.pass_context
def list_batches(context: click.Context, page: int) -> None:
    """The newest first."""
    with engine_of(context) as engine:
        found = engine.read.batches(page)
    for row in found.rows:
        click.echo(_line(row))


@batch.command("show")
@click.argument("batch_id", metavar="BATCH")
@WANTS_JSON
@click.pass_context
def show_batch(context: click.Context, batch_id: str, wants_json: bool) -> None:
    """How far it is, and what could not be done and why."""
    with engine_of(context) as engine:
        row: BatchRow = engine.read.batch(batch_id).row
        items = engine.read.batch_items(batch_id)
    if wants_json:
        click.echo(as_json({**row.__dict__, "items": [item.__dict__ for item in items]}))
        return
    click.echo(_line(row))
    for item in items:
        if item.state is ItemState.FAILED:
            click.echo(f"  {item.position} {item.case_id or item.subject_id}: {item.message_en}")


@batch.command()
@click.argument("batch_id", metavar="BATCH")
@click.pass_context
def work(context: click.Context, batch_id: str) -> None:
    """Do it here and now, to its end, beside any worker. Exit code 1 when an item could not be done."""
    with engine_of(context) as engine:
        engine.read.batch(batch_id)
        while engine.execute(WorkBatch(batch_id), by=SYSTEM):
            pass
        row: BatchRow = engine.read.batch(batch_id).row
    click.echo(_line(row))
    if row.failed or row.state is not BatchState.DONE:
        context.exit(1)


def _control(make: Callable[[str], Any], done: str, words: str) -> click.Command:
    @click.argument("batch_id", metavar="BATCH")
    @click.pass_context
    def control(context: click.Context, batch_id: str) -> None:
        with engine_of(context) as engine:
            engine.execute(make(batch_id), by=SYSTEM)
        click.echo(f"batch {batch_id} {done}")

    control.__doc__ = words
    return click.command()(control)


batch.add_command(_control(PauseBatch, "paused", "Stop after the item at hand."), "pause")
batch.add_command(_control(ContinueBatch, "goes on", "Go on where it stood."), "continue")
batch.add_command(_control(CancelBatch, "cancelled", "Begin nothing more; what is done stays done."), "cancel")


def _line(row: BatchRow) -> str:
    return (
        f"{row.batch_id}  {row.kind}  {row.state}  {row.done} done, {row.failed} failed, {row.pending} pending, "
        f"{row.skipped} not begun of {row.total}  {row.reason}"
    )


COMMANDS = (batch,)
