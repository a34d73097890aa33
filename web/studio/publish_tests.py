"""What the walks of a draft say when they are played, in short: for the person who publishes it."""

from dataclasses import dataclass

from engine.errors import EngineError, Invalid
from engine.queries.models import ModelDraft
from engine.trials.coverage import coverage
from engine.trials.play import play
from web.errors import said, sentence
from web.studio.trials import failures, ground_of, limits, walks_of


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

    @property
    def is_complete(self) -> bool:
        return bool(self.walks) and not (self.failed or self.missed_elements or self.missed_flows)


def report_of(draft: ModelDraft) -> TestReport | None:
    """None for a folder without a diagram: there is nothing to play."""
    if f"{draft.key}.bpmn" not in draft.files:
        return None
    held = walks_of(draft)
    if not held:
        return TestReport()
    try:
        ground, bounds = ground_of(draft), limits()
        results = [play(ground, content, name=f"{name}.toml", limits=bounds) for name, content in held.items()]
        walks = tuple(PlayedWalk(name, tuple(failures(result))) for name, result in zip(held, results, strict=True))
        found = coverage(ground, draft.key, results)
    except Invalid as error:
        return TestReport(problems=tuple(said(problem) for problem in error.problems) or (sentence(error),))
    except EngineError as error:
        return TestReport(problems=(sentence(error),))
    return TestReport(walks, len(found.missed_elements), len(found.missed_flows))
