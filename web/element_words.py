"""What the elements of a diagram say, in the reader's words: who, which form, when, which letter, on what condition.

Where there are no words the answer is empty, and the code stands for itself.
"""

import ast
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Final

from engine.bpmn.elements import Element
from forms.component import CHOICES, Component
from forms.form import Form
from forms.reading import read_form
from web.deadline_words import LONGEST, deadline_in_words, timer_in_words
from web.format import word
from web.i18n import pick, t

SIGNS: Final[Mapping[type[ast.cmpop], str]] = {ast.Eq: "=", ast.NotEq: "≠"}


def kind_of(element: Element) -> str:
    """What it is, as the key of a word of `element`: an event by what it waits for."""
    named = f"{element.type}_{element.event}"
    return named if element.event in ("timer", "message", "terminate") else element.type


def group_in_words(text: str) -> str:
    """`officer@lead` → 牵头单位 承办人."""
    role, _, place = text.partition("@")
    return f"{word('place', place)} {word('role', role)}" if place else word("role", role)


def letter_expression(element: Element) -> str:
    """Which letter its job makes, as the diagram says it."""
    if element.job_kind != "letter":
        return ""
    return element.inputs.get("letter_kind") or element.inputs.get("kind") or ""


def letter_in_words(element: Element) -> str:
    """Empty where a variable says it."""
    written = letter_expression(element)
    return word("letter_kind", written.strip("'\"")) if written[:1] in ("'", '"') else ""


@dataclass(frozen=True)
class FolderForms:
    """The forms of a folder by key, and what they call the variables of its diagram."""

    forms: Mapping[str, Form]

    @classmethod
    def read(cls, files: Iterable[tuple[str, bytes]]) -> "FolderForms":
        """Name and content; of two with one key the first counts. A form that cannot be read is named on deployment;
        here it has nothing to say."""
        forms: dict[str, Form] = {}
        for name, content in files:
            form = read_form(content, name)[0] if name.endswith(".form") else None
            if form is not None:
                forms.setdefault(form.id, form)
        return cls(forms)

    @cached_property
    def labels(self) -> Mapping[str, str]:
        return {name: _label(fields[0]) for name, fields in self._fields.items()}

    def title(self, form_key: str) -> str:
        form = self.forms.get(form_key)
        return pick(form.title.zh, form.title.en) if form is not None else ""

    def evidence(self, form_key: str) -> str:
        """What must be attached to it."""
        form = self.forms.get(form_key)
        asked = [each for each in form.walk() if each.kind == "evidence" and each.rule.min_files] if form else []
        return pick("、", "; ").join(map(_label, asked))

    def deadline(self, expression: str) -> str:
        return deadline_in_words(expression, self.labels)

    def timer(self, expression: str) -> str:
        return timer_in_words(expression, self.labels)

    def condition(self, expression: str) -> str:
        """`disposition == "close"` → 处置方式 = 关停取缔: of choices and ticks that a form of the folder asks for."""
        if len(expression) > LONGEST:
            return ""
        try:
            return self._told(ast.parse(expression.strip(), mode="eval").body)
        except (SyntaxError, ValueError):
            return ""

    @cached_property
    def _fields(self) -> Mapping[str, tuple[Component, ...]]:
        """By variable: the field that always asks for it first, then those that show it again or ask now and then."""
        found: dict[str, tuple[Component, ...]] = {}
        fields = (field for form in self.forms.values() for field in form.answered())
        for field in sorted(fields, key=lambda each: (each.is_readonly, each.hide is not None, not each.rule.required)):
            found[field.key] = (*found.get(field.key, ()), field)
        return found

    def _told(self, node: ast.expr) -> str:
        """Raises ValueError for what has no words."""
        match node:
            case ast.BoolOp(op, parts):
                joint = pick("，且 ", " and ") if isinstance(op, ast.And) else pick("，或 ", " or ")
                return joint.join(map(self._compared, parts))
        return self._compared(node)

    def _compared(self, node: ast.expr) -> str:
        match node:
            case ast.Compare(left, [op], [ast.Constant(str(value))]) if type(op) in SIGNS:
                name, otherwise = _variable(left)
                if value != otherwise:
                    return self._chosen(name, value, SIGNS[type(op)])
            case ast.UnaryOp(ast.Not(), tick):
                return f"{self._ticked(tick)} = {t('no')}"
            case ast.Name() | ast.Call():
                return f"{self._ticked(node)} = {t('yes')}"
        raise ValueError(ast.unparse(node))

    def _chosen(self, name: str, value: str, sign: str) -> str:
        for field in self._fields.get(name, ()):
            for option in field.options if field.kind in CHOICES else ():
                if option.value == value:
                    return f"{_label(field)} {sign} {pick(option.label.zh, option.label.en)}"
        raise ValueError(name)

    def _ticked(self, node: ast.expr) -> str:
        name, otherwise = _variable(node)
        for field in self._fields.get(name, ()):
            if field.kind == "checkbox" and not otherwise:
                return _label(field)
        raise ValueError(name)


def _label(field: Component) -> str:
    return pick(field.label.zh, field.label.en)


def _variable(node: ast.expr) -> tuple[str, object]:
    """Its name, and what it counts as where it has no value; None for none."""
    match node:
        case ast.Name(name):
            return name, None
        case ast.Call(ast.Name("default"), [ast.Constant(str(name)), ast.Constant(otherwise)], []):
            return name, otherwise
    raise ValueError(ast.unparse(node))
