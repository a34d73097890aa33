"""A form as a page draws it: labels, values, choices, limits, errors in one language. And as a dossier shows it."""

import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from engine.bpmn.expressions import names_of
from engine.errors import Problem
from forms.component import Component, Form, Row
from forms.condition import browser_rule, hidden_keys, is_hidden, names_for
from forms.context import BEIJING, FormContext
from forms.inputs import TEXT_LIMIT, fixed_bound
from forms.schema import answers_so_far
from forms.upload import ACCEPT

Values = Mapping[str, Sequence[str]]
_VARIABLE = re.compile(r"\{\{\s*(\w+)\s*\}\}")


@dataclass(frozen=True)
class OptionView:
    value: str
    label: str
    is_selected: bool


@dataclass(frozen=True)
class RowView:
    """One line of a `checkrows`. Its parts are posted as `<name>.state`, `.on`, `.by`, `.reason`, `.note`, `.files`."""

    name: str
    label: str
    state: str  # "", done, na
    on: str
    by: str
    reason: str
    note: str
    existing: int  # files that the task already has
    errors: Mapping[str, str]  # part -> sentence


@dataclass(frozen=True)
class FieldView:
    """One component. `kind` is its type, except that a datetime is `date` or `datetime`.

    A field that is not `is_visible` but `depends` on others of the page is drawn all the same: a script hides and
    shows it by `hide_rule` (JSON, see condition.browser_rule), and without scripts the server ignores what is hidden.
    For that reason such a field must not carry the browser's own `required`.
    """

    kind: str
    key: str
    label: str
    help: str = ""
    value: str = ""
    options: tuple[OptionView, ...] = ()  # of a choice, a person, a unit; the officers of a checkrows
    is_checked: bool = False  # of a checkbox
    is_required: bool = False
    is_readonly: bool = False
    error: str = ""
    low: str = ""
    high: str = ""
    step: str = ""
    min_length: int | None = None
    max_length: int | None = None
    pattern: str = ""
    suffix: str = ""
    accept: str = ""
    existing: int = 0
    min_files: int = 0
    max_files: int = 0
    note: str = ""
    rows: tuple[RowView, ...] = ()
    children: tuple["FieldView", ...] = ()
    is_visible: bool = True
    depends: tuple[str, ...] = ()
    hide_rule: str = ""

    @property
    def is_drawn(self) -> bool:
        return self.is_visible or bool(self.depends)


def fields(
    form: Form, values: Values | None, errors: Sequence[Problem], context: FormContext, lang: str = "zh"
) -> list[FieldView]:
    """The form to be drawn. `values` are the user's own words after a failed submission, None on first sight."""
    painter = _Painter(form, values, errors, context, lang)
    return [painter.field(component) for component in form.components]


class _Painter:
    def __init__(
        self, form: Form, values: Values | None, errors: Sequence[Problem], context: FormContext, lang: str
    ) -> None:
        answers = answers_so_far(form, values, context) if values is not None else {}
        hidden = hidden_keys(form, context.variables, answers, context.evaluate)
        self.names = names_for(form, context.variables, answers, hidden)
        self.keys = form.keys()
        self.values = values
        self.errors = errors
        self.context = context
        self.lang = lang

    def field(self, component: Component) -> FieldView:
        kind = component.subtype if component.kind == "datetime" else component.kind
        rule = component.rule
        low, high, step = self._limits(component)
        is_visible = not is_hidden(component, self.names, self.context.evaluate)
        hide = component.hide or ""
        browser = browser_rule(hide, self.keys, self.context.variables) if hide else None
        return FieldView(
            kind=kind,
            key=component.key,
            label=self._label(component),
            help=component.help.by(self.lang),
            value=self._value(component),
            options=self._options(component),
            is_checked=component.kind == "checkbox" and self._is_checked(component),
            is_required=rule.required,
            is_readonly=component.is_readonly,
            error=self._error(component.key) if component.key else "",
            low=low,
            high=high,
            step=step,
            min_length=rule.min_length,
            max_length=rule.max_length or TEXT_LIMIT.get(component.kind),
            pattern=rule.pattern or "",
            suffix=component.suffix.by(self.lang),
            accept=ACCEPT if component.kind in ("evidence", "checkrows") else "",
            existing=self.context.existing_evidence.get(component.key, 0) if component.key else 0,
            min_files=rule.min_files,
            max_files=rule.max_files if component.kind == "evidence" else 0,
            note=self._posted(f"{component.key}.note") if component.kind == "evidence" else "",
            rows=tuple(self._row(component, row) for row in component.rows),
            children=tuple(self.field(child) for child in component.components),
            is_visible=is_visible,
            depends=tuple(sorted(names_of(hide) & self.keys)) if hide else (),
            hide_rule=json.dumps(browser, ensure_ascii=False) if browser else "",
        )

    def _label(self, component: Component) -> str:
        """Information may speak of variables, as form-js writes them: {{name}}."""
        label = component.label.by(self.lang)
        if component.kind != "text":
            return label
        return _VARIABLE.sub(lambda found: _as_typed(self.context.variables.get(found[1])), label)

    # -- what stands in the field -------------------------------------------------------------------------------------
    def _posted(self, name: str) -> str:
        given = [value for value in (self.values or {}).get(name, ()) if value]
        return given[-1] if given else ""

    def _value(self, component: Component) -> str:
        if component.kind in ("text", "group", "evidence", "checkrows", "checklist", "checkbox"):
            return ""
        if self.values is not None and not component.is_readonly:
            return self._posted(component.key)
        return _as_typed(self.context.variables.get(component.key))

    def _is_checked(self, component: Component) -> bool:
        if self.values is not None and not component.is_readonly:
            return bool(self._posted(component.key))
        return self.context.variables.get(component.key) is True

    def _chosen(self, component: Component) -> frozenset[str]:
        if self.values is not None and not component.is_readonly:
            return frozenset(self.values.get(component.key, ()))
        held = self.context.variables.get(component.key)
        return frozenset(str(item) for item in held) if isinstance(held, list | tuple) else frozenset([_as_typed(held)])

    def _options(self, component: Component) -> tuple[OptionView, ...]:
        chosen = self._chosen(component)
        offered: Mapping[str, str] = {option.value: option.label.by(self.lang) for option in component.options}
        if component.kind in ("person", "checkrows"):
            offered = self.context.persons_of(component.place)
        elif component.kind == "unit":
            offered = self.context.units
        return tuple(OptionView(value, label, value in chosen) for value, label in offered.items())

    def _row(self, component: Component, row: Row) -> RowView:
        name = f"{component.key}.{row.key}"
        held = self.context.variables.get(component.key)
        known = held.get(row.key) if isinstance(held, Mapping) else None
        line = known if isinstance(known, Mapping) else {}

        def part(part: str) -> str:
            return self._posted(f"{name}.{part}") if self.values is not None else _as_typed(line.get(part))

        parts = ("state", "on", "by", "reason", "note", "files")
        return RowView(
            name=name,
            label=row.label.by(self.lang),
            state=part("state"),
            on=part("on"),
            by=part("by"),
            reason=part("reason"),
            note=self._posted(f"{name}.note"),
            existing=self.context.existing_evidence.get(name, 0),
            errors={key: said for key in parts if (said := self._error(f"{name}.{key}"))},
        )

    def _error(self, where: str) -> str:
        said = [
            problem.en if self.lang == "en" else problem.zh
            for problem in self.errors
            if problem.where in (where, f"{where}.note")
        ]
        return (" " if self.lang == "en" else "").join(said)

    def _limits(self, component: Component) -> tuple[str, str, str]:
        rule = component.rule
        if component.kind == "number":
            step = "any" if component.decimals is None else f"{10.0**-component.decimals:.{component.decimals}f}"
            return rule.low or "", rule.high or "", step
        if component.kind == "checkrows":
            return "", self.context.today.isoformat(), ""
        if component.kind != "datetime":
            return "", "", ""
        low, high = (fixed_bound(bound, self.context.today) for bound in (rule.low, rule.high))
        if component.subtype == "date":
            return low.isoformat() if low else "", high.isoformat() if high else "", ""
        return f"{low}T00:00" if low else "", f"{high}T23:59" if high else "", ""


def _as_typed(value: Any) -> str:
    """A variable as it would be typed again."""
    if value is None or isinstance(value, Mapping | list | tuple):
        return ""
    if isinstance(value, bool):
        return "true" if value else "false"
    text = str(value)
    moment = _moment(text)
    return moment.strftime("%Y-%m-%dT%H:%M") if moment else text


def _moment(text: str) -> datetime | None:
    """The instant in `2024-06-13T09:30:00+08:00`, Beijing time; None for everything else."""
    if len(text) < 16 or text[10:11] != "T":
        return None
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        return None
    return moment.astimezone(BEIJING) if moment.tzinfo else moment


# -- a form that was handed in ----------------------------------------------------------------------------------------
_NOTHING = "—"


def summary(
    form: Form, variables: Mapping[str, Any], lang: str = "zh", context: FormContext | None = None
) -> list[tuple[str, str]]:
    """Label and shown value of every answer that was given; `context` supplies the names of persons and units."""
    lines: list[tuple[str, str]] = []
    for component in form.answered():
        if component.key not in variables or component.kind == "evidence":
            continue
        value = variables[component.key]
        if component.kind == "checkrows":
            held = value if isinstance(value, Mapping) else {}
            lines += [(row.label.by(lang), _shown_row(held.get(row.key), lang, context)) for row in component.rows]
        else:
            lines.append((component.label.by(lang), _shown(component, value, lang, context)))
    return lines


def _shown(component: Component, value: Any, lang: str, context: FormContext | None) -> str:
    if component.kind == "checkbox":
        return ("Yes" if value else "No") if lang == "en" else ("是" if value else "否")
    if value in (None, "", []):
        return _NOTHING
    if component.options:
        labels = {option.value: option.label.by(lang) for option in component.options}
        chosen = value if isinstance(value, list) else [value]
        return (", " if lang == "en" else "、").join(labels.get(str(item), str(item)) for item in chosen)
    if component.kind == "person":
        return _person(value, context)
    if component.kind == "unit":
        return context.units.get(str(value), str(value)) if context else str(value)
    if component.kind == "datetime":
        return _shown_date(str(value), lang)
    suffix = component.suffix.by(lang)
    return f"{value} {suffix}".strip() if suffix else str(value)


def _shown_row(line: Any, lang: str, context: FormContext | None) -> str:
    if not isinstance(line, Mapping) or not line.get("state"):
        return _NOTHING
    if line["state"] == "na":
        reason = str(line.get("reason") or "")
        return f"Does not apply: {reason}" if lang == "en" else f"不适用：{reason}"
    when, who = _shown_date(str(line.get("on") or ""), lang), _person(line.get("by"), context)
    return f"Done {when}, {who}" if lang == "en" else f"已完成（{when}，{who}）"


def _person(value: Any, context: FormContext | None) -> str:
    name, _ = context.persons.get(str(value), (str(value), "")) if context else (str(value), "")
    return name


def _shown_date(text: str, lang: str) -> str:
    moment = _moment(text)
    try:
        day = moment.date() if moment else date.fromisoformat(text)
    except ValueError:
        return text or _NOTHING
    written = day.isoformat() if lang == "en" else f"{day.year}年{day.month}月{day.day}日"
    return f"{written} {moment:%H:%M}" if moment else written
