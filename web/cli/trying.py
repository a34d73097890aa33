"""`duban test`: plays the walks of process folders and says which fail, where, and what no walk has passed."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import click

from engine import sources
from engine.errors import NotFound, Problem
from engine.trials.coverage import Coverage, coverage
from engine.trials.ground import Ground, ground_of
from engine.trials.play import Failure, WalkResult, play
from engine.trials.report import is_walk
from web.cli.console import config_of
from web.json_text import as_json
from web.walk_checks import check_walks


@dataclass(frozen=True)
class Tested:
    """One process with its walks, by file name. `coverage` counts the walks of every folder that was played.

    `warnings`: what walks hand in although no form could."""

    key: str
    walks: tuple[tuple[str, WalkResult], ...]
    coverage: Coverage
    warnings: tuple[Problem, ...] = ()

    @property
    def failed(self) -> int:
        return sum(not result.passed for _, result in self.walks)

    def to_json(self) -> dict[str, Any]:
        found = self.coverage
        return {
            "process": self.key,
            "walks": [
                {
                    "file": name,
                    "name": result.name,
                    "passed": result.passed,
                    "steps": result.steps,
                    "failures": [_failure_json(failure) for failure in result.failures],
                }
                for name, result in self.walks
            ],
            "coverage": {
                "elements": dict(found.elements),
                "flows": dict(found.flows),
                "missed": {"elements": list(found.missed_elements), "flows": list(found.missed_flows)},
            },
            "warnings": [{"where": each.where, "zh": each.zh, "en": each.en} for each in self.warnings],
        }


@click.command()
@click.argument("folders", nargs=-1, type=click.Path(path_type=Path))
@click.option("--json", "wants_json", is_flag=True, help="Machine-readable.")
@click.option("--coverage", "wants_coverage", is_flag=True, help="Name the elements and flows that no walk passes.")
@click.option("--full", is_flag=True, help="Fail also where no walk passes an element or flow, or one is warned of.")
@click.option("--campaign", default="", help="Whose plan the walks stand on (default: the first by name).")
@click.pass_context
def test(
    context: click.Context,
    folders: tuple[Path, ...],
    wants_json: bool,
    wants_coverage: bool,
    full: bool,
    campaign: str,
) -> None:
    """Play the walks (tests/*.toml) of process folders, or of all in a folder like processes/; no database is needed.

    Ends with 1 when a walk fails."""
    tested = list(_test(folders or (config_of(context).processes,), config_of(context).processes, campaign))
    if wants_json:
        click.echo(as_json([each.to_json() for each in tested]))
    else:
        for line in _lines(tested, wants_coverage=wants_coverage):
            click.echo(line)
    if any(each.failed or (full and not (each.coverage.is_full and not each.warnings)) for each in tested):
        context.exit(1)


def _test(folders: tuple[Path, ...], processes: Path, campaign: str) -> Iterator[Tested]:
    for folder in folders:
        keys, ground = _grounds(folder, processes, campaign)
        walks = {
            key: [
                (name, play(ground, content, name=name))
                for name, content in sorted(ground.folders[key].items())
                if is_walk(name)
            ]
            for key in keys
        }
        played = [result for found in walks.values() for _, result in found]
        beside = [sources.Folder(name, dict(files)) for name, files in ground.folders.items()]
        for key in keys:
            told = check_walks(key, ground.folders[key], beside)
            warnings = tuple(problem for problem in told if problem.rule == "walk-answers")  # the others fail
            yield Tested(key, tuple(walks[key]), coverage(ground, key, played), warnings)


def _grounds(folder: Path, processes: Path, campaign: str) -> tuple[list[str], Ground]:
    """The processes that are meant, and what they stand on: their neighbours, or those of `processes`.

    Raises NotFound when no process lies there.
    """
    place = folder.resolve()
    if (place / f"{place.name}.bpmn").is_file():
        root = place.parent if (place.parent / "campaigns").is_dir() else processes
        ground = ground_of(root, campaign)
        if root != place.parent:
            ground = ground.with_folder(place.name, sources.process_folder(place).files)
        return [place.name], ground
    keys = sorted(path.parent.name for path in place.glob("*/*.bpmn") if path.stem == path.parent.name)
    if not keys:
        raise NotFound("folder_unknown", f"There is no process in {folder}: no <name>/<name>.bpmn.", folder=str(folder))
    if (place / "campaigns").is_dir():
        return keys, ground_of(place, campaign)
    ground = ground_of(processes, campaign)
    for key in keys:
        ground = ground.with_folder(key, sources.process_folder(place / key).files)
    return keys, ground


def _lines(tested: list[Tested], *, wants_coverage: bool) -> Iterator[str]:
    wide = max((len(each.key) for each in tested), default=0)
    for each in tested:
        found, count = each.coverage, len(each.walks)
        yield (
            f"{each.key:{wide}}  {count - each.failed:>3}/{count} walks passed"
            f"  elements {found.passed_elements}/{len(found.elements)}  flows {found.passed_flows}/{len(found.flows)}"
        )
        for name, result in each.walks:
            for failure in result.failures:
                yield f"  ✗ {each.key}/{name}: {failure.zh} {failure.en}"
        for problem in each.warnings:
            yield f"  ! {each.key}/{problem.where}: {problem.zh} {problem.en}"
        if wants_coverage:
            if found.missed_elements:
                yield f"  no walk passes: {', '.join(found.missed_elements)}"
            if found.missed_flows:
                yield f"  no walk goes along: {', '.join(found.missed_flows)}"
    failed = sum(each.failed for each in tested)
    yield f"{sum(len(each.walks) for each in tested)} walks, {failed} failed"


def _failure_json(failure: Failure) -> dict[str, Any]:
    return {
        "step": failure.step,
        "subject": failure.subject,
        "expected": failure.expected,
        "found": failure.found,
        "zh": failure.zh,
        "en": failure.en,
    }


COMMANDS = (test,)
