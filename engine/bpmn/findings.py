"""Collects what is wrong with a process folder, in words for the person who drew it."""

from engine.bpmn.check_rules import RULES
from engine.errors import Problem, errors_of

Words = tuple[str, str]  # Chinese, English
SAID: Words = ("", "")  # the sentence itself says what to do


class Findings:
    """Problems of one folder. `file` is the file that is being looked at."""

    def __init__(self, file: str = "") -> None:
        self.file = file
        self._problems: dict[Problem, None] = {}

    @property
    def problems(self) -> list[Problem]:
        """In the order in which they were found, each once."""
        return list(self._problems)

    def add(self, rule: str, element_id: str, zh: str, en: str, *, property: str = "", todo: Words = SAID) -> None:
        """A finding of this rule at an element, empty for the file; `property` where it is not the rule's own.

        Raises KeyError for a rule that is not in `check_rules`.
        """
        known = RULES[rule]
        where = f"{self.file}:{element_id}" if element_id else self.file
        problem = Problem(where, zh, en, known.severity, rule, element_id, property or known.property, *todo)
        self._problems[problem] = None

    def has_errors(self) -> bool:
        return bool(errors_of(self._problems))
