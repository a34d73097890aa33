"""The shipped processes do in our engine what they do in plain SpiffWorkflow, wherever plain is not itself wrong.

Every folder is a root here, with what it calls. The values that are filled in are those of the written walks, and
those that the conditions and the decision tables of the diagrams speak about.
"""

import ast
import random
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from functools import cache, partial
from typing import Any

import pytest
from lxml import etree
from plain_faults import DISORDER, MIXED, ONLY_ONCE, REWRITTEN, STALE
from plain_spiff import PlainModel
from plain_walker import Ground, walk_all
from walks import KEYS, PROCESSES, WALKS, ask_ladder, model, plan, walk, work_calendar

from engine import sources
from engine.bpmn import expressions
from engine.bpmn.definition import Definition
from engine.bpmn.document import bpmn, local
from engine.bpmn.elements import called_keys
from engine.domain.deadline import Timetable

WALKS_EACH = 300
DEEP = (6, 10, 14, 18, 24, 30, 60)  # through several phases
LENGTHS = (3, 4, 5, 6, 7, 8, 9, 10, 12, 14, 16, 20, 60)  # plain slows down with age: few walks are long


@pytest.mark.parametrize("key", KEYS)
def test_a_process_goes_as_in_plain_spiffworkflow(key: str, record_property: Any) -> None:
    tally = walk_all(_ground(key), WALKS_EACH, DEEP if key == "case_lifecycle" else LENGTHS)

    print("\n" + tally.line(key))
    record_property("tally", tally.line(key))
    assert tally.walks == WALKS_EACH
    assert tally.ended > 0
    assert tally.refused <= WALKS_EACH // 10
    assert set(tally.faults) <= {STALE, MIXED, REWRITTEN, DISORDER, ONLY_ONCE}, (
        "these diagrams have no other fault of plain in them"
    )
    assert tally.compared >= WALKS_EACH // 3
    assert sum(tally.parted.values()) <= WALKS_EACH // 4


def _ground(key: str) -> Ground:
    definitions = _definitions(key)
    starts = [walk(path) for path in WALKS if walk(path)["process"] == key]
    return Ground(
        name=key,
        ours=model(key),
        plain=PlainModel(definitions),
        starts=[(start["variables"], datetime.fromisoformat(start["now"]).astimezone(UTC)) for start in starts],
        answer=_Answers(definitions).answer,
        functions=lambda now: Timetable(work_calendar(), now, plan().windows).functions(),
        decide=partial(ask_ladder, plan().rules["ladder"]),
    )


def _definitions(key: str) -> tuple[Definition, ...]:
    found: dict[str, Definition] = {}
    wanted = [key]
    while wanted:
        name = wanted.pop(0)
        if name not in found:
            files = sources.process_folder(PROCESSES / name).files
            found[name] = Definition(name, name, 1, files)
            wanted += called_keys(files[f"{name}.bpmn"])
    return tuple(found.values())


class _Answers:
    """What people fill in: an answer from some walk, with values changed that conditions and tables speak about."""

    def __init__(self, definitions: tuple[Definition, ...]) -> None:
        self._asked: dict[str, set[Any]] = {}  # by variable; only scalars
        self._tables: set[str] = set()
        for definition in definitions:
            for name, content in definition.files.items():
                if name.endswith(".bpmn"):
                    self._read_conditions(content)
                elif name.endswith(".dmn"):
                    self._read_table(content)
        self._told = _told()
        for answers in self._told.values():
            for answer in answers:
                for name, value in answer.items():
                    if name in self._asked and isinstance(value, str | bool | int | float):
                        self._asked[name].add(value)

    def answer(self, chance: random.Random, element_id: str) -> dict[str, Any]:
        """A job, and whatever no walk fills in, brings a note of its own or nothing."""
        if element_id not in self._told:
            return {"note": f"{element_id} {chance.random()}"} if chance.random() < 0.5 else {}
        answer = dict(chance.choice(self._told[element_id]))
        for name, values in sorted(self._asked.items()):
            odds = 0.03 if name in self._tables else 0.15
            if chance.random() < odds:
                answer[name] = chance.choice(sorted(values, key=repr))
        return answer

    def _read_conditions(self, content: bytes) -> None:
        root = etree.fromstring(content)
        lists = {node.text for name in ("loopDataInputRef", "loopDataOutputRef") for node in root.iter(bpmn(name))}
        for node in root.iter(bpmn("conditionExpression")):
            for name, value in _spoken_of(node.text):
                if name not in lists:  # what a task done by several runs over and collects is filled in by nobody
                    self._asked.setdefault(name, set()).add(value)

    def _read_table(self, content: bytes) -> None:
        root = etree.fromstring(content)
        columns = [node for node in root.iter() if local(node) == "inputExpression"]
        names = ["".join(column.itertext()).strip() for column in columns]
        self._tables |= {name for name in names if name.isidentifier()}
        for rule in (node for node in root.iter() if local(node) == "rule"):
            cells = [node for node in rule if local(node) == "inputEntry"]
            for name, cell in zip(names, cells, strict=True):
                text = "".join(cell.itertext()).strip()
                value = expressions.constant_of(text.replace("true", "True").replace("false", "False"))
                if name.isidentifier() and value is not None:
                    self._asked.setdefault(name, set()).add(value)


def _spoken_of(condition: str) -> Iterator[tuple[str, Any]]:
    """The variables of a condition, each with the values that matter to it."""
    body = ast.parse(condition.strip(), mode="eval")
    compared: set[str] = set()
    for node in ast.walk(body):
        if isinstance(node, ast.Compare) and isinstance(node.comparators[0], ast.Constant):
            for name in expressions.names_of(ast.unparse(node.left)):
                compared.add(name)
                yield name, node.comparators[0].value
    for name in sorted(expressions.names_of(condition) - compared):
        yield from ((name, True), (name, False))


@cache
def _told() -> Mapping[str, list[dict[str, Any]]]:
    """What the walks fill in, by user task; a returnable task has an outcome."""
    found: dict[str, list[dict[str, Any]]] = {}
    for path in WALKS:
        for step in walk(path)["steps"]:
            if "complete" in step:
                found.setdefault(step["complete"], []).append({"outcome": "submitted", **step.get("variables", {})})
    return found
