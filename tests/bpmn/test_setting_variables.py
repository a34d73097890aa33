"""A variable set by hand: every live token has it, nothing older comes back at a join, and nothing moves."""

import pytest
from diagrams import Diagram, moment

from engine.bpmn.execution import Execution
from engine.bpmn.step import Step
from engine.errors import Invalid


def forked() -> Execution:
    """fork → (left | right) → meet → after: left is done and waits at the join, right is live."""
    model = (
        Diagram()
        .start()
        .parallel("fork")
        .task("left")
        .task("right")
        .parallel("meet")
        .task("after")
        .end()
        .path("begin", "fork", "left", "meet", "after", "finish")
        .path("fork", "right", "meet")
        .model()
    )
    execution, _ = Execution.start(model, {"lead": "gxj", "kept": [1]}, moment())
    execution = Execution.load(model, execution.dump(), moment())
    act(execution, "left")
    return Execution.load(model, execution.dump(), moment())


def act(execution: Execution, element_id: str) -> Step:
    [token] = [token.token for token in execution.tokens() if token.element_id == element_id]
    return execution.complete(token, {}, moment())


def test_nothing_older_comes_back_when_the_branches_meet() -> None:
    execution = forked()

    step = execution.set_variables({"lead": "sthj"}, moment())

    assert step == Step()
    reloaded = Execution.load(execution.model, execution.dump(), moment())
    step = act(reloaded, "right")
    assert [opened.variables for opened in step.opened_tasks] == [{"lead": "sthj", "kept": [1]}]


def test_a_new_variable_is_known_from_now_on() -> None:
    execution = forked()

    execution.set_variables({"note": {"text": "演示"}}, moment())

    reloaded = Execution.load(execution.model, execution.dump(), moment())
    assert reloaded.variables() == {"lead": "gxj", "kept": [1], "note": {"text": "演示"}}


@pytest.mark.parametrize("variables", [{"a b": 1}, {"__x": 1}, {"lead": {1}}, {"lead": float("inf")}])
def test_what_is_no_plain_variable_is_refused(variables: dict[str, object]) -> None:
    execution = forked()

    with pytest.raises(Invalid):
        execution.set_variables(variables, moment())
    assert execution.variables()["lead"] == "gxj"
