"""Every error the engine means to raise.

    EngineError
    ├── NotFound        no such thing, or not one this actor may see         (404)
    ├── NotPermitted    the thing is seen, the act is not allowed            (403)
    ├── Rejected        right request, wrong moment: taken, done, in state X (409)
    ├── Invalid         the request itself is wrong: a list of problems      (422)
    └── Refused         the system may not do it now: configuration, mode    (503)

Anything else is a bug and should be loud. An error carries a `code` (a key of the message catalogue, `error.<code>`)
and `fields` that fill its sentence; `str(error)` is the English sentence for logs and the command line.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any


class EngineError(Exception):
    """Base of all. `code` is stable, `fields` are plain JSON values."""

    def __init__(self, code: str, message: str, **fields: Any) -> None:
        super().__init__(message)
        self.code = code
        self.message = message
        self.fields = fields


class NotFound(EngineError):
    """No such thing, or not one that this actor may see: the two are not told apart."""


class NotPermitted(EngineError):
    """The actor sees the thing but may not do this to it."""


class Rejected(EngineError):
    """A right request at the wrong moment; repeating it unchanged cannot help."""


class Refused(EngineError):
    """The system does not do this in its present mode or configuration."""


@dataclass(frozen=True)
class Problem:
    """One thing wrong with what was handed in.

    `where` names the place in the reader's terms: a form field key, `row 12 column 信用代码`, `file.bpmn:element_id`.
    `zh` and `en` are whole sentences that say what is wrong and what to do. What the check of process files finds
    also names its `rule`, the element and the property that an editor opens, and in `todo` what the sentence does not
    say yet.
    """

    where: str
    zh: str
    en: str
    severity: str = "error"  # error | warning | info
    rule: str = ""
    element_id: str = ""
    property: str = ""
    todo_zh: str = ""
    todo_en: str = ""


def errors_of(problems: Iterable[Problem]) -> tuple[Problem, ...]:
    """Those that forbid; a warning or a piece of information does not."""
    return tuple(problem for problem in problems if problem.severity == "error")


class Invalid(EngineError):
    """The request itself is wrong. `problems` lists every fault found, not just the first."""

    def __init__(self, code: str, message: str, problems: tuple[Problem, ...] = (), **fields: Any) -> None:
        super().__init__(code, message, **fields)
        self.problems = problems

    def __str__(self) -> str:
        return "; ".join([self.message, *(f"{problem.where}: {problem.en}" for problem in self.problems)])
