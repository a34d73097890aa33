"""Reads what an answer must keep to (`validate` of a component), gathering problems in a designer's words."""

import math
from datetime import date
from typing import Any

from engine.errors import Problem
from forms import pattern as patterns
from forms.component import Rule
from forms.words import shown, strange_character

_KNOWN_RULES = frozenset(
    (
        *("required", "min", "max", "minDate", "maxDate", "minLength", "maxLength", "pattern", "patternErrorMessage"),
        *("minFiles", "maxFiles", "differsFrom", "validationType"),
    )
)


class RuleReader:
    """The part of the form's reader that reads rules and plain values; keeps the problems found so far."""

    def __init__(self, file: str) -> None:
        self.file = file
        self.problems: list[Problem] = []
        self.references: list[tuple[str, str]] = []  # (where, the key that must exist)

    def wrong(self, where: str, zh: str, en: str, severity: str = "error") -> None:
        place = f"{self.file}:{where}" if where else self.file
        self.problems.append(Problem(place, zh + "。", en[:1].upper() + en[1:] + ".", severity))

    # -- rules --------------------------------------------------------------------------------------------------------
    def rule(self, data: dict[str, Any], where: str, kind: str) -> Rule:
        rules = data.get("validate", {})
        if not isinstance(rules, dict):
            self.wrong(where, "validate 应为对象", "validate must be an object")
            rules = {}
        for name in sorted(set(map(str, rules)) - _KNOWN_RULES):
            self.wrong(
                where, f"不认识的校验“{shown(name)}”，请改正", f'unknown rule "{shown(name)}" in validate; correct it'
            )
        if rules.get("required", False) not in (True, False):
            self.wrong(where, "validate.required 应为 true 或 false", "validate.required is true or false")
        low, high = self._bounds(data, rules, where, kind)
        min_length = self.whole(rules, "minLength", where, 0, 20_000)
        max_length = self.whole(rules, "maxLength", where, 1, 20_000)
        if min_length is not None and max_length is not None and min_length > max_length:
            self.wrong(where, "minLength 大于 maxLength", "minLength is greater than maxLength")
        differs_from = self.text(rules, "differsFrom", where) or None
        if differs_from:
            self.references.append((where, differs_from))
        max_files = self.whole(rules, "maxFiles", where, 1, 50)
        min_files = self.whole(rules, "minFiles", where, 0, max_files or 20) or 0
        required = rules.get("required") is True
        return Rule(
            required=required or min_files > 0,
            low=low,
            high=high,
            min_length=min_length,
            max_length=max_length,
            pattern=self._pattern(rules, where),
            min_files=max(min_files, 1 if required and kind == "evidence" else 0),
            max_files=max_files or 20,
            differs_from=differs_from,
        )

    def _bounds(
        self, data: dict[str, Any], rules: dict[str, Any], where: str, kind: str
    ) -> tuple[str | None, str | None]:
        if kind == "datetime":
            low = "today" if data.get("disallowPassedDates") is True else None
            return (
                self._date_bound(rules, ("minDate", "min"), where) or low,
                self._date_bound(rules, ("maxDate", "max"), where),
            )
        low, high = self._number_bound(rules, "min", where), self._number_bound(rules, "max", where)
        if low is not None and high is not None and float(low) > float(high):
            self.wrong(where, "min 大于 max", "min is greater than max")
        return low, high

    def _date_bound(self, rules: dict[str, Any], names: tuple[str, ...], where: str) -> str | None:
        name = next((name for name in names if rules.get(name) not in (None, "")), None)
        if name is None:
            return None
        bound = rules[name]
        if isinstance(bound, str) and bound.startswith("=") and bound[1:].isidentifier():
            return bound
        if bound == "today" or (isinstance(bound, str) and _is_date(bound)):
            return bound
        self.wrong(
            where,
            f'{name} 应为 "today"、"2024-06-28" 这样的日期，或 "=另一个日期的 key"',
            f'{name} is "today", a date such as "2024-06-28", or "=key_of_another_date"',
        )
        return None

    def _number_bound(self, rules: dict[str, Any], name: str, where: str) -> str | None:
        bound = rules.get(name)
        if bound is None or bound == "":
            return None
        if (
            isinstance(bound, int | float)
            and not isinstance(bound, bool)
            and abs(bound) < 1e12
            and math.isfinite(bound)
        ):
            return str(bound)
        self.wrong(where, f"{name} 应为数字", f"{name} must be a number")
        return None

    def _pattern(self, rules: dict[str, Any], where: str) -> str | None:
        written = self.text(rules, "pattern", where)
        if not written:
            return None
        fault = patterns.fault_in(written)
        if fault:
            self.wrong(where, fault.zh, fault.en)
            return None
        return written

    # -- plain values -------------------------------------------------------------------------------------------------
    def text(self, data: dict[str, Any], name: str, where: str) -> str:
        value = data.get(name)
        if value is None:
            return ""
        if not isinstance(value, str) or len(value) > 2000 or strange_character(value):
            self.wrong(
                where,
                f"{name} 应为文字，最长 2000 字，不含控制字符",
                f"{name} must be text, at most 2000 characters, no control characters",
            )
            return ""
        return value.strip()

    def whole(self, data: dict[str, Any], name: str, where: str, low: int, high: int) -> int | None:
        value = data.get(name)
        if value is None or value == "":
            return None
        if isinstance(value, bool) or not isinstance(value, int) or not low <= value <= high:
            self.wrong(
                where, f"{name} 应为 {low} 到 {high} 的整数", f"{name} must be a whole number from {low} to {high}"
            )
            return None
        return value


def _is_date(text: str) -> bool:
    try:
        return len(text) == 10 and bool(date.fromisoformat(text))
    except ValueError:
        return False
