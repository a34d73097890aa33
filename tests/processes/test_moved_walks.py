"""Moved by hand anywhere, any shipped process still comes to its end: no join waits for ever, nothing is left open."""

import random
from typing import Any

import pytest
from test_walks import _act, _answers
from walks import KEYS, WALKS, Walk, begin, walk

from engine.bpmn.execution import Execution
from engine.bpmn.moving import CannotMove, Move, Place, move
from engine.bpmn.script import ExecutionFailed
from engine.errors import Invalid

SEEDS = range(12)
STEPS = 400
MOVES = 6
DECIDED = {"is_relapse": False}  # what a rule table would have said


def moved(going: Walk, chance: random.Random) -> bool:
    """Some live user task for some element of a process that runs, where that is possible."""
    live = [token for token in going.execution.tokens() if token.kind == "user"]
    running = {token.process_key for token in going.execution.tokens()} | {going.model.root_key}
    starts = [
        element
        for element in going.model.all_elements
        if element.process_key in running and element.type in ("userTask", "serviceTask", "callActivity")
    ]
    if not live or not starts:
        return False
    chosen, start = chance.choice(live), chance.choice(starts)
    execution = Execution.load(going.model, going.execution.dump(), going._moment())
    wanted = Move((chosen.token,), (Place(start.process_key, start.element_id),), _unknown(execution, chosen.token))
    try:
        found = move(execution, wanted, going._moment())
    except (CannotMove, ExecutionFailed, Invalid):
        return False
    going.execution = execution
    going._after(found.step)
    return True


def _unknown(execution: Execution, token: str) -> dict[str, Any]:
    """What skipped tasks would have said: whoever moves an instance past them says it instead."""
    said = {name: value for answers in _answers().values() for answer in answers for name, value in answer.items()}
    known = execution.variables(token)
    return {name: value for name, value in {**DECIDED, **said}.items() if name not in known}


@pytest.mark.parametrize("key", KEYS)
def test_a_walk_that_is_moved_about_reaches_its_end(key: str) -> None:
    starts = [path for path in WALKS if walk(path)["process"] == key]
    moves = 0

    for seed in SEEDS:
        chance = random.Random(f"{key} {seed} moved")
        going, left = begin(chance.choice(starts), reload=True), MOVES
        for _ in range(STEPS):
            if going.is_ended:
                break
            if left and chance.random() < 0.3 and moved(going, chance):
                left, moves = left - 1, moves + 1
                continue
            _act(going, chance)
        assert going.is_ended, f"seed {seed}: no end after {STEPS} acts; open: {going.open_tasks()}"
    assert moves
