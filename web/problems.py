"""A problem of a process file as plain JSON: the same fields for editors and for `duban check --json`."""

from engine.errors import Problem


def problem_json(problem: Problem) -> dict[str, str]:
    """`file` and `element` are empty strings where the problem is of the whole folder or file."""
    file, _, place = problem.where.partition(":")
    return {
        "file": file,
        "element": problem.element_id or place,
        "property": problem.property,
        "severity": problem.severity,
        "rule": problem.rule,
        "zh": problem.zh,
        "en": problem.en,
        "todo_zh": problem.todo_zh,
        "todo_en": problem.todo_en,
    }
