"""Why a light, a rung or a due date is what it is, in the reader's words: what the disclosure 为什么 shows."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from engine.queries.explanations import Explanation, RuleWords
from web.format import moment, word
from web.i18n import has, pick, t

TABLE_READERS = ("designer", "publisher", "sysadmin", "supervisor", "leader")


@dataclass(frozen=True)
class Why:
    """`inputs` are (name, value), `lines` the derivation in its order. Without `rule` a person decided."""

    subject: str
    rule: RuleWords | None
    inputs: tuple[tuple[str, str], ...]
    lines: tuple[str, ...]
    calendar: str

    @property
    def file(self) -> str:
        return f"{self.rule.decision}.dmn" if self.rule else ""


def why(explanation: Explanation | None) -> Why | None:
    if explanation is None:
        return None
    return Why(
        subject=explanation.subject,
        rule=explanation.rule,
        inputs=tuple((_name(name), _value(name, value)) for name, value in explanation.inputs),
        lines=tuple(pick(zh, en) for zh, en in explanation.derivation),
        calendar=explanation.calendar,
    )


def _name(name: str) -> str:
    return t(f"why.input.{name}") if has(f"why.input.{name}") else name


def _value(name: str, value: Any) -> str:
    if value is None or value == "":
        return "—"
    if isinstance(value, bool):
        return t("yes") if value else t("no")
    if name == "remaining_share" and isinstance(value, int | float):
        return f"{value:.0%}"
    if name == "talk":
        return word("talk", value)
    if name == "last_rung" and value == -1:
        return word("instrument", "opened")
    if isinstance(value, float):
        return f"{value:g}"
    if isinstance(value, Mapping) and "due_at" in value:
        return _value(name, value["due_at"])
    if isinstance(value, str) and "T" in value:
        try:
            return moment(datetime.fromisoformat(value))
        except ValueError:
            return value
    return str(value)
