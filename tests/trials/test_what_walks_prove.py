"""A green walk means something: what is refused, expected of nothing, or counted wrong does not pass for proven."""

from collections.abc import Iterator
from dataclasses import replace
from functools import cache
from pathlib import Path

import pytest

from engine.domain.calendar import WorkCalendar
from engine.errors import Invalid
from engine.trials.coverage import coverage
from engine.trials.ground import Ground, ground_of
from engine.trials.limits import Limits
from engine.trials.play import WalkResult, play
from engine.trials.recorder import replay
from engine.trials.report import Report, Reports
from engine.trials.script import read_script

PROCESSES = Path(__file__).parents[2] / "processes"
LIMITS = (PROCESSES / "improvement" / "tests" / "extension_limits.toml").read_text("utf-8")
OK = (PROCESSES / "lookback" / "tests" / "ok.toml").read_text("utf-8")
LATE = (PROCESSES / "lookback" / "tests" / "late.toml").read_text("utf-8")
REFUSED = (
    'expect = { refused = ["extension_wanted"], tasks = ["report_standard"], '
    'due = { report_standard = "2024-09-30T18:00:00+08:00" } }'
)
FORK = """<?xml version="1.0" encoding="UTF-8"?>
<bpmn:definitions xmlns:bpmn="http://www.omg.org/spec/BPMN/20100524/MODEL" xmlns:duban="urn:duban:bpmn" id="d"
 targetNamespace="t"><bpmn:process id="lookback" isExecutable="true"><bpmn:startEvent id="start"/>
<bpmn:parallelGateway id="fork"/><bpmn:parallelGateway id="join"/><bpmn:endEvent id="end"/>
<bpmn:userTask id="a" name="a"/><bpmn:userTask id="b" name="b"/><bpmn:userTask id="c" name="c"/>
<bpmn:sequenceFlow id="begin" sourceRef="start" targetRef="fork"/>
<bpmn:sequenceFlow id="fa" sourceRef="fork" targetRef="a"/><bpmn:sequenceFlow id="aj" sourceRef="a" targetRef="join"/>
<bpmn:sequenceFlow id="fb" sourceRef="fork" targetRef="b"/><bpmn:sequenceFlow id="bj" sourceRef="b" targetRef="join"/>
<bpmn:sequenceFlow id="fc" sourceRef="fork" targetRef="c"/><bpmn:sequenceFlow id="cj" sourceRef="c" targetRef="join"/>
<bpmn:sequenceFlow id="over" sourceRef="join" targetRef="end"/></bpmn:process></bpmn:definitions>"""
HEAD = 'name = "n"\nprocess = "lookback"\nnow = "2024-06-11T09:00:00+08:00"\n'


@cache
def ground() -> Ground:
    return ground_of(PROCESSES, "linxia_2024")


def played(text: str, on: Ground | None = None) -> WalkResult:
    return play(on or ground(), text.encode())


def changed(text: str, old: str, new: str) -> str:
    assert old in text
    return text.replace(old, new, 1)


def test_every_branch_of_a_fork_and_every_way_into_a_join_counts() -> None:
    forked = ground().with_folder("lookback", {"lookback.bpmn": FORK.encode()})
    steps = [
        'complete = "a"\nexpect = { flows = ["begin", "fa", "fb", "fc", "aj"] }',
        'complete = "b"\nexpect = { flows = ["bj"] }',
        'complete = "c"\nexpect = { flows = ["cj", "over"], ended = true }',
    ]
    whole = played(HEAD + "".join(f"[[steps]]\n{step}\n" for step in steps), forked)
    part = played(HEAD + f"[[steps]]\n{steps[0]}\n", forked)

    assert (whole.failures, coverage(forked, "lookback", [whole]).missed_flows) == ((), ())
    assert coverage(forked, "lookback", [part]).missed_flows == ("bj", "cj", "over")
    assert set(whole.flows.values()) == {1}


@pytest.mark.parametrize("instead", ['expect = { tasks = ["report_standard"] }', "expect = { refused = [] }", ""])
def test_a_refused_answer_that_the_walk_does_not_expect_fails_with_the_words_of_the_table(instead: str) -> None:
    result = played(changed(LIMITS, REFUSED, instead))

    assert [(each.step, each.subject, each.found) for each in result.failures] == [(2, "refused", ["extension_wanted"])]
    assert "填写被退回" in result.failures[0].zh and "最迟可延至2024年10月30日" in result.failures[0].zh
    assert 'expect refused = ["extension_wanted"]' in result.failures[0].en
    assert played(LIMITS).passed


def test_a_session_of_the_playground_goes_on_after_a_refusal() -> None:
    session = replay(ground(), read_script(LIMITS.encode()))

    assert session.failure is None and len(session.happenings) == 9
    assert [happening.refused for happening in session.happenings[2:4]] == [("extension_wanted",)] * 2


def bare(text: str, instead: str) -> str:
    return "\n".join(instead if line.startswith("expect") else line for line in text.splitlines())


@pytest.mark.parametrize("instead", ["", "expect = {}", "expect = { flows = [], variables = {} }"])
def test_a_walk_that_expects_nothing_fails(instead: str) -> None:
    result = played(bare(OK, instead))

    assert [failure.step for failure in result.failures] == [0]
    assert "没有写任何 expect" in result.failures[0].zh and "expects nothing" in result.failures[0].en
    assert result.elements and len(result.tokens) == result.steps + 1  # it was walked all the same


def test_a_due_date_is_that_of_an_open_task() -> None:
    due = 'due = { lookback_check = "2024-07-16T18:00:00+08:00" }'
    opened = changed(LATE, "lights =", f"{due}, lights =")

    assert played(opened).failures == ()
    failures = played(changed(opened, "ended = true", due)).failures
    assert [(each.step, each.subject, each.found) for each in failures] == [(3, "due", None)]


@pytest.mark.parametrize(("wanted", "passes"), [("false", True), ("0", False), ("0.0", False), ('"false"', False)])
def test_a_variable_is_compared_with_its_type(wanted: str, passes: bool) -> None:
    assert played(changed(LIMITS, "may_extend = false", f"may_extend = {wanted}")).passed is passes


def test_the_time_is_looked_at_within_a_step_too() -> None:
    asked: Iterator[bool] = iter([False, True])  # behind the start event, and behind the fork
    forked = ground().with_folder("lookback", {"lookback.bpmn": FORK.encode()})
    walk = HEAD + "[[steps]]\nexpect = { ended = false }\n"

    result = play(forked, walk.encode(), limits=Limits(is_over=lambda: next(asked)))

    assert [failure.step for failure in result.failures] == [0]
    assert "用时超过限制，已中止（现停在：fork）" in result.failures[0].zh


class Clock:
    """Counts how often a trial asks whether it is over: as often as something happens in it."""

    def __init__(self, over: bool = False) -> None:
        self.asked = 0
        self.over = over

    def limits(self) -> Limits:
        return Limits(is_over=self._is_over)

    def _is_over(self) -> bool:
        self.asked += 1
        return self.over


def test_a_report_is_made_once_for_the_same_files_plan_and_calendar() -> None:
    reports = Reports(kept=2)

    def asked(on: Ground, over: bool = False) -> tuple[bool, Report]:
        clock = Clock(over)
        report = reports.of(on, "lookback", clock.limits())
        return clock.asked > 1, report

    same = Ground({key: dict(files) for key, files in ground().folders.items()}, ground().plan, ground().calendar)
    files = ground().folders["lookback"]
    edited = same.with_folder("lookback", {**files, "tests/ok.toml": files["tests/ok.toml"] + b"\n# seen\n"})
    called = same.with_folder("supervision", {**ground().folders["supervision"], "note.form": b"{}"})
    planned = replace(same, plan=replace(same.plan, title="另一个行动（演示）"))
    dated = replace(same, calendar=WorkCalendar([same.calendar.year(2024)]))

    assert asked(ground(), over=True)[0] and asked(ground())[0]  # what ran out of time is played again
    first = asked(ground())
    assert (first[0], asked(same)) == (False, first)
    assert [asked(other)[0] for other in (edited, called, planned, dated)] == [True] * 4
    assert first[1].coverage is not None and first[1].coverage.is_full
    assert list(first[1].results) == ["tests/late.toml", "tests/ok.toml", "tests/relapsed.toml"]


def test_a_report_of_a_broken_diagram_has_the_problems() -> None:
    broken = ground().with_folder("lookback", {"lookback.bpmn": b"<no", "tests/ok.toml": OK.encode()})

    report = Reports(kept=1).of(broken, "lookback", Limits())

    assert report.coverage is None and report.problems
    assert not report.results["tests/ok.toml"].passed
    with pytest.raises(Invalid):
        coverage(broken, "lookback", [])
