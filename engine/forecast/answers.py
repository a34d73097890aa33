"""What a task is handed in with: an answer of the scenario, with its expressions computed."""

from collections.abc import Callable, Mapping
from typing import Any

from engine.bpmn.expressions import evaluate
from engine.bpmn.plain import plain
from engine.domain.deadline import day_of
from engine.errors import Invalid, Problem
from engine.forecast.scenario import Answer


def computed(
    answer: Answer,
    place: str,
    given: Mapping[str, Any],
    variables: Callable[[], Mapping[str, Any]],
    functions: Mapping[str, Callable[..., Any]],
) -> dict[str, Any]:
    """`given` and what the answer adds to it; an expression may use what stands before it. `variables` of the process
    are only asked where there is one. Raises Invalid that names the answer."""
    found, names = dict(given), None
    for name, value in answer.variables.items():
        if isinstance(value, str) and value[:1] in ("=", "@"):
            names = variables() if names is None else names
            try:
                result = evaluate(value[1:], {**names, **found}, functions)
                value = day_of(result).isoformat() if value[0] == "@" else plain(result, name)
            except Invalid as error:
                where = f"answers.{place}.{name}"
                problems = tuple(Problem(where, one.zh, one.en) for one in error.problems)
                raise Invalid("forecast.answer", f"{where}: {error}", problems) from error
        found[name] = value
    return found
