"""Turns values into plain JSON, the only thing that a running process keeps: text, numbers, truth, None, lists, dicts.

Instants become ISO text with their offset; anything else is refused by name, not stored as its `repr`.
"""

import math
from collections.abc import Mapping, Sequence
from datetime import date, datetime
from typing import Any

from engine.errors import Invalid, Problem

MAX_DEPTH = 24
MAX_INTEGER = 2**53  # what JSON readers agree on


def plain(value: Any, where: str = "") -> Any:
    """A fresh copy of `value` as plain JSON. A deadline (anything with `due_at`) becomes its due instant."""
    return _plain(value, where, MAX_DEPTH)


def plain_variables(variables: Mapping[str, Any]) -> dict[str, Any]:
    """The variables of a process: names that an expression can say, values in plain JSON."""
    for name in variables:
        if not isinstance(name, str) or not name.isidentifier() or name.startswith("__"):
            raise _refused(str(name), "变量名只能用字母、数字和下划线", "a variable needs a plain name")
    return {name: plain(value, name) for name, value in variables.items()}


def due_instant(value: Any) -> datetime | None:
    """The aware instant of a deadline, a datetime or an ISO text with offset; None when it is none of these."""
    value = getattr(value, "due_at", value)
    if isinstance(value, str):
        try:
            value = datetime.fromisoformat(value)
        except ValueError:
            return None
    return value if isinstance(value, datetime) and value.tzinfo is not None else None


def same(one: Any, other: Any) -> bool:
    """Equal in value and in type all the way down: `1`, `True` and `1.0` are three values."""
    if one is other:
        return True
    if type(one) is not type(other):
        return False
    if isinstance(one, dict):
        return len(one) == len(other) and all(key in other and same(value, other[key]) for key, value in one.items())
    if isinstance(one, list):
        return len(one) == len(other) and all(map(same, one, other))
    return bool(one == other)


def _plain(value: Any, where: str, depth: int) -> Any:
    if value is None or isinstance(value, bool):
        return value
    if isinstance(value, int):
        if abs(value) > MAX_INTEGER:
            raise _refused(where, "数字太大", "the number is too large")
        return int(value)
    if isinstance(value, float):
        if not math.isfinite(value):
            raise _refused(where, "不是有效的数字", "not a finite number")
        return float(value)
    if isinstance(value, str):
        try:
            value.encode()  # half a surrogate pair is no text
        except UnicodeEncodeError as error:
            raise _refused(where, "含有无效字符", "the text has an invalid character") from error
        return str(value)
    return _plain_compound(value, where, depth)


def _plain_compound(value: Any, where: str, depth: int) -> Any:
    if depth == 0:
        raise _refused(where, "嵌套层次太深", "nested too deeply")
    if isinstance(value, datetime):
        if value.tzinfo is None:
            raise _refused(where, "时间没有时区", "the instant has no time zone")
        return value.isoformat()
    if isinstance(value, date):
        return value.isoformat()
    if isinstance(value, Mapping):
        if not all(isinstance(key, str) for key in value):
            raise _refused(where, "字段名必须是文字", "keys must be text")
        return {str(key): _plain(item, f"{where}.{key}", depth - 1) for key, item in value.items()}
    if isinstance(value, Sequence) and not isinstance(value, bytes | bytearray | memoryview):
        return [_plain(item, where, depth - 1) for item in value]
    due_at = getattr(value, "due_at", None)
    if isinstance(due_at, datetime):
        return _plain_compound(due_at, where, depth)
    raise _refused(where, f"不能保存 {type(value).__name__} 类型的值", f"cannot keep a {type(value).__name__}")


def _refused(where: str, zh: str, en: str) -> Invalid:
    problem = Problem(where, f"“{where}”：{zh}。", f'"{where}": {en}.')
    return Invalid("variable.not_plain", f"Variable {where!r}: {en}", (problem,), variable=where)
