"""Cancel here, start there: what goes on, with which variables, what is refused and with which way out."""

from typing import Any

import pytest
from diagrams import Diagram, moment, several
from walker import opened

from engine.bpmn.execution import Execution, NotLive
from engine.bpmn.moving import CannotMove, Move, Moved, Place, move


def line(*tasks: str) -> Diagram:
    drawn = Diagram().start()
    for element_id in tasks:
        drawn.task(element_id)
    return drawn.end().path("begin", *tasks, "finish")


def started(drawn: Diagram, *called: Diagram, **variables: Any) -> Execution:
    execution, _ = Execution.start(drawn.model(*called), {"area": "unit-1", **variables}, moment())
    return execution


def live(execution: Execution) -> list[str]:
    return [token.element_id for token in execution.tokens()]


def tokens(execution: Execution, *elements: str) -> tuple[str, ...]:
    return tuple(
        next(token.token for token in execution.tokens() if token.element_id == element_id) for element_id in elements
    )


def saved(execution: Execution) -> Execution:
    return Execution.load(execution.model, execution.dump(), moment())


def moved(
    execution: Execution, cancel: tuple[str, ...], *start: str, key: str = "demo", **variables: Any
) -> tuple[Execution, Moved]:
    """By element ids. The execution is saved and loaded before and after."""
    execution = saved(execution)
    places = tuple(Place(*place.split(":")) if ":" in place else Place(key, place) for place in start)
    found = move(execution, Move(tokens(execution, *cancel), places, variables), moment(1))
    return saved(execution), found


def complete(execution: Execution, *elements: str) -> None:
    for element_id in elements:
        execution.complete(tokens(execution, element_id)[0], {}, moment(2))


def done(execution: Execution, *elements: str) -> bool:
    for element_id in elements:
        execution.complete(tokens(execution, element_id)[0], {}, moment(2))
        execution = saved(execution)
    return execution.is_ended


def refused(execution: Execution, cancel: tuple[str, ...], *start: str, **more: Any) -> str:
    with pytest.raises(CannotMove) as error:
        moved(execution, cancel, *start, **more)
    assert all(problem.zh and problem.en for problem in error.value.problems)
    return error.value.problems[0].en


def test_a_token_moves_on_and_says_what_it_skips() -> None:
    execution = started(line("survey", "check", "sign"))

    after, found = moved(execution, ("survey",), "sign")

    assert live(after) == ["sign"]
    assert found.step.closed_tokens == tokens(execution, "survey")
    assert [element.element_id for element in found.skipped] == ["check"]
    assert found.repeated == () and found.notes == ()
    assert done(after, "sign")


def test_a_token_moves_back_with_its_variables_and_those_that_are_given() -> None:
    execution = started(line("survey", "check", "sign"))
    execution.complete(tokens(execution, "survey")[0], {"surveyed": True}, moment())
    execution.complete(tokens(execution, "check")[0], {"result": "good"}, moment())

    after, found = moved(execution, ("sign",), "survey", result="unclear")

    assert opened(found.step) == ["survey"]
    assert after.variables() == {"area": "unit-1", "surveyed": True, "result": "unclear"}
    assert [element.element_id for element in found.repeated] == ["check"]
    assert done(after, "survey", "check", "sign")


def test_back_and_forth_many_times_leaves_nothing_behind() -> None:
    execution = started(line("survey", "check", "sign"))
    for _ in range(30):
        execution, _found = moved(execution, ("survey",), "sign")
        execution, _found = moved(execution, ("sign",), "survey")

    assert live(execution) == ["survey"]
    assert len(execution.dump()) < 2 * len(started(line("survey", "check", "sign")).dump())
    assert done(execution, "survey", "check", "sign")


def test_the_timers_beside_a_task_go_and_come_with_it() -> None:
    drawn = line("survey", "check").timer("late", 'after("5d")', on="survey").end("over").path("late", "over")
    execution = started(drawn)

    after, found = moved(execution, ("survey",), "check")
    back, again = moved(after, ("check",), "survey")

    assert live(after) == ["check"] and len(found.step.closed_tokens) == 2
    assert live(back) == ["survey", "late"] and len(again.step.opened_timers) == 1
    back.fire(tokens(back, "late")[0], moment(9))
    assert back.is_ended


def test_a_reminder_under_way_does_not_hold_a_moved_instance() -> None:
    drawn = line("survey", "check").timer("soon", 'after("5d")', on="survey", interrupting=False)
    drawn.job("remind").end("reminded").path("soon", "remind", "reminded")
    execution = started(drawn)
    execution.fire(tokens(execution, "soon")[0], moment(5))

    after, _ = moved(execution, ("survey",), "check")

    assert live(after) == ["check", "remind"] or live(after) == ["remind", "check"]
    after.complete_job(tokens(after, "remind")[0], {}, moment(6))
    assert done(after, "check")


def test_a_job_and_a_choice_can_be_started() -> None:
    drawn = Diagram().start().task("survey").choice("which", default="other").job("send").task("sign").end()
    drawn.path("begin", "survey", "which").flow("which", "send", "ready == true").flow("which", "sign", flow_id="other")
    drawn.path("send", "finish").path("sign", "finish")

    chosen, _ = moved(started(drawn), ("survey",), "which", ready=True)
    sent, found = moved(started(drawn), ("survey",), "send")

    assert live(chosen) == live(sent) == ["send"]
    assert [job.kind for job in found.step.opened_jobs] == ["letter"]


def test_an_event_can_be_waited_for() -> None:
    drawn = Diagram().start().task("ask").message("answered", "answer").timer("pause", 'after("3d")').end()
    drawn.path("begin", "ask", "answered", "pause", "finish")

    waiting, found = moved(started(drawn), ("ask",), "answered")
    paused, again = moved(waiting, ("answered",), "pause")

    assert [wait.message for wait in found.step.opened_waits] == ["answer"]
    assert len(again.step.closed_tokens) == len(again.step.opened_timers) == 1
    paused.fire(tokens(paused, "pause")[0], moment(5))
    assert paused.is_ended


def test_a_task_for_several_goes_with_all_of_its_instances() -> None:
    drawn = Diagram().start().task("ask", several("units", "unit")).task("review").end()
    drawn.path("begin", "ask", "review", "finish")
    execution = started(drawn, units=["a", "b", "c"])

    after, found = moved(execution, ("ask",), "review")
    back, _ = moved(after, ("review",), "ask")

    assert len(found.step.closed_tokens) == 3 and live(after) == ["review"]
    assert live(back) == ["ask"] * 3
    assert done(back, "ask", "ask", "ask", "review")


def test_the_end_can_be_started() -> None:
    _, found = moved(started(line("survey", "check")), ("survey",), "finish")

    assert found.step.ended


# -- branches ----------------------------------------------------------------------------------------------------------
def fork() -> Diagram:
    drawn = Diagram().start().task("before").parallel("split").parallel("meet").task("after").end()
    drawn.task("left").task("left2").task("right").task("right2").path("begin", "before", "split")
    drawn.path("split", "left", "left2", "meet").path("split", "right", "right2", "meet")
    return drawn.path("meet", "after", "finish")


def at_fork() -> Execution:
    execution = started(fork())
    complete(execution, "before")
    return execution


def test_a_branch_moves_by_itself_and_the_join_still_waits_for_the_other() -> None:
    after, found = moved(at_fork(), ("left",), "left2")

    assert sorted(live(after)) == ["left2", "right"] and found.notes == ()
    complete(after, "left2")
    assert live(after) == ["right"]
    assert done(after, "right", "right2", "after")


def test_what_waits_at_a_join_is_kept_when_the_other_branch_moves_within() -> None:
    execution = at_fork()
    execution.complete(tokens(execution, "left")[0], {"l": 1}, moment())
    execution.complete(tokens(execution, "left2")[0], {}, moment())
    execution.complete(tokens(execution, "right")[0], {"r": 1}, moment())

    after, found = moved(execution, ("right2",), "right")

    assert live(after) == ["right"] and found.notes == ()
    after.complete(tokens(after, "right")[0], {"r": 2}, moment())
    after.complete(tokens(after, "right2")[0], {}, moment())
    assert live(after) == ["after"]
    assert {name: after.variables()[name] for name in "lr"} == {"l": 1, "r": 2}
    assert done(after, "after")


def test_what_waits_at_a_join_is_given_up_when_the_fork_is_gone_through_again() -> None:
    execution = at_fork()
    complete(execution, "left", "left2")

    after, found = moved(execution, ("right",), "before")

    assert live(after) == ["before"] and len(found.notes) == 1
    complete(after, "before", "left", "left2")
    assert live(after) == ["right"]
    assert done(after, "right", "right2", "after")


def test_both_branches_go_back_before_the_fork_as_one() -> None:
    after, found = moved(at_fork(), ("left", "right"), "before")

    assert live(after) == ["before"]
    assert done(after, "before", "left", "left2", "right", "right2", "after")
    assert found.notes == ()


def test_one_token_may_become_two_and_the_join_takes_both() -> None:
    after, found = moved(started(fork()), ("before",), "left2", "right2")

    assert sorted(live(after)) == ["left2", "right2"] and len(found.notes) == 1
    assert done(after, "left2", "right2", "after")


def test_a_branch_cannot_leave_the_join_waiting_for_ever() -> None:
    assert "would wait for ever" in refused(at_fork(), ("left",), "after")
    assert "would wait for ever" in refused(at_fork(), ("left",))


def test_a_join_that_is_started_passes_with_what_has_arrived() -> None:
    execution = at_fork()
    execution.complete(tokens(execution, "left")[0], {"l": 1}, moment())
    execution.complete(tokens(execution, "left2")[0], {}, moment())

    after, _ = moved(execution, ("right",), "meet")

    assert live(after) == ["after"] and after.variables()["l"] == 1
    assert done(after, "after")


# -- called processes --------------------------------------------------------------------------------------------------
def outer() -> Diagram:
    drawn = Diagram("outer").start().node("callActivity", "first_phase", calledElement="inner")
    drawn.node("callActivity", "second_phase", calledElement="other").task("close").end()
    return drawn.path("begin", "first_phase", "second_phase", "close", "finish")


def inner(key: str) -> Diagram:
    return (
        Diagram(key)
        .start()
        .task(f"{key}_one")
        .task(f"{key}_two")
        .end()
        .path("begin", f"{key}_one", f"{key}_two", "finish")
    )


def called() -> Execution:
    return started(outer(), inner("inner"), inner("other"))


def test_a_token_moves_within_the_process_that_is_called() -> None:
    after, _ = moved(called(), ("inner_one",), "inner:inner_two")

    assert done(after, "inner_two", "other_one", "other_two", "close")


def test_a_called_process_closes_when_its_last_token_leaves_it() -> None:
    after, found = moved(called(), ("inner_one",), "outer:close", done_by="hand")

    assert live(after) == ["close"] and after.variables()["done_by"] == "hand"
    assert [element.element_id for element in found.skipped] == ["second_phase"]
    assert done(after, "close")


def test_a_called_process_closes_although_a_reminder_in_it_is_over() -> None:
    called_one = inner("inner").timer("soon", 'after("5d")', on="inner_one", interrupting=False)
    called_one.timer("late", 'after("9d")', on="inner_one", interrupting=False).end("late_told").path(
        "late", "late_told"
    )
    called_one.job("remind").end("reminded").path("soon", "remind", "reminded")
    execution = started(outer(), called_one, inner("other"))
    execution.fire(tokens(execution, "soon")[0], moment(5))
    execution.complete_job(tokens(execution, "remind")[0], {}, moment(5))

    after, _ = moved(execution, ("inner_one",), "outer:close")

    assert live(after) == ["close"]
    assert done(after, "close")


def test_a_called_process_is_started_at_its_call() -> None:
    after, found = moved(called(), ("inner_one",), "outer:second_phase")

    assert live(after) == opened(found.step) == ["other_one"]
    assert done(after, "other_one", "other_two", "close")


def test_an_element_of_a_process_that_does_not_run_is_refused_with_the_way_out() -> None:
    assert refused(called(), ("inner_one",), "other:other_two") == (
        "The process around this element does not run now. Start at what calls it instead: outer:second_phase."
    )


# -- refusals ----------------------------------------------------------------------------------------------------------
def test_what_cannot_be_moved_is_said() -> None:
    execution = started(line("survey", "check"))

    assert "Nothing of the process would be left" in refused(execution, ("survey",))
    assert "has no element" in refused(execution, ("survey",), "nowhere")
    assert "cannot be started" in refused(execution, ("survey",), "begin")
    assert "Choose what to cancel" in refused(execution, ())
    with pytest.raises(NotLive):
        move(execution, Move(("0" * 32,), (Place("demo", "check"),)), moment())
