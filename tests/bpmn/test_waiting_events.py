"""Timers that fire only when told, messages, and the events that interrupt."""

from datetime import UTC, datetime, timedelta

import pytest
from diagrams import Diagram, moment, table
from walker import Twins, opened, passed

from engine.bpmn.execution import Execution, NotLive
from engine.bpmn.script import ExecutionFailed


def with_reminder(*, interrupting: bool) -> Diagram:
    return (
        Diagram()
        .start()
        .task("fix", dueDate='after("30d")', basis="方案")
        .timer("soon", 'before(due, "3d")', on="fix", interrupting=interrupting)
        .job("remind", kind="'urge'")
        .end("reminded")
        .end()
        .path("begin", "fix", "finish")
        .path("soon", "remind", "reminded")
    )


def test_a_boundary_timer_counts_from_the_deadline_of_its_task() -> None:
    walk = Twins(with_reminder(interrupting=False).model())

    timer = walk.first.opened_timers[0]
    assert timer.due.due_at == datetime(2024, 6, 2, 1, 0, tzinfo=UTC)
    assert timer.expression == 'before(due, "3d")'
    assert timer.names == {"due": "2024-06-05T01:00:00+00:00"}


def test_a_reminder_does_not_touch_the_task() -> None:
    walk = Twins(with_reminder(interrupting=False).model())

    step = walk.fire("soon", days=27)

    assert [job.element.element_id for job in step.opened_jobs] == ["remind"]
    assert [walk.straight.elements[token] for token in step.closed_tokens] == ["soon"]
    assert sorted(walk.live) == ["fix", "remind"]
    assert walk.complete("fix").ended is False  # the reminder is still on its way
    assert walk.job("remind").ended


def test_an_interrupting_timer_takes_the_task_away() -> None:
    walk = Twins(with_reminder(interrupting=True).model())

    step = walk.fire("soon")

    assert sorted(walk.straight.elements[token] for token in step.closed_tokens) == ["fix", "soon"]
    assert walk.live == ["remind"]
    assert walk.job("remind").ended


def test_completing_the_task_disarms_its_timers() -> None:
    walk = Twins(with_reminder(interrupting=False).model())

    step = walk.complete("fix")

    assert sorted(walk.straight.elements[token] for token in step.closed_tokens) == ["fix", "soon"]
    assert step.ended


def test_a_timer_never_fires_by_itself_however_late_it_is() -> None:
    execution, step = Execution.start(with_reminder(interrupting=True).model(), {"area": "u"}, moment())
    late = type(moment())(moment().now + timedelta(days=4000), moment().functions)

    execution = Execution.load(execution.model, execution.dump(), late)

    assert [token.kind for token in execution.tokens()] == ["user", "timer"]
    assert step.opened_timers[0].token == execution.tokens()[1].token


def test_a_timer_fires_once() -> None:
    execution, step = Execution.start(with_reminder(interrupting=False).model(), {}, moment())
    token = step.opened_timers[0].token
    execution.fire(token, moment())

    with pytest.raises(NotLive):
        execution.fire(token, moment())


def test_an_intermediate_timer_holds_the_process() -> None:
    diagram = Diagram().start().timer("wait", 'after("7d", begun)').task("look").end()
    walk = Twins(diagram.path("begin", "wait", "look", "finish").model(), begun="2024-05-01T00:00:00+08:00")

    assert walk.first.opened_timers[0].due.due_at == datetime(2024, 5, 7, 16, 0, tzinfo=UTC)
    assert opened(walk.fire("wait")) == ["look"]


def test_a_timer_may_use_a_stored_instant_or_none() -> None:
    diagram = (
        Diagram()
        .start()
        .task("fix")
        .timer("soon", 'default("remind_at", null)', on="fix", interrupting=False)
        .end()
        .path("begin", "fix", "finish")
        .path("soon", "finish")
    )

    with_date = Twins(diagram.model(), remind_at="2024-05-10T18:00:00+08:00")
    without = Twins(diagram.model())

    assert with_date.first.opened_timers[0].due == datetime(2024, 5, 10, 10, 0, tzinfo=UTC)
    assert without.first.opened_timers == ()
    assert without.live == ["fix"]


@pytest.mark.parametrize("value", [5, "2024-05-10", "2024-05-10T18:00:00", "soon", True])
def test_a_timer_without_an_instant_is_refused_by_name(value: object) -> None:
    diagram = Diagram().start().timer("wait", "when").end().path("begin", "wait", "finish")

    with pytest.raises(ExecutionFailed) as failed:
        Execution.start(diagram.model(), {"when": value}, moment())

    assert failed.value.fields["element_id"] == "wait"


def test_several_timers_on_one_task_fire_in_any_order() -> None:
    diagram = (
        Diagram()
        .start()
        .task("fix", dueDate='after("30d")', basis="方案")
        .timer("first", 'before(due, "5d")', on="fix", interrupting=False)
        .timer("second", "due", on="fix", interrupting=False)
        .timer("third", 'after("5d", due)', on="fix", interrupting=True)
        .job("late")
        .end()
        .path("begin", "fix", "finish")
        .path("first", "finish")
        .path("second", "finish")
        .path("third", "late", "finish")
    )
    walk = Twins(diagram.model())

    walk.fire("second")
    walk.fire("first")
    walk.fire("third")

    assert walk.live == ["late"]
    assert walk.job("late").ended


def test_a_timer_may_interrupt_a_job_and_a_called_process() -> None:
    inner = Diagram("cleanup").start().task("inside").end().path("begin", "inside", "finish")
    diagram = (
        Diagram()
        .start()
        .job("print")
        .timer("slow", 'after("1d")', on="print")
        .node("callActivity", "phase", calledElement="cleanup")
        .timer("late", 'after("9d")', on="phase")
        .task("chase")
        .end()
        .path("begin", "print", "phase", "finish")
        .path("slow", "phase")
        .path("late", "chase", "finish")
    )
    walk = Twins(diagram.model(inner))

    step = walk.fire("slow")
    assert sorted(walk.straight.elements[token] for token in step.closed_tokens) == ["print", "slow"]
    assert opened(step) == ["inside"]
    step = walk.fire("late")

    assert sorted(walk.straight.elements[token] for token in step.closed_tokens) == ["inside", "late"]
    assert walk.live == ["chase"]
    assert walk.complete("chase").ended


def with_message(*, interrupting: bool) -> Diagram:
    return (
        Diagram()
        .start()
        .task("work")
        .message("told", "case_closed", on="work", interrupting=interrupting)
        .task("note")
        .end()
        .path("begin", "work", "finish")
        .path("told", "note", "finish")
    )


@pytest.mark.parametrize(("interrupting", "left"), [(True, ["note"]), (False, ["work", "note"])])
def test_a_message_reaches_a_boundary_event_with_its_variables(interrupting: bool, left: list[str]) -> None:
    walk = Twins(with_message(interrupting=interrupting).model())
    assert [wait.message for wait in walk.first.opened_waits] == ["case_closed"]

    step = walk.deliver("case_closed", by="u7")

    assert step.opened_tasks[0].variables == {"area": "unit-1", "by": "u7"}
    assert sorted(walk.live) == sorted(left)


def test_a_message_nobody_waits_for_is_refused() -> None:
    execution, _ = Execution.start(with_message(interrupting=True).model(), {}, moment())
    assert execution.waits_for("case_closed")
    assert not execution.waits_for("other")

    with pytest.raises(NotLive):
        execution.deliver("other", {}, moment())


def test_a_message_catch_event_holds_the_process() -> None:
    diagram = Diagram().start().message("reply", "reply").task("read").end()
    walk = Twins(diagram.path("begin", "reply", "read", "finish").model())

    assert opened(walk.deliver("reply", text="收到")) == ["read"]
    assert walk.variables["text"] == "收到"


def test_a_message_reaches_every_event_that_waits() -> None:
    diagram = (
        Diagram()
        .start()
        .parallel("fork")
        .message("one", "go")
        .message("two", "go")
        .parallel("meet")
        .end()
        .path("begin", "fork", "one", "meet", "finish")
        .path("fork", "two", "meet")
    )
    walk = Twins(diagram.model())

    assert walk.deliver("go", n=1).ended


def first_of() -> Diagram:
    return (
        Diagram()
        .start()
        .node("eventBasedGateway", "first")
        .message("reply", "reply")
        .timer("late", 'after("5wd")')
        .task("read")
        .task("chase")
        .end()
        .path("begin", "first")
        .path("first", "reply", "read", "finish")
        .path("first", "late", "chase")
        .flow("chase", "first")
    )


def test_of_several_events_the_first_wins() -> None:
    walk = Twins(first_of().model())
    assert walk.live == ["reply", "late"]

    step = walk.deliver("reply", text="已办")

    assert opened(step) == ["read"]
    assert len(step.closed_tokens) == 2
    assert walk.variables["text"] == "已办"
    assert passed(step) == ["first", "reply"]


def test_an_event_gateway_in_a_loop_arms_its_timer_anew() -> None:
    walk = Twins(first_of().model())

    first = walk.first.opened_timers[0]
    assert opened(walk.fire("late")) == ["chase"]
    again = walk.complete("chase", days=9).opened_timers[0]

    assert again.token != first.token
    assert again.due.due_at - first.due.due_at == timedelta(days=9)
    assert opened(walk.deliver("reply")) == ["read"]
    assert walk.complete("read").ended


def supervision() -> Diagram:
    """As the ladder is built: inside, rung after rung with a wait between; around it, "resolved" interrupts."""
    ladder = (
        Diagram()
        .start("ladder_begin")
        .choice("rung")
        .node("businessRuleTask", "next_rung", decisionRef="ladder")
        .job("issue", kind="instrument", level="level")
        .timer("until_next", "after(wait)")
        .choice("top", default="up")
        .end("ladder_end")
        .path("ladder_begin", "rung", "next_rung", "issue", "until_next", "top")
        .flow("top", "ladder_end", "level == 3")
        .flow("top", "rung", flow_id="up")
    )
    return (
        Diagram("supervision")
        .start()
        .embedded("ladder", ladder)
        .message("resolved", "item_resolved", on="ladder")
        .task("confirm", milestone="")
        .end("closed", milestone="resolved")
        .end("referred", milestone="referred")
        .path("begin", "ladder", "referred")
        .path("resolved", "confirm", "closed")
    )


LADDER = table(
    "ladder",
    ['default("level", 0)'],
    ["level", "instrument", "wait"],
    [["0", "1", '"urge"', '"3wd"'], ["1", "2", '"notice"', '"5wd"'], ["2", "3", '"summons"', '"5wd"']],
    "UNIQUE",
)


def test_a_ladder_climbs_rung_by_rung_to_its_end() -> None:
    walk = Twins(supervision().model(ladder__dmn=LADDER))
    issued = [walk.first.opened_jobs[0].inputs]

    for _ in range(2):
        assert len(walk.job("issue", letter_no=1).opened_timers) == 1
        issued.append(walk.fire("until_next").opened_jobs[0].inputs)
    walk.job("issue")
    end = walk.fire("until_next")

    assert issued == [
        {"kind": "urge", "level": 1},
        {"kind": "notice", "level": 2},
        {"kind": "summons", "level": 3},
    ]
    assert end.ended
    assert [milestone.name for milestone in end.milestones] == ["referred"]


@pytest.mark.parametrize("rounds", [0, 1, 2])
@pytest.mark.parametrize("while_waiting", [True, False])
def test_a_message_interrupts_the_ladder_wherever_it_stands(rounds: int, while_waiting: bool) -> None:
    walk = Twins(supervision().model(ladder__dmn=LADDER))
    for _ in range(rounds):
        walk.job("issue")
        walk.fire("until_next")
    if while_waiting:
        walk.job("issue")

    step = walk.deliver("item_resolved", resolved_by="u3")

    assert opened(step) == ["confirm"]
    assert walk.live == ["confirm"]
    inside = "until_next" if while_waiting else "issue"
    assert sorted(walk.straight.elements[token] for token in step.closed_tokens) == sorted([inside, "resolved"])
    assert step.opened_tasks[0].variables["resolved_by"] == "u3"
    end = walk.complete("confirm")
    assert end.ended
    assert [milestone.name for milestone in end.milestones] == ["resolved"]


def test_an_embedded_process_in_a_loop_begins_anew() -> None:
    inside = Diagram().start("in").task("do").end("out").path("in", "do", "out")
    diagram = (
        Diagram()
        .start()
        .embedded("part", inside)
        .timer("late", 'after("9d")', on="part")
        .choice("again", default="stop")
        .end()
        .path("begin", "part", "again")
        .flow("again", "part", "more")
        .flow("again", "finish", flow_id="stop")
        .flow("late", "again")
    )
    walk = Twins(diagram.model())

    for _ in range(3):
        assert opened(walk.complete("do", more=True)) == ["do"]
    walk.complete("do", more=True)
    step = walk.fire("late")
    assert opened(step) == ["do"]
    assert walk.complete("do", more=False).ended
