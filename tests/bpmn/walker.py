"""Plays a process twice, straight and with a save and load after every step, and insists that both do the same."""

from collections.abc import Mapping
from typing import Any

from diagrams import moment

from engine.bpmn.definition import Model
from engine.bpmn.execution import Execution
from engine.bpmn.state import seal, unseal
from engine.bpmn.step import Step

KEY = b"a key of the tests"


class Walk:
    """One instance, acted upon by element id; with `reload` it lives only as long as a step."""

    def __init__(self, model: Model, variables: Mapping[str, Any], *, reload: bool) -> None:
        self.model = model
        self.reload = reload
        self.elements: dict[str, str] = {}
        self.execution, step = Execution.start(model, variables, moment())
        self.first = self._after(step)

    def act(self, name: str, element_id: str, *arguments: Any, which: int = 0) -> Step:
        found = [token.token for token in self.execution.tokens() if token.element_id == element_id]
        return self._after(getattr(self.execution, name)(found[which], *arguments))

    def deliver(self, message: str, variables: Mapping[str, Any], at: Any) -> Step:
        return self._after(self.execution.deliver(message, variables, at))

    def cancel(self) -> Step:
        return self._after(self.execution.cancel(moment()))

    def _after(self, step: Step) -> Step:
        for opened in (*step.opened_tasks, *step.opened_timers, *step.opened_jobs, *step.opened_waits):
            self.elements[opened.token] = opened.element.element_id
        if self.reload:
            blob = self.execution.dump()
            self.execution = Execution.load(self.model, unseal(seal(blob, KEY), KEY), moment())
        return step

    def told(self, step: Step) -> dict[str, Any]:
        """The step without the random parts."""
        return {
            "tasks": [(t.element.element_id, t.variables, str(t.due), t.deadline_names) for t in step.opened_tasks],
            "closed": [self.elements[token] for token in step.closed_tokens],
            "timers": [(t.element.element_id, str(t.due), t.expression, t.names) for t in step.opened_timers],
            "jobs": [(j.element.element_id, j.kind, j.inputs) for j in step.opened_jobs],
            "waits": [(w.element.element_id, w.message) for w in step.opened_waits],
            "milestones": [(m.name, m.variables, str(m.due)) for m in step.milestones],
            "passed": step.passed,
            "gone": step.gone,
            "ended": step.ended,
            "decisions": [(d.decision_id, d.rule_id, d.outputs) for d in step.decisions],
            "live": [(token.element_id, token.kind) for token in self.execution.tokens()],
            "variables": self.execution.variables(),
        }


class Twins:
    """Both walks side by side. Every act returns the step of the straight one, after comparing."""

    def __init__(self, model: Model, /, **variables: Any) -> None:
        variables.setdefault("area", "unit-1")
        self.straight = Walk(model, variables, reload=False)
        self.reloaded = Walk(model, variables, reload=True)
        self.first = self._same(self.straight.first, self.reloaded.first)

    def complete(self, element_id: str, which: int = 0, days: int = 0, **variables: Any) -> Step:
        return self._act("complete", element_id, variables, moment(days), which=which)

    def job(self, element_id: str, **variables: Any) -> Step:
        return self._act("complete_job", element_id, variables, moment())

    def fire(self, element_id: str, days: int = 0) -> Step:
        return self._act("fire", element_id, moment(days))

    def deliver(self, message: str, **variables: Any) -> Step:
        walks = (self.straight, self.reloaded)
        return self._same(*(walk.deliver(message, variables, moment()) for walk in walks))

    def cancel(self) -> Step:
        return self._same(self.straight.cancel(), self.reloaded.cancel())

    @property
    def live(self) -> list[str]:
        """Element ids of everything that lives."""
        return [token.element_id for token in self.straight.execution.tokens()]

    @property
    def variables(self) -> dict[str, Any]:
        return self.straight.execution.variables()

    @property
    def is_ended(self) -> bool:
        return self.straight.execution.is_ended

    def _act(self, name: str, element_id: str, *arguments: Any, which: int = 0) -> Step:
        walks = (self.straight, self.reloaded)
        return self._same(*(walk.act(name, element_id, *arguments, which=which) for walk in walks))

    def _same(self, straight: Step, reloaded: Step) -> Step:
        assert self.straight.told(straight) == self.reloaded.told(reloaded)
        return straight


def opened(step: Step) -> list[str]:
    return [task.element.element_id for task in step.opened_tasks]


def passed(step: Step) -> list[str]:
    return [element_id for _, element_id in step.passed]
