"""A recorded path against its diagram, for each way in which elements may follow each other."""

from diagrams import Diagram, several

from engine.bpmn.conformance import NO_PATH, NOT_AT_END, NOT_IN_MODEL, PathModel, path_model


def model(diagram: Diagram) -> PathModel:
    return path_model(diagram.text().encode(), "demo")


def found(judged: PathModel, path: str, *, has_ended: bool = False, is_root: bool = True) -> list[tuple[str, str]]:
    deviations = judged.deviations(path.split(), has_ended=has_ended, is_root=is_root)
    return [(each.kind, each.element_id) for each in deviations]


def test_branches_beside_each_other_may_be_passed_in_any_order_and_must_all_be() -> None:
    split = Diagram().start().parallel("fork").task("left").task("right").parallel("join").end()
    split.path("begin", "fork", "left", "join", "finish").path("fork", "right", "join")
    judged = model(split)

    assert found(judged, "begin fork left right join finish", has_ended=True) == []
    assert found(judged, "begin fork right left join finish", has_ended=True) == []
    assert found(judged, "begin fork left") == []
    assert found(judged, "begin fork left join finish", has_ended=True) == [(NO_PATH, "join")]
    assert found(judged, "begin fork left right", has_ended=True) == [(NOT_AT_END, "right")]
    assert found(judged, "begin fork left left") == [(NO_PATH, "left")]
    assert found(judged, "begin gone fork right") == [(NOT_IN_MODEL, "gone")]
    assert found(judged, "begin fork left begin") == [(NO_PATH, "begin")]
    assert found(judged, "begin fork left begin fork", is_root=False) == []  # called a second time
    assert found(judged, "") == []


def test_one_way_out_of_a_choice_excludes_the_others_and_a_loop_comes_back() -> None:
    choice = Diagram().start().choice("which", default="d").task("once").task("again").end()
    choice.path("begin", "which").flow("which", "once", "x == 1").flow("which", "again", flow_id="d")
    choice.path("again", "which").path("once", "finish")
    judged = model(choice)

    assert found(judged, "begin which again which again which once finish", has_ended=True) == []
    assert found(judged, "begin which once again") == [(NO_PATH, "again")]
    assert found(judged, "begin once") == [(NO_PATH, "once")]


def test_an_inclusive_gateway_lets_any_of_its_ways_go_and_its_join_takes_what_came() -> None:
    some = Diagram().start().node("inclusiveGateway", "open").task("a").task("b").task("c")
    some.node("inclusiveGateway", "close").end().path("begin", "open", "a", "close", "finish")
    some.path("open", "b", "close").path("open", "c", "close")
    judged = model(some)

    assert found(judged, "begin open c a close finish", has_ended=True) == []
    assert found(judged, "begin open b close finish", has_ended=True) == []
    assert found(judged, "begin open close") == [(NO_PATH, "close")]
    assert found(judged, "begin open a a") == [(NO_PATH, "a")]


def test_an_event_on_a_task_needs_it_at_work_and_ends_it_only_when_it_interrupts() -> None:
    hosted = Diagram().start().task("work").timer("late", "now()", "work", interrupting=False).job("remind")
    hosted.message("stop", "stop", "work").end().end("reminded").end("stopped")
    hosted.path("begin", "work", "finish").path("late", "remind", "reminded").path("stop", "stopped")
    judged = model(hosted)

    assert found(judged, "begin late remind reminded late remind work finish reminded", has_ended=True) == []
    assert found(judged, "begin stop stopped", has_ended=True) == []
    assert found(judged, "begin stop stopped work") == [(NO_PATH, "work")]
    assert found(judged, "begin work late") == [(NO_PATH, "late")]


def test_what_is_inside_a_subprocess_needs_it_entered_and_is_gone_with_it() -> None:
    inner = Diagram().start("in_begin").task("in_task").end("in_end").path("in_begin", "in_task", "in_end")
    outer = Diagram().start().embedded("sub", inner).message("stop", "stop", "sub").end().end("stopped")
    outer.path("begin", "sub", "finish").path("stop", "stopped")
    each_inner = Diagram().start("in_begin").task("in_task").end("in_end").path("in_begin", "in_task", "in_end")
    repeated = Diagram().start().embedded("sub", Diagram()).end()
    repeated.parts[-2] = (
        f'<bpmn:subProcess id="sub">{several("units", "unit")}{"".join(each_inner.parts)}</bpmn:subProcess>'
    )
    repeated.path("begin", "sub", "finish")
    once, often = model(outer), model(repeated)

    assert found(once, "begin in_begin in_task in_end sub finish", has_ended=True) == []
    assert found(once, "begin in_begin stop stopped", has_ended=True) == []
    assert found(once, "in_begin in_task") == [(NO_PATH, "in_begin")]
    assert found(once, "begin in_begin in_begin") == [(NO_PATH, "in_begin")]
    assert found(once, "begin in_begin stop stopped in_task") == [(NO_PATH, "in_task")]
    assert found(often, "begin in_begin in_begin in_task in_end in_task in_end sub finish", has_ended=True) == []
    assert found(often, "begin sub finish", has_ended=True) == []  # nothing to do it for


def test_an_event_subprocess_may_begin_at_any_time_and_a_terminating_end_leaves_nothing() -> None:
    inner = Diagram().message("asked", "ask").job("answer").end("answered").path("asked", "answer", "answered")
    inner.parts[0] = '<bpmn:startEvent id="asked"><bpmn:messageEventDefinition/></bpmn:startEvent>'
    whole = Diagram().start().parallel("fork").task("a").task("b").end().end("cut", "<bpmn:terminateEventDefinition/>")
    whole.embedded("aside", inner, triggeredByEvent="true")
    whole.path("begin", "fork", "a", "finish").path("fork", "b", "cut")
    judged = model(whole)

    assert found(judged, "begin asked fork answer answered aside b asked cut", has_ended=True) == []
    assert found(judged, "begin aside") == [(NO_PATH, "aside")]
    assert found(judged, "begin fork b cut a") == [(NO_PATH, "a")]
