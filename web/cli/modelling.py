"""Process folders out of the database and back as drafts, so that they can lie in a repository like `processes/`."""

from pathlib import Path

import click

from engine import sources
from engine.commands.models import OpenModelDraft
from engine.domain.actor import SYSTEM
from engine.errors import NotFound, Refused
from engine.queries import Read
from web.cli.console import engine_of


@click.group()
def models() -> None:
    """Process folders and the drafts in which they are changed."""


@models.command("list")
@click.pass_context
def listed(context: click.Context) -> None:
    """Every folder with its newest version, and the draft that is under way."""
    with engine_of(context) as engine:
        for row in engine.read.models():
            draft = row.draft
            told = (
                f"  draft {draft.draft_id} {draft.state} by {draft.created_by}, save {draft.revision}" if draft else ""
            )
            click.echo(f"{row.key}  version {row.version or '-'}{told}")


@models.command("export")
@click.argument("key")
@click.argument("folder", type=click.Path(path_type=Path, file_okay=False))
@click.option("--version", type=int, help="A version instead of the newest one.")
@click.option("--draft", "wants_draft", is_flag=True, help="The draft that is under way instead of a version.")
@click.option("--prune", is_flag=True, help="Remove process files from the folder that the model does not hold.")
@click.pass_context
def export(context: click.Context, key: str, folder: Path, version: int | None, wants_draft: bool, prune: bool) -> None:
    """Write the files of a model to FOLDER/KEY, byte for byte as they were deployed."""
    if version is not None and wants_draft:
        raise click.UsageError("--version and --draft exclude each other")
    with engine_of(context) as engine:
        files = _draft_files(engine.read, key) if wants_draft else _files(engine.read, key, version)
    target = folder / key
    for name, content in sorted(files.items()):
        path = target / name
        if not path.resolve().is_relative_to(target.resolve()):
            raise Refused("model_outside", f"{name} would lie outside of {target}.", file=name)
        path.parent.mkdir(parents=True, exist_ok=True)
        if not path.is_file() or path.read_bytes() != content:
            path.write_bytes(content)
            click.echo(f"written {path}")
    for name in sorted(sources.process_folder(target).files.keys() - files.keys()):
        if prune:
            (target / name).unlink()
        click.echo(f"{'removed' if prune else 'not in the model, left alone:'} {target / name}")
    click.echo(f"{key}: {len(files)} files")


@models.command("import")
@click.argument("folder", type=click.Path(path_type=Path, exists=True, file_okay=False))
@click.option("--title", default="", help="What the change is about.")
@click.pass_context
def imported(context: click.Context, folder: Path, title: str) -> None:
    """Make a draft of a process folder, named like it. Publishing it stays with a person."""
    found = sources.process_folder(folder)
    with engine_of(context) as engine:
        if dict(engine.read.definition_files(found.key)) == found.files:
            click.echo(f"{found.key} unchanged: the newest version is the same")
            return
        made = engine.execute(OpenModelDraft(found.key, title, found.files), by=SYSTEM)
    click.echo(f"{found.key} draft {made['draft_id']}, save {made['revision']}, {len(found.files)} files")


def _files(read: Read, key: str, version: int | None) -> dict[str, bytes]:
    page = read.definition(key, version)
    return {name: read.definition_file(page.definition_id, name) for name, _ in page.files}


def _draft_files(read: Read, key: str) -> dict[str, bytes]:
    found = next((row for row in read.model_drafts() if row.key == key), None)
    if found is None:
        raise NotFound("model_unknown", f"There is no draft of {key} under way.", key=key)
    return dict(read.model_draft(found.draft_id).files)


COMMANDS = (models,)
