"""What the shipped processes do not have, walked in plain SpiffWorkflow and in ours; and that the walker would notice.

Joins in loops and multi-instance tasks are where plain itself is wrong: each such fault is shown from plain's own tree,
named and counted.
"""

import random
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest
from diagrams import NOW, Diagram, fake_functions, several
from plain_faults import CRASH, DISORDER, EARLY, LEFT_BEHIND, MIXED, ONLY_ONCE, REWRITTEN, STALE, STALE_SEVERAL, STUCK
from plain_spiff import PlainModel
from plain_walker import Differs, Ground, walk_all
from SpiffWorkflow.task import Task
from SpiffWorkflow.util.task import TaskState
from test_several_at_once import joint
from walker import Twins, passed

from engine.bpmn import state
from engine.bpmn.definition import Model, load_model
from engine.bpmn.execution import Execution
from engine.bpmn.joins import EndJoin

WALKS_EACH = 300
LENGTHS = (4, 6, 8, 10, 12, 16, 40)
ITEMS = ["u1", "u2", "u3"]


def fork_in_a_loop() -> Diagram:
    return (
        Diagram()
        .start()
        .choice("again")
        .parallel("fork")
        .task("left_a")
        .task("left_b")
        .task("right", dueDate='after("9d")', basis="方案")
        .timer("soon", 'before(due, "2d")', on="right", interrupting=False)
        .job("remind")
        .end("reminded")
        .timer("late", "due", on="right")
        .task("chase")
        .choice("right_done")
        .parallel("meet")
        .task("judge")
        .choice("good", default="yes")
        .end()
        .path("begin", "again", "fork", "left_a", "left_b", "meet", "judge", "good")
        .path("fork", "right", "right_done", "meet")
        .path("late", "chase", "right_done")
        .flow("good", "again", 'outcome == "returned"')
        .flow("good", "finish", flow_id="yes")
        .path("soon", "remind", "reminded")
    )


def three_ways() -> Diagram:
    diagram = Diagram().start().parallel("fork").parallel("meet").task("judge").end()
    for name in ("one", "two", "three"):
        diagram.task(name).path("fork", name, "meet")
    return diagram.path("begin", "fork").path("meet", "judge", "finish")


def first_of_two() -> Diagram:
    return (
        Diagram()
        .start()
        .choice("again")
        .node("eventBasedGateway", "first")
        .message("replied", "reply")
        .timer("silence", 'after("3d")')
        .task("read")
        .task("urge")
        .choice("good", default="yes")
        .end()
        .path("begin", "again", "first", "replied", "read", "good")
        .path("first", "silence", "urge", "good")
        .flow("good", "again", 'outcome == "returned"')
        .flow("good", "finish", flow_id="yes")
    )


def embedded() -> Diagram:
    inside = (
        Diagram("inside")
        .start("inner_begin")
        .parallel("inner_fork")
        .task("measure", dueDate='after("5d")', basis="方案")
        .timer("measure_soon", 'before(due, "1d")', on="measure", interrupting=False)
        .job("measure_remind")
        .end("measure_reminded")
        .task("photograph")
        .parallel("inner_meet")
        .end("inner_finish")
        .path("inner_begin", "inner_fork", "measure", "inner_meet", "inner_finish")
        .path("inner_fork", "photograph", "inner_meet")
        .path("measure_soon", "measure_remind", "measure_reminded")
    )
    return (
        Diagram()
        .start()
        .choice("again")
        .embedded("inspect", inside)
        .timer("too_long", 'after("20d")', on="inspect")
        .message("withdrawn", "withdraw", on="inspect")
        .task("judge")
        .choice("good", default="yes")
        .end()
        .end("given_up")
        .path("begin", "again", "inspect", "judge", "good")
        .path("too_long", "judge")
        .path("withdrawn", "given_up")
        .flow("good", "again", 'outcome == "returned"')
        .flow("good", "finish", flow_id="yes")
    )


def waiting() -> Diagram:
    return (
        Diagram()
        .start()
        .choice("again")
        .task("work", dueDate='after("9d")', basis="方案")
        .timer("soon", 'before(due, "3d")', on="work", interrupting=False)
        .task("explain")
        .end("explained")
        .timer("late", "due", on="work")
        .job("chase")
        .message("answer", "answer")
        .timer("cool_down", 'after("2d")')
        .choice("good", default="yes")
        .end()
        .path("begin", "again", "work", "cool_down", "good")
        .path("soon", "explain", "explained")
        .path("late", "chase", "answer", "cool_down")
        .flow("good", "again", 'outcome == "returned"')
        .flow("good", "finish", flow_id="yes")
    )


def timed_several(inner: str) -> Diagram:
    return (
        Diagram()
        .start()
        .task("sign", inner, dueDate='after("5d")', basis="方案")
        .timer("late", "due", on="sign")
        .task("chase")
        .end()
        .path("begin", "sign", "finish")
        .path("late", "chase", "finish")
    )


SEVERAL = {STALE_SEVERAL, LEFT_BEHIND, DISORDER, ONLY_ONCE}
JOINS = {EARLY, STUCK, CRASH, STALE, MIXED, REWRITTEN}
DIAGRAMS: dict[str, tuple[Callable[[], Diagram], set[str]]] = {
    "fork in a loop": (fork_in_a_loop, JOINS),
    "fork of three": (three_ways, {STALE, MIXED, REWRITTEN}),
    "event gateway in a loop": (first_of_two, set()),
    "embedded process": (embedded, JOINS),
    "timers, messages and jobs": (waiting, {STALE, MIXED, REWRITTEN}),
    "several at once, results": (lambda: joint(several("units", "unit", "opinions", "opinion")), SEVERAL),
    "several at once, no results": (lambda: joint(several("units", "unit")), SEVERAL),
    "several at once, until": (lambda: joint(several("units", "unit", until='opinion == "no"')), SEVERAL),
    "several in turn, results": (lambda: joint(several("units", "unit", "opinions", "opinion", in_turn=True)), SEVERAL),
    "several in turn, no results": (lambda: joint(several("units", "unit", in_turn=True)), SEVERAL),
    "several at once, with a deadline": (lambda: timed_several(several("units", "unit")), SEVERAL),
}


@pytest.mark.parametrize("name", DIAGRAMS)
def test_a_diagram_goes_as_in_plain_spiffworkflow(name: str) -> None:
    build, known = DIAGRAMS[name]

    tally = walk_all(ground(name, build()), WALKS_EACH, LENGTHS)

    print("\n" + tally.line(name))
    assert tally.walks == WALKS_EACH
    assert tally.ended > 0
    assert set(tally.faults) <= known


def ground(name: str, diagram: Diagram) -> Ground:
    definition = diagram.definition()
    return Ground(
        name=name,
        ours=load_model([definition]),
        plain=PlainModel([definition]),
        starts=[
            ({"area": "unit-1", "units": units, "outcome": "new", "note": "first"}, NOW) for units in _unit_lists()
        ],
        answer=answer,
        functions=fake_functions,
    )


def _unit_lists() -> list[list[Any]]:
    return [ITEMS, ITEMS[:1], [{"id": 1}, {"id": 2}], ["u1", "u1"]]


def answer(chance: random.Random, element_id: str) -> dict[str, Any]:
    given: dict[str, Any] = {}
    if element_id == "judge" or chance.random() < 0.3:
        given["outcome"] = chance.choice(["returned", "returned", "approved"])
    if element_id == "sign":
        given["opinion"] = chance.choice(["yes", "no", "later"])
    if chance.random() < 0.5:
        given[chance.choice(["note", f"note_{element_id}"])] = f"{element_id} {chance.random()}"
    if chance.random() < 0.2:
        given["rows"] = [{"id": chance.randrange(9), "by": element_id}]
    return given


# -- the walker notices ------------------------------------------------------------------------------------------------
class _Broken(Execution):
    """Ours, broken on purpose between two steps."""

    def dump(self) -> bytes:
        content = state.contents(super().dump())
        for tree in (content["root"], *content["inner"].values()):
            for row in tree["tasks"]:
                self.spoil(tree["specs"][row[3]], row)
        return state.pack(content)

    def spoil(self, spec_name: str, row: list[Any]) -> None:
        raise NotImplementedError


class _DropsAVariable(_Broken):
    def spoil(self, spec_name: str, row: list[Any]) -> None:
        if row[6]:
            row[6].pop("note", None)


class _ArmsFiredTimersAgain(_Broken):
    def spoil(self, spec_name: str, row: list[Any]) -> None:
        if spec_name == "soon" and row[2] == TaskState.COMPLETED:
            row[2] = TaskState.WAITING


class _ForgetsWhoHasArrived(_Broken):
    def spoil(self, spec_name: str, row: list[Any]) -> None:
        if row[5] and "arrived" in row[5]:
            row[5]["used"] = True


class _OverlayingEnd(EndJoin):
    """Gives the process whatever the last token carried along."""

    def _run_hook(self, my_task: Task) -> bool:
        super()._run_hook(my_task)
        my_task.data = dict(my_task.parent.data)
        my_task.workflow.data.update(my_task.data)
        return True


@pytest.mark.parametrize(
    ("broken", "diagram"),
    [(_DropsAVariable, waiting), (_ArmsFiredTimersAgain, waiting), (_ForgetsWhoHasArrived, fork_in_a_loop)],
    ids=["drops a variable", "arms fired timers again", "forgets who has arrived"],
)
def test_a_broken_engine_is_caught(broken: type[Execution], diagram: Callable[[], Diagram]) -> None:
    with pytest.raises(Differs):
        walk_all(ground("broken", diagram()), WALKS_EACH, LENGTHS, broken)


def test_an_engine_that_is_wrong_as_plain_is_wrong_is_caught() -> None:
    """Both give the same stale values then; what would have been right is known from plain's tree."""
    sound = ground("broken", waiting())
    broken = Model([waiting().definition()])
    for spec in broken.specs.values():
        spec.end.__class__ = _OverlayingEnd

    with pytest.raises(Differs, match="stale value at a join"):
        walk_all(replace(sound, ours=broken), WALKS_EACH, LENGTHS)


# -- what the walks found in ours --------------------------------------------------------------------------------------
def test_a_job_is_passed_once() -> None:
    diagram = Diagram().start().task("one").job("tell").task("two").end()
    walk = Twins(diagram.path("begin", "one", "tell", "two", "finish").model())

    reached = walk.complete("one")
    done = walk.job("tell")

    assert (passed(reached), passed(done)) == (["one"], ["tell"])


def test_of_three_tokens_one_that_only_carried_a_value_along_does_not_hide_another_s_change() -> None:
    """Two reminders of two rounds, the older done last: the process ends as it was judged."""
    diagram = (
        Diagram()
        .start()
        .choice("again")
        .task("fix", dueDate='after("9d")', basis="方案")
        .timer("fix_soon", 'before(due, "2d")', on="fix", interrupting=False)
        .job("fix_remind")
        .end("fix_reminded")
        .task("check", dueDate='after("9d")', basis="方案")
        .timer("check_soon", 'before(due, "2d")', on="check", interrupting=False)
        .job("check_remind")
        .end("check_reminded")
        .end()
        .path("begin", "again", "fix", "check", "finish")
        .path("fix_soon", "fix_remind", "fix_reminded")
        .path("check_soon", "check_remind", "check_reminded")
    )
    walk = Twins(diagram.model(), outcome="open")

    walk.fire("fix_soon")
    walk.complete("fix", outcome="fixed")
    walk.fire("check_soon")
    walk.complete("check", outcome="confirmed")
    walk.job("check_remind")
    walk.job("fix_remind")

    assert walk.is_ended
    assert walk.variables["outcome"] == "confirmed"
