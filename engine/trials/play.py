"""Plays a whole walk and compares every step with what it expects; says in words what was not as expected.

It never raises for what a walk or a diagram may have wrong: the result has the failures.
"""

from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any, Final

from engine.bpmn.plain import same
from engine.domain.derivation import en_time, zh_time
from engine.errors import EngineError, Invalid, Problem
from engine.trials.ground import Flow, Ground
from engine.trials.limits import Limits
from engine.trials.script import Script, ScriptStep, read_script
from engine.trials.walk import Place, Walk

SUBJECTS: Final[Mapping[str, tuple[str, str]]] = {
    "tasks": ("在办任务", "open tasks"),
    "milestones": ("里程碑", "milestones"),
    "jobs": ("自动作业", "jobs"),
    "letters": ("函件", "letters"),
    "flows": ("走过的连线", "flows gone along"),
    "refused": ("被退回的填写项", "refused fields"),
    "ended": ("是否结束", "ended"),
    "variables": ("变量", "variable"),
    "due": ("到期时间", "due instant"),
    "lights": ("亮灯", "light"),
}
_GATHERED: Final = ("milestones", "jobs", "letters", "refused", "gone")
_SOME_OF_MANY: Final = ("flows", "variables", "due", "lights")  # what they do not name is not looked at


@dataclass(frozen=True)
class Failure:
    """What was not as a step expects. `step` counts from 1, 0 is the start or the file itself; `subject` is the kind of
    expectation or empty where the act itself could not be done."""

    step: int
    subject: str
    expected: Any
    found: Any
    zh: str
    en: str


@dataclass(frozen=True)
class WalkResult:
    """`tokens`: where the instance stood after the start and after each step that was done. `steps`: how many the walk
    has. `elements` and `flows` count how often each was passed."""

    name: str
    process: str
    failures: tuple[Failure, ...] = ()
    elements: Mapping[Place, int] = field(default_factory=dict)
    flows: Mapping[Flow, int] = field(default_factory=dict)
    tokens: tuple[tuple[Place, ...], ...] = ()
    steps: int = 0

    @property
    def passed(self) -> bool:
        return not self.failures


Judge = Callable[[int, ScriptStep | None, Walk], list[Failure]]


class _CannotAct(Exception):
    def __init__(self, zh: str, en: str) -> None:
        super().__init__(en)
        self.zh, self.en = zh, en


def play(ground: Ground, walk: bytes, *, name: str = "walk.toml", limits: Limits | None = None) -> WalkResult:
    """A walk file on this ground, every step compared. `name` is the file's, for its problems."""
    try:
        script = read_script(walk, what=name)
    except Invalid as error:
        return WalkResult(name, "", tuple(_unreadable(error)))
    return play_script(ground, script, limits=limits)


def play_script(ground: Ground, script: Script, *, reload: bool = False, limits: Limits | None = None) -> WalkResult:
    """As `play`. It ends with the first step that fails; a script that expects nothing fails too."""
    if not any(proves(step.expect) for step in script.steps):
        result = do_script(ground, script, _nothing, reload=reload, limits=limits)
        return replace(result, failures=result.failures or (_proves_nothing(),))
    return do_script(ground, script, _judged, reload=reload, limits=limits)


def do_script(
    ground: Ground, script: Script, judge: Judge, *, reload: bool = False, limits: Limits | None = None
) -> WalkResult:
    """Start it and do its acts, as far as they can be done. `judge` is told the number, the step and the walk after the
    start (0, None) and after each act, and gives what was not as it should be: the first such step is the last."""
    tokens: list[tuple[Place, ...]] = []
    failures: list[Failure] = []
    walk: Walk | None = None
    number = 0
    try:
        walk = begin(ground, script, reload=reload, limits=limits)
        tokens.append(tuple(walk.execution.active_elements()))
        failures += judge(0, None, walk)
        for number, step in enumerate(script.steps, start=1):
            act(walk, step)
            tokens.append(tuple(walk.execution.active_elements()))
            failures += judge(number, step, walk)
            if failures:
                break
    except _CannotAct as error:
        failures.append(_failure(number, error.zh, error.en))
    except Invalid as error:
        failures += [_failure(number, problem.zh, problem.en) for problem in error.problems] or [
            _failure(number, f"无法继续：{error.message}", f"It cannot go on: {error.message}")
        ]
    except EngineError as error:
        failures.append(_failure(number, f"无法继续：{error.message}", f"It cannot go on: {error.message}"))
    except RecursionError:
        zh, en = "流程或数据嵌套太深，无法继续。", "The process or its data are nested too deeply to go on."
        failures.append(_failure(number, zh, en))
    return WalkResult(
        name=script.name,
        process=script.process,
        failures=tuple(failures),
        elements=Counter(walk.elements) if walk else {},
        flows=Counter(walk.flows) if walk else {},
        tokens=tuple(tokens),
        steps=len(script.steps),
    )


def begin(ground: Ground, script: Script, *, reload: bool = False, limits: Limits | None = None) -> Walk:
    """Started, nothing done. Raises as Walk does."""
    return Walk(
        ground, script.process, script.variables, script.now, reload=reload, ladder=script.ladder, limits=limits
    )


# -- acts --------------------------------------------------------------------------------------------------------------
def act(walk: Walk, step: ScriptStep) -> None:
    """Do what the step says, without comparing."""
    if step.complete:
        tokens = [token for token, task in walk.tasks.items() if task.element.element_id == step.complete]
        if not tokens:
            raise _not_open(walk, step.complete)
        walk.complete(tokens[0], step.variables)
    if step.message:
        if step.message not in walk.awaited():
            awaited = walk.awaited()
            raise _CannotAct(
                f"没有环节在等消息“{step.message}”；正在等的消息：{'、'.join(awaited) or '无'}。",
                f'Nothing waits for the message "{step.message}"; awaited are: {", ".join(awaited) or "none"}.',
            )
        walk.deliver(step.message)
    if step.advance:
        walk.advance(step.advance)
    if step.until is not None:
        walk.until(step.until)


def _not_open(walk: Walk, element_id: str) -> _CannotAct:
    here = "、".join(walk.open_tasks()) or "无"
    here_en = ", ".join(walk.open_tasks()) or "none"
    known = sorted(element.element_id for element in walk.model.all_elements if element.type == "userTask")
    if element_id not in known:
        return _CannotAct(
            f"流程里没有人工任务“{element_id}”，请改成流程图上的编号：{'、'.join(known)}。",
            f'There is no user task "{element_id}". Use an id of the diagram: {", ".join(known)}.',
        )
    return _CannotAct(
        f"任务“{element_id}”此时没有打开，不能办理；在办任务：{here}。",
        f'The task "{element_id}" is not open, so it cannot be completed; open are: {here_en}.',
    )


# -- expectations ------------------------------------------------------------------------------------------------------
def compare(walk: Walk, expected: Mapping[str, Any], number: int) -> list[Failure]:
    """Every expectation of a step that is not met."""
    return [
        Failure(number, subject, wanted, found, *_sentence(number, subject, named, wanted, found))
        for subject, named, wanted, found in _differences(walk, expected)
    ]


def clear(walk: Walk) -> None:
    """What has gathered was compared; from here it gathers anew."""
    for name in _GATHERED:
        getattr(walk, name).clear()


def proves(expected: Mapping[str, Any]) -> bool:
    """Whether it could fail: to expect no variable, or none of the flows, is to expect nothing."""
    return any(wanted or subject not in _SOME_OF_MANY for subject, wanted in expected.items())


def _judged(number: int, step: ScriptStep | None, walk: Walk) -> list[Failure]:
    if step is None:
        return []
    failures = compare(walk, step.expect, number)
    if walk.refusals and not step.expect.get("refused"):
        others = [failure for failure in failures if failure.subject != "refused"]
        failures = [_refused(number, walk.refused, walk.refusals), *others]
    walk.refusals.clear()
    if step.expect:
        clear(walk)
    return failures


def _nothing(number: int, step: ScriptStep | None, walk: Walk) -> list[Failure]:
    return []


def _refused(number: int, fields: Sequence[str], refusals: Sequence[Problem]) -> Failure:
    zh = "；".join(f"{problem.where}：{problem.zh}" for problem in refusals)
    en = "; ".join(f"{problem.where}: {problem.en}" for problem in refusals)
    names = ", ".join(f'"{name}"' for name in fields)
    return Failure(
        number,
        "refused",
        [],
        list(fields),
        f"第 {number} 步：填写被退回，任务没有办结（{zh}）。请改正填写的内容；有意被退回的，写明 refused = [{names}]。",
        f"Step {number}: the answer was refused and the task is still open ({en}). Correct the answer; where it is "
        f"meant to be refused, expect refused = [{names}].",
    )


def _proves_nothing() -> Failure:
    return Failure(
        0,
        "",
        None,
        None,
        "走查没有写任何 expect，走完也不能证明什么。请至少在一步写明预期，例如 expect = { ended = true }。",
        "The walk expects nothing, so it proves nothing. Say at least at one step what it leads to, such as "
        "expect = { ended = true }.",
    )


def _differences(walk: Walk, expected: Mapping[str, Any]) -> Iterator[tuple[str, str, Any, Any]]:
    variables = walk.execution.variables() if "variables" in expected else {}
    lookups: dict[str, Any] = {"variables": variables.get, "due": walk.dues.get, "lights": walk.light}
    for subject, wanted in expected.items():
        if subject == "letters":
            if not _same_letters(walk, wanted):
                yield subject, "", wanted, [str(letter) for letter in walk.letters]
        elif subject == "flows":
            gone = {flow.flow_id for flow in walk.gone}
            if missed := [flow_id for flow_id in wanted if flow_id not in gone]:
                yield subject, "", missed, sorted(gone)
        elif subject in lookups:
            for name, value in wanted.items():
                ask: Callable[[str], Any] = lookups[subject]
                found = ask(name)
                if not (same(found, value) if subject == "variables" else found == value):
                    yield subject, name, value, found
        else:
            found = {"tasks": walk.open_tasks(), "ended": walk.is_ended}.get(subject, getattr(walk, subject, None))
            value = sorted(wanted) if subject == "tasks" else wanted
            if found != value:
                yield subject, "", value, list(found) if isinstance(found, list) else found


def _same_letters(walk: Walk, wanted: list[str]) -> bool:
    if len(walk.letters) != len(wanted):
        return False
    return all(letter.fits(text) for letter, text in zip(walk.letters, wanted, strict=True))


def _sentence(number: int, subject: str, named: str, wanted: Any, found: Any) -> tuple[str, str]:
    zh, en = SUBJECTS[subject]
    zh_name, en_name = (f"“{named}”", f' "{named}"') if named else ("", "")
    if subject == "flows":
        return (
            f"第 {number} 步：应走过连线 {_zh(wanted)}，实际走过 {_zh(found)}。",
            f"Step {number}: expected to go along {_en(wanted)}, went along {_en(found)}.",
        )
    return (
        f"第 {number} 步：{zh}{zh_name}应为 {_zh(wanted)}，实际为 {_zh(found)}。",
        f"Step {number}: {en}{en_name} expected {_en(wanted)}, found {_en(found)}.",
    )


def _zh(value: Any) -> str:
    if value is None or value == []:
        return "无"
    if isinstance(value, bool):
        return "是" if value else "否"
    return zh_time(value) if isinstance(value, datetime) else _shown(value, "、")


def _en(value: Any) -> str:
    if value is None or value == []:
        return "none"
    if isinstance(value, bool):
        return "yes" if value else "no"
    return en_time(value) if isinstance(value, datetime) else _shown(value, ", ")


def _shown(value: Any, comma: str) -> str:
    text = comma.join(map(str, value)) if isinstance(value, list) else str(value)
    return text if len(text) <= 300 else f"{text[:300]}…"


def _failure(number: int, zh: str, en: str) -> Failure:
    where_zh, where_en = (f"第 {number} 步：", f"Step {number}: ") if number else ("启动：", "Start: ")
    return Failure(number, "", None, None, f"{where_zh}{zh}", f"{where_en}{en}")


def _unreadable(error: Invalid) -> Iterator[Failure]:
    for problem in error.problems:
        yield Failure(0, "", None, None, f"{problem.where}：{problem.zh}", f"{problem.where}: {problem.en}")
