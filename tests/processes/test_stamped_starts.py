"""The shipped processes, started many at once: each start is what a normal one is, and goes on like it to its end."""

import random
from datetime import datetime
from functools import cache, partial
from typing import Any

import pytest
from walks import KEYS, WALKS, Walk, ask_ladder, model, plan, walk, work_calendar

from engine.bpmn.execution import Execution
from engine.bpmn.plain import due_instant
from engine.bpmn.stamp import Stamps, Started, likeness_of
from engine.bpmn.state import contents
from engine.bpmn.step import Moment
from engine.domain.calendar import SHANGHAI
from engine.domain.deadline import Timetable
from engine.ids import CountingIds

COUNT = 40
new_id = CountingIds(7).new
ACTS = 300
NOW = datetime(2024, 5, 20, 9, tzinfo=SHANGHAI)
FREE = ("name", "address", "problem", "contact_name", "contact_phone", "case", "item_name", "industry")


def moment() -> Moment:
    functions = Timetable(work_calendar(), NOW, plan().windows).functions()
    return Moment(NOW, functions, partial(ask_ladder, plan().rules["ladder"], functions), notes_flows=True)


def drawn(key: str, chance: random.Random) -> dict[str, Any]:
    """Variables as some walk of the process has them, each taken from any walk; free texts are invented."""
    told = [walk(path)["variables"] for path in WALKS if walk(path)["process"] == key]
    base = chance.choice(told)
    found = {name: chance.choice([each[name] for each in told if name in each]) for name in base}
    for name in FREE:
        if isinstance(found.get(name), str):
            found[name] = "".join(chance.choice('演示ab"\\\n@{}:,') for _ in range(chance.randrange(9)))
    return found


def started(key: str, seed: int) -> list[tuple[dict[str, Any], Started]]:
    chance, stamps = random.Random(f"{key} {seed}"), Stamps(model(key), moment())
    found = [(variables, stamps.start(variables, new_id())) for variables in (drawn(key, chance) for _ in range(COUNT))]
    if key in ("case_lifecycle", "survey"):
        assert stamps.stamped >= COUNT - 1, "cases are what is started by the thousand"
    return found


@pytest.mark.parametrize("key", KEYS)
def test_each_of_many_starts_is_a_normal_start_with_ids_of_its_own(key: str) -> None:
    seen: set[str] = set()
    for variables, found in started(key, 1):
        execution, step = Execution.start(model(key), variables, moment())
        content = contents(found.blob)
        ids = {row[0] for tree in (content["root"], *content["inner"].values()) for row in tree["tasks"]}

        assert likeness_of(found) == likeness_of(Started(execution.dump(), step))
        assert not ids & seen
        seen |= ids


@pytest.mark.parametrize("key", KEYS)
def test_a_stamped_start_goes_on_like_a_normal_one(key: str) -> None:
    for number, (variables, found) in enumerate(started(key, 2)[-4:]):
        normal, stamped = Walk(key, variables, NOW), going_on(key, variables, found)
        chances = random.Random(number), random.Random(number)
        for _ in range(ACTS):
            assert told(stamped) == told(normal)
            if normal.is_ended:
                break
            act(normal, chances[0])
            act(stamped, chances[1])
        assert normal.is_ended and stamped.is_ended
        assert stamped.execution.variables() == normal.execution.variables()


def going_on(key: str, variables: dict[str, Any], found: Started) -> Walk:
    """A walk that begins with what was stamped instead of with a start of its own."""
    going = Walk(key, variables, NOW)
    for gathered in (going.tasks, going.timers, going.dues, going.jobs, going.milestones, going.passed, going.flows):
        gathered.clear()
    going.execution = Execution.load(model(key), found.blob, moment())
    going._after(found.step)
    return going


def told(going: Walk) -> Any:
    timers = sorted((due_instant(timer.due), timer.element.element_id) for timer in going.timers.values())
    dues = sorted((name, str(due)) for name, due in going.dues.items())
    return going.open_tasks(), timers, dues, going.jobs, going.milestones, going.passed, going.flows, going.is_ended


def act(going: Walk, chance: random.Random) -> None:
    """Mostly work gets done; now and then time passes first. What is chosen has nothing to do with ids."""
    timers = sorted((due_instant(timer.due), timer.element.element_id, token) for token, timer in going.timers.items())
    if going.tasks and (not timers or chance.random() < 0.7):
        element_id, token = chance.choice(
            sorted((task.element.element_id, token) for token, task in going.tasks.items())
        )
        going.complete(token, chance.choice(answers()[element_id]))
    elif timers:
        going.fire(timers[0][2])
    else:
        going.deliver(chance.choice([message for message in messages() if going.execution.waits_for(message)]))


@cache
def answers() -> dict[str, list[dict[str, Any]]]:
    """What the walks fill in, by user task."""
    found: dict[str, list[dict[str, Any]]] = {}
    for step in (step for path in WALKS for step in walk(path)["steps"] if "complete" in step):
        found.setdefault(step["complete"], []).append(step.get("variables", {}))
    return found


@cache
def messages() -> list[str]:
    return sorted({step["message"] for path in WALKS for step in walk(path)["steps"] if "message" in step})
