"""What all walks of one process say when they are played, kept: the same files always say the same."""

import threading
from collections import OrderedDict
from collections.abc import Mapping
from dataclasses import dataclass

from engine.digests import sha256_of_files
from engine.domain.calendar import WorkCalendar
from engine.domain.campaign import Campaign
from engine.errors import Invalid, Problem
from engine.trials.coverage import Coverage, coverage
from engine.trials.ground import Ground
from engine.trials.limits import Limits
from engine.trials.play import WalkResult, play

FOLDER = "tests/"
SUFFIX = ".toml"


@dataclass(frozen=True)
class Report:
    """`results` by file name. Where there is no `coverage`, `problems` say why the diagram cannot be read."""

    results: Mapping[str, WalkResult]
    coverage: Coverage | None
    problems: tuple[Problem, ...] = ()


@dataclass(frozen=True)
class _Kept:
    plan: Campaign
    calendar: WorkCalendar
    report: Report


class Reports:
    """The reports made last, by what every folder of their ground says. For all threads."""

    def __init__(self, kept: int) -> None:
        self._kept = kept
        self._reports: OrderedDict[tuple[str, ...], _Kept] = OrderedDict()
        self._lock = threading.Lock()

    def of(self, ground: Ground, key: str, limits: Limits) -> Report:
        """Of every walk in the folder `key`. What was stopped for its time is not kept: the next may get through."""
        said = (key, *(f"{name}@{sha256_of_files(files)}" for name, files in sorted(ground.folders.items())))
        with self._lock:
            kept = self._reports.get(said)
            if kept is not None and kept.calendar is ground.calendar and kept.plan == ground.plan:
                self._reports.move_to_end(said)
                return kept.report
        report = make_report(ground, key, limits)
        if not limits.is_over():
            with self._lock:
                self._reports[said] = _Kept(ground.plan, ground.calendar, report)
                self._reports.move_to_end(said)
                while len(self._reports) > self._kept:
                    self._reports.popitem(last=False)
        return report


def make_report(ground: Ground, key: str, limits: Limits) -> Report:
    """Plays every walk in the folder `key`."""
    walks = {name: content for name, content in sorted(ground.folders[key].items()) if is_walk(name)}
    results = {name: play(ground, content, name=name, limits=limits) for name, content in walks.items()}
    try:
        return Report(results, coverage(ground, key, results.values()))
    except Invalid as error:
        return Report(results, None, error.problems)


def is_walk(name: str) -> bool:
    return name.startswith(FOLDER) and name.endswith(SUFFIX)
