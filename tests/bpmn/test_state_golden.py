"""States of every released codec version are read, go on as they did when they were written, and are saved anew."""

import json
from pathlib import Path
from typing import Any

import pytest
from golden_states import GOLDEN, STORIES, Act, model, moment, perform, played, standing, told

from engine.bpmn.execution import Execution
from engine.bpmn.state import VERSION, contents, definition_ids, pack

STATES = sorted(GOLDEN.glob("version_*/*.state"))


def expected(path: Path) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(path.with_suffix(".json").read_text(encoding="utf-8"))
    return found


def test_every_version_has_a_state_of_every_story() -> None:
    kept = {(path.parent.name, path.stem) for path in STATES}

    assert kept == {(f"version_{number}", story) for number in range(1, VERSION + 1) for story in STORIES}


@pytest.mark.parametrize("path", STATES, ids=lambda path: f"{path.parent.name}-{path.stem}")
def test_a_state_of_any_version_goes_on_as_its_own_release_did(path: Path) -> None:
    blob, wanted = path.read_bytes(), expected(path)

    execution = Execution.load(model(tuple(wanted["processes"])), blob, moment())

    assert path.parent.name == f"version_{blob[0]}"
    assert list(definition_ids(blob)) == wanted["definition_ids"]
    assert standing(execution) == wanted["before"]
    assert told(perform(execution, Act(**wanted["act"]))) == wanted["step"]
    saved = execution.dump()
    assert saved[0] == VERSION
    assert standing(Execution.load(execution.model, saved, moment())) == wanted["after"]


@pytest.mark.parametrize("path", STATES, ids=lambda path: f"{path.parent.name}-{path.stem}")
def test_a_state_saved_before_it_moves_keeps_everything(path: Path) -> None:
    blob, wanted = path.read_bytes(), expected(path)

    moved = Execution.load(model(tuple(wanted["processes"])), pack(contents(blob)), moment())
    saved = Execution.load(moved.model, moved.dump(), moment())

    assert standing(moved) == standing(saved) == wanted["before"]
    assert contents(saved.dump()) == contents(blob)
    assert told(perform(saved, Act(**wanted["act"]))) == wanted["step"]


@pytest.mark.parametrize("name", STORIES)
def test_the_same_story_told_today_comes_to_the_same_place(name: str) -> None:
    wanted = expected(GOLDEN / "version_1" / f"{name}.json")

    execution = played(STORIES[name])

    assert standing(execution) == wanted["before"]
    assert told(perform(execution, STORIES[name].then)) == wanted["step"]
    assert standing(execution) == wanted["after"]
