"""What a form says of answers that stand in a file instead of a page: could it have handed in these values at all?"""

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Any

from marshmallow import ValidationError

from engine.bpmn.plain import same
from forms.component import Component, Form, Rule
from forms.context import FormContext
from forms.inputs import answer_for
from forms.words import Words, shown

_NOT_NOW = FormContext(now=datetime(2024, 1, 1, tzinfo=UTC))  # nothing that is read here asks for the moment
_OF_THE_OFFICE = ("person", "unit", "checkrows")  # who there is, a file cannot know


@dataclass(frozen=True)
class AnswerFault:
    """`key` is the variable."""

    key: str
    words: Words


def answer_faults(form: Form, variables: Mapping[str, Any]) -> Iterator[AnswerFault]:
    """Every value that this form can never hand in, looked at alone: what is missing, hidden, too early or too late is
    not told."""
    components = {component.key: component for component in form.answered()}
    for key, value in variables.items():
        component = components.get(key)
        if component is None:
            yield AnswerFault(key, _no_such_field(form, key))
        elif (words := _fault(component, value)) is not None:
            yield AnswerFault(key, words)


def _fault(component: Component, value: Any) -> Words | None:
    if component.kind in _OF_THE_OFFICE or component.is_readonly:
        return None
    answer = answer_for(_without_dates(component), _NOT_NOW)
    if answer is None:
        zh, en = f"“{component.label.zh}”交的是文件，不是变量。", f"“{component.label.by('en')}” takes files, no value."
        return Words(zh, en)
    try:
        given = answer.deserialize(value)
    except ValidationError as error:
        return next((each for each in error.messages if isinstance(each, Words)), None)
    if same(given, value):
        return None
    label = component.label
    return Words(
        f"“{label.zh}”会交出 {_text(given)}，不是 {_text(value)}。",
        f"“{label.by('en')}” hands in {_text(given)}, not {_text(value)}.",
    )


def _without_dates(component: Component) -> Component:
    """Bounds of a date are counted from the day on which it is filled in."""
    is_date = component.kind == "datetime"
    return replace(component, rule=Rule(required=component.rule.required)) if is_date else component


def _no_such_field(form: Form, key: str) -> Words:
    known = sorted(form.keys())
    return Words(
        f"表单“{form.title.zh}”没有“{shown(key)}”这一项；有：{'、'.join(known)}。",
        f'The form "{form.title.by("en")}" has no field "{shown(key)}"; it has: {", ".join(known)}.',
    )


def _text(value: Any) -> str:
    return shown(json.dumps(value, ensure_ascii=False))
