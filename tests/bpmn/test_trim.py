"""What a state forgets: history nobody asks for. Cost and size stay as they were; what joins merge does too."""

from collections import Counter
from typing import Any

import pytest
from diagrams import Diagram, moment, several
from walker import Twins

from engine.bpmn.definition import Model
from engine.bpmn.execution import Execution
from engine.bpmn.state import contents
from engine.bpmn.step import Step


class Case:
    """One instance that lives in its blob between two acts, as it does in the database."""

    def __init__(self, model: Model, **variables: Any) -> None:
        self.model = model
        execution, _ = Execution.start(model, {"area": "u1", **variables}, moment())
        self.blob = execution.dump()

    def act(self, name: str, element_id: str, **variables: Any) -> Step:
        execution = self.execution
        token = next(token.token for token in execution.tokens() if token.element_id == element_id)
        arguments = () if name == "fire" else (variables,)
        step: Step = getattr(execution, name)(token, *arguments, moment())
        self.blob = execution.dump()
        return step

    @property
    def execution(self) -> Execution:
        return Execution.load(self.model, self.blob, moment())

    @property
    def kept(self) -> list[Counter[str]]:
        """How often each spec stands in the state, for the root and for each process it calls."""
        content = contents(self.blob)
        trees = [content["root"], *content["inner"].values()]
        return [Counter(tree["specs"][row[3]] for row in tree["tasks"]) for tree in trees]


def checked() -> Diagram:
    """fix, which reminds and escalates, then review, which may send it back."""
    return (
        Diagram("checked")
        .start("checked_begin")
        .choice("again")
        .task("fix", dueDate='after("9d")', basis="方案")
        .timer("soon", 'before(due, "2d")', on="fix", interrupting=False)
        .job("remind")
        .end("reminded")
        .task("review", dueDate='after("3d")', basis="方案")
        .timer("late", "due", on="review", interrupting=False)
        .job("escalate")
        .end("escalated")
        .choice("good", default="yes")
        .end("checked_end")
        .path("checked_begin", "again", "fix", "review", "good")
        .flow("good", "again", 'outcome == "returned"')
        .flow("good", "checked_end", flow_id="yes")
        .path("soon", "remind", "reminded")
        .path("late", "escalate", "escalated")
    )


def calling(key: str, called: str) -> Diagram:
    return (
        Diagram(key)
        .start(f"{key}_begin")
        .node("callActivity", f"{key}_call", calledElement=called)
        .end(f"{key}_end")
        .path(f"{key}_begin", f"{key}_call", f"{key}_end")
    )


def send_back(case: Case, number: int) -> None:
    """One round in which both tasks are late, and every variable is written again."""
    case.act("fire", "soon")
    case.act("complete", "fix", fixed=number % 10)
    case.act("complete_job", "remind", letter_no=number % 10)
    case.act("fire", "late")
    case.act("complete_job", "escalate")
    case.act("complete", "review", outcome="returned")


@pytest.mark.parametrize(
    "model",
    [
        pytest.param(checked().model(), id="in the root process"),
        pytest.param(calling("outer", "middle").model(calling("middle", "checked"), checked()), id="two calls deep"),
        pytest.param(
            Diagram()
            .start()
            .parallel("fork")
            .task("beside")
            .embedded("within", checked())
            .parallel("meet")
            .end()
            .path("begin", "fork", "within", "meet", "finish")
            .path("fork", "beside", "meet")
            .model(),
            id="in an embedded process beside a task that never ends",
        ),
    ],
)
def test_the_state_after_sixty_rounds_is_that_after_ten(model: Model) -> None:
    case = Case(model)
    kept, sizes = {}, {}
    for number in range(1, 61):
        send_back(case, number)
        if number in (10, 60):
            kept[number], sizes[number] = case.kept, len(case.blob)

    assert kept[60] == kept[10]
    assert abs(sizes[60] - sizes[10]) <= 24  # ids compress differently


def test_a_case_with_a_thousand_send_backs_completes() -> None:
    case = Case(calling("outer", "checked").model(checked()), name="演示石材加工点（演示）")
    kept, sizes = {}, {}
    for number in range(1, 1001):
        case.act("complete", "fix", fixed=number % 10)
        case.act("complete", "review", outcome="returned", reason="材料不全（演示）")
        if number in (10, 1000):
            kept[number], sizes[number] = case.kept, len(case.blob)
    case.act("complete", "fix", fixed=1001)
    step = case.act("complete", "review", outcome="approved")

    assert kept[1000] == kept[10]
    assert abs(sizes[1000] - sizes[10]) <= 24
    assert step.ended
    assert case.execution.variables() == {
        "area": "u1",
        "name": "演示石材加工点（演示）",
        "fixed": 1001,
        "outcome": "approved",
        "reason": "材料不全（演示）",
    }


def test_only_what_lives_and_what_is_before_it_is_kept() -> None:
    case = Case(checked().model())
    case.act("complete", "fix")
    case.act("complete", "review", outcome="returned")

    assert case.kept == [Counter({"Start": 1, "fix.BoundaryEventSplit": 1, "fix": 1, "soon": 1})]


def test_a_reminder_that_only_reminded_leaves_nothing_behind() -> None:
    reminded, quiet = Case(checked().model()), Case(checked().model())

    reminded.act("fire", "soon")
    reminded.act("complete_job", "remind")
    for case in (reminded, quiet):
        case.act("complete", "fix")

    assert reminded.kept == quiet.kept


def test_of_two_reminders_that_set_the_same_the_later_is_kept_and_counts() -> None:
    case = Case(checked().model())
    for number in (1, 2):
        case.act("fire", "soon")
        case.act("complete_job", "remind", letter_no=number)
        case.act("complete", "fix")
        case.act("complete", "review", outcome="returned")
    assert case.kept[0]["checked.EndJoin"] == 1

    case.act("complete", "fix", outcome="")
    assert case.act("complete", "review", outcome="approved").ended

    assert case.execution.variables() == {"area": "u1", "outcome": "approved", "letter_no": 2}


def test_reminders_that_set_different_variables_are_all_kept() -> None:
    case = Case(checked().model())
    for name in ("first_letter", "second_letter"):
        case.act("fire", "soon")
        case.act("complete_job", "remind", **{name: 7})
        case.act("complete", "fix")
        case.act("complete", "review", outcome="returned")

    case.act("complete", "fix")
    case.act("complete", "review", outcome="approved")

    assert case.execution.variables() == {"area": "u1", "outcome": "approved", "first_letter": 7, "second_letter": 7}


def test_what_a_reminder_set_does_not_win_over_a_later_value_of_the_main_branch() -> None:
    case = Case(checked().model(), letter_no=0)
    case.act("fire", "soon")
    case.act("complete_job", "remind", letter_no=1)
    case.act("complete", "fix", letter_no=5)
    case.act("complete", "review", outcome="returned")
    case.act("complete", "fix")
    case.act("complete", "review", outcome="approved")

    assert case.execution.variables()["letter_no"] == 5


def test_what_a_reminder_set_counts_when_the_main_branch_returns_to_the_value_it_had() -> None:
    """The end join compares values, not rounds: a token is kept as long as any later value could let it count."""
    case = Case(checked().model(), letter_no=0)
    case.act("fire", "soon")
    case.act("complete_job", "remind", letter_no=1)
    case.act("complete", "fix", letter_no=5)
    case.act("complete", "review", outcome="returned")
    case.act("complete", "fix", letter_no=0)
    case.act("complete", "review", outcome="approved")

    assert case.execution.variables()["letter_no"] == 1


def test_what_a_reminder_merely_carried_along_does_not_come_back_after_its_branch_was_joined() -> None:
    diagram = (
        Diagram()
        .start()
        .parallel("fork")
        .task("left")
        .task("begin_right")
        .task("right")
        .timer("soon", 'after("2d")', on="right", interrupting=False)
        .job("remind")
        .end("reminded")
        .parallel("meet")
        .task("judge")
        .end()
        .path("begin", "fork", "left", "meet", "judge", "finish")
        .path("fork", "begin_right", "right", "meet")
        .path("soon", "remind", "reminded")
    )
    case = Case(diagram.model(), state="open")
    case.act("complete", "begin_right", state="half done")
    case.act("fire", "soon")
    case.act("complete_job", "remind")
    case.act("complete", "right", state="open")
    case.act("complete", "left")

    case.act("complete", "judge")

    assert case.execution.variables() == {"area": "u1", "state": "open"}


def test_a_token_that_waits_at_a_join_is_kept_while_the_other_branch_goes_round() -> None:
    diagram = (
        Diagram()
        .start()
        .parallel("fork")
        .task("left")
        .choice("again")
        .task("right")
        .choice("good", default="yes")
        .parallel("meet")
        .task("judge")
        .end()
        .path("begin", "fork", "left", "meet", "judge", "finish")
        .path("fork", "again", "right", "good")
        .flow("good", "again", 'outcome == "returned"')
        .flow("good", "meet", flow_id="yes")
    )
    case = Case(diagram.model(), state="old", gone=1)
    case.act("complete", "left", state="new")
    sizes = []
    for number in range(60):
        case.act("complete", "right", outcome="returned", number=number)
        sizes.append(sum(map(len, case.kept)))
    step = case.act("complete", "right", outcome="approved")

    assert len(set(sizes[1:])) == 1
    assert step.opened_tasks[0].variables == {
        "area": "u1",
        "state": "new",
        "gone": 1,
        "number": 59,
        "outcome": "approved",
    }


def test_instances_of_a_task_for_several_are_kept_until_the_last_is_done() -> None:
    diagram = (
        Diagram().start().task("sign", several("units", "unit", "opinions", "opinion"), candidateGroups="head@unit")
    )
    walk = Twins(diagram.task("judge").end().path("begin", "sign", "judge", "finish").model(), units=["u1", "u2", "u3"])

    walk.complete("sign", opinion="甲")
    walk.complete("sign", opinion="乙")
    step = walk.complete("sign", opinion="丙")

    assert step.opened_tasks[0].variables["opinions"] == ["甲", "乙", "丙"]


def test_a_process_that_was_called_and_is_over_leaves_the_state() -> None:
    root = (
        Diagram("root")
        .start()
        .node("callActivity", "call", calledElement="checked")
        .task("after")
        .end()
        .path("begin", "call", "after", "finish")
    )
    case = Case(root.model(checked()))
    case.act("complete", "fix")
    case.act("complete", "review", outcome="approved")

    assert case.kept == [Counter({"Start": 1, "call": 1, "after": 1})]


def test_an_instance_that_ended_keeps_its_variables_and_nothing_else() -> None:
    case = Case(checked().model(), name="演示")
    case.act("complete", "fix")
    case.act("complete", "review", outcome="approved")

    assert case.kept == [Counter({"Start": 1})]
    assert case.execution.is_ended
    assert case.execution.variables() == {"area": "u1", "name": "演示", "outcome": "approved"}


def test_four_hundred_automatic_elements_in_one_step_do_not_make_trimming_stumble() -> None:
    diagram = Diagram().start().task("one").task("two").end()
    names = [f"way_{number}" for number in range(400)]
    for name in names:
        diagram.choice(name)
    case = Case(diagram.path("begin", "one", *names, "two", "finish").model())

    case.act("complete", "one")

    assert case.kept == [Counter({"Start": 1, names[-1]: 1, "two": 1})]
