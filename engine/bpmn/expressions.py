"""The one language of conditions, deadlines, inputs and decision tables: a small whitelist over plain JSON.

Nothing here is Python at run time: the text is parsed once, each node is checked against the whitelist and turned into
closures that know names, comparisons, logic, + and -, and the named functions they are given. It reads no clock.
"""

import ast
import re
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from datetime import datetime
from functools import lru_cache
from typing import Any

from engine.bpmn.language import (
    FUNCTIONS,
    MAX_LENGTH,
    MAX_NESTING,
    WORDS,
    Compiler,
    ExpressionError,
    Functions,
    Names,
    Step,
    UnitMissing,
)
from engine.errors import EngineError, Invalid

NO_UNIT = "deadline-has-unit"


class Fault(str):
    """What is wrong with an expression, in both languages; as text it is `zh / en`."""

    zh: str
    en: str
    rule: str  # of the check

    def __new__(cls, zh: str, en: str, rule: str = "expression-readable") -> "Fault":
        fault = super().__new__(cls, f"{zh} / {en}")
        fault.zh = zh
        fault.en = en
        fault.rule = rule
        return fault


def check_expression(text: str | None, known_names: Iterable[str] | None = None) -> Fault | None:
    """What is wrong with `text` as a condition, input or deadline; None when it can be used.

    With `known_names` a variable outside of them is a fault too.
    """
    try:
        expression = _parse(text or "")
    except ExpressionError as error:
        return Fault(error.zh, error.en, NO_UNIT if isinstance(error, UnitMissing) else "expression-readable")
    unknown = sorted(expression.required - set(known_names)) if known_names is not None else []
    if unknown:
        listed = "、".join(unknown)
        return Fault(
            f'没有这些变量：{listed}。请改正名称，或用 default("名称", 值)。',
            f'Unknown variables: {", ".join(unknown)}. Correct the name or use default("name", value).',
        )
    return None


def check_deadline(text: str | None) -> Fault | None:
    """As `check_expression`, and the result must be able to be an instant: a bare number or yes/no is refused."""
    if fault := check_expression(text):
        return fault
    body = ast.parse(str(text).strip(), mode="eval").body
    if isinstance(body, ast.UnaryOp | ast.Compare | ast.BoolOp) or (
        isinstance(body, ast.Constant) and not isinstance(body.value, str)
    ):
        return Fault(
            '期限不能只是数字或判断，请写明单位和起算，例如 after("10wd") 或 phase_end("cleanup")。',
            'A deadline needs a unit and a start, such as after("10wd") or phase_end("cleanup").',
            NO_UNIT,
        )
    if isinstance(body, ast.Constant):
        text = str(body.value)
        try:
            aware = datetime.fromisoformat(text).tzinfo is not None
        except ValueError:
            aware = False
        if not aware:
            return Fault(
                f'“{text}”不是期限。请写 after("10wd")，或带时区的时间 2024-06-21T18:00:00+08:00。',
                f'"{text}" is no deadline. Write after("10wd") or an instant with offset, 2024-06-21T18:00:00+08:00.',
                NO_UNIT,
            )
    return None


def evaluate(text: str, names: Names, functions: Functions) -> Any:
    """The value of `text`. `default` and `len` are always there; other functions must be in `functions`.

    Raises ExpressionError for everything that goes wrong, a missing variable included.
    """
    expression = _parse(text)
    noted = _noted.get()
    if noted is not None:
        noted |= expression.names
    try:
        return expression.run(names, functions)
    except ExpressionError:
        raise
    except EngineError as error:
        problems = error.problems if isinstance(error, Invalid) else ()
        zh = problems[0].zh if problems else str(error)
        raise ExpressionError(text, zh, problems[0].en if problems else str(error)) from error
    except (TypeError, ValueError, ArithmeticError, AttributeError, LookupError) as error:
        raise ExpressionError(text, f"无法计算（{error}）。", f"cannot be computed ({error}).") from error


_noted: ContextVar[set[str] | None] = ContextVar("noted", default=None)


@contextmanager
def noted_names() -> Iterator[set[str]]:
    """Fills with every variable that the expressions evaluated inside may have read: conditions, deadlines, inputs,
    tables. Whatever ran inside comes out the same for any other variables with the same values of these."""
    noted: set[str] = set()
    before = _noted.set(noted)
    try:
        yield noted
    finally:
        _noted.reset(before)


def names_of(text: str) -> frozenset[str]:
    """Every variable the expression may read, those inside `default("name", …)` included. Raises ExpressionError."""
    return _parse(text).names


def required_names(text: str) -> frozenset[str]:
    """Every variable without which the expression fails: not those inside `default`. Raises ExpressionError."""
    return _parse(text).required


def constant_of(text: str) -> Any:
    """The value of an expression that is a mere literal, else None."""
    try:
        body = ast.parse(_readable(text), mode="eval").body
    except (ExpressionError, SyntaxError, ValueError):
        return None
    return body.value if isinstance(body, ast.Constant) else None


class _Expression:
    def __init__(self, run: Step, names: frozenset[str], required: frozenset[str]) -> None:
        self.run = run
        self.names = names
        self.required = required


@lru_cache(maxsize=4096)
def _parse(text: str) -> _Expression:
    source = _readable(text)
    try:
        tree = ast.parse(source, mode="eval")
    except (SyntaxError, ValueError, MemoryError, RecursionError) as error:
        raise ExpressionError(
            text,
            '写法有误。文字要加英文引号，例如 disposition == "close"。',
            f'it cannot be read. Put text in quotes, such as disposition == "close" '
            f"({getattr(error, 'msg', None) or 'too complex'}).",
        ) from error
    compiler = Compiler(text)
    run = compiler.compile(tree.body, MAX_NESTING)
    return _Expression(run, frozenset(compiler.required | compiler.optional), frozenset(compiler.required))


def _readable(text: str) -> str:
    source = text.strip()
    if not source:
        raise ExpressionError(text, "没有内容。", "it is empty.")
    if len(source) > MAX_LENGTH:
        raise ExpressionError(text, f"超过 {MAX_LENGTH} 个字。", f"it is longer than {MAX_LENGTH} characters.")
    outside = re.sub(r"\"[^\"]*\"|'[^']*'", '""', source)
    if found := re.search(r"[“”‘’（），；：＝＞＜！　]", outside):
        raise ExpressionError(
            text,
            f"用了中文标点“{found[0]}”，请改成英文标点。",
            f'the punctuation mark "{found[0]}" is full-width; use the plain one.',
        )
    if "\\" in source or any(ord(sign) < 32 and sign not in "\n\r\t" for sign in source):
        raise ExpressionError(text, "不能含有反斜线或控制字符。", "no backslashes or control characters.")
    return " ".join(source.split()) if "\n" in source or "\r" in source else source


__all__ = [
    "FUNCTIONS",
    "WORDS",
    "ExpressionError",
    "Fault",
    "check_deadline",
    "check_expression",
    "constant_of",
    "evaluate",
    "names_of",
    "noted_names",
    "required_names",
]
