"""A stamped start is a normal start: the same state, the same step, other ids; what cannot be stamped is run."""

from collections.abc import Mapping, Sequence
from typing import Any

import pytest
from diagrams import Diagram, moment, several, table

from engine.bpmn.definition import Model
from engine.bpmn.execution import Execution
from engine.bpmn.expressions import evaluate, noted_names
from engine.bpmn.stamp import MAX_STAMPS, Stamps, Started, likeness_of
from engine.bpmn.state import contents
from engine.errors import Invalid
from engine.ids import TimeOrderedIds

new_id = TimeOrderedIds().new
CARRIED = [{"name": f"演示{n} \"'\\", "area": f"u{n}", "kinds": ["san"] * n, "x": n / 2} for n in range(5)]


def started(model: Model, all_variables: Sequence[Mapping[str, Any]]) -> Stamps:
    """Start with each of the variables, in one go and one by one, and compare."""
    stamps = Stamps(model, moment())
    seen: set[str] = set()
    for variables in all_variables:
        execution, step = Execution.start(model, variables, moment())
        found = stamps.start(variables, new_id())

        assert likeness_of(found) == likeness_of(Started(execution.dump(), step))
        ids = ids_of(found)
        assert ids and not ids & seen
        seen |= ids
    return stamps


def ids_of(found: Started) -> set[str]:
    content = contents(found.blob)
    return {row[0] for tree in (content["root"], *content["inner"].values()) for row in tree["tasks"]}


def test_variables_that_nobody_reads_are_carried_into_the_stamp() -> None:
    model = Diagram().start().task("one").timer("late", 'after("3d")', on="one").end().path("begin", "one").model()

    stamps = started(model, CARRIED)

    assert stamps.stamped == len(CARRIED) - 1


def test_a_start_that_reads_a_variable_is_stamped_for_each_of_its_values() -> None:
    model = (
        Diagram()
        .start()
        .choice("which", default="to_small")
        .task("large")
        .task("small")
        .end()
        .path("begin", "which")
        .flow("which", "large", "size > 3")
        .flow("which", "small", flow_id="to_small")
        .model()
    )
    sizes = (1, 5, 1, 5, 4.0, 4, True, 1)

    stamps = started(model, [{"size": size, "name": f"演示{n}"} for n, size in enumerate(sizes)])

    assert stamps.stamped == 3  # the second 1, the second 5, and the last 1: 4, 4.0 and True are seen once


def test_tokens_behind_an_event_gateway_belong_to_their_own_start() -> None:
    model = (
        Diagram()
        .start()
        .node("eventBasedGateway", "first")
        .message("told", "news")
        .timer("late", 'after("2d", begins)')
        .end()
        .path("begin", "first", "told", "finish")
        .path("first", "late", "finish")
        .model()
    )
    begins = "2024-05-06T01:00:00+00:00"
    stamps = Stamps(model, moment())
    some = [stamps.start({"begins": begins, "name": str(n)}, new_id()) for n in range(3)]

    started(model, [{"begins": begins, "name": str(n)} for n in range(4)])
    assert stamps.stamped == 2
    for found in some:
        live = {token.token for token in Execution.load(model, found.blob, moment()).tokens()}
        assert live == {opened.token for opened in (*found.step.opened_timers, *found.step.opened_waits)}


def test_jobs_milestones_and_inner_processes_come_out_of_the_stamp() -> None:
    inside = Diagram("inside").start("in").job("letter", to="area").end("out").path("in", "letter", "out")
    model = (
        Diagram()
        .start()
        .node("intermediateThrowEvent", "noted", milestone="surveyed")
        .embedded("embedded", inside)
        .end()
        .path("begin", "noted", "embedded", "finish")
        .model()
    )

    stamps = started(model, [{"area": "u1", "name": f"演示{n}"} for n in range(4)])

    assert stamps.stamped == 3
    step = stamps.start({"area": "u1", "name": "演示（第五）"}, new_id()).step
    assert [reached.variables for reached in step.milestones] == [{"area": "u1", "name": "演示（第五）"}]
    assert [job.inputs for job in step.opened_jobs] == [{"to": "u1"}]


def test_a_branch_that_overwrites_what_a_case_brings_is_run_for_every_case() -> None:
    rules = table("rules", ["size"], ["way"], [["-", '"short"']])
    model = (
        Diagram()
        .start()
        .parallel("fork")
        .node("businessRuleTask", "decide", decisionRef="rules")
        .task("one")
        .task("two")
        .end()
        .path("begin", "fork", "decide", "one", "finish")
        .path("fork", "two", "finish")
        .model(rules__dmn=rules)
    )

    stamps = started(model, [{"size": 1, "way": way, "n": n} for n, way in enumerate(("long", "short", "x", "short"))])

    assert stamps.stamped == 0


def test_a_task_for_each_item_of_a_list_is_run_for_every_case() -> None:
    model = Diagram().start().task("one", several("items", "item")).end().path("begin", "one", "finish").model()

    stamps = started(model, [{"items": ["a"] * n, "name": str(n)} for n in (1, 2, 2, 2)])

    assert stamps.stamped == 0


def test_too_many_ways_to_start_are_run_one_by_one() -> None:
    model = Diagram().start().job("letter", to="name").end().path("begin", "letter", "finish").model()

    stamps = started(model, [{"name": str(n % (MAX_STAMPS + 8))} for n in range(2 * MAX_STAMPS + 16)])

    assert stamps.stamped == MAX_STAMPS


def test_a_variable_that_is_absent_is_another_start_than_one_that_is_none() -> None:
    model = (
        Diagram()
        .start()
        .choice("which", default="to_one")
        .task("one")
        .task("two")
        .end()
        .path("begin", "which")
        .flow("which", "two", 'default("kind", "two") == "two"')
        .flow("which", "one", flow_id="to_one")
        .model()
    )

    stamps = started(model, [{"kind": None}, {}, {"kind": None}, {}, {"kind": "two"}])

    assert stamps.stamped == 2


def test_what_is_no_plain_value_is_refused_as_by_a_normal_start() -> None:
    model = Diagram().start().task("one").end().path("begin", "one", "finish").model()
    stamps = started(model, CARRIED)

    with pytest.raises(Invalid):
        stamps.start({**CARRIED[0], "name": object()}, new_id())


def test_names_are_noted_only_inside() -> None:
    with noted_names() as outer:
        evaluate("a + 1", {"a": 1}, {})
        with noted_names() as inner:
            evaluate('default("b", 2) + len(c)', {"c": "x"}, {})
    evaluate("d", {"d": 1}, {})

    assert (outer, inner) == ({"a"}, {"b", "c"})
