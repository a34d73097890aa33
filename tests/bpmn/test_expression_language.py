"""What an expression can say, and what it is told when it cannot."""

import sys
from typing import Any

import pytest
from diagrams import Diagram, fake_functions, job_inputs, moment, table

from engine.bpmn.decision import DecisionError, read_decision
from engine.bpmn.execution import Execution
from engine.bpmn.expressions import ExpressionError, check_deadline, check_expression, constant_of, evaluate, names_of
from engine.errors import EngineError

NAMES: dict[str, Any] = {
    "disposition": "close",
    "count": 3,
    "rate": 0.5,
    "done": True,
    "nothing": None,
    "kinds": ["散", "乱"],
    "site": {"name": "演示企业", "owner": {"name": "演示人"}},
    "企业": "甲",
}


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ('disposition == "close"', True),
        ("disposition != 'close'", False),
        ("count + 2 - 1", 4),
        ("-count", -3),
        ("count >= 3 and not done", False),
        ("count > 5 or done", True),
        ("1 < count <= 3", True),
        ('"散" in kinds', True),
        ('disposition in ["close", "rectify"]', True),
        ('disposition not in ("rectify", "relocate")', True),
        ('"os" in disposition', True),
        ("count if done else 0", 3),
        ("site.owner.name", "演示人"),
        ("len(kinds)", 2),
        ('default("missing", 0) + 1', 1),
        ('default("nothing", 7)', 7),
        ('default("site.owner.phone", "无")', "无"),
        ('default("count", 0)', 3),
        ("true", True),
        ("null == nothing", True),
        ("企业 == '甲'", True),
        ("1 == 1.0", True),
        ('after("10wd")', fake_functions()["after"]("10wd")),
        ("'after(\"x\")'", 'after("x")'),
        ("count ==\n 3", True),
    ],
)
def test_the_language(text: str, value: Any) -> None:
    assert evaluate(text, NAMES, fake_functions()) == value
    assert check_expression(text) is None


@pytest.mark.parametrize(
    ("text", "word"),
    [
        ("", "没有内容"),
        ("disposition = 1", "写法有误"),
        ("disposition == “close”", "中文标点"),
        ("len（kinds）", "中文标点"),
        ("x" * 501, "500"),
        ("foo(1)", "没有函数"),
        ("count * 2", "加号和减号"),
        ("kinds[0]", "方括号"),
        ("name.strip()", "方法"),
        ("after()", "1-2"),
        ('before("3wd")', "2"),
        ('after("10")', "单位"),
        ('after("5wd", "x")', "起算的时间"),
        ('after("5wd", 3)', "起算的时间"),
        ('before("due", "1wd")', "起算的时间"),
        ('after("5wd", "2024-06-21T18:00:00")', "起算的时间"),
        ("after(10)", "单位"),
        ('after("ten days")', "单位"),
        ('at(due, "25:00")', "12:00"),
        ("after", "函数"),
        ("default(x, 0)", "引号"),
        ("count is None", "=="),
        ("_secret", "下划线"),
        ("99999999999999999999", "太大"),
        ("1e400", "太大"),
        ("b'x'", "只能用"),
        ("...", "只能用"),
        ("1j", "只能用"),
    ],
)
def test_a_faulty_expression_is_explained(text: str, word: str) -> None:
    fault = check_expression(text)

    assert fault is not None
    assert word in fault.zh
    assert fault.en and str(fault) == f"{fault.zh} / {fault.en}"


def test_unknown_names_are_found_when_the_known_ones_are_given() -> None:
    assert check_expression('outcome == "x" and default("y", 1) == 1', {"outcome"}) is None
    fault = check_expression("outcom == 1", {"outcome"})
    assert fault is not None
    assert "outcom" in fault.zh


@pytest.mark.parametrize("text", ["10", "-1", "true == true", "not x", "a and b", '"10wd"', '"2024-05-10"'])
def test_a_deadline_must_be_able_to_be_an_instant(text: str) -> None:
    assert check_deadline(text) is not None


@pytest.mark.parametrize(
    "text", ['after("10wd")', "due", "site.due", '"2024-05-10T18:00:00+08:00"', 'after("1d") if x else phase_end("a")']
)
def test_a_deadline_can_be_written_in_these_ways(text: str) -> None:
    assert check_deadline(text) is None


def test_names_and_constants_of_an_expression() -> None:
    assert names_of('a.b == default("c.d", len(e)) and true') == {"a", "c", "e"}
    assert constant_of("'notice'") == "notice"
    assert constant_of("notice") is None
    assert constant_of("(((") is None


@pytest.mark.parametrize("text", ["missing", "site.missing", "count.x", "disposition > 3", "kinds + 1", "len(count)"])
def test_what_does_not_work_with_these_variables_is_an_expression_error(text: str) -> None:
    with pytest.raises(ExpressionError) as failed:
        evaluate(text, NAMES, {})
    assert failed.value.problems[0].zh


class Temptation:
    """An object that no expression may touch."""

    secret = "found"

    def __call__(self) -> str:
        return "called"


HOSTILE = [
    "__import__('os').system('id')",
    "().__class__.__base__.__subclasses__()",
    "''.__class__.__mro__[1].__subclasses__()",
    "open('/etc/passwd').read()",
    "eval('1')",
    "exec('import os')",
    "globals()",
    "getattr(site, '__class__')",
    "site.__class__",
    "site._x",
    "object_.secret",
    "object_()",
    "[x for x in kinds]",
    "(lambda: 1)()",
    "{**site}",
    "f'{site}'",
    "9**9**9",
    "'a' * 1000000000",
    "[[0] * 10000] * 10000",
    "1 << 1000000",
    "'a' + 'b'",
    "range(100000000)",
    "(y := 1)",
    "kinds[0]",
    "await x",
    "yield 1",
    "print('x')",
    "site.keys()",
    "disposition.format(site)",
    "default('__class__', 1)",
    "len('x', **site)",
    "after(*kinds)",
    "not " * 120 + "x",
    "(" * 250 + "1" + ")" * 250,
    "1" + "+1" * 240,
    "import os",
    "'\\x5f'",
]


@pytest.fixture
def touched() -> list[str]:
    """Audit events of the outside world while the test runs."""
    return _watched


_watched: list[str] = []
_watch = False


def _audit(event: str, arguments: tuple[Any, ...]) -> None:
    if not _watch or event.split(".")[0] not in ("open", "exec", "os", "subprocess", "socket", "import"):
        return
    if event != "open" or not str(arguments[0]).endswith((".py", ".pyc")):  # a module loaded late is no attack
        _watched.append(event)


sys.addaudithook(_audit)


@pytest.mark.parametrize("text", HOSTILE)
def test_hostile_text_is_stopped_at_every_place_where_an_expression_stands(text: str, touched: list[str]) -> None:
    global _watch
    names = {**NAMES, "object_": Temptation()}
    models = [diagram for site in SITES if (diagram := site(text)) is not None]
    touched.clear()

    _watch = True
    try:
        with pytest.raises(ExpressionError):
            evaluate(text, names, {})
        for diagram in models:
            with pytest.raises(EngineError):
                Execution.start(diagram.model(), {"kinds": ["x"], "site": {}}, moment())
        with pytest.raises(DecisionError):
            read_decision(table("t", [text], ["way"], [["-", '"x"']])).decide(names)
        with pytest.raises(DecisionError):
            read_decision(table("t", ["count"], ["way"], [[text, '"x"']])).decide(names)
        with pytest.raises(DecisionError):
            read_decision(table("t", ["count"], ["way"], [["-", text]])).decide(names)
    finally:
        _watch = False

    assert touched == []


def at_condition(text: str) -> Diagram:
    diagram = Diagram().start().choice("which", default="rest").task("one").end().path("begin", "which")
    return diagram.flow("which", "one", text).flow("which", "finish", flow_id="rest").path("one", "finish")


def at_timer(text: str) -> Diagram:
    return Diagram().start().timer("wait", text).end().path("begin", "wait", "finish")


def at_deadline(text: str) -> Diagram:
    return Diagram().start().task("one", dueDate=text, basis="x").end().path("begin", "one", "finish")


def at_input(text: str) -> Diagram:
    diagram = Diagram().start().node("serviceTask", "job", job_inputs(kind=text), jobKind="letter").end()
    return diagram.path("begin", "job", "finish")


def at_milestone(text: str) -> Diagram:
    diagram = Diagram().start().end(milestone="surveyed", dueDate=text, basis="x")
    return diagram.path("begin", "finish")


SITES = [at_condition, at_timer, at_deadline, at_input, at_milestone]
