"""One marshmallow field per kind of component: from what was typed (or sent as JSON) to a checked value."""

import math
import re
import unicodedata
from collections.abc import Mapping
from datetime import UTC, date, datetime
from typing import Any

from marshmallow import ValidationError, fields
from marshmallow import missing as MISSING

from forms.component import Component, Row, Rule
from forms.context import BEIJING, FormContext
from forms.pattern import MAX_INPUT
from forms.words import Words, clean, shown, strange_character

TEXT_LIMIT = {"textfield": 200, "textarea": 4000}
ROW_STATES = ("done", "na")
_NUMBER = re.compile(r"[+-]?\d{1,15}(\.\d{1,10})?\Z", re.ASCII)
_FIRST_YEAR, _LAST_YEAR = 1949, 2100


def fault(zh: str, en: str) -> ValidationError:
    """One complaint, in the form that the schema passes on untouched."""
    return ValidationError([Words(zh, en)])  # type: ignore[list-item]


class Answer(fields.Field[Any]):
    """Base of the fields: what is empty, and that an empty answer to a required question is a fault."""

    def __init__(self, component: Component, context: FormContext) -> None:
        super().__init__(required=False, allow_none=True)
        self.component = component
        self.context = context

    @property
    def label(self) -> Words:
        return self.component.label

    def deserialize(self, value: Any, attr: str | None = None, data: Any = None, **kwargs: Any) -> Any:
        if value is MISSING or value is None or value == "" or value == []:
            return self.when_empty()
        return self.read(value)

    def when_empty(self) -> Any:
        if self.component.rule.required:
            raise fault(f"请填写“{self.label.zh}”。", f"Please fill in “{self.label.by('en')}”.")
        return None

    def read(self, value: Any) -> Any:
        raise NotImplementedError

    def text_of(self, value: Any, *, lines: bool = False) -> str:
        if not isinstance(value, str):
            raise fault(f"“{self.label.zh}”应为文字。", f"“{self.label.by('en')}” must be text.")
        text = clean(value, lines=lines)
        strange = strange_character(text)
        if strange:
            raise fault(
                f"“{self.label.zh}”含有不可见字符（{strange}），请删除后重填。",
                f"“{self.label.by('en')}” holds an invisible character ({strange}); delete it.",
            )
        return text


class TextAnswer(Answer):
    def read(self, value: Any) -> str | None:
        text = self.text_of(value, lines=self.component.kind == "textarea")
        if not text:
            return self.when_empty()  # type: ignore[no-any-return]
        rule, zh, en = self.component.rule, self.label.zh, self.label.by("en")
        longest = rule.max_length or TEXT_LIMIT[self.component.kind]
        if rule.pattern:
            longest = min(longest, MAX_INPUT)
        if len(text) > longest:
            raise fault(
                f"“{zh}”最多 {longest} 个字，现在有 {len(text)} 个，请精简。",
                f"“{en}” holds {len(text)} characters; {longest} is the limit.",
            )
        if rule.min_length and len(text) < rule.min_length:
            raise fault(
                f"“{zh}”至少 {rule.min_length} 个字，现在有 {len(text)} 个，请补充。",
                f"“{en}” needs at least {rule.min_length} characters; there are {len(text)}.",
            )
        if rule.pattern and not re.fullmatch(rule.pattern, text):
            hint = self.component.help
            raise fault(
                f"“{zh}”的格式不对{'：' + hint.zh if hint.zh else ''}，请检查。",
                f"“{en}” is not in the right form{': ' + hint.by('en') if hint else ''}.",
            )
        return text


class NumberAnswer(Answer):
    def read(self, value: Any) -> int | float | None:
        zh, en = self.label.zh, self.label.by("en")
        if (
            isinstance(value, int | float)
            and not isinstance(value, bool)
            and math.isfinite(value)
            and abs(value) < 1e15
        ):
            text = f"{value:.10f}".rstrip("0").rstrip(".") if isinstance(value, float) else str(value)
        else:
            text = unicodedata.normalize("NFKC", self.text_of(value)).replace(",", "").replace(" ", "")
        if not text:
            return self.when_empty()  # type: ignore[no-any-return]
        if not _NUMBER.match(text):
            raise fault(f"“{zh}”应为数字，例如 12 或 3.5。", f"“{en}” must be a number, such as 12 or 3.5.")
        self._check_decimals(text)
        number = float(text) if "." in text else int(text)
        self._check_bounds(number)
        return number

    def _check_decimals(self, text: str) -> None:
        decimals = self.component.decimals
        written = len(text.partition(".")[2])
        if decimals == 0 and written:
            raise fault(f"“{self.label.zh}”应为整数。", f"“{self.label.by('en')}” must be a whole number.")
        if written > (6 if decimals is None else decimals):
            allowed = 6 if decimals is None else decimals
            raise fault(
                f"“{self.label.zh}”最多 {allowed} 位小数。", f"“{self.label.by('en')}” has at most {allowed} decimals."
            )

    def _check_bounds(self, number: int | float) -> None:
        rule, zh, en = self.component.rule, self.label.zh, self.label.by("en")
        if rule.low is not None and number < float(rule.low):
            raise fault(f"“{zh}”不能小于 {rule.low}。", f"“{en}” cannot be less than {rule.low}.")
        if rule.high is not None and number > float(rule.high):
            raise fault(f"“{zh}”不能大于 {rule.high}。", f"“{en}” cannot be greater than {rule.high}.")


class TickAnswer(Answer):
    """A single checkbox; required means that it must be ticked."""

    def deserialize(self, value: Any, attr: str | None = None, data: Any = None, **kwargs: Any) -> bool:
        if value in (True, "on", "true", "1", "yes"):
            return True
        if value is MISSING or value in (None, False, "", "false", "0", "off", "no"):
            if self.component.rule.required:
                raise fault(f"请勾选“{self.label.zh}”。", f"Please tick “{self.label.by('en')}”.")
            return False
        raise fault(f"“{self.label.zh}”只能勾选或不勾选。", f"“{self.label.by('en')}” is ticked or not, nothing else.")


class ChoiceAnswer(Answer):
    """One of a list: options of the form, persons, units."""

    def choices(self) -> frozenset[str]:
        if self.component.kind == "person":
            return frozenset(self.context.persons_of(self.component.place))
        if self.component.kind == "unit":
            return frozenset(self.context.units)
        return frozenset(option.value for option in self.component.options)

    def when_empty(self) -> Any:
        if self.component.rule.required:
            raise fault(f"请选择“{self.label.zh}”。", f"Please choose “{self.label.by('en')}”.")
        return None

    def read(self, value: Any) -> str:
        if not isinstance(value, str) or value not in self.choices():
            raise self.not_offered(value)
        return value

    def not_offered(self, value: Any) -> ValidationError:
        said = shown(value if isinstance(value, str) else str(type(value).__name__))
        return fault(
            f"“{self.label.zh}”没有“{said}”这个选项，请重新选择。",
            f"“{self.label.by('en')}” does not offer “{said}”; choose again.",
        )


class ListAnswer(ChoiceAnswer):
    """Any number of a list, kept in the order of the form."""

    def when_empty(self) -> list[str]:
        if self.component.rule.required:
            raise fault(f"“{self.label.zh}”至少选一项。", f"Choose at least one in “{self.label.by('en')}”.")
        return []

    def read(self, value: Any) -> list[str]:  # type: ignore[override]
        chosen = value if isinstance(value, list) else [value]
        offered = self.choices()
        for item in chosen:
            if not isinstance(item, str) or item not in offered:
                raise self.not_offered(item)
        return [option.value for option in self.component.options if option.value in chosen] or self.when_empty()


class DateAnswer(Answer):
    """`2024-06-13`, or for a moment `2024-06-13T09:30`, taken for Beijing time and kept with its offset."""

    def read(self, value: Any) -> str | None:
        text = unicodedata.normalize("NFKC", self.text_of(value)).replace("/", "-").replace(" ", "T", 1)
        if not text:
            return self.when_empty()  # type: ignore[no-any-return]
        is_moment = self.component.subtype == "datetime"
        moment = _moment(text) if is_moment else _day(text)
        if moment is None or not _FIRST_YEAR <= moment.year <= _LAST_YEAR:
            zh, en = ("2024-06-13 09:30", "2024-06-13 09:30") if is_moment else ("2024-06-13", "2024-06-13")
            raise fault(
                f"“{self.label.zh}”应为日期{'和时间' if is_moment else ''}，例如 {zh}。",
                f"“{self.label.by('en')}” must be a date{' and time' if is_moment else ''}, such as {en}.",
            )
        day = moment.date() if isinstance(moment, datetime) else moment
        self.check_bounds(day, moment)
        return moment.isoformat()

    def check_bounds(self, day: date, moment: date) -> None:
        """Bounds that need no other answer; `=other` is checked by the schema, when all answers are read."""
        rule, today = self.component.rule, self.context.today
        low, high = fixed_bound(rule.low, today), fixed_bound(rule.high, today)
        if low and day < low:
            raise too_early(self.label, rule.low, low)
        if high and day > high:
            raise too_late(self.label, rule.high, high)
        if rule.high == "today" and isinstance(moment, datetime) and moment > self.context.now:
            raise fault(f"“{self.label.zh}”不能晚于现在。", f"“{self.label.by('en')}” cannot be later than now.")


def fixed_bound(bound: str | None, today: date) -> date | None:
    if bound is None or bound.startswith("="):
        return None
    return today if bound == "today" else date.fromisoformat(bound)


def too_early(label: Words, bound: str | None, low: date) -> ValidationError:
    zh, en = ("今天", "today") if bound == "today" else (f" {low.isoformat()}", low.isoformat())
    return fault(f"“{label.zh}”：日期不能早于{zh}。", f"“{label.by('en')}”: the date cannot be before {en}.")


def too_late(label: Words, bound: str | None, high: date) -> ValidationError:
    zh, en = ("今天", "today") if bound == "today" else (f" {high.isoformat()}", high.isoformat())
    return fault(f"“{label.zh}”：日期不能晚于{zh}。", f"“{label.by('en')}”: the date cannot be after {en}.")


def _day(text: str) -> date | None:
    try:
        return date.fromisoformat(text) if re.fullmatch(r"\d{4}-\d\d-\d\d", text, re.ASCII) else None
    except ValueError:
        return None


def _moment(text: str) -> datetime | None:
    if not re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d(:\d\d)?(Z|[+-]\d\d:\d\d)?", text, re.ASCII):
        return None
    try:
        moment = datetime.fromisoformat(text)
        return moment.replace(tzinfo=BEIJING) if moment.tzinfo is None else moment.astimezone(UTC).astimezone(BEIJING)
    except (ValueError, OverflowError):
        return None


class RowsAnswer(Answer):
    """The lines of a `checkrows`, by row: `{"state": "done", "on": …, "by": …}` or `{"state": "na", "reason": …}`."""

    def deserialize(self, value: Any, attr: str | None = None, data: Any = None, **kwargs: Any) -> dict[str, Any]:
        given = value if isinstance(value, Mapping) else {}
        answers: dict[str, Any] = {}
        faults: dict[str, Any] = {}
        for row in self.component.rows:
            line = given.get(row.key)
            parts, wrong = self._row(row, line if isinstance(line, Mapping) else {})
            if parts:
                answers[row.key] = parts
            if wrong:
                faults[row.key] = wrong
        if faults:
            raise ValidationError(faults)
        return answers

    def _row(self, row: Row, line: Mapping[str, Any]) -> tuple[dict[str, Any], dict[str, Any]]:
        state = line.get("state") or ""
        if state == "":
            if self.component.rule.required:
                return {}, _said(
                    "state",
                    f"请选择“{row.label.zh}”已完成还是不适用。",
                    f"Say whether “{row.label.by('en')}” is done or does not apply.",
                )
            return {}, {}
        if state not in ROW_STATES:
            return {}, _said(
                "state",
                f"“{row.label.zh}”只能选已完成或不适用。",
                f"“{row.label.by('en')}” is either done or does not apply.",
            )
        asked = self._asked(row, str(state))
        answers, faults = {"state": state}, {}
        for name, answer in asked.items():
            try:
                answers[name] = answer.deserialize(line.get(name))
            except ValidationError as error:
                faults[name] = error.messages
        return answers, faults

    def _asked(self, row: Row, state: str) -> dict[str, Answer]:
        # The parts of a row are small components of their own.
        def part(kind: str, zh: str, en: str, rule: Rule) -> Component:
            label = Words(f"{row.label.zh}：{zh}", f"{row.label.by('en')}: {en}")
            return Component(kind, f"{self.component.key}_{row.key}", label, rule=rule, place=self.component.place)

        if state == "na":
            reason = part("textfield", "不适用的理由", "why it does not apply", Rule(required=True, min_length=2))
            return {"reason": TextAnswer(reason, self.context)}
        on = part("datetime", "完成日期", "date", Rule(required=True, high="today"))
        by = part("person", "经办人", "officer", Rule(required=True))
        return {"on": DateAnswer(on, self.context), "by": ChoiceAnswer(by, self.context)}


def _said(part: str, zh: str, en: str) -> dict[str, Any]:
    return {part: [Words(zh, en)]}


_KINDS: dict[str, type[Answer]] = {
    "textfield": TextAnswer,
    "textarea": TextAnswer,
    "number": NumberAnswer,
    "checkbox": TickAnswer,
    "radio": ChoiceAnswer,
    "select": ChoiceAnswer,
    "person": ChoiceAnswer,
    "unit": ChoiceAnswer,
    "checklist": ListAnswer,
    "datetime": DateAnswer,
    "checkrows": RowsAnswer,
}


def answer_for(component: Component, context: FormContext) -> Answer | None:
    """The field that reads this component; None for what is only drawn and for evidence, which is files."""
    kind = _KINDS.get(component.kind)
    return kind(component, context) if kind else None
