"""Every shipped diagram is walked end to end, every way in it is gone, and no order of events leaves it stuck."""

import random
from functools import cache
from pathlib import Path
from typing import Any

import pytest
from walks import KEYS, WALKS, Walk, begin, ground, walk, walked

from engine.trials.coverage import coverage
from engine.trials.play import WalkResult

SEEDS = range(20)
STEPS = 400
NAMES = [f"{path.parent.parent.name}/{path.stem}" for path in WALKS]


@pytest.mark.parametrize("reload", [False, True], ids=["straight", "reloaded"])
@pytest.mark.parametrize("path", WALKS, ids=NAMES)
def test_a_walk_goes_as_written(path: Path, reload: bool) -> None:
    walked(path, reload=reload)


@cache
def all_walked() -> tuple[WalkResult, ...]:
    return tuple(walked(path) for path in WALKS)


@pytest.mark.parametrize("key", KEYS)
def test_the_walks_pass_every_element_and_go_every_way(key: str) -> None:
    found = coverage(ground(), key, all_walked())

    assert (found.missed_elements, found.missed_flows) == ((), ())
    assert found.elements and found.flows


@pytest.mark.parametrize("key", KEYS)
def test_random_walks_never_break_and_reach_the_end(key: str) -> None:
    """Any open task with any answer that some walk gives it, any timer, any message, in any order."""
    starts = [path for path in WALKS if walk(path)["process"] == key]
    ends = 0

    for seed in SEEDS:
        chance = random.Random(f"{key} {seed}")
        going = begin(chance.choice(starts), reload=seed % 2 == 1)
        for _ in range(STEPS):
            if going.is_ended:
                break
            _act(going, chance)
        assert going.is_ended, f"seed {seed}: no end after {STEPS} acts; open: {going.open_tasks()}"
        ends += 1
    assert ends == len(SEEDS)


def _act(going: Walk, chance: random.Random) -> None:
    """Mostly work gets done; now and then time passes first."""
    timer = going.next_timer()
    if going.tasks and (timer is None or chance.random() < 0.7):
        token = chance.choice(sorted(going.tasks, key=lambda token: going.tasks[token].element.element_id))
        going.complete(token, chance.choice(_answers()[going.tasks[token].element.element_id]))
    elif timer is not None:
        going.fire(timer[1])
    else:
        message = chance.choice([message for message in _messages() if going.execution.waits_for(message)])
        going.deliver(message)


@cache
def _answers() -> dict[str, list[dict[str, Any]]]:
    """What the walks fill in, by user task."""
    found: dict[str, list[dict[str, Any]]] = {}
    for path in WALKS:
        for step in walk(path)["steps"]:
            if "complete" in step:
                found.setdefault(step["complete"], []).append(step.get("variables", {}))
    return found


@cache
def _messages() -> list[str]:
    return sorted({step["message"] for path in WALKS for step in walk(path)["steps"] if "message" in step})
