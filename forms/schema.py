"""From what a browser (or a program) sends to checked variables and evidence, with every fault found at once."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Any, ClassVar

from marshmallow import RAISE, Schema, ValidationError, validates_schema

from engine.errors import Invalid, Problem
from forms.component import Component, Form
from forms.condition import hidden_keys
from forms.context import FormContext
from forms.inputs import answer_for, too_early, too_late
from forms.upload import BadUpload, Upload, check_upload
from forms.words import Words, clean, shown, strange_character

MAX_FILES = 50  # in one submission
MAX_NOTE = 200
_ROW_PARTS = ("state", "on", "by", "reason")
_NOT_OURS = ("csrf_token",)  # and every name that begins with "_": they belong to the page, not to the form
_UNKNOWN = Words("表单里没有这一项，请刷新页面后重试。", "The form has no such field; reload the page and retry.")


@dataclass(frozen=True)
class EvidenceUpload:
    """A checked file and what it proves. `field` is the key of its component, or `checks.water` for a row."""

    field: str
    proves: str
    filename: str
    media_type: str
    content: bytes
    note: str
    taken_at: datetime | None = None
    place: str = ""
    device: str = ""
    original_sha256: str = ""


@dataclass(frozen=True)
class Submission:
    variables: dict[str, Any]
    evidence: tuple[EvidenceUpload, ...] = field(default=())


class FormSchema(Schema):
    """Base of the schemas made from forms: nothing that the form does not ask for gets in."""

    class Meta:
        unknown = RAISE

    form: ClassVar[Form]
    form_context: ClassVar[FormContext]
    error_messages: ClassVar[dict[str, Any]] = {"unknown": _UNKNOWN}  # type: ignore[misc]

    @validates_schema(skip_on_field_errors=False)
    def compare_answers(self, data: dict[str, Any], **_: Any) -> None:
        faults: dict[str, Any] = {}
        for component in self.form.answered():
            value = data.get(component.key)
            if value in (None, "", [], {}) or component.key not in self.fields:
                continue
            try:
                _compare(component, value, self.form, {**self.form_context.variables, **data})
            except ValidationError as error:
                faults[component.key] = error.messages
        if faults:
            raise ValidationError(faults)


def schema_for(form: Form, context: FormContext, hidden: frozenset[str] = frozenset()) -> type[FormSchema]:
    """The marshmallow schema of the form at this moment, without the keys in `hidden`; takes typed text and JSON."""
    inputs: dict[str, Any] = {}
    for component in form.answered():
        answer = answer_for(component, context)
        if answer is not None and component.key not in hidden and not component.is_readonly:
            inputs[component.key] = answer
    schema: Any = FormSchema.from_dict(inputs, name=f"Form_{form.id}")
    schema.form, schema.form_context = form, context
    return schema  # type: ignore[no-any-return]


def read_submission(
    form: Form, values: Mapping[str, Sequence[str]], files: Mapping[str, Sequence[Upload]], context: FormContext
) -> Submission:
    """The checked answers; raises Invalid with a problem for each fault, `where` being the name of the page's field."""
    data, strangers = _fold(form, values)
    hidden = hidden_keys(form, context.variables, _readable(form, data, context), context.evaluate)
    unasked = hidden | {component.key for component in form.answered() if component.is_readonly}
    problems = [Problem(shown(name, 80), _UNKNOWN.zh, _UNKNOWN.en) for name in strangers[:20]]
    try:
        loaded = schema_for(form, context, hidden)().load({key: data[key] for key in data if key not in unasked})
    except ValidationError as error:
        loaded = {}
        problems += _problems(error.messages)
    reader = _Evidence(form, values, files, context, hidden)
    evidence = tuple(reader.read())
    problems += reader.problems
    if problems:
        raise Invalid(
            "bad_submission", "the form is not filled in correctly", _in_form_order(form, problems), form=form.id
        )
    return Submission(dict(loaded), evidence)


def answers_so_far(form: Form, values: Mapping[str, Sequence[str]], context: FormContext) -> dict[str, Any]:
    """What can be read of an unfinished page without complaint: enough to decide what is hidden."""
    return _readable(form, _fold(form, values)[0], context)


# -- the multi-dict ---------------------------------------------------------------------------------------------------
def _fold(form: Form, values: Mapping[str, Sequence[str]]) -> tuple[dict[str, Any], list[str]]:
    """One value per key, a dict of rows per checkrows; and the names that the form does not know."""
    components = {component.key: component for component in form.answered()}
    data: dict[str, Any] = {}
    strangers: list[str] = []
    for name, given in values.items():
        key, _, rest = name.partition(".")
        component = components.get(key)
        if name.startswith("_") or name in _NOT_OURS or _is_note(component, rest):
            continue
        if component is not None and component.kind == "checkrows" and _is_row_part(component, rest):
            row, _, part = rest.partition(".")
            data.setdefault(key, {}).setdefault(row, {})[part] = _single(given)
        elif component is not None and name == key and component.kind not in ("checkrows", "evidence"):
            data[key] = [value for value in given if value] if component.kind == "checklist" else _single(given)
        else:
            strangers.append(name)
    return data, strangers


def _is_note(component: Component | None, rest: str) -> bool:
    if component is None:
        return False
    if component.kind == "evidence":
        return rest == "note"
    return component.kind == "checkrows" and rest in {f"{row.key}.note" for row in component.rows}


def _is_row_part(component: Component, rest: str) -> bool:
    return rest in {f"{row.key}.{part}" for row in component.rows for part in _ROW_PARTS}


def _single(given: Sequence[str]) -> Any:
    """A field sent once. Sent twice with different words, it stays a list, which no single answer accepts."""
    said = list(dict.fromkeys(value for value in given if value != ""))
    return said[0] if len(said) == 1 else said or ""


def _readable(form: Form, data: Mapping[str, Any], context: FormContext) -> dict[str, Any]:
    answers: dict[str, Any] = {}
    for component in form.answered():
        answer = answer_for(component, context)
        if answer is None or component.is_readonly:
            continue
        try:
            answers[component.key] = answer.deserialize(data.get(component.key))
        except ValidationError:
            answers[component.key] = None
    return answers


# -- one answer against another ---------------------------------------------------------------------------------------
def _compare(component: Component, value: Any, form: Form, given: Mapping[str, Any]) -> None:
    rule = component.rule
    if component.kind == "datetime":
        day = date.fromisoformat(value[:10])
        low, high = _other_day(rule.low, given), _other_day(rule.high, given)
        if low and day < low:
            raise too_early(component.label, None, low)
        if high and day > high:
            raise too_late(component.label, None, high)
    if rule.differs_from and given.get(rule.differs_from) == value:
        other = next(one.label for one in form.answered() if one.key == rule.differs_from)
        zh = f"“{component.label.zh}”不能与“{other.zh}”相同，请另选。"
        en = f"“{component.label.by('en')}” must differ from “{other.by('en')}”."
        raise ValidationError([Words(zh, en)])  # type: ignore[list-item]


def _other_day(bound: str | None, given: Mapping[str, Any]) -> date | None:
    other = given.get(bound[1:]) if bound and bound.startswith("=") else None
    try:
        return date.fromisoformat(other[:10]) if isinstance(other, str) else None
    except ValueError:
        return None


# -- files ------------------------------------------------------------------------------------------------------------
class _Evidence:
    """Reads the files of a submission, field by field, gathering problems on the way."""

    def __init__(
        self,
        form: Form,
        values: Mapping[str, Sequence[str]],
        files: Mapping[str, Sequence[Upload]],
        context: FormContext,
        hidden: frozenset[str],
    ) -> None:
        self.values = values
        self.files = {name: [file for file in given if not file.is_absent] for name, given in files.items()}
        self.context = context
        self.carriers = [
            one for one in form.answered() if one.kind in ("evidence", "checkrows") and not one.is_readonly
        ]
        self.hidden = hidden
        self.problems: list[Problem] = []

    def read(self) -> Iterator[EvidenceUpload]:
        self._refuse_strangers()
        if sum(map(len, self.files.values())) > MAX_FILES:
            self._wrong("", f"一次最多上传 {MAX_FILES} 个文件，请分几次上传。", f"At most {MAX_FILES} files at a time.")
            return
        for component in self.carriers:
            if component.key in self.hidden:
                continue
            if component.kind == "evidence":
                yield from self._evidence(component)
            else:
                yield from self._rows(component)

    def _evidence(self, component: Component) -> Iterator[EvidenceUpload]:
        key, rule = component.key, component.rule
        found = self._checked(key, key, component.proves, f"{key}.note")
        count = len(found) + self.context.existing_evidence.get(key, 0)
        if count < rule.min_files and not self._is_wrong(key):
            self._wrong(
                key,
                f"请上传“{component.label.zh}”，至少 {rule.min_files} 个文件，现在有 {count} 个。",
                f"Please upload “{component.label.by('en')}”: at least {rule.min_files}, there are {count}.",
            )
        if count > rule.max_files:
            self._wrong(
                key,
                f"“{component.label.zh}”最多 {rule.max_files} 个文件，现在有 {count} 个。",
                f"“{component.label.by('en')}” takes at most {rule.max_files} files, there are {count}.",
            )
        yield from found

    def _rows(self, component: Component) -> Iterator[EvidenceUpload]:
        for row in component.rows:
            name = f"{component.key}.{row.key}"
            state = _single(self.values.get(f"{name}.state", ()))
            found = self._checked(f"{name}.files", name, row.proves, f"{name}.note")
            has_files = bool(found) or self.context.existing_evidence.get(name, 0) > 0
            if state == "done" and not has_files and not self._is_wrong(f"{name}.files"):
                zh, en = row.label.zh, row.label.by("en")
                self._wrong(
                    f"{name}.files", f"请上传“{zh}”的佐证（照片或文件）。", f"Please upload evidence for “{en}”."
                )
            if state == "" and found and not component.rule.required:
                zh, en = row.label.zh, row.label.by("en")
                self._wrong(
                    f"{name}.state", f"“{zh}”已选了文件，请选择已完成或不适用。", f"Say whether “{en}” is done."
                )
            yield from found

    def _checked(self, name: str, field_name: str, proves: str, note_name: str) -> list[EvidenceUpload]:
        found: dict[str, EvidenceUpload] = {}
        note = self._note(note_name)
        for upload in self.files.get(name, ()):
            try:
                file = check_upload(upload)
            except BadUpload as error:
                self._wrong(name, error.words.zh, error.words.en)
                continue
            found[file.original_sha256] = EvidenceUpload(
                field_name, proves, file.filename, file.media_type, file.content, note,
                file.taken_at, file.place, file.device, file.original_sha256,
            )  # fmt: skip
        return list(found.values())

    def _note(self, name: str) -> str:
        note = clean("；".join(value for value in self.values.get(name, ()) if value))
        if len(note) > MAX_NOTE:
            self._wrong(name, f"说明最多 {MAX_NOTE} 个字。", f"A note has at most {MAX_NOTE} characters.")
        elif strange_character(note):
            self._wrong(name, "说明含有不可见字符，请重填。", "The note holds invisible characters; type it again.")
        else:
            return note
        return ""

    def _refuse_strangers(self) -> None:
        known = {component.key for component in self.carriers if component.kind == "evidence"}
        for component in self.carriers:
            known |= {f"{component.key}.{row.key}.files" for row in component.rows}
        for name in list(self.files):
            if name not in known and self.files[name]:
                self._wrong(
                    shown(name, 80),
                    "表单里没有这个文件项，请刷新页面后重试。",
                    "The form has no such file field; reload the page.",
                )
                self.files[name] = []

    def _is_wrong(self, where: str) -> bool:
        return any(problem.where == where for problem in self.problems)

    def _wrong(self, where: str, zh: str, en: str) -> None:
        self.problems.append(Problem(where, zh, en))


# -- problems ---------------------------------------------------------------------------------------------------------
def _problems(messages: Any, path: tuple[str, ...] = ()) -> Iterator[Problem]:
    if isinstance(messages, Mapping):
        for key, below in messages.items():
            yield from _problems(below, (*path, str(key)))
        return
    for words in messages:
        yield Problem(shown(".".join(path), 80), words.zh, words.by("en"))


def _in_form_order(form: Form, problems: list[Problem]) -> tuple[Problem, ...]:
    places = {component.key: place for place, component in enumerate(form.answered())}
    return tuple(sorted(problems, key=lambda problem: places.get(problem.where.partition(".")[0], len(places))))
