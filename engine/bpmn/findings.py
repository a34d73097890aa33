"""Collects what is wrong with a process folder, in words for the person who drew it."""

from collections import Counter
from typing import Final

from engine.bpmn.check_rules import RULES
from engine.errors import Problem, errors_of

Words = tuple[str, str]  # Chinese, English
SAID: Words = ("", "")  # the sentence itself says what to do
MOST_OF_A_RULE: Final = 500  # in one file; nobody reads more before the first are mended


class Findings:
    """Problems of one folder. `file` is the file that is being looked at."""

    def __init__(self, file: str = "") -> None:
        self.file = file
        self._problems: dict[Problem, None] = {}
        self._unlisted: dict[Problem, None] = {}
        self._told: Counter[tuple[str, str]] = Counter()  # file, rule

    @property
    def problems(self) -> list[Problem]:
        """In the order in which they were found, each once; of one rule at most MOST_OF_A_RULE a file and how many
        more."""
        more = ((*place, told - MOST_OF_A_RULE) for place, told in self._told.items() if told > MOST_OF_A_RULE)
        return [*self._problems, *(_more(file, rule, count) for file, rule, count in more)]

    def add(self, rule: str, element_id: str, zh: str, en: str, *, property: str = "", todo: Words = SAID) -> None:
        """A finding of this rule at an element, empty for the file; `property` where it is not the rule's own.

        Raises KeyError for a rule that is not in `check_rules`.
        """
        known = RULES[rule]
        where = f"{self.file}:{element_id}" if element_id else self.file
        problem = Problem(where, zh, en, known.severity, rule, element_id, property or known.property, *todo)
        if problem in self._problems or problem in self._unlisted:
            return
        self._told[self.file, rule] += 1
        is_listed = self._told[self.file, rule] <= MOST_OF_A_RULE
        (self._problems if is_listed else self._unlisted)[problem] = None

    def has_errors(self) -> bool:
        return bool(errors_of(self._problems))


def _more(file: str, rule: str, count: int) -> Problem:
    zh = f"同一规则的问题还有 {count} 处没有列出。"
    return Problem(
        file,
        zh,
        f"{count} more findings of this rule are not listed.",
        RULES[rule].severity,
        rule,
        todo_zh="先改好列出的。",
        todo_en="Mend those listed first.",
    )
