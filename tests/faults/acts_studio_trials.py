"""The playground of the studio: what a person tries is kept, and forgotten."""

from act import Act, first, opened
from scenario import Scenario

from engine.commands.models import OpenModelDraft
from engine.commands.trials import DropTrial, KeepTrial
from engine.store.schema import model_drafts

SCRIPT = 'name = "n"\nprocess = "lookback"\nnow = "2024-06-11T09:00:00+08:00"\n'


def drafted(scenario: Scenario) -> None:
    opened(scenario)
    scenario.engine.execute(OpenModelDraft("lookback"), by=scenario.person("sheji"))


def begun(scenario: Scenario) -> None:
    drafted(scenario)
    scenario.engine.execute(KeepTrial(_draft(scenario), SCRIPT), by=scenario.person("sheji"))


def _draft(scenario: Scenario) -> str:
    return str(first(scenario, model_drafts.select())["draft_id"])


STUDIO_TRIALS = (
    Act("begin a trial", drafted, lambda s: (KeepTrial(_draft(s), SCRIPT), s.person("sheji"))),
    Act("go on with a trial", begun, lambda s: (KeepTrial(_draft(s), SCRIPT, 1), s.person("sheji"))),
    Act("end a trial", begun, lambda s: (DropTrial(_draft(s)), s.person("sheji"))),
)
