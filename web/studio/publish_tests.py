"""What the walks of a draft say when they are played, in short: for the person who publishes it."""

from dataclasses import dataclass

from engine.errors import EngineError, Invalid
from engine.queries.models import ModelDraft
from web.errors import said, sentence
from web.studio.trials import by_short_name, failures, played, walks_of


@dataclass(frozen=True)
class PlayedWalk:
    name: str
    failures: tuple[str, ...]


@dataclass(frozen=True)
class TestReport:
    """`walks` were played; `missed`: what is drawn and none of them passed. `problems`: why they cannot be played."""

    walks: tuple[PlayedWalk, ...] = ()
    missed_elements: int = 0
    missed_flows: int = 0
    problems: tuple[str, ...] = ()

    @property
    def failed(self) -> tuple[PlayedWalk, ...]:
        return tuple(walk for walk in self.walks if walk.failures)


def report_of(draft: ModelDraft) -> TestReport | None:
    """None for a folder without a diagram: there is nothing to play."""
    if f"{draft.key}.bpmn" not in draft.files:
        return None
    if not walks_of(draft):
        return TestReport()
    try:
        report = played(draft)
    except Invalid as error:
        return TestReport(problems=tuple(said(problem) for problem in error.problems) or (sentence(error),))
    except EngineError as error:
        return TestReport(problems=(sentence(error),))
    if report.coverage is None:
        return TestReport(problems=tuple(said(problem) for problem in report.problems))
    walks = tuple(PlayedWalk(name, tuple(failures(result))) for name, result in by_short_name(report).items())
    return TestReport(walks, len(report.coverage.missed_elements), len(report.coverage.missed_flows))
