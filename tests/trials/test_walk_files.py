"""Walks as data: what a file may say, what a step that fails says, and what is refused in time."""

from datetime import UTC, datetime
from functools import cache
from pathlib import Path
from typing import Any

import pytest

from engine.errors import Invalid
from engine.trials.coverage import coverage
from engine.trials.ground import Ground, ground_of
from engine.trials.limits import Limits, TrialStopped, check_variables
from engine.trials.play import play
from engine.trials.recorder import record, replay
from engine.trials.script import read_script
from engine.trials.writing import write_script

PROCESSES = Path(__file__).parents[2] / "processes"
HEAD = 'name = "n"\nprocess = "lookback"\nnow = "2024-06-11T09:00:00+08:00"\n'
LATE = (PROCESSES / "lookback" / "tests" / "late.toml").read_bytes()
SUPERVISION = PROCESSES / "supervision" / "tests" / "full_ladder.toml"


@cache
def ground() -> Ground:
    return ground_of(PROCESSES, "linxia_2024")


def problems(text: str) -> list[str]:
    with pytest.raises(Invalid) as refused:
        read_script(text.encode(), what="w.toml")
    return [problem.where for problem in refused.value.problems]


@pytest.mark.parametrize(
    ("text", "places"),
    [
        ("a = = 1", ["w.toml"]),
        ("x = " + "[" * 5000, ["w.toml"]),
        ('name = 1\nprocess = "p"\nnow = "2024-06-11"\n[[steps]]\nadvance="1wd"', ["name", "now"]),
        (HEAD, ["steps"]),
        (HEAD + "[[steps]]\nadvance = '10'\n", ["steps.#1.advance"]),
        (HEAD + "[[steps]]\nuntil = '2024-13-01'\n", ["steps.#1.until"]),
        (HEAD + "[[steps]]\nvariables = {a = 1}\n", ["steps.#1.variables"]),
        (HEAD + "colour = 1\n[[steps]]\ndo = 'x'\n", ["steps.#1.do", "colour"]),
        (HEAD + "[[steps]]\nexpect = {tasks = 'a', flow = []}\n", ["steps.#1.expect.tasks", "steps.#1.expect.flow"]),
        (HEAD + "[[steps]]\nexpect = {lights = {a = 'blue'}}\n", ["steps.#1.expect.lights.a"]),
        (HEAD + "[[steps]]\nexpect = {due = {a = 'soon'}}\n", ["steps.#1.expect.due.a"]),
        (HEAD + "[[steps]]\ncomplete = 'a'\nvariables = {'a b' = 1}\n", ["steps.#1.variables.a b"]),
        (HEAD + "[variables]\na = nan\n[[steps]]\nadvance = '1d'\n", ["variables.a"]),
        (HEAD + "steps = [1]\n", ["steps.#1"]),
        (HEAD + "[[steps]]\nadvance='1h'\n" * 1, []),
        (HEAD + "[[steps]]\nadvance='1h'\n" * 10_000, ["steps"]),
        (HEAD + "#" * 600_000, ["w.toml"]),
    ],
)  # fmt: skip
def test_what_a_walk_file_may_not_say_is_named_by_its_place(text: str, places: list[str]) -> None:
    if places:
        assert problems(text) == places
    else:
        assert read_script(text.encode()).steps[0].advance == "1h"


def changed(old: str, new: str) -> list[tuple[int, str]]:
    content = LATE.decode()
    assert old in content
    result = play(ground(), content.replace(old, new, 1).encode())
    return [(failure.step, failure.zh) for failure in result.failures]


@pytest.mark.parametrize(
    ("old", "new", "step", "words"),
    [
        ('tasks = ["lookback_check"]', "tasks = []", 1, "第 1 步：在办任务应为 无，实际为 lookback_check。"),
        ('"remind", ', "", 2, "第 2 步：自动作业应为 start_process:supervision，实际为 remind、"),
        ('jobs = ["', 'letters = ["urge"], jobs = ["', 2, "第 2 步：函件应为 urge，实际为 无。"),
        ('lookback_check = "red"', 'lookback_check = "green"', 2, "第 2 步：亮灯“lookback_check”应为 green"),
        ('jobs = ["', 'flows = ["nowhere"], jobs = ["', 2, "第 2 步：应走过连线 nowhere，"),
        ("ended = true", "ended = false", 3, "第 3 步：是否结束应为 否，实际为 是。"),
        ("ended = true", 'variables = { lookback_result = "no" }', 3, "第 3 步：变量“lookback_result”应为 no"),
        ('complete = "lookback_check"', 'complete = "check"', 3, "第 3 步：流程里没有人工任务“check”，"),
        (
            'complete = "lookback_check"\nvariables = { lookback_result = "ok" }', 'message = "m"', 3,
            "第 3 步：没有环节在等消息“m”；正在等的消息：无。",
        ),
        ('advance = "20wd"', 'complete = "lookback_check"', 1, "第 1 步：任务“lookback_check”此时没有打开，"),
        ('process = "lookback"', 'process = "nothing"', 0, "启动：没有流程“nothing”"),
    ],
)  # fmt: skip
def test_a_step_that_fails_says_which_and_what_was_expected_and_found(
    old: str, new: str, step: int, words: str
) -> None:
    found = changed(old, new)

    assert [number for number, _ in found] == [step]
    assert found[0][1].startswith(words)


def test_letters_can_be_expected_by_kind_and_with_their_addressee() -> None:
    content = SUPERVISION.read_text(encoding="utf-8")
    found = [
        play(ground(), content.replace('jobs = ["letter:urge"]', f'letters = ["{wanted}"]').encode())
        for wanted in ("urge@gxj", "urge", "urge@hbj")
    ]

    assert [[failure.found for failure in result.failures] for result in found] == [[], [], [["urge@gxj"]]]
    assert len(found[0].tokens) == found[0].steps + 1


def test_flows_are_those_gone_along_since_the_last_expectation() -> None:
    ways = {flow.source: flow.flow_id for flow in ground().flows("lookback")}
    found = [changed("ended = true", f'flows = ["{ways[source]}"]') for source in ("lookback_check", "lookback_opened")]

    assert found[0] == []
    assert [number for number, _ in found[1]] == [3]


def test_every_shipped_process_has_walks_of_its_own_that_pass_every_element_and_flow() -> None:
    for key in sorted(path.stem for path in PROCESSES.glob("*/*.bpmn")):
        walks = sorted((PROCESSES / key / "tests").glob("*.toml"))
        results = [play(ground(), path.read_bytes(), name=path.name) for path in walks]
        found = coverage(ground(), key, results)

        assert results and all(result.passed for result in results), key
        assert (found.missed_elements, found.missed_flows) == ((), ()), key


def test_coverage_counts_walks_and_names_what_none_passes() -> None:
    found = coverage(ground(), "lookback", [play(ground(), LATE), play(ground(), LATE)])

    assert max(found.elements.values()) == 2
    assert not found.is_full and found.missed_elements and found.missed_flows
    assert found.passed_elements + len(found.missed_elements) == len(found.drawn) == len(found.elements)


def test_a_session_becomes_a_test_that_passes_and_says_the_same_when_written_and_read() -> None:
    for path in (SUPERVISION, PROCESSES / "lookback" / "tests" / "late.toml"):
        session = replay(ground(), read_script(path.read_bytes()))
        recorded = record(session, '重放 "一"\x7f\n')
        written = write_script(recorded)

        again = read_script(written.encode())
        result = play(ground(), written.encode())

        assert again.name == recorded.name and len(again.steps) == len(recorded.steps)
        assert write_script(again) == written
        assert result.failures == () and result.steps == len(session.happenings)


def test_a_session_whose_diagram_changed_stands_before_the_act_that_fails() -> None:
    script = read_script(LATE.replace(b'"lookback_check"\nvariables', b'"other_check"\nvariables'))

    session = replay(ground(), script)

    assert session.failure is not None and session.failure.step == 3
    assert len(session.script.steps) == 2 and session.walk is not None
    assert session.walk.open_tasks() == ["lookback_check"]


def test_time_and_amount_have_an_end() -> None:
    late = play(ground(), LATE, limits=Limits(is_over=lambda: True))

    assert "用时超过限制" in late.failures[0].zh
    with pytest.raises(TrialStopped, match="bytes"):
        check_variables({"a": "x" * 1_000_000})
    with pytest.raises(TrialStopped, match="501 items"):
        check_variables({"a": {"b": [0] * 501}})
    deep: Any = 1
    for _ in range(40):
        deep = [deep]
    with pytest.raises(Invalid, match="deeply"):
        check_variables({"a": deep})
    assert check_variables({"at": datetime(2024, 1, 1, tzinfo=UTC)}) == {"at": "2024-01-01T00:00:00+00:00"}
