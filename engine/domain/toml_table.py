"""Reads one table of an office's TOML file value by value and gathers every fault found on the way.

It knows types and names of places (`phases.cleanup.ends_on`), not what the values mean.
"""

import re
import tomllib
from collections.abc import Mapping
from datetime import date, datetime
from typing import Any, Final

from engine.errors import Invalid, Problem, errors_of

MAX_BYTES: Final = 500_000  # the largest plan of a campaign has 20,000
MAX_KEY_PARTS: Final = 20  # reading a key takes the square of its parts
_TEXTS_AND_REMARKS: Final = re.compile(
    r'"""(?:\\.|[^\\])*?(?:"""|\\?\Z)"{0,2}'
    r"|'''.*?(?:'''|\Z)'{0,2}"
    r'|"(?:\\[^\n]|[^"\\\n])*+"?'
    r"|'[^'\n]*+'?"
    r"|(?P<remark>#[^\n]*+)",
    re.DOTALL,
)
_LONG_KEY: Final = re.compile(rf"(?<![\w-])(?:[\w-]++[ \t]*+\.[ \t]*+){{{MAX_KEY_PARTS}}}")


def read(data: bytes, *, what: str) -> Mapping[str, Any]:
    """The whole file as a mapping. Raises Invalid when the bytes are not TOML, or would take too long to read; `what`
    names the file for the reader."""
    if len(data) > MAX_BYTES:
        zh = f"文件有 {len(data)} 字节，最多 {MAX_BYTES} 字节。"
        problem = Problem(what, zh, f"The file has {len(data)} bytes; at most {MAX_BYTES}.")
        raise Invalid("toml.unreadable", f"Cannot read {what}", (problem,), what=what)
    try:
        content = data.decode("utf-8")
        if _has_long_key(content):
            zh = f"有一个名称用点分成了 {MAX_KEY_PARTS} 段以上，请改短。"
            problem = Problem(what, zh, f"A key has more than {MAX_KEY_PARTS} parts between dots; make it shorter.")
            raise Invalid("toml.unreadable", f"Cannot read {what}", (problem,), what=what)
        return tomllib.loads(content)
    except UnicodeDecodeError as error:
        problem = Problem(what, "文件不是 UTF-8 编码，请另存为 UTF-8。", "The file is not UTF-8; save it as UTF-8.")
        raise Invalid("toml.unreadable", f"Cannot read {what}", (problem,), what=what) from error
    except tomllib.TOMLDecodeError as error:
        problem = Problem(what, f"不是有效的 TOML：{_place(error)}读不懂。", f"This is not valid TOML: {error}.")
        raise Invalid("toml.unreadable", f"Cannot read {what}", (problem,), what=what) from error
    except ValueError as error:  # a date or a number that Python does not read
        zh, en = "有读不了的日期或数字（例如数字太长），请改正。", "A date or a number cannot be read; is it too long?"
        raise Invalid("toml.unreadable", f"Cannot read {what}", (Problem(what, zh, en),), what=what) from error
    except RecursionError as error:
        zh, en = "嵌套层次太深。", "It is nested too deeply."
        raise Invalid("toml.unreadable", f"Cannot read {what}", (Problem(what, zh, en),), what=what) from error


def _has_long_key(content: str) -> bool:
    """Outside of texts and remarks; a part in quotes counts as any other."""
    bare = _TEXTS_AND_REMARKS.sub(lambda found: "" if found["remark"] else "x", content)
    return _LONG_KEY.search(bare) is not None


def _place(error: tomllib.TOMLDecodeError) -> str:
    """Where the reader stopped, in Chinese; its own words are English."""
    at = re.search(r"at line (\d+), column (\d+)", str(error))
    return f"第 {at[1]} 行第 {at[2]} 列" if at else "文件末尾"


class Problems:
    """The faults found so far, in the order of the file."""

    def __init__(self) -> None:
        self._found: list[Problem] = []

    def error(self, where: str, zh: str, en: str) -> None:
        self._found.append(Problem(where, zh, en))

    def warn(self, where: str, zh: str, en: str) -> None:
        self._found.append(Problem(where, zh, en, severity="warning"))

    @property
    def errors(self) -> tuple[Problem, ...]:
        return errors_of(self._found)

    @property
    def warnings(self) -> tuple[Problem, ...]:
        return tuple(problem for problem in self._found if problem.severity == "warning")


class TomlTable:
    """One table. A value that is missing or of the wrong type is reported and answered with an empty one."""

    def __init__(self, values: Any, where: str, problems: Problems) -> None:
        self.where = where
        self.problems = problems
        self._values: Mapping[str, Any] = values if isinstance(values, Mapping) else {}
        self._asked: set[str] = set()
        if not isinstance(values, Mapping):
            problems.error(where or "TOML", "这里应当是一个表。", "A table is expected here.")

    def place(self, key: str) -> str:
        return f"{self.where}.{key}" if self.where else key

    def has(self, key: str) -> bool:
        return key in self._values

    def text(self, key: str, default: str | None = None) -> str:
        value = self._take(key, str, "文字", "text", required=default is None)
        if isinstance(value, str) and (value.strip() or default is not None):
            return value
        if isinstance(value, str):
            self.problems.error(self.place(key), f"“{key}”不能为空，请填写。", f'"{key}" is empty; fill it in.')
        return default or ""

    def texts(self, key: str) -> tuple[str, ...]:
        values = self._take(key, list, "文字列表", "a list of texts", required=False) or []
        if not all(isinstance(value, str) for value in values):
            self.problems.error(self.place(key), "列表里只能写文字。", "Only texts may stand in this list.")
        return tuple(value for value in values if isinstance(value, str))

    def flag(self, key: str, default: bool = False) -> bool:
        value = self._take(key, bool, "true 或 false", "true or false", required=False)
        return default if value is None else value

    def number(self, key: str, default: int | None = None) -> int:
        value = self._take(key, int, "整数", "a whole number", required=default is None)
        return (default or 0) if value is None else value

    def day(self, key: str) -> date | None:
        """A civil date; None when absent. Ask `need_day` where it must be there."""
        value: date | None = self._take(key, date, "日期，如 2024-05-15", "a date such as 2024-05-15", required=False)
        return value

    def need_day(self, key: str) -> date:
        value = self._take(key, date, "日期，如 2024-05-15", "a date such as 2024-05-15", required=True)
        return date.min if value is None else value

    def days(self, key: str) -> tuple[date, ...]:
        values = self._take(key, list, "日期列表", "a list of dates", required=False) or []
        if not all(_is_type(value, date) for value in values):
            self.problems.error(self.place(key), "只能写日期，如 2024-05-10。", "Write dates only, as 2024-05-10.")
        return tuple(value for value in values if _is_type(value, date))

    def table(self, key: str, *, required: bool = True) -> "TomlTable":
        self._asked.add(key)
        if key not in self._values and not required:
            return TomlTable({}, self.place(key), self.problems)
        return TomlTable(self._values.get(key), self.place(key), self.problems)

    def tables(self, key: str, *, named_by: str) -> list["TomlTable"]:
        """The `[[key]]` tables; each is called by its own `named_by` value, or by its number from 1."""
        rows = self._take(key, list, f"[[{key}]] 表", f"[[{key}]] tables", required=False) or []
        names = [row.get(named_by) if isinstance(row, Mapping) else None for row in rows]
        return [
            TomlTable(row, f"{self.place(key)}.{name or f'#{number}'}", self.problems)
            for number, (row, name) in enumerate(zip(rows, names, strict=True), start=1)
        ]

    def strings(self) -> dict[str, str]:
        """All pairs of a table that maps names to texts."""
        return {key: self.text(key) for key in self._values}

    def names(self) -> tuple[str, ...]:
        """The keys of a table whose names are data, in the order of the file."""
        return tuple(self._values)

    def value(self, key: str) -> Any:
        """Whatever stands there; for values that have a reader of their own."""
        self._asked.add(key)
        return self._values.get(key)

    def refuse_unknown(self) -> None:
        """Report keys nobody asked for: mostly slips of the pen that would otherwise be silently ignored."""
        for key in self._values:
            if key not in self._asked:
                known = "、".join(sorted(self._asked))
                self.problems.error(
                    self.place(key),
                    f"没有“{key}”这一项，请改正或删除。可用的有：{known}。",
                    f'There is no "{key}"; correct or delete it. Known are: {", ".join(sorted(self._asked))}.',
                )

    def _take(self, key: str, kind: type, zh: str, en: str, *, required: bool) -> Any:
        self._asked.add(key)
        value = self._values.get(key)
        if value is None:
            if required:
                self.problems.error(self.place(key), f"缺少“{key}”，请填写{zh}。", f'"{key}" is missing; give {en}.')
            return None
        if _is_type(value, kind):
            return value
        self.problems.error(self.place(key), f"“{key}”应当是{zh}。", f'"{key}" must be {en}.')
        return None


def _is_type(value: Any, kind: type) -> bool:
    """Like isinstance, but true is no number and an instant is no civil date."""
    if kind is int and isinstance(value, bool):
        return False
    if kind is date and isinstance(value, datetime):
        return False
    return isinstance(value, kind)
