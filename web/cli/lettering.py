"""Commands for designers of letters: every kind as a sample PDF, and the list of words that a template may use."""

from pathlib import Path

import click

from engine.domain.letter import KINDS, length_of
from engine.domain.letter_words import documented
from engine.errors import Invalid
from forms.letters.contact_sheet import contact_sheet
from forms.letters.isolate import render_isolated
from forms.letters.sample import sample_letter
from web.cli.console import config_of

SHEET = "contact-sheet.png"


@click.group()
def letters() -> None:
    """Letter templates: samples of every kind, and the words they may use."""


@letters.command()
@click.option("--out", required=True, type=click.Path(file_okay=False, path_type=Path), help="Folder for the PDFs.")
@click.option("--templates", type=click.Path(file_okay=False, path_type=Path), help="Default: processes/letters.")
@click.option("--kind", "kinds", multiple=True, type=click.Choice(sorted(KINDS)), help="Only these; may be repeated.")
@click.option("--cases", default=1, type=click.IntRange(1, 500), help="How many invented cases each is about.")
@click.pass_context
def samples(context: click.Context, out: Path, templates: Path | None, kinds: tuple[str, ...], cases: int) -> None:
    """Write every kind as a PDF with invented facts, and all pages on one picture (contact-sheet.png).

    Every layout that a kind may have gets its own PDF. Exit 1 when a template cannot be used; the others are written.
    """
    folder = templates or config_of(context).processes / "letters"
    out.mkdir(parents=True, exist_ok=True)
    made: list[bytes] = []
    refused = False
    for kind in kinds or KINDS:
        for layout in KINDS[kind].layouts:
            try:
                pdf, line = _sample(folder / f"{kind}.html.j2", kind, layout, cases)
            except Invalid as error:
                refused = True
                click.echo(f"duban: {KINDS[kind].zh}: {error.message}", err=True)
                for problem in error.problems:
                    click.echo(f"  {problem.where}: {problem.zh} {problem.en}", err=True)
                break
            path = out / f"{kind}-{layout}.pdf"
            path.write_bytes(pdf)
            made.append(pdf)
            click.echo(f"{path.name}: {line}")
    if made:
        (out / SHEET).write_bytes(contact_sheet(made))
        click.echo(f"{SHEET}: {len(made)} letters")
    if refused:
        context.exit(1)


@letters.command()
def words() -> None:
    """List every variable a template may use, with what it means."""
    for path, meaning in documented():
        click.echo(f"{path}\t{meaning.zh}\t{meaning.en}")


def _sample(path: Path, kind: str, layout: str, cases: int) -> tuple[bytes, str]:
    letter = sample_letter(kind, path.read_text(encoding="utf-8"), layout=layout, cases=cases, name=path.name)
    rendered = render_isolated(letter)
    length = length_of(letter)
    return rendered.pdf, f"{KINDS[kind].zh}，{rendered.pages}页，{length.zh}"


COMMANDS = (letters,)
