"""The door to a `.form` file (form-js JSON): is it a form that can be used, and which one."""

from engine.errors import Invalid, Problem, errors_of
from forms.component import Component, Form, Option, Row, Rule
from forms.reading import read_form

__all__ = ["Component", "Form", "Option", "Row", "Rule", "check_form", "load_form"]


def load_form(content: bytes, file: str) -> Form:
    """The form in `content`; `file` is its name, for the messages. Raises Invalid with everything that is wrong."""
    form, problems = read_form(content, file)
    errors = errors_of(problems)
    if form is None or errors:
        raise Invalid("bad_form", f"{file} is not a form that can be used", errors, file=file)
    return form


def check_form(content: bytes, file: str) -> list[Problem]:
    """Everything wrong with the form, errors and warnings; never raises, whatever the bytes are."""
    return read_form(content, file)[1]
