"""Commands for process designers: check and deploy."""

from contextlib import suppress
from dataclasses import replace
from pathlib import Path

import click

from engine import sources
from engine.commands.definitions import Beside
from engine.domain import campaign as campaigns
from engine.domain import toml_table
from engine.domain.actor import SYSTEM
from engine.domain.model_draft import SUFFIXES
from engine.errors import Invalid, Problem
from engine.rulings import check_rules
from engine.trials.script import read_script
from web import bootstrap
from web.cli.console import config_of, engine_of
from web.json_text import as_json
from web.problems import problem_json

MAX_BYTES = 20_000_000


@click.command()
@click.argument("files", nargs=-1, required=True, type=click.Path(path_type=Path))
@click.option("--json", "wants_json", is_flag=True, help="Machine-readable.")
@click.pass_context
def check(context: click.Context, files: tuple[Path, ...], wants_json: bool) -> None:
    """Check process files or folders without deploying. A single file is checked beside the other files of its
    folder."""
    found: list[tuple[Path, Problem]] = []
    for path in files:
        found += [(path, problem) for problem in _problems(path, config_of(context).processes)]
    if wants_json:
        click.echo(as_json([{"path": str(path), **problem_json(problem)} for path, problem in found]))
    else:
        for _, problem in sorted(found, key=_gravity):
            prefix = "" if problem.severity == "error" else f"({problem.severity}) "
            click.echo(
                f"{problem.where}: {prefix}{problem.zh}{problem.todo_zh} {problem.en} {problem.todo_en}".rstrip()
            )
        if not found:
            click.echo(f"{len(files)} checked, no problems")
    if any(problem.severity == "error" for _, problem in found):
        context.exit(1)


def _gravity(found: tuple[Path, Problem]) -> tuple[str, int]:
    """Errors before warnings before information, file by file."""
    path, problem = found
    return str(path), ("error", "warning", "info").index(problem.severity)


def _problems(path: Path, processes: Path) -> list[Problem]:
    """Never raises: whatever lies at `path` gets a sentence."""
    try:
        if path.is_dir():
            folder = sources.process_folder(path)
            key, files, shown = folder.key, folder.files, None
        else:
            if path.stat().st_size > MAX_BYTES:
                return [Problem(path.name, "文件过大。", "The file is far too large.")]
            if path.suffix not in SUFFIXES:
                return [_not_ours(path)]
            content = path.read_bytes()
            if path.suffix == ".toml":
                return _campaign_problems(path, content, processes)
            key, files, shown = _beside(path, content, processes)
    except Invalid as error:
        return list(error.problems)
    except OSError as error:
        return [Problem(str(path), "读不到这个文件。", f"This file cannot be read: {error.strerror or error}.")]
    try:
        beside = sources.process_folders(processes) if processes.is_dir() else []
        problems = bootstrap.check_files(key, files, beside, _phases(processes))
    except Exception as error:
        return [
            Problem(
                path.name,
                "检查时出错，请把文件交给开发人员。",
                f"The check itself failed ({type(error).__name__}): {error}",
            )
        ]
    return [problem for problem in problems if shown is None or problem.where.split(":")[0] == shown]


def _phases(processes: Path) -> frozenset[str] | None:
    """Of the plans that lie there and can be read; None without any."""
    found: list[str] = []
    for path in sorted((processes / "campaigns").glob("*.toml")):
        with suppress(Invalid):
            found += campaigns.load(path.read_bytes()).windows
    return frozenset(found) or None


def _campaign_problems(path: Path, content: bytes, processes: Path) -> list[Problem]:
    """A campaign's file with the rules it names; a walk with all it says; a calendar is only read."""
    if path.resolve().parent.name == "tests":
        read_script(content, what=path.name)
        return []
    if path.resolve().parent.name != "campaigns":
        toml_table.read(content, what=path.name)
        return []
    try:
        plan = campaigns.load(content)
    except Invalid as error:
        return [replace(problem, where=f"{path.name}:{problem.where}") for problem in error.problems]
    folders = sources.process_folders(processes) if processes.is_dir() else []
    found = [*plan.warnings, *check_rules(plan.rules, {folder.key: folder.files for folder in folders})]
    return [replace(problem, where=f"{path.name}:{problem.where}") for problem in found]


def _not_ours(path: Path) -> Problem:
    return Problem(
        path.name,
        f"不是流程文件；可检查的有：{'、'.join(SUFFIXES)}。",
        f"This is no process file; what can be checked: {', '.join(SUFFIXES)}.",
    )


def _beside(path: Path, content: bytes, processes: Path) -> tuple[str, dict[str, bytes], str]:
    """A file with its neighbours: a diagram needs the forms and tables of its process folder.

    That is the folder the file lies in when it is named like the process, else the one of that name in `processes`.
    """
    parent = path.resolve().parent
    key = path.stem if path.suffix == ".bpmn" else parent.name
    home = parent if parent.name == key else processes / key
    neighbours = sources.process_folder(home).files if (home / f"{key}.bpmn").is_file() else {}
    return key, {**neighbours, path.name: content}, path.name


@click.command()
@click.argument("folders", nargs=-1, type=click.Path(path_type=Path))
@click.option("--json", "wants_json", is_flag=True, help="Machine-readable.")
@click.pass_context
def deploy(context: click.Context, folders: tuple[Path, ...], wants_json: bool) -> None:
    """Deploy process folders (all under DUBAN_PROCESSES when none is named). New cases follow the new version."""
    with engine_of(context) as engine:
        if folders:
            read = [sources.process_folder(path if path.is_dir() else path.parent) for path in folders]
            beside = Beside.of((folder.key, folder.files) for folder in read)
            results = [bootstrap.deploy_folder(engine, folder, by=SYSTEM, beside=beside) for folder in read]
        else:
            results = bootstrap.deploy_all(engine, config_of(context).processes)
    if wants_json:
        click.echo(as_json(results))
        return
    for result in results:
        said = "deployed" if result["is_new"] else "unchanged"
        if result["newest"] != result["version"]:
            said = f"known already; version {result['newest']} stays the newest. To go back, publish it as a draft"
        click.echo(f"{result['key']} version {result['version']} {said}")


COMMANDS = (check, deploy)
