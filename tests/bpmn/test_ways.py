"""Which flows a step goes along, told by the tokens themselves: forks, joins, choices, events, processes inside."""

from diagrams import Diagram, moment, several
from walker import Twins

from engine.bpmn.execution import Execution
from engine.bpmn.step import Step


def ways(step: Step) -> list[str]:
    return [flow_id for _, flow_id in step.gone]


def drawn(diagram: Diagram, *flows: str) -> Diagram:
    """`a>b` is a flow that is called so; `a>b:x` goes there when x is true."""
    for flow in flows:
        way, _, condition = flow.partition(":")
        source, _, target = way.partition(">")
        diagram.flow(source, target, condition, way)
    return diagram


def test_a_fork_goes_every_way_and_a_join_is_entered_by_each() -> None:
    diagram = Diagram().start().parallel("fork").job("one").task("two").task("three").parallel("join").end()
    flows = "begin>fork", "fork>one", "fork>two", "fork>three", "one>join", "two>join", "three>join", "join>finish"
    walk = Twins(drawn(diagram, *flows).model())

    steps = [walk.first, walk.job("one"), walk.complete("three"), walk.complete("two")]

    assert [ways(step) for step in steps] == [
        ["begin>fork", "fork>one", "fork>two", "fork>three"],
        ["one>join"],
        ["three>join"],
        ["two>join", "join>finish"],
    ]


def test_mixed_branches_are_not_taken_for_each_other() -> None:
    """One branch asks and goes to a; the other goes to m by itself, whither the first could have gone too."""
    diagram = Diagram().start().parallel("fork").choice("x", default="x>m").task("a").task("m").end()
    flows = "begin>fork", "fork>x", "fork>m", "x>a:to_a", "x>m", "a>finish", "m>finish"

    taken = [ways(Twins(drawn(diagram, *flows).model(), to_a=True).first)]
    taken.append(ways(Twins(diagram.model(), to_a=False).first))

    assert taken == [["begin>fork", "fork>x", "fork>m", "x>a"], ["begin>fork", "fork>x", "fork>m", "x>m"]]


def test_two_flows_between_the_same_two_elements_are_told_apart_by_their_conditions() -> None:
    diagram = Diagram().start().choice("x", default="else").task("a").end().path("begin", "x")
    diagram.flow("x", "a", "n == 1", "first").flow("x", "a", "n > 1", "second").flow("x", "a", flow_id="else")
    model = diagram.path("a", "finish").model()

    assert [ways(Twins(model, n=n).first)[1:] for n in (1, 2, 0)] == [["first"], ["second"], ["else"]]


def test_events_tasks_with_boundaries_and_processes_inside_are_entered_and_left_by_their_flows() -> None:
    inside = drawn(Diagram().start("in").task("t", several("units", "unit")).end("out"), "in>t", "t>out")
    diagram = Diagram().start().embedded("box", inside).timer("late", 'after("5d")', on="box")
    diagram.node("eventBasedGateway", "first").message("told", "m").timer("silent", 'after("3d")').task("chase").end()
    flows = "begin>box", "box>first", "first>told", "first>silent", "told>finish", "silent>finish", "late>chase"
    model = drawn(diagram, *flows, "chase>finish").model()
    walk, other = Twins(model, units=["a", "b"]), Twins(model, units=["a"])

    steps = [walk.first, walk.complete("t"), walk.complete("t"), walk.fire("silent", days=4)]

    assert [ways(step) for step in steps] == [
        ["begin>box", "in>t"],
        [],
        ["t>out", "box>first"],
        ["first>silent", "silent>finish"],
    ]
    assert ways(other.fire("late", days=6)) == ["late>chase"]
    assert ways(Execution.start(model, {"units": []}, moment())[1]) == ["begin>box", "in>t", "t>out", "box>first"]
