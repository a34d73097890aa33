"""The words of the expression language and how each becomes a closure; every node that is not listed is refused."""

import ast
import re
from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any

from engine.bpmn.plain import MAX_INTEGER
from engine.errors import Invalid, Problem

MAX_LENGTH = 500
MAX_NESTING = 24
MAX_ITEMS = 60
DURATION = re.compile(r"\s*[1-9]\d{0,3}\s*(wd|d|wh|h)\s*")
CLOCK = re.compile(r"([01]\d|2[0-3]):[0-5]\d|24:00")

# name: (fewest arguments, most arguments); what each means is in the contract of the dialect
FUNCTIONS: Mapping[str, tuple[int, int]] = {
    "after": (1, 2),
    "before": (2, 2),
    "at": (2, 2),
    "phase_start": (1, 1),
    "phase_end": (1, 1),
    "latest": (1, 8),
    "earliest": (1, 8),
    "now": (0, 0),
    "workdays_between": (2, 2),
    "beyond": (2, 3),
    "default": (2, 2),
    "len": (1, 1),
}
WORDS = {"true": True, "false": False, "null": None}

Names = Mapping[str, Any]
Functions = Mapping[str, Callable[..., Any]]
Step = Callable[[Names, Functions], Any]


class ExpressionError(Invalid):
    """An expression that cannot be read, or that does not work with these variables."""

    def __init__(self, text: str, zh: str, en: str) -> None:
        shown = text if len(text) <= 120 else text[:120] + "…"
        problem = Problem(shown, f"表达式 {shown}：{zh}", f"Expression {shown}: {en}")
        super().__init__("expression.invalid", f"Expression {shown!r}: {en}", (problem,), expression=shown)
        self.zh = zh
        self.en = en


class UnitMissing(ExpressionError):
    """A duration that is written out without wd, d, wh or h."""


class Compiler:
    """Turns one parsed expression into closures and refuses every node that the language does not have."""

    def __init__(self, text: str) -> None:
        self.text = text
        self.required: set[str] = set()
        self.optional: set[str] = set()

    def compile(self, node: ast.expr, depth: int) -> Step:
        if depth == 0:
            raise self._refuse("嵌套太深，请拆开。", "nested too deeply; split it.")
        build = _NODES.get(type(node))
        if build is None:
            zh, en = _HINTS.get(type(node).__name__, ("用了不支持的写法。", "not part of the language."))
            raise self._refuse(zh, en)
        return build(self, node, depth - 1)

    def _refuse(self, zh: str, en: str) -> ExpressionError:
        return ExpressionError(self.text, zh, en)

    def constant(self, node: ast.Constant, depth: int) -> Step:
        value = node.value
        if not (value is None or isinstance(value, str | bool | int | float)):
            raise self._refuse("只能用文字、数字和 true/false。", "only text, numbers and true/false are values.")
        if isinstance(value, int | float) and not abs(value) <= MAX_INTEGER:
            raise self._refuse("数字太大。", "the number is too large.")
        return lambda names, functions: value

    def name(self, node: ast.Name, depth: int) -> Step:
        name, text = node.id, self.text
        if name in WORDS:
            word = WORDS[name]
            return lambda names, functions: word
        if name.startswith("_"):
            raise self._refuse(f"变量名 {name} 不能以下划线开头。", f"the name {name} must not begin with _.")
        if name in FUNCTIONS:
            raise self._refuse(f"{name} 是函数，要写成 {name}(…)。", f"{name} is a function: write {name}(...).")
        self.required.add(name)

        def look_up(names: Names, functions: Functions) -> Any:
            try:
                return names[name]
            except KeyError:
                raise ExpressionError(
                    text,
                    f'还没有变量“{name}”。可写成 default("{name}", 值)。',
                    f'there is no variable "{name}" yet. default("{name}", value) allows for that.',
                ) from None

        return look_up

    def attribute(self, node: ast.Attribute, depth: int) -> Step:
        key, text = node.attr, self.text
        if key.startswith("_"):
            raise self._refuse(f"不能使用 .{key}。", f".{key} cannot be used.")
        of = self.compile(node.value, depth)

        def member(names: Names, functions: Functions) -> Any:
            value = of(names, functions)
            if not isinstance(value, dict):
                raise ExpressionError(text, f".{key} 前面不是一组字段。", f"what stands before .{key} has no fields.")
            if key not in value:
                raise ExpressionError(text, f"没有字段“{key}”。", f'there is no field "{key}".')
            return value[key]

        return member

    def boolean(self, node: ast.BoolOp, depth: int) -> Step:
        parts = [self.compile(value, depth) for value in node.values]
        if isinstance(node.op, ast.And):
            return lambda names, functions: all(part(names, functions) for part in parts)
        return lambda names, functions: any(part(names, functions) for part in parts)

    def unary(self, node: ast.UnaryOp, depth: int) -> Step:
        operand = self.compile(node.operand, depth)
        if isinstance(node.op, ast.Not):
            return lambda names, functions: not operand(names, functions)
        if isinstance(node.op, ast.USub):
            return lambda names, functions: -_number(operand(names, functions))
        raise self._refuse("用了不支持的符号。", "this sign is not part of the language.")

    def binary(self, node: ast.BinOp, depth: int) -> Step:
        if not isinstance(node.op, ast.Add | ast.Sub):
            raise self._refuse("只有加号和减号。", "only + and - can be used.")
        left, right = self.compile(node.left, depth), self.compile(node.right, depth)
        sign = 1 if isinstance(node.op, ast.Add) else -1

        def total(names: Names, functions: Functions) -> Any:
            result = _number(left(names, functions)) + sign * _number(right(names, functions))
            if not abs(result) <= MAX_INTEGER:
                raise ArithmeticError("the number is too large")
            return result

        return total

    def compare(self, node: ast.Compare, depth: int) -> Step:
        tests = []
        for operator in node.ops:
            test = _COMPARISONS.get(type(operator))
            if test is None:
                raise self._refuse("请用 == 或 !=，不用 is。", "use == or != instead of is.")
            tests.append(test)
        parts = [self.compile(part, depth) for part in (node.left, *node.comparators)]

        def holds(names: Names, functions: Functions) -> bool:
            left = parts[0](names, functions)
            for test, part in zip(tests, parts[1:], strict=True):
                right = part(names, functions)
                if not test(left, right):
                    return False
                left = right
            return True

        return holds

    def choice(self, node: ast.IfExp, depth: int) -> Step:
        test, yes, no = (self.compile(part, depth) for part in (node.test, node.body, node.orelse))
        return lambda names, functions: yes(names, functions) if test(names, functions) else no(names, functions)

    def items(self, node: ast.List | ast.Tuple, depth: int) -> Step:
        if len(node.elts) > MAX_ITEMS:
            raise self._refuse(f"列表超过 {MAX_ITEMS} 项。", f"a list has at most {MAX_ITEMS} items.")
        parts = [self.compile(part, depth) for part in node.elts]
        return lambda names, functions: [part(names, functions) for part in parts]

    def call(self, node: ast.Call, depth: int) -> Step:
        if not isinstance(node.func, ast.Name):
            raise self._refuse("不能调用方法。", "methods cannot be called.")
        name, count = node.func.id, len(node.args)
        if name not in FUNCTIONS:
            known = "、".join(FUNCTIONS)
            raise self._refuse(
                f"没有函数“{name}”。可用：{known}。", f'no function "{name}". Known: {", ".join(FUNCTIONS)}.'
            )
        fewest, most = FUNCTIONS[name]
        if node.keywords or not fewest <= count <= most or any(isinstance(arg, ast.Starred) for arg in node.args):
            wanted = str(fewest) if fewest == most else f"{fewest}-{most}"
            raise self._refuse(f"{name}() 要有 {wanted} 个参数。", f"{name}() takes {wanted} arguments.")
        self._check_literals(name, node.args)
        if name == "default":
            return self._default(node.args[0], self.compile(node.args[1], depth))
        parts = [self.compile(part, depth) for part in node.args]
        if name == "len":
            return lambda names, functions: len(_countable(parts[0](names, functions)))
        text = self.text

        def called(names: Names, functions: Functions) -> Any:
            function = functions.get(name)
            if function is None:
                raise ExpressionError(text, f"这里不能用函数 {name}。", f"the function {name} cannot be used here.")
            return function(*(part(names, functions) for part in parts))

        return called

    def _default(self, argument: ast.expr, otherwise: Step) -> Step:
        if not isinstance(argument, ast.Constant) or not isinstance(argument.value, str) or not argument.value:
            raise self._refuse('default 的变量名要加引号：default("x", 0)。', 'quote the name: default("x", 0).')
        first, *rest = argument.value.split(".")
        if first.startswith("_"):
            raise self._refuse("变量名不能以下划线开头。", "a name must not begin with _.")
        self.optional.add(first)

        def value(names: Names, functions: Functions) -> Any:
            found = names.get(first)
            for key in rest:
                found = found.get(key) if isinstance(found, dict) else None
            return otherwise(names, functions) if found is None else found

        return value

    def _check_literals(self, name: str, args: list[ast.expr]) -> None:
        """Durations, clock times and instants that are written out are checked before anybody waits for them."""
        start = {"after": args[1:], "before": args[:1]}.get(name, [])
        if any(isinstance(part, ast.Constant) and not _is_instant(part.value) for part in start):
            raise self._refuse(
                "起算的时间请写变量、期限，或 2024-06-21T18:00:00+08:00 这样的时间。",
                "the period begins with a variable, a deadline or an instant such as 2024-06-21T18:00:00+08:00.",
            )
        at = {"after": 0, "before": 1, "at": 1}.get(name)
        literal = args[at] if at is not None else None
        if isinstance(literal, ast.Constant):
            pattern = CLOCK if name == "at" else DURATION
            value = literal.value
            if not isinstance(value, str) or not pattern.fullmatch(value):
                if name == "at":
                    raise self._refuse('时刻请写成 "12:00"。', 'write the time of day as "12:00".')
                raise UnitMissing(
                    self.text,
                    f'“{value!s}”没有单位。请写 "10wd"（工作日）、"30d"（自然日）、"4wh"（工作小时）或 "48h"。',
                    f'"{value!s}" is no duration: write "10wd" (working days), "30d" (calendar days), '
                    '"4wh" (working hours) or "48h".',
                )


def _is_instant(value: Any) -> bool:
    """An instant with its offset, or a bare date."""
    try:
        return isinstance(value, str) and (datetime.fromisoformat(value).tzinfo is not None or len(value) == 10)
    except ValueError:
        return False


def _number(value: Any) -> int | float:
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise TypeError(f"{value!r} is not a number")
    return value


def _countable(value: Any) -> Any:
    if not isinstance(value, str | list | dict):
        raise TypeError(f"{value!r} cannot be counted")
    return value


def _within(left: Any, right: Any) -> bool:
    if isinstance(right, str):
        return isinstance(left, str) and left in right
    if not isinstance(right, list | dict):
        raise TypeError("`in` needs a list")
    return left in right


_COMPARISONS: Mapping[type, Callable[[Any, Any], bool]] = {
    ast.Eq: lambda left, right: bool(left == right),
    ast.NotEq: lambda left, right: bool(left != right),
    ast.Lt: lambda left, right: bool(left < right),
    ast.LtE: lambda left, right: bool(left <= right),
    ast.Gt: lambda left, right: bool(left > right),
    ast.GtE: lambda left, right: bool(left >= right),
    ast.In: _within,
    ast.NotIn: lambda left, right: not _within(left, right),
}
_NODES: Mapping[type, Callable[[Compiler, Any, int], Step]] = {
    ast.Constant: Compiler.constant,
    ast.Name: Compiler.name,
    ast.Attribute: Compiler.attribute,
    ast.BoolOp: Compiler.boolean,
    ast.UnaryOp: Compiler.unary,
    ast.BinOp: Compiler.binary,
    ast.Compare: Compiler.compare,
    ast.IfExp: Compiler.choice,
    ast.List: Compiler.items,
    ast.Tuple: Compiler.items,
    ast.Call: Compiler.call,
}
_HINTS = {
    "Subscript": ("不支持方括号取值，请用 对象.字段。", "no [..] access; write object.field."),
    "Lambda": ("不支持 lambda。", "no lambda."),
    "JoinedStr": ("不支持 f 字符串。", "no f-strings."),
    "ListComp": ("不支持推导式。", "no comprehensions."),
    "GeneratorExp": ("不支持推导式。", "no comprehensions."),
    "SetComp": ("不支持推导式。", "no comprehensions."),
    "DictComp": ("不支持推导式。", "no comprehensions."),
    "NamedExpr": ("这里不能赋值；比较请用 ==。", "no assignment; compare with ==."),
}
