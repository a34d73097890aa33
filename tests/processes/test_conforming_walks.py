"""What the engine did on its way through a shipped process conforms to its diagram; with a step less it does not."""

import random
from collections.abc import Mapping
from datetime import datetime
from typing import Any

import pytest
from test_walks import _act
from walks import KEYS, PROCESSES, WALKS, Walk, script

from engine.bpmn.conformance import path_model
from engine.bpmn.step import Step

STEPS = 400


class Recorded(Walk):
    """Keeps what was passed, in its order, as `visits` does."""

    def __init__(self, key: str, variables: Mapping[str, Any], now: datetime, *, ladder: str) -> None:
        self.recorded: list[tuple[str, str]] = []
        super().__init__(key, variables, now, ladder=ladder)

    def _note(self, step: Step) -> None:
        self.recorded += step.passed
        super()._note(step)


@pytest.mark.parametrize("key", KEYS)
def test_whatever_the_engine_did_follows_the_diagram_and_nothing_else_does(key: str) -> None:
    models = {each: path_model((PROCESSES / each / f"{each}.bpmn").read_bytes(), each) for each in KEYS}
    told = next(script(path) for path in WALKS if script(path).process == key)
    chance = random.Random(key)
    going = Recorded(told.process, told.variables, told.now, ladder=told.ladder)
    for _ in range(STEPS):
        if going.is_ended:
            break
        _act(going, chance)

    paths = {each: [element for of, element in going.recorded if of == each] for each in KEYS}
    assert going.is_ended and len(paths[key]) > 2
    for each, path in paths.items():
        assert models[each].deviations(path, has_ended=each == key, is_root=each == key) == ()
    own = paths[key]
    for gap in range(len(own) - 1):
        maimed = own[:gap] + own[gap + 1 :]
        is_twin = own[gap] == own[gap + 1]  # the same path without either
        assert is_twin or models[key].deviations(maimed, has_ended=True, is_root=True), f"without {own[gap]}"
