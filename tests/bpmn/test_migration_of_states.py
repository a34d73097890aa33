"""What moves to another version of a diagram, what it meets there, and what cannot move and why."""

from collections.abc import Mapping
from datetime import timedelta
from typing import Any

import pytest
from diagrams import NOW, Diagram, moment, several
from walker import opened, passed

from engine.bpmn.definition import Model
from engine.bpmn.execution import Execution
from engine.bpmn.migration import CannotMigrate, Migrated, Versions, migrate
from engine.bpmn.plain import due_instant


def straight(first: str = "first") -> Diagram:
    drawn = Diagram().start().task(first, dueDate='after("10d")').task("second").end()
    return drawn.path("begin", first, "second", "finish")


def with_reminder(expression: str = 'before(due, "3d")') -> Diagram:
    drawn = straight().timer("reminder", expression, on="first", interrupting=False).job("remind").end("reminded")
    return drawn.path("reminder", "remind", "reminded")


def started(drawn: Diagram, *called: Diagram, **variables: Any) -> Execution:
    execution, _ = Execution.start(drawn.model(*called), {"area": "unit-1", **variables}, moment())
    return execution


def migrated(
    execution: Execution,
    new: Model,
    *,
    days: int = 1,
    opened_days: Mapping[str, int] | None = None,
    key: str = "demo",
    **renamed: str,
) -> Migrated:
    """`opened_days`: by element id, on which day its tokens opened; the first day unless said otherwise."""
    at = {
        token.token: moment((opened_days or {}).get(token.element_id, 0))
        for token in execution.tokens()
        if token.kind == "user"
    }
    return migrate(Versions(execution.model, new, key, renamed), execution.dump(), at, moment(days))


def live(execution: Execution) -> list[tuple[str, str]]:
    return [(token.element_id, token.kind) for token in execution.tokens()]


def token(execution: Execution, element_id: str) -> str:
    return next(each.token for each in execution.tokens() if each.element_id == element_id)


def problems(execution: Execution, new: Model, **renamed: str) -> list[str]:
    with pytest.raises(CannotMigrate) as refused:
        migrated(execution, new, **renamed)
    assert all(problem.zh and problem.en for problem in refused.value.problems)
    return [problem.where for problem in refused.value.problems]


def finish(execution: Execution, *elements: str) -> list[str]:
    """Complete the user tasks in this order. Returns what was passed, in order."""
    gone: list[str] = []
    for element_id in elements:
        gone += passed(execution.complete(token(execution, element_id), {}, moment(2)))
    assert execution.is_ended
    return gone


# -- what moves --------------------------------------------------------------------------------------------------------
def test_an_open_task_keeps_its_token_and_its_due_instant() -> None:
    execution = started(with_reminder())
    old = execution.tokens()

    found = migrated(execution, with_reminder().task("spare").model(), days=5)

    assert found.execution.tokens() == old
    assert found.step.closed_tokens == () and found.step.opened_timers == ()
    assert [(each.kind, each.token) for each in found.kept] == [(each.kind, each.new_token) for each in found.kept]
    task = found.execution._live()[token(found.execution, "first")]
    assert due_instant(task.store["due"]) == NOW + timedelta(days=10)


def test_a_task_added_later_in_the_flow_is_met() -> None:
    execution = started(straight())
    longer = Diagram().start().task("first", dueDate='after("10d")').task("between").task("second").end()
    longer.path("begin", "first", "between", "second", "finish")

    found = migrated(execution, longer.model())

    assert finish(found.execution, "first", "between", "second") == ["first", "between", "second", "finish"]


def test_a_task_removed_later_in_the_flow_is_not_met() -> None:
    shorter = Diagram().start().task("first").end()
    shorter.path("begin", "first", "finish")

    found = migrated(started(straight()), shorter.model())

    assert finish(found.execution, "first") == ["first", "finish"]


def test_history_whose_element_is_gone_does_not_hold_an_instance_back() -> None:
    execution = started(straight())
    execution.complete(token(execution, "first"), {"said": "yes"}, moment())
    later = Diagram().start().task("other").task("second").end()
    later.path("begin", "other", "second", "finish")

    found = migrated(execution, later.model())

    assert found.execution.variables()["said"] == "yes"
    assert finish(found.execution, "second") == ["second", "finish"]


def test_a_renamed_element_goes_on_under_its_new_id() -> None:
    new = straight("opening")
    new.timer("late", 'after("20d")', on="opening").end("over").path("late", "over")
    old = straight()
    old.timer("overdue", 'after("20d")', on="first").end("over").path("overdue", "over")
    execution = started(old)

    found = migrated(execution, new.model(), first="opening", overdue="late")

    assert live(found.execution) == [("opening", "user"), ("late", "timer")]
    assert [each.token for each in found.kept] == [each.token for each in execution.tokens()]
    assert finish(found.execution, "opening", "second") == ["opening", "second", "finish"]


def test_a_removed_reminder_is_cancelled_and_said() -> None:
    execution = started(with_reminder())
    reminder = token(execution, "reminder")

    found = migrated(execution, straight().model())

    assert found.step.closed_tokens == (reminder,)
    assert [note.en for note in found.notes] == ['"名称 reminder": the new version has it no more; it is cancelled.']
    assert finish(found.execution, "first", "second") == ["first", "second", "finish"]


def test_a_reminder_on_its_way_when_its_event_is_removed_runs_to_its_end() -> None:
    execution = started(with_reminder())
    execution.fire(token(execution, "reminder"), moment(7))
    new = straight().timer("other", 'after("90d")', on="second").job("remind").end("reminded")
    new.path("other", "remind", "reminded")

    found = migrated(execution, new.model(), days=8)

    assert sorted(live(found.execution)) == [("first", "user"), ("remind", "job")]
    found.execution.complete_job(token(found.execution, "remind"), {}, moment(9))
    found.execution.complete(token(found.execution, "first"), {}, moment(9))
    assert finish(found.execution, "second") == ["second", "finish"]


def test_an_added_reminder_counts_from_the_opening_of_the_task() -> None:
    """It stands where it would stand had the instance started on the new version."""
    execution = started(straight())
    other = with_reminder('after("5d")')

    found = migrated(execution, other.model(), days=2)

    assert [(timer.element.element_id, timer.due.due_at) for timer in found.step.opened_timers] == [
        ("reminder", NOW + timedelta(days=5))
    ]
    assert live(found.execution) == live(started(other))
    found.execution.fire(found.step.opened_timers[0].token, moment(5))
    assert ("remind", "job") in live(found.execution)


def test_an_added_reminder_counts_back_from_the_deadline_the_task_has() -> None:
    found = migrated(started(straight()), with_reminder().model(), days=2)

    assert [timer.due.due_at for timer in found.step.opened_timers] == [NOW + timedelta(days=7)]


@pytest.mark.parametrize(("days", "armed"), [(6, 1), (7, 0), (8, 0)])
def test_an_added_reminder_whose_instant_is_over_stays_away(days: int, armed: int) -> None:
    found = migrated(started(straight()), with_reminder().model(), days=days)

    assert len(found.step.opened_timers) == armed
    assert len(found.notes) == 1 and ("will not fire" in found.notes[0].en) == (not armed)
    assert finish(found.execution, "first", "second") == ["first", "second", "finish"]


def test_a_reminder_that_fired_already_does_not_fire_again_after_the_move() -> None:
    execution = started(with_reminder())
    execution.fire(token(execution, "reminder"), moment(7))
    execution.complete_job(token(execution, "remind"), {}, moment(7))

    found = migrated(execution, with_reminder('before(due, "1d")').model(), days=8)

    assert live(found.execution) == [("first", "user")]
    assert found.step.opened_timers == ()


def test_a_changed_rule_leaves_the_open_deadlines_alone_and_says_so() -> None:
    new = with_reminder('before(due, "1d")')
    new.parts = [part.replace("10d", "30d") for part in new.parts]

    found = migrated(started(with_reminder()), new.model())

    assert found.step.opened_timers == () and len(found.notes) == 2
    lives = found.execution._live()
    assert [due_instant(each.store["due"]) for each in lives.values()] == [
        NOW + timedelta(days=10),
        NOW + timedelta(days=7),
    ]


def test_a_deadline_added_to_an_open_task_applies_from_its_next_opening() -> None:
    plain = Diagram().start().task("first").task("second").end().path("begin", "first", "second", "finish")

    found = migrated(started(plain), straight().model())

    assert len(found.notes) == 1
    assert found.execution._live()[token(found.execution, "first")].store["due"] is None


# -- counts and joins --------------------------------------------------------------------------------------------------
def each_unit(name: str = "ask", *after: str, in_turn: bool = False) -> Diagram:
    drawn = Diagram().start().task(name, several("units", "unit", "answers", "answer", in_turn=in_turn))
    for element_id in after:
        drawn.task(element_id)
    return drawn.end().path("begin", name, *after, "finish")


@pytest.mark.parametrize("in_turn", [False, True], ids=["at once", "in turn"])
def test_a_task_for_several_keeps_its_count(in_turn: bool) -> None:
    execution = started(each_unit(in_turn=in_turn), units=["a", "b", "c"])
    execution.complete(token(execution, "ask"), {"answer": 1}, moment())

    found = migrated(execution, each_unit("query", "review", in_turn=in_turn).model(), ask="query")

    for number in (2, 3):
        found.execution.complete(token(found.execution, "query"), {"answer": number}, moment())
    assert live(found.execution) == [("review", "user")]
    assert found.execution.variables()["answers"] == [1, 2, 3]


def test_a_task_for_several_that_counts_otherwise_cannot_move() -> None:
    execution = started(each_unit(), units=["a", "b"])

    assert problems(execution, each_unit(in_turn=True).model()) == ["demo:ask"]


def fork(*branches: str, join_only: str = "") -> Diagram:
    drawn = Diagram().start().parallel("split").parallel("meet").task("after").end()
    drawn.path("begin", "split")
    for branch in branches:
        drawn.task(branch).path("split", branch, "meet")
    if join_only:
        drawn.task(join_only).flow(join_only, "meet")
    return drawn.path("meet", "after", "finish")


def test_a_branch_that_waits_at_a_join_goes_on_waiting() -> None:
    execution = started(fork("left", "right"))
    execution.complete(token(execution, "left"), {"l": 1}, moment())
    new = fork("left", "right").task("spare")

    found = migrated(execution, new.model())

    assert live(found.execution) == [("right", "user")]
    found.execution.complete(token(found.execution, "right"), {"r": 2}, moment())
    assert live(found.execution) == [("after", "user")]
    assert {name: found.execution.variables()[name] for name in "lr"} == {"l": 1, "r": 2}


def test_a_branch_added_behind_a_fork_that_is_passed_cannot_be_waited_for() -> None:
    execution = started(fork("left", "right"))

    assert problems(execution, fork("left", "right", "middle").model()) == ["demo:meet"]


def test_before_the_fork_an_added_branch_is_simply_met() -> None:
    old, new = fork("left", "right"), fork("left", "right", "middle")
    for drawn in (old, new):
        drawn.task("early")
        drawn.parts = [part.replace('sourceRef="begin"', 'sourceRef="early"') for part in drawn.parts]
        drawn.flow("begin", "early")

    found = migrated(started(old), new.model())

    step = found.execution.complete(token(found.execution, "early"), {}, moment())
    assert opened(step) == ["left", "right", "middle"]


# -- events and called processes ---------------------------------------------------------------------------------------
def gate(*messages: str, days: str = "30d") -> Diagram:
    drawn = Diagram().start().node("eventBasedGateway", "gate").timer("late", f'after("{days}")').end()
    for name in messages:
        drawn.message(f"got_{name}", name).path("gate", f"got_{name}", "finish")
    return drawn.path("begin", "gate", "late", "finish")


def test_the_events_behind_a_gateway_keep_their_instant_and_a_new_one_is_waited_for() -> None:
    execution = started(gate("resolved"))

    found = migrated(execution, gate("resolved", "withdrawn", days="60d").model())

    assert sorted(live(found.execution)) == [("got_resolved", "wait"), ("got_withdrawn", "wait"), ("late", "timer")]
    assert [wait.message for wait in found.step.opened_waits] == ["withdrawn"]
    late = found.execution._live()[token(found.execution, "late")]
    assert due_instant(late.store["due"]) == NOW + timedelta(days=30)
    found.execution.deliver("withdrawn", {}, moment())
    assert found.execution.is_ended


def test_a_renamed_event_behind_a_gateway_is_the_same_wait_under_a_new_token() -> None:
    execution = started(gate("resolved"))
    new = gate()
    new.message("got_it", "resolved").path("gate", "got_it", "finish")

    found = migrated(execution, new.model(), got_resolved="got_it")

    assert found.step.closed_tokens == () and found.step.opened_waits == ()
    renamed = next(each for each in found.kept if each.new.element_id == "got_it")
    assert renamed.new_token == token(found.execution, "got_it") != renamed.token


def calling(called: str = "inner", *more: str) -> Diagram:
    drawn = Diagram("outer").start().node("callActivity", "call", calledElement=called)
    for element_id in more:
        drawn.task(element_id)
    return drawn.end().path("begin", "call", *more, "finish")


def inner(*tasks: str) -> Diagram:
    drawn = Diagram("inner").start()
    for element_id in tasks:
        drawn.task(element_id)
    return drawn.end().path("begin", *tasks, "finish")


def test_a_called_process_moves_and_its_caller_stays() -> None:
    execution = started(calling(), inner("one"))

    found = migrated(execution, calling().model(inner("one", "two")), key="inner")

    assert finish(found.execution, "one", "two") == ["one", "two", "finish", "call", "finish"]


def test_a_caller_moves_and_what_it_called_goes_on() -> None:
    execution = started(calling(), inner("one"))

    found = migrated(execution, calling("inner", "closing").model(inner("one")), key="outer")

    assert finish(found.execution, "one", "closing") == ["one", "finish", "call", "closing", "finish"]


def test_a_call_of_another_process_cannot_take_over_a_running_one() -> None:
    execution = started(calling(), inner("one"))
    other = Diagram("other").start().task("one").end().path("begin", "one", "finish")

    assert problems(execution, calling("other").model(other), **{}) == ["outer:call"]


def embedded(name: str) -> Diagram:
    inside = Diagram(name).start("in").task("work").end("out").path("in", "work", "out")
    return Diagram().start().embedded(name, inside).end().path("begin", name, "finish")


def test_an_embedded_process_may_have_another_id() -> None:
    found = migrated(started(embedded("part")), embedded("piece").model(), part="piece")

    assert finish(found.execution, "work") == ["work", "out", "piece", "finish"]


# -- what cannot move --------------------------------------------------------------------------------------------------
def test_an_element_that_is_gone_holds_the_instance_and_is_named() -> None:
    execution = started(straight())

    with pytest.raises(CannotMigrate) as refused:
        migrated(execution, straight("opening").model())

    problem = refused.value.problems[0]
    assert problem.where == "demo:first"
    assert problem.zh == "流程停在“名称 first”（first），新版没有这个环节。环节改名的，请指明对应关系。"
    assert problem.en == (
        'it stands at "名称 first" (first), which the new version does not have. '
        "If it only has another id now, say which."
    )


def test_an_id_that_means_something_else_now_holds_the_instance() -> None:
    other = Diagram().start().job("first").task("second").end().path("begin", "first", "second", "finish")

    assert problems(started(straight()), other.model()) == ["demo:first"]


def test_a_job_of_another_kind_holds_the_instance() -> None:
    old = Diagram().start().job("send").end().path("begin", "send", "finish")
    new = Diagram().start().job("send", "remind", to="'officer@area'").end().path("begin", "send", "finish")

    assert problems(started(old), new.model()) == ["demo:send"]
