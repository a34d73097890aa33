"""What a form of these pages sent, kept as it was typed, and what was wrong with it by field."""

from collections.abc import Iterable, Mapping
from datetime import date

from flask import request

from engine.errors import Problem
from web.errors import said
from web.request import text


def sent(name: str) -> str:
    return request.form.get(name, "").strip()


def sent_day(name: str) -> date | None:
    """None where nothing, or no date, was typed."""
    try:
        return date.fromisoformat(sent(name))
    except ValueError:
        return None


def typed(*names: str) -> Mapping[str, str]:
    """As the person typed it; from the address where nothing was posted."""
    return {name: request.form.get(name, "") or text(name) for name in names}


def by_place(problems: Iterable[Problem]) -> list[tuple[str, str]]:
    """(field, sentence) in the reader's language."""
    return [(problem.where, said(problem)) for problem in problems]


def operation_key(act: str, person_id: str) -> str | None:
    """A second press of the same button gets the answer of the first."""
    key = request.form.get("_operation", "")[:40]
    return f"{act}:{person_id}:{key}" if key else None
