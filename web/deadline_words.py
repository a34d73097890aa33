"""What the deadline of a diagram means, in the reader's words: `after("10wd")` is 10个工作日内.

Only what a reader can be told in half a line: for any other expression the answer is empty, and it stands for itself.
"""

import ast
from typing import Final

from engine.domain.duration import Duration
from engine.errors import Invalid
from web.format import word
from web.i18n import pick, t

LONGEST: Final = 300  # characters


def deadline_in_words(expression: str) -> str:
    """Of a due date: by when. Empty where the expression names more than periods, phases and the due date itself."""
    return _in_words(expression, "within")


def timer_in_words(expression: str) -> str:
    """Of a timer: when it goes off."""
    return _in_words(expression, "later")


def _in_words(expression: str, after: str) -> str:
    if len(expression) > LONGEST:
        return ""
    try:
        return _told(ast.parse(expression.strip(), mode="eval").body, after)
    except (SyntaxError, ValueError, Invalid):
        return ""


def _told(node: ast.expr, after: str) -> str:
    """Raises ValueError for what has no words."""
    if isinstance(node, ast.Name) and node.id == "due":
        return t("deadline.due")
    if not isinstance(node, ast.Call) or not isinstance(node.func, ast.Name) or node.keywords:
        raise ValueError(ast.unparse(node))
    match node.func.id, node.args:
        case "after", [ast.Constant(value)]:
            return t(f"deadline.{after}", length=_length(value))
        case "before", [ast.Name(id="due"), ast.Constant(value)]:
            return t("deadline.before", length=_length(value))
        case "phase_end", [ast.Constant(value)]:
            return t("deadline.phase_end", phase=word("phase", value))
        case "latest" | "earliest", [_, _, *_] as parts:
            listed = pick("、", "; ").join(_told(part, after) for part in parts)
            return t(f"deadline.{node.func.id}", listed=listed)
    raise ValueError(ast.unparse(node))


def _length(value: object) -> str:
    """Raises Invalid."""
    length = Duration.parse(value)
    if length.amount == 1:
        return pick(length.zh, length.en.removesuffix("s"))
    return pick(length.zh, length.en)
