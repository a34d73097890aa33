"""An act: the story that leads to just before it, and the command itself."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from scenario import Scenario

from engine.domain.actor import Actor
from engine.runtime import Engine

KEY = "one operation"
SURVEYED = {"kinds": ["wu"], "is_illegal": True, "proposed": "close", "surveyed_on": "2024-05-20"}
WHY = "故障演练（演示）"


@dataclass(frozen=True)
class Act:
    """`story` brings a scenario to just before the act; `ask` says who would do what there. `key` is None where nobody
    asks with a key: what a claim answers is a lease, and not to be given out again."""

    name: str
    story: Callable[[Scenario], None]
    ask: Callable[[Scenario], tuple[Any, Actor]]
    key: str | None = KEY

    def on(self, scenario: Scenario) -> Callable[[Engine], object]:
        """The act, ready to be done on any engine."""
        command, actor = self.ask(scenario)
        return lambda engine: engine.execute(command, by=actor, operation_key=self.key)


def opened(scenario: Scenario) -> None:
    """The campaign, and no case."""


def registered(scenario: Scenario) -> None:
    scenario.register(2)


def survey_claimed(scenario: Scenario) -> None:
    [case, _] = scenario.register(2)
    scenario.claim(scenario.task_of(case, "survey_site"))


def first(scenario: Scenario, statement: Any) -> dict[str, Any]:
    """The one row that a command needs; a story that left none is a mistake."""
    return scenario.rows(statement.limit(1))[0]
