"""The command that moves running instances to another version of their process, and back."""

import sys
from typing import Any

import click

from engine.commands.batches import StartBatch, WorkBatch
from engine.commands.migration import MigrateInstance
from engine.domain.actor import SYSTEM
from engine.domain.batch import BatchState, ItemState
from engine.errors import Rejected
from engine.queries.migration import MigrationPlan
from engine.runtime import Engine
from web.cli.console import engine_of
from web.cli.operating import WANTS_JSON
from web.json_text import as_json


class Renaming(click.ParamType):
    """An element that has another id in the new version: OLD=NEW."""

    name = "old=new"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> tuple[str, str]:
        if isinstance(value, tuple):
            return value
        old, mark, new = str(value).partition("=")
        if not (mark and old.strip() and new.strip()):
            self.fail(f"{value!r}: write OLD=NEW, such as survey_site=site_survey", param, ctx)
        return old.strip(), new.strip()


@click.command()
@click.argument("key", required=False)
@click.option("--from", "from_version", type=click.IntRange(1), help="The version that instances are on.")
@click.option("--to", "to_version", type=click.IntRange(1), help="The version they move to.")
@click.option("--map", "renamings", type=Renaming(), multiple=True, help="An element's id, old=new; may be repeated.")
@click.option("--instance", "instance_id", help="Only this instance.")
@click.option("--dry-run", is_flag=True, help="Say what each instance would do and write nothing.")
@click.option("--reason", default="duban migrate", show_default=True, help="For the record.")
@click.option(
    "--undo", "of_batch", metavar="BATCH", help="Put back what this batch changed, as far as nothing happened."
)
@WANTS_JSON
@click.pass_context
def migrate(
    context: click.Context,
    key: str | None,
    from_version: int | None,
    to_version: int | None,
    renamings: tuple[tuple[str, str], ...],
    instance_id: str | None,
    dry_run: bool,
    reason: str,
    of_batch: str | None,
    wants_json: bool,
) -> None:
    """Move running instances to another version: duban migrate survey --from 3 --to 4 --dry-run.

    KEY is a process; instances that only call it are meant too. Tasks, persons, drafts and due dates stay as they are.
    Killed and run again it goes on where it was. Exit code 1 when an instance cannot move.
    """
    with engine_of(context) as engine:
        if of_batch is not None:
            if key is not None or from_version is not None or to_version is not None or dry_run:
                raise click.UsageError("--undo stands alone.")
            _work(context, engine, _undoing(engine, of_batch, reason), wants_json)
            return
        if key is None or from_version is None or to_version is None:
            raise click.UsageError("Say which: KEY --from VERSION --to VERSION, or --undo BATCH.")
        mapping = dict(renamings)
        if dry_run:
            plan = engine.read.migration_plan(key, from_version, to_version, mapping, instance_id)
            _show(context, plan, wants_json)
        elif instance_id is not None:
            plan = engine.read.migration_plan(key, from_version, to_version, mapping, instance_id)
            command = MigrateInstance(instance_id, plan.from_id, plan.to_id, mapping)
            _tell_one(engine.execute(command, by=SYSTEM), wants_json)
        else:
            batch_id = _migrating(engine, key, from_version, to_version, mapping, reason)
            if batch_id is None:
                click.echo(as_json({"batch": None, "total": 0}) if wants_json else "no instance runs on this version")
                return
            _work(context, engine, batch_id, wants_json)


def _show(context: click.Context, plan: MigrationPlan, wants_json: bool) -> None:
    if wants_json:
        click.echo(as_json({**plan.__dict__, "instances": [each.__dict__ for each in plan.instances]}))
    else:
        for each in plan.instances:
            click.echo(f"{'moves ' if each.moves else 'STAYS '} {each.business_key}  {each.instance_id}")
            for zh, en in each.said:
                click.echo(f"        {zh} {en}")
        stays = len(plan.instances) - plan.moving
        click.echo(
            f"{plan.key} {plan.from_version} → {plan.to_version}: {plan.moving} would move, {stays} cannot; "
            "nothing was written"
        )
    if plan.moving < len(plan.instances):
        context.exit(1)


def _tell_one(said: dict[str, Any], wants_json: bool) -> None:
    if wants_json:
        click.echo(as_json(said))
        return
    for zh, en in said["notes"]:
        click.echo(f"{zh} {en}")
    click.echo(f"migrated; snapshot {said['snapshot']}")


def _migrating(
    engine: Engine, key: str, from_version: int, to_version: int, mapping: dict[str, str], reason: str
) -> str | None:
    """The batch: the one that is unfinished for the same versions, else a new one; None when there is nothing to do."""
    wanted = engine.read.succession(key, from_version, to_version, mapping)
    parameters = {"from": wanted.old.definition_id, "to": wanted.new.definition_id, "mapping": mapping}
    found = _unfinished(engine, "migrate", parameters)
    if found is not None:
        return found
    subjects = engine.read.migration_subjects(wanted.old.definition_id)
    if not subjects:
        return None
    return str(engine.execute(StartBatch("migrate", subjects, parameters, reason), by=SYSTEM))


def _undoing(engine: Engine, of_batch: str, reason: str) -> str:
    engine.read.batch(of_batch)  # a batch that there is not is said before anything is begun
    parameters = {"of_batch": of_batch}
    found = _unfinished(engine, "undo", parameters)
    if found is not None:
        return found
    subjects = engine.read.undoable_instances(of_batch)
    if not subjects:
        raise Rejected("nothing_to_undo", f"Batch {of_batch} has changed nothing that is not undone already.")
    return str(engine.execute(StartBatch("undo", subjects, parameters, reason), by=SYSTEM))


def _unfinished(engine: Engine, kind: str, parameters: dict[str, Any]) -> str | None:
    found = engine.read.unfinished_batch(kind, parameters)
    if found is None:
        return None
    batch_id, state = found
    if state is BatchState.PAUSED:
        raise Rejected("batch_not_so", f"Batch {batch_id} does the same and is paused: continue or cancel it first.")
    click.echo(f"going on with batch {batch_id}", err=True)
    return str(batch_id)


def _work(context: click.Context, engine: Engine, batch_id: str, wants_json: bool) -> None:
    """To its end, beside any worker that has it too."""
    row = engine.read.batch(batch_id).row
    with click.progressbar(length=row.total, label=batch_id, file=sys.stderr) as bar:
        bar.update(row.total - row.pending)
        while engine.execute(WorkBatch(batch_id), by=SYSTEM):
            bar.update(1)
    items = engine.read.batch_items(batch_id)
    row = engine.read.batch(batch_id).row
    if wants_json:
        click.echo(as_json({"batch": batch_id, "total": row.total, "done": row.done, "failed": row.failed}))
    else:
        for item in items:
            if item.state == ItemState.FAILED:
                click.echo(f"STAYS  {item.business_key}  {item.subject_id}: {item.message_en}")
        click.echo(f"batch {batch_id}: {row.done} of {row.total} done, {row.failed} could not be")
        if row.kind == "migrate" and row.done:
            click.echo(f"to put it back: duban migrate --undo {batch_id}")
    if row.failed:
        context.exit(1)


COMMANDS = (migrate,)
