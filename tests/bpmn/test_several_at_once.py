"""Multi-instance user tasks: one for each of a list, at once or in turn, again in a second round."""

import pytest
from diagrams import Diagram, moment, often, several
from walker import Twins, opened

from engine.bpmn.execution import Execution
from engine.bpmn.script import ExecutionFailed


def joint(inner: str, *, group: str = "head@unit") -> Diagram:
    return (
        Diagram()
        .start()
        .task("sign", inner, candidateGroups=group)
        .task("judge")
        .choice("good", default="yes")
        .end()
        .path("begin", "sign", "judge", "good")
        .flow("good", "sign", 'outcome == "returned"')
        .flow("good", "finish", flow_id="yes")
    )


def test_each_unit_gets_its_own_task_and_the_results_stand_in_order() -> None:
    walk = Twins(joint(several("units", "unit", "opinions", "opinion")).model(), units=["u1", "u2", "u3"])
    assert [task.variables["unit"] for task in walk.first.opened_tasks] == ["u1", "u2", "u3"]

    walk.complete("sign", which=2, opinion="丙")
    walk.complete("sign", which=0, opinion="甲")
    step = walk.complete("sign", which=0, opinion="乙")

    assert opened(step) == ["judge"]
    assert step.opened_tasks[0].variables == {
        "area": "unit-1",
        "units": ["u1", "u2", "u3"],
        "opinions": ["甲", "乙", "丙"],
    }


def test_a_second_round_begins_with_an_empty_result() -> None:
    walk = Twins(joint(several("units", "unit", "opinions", "opinion")).model(), units=["u1", "u2"])

    for number in range(3):
        walk.complete("sign", opinion=f"甲{number}")
        walk.complete("sign", opinion=f"乙{number}")
        assert walk.variables["opinions"] == [f"甲{number}", f"乙{number}"]
        assert len(walk.complete("judge", outcome="returned").opened_tasks) == 2


def test_without_a_result_list_each_one_s_changes_are_kept() -> None:
    walk = Twins(joint(several("units", "unit")).model(), units=["u1", "u2"], state="old")

    walk.complete("sign", first="甲", state="new")
    walk.complete("sign", second="乙")

    assert walk.variables == {"area": "unit-1", "units": ["u1", "u2"], "state": "new", "first": "甲", "second": "乙"}
    assert len(walk.complete("judge", outcome="returned").opened_tasks) == 2


def test_in_turn_the_next_opens_when_the_one_before_is_done() -> None:
    walk = Twins(joint(several("units", "unit", "opinions", "opinion", in_turn=True)).model(), units=["u1", "u2"])

    assert [task.variables["unit"] for task in walk.first.opened_tasks] == ["u1"]
    assert [task.variables["unit"] for task in walk.complete("sign", opinion="甲").opened_tasks] == ["u2"]
    walk.complete("sign", opinion="乙")

    assert walk.variables["opinions"] == ["甲", "乙"]


def test_a_condition_ends_it_before_all_have_signed() -> None:
    walk = Twins(joint(several("units", "unit", until='opinion == "no"')).model(), units=["u1", "u2", "u3"])

    walk.complete("sign", opinion="yes")
    step = walk.complete("sign", opinion="no")

    assert opened(step) == ["judge"]
    assert len(step.closed_tokens) == 2


def test_an_empty_list_passes_at_once() -> None:
    walk = Twins(joint(several("units", "unit", "opinions", "opinion")).model(), units=[])

    assert opened(walk.first) == ["judge"]
    assert walk.variables["opinions"] == []


@pytest.mark.parametrize("units", [None, "u1", {"a": 1}, 3])
def test_what_is_no_list_is_refused_by_name(units: object) -> None:
    with pytest.raises(ExecutionFailed) as failed:
        Execution.start(joint(several("units", "unit")).model(), {"units": units}, moment())

    assert failed.value.fields["element_id"] == "sign"


@pytest.mark.parametrize("in_turn", [False, True])
@pytest.mark.parametrize(
    ("cardinality", "shown"),
    [
        ("60000", "60000"),
        ("n + 441", "501"),
        ("0 - 1", "-1"),
        ("0.5 + n", "60.5"),
        ("'5'", "'5'"),
        ("n == 60", "True"),
    ],
)
def test_how_often_is_looked_at_before_anything_opens(cardinality: str, shown: str, in_turn: bool) -> None:
    with pytest.raises(ExecutionFailed, match="go on") as failed:
        Execution.start(joint(often(cardinality, in_turn=in_turn)).model(), {"n": 60}, moment())

    problem = failed.value.problems[0]
    assert (problem.where, f"算出来是 {shown}，应为 0 至 500 的整数" in problem.zh) == ("demo:sign", True)
    assert f"gives {shown};" in problem.en


def test_as_often_as_allowed_is_done_and_many_such_tasks_in_one_step_are_refused() -> None:
    diagram = Diagram().start().parallel("fork").end()
    for number in range(5):
        diagram.task(f"many{number}", often("500")).path("fork", f"many{number}", "finish")
    model = diagram.path("begin", "fork").model()

    _, step = Execution.start(joint(often("n + 450")).model(), {"n": 50}, moment())
    with pytest.raises(ExecutionFailed) as failed:
        Execution.start(model, {}, moment())

    assert len(step.opened_tasks) == 500
    assert "一步要打开 2500 个多实例任务，最多 2000 个" in failed.value.problems[0].zh


def test_an_interrupting_timer_takes_all_of_them_away() -> None:
    diagram = (
        Diagram()
        .start()
        .task("sign", several("units", "unit"), dueDate='after("5d")', basis="方案")
        .timer("late", "due", on="sign")
        .task("chase")
        .end()
        .path("begin", "sign", "finish")
        .path("late", "chase", "finish")
    )
    walk = Twins(diagram.model(), units=["u1", "u2"])
    walk.complete("sign")

    step = walk.fire("late")

    assert walk.live == ["chase"]
    assert len(step.closed_tokens) == 2
    assert walk.complete("chase").ended
