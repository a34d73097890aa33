"""Collects what is wrong with a process folder, in words for the person who drew it."""

from engine.errors import Problem


class Findings:
    """Problems of one folder. `file` is the file that is being looked at."""

    def __init__(self, file: str = "") -> None:
        self.file = file
        self.problems: list[Problem] = []

    def error(self, element_id: str, zh: str, en: str) -> None:
        self._add(element_id, zh, en, "error")

    def warn(self, element_id: str, zh: str, en: str) -> None:
        self._add(element_id, zh, en, "warning")

    def has_errors(self) -> bool:
        return any(problem.severity == "error" for problem in self.problems)

    def _add(self, element_id: str, zh: str, en: str, severity: str) -> None:
        where = f"{self.file}:{element_id}" if element_id else self.file
        problem = Problem(where, zh, en, severity)
        if problem not in self.problems:
            self.problems.append(problem)
