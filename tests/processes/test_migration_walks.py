"""Every shipped process goes on the same after it moved to another version that says the same, wherever it stood."""

import random
from functools import cache
from typing import Any

import pytest
from lxml import etree
from test_walks import _answers, _messages
from walks import KEYS, PROCESSES, WALKS, Walk, begin, model, walk

from engine import sources
from engine.bpmn.definition import Definition, Model, load_model
from engine.bpmn.elements import read_elements
from engine.bpmn.migration import Versions, migrate

SEEDS = range(12)
STEPS = 400


@cache
def copy_of(key: str, version: int) -> Model:
    """The process with everything it calls, deployed once more from the same bytes."""
    names = [definition_id.split("@")[0] for definition_id in model(key).definition_ids]
    return load_model(
        [
            Definition(f"{name}@{version}", name, version, sources.process_folder(PROCESSES / name).files)
            for name in names
        ]
    )


@cache
def renamed(key: str) -> tuple[Model, dict[str, str]]:
    """The process with another id for each of its elements, and which is which; what it calls stays."""
    definitions, mapping = [], {}
    for name in (definition_id.split("@")[0] for definition_id in model(key).definition_ids):
        files = dict(sources.process_folder(PROCESSES / name).files)
        if name == key:
            mapping = {
                element.element_id: f"{element.element_id}_then" for element in read_elements(files[f"{key}.bpmn"])
            }
            files[f"{key}.bpmn"] = _renamed(files[f"{key}.bpmn"], mapping)
        definitions.append(Definition(f"{name}@renamed", name, 2, files))
    return load_model(definitions), mapping


def _renamed(diagram: bytes, mapping: dict[str, str]) -> bytes:
    root = etree.fromstring(diagram)
    for node in root.iter():
        for name in ("id", "sourceRef", "targetRef", "attachedToRef", "bpmnElement"):
            if node.get(name) in mapping:
                node.set(name, mapping[node.get(name)])
    return etree.tostring(root)


def moved(going: Walk, version: int) -> None:
    """Put the walk on a copy of its process; what it knows of its tasks and timers stays as it is."""
    new = copy_of(going.model.root_key, version)
    found = migrate(Versions(going.model, new, going.model.root_key), going.execution.dump(), {}, going._moment())

    assert (found.step.closed_tokens, found.step.opened_timers, found.step.opened_waits) == ((), (), ())
    assert found.notes == ()
    assert found.execution.tokens() == going.execution.tokens()
    going.model, going.execution = new, found.execution


def told(going: Walk) -> dict[str, Any]:
    return {
        "tasks": sorted((task.element.element_id, str(task.due)) for task in going.tasks.values()),
        "timers": sorted((timer.element.element_id, str(timer.due)) for timer in going.timers.values()),
        "live": [(token.process_key, token.element_id, token.kind) for token in going.execution.tokens()],
        "active": going.execution.active_elements(),
        "variables": going.execution.variables(),
        "milestones": going.milestones,
        "jobs": going.jobs,
        "passed": going.passed,
        "ended": going.is_ended,
    }


def act(going: Walk, chance: random.Random) -> None:
    """The same chance does the same to a walk and to its twin, whose tokens have other names."""
    timer = going.next_timer()
    if going.tasks and (timer is None or chance.random() < 0.7):
        token = chance.choice(sorted(going.tasks, key=lambda token: place(going, token)))
        going.complete(token, chance.choice(_answers()[going.tasks[token].element.element_id]))
    elif timer is not None:
        first = min(
            going.timers, key=lambda token: (str(going.timers[token].due), going.timers[token].element.element_id)
        )
        going.fire(first)
    else:
        message = chance.choice([message for message in _messages() if going.execution.waits_for(message)])
        going.deliver(message)


def place(going: Walk, token: str) -> tuple[str, int]:
    order = [each.token for each in going.execution.tokens()]
    return going.tasks[token].element.element_id, order.index(token)


def armed(going: Walk, token: str) -> tuple[str, str]:
    return str(going.timers[token].due), going.timers[token].element.element_id


@pytest.mark.parametrize("key", KEYS)
def test_a_walk_that_moves_to_a_copy_of_its_process_goes_on_like_its_twin_that_stays(key: str) -> None:
    starts = [path for path in WALKS if walk(path)["process"] == key]
    moves = 0

    for seed in SEEDS:
        path = random.Random(f"{key} {seed}").choice(starts)
        stays, goes = begin(path, reload=True), begin(path, reload=True)
        mine, theirs, when = (random.Random(f"{key} {seed} {name}") for name in ("acts", "acts", "moves"))
        for step in range(STEPS):
            if stays.is_ended:
                break
            if when.random() < 0.6:
                moved(goes, step)
                moves += 1
            act(stays, mine)
            act(goes, theirs)
            assert told(goes) == told(stays), f"seed {seed}, step {step}"
        assert stays.is_ended and goes.is_ended
    assert moves


@pytest.mark.parametrize("key", KEYS)
def test_a_walk_goes_on_the_same_when_every_element_has_another_id_for_a_while(key: str) -> None:
    """There and back, each time with the ids that belong to each other."""
    starts = [path for path in WALKS if walk(path)["process"] == key]
    new, mapping = renamed(key)
    back = {after: before for before, after in mapping.items()}
    moves = 0

    for seed in SEEDS:
        path = random.Random(f"{key} {seed}").choice(starts)
        stays, goes = begin(path, reload=True), begin(path, reload=True)
        mine, theirs, when = (random.Random(f"{key} {seed} {name}") for name in ("acts", "acts", "moves"))
        for step in range(STEPS):
            if stays.is_ended:
                break
            if when.random() < 0.6:
                old = goes.model
                there = migrate(Versions(old, new, key, mapping), goes.execution.dump(), {}, goes._moment())
                here = migrate(Versions(new, old, key, back), there.execution.dump(), {}, goes._moment())
                assert {token.element_id for token in there.execution.tokens() if token.process_key == key} == {
                    mapping[token.element_id] for token in goes.execution.tokens() if token.process_key == key
                }
                goes.execution = here.execution
                moves += 1
            act(stays, mine)
            act(goes, theirs)
            assert told(goes) == told(stays), f"seed {seed}, step {step}"
        assert stays.is_ended and goes.is_ended
    assert moves
