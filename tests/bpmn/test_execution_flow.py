"""How a process moves: tasks, choices, jobs, decisions, milestones, called and embedded processes, ends."""

from datetime import UTC, date, datetime
from typing import Any

import pytest
from diagrams import NOW, Diagram, FakeDeadline, job_inputs, moment, table
from walker import Twins, opened, passed

from engine.bpmn.definition import Definition, ModelRefused, load_model
from engine.bpmn.execution import Execution, NotLive
from engine.bpmn.script import ExecutionFailed
from engine.errors import Invalid, Problem


def returned_and_done() -> Diagram:
    """submit → review, which can be sent back to submit."""
    return (
        Diagram()
        .start()
        .task("submit", dueDate='after("10wd")', basis="方案四（二）")
        .task("review", returnable="true")
        .choice("decided", default="done")
        .end(milestone="accepted")
        .path("begin", "submit", "review", "decided")
        .flow("decided", "submit", 'outcome == "returned"')
        .flow("decided", "finish", flow_id="done")
    )


def test_a_started_process_waits_at_its_first_task_with_variables_and_deadline() -> None:
    walk = Twins(returned_and_done().model(), start_on="x")

    task = walk.first.opened_tasks[0]
    assert (task.element.process_key, task.element.element_id, task.element.form_key) == ("demo", "submit", "form")
    assert task.element.candidate_groups == ("officer@area",)
    assert task.variables == {"area": "unit-1", "start_on": "x"}
    assert task.due == FakeDeadline(datetime(2024, 5, 16, 1, 0, tzinfo=UTC), "after 10wd")
    assert passed(walk.first) == ["begin"]
    assert not walk.first.ended


def test_completing_a_task_closes_it_and_opens_the_next() -> None:
    walk = Twins(returned_and_done().model())
    first = walk.straight.execution.tokens()[0].token

    step = walk.complete("submit", note="好")

    assert step.closed_tokens == (first,)
    assert opened(step) == ["review"]
    assert step.opened_tasks[0].variables["note"] == "好"


def test_a_case_sent_back_ten_times_goes_on() -> None:
    walk = Twins(returned_and_done().model())

    for number in range(10):
        assert opened(walk.complete("submit", days=number, round=number)) == ["review"]
        step = walk.complete("review", outcome="returned", return_reason=f"第{number}次")
        assert opened(step) == ["submit"]
    walk.complete("submit")
    end = walk.complete("review", outcome="approved")

    assert end.ended
    assert [milestone.name for milestone in end.milestones] == ["accepted"]
    assert walk.variables["round"] == 9


def test_a_deadline_is_computed_anew_in_each_round() -> None:
    walk = Twins(returned_and_done().model())

    walk.complete("submit")
    step = walk.complete("review", days=30, outcome="returned")

    assert step.opened_tasks[0].due.due_at == datetime(2024, 6, 15, 1, 0, tzinfo=UTC)


def test_a_completed_task_cannot_be_completed_again() -> None:
    execution, step = Execution.start(returned_and_done().model(), {}, moment())
    token = step.opened_tasks[0].token
    execution.complete(token, {"opinion": "同意"}, moment())

    with pytest.raises(NotLive):
        execution.complete(token, {"opinion": "不同意"}, moment())

    assert execution.variables()["opinion"] == "同意"


def test_a_task_token_does_not_open_other_doors() -> None:
    execution, step = Execution.start(returned_and_done().model(), {}, moment())
    token = step.opened_tasks[0].token

    for act in (
        lambda: execution.complete_job(token, {}, moment()),
        lambda: execution.fire(token, moment()),
        lambda: execution.complete("no such token", {}, moment()),
        lambda: execution.variables("no such token"),
    ):
        with pytest.raises(NotLive):
            act()


def test_what_a_deadline_was_computed_from_is_kept() -> None:
    diagram = (
        Diagram()
        .start()
        .task("fix", dueDate='latest(after(term, begun), phase_end("cleanup"))', basis="方案")
        .end()
        .path("begin", "fix", "finish")
    )
    at = moment()
    at = type(at)(at.now, {**at.functions, "latest": lambda *each: max(each, key=lambda one: one.due_at)})
    begun = datetime(2024, 5, 1, tzinfo=UTC)

    _, step = Execution.start(diagram.model(), {"term": "5d", "begun": begun, "other": 1}, at)

    assert step.opened_tasks[0].deadline_names == {"term": "5d", "begun": begun.isoformat()}
    assert step.opened_tasks[0].due.rule == "phase_end cleanup"


def test_only_plain_json_is_kept() -> None:
    given = {
        "when": NOW,
        "day": date(2024, 5, 6),
        "due": FakeDeadline(NOW, "x"),
        "rows": ({"a": 1.5},),
        "yes": True,
    }

    walk = Twins(returned_and_done().model(), **given)

    assert walk.variables == {
        "area": "unit-1",
        "when": "2024-05-06T01:00:00+00:00",
        "day": "2024-05-06",
        "due": "2024-05-06T01:00:00+00:00",
        "rows": [{"a": 1.5}],
        "yes": True,
    }


@pytest.mark.parametrize(
    "variables",
    [
        {"x": object()},
        {"x": {1, 2}},
        {"x": b"bytes"},
        {"x": float("nan")},
        {"x": 2**60},
        {"x": "\ud800"},
        {"x": datetime(2024, 5, 6)},  # noqa: DTZ001 - the point of the case
        {"x": {1: 2}},
        {"not a name": 1},
        {"__class__": 1},
    ],
)
def test_what_is_not_plain_json_is_refused(variables: dict[str, Any]) -> None:
    with pytest.raises(Invalid):
        Execution.start(returned_and_done().model(), variables, moment())


def test_deeply_nested_values_are_refused() -> None:
    deep: Any = 1
    for _ in range(60):
        deep = [deep]

    with pytest.raises(Invalid):
        Execution.start(returned_and_done().model(), {"deep": deep}, moment())


def test_changing_what_was_given_later_changes_nothing() -> None:
    rows = {"list": [1]}
    execution, step = Execution.start(returned_and_done().model(), {"rows": rows}, moment())

    rows["list"].append(2)
    step.opened_tasks[0].variables["rows"] = "changed"

    assert execution.variables()["rows"] == {"list": [1]}


def test_a_variable_may_have_any_plain_name() -> None:
    given = {"self": 1, "data": 2, "typename": "Task", "task": {"typename": "nothing"}}
    execution, step = Execution.start(calling().model(called()), given, moment())

    execution.complete(step.opened_tasks[0].token, {"kwargs": 3}, moment())

    again = Execution.load(execution.model, execution.dump(), moment())
    assert again.variables() == {**given, "kwargs": 3}


def test_a_job_gets_its_inputs_and_waits_for_its_result() -> None:
    diagram = (
        Diagram()
        .start()
        .job("notice", kind="'notice'", to="area", due='after("5wd")', more="count + 1")
        .task("read")
        .end()
        .path("begin", "notice", "read", "finish")
    )
    walk = Twins(diagram.model(), count=1)

    job = walk.first.opened_jobs[0]
    step = walk.job("notice", letter_no="〔2024〕1号")

    due = "2024-05-11T01:00:00+00:00"
    assert (job.kind, job.inputs) == ("letter", {"kind": "notice", "to": "unit-1", "due": due, "more": 2})
    assert opened(step) == ["read"]
    assert step.opened_tasks[0].variables["letter_no"] == "〔2024〕1号"
    assert step.closed_tokens == (job.token,)


def test_a_decision_table_gives_variables_and_says_by_which_row() -> None:
    rules = table("disposition", ["illegal"], ["way"], [["true", '"close"'], ["-", '"rectify"']])
    diagram = (
        Diagram()
        .start()
        .node("businessRuleTask", "judge", decisionRef="disposition")
        .choice("which", default="rest")
        .task("close")
        .task("rectify")
        .end()
        .path("begin", "judge", "which")
        .flow("which", "close", 'way == "close"')
        .flow("which", "rectify", flow_id="rest")
        .path("close", "finish")
        .path("rectify", "finish")
    )

    walk = Twins(diagram.model(disposition__dmn=rules), illegal=True)

    assert opened(walk.first) == ["close"]
    decided = walk.first.decisions[0]
    assert (decided.decision_id, decided.rule_id, decided.outputs) == ("disposition", "rule1", {"way": "close"})


def test_a_rule_task_tells_its_table_more_than_the_variables_and_may_refuse_the_answer_that_led_there() -> None:
    columns = ["no", "no_en", "no_field"]
    rules = table(
        "limit",
        ["asked", "area"],
        columns,
        [["> 3", "-", '"最多3，已填{asked}"', '"3 at most"', '"count"'], ["-", "-", "null", "null", "null"]],
    )
    inputs = job_inputs(asked="count + more")
    diagram = (
        Diagram().start().task("fill_in").node("businessRuleTask", "judge", inputs, decisionRef="limit", refusal="no")
    )
    model = diagram.task("go_on").end().path("begin", "fill_in", "judge", "go_on", "finish").model(limit__dmn=rules)

    few, many = Twins(model, more=1), Twins(model, more=1)
    allowed, refused = few.complete("fill_in", count=2), many.complete("fill_in", count=3)

    assert [decided.refusal for decided in allowed.decisions] == [None]
    assert [decided.refusal for decided in refused.decisions] == [Problem("count", "最多3，已填4", "3 at most")]
    assert refused.decisions[0].inputs == {"asked": 4, "area": "unit-1"}
    assert "asked" not in many.variables, "what only the table is told is no variable"


def test_a_table_without_an_answer_stops_the_step_and_names_the_element() -> None:
    rules = table("disposition", ["illegal"], ["way"], [["true", '"close"']])
    diagram = Diagram().start().node("businessRuleTask", "judge", decisionRef="disposition").end()
    model = diagram.path("begin", "judge", "finish").model(disposition__dmn=rules)

    with pytest.raises(ExecutionFailed) as failed:
        Execution.start(model, {"illegal": False}, moment())

    assert failed.value.fields == {"process_key": "demo", "element_id": "judge"}


def test_milestones_come_in_order_with_the_variables_of_their_moment() -> None:
    diagram = (
        Diagram()
        .start()
        .task("survey")
        .node("intermediateThrowEvent", "surveyed", milestone="surveyed")
        .job("letter")
        .node("intermediateThrowEvent", "disposed", milestone="disposed", dueDate="after(term)", basis="方案")
        .end(milestone="accepted")
        .path("begin", "survey", "surveyed", "letter", "disposed", "finish")
    )
    walk = Twins(diagram.model(), term="30d")

    first = walk.complete("survey", kinds=["散"])
    second = walk.job("letter", letter_no=1)

    assert [(each.name, each.variables.get("letter_no")) for each in first.milestones] == [("surveyed", None)]
    assert [(each.name, each.variables["letter_no"]) for each in second.milestones] == [
        ("disposed", 1),
        ("accepted", 1),
    ]
    disposed = second.milestones[0]
    assert disposed.due.due_at == datetime(2024, 6, 5, 1, 0, tzinfo=UTC)
    assert disposed.deadline_names == {"term": "30d"}
    assert passed(second) == ["letter", "disposed", "finish"]


def calling() -> Diagram:
    return (
        Diagram()
        .start()
        .node("callActivity", "phase", calledElement="cleanup")
        .task("after")
        .end()
        .path("begin", "phase", "after", "finish")
    )


def called() -> Diagram:
    return (
        Diagram("cleanup").start().task("inner").end("cleaned", milestone="disposed").path("begin", "inner", "cleaned")
    )


def test_variables_flow_into_a_called_process_and_out() -> None:
    walk = Twins(calling().model(called()), site={"name": "演示企业"})

    assert [(task.element.process_key, task.element.element_id) for task in walk.first.opened_tasks] == [
        ("cleanup", "inner")
    ]
    assert walk.straight.execution.active_elements() == [("demo", "phase"), ("cleanup", "inner")]
    step = walk.complete("inner", disposition="close")

    assert opened(step) == ["after"]
    assert step.passed == (("cleanup", "inner"), ("cleanup", "cleaned"), ("demo", "phase"))
    assert walk.variables == {"area": "unit-1", "site": {"name": "演示企业"}, "disposition": "close"}


def test_processes_called_three_deep_and_side_by_side_keep_apart() -> None:
    deep = Diagram("deep").start().task("bottom").end().path("begin", "bottom", "finish")
    middle = Diagram("cleanup").start().node("callActivity", "down", calledElement="deep").end()
    middle.path("begin", "down", "finish")
    top = Diagram().start().parallel("fork").parallel("meet").end()
    for name in ("left", "right"):
        top.node("callActivity", name, calledElement="cleanup").path("fork", name, "meet")
    walk = Twins(top.path("begin", "fork").path("meet", "finish").model(middle, deep))

    assert opened(walk.first) == ["bottom", "bottom"]
    assert not walk.complete("bottom", which=1, right=1).ended
    assert walk.complete("bottom", left=1).ended
    assert walk.variables == {"area": "unit-1", "left": 1, "right": 1}


def test_the_same_element_id_in_two_processes_is_two_elements() -> None:
    inner = Diagram("cleanup").start().task("after").end().path("begin", "after", "finish")
    model = calling().model(inner)

    assert model.element("demo", "after") != model.element("cleanup", "after")
    assert model.elements["after"].process_key == "demo"


def test_embedded_processes_with_the_same_id_in_two_files_do_not_mix() -> None:
    def folder(key: str, task: str) -> Diagram:
        inside = Diagram().start(f"{task}_in").task(task).end(f"{task}_out").path(f"{task}_in", task, f"{task}_out")
        return Diagram(key).start().embedded("part", inside)

    outer = folder("demo", "first").node("callActivity", "phase", calledElement="cleanup").end()
    outer.path("begin", "part", "phase", "finish")
    inner = folder("cleanup", "second").end().path("begin", "part", "finish")
    walk = Twins(outer.model(inner))

    assert opened(walk.first) == ["first"]
    assert opened(walk.complete("first")) == ["second"]
    assert walk.complete("second").ended


def test_a_called_process_that_is_not_there_is_refused_when_the_model_is_made() -> None:
    with pytest.raises(ModelRefused):
        calling().model()


def test_a_model_is_made_once_for_the_same_versions() -> None:
    definition = returned_and_done().definition()
    assert load_model([definition]) is load_model([definition])
    other = Definition("another", definition.key, 2, definition.files)
    assert load_model([other]) is not load_model([definition])


def test_a_terminating_end_closes_everything_else() -> None:
    diagram = (
        Diagram()
        .start()
        .parallel("fork")
        .task("left")
        .task("right")
        .timer("later", 'after("3d")')
        .end("stop", "<bpmn:terminateEventDefinition/>")
        .end()
        .path("begin", "fork", "left", "stop")
        .path("fork", "right", "finish")
        .path("fork", "later", "finish")
    )
    walk = Twins(diagram.model())
    others = {token.token for token in walk.straight.execution.tokens() if token.element_id in ("right", "later")}

    step = walk.complete("left", answer=1)

    assert step.ended
    assert others < set(step.closed_tokens)
    assert walk.variables["answer"] == 1


def test_a_terminating_end_in_a_called_process_ends_only_that() -> None:
    inner = (
        Diagram("cleanup")
        .start()
        .parallel("fork")
        .task("left")
        .task("right")
        .end("stop", "<bpmn:terminateEventDefinition/>")
        .path("begin", "fork", "left", "stop")
        .path("fork", "right", "stop")
    )
    walk = Twins(calling().model(inner))

    step = walk.complete("left", answer=1)

    assert opened(step) == ["after"]
    assert walk.live == ["after"]
    assert walk.variables["answer"] == 1


def test_cancelling_closes_everything() -> None:
    walk = Twins(calling().model(called()))

    step = walk.cancel()

    assert step.ended
    assert len(step.closed_tokens) == 1
    assert walk.live == []


def test_flows_are_tried_in_the_order_of_the_file() -> None:
    diagram = (
        Diagram()
        .start()
        .choice("which", default="rest")
        .task("small")
        .task("big")
        .end()
        .flow("begin", "which")
        .flow("which", "big", "n > 1")
        .flow("which", "small", "n > 0")
        .flow("which", "finish", flow_id="rest")
        .path("small", "finish")
        .path("big", "finish")
    )

    assert opened(Twins(diagram.model(), n=5).first) == ["big"]
    assert opened(Twins(diagram.model(), n=1).first) == ["small"]
    assert Twins(diagram.model(), n=0).first.ended


def test_a_choice_without_a_way_says_so() -> None:
    diagram = (
        Diagram()
        .start()
        .choice("which")
        .task("one")
        .end()
        .path("begin", "which")
        .flow("which", "one", "n == 1")
        .flow("which", "finish", "n == 2")
        .path("one", "finish")
    )

    with pytest.raises(ExecutionFailed) as failed:
        Execution.start(diagram.model(), {"n": 3}, moment())

    assert failed.value.fields["element_id"] == "which"
    assert "默认" in failed.value.problems[0].zh


def test_a_missing_variable_names_itself_and_the_element() -> None:
    walk, _ = Execution.start(returned_and_done().model(), {}, moment())
    walk.complete(walk.tokens()[0].token, {}, moment())

    with pytest.raises(ExecutionFailed) as failed:
        walk.complete(walk.tokens()[0].token, {}, moment())

    assert failed.value.fields["element_id"] == "decided"
    assert "outcome" in str(failed.value)


def test_a_broken_step_leaves_the_stored_state_usable() -> None:
    model = returned_and_done().model()
    execution, _ = Execution.start(model, {}, moment())
    execution.complete(execution.tokens()[0].token, {}, moment())
    stored, review = execution.dump(), execution.tokens()[0].token

    with pytest.raises(ExecutionFailed):
        execution.complete(review, {}, moment())
    with pytest.raises(RuntimeError):
        execution.cancel(moment())

    again = Execution.load(model, stored, moment())
    assert again.complete(review, {"outcome": "approved"}, moment()).ended


def test_a_circle_of_automatic_elements_is_stopped() -> None:
    diagram = (
        Diagram()
        .start()
        .choice("round", default="again")
        .node("intermediateThrowEvent", "turn")
        .end()
        .path("begin", "round")
        .flow("round", "finish", "n > 9")
        .flow("round", "turn", flow_id="again")
        .path("turn", "round")
    )

    with pytest.raises(ExecutionFailed):
        Execution.start(diagram.model(), {"n": 1}, moment())


def test_separation_means_the_task_of_the_diagram_itself_and_else_one_of_any_process() -> None:
    called = Diagram("part").start().task("one").task("other").end().path("begin", "one", "other", "finish")
    caller = Diagram().start().node("callActivity", "call", calledElement="part").task("one").task("two").end()
    model = caller.path("begin", "call", "one", "two", "finish").model(called)

    assert model.separated("demo", ("one", "other", "part:one", "call")) == {
        "one": ("demo", "one"),
        "other": ("", "other"),
        "part:one": ("part", "one"),
        "call": ("", "call"),
    }
