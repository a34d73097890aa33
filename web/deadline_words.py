"""What the deadline of a diagram means, in the reader's words: `after("10wd")` is 10个工作日内.

Only what a reader can be told in half a line: for any other expression the answer is empty, and it stands for itself.
"""

import ast
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from engine.domain.duration import Duration
from engine.errors import Invalid
from web.format import word
from web.i18n import pick, t

LONGEST: Final = 300  # characters
CLOCK: Final = re.compile(r"[0-2][0-9]:[0-5][0-9]")
NO_LABELS: Final[Mapping[str, str]] = {}


def deadline_in_words(expression: str, labels: Mapping[str, str] = NO_LABELS) -> str:
    """Of a due date: by when. Empty where the expression names more than periods, phases, the due date itself, and
    variables that `labels` has a name for: what a form calls them."""
    return _in_words(expression, _Teller("within", labels))


def timer_in_words(expression: str, labels: Mapping[str, str] = NO_LABELS) -> str:
    """Of a timer: when it goes off."""
    return _in_words(expression, _Teller("later", labels))


def _in_words(expression: str, teller: "_Teller") -> str:
    if len(expression) > LONGEST:
        return ""
    try:
        return teller.tell(ast.parse(expression.strip(), mode="eval").body)
    except (SyntaxError, ValueError, Invalid):
        return ""


@dataclass(frozen=True)
class _Teller:
    """`after` is how a period is told: within it, or later. Every method raises ValueError for what has no words."""

    after: str
    labels: Mapping[str, str]

    def tell(self, node: ast.expr) -> str:
        match _parts(node):
            case "due", []:
                return t("deadline.due")
            case "after", [length]:
                return t(f"deadline.{self.after}", length=_length(length))
            case "after", [length, start]:
                return t(f"deadline.{self.after}_from", length=_length(length), start=self._moment(start))
            case "before", [ast.Name(id="due"), length]:
                return t("deadline.before", length=_length(length))
            case "phase_end", [ast.Constant(value)]:
                return t("deadline.phase_end", phase=word("phase", value))
            case "latest" | "earliest" as which, [_, _, *_] as parts:
                listed = pick("、", "; ").join(self.tell(part) for part in parts)
                return t(f"deadline.{which}", listed=listed)
        return t(f"deadline.moment_{self.after}", moment=self._moment(node))

    def _moment(self, node: ast.expr) -> str:
        """A variable by what its form calls it, and what counts when nobody filled it in."""
        match _parts(node):
            case "default", [ast.Constant(str(name)), ast.Call(func=ast.Name(id="now"), args=[], keywords=[])]:
                return t("deadline.or_now", moment=self._label(name))
            case "default", [ast.Constant(str(name)), ast.Name(id=other)]:
                return t("deadline.or_moment", moment=self._label(name), other=self._label(other))
            case "at", [day, ast.Constant(str(clock))] if CLOCK.fullmatch(clock):
                return f"{self._moment(day)} {clock}"
            case name, []:
                return self._label(name)
        raise ValueError(ast.unparse(node))

    def _label(self, name: str) -> str:
        if not self.labels.get(name):
            raise ValueError(name)
        return t("deadline.named", label=self.labels[name])


def _parts(node: ast.expr) -> tuple[str, list[ast.expr]]:
    """The name of a variable, which has no parts, or of a function with its arguments."""
    match node:
        case ast.Name(id=name):
            return name, []
        case ast.Call(func=ast.Name(id=name), args=[_, *_] as parts, keywords=[]):
            return name, parts
    raise ValueError(ast.unparse(node))


def _length(node: ast.expr) -> str:
    """Raises Invalid or ValueError. A length that a table may set otherwise is told with the usual one."""
    match node:
        case ast.Constant(value):
            return _length_of(value)
        case ast.Call(func=ast.Name(id="default"), args=[ast.Constant(), ast.Constant(value)], keywords=[]):
            return t("deadline.usual", length=_length_of(value))
    raise ValueError(ast.unparse(node))


def _length_of(value: object) -> str:
    length = Duration.parse(value)
    if length.amount == 1:
        return pick(length.zh, length.en.removesuffix("s"))
    return pick(length.zh, length.en)
