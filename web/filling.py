"""Between a page and a form: what the form must know of the moment, and what the browser sent, in the forms' terms."""

from collections import Counter
from collections.abc import Mapping, Sequence

from flask import request

from engine.commands.tasks import EvidenceFile
from engine.queries.task_page import EvidenceRow, TaskPage
from engine.runtime import Engine
from forms.component import Form
from forms.context import FormContext
from forms.schema import EvidenceUpload
from forms.upload import BadUpload, Upload, check_upload
from web.request import engine, now

Values = dict[str, list[str]]
Files = dict[str, list[Upload]]


def context_of(task: TaskPage) -> FormContext:
    """The people, units, variables and files that the form of this task works with."""
    return FormContext(
        now=now(),
        units={unit.unit_id: unit.name for unit in engine().read.units()},
        persons=persons(engine(), task.variables),
        variables=task.variables,
        existing_evidence=Counter(row.field for row in task.evidence),
    )


def names_context() -> FormContext:
    """Enough to write out what was handed in: names of people and units."""
    units = {unit.unit_id: unit.name for unit in engine().read.units()}
    return FormContext(now=now(), units=units, persons=persons(engine(), {}))


def persons(engine: Engine, variables: Mapping[str, object]) -> dict[str, tuple[str, str]]:
    """Id → (name, unit). Who belongs to several units is shown under the one this process works with."""
    named = {value for value in variables.values() if isinstance(value, str)}
    found = {}
    for person in engine.read.persons():
        units = [member.unit_id for member in person.memberships]
        if units:
            found[person.person_id] = (person.name, next((unit for unit in units if unit in named), units[0]))
    return found


def posted() -> tuple[Values, Files]:
    """What the browser sent. Names that begin with "_" and the token belong to the page, not to the form."""
    values = {
        name: request.form.getlist(name) for name in request.form if not name.startswith("_") and name != "csrf_token"
    }
    files = {
        name: [Upload(file.filename or "", file.read()) for file in request.files.getlist(name)]
        for name in request.files
    }
    return values, files


def as_evidence(uploads: Sequence[EvidenceUpload]) -> tuple[EvidenceFile, ...]:
    return tuple(
        EvidenceFile(
            field=one.field,
            filename=one.filename,
            media_type=one.media_type,
            content=one.content,
            proves=one.proves,
            taken_at=one.taken_at,
            place=one.place,
            note=one.note,
            device=one.device,
            original_sha256=one.original_sha256,
        )
        for one in uploads
    )


def salvage(form: Form, values: Values, files: Files, attached: Sequence[EvidenceRow]) -> tuple[EvidenceFile, ...]:
    """The good files of a form that is otherwise wrong: kept with the task, so that nobody has to choose them again.

    What is `attached` already is not kept twice.
    """
    found: list[EvidenceFile] = []
    existing = Counter(row.field for row in attached)
    known = {(row.field, row.original_sha256) for row in attached}
    for name, field, proves, limit in _carriers(form):
        note = next((value for value in values.get(f"{field}.note", ()) if value.strip()), "")
        room = limit - existing[field]
        for upload in [one for one in files.get(name, ()) if not one.is_absent][: max(room, 0)]:
            try:
                file = check_upload(upload)
            except BadUpload:
                continue
            if (field, file.original_sha256) in known:
                continue
            checked = EvidenceUpload(
                field,
                proves,
                file.filename,
                file.media_type,
                file.content,
                note[:200],
                file.taken_at,
                file.place,
                file.device,
                file.original_sha256,
            )
            found += as_evidence((checked,))
    return tuple(found)


def _carriers(form: Form) -> list[tuple[str, str, str, int]]:
    """(name of the file field, name evidence is kept under, what it proves, how many files) of each place for files."""
    found = []
    for component in form.answered():
        if component.kind == "evidence" and not component.is_readonly:
            found.append((component.key, component.key, component.proves, component.rule.max_files))
        elif component.kind == "checkrows":
            rows = [(f"{component.key}.{row.key}", row.proves) for row in component.rows]
            found += [(f"{name}.files", name, proves, component.rule.max_files) for name, proves in rows]
    return found
