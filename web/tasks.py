"""One task: the form that the diagram names, and what its holder does with it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from flask import Blueprint, jsonify, render_template, request, url_for
from werkzeug.wrappers import Response

from engine.commands.tasks import AttachEvidence, ClaimTask, CompleteTask, ReleaseTask, SaveDraft, SendBackTask
from engine.domain.task import LIVE
from engine.domain.whole_number import whole_number
from engine.errors import Invalid, NotFound, Problem, Rejected
from engine.queries.cases import CasePage
from engine.queries.draft_changes import DraftChanges
from engine.queries.task_page import EvidenceRow, TaskPage
from forms.component import Form
from forms.fields import FieldView, fields, summary
from forms.form import load_form
from forms.schema import read_submission
from web import filling
from web.diagrams import Drawing, drawings
from web.errors import said, sentence, status_of
from web.i18n import language
from web.permission import CASE_ROLES, needs
from web.request import actor, back_to, engine, notify, see
from web.why import TABLE_READERS, Why, why

blueprint = Blueprint("tasks", __name__)
officers_only = needs(*CASE_ROLES)


@dataclass(frozen=True)
class Page:
    """`problems`: (id of the field or "", sentence). `case` is None for a task of no case or of one not visible."""

    task: TaskPage
    form_title: str
    fields: Sequence[FieldView]
    submitted: Sequence[tuple[str, str]]
    problems: Sequence[tuple[str, str]]
    case: CasePage | None
    drawings: tuple[Drawing, ...]
    blocked: str
    why_light: Why | None
    why_rung: Why | None
    may_read_tables: bool
    return_reason: str = ""
    return_error: str = ""
    draft_id: str | None = None  # of the letter that this task decides about
    changes: DraftChanges | None = None  # since that letter left its writer

    @property
    def is_live(self) -> bool:
        return self.task.state in LIVE

    @property
    def subject(self) -> str:
        """What it is about, without the case's number, which stands above."""
        return self.task.subject.removeprefix(self.task.case_id or "").strip() or self.task.subject

    @property
    def is_changed_due(self) -> bool:
        return self.task.due_original_at is not None and self.task.due_original_at != self.task.due_at

    @property
    def evidence(self) -> Mapping[str, list[EvidenceRow]]:
        """The files that are attached already, by field."""
        found: dict[str, list[EvidenceRow]] = {}
        for row in self.task.evidence:
            found.setdefault(row.field, []).append(row)
        return found


# -- looking -----------------------------------------------------------------------------------------------------------
@blueprint.get("/tasks/<task_id>")
@officers_only
def task(task_id: str) -> str:
    return _render(_page(task_id))


def _page(
    task_id: str,
    values: Mapping[str, Sequence[str]] | None = None,
    problems: Sequence[Problem] = (),
    *,
    return_reason: str = "",
    return_error: str = "",
) -> Page:
    """`values` are the user's own words after a failed submission; on first sight the draft, if there is one."""
    found = engine().read.task(actor(), task_id)
    form, context = _form(found), filling.context_of(found)
    if values is None and found.draft and found.may_complete:
        values = {name: list(given) for name, given in found.draft.items()}
    is_live = found.state in LIVE
    draft_id = engine().read.draft_of_instance(actor(), found.instance_id) if found.case_id is None else None
    return Page(
        task=found,
        form_title=form.title.by(language()),
        fields=fields(form, values, problems, context, language()) if is_live else (),
        submitted=summary(form, found.submitted, language(), context) if found.submitted else (),
        problems=[(problem.where, said(problem)) for problem in problems],
        case=_case(found.case_id),
        drawings=drawings(found.instance_id, found.process_key),
        blocked=sentence(found.blocked) if found.blocked is not None else "",
        why_light=why(engine().read.explain_task_light(actor(), task_id)),
        why_rung=why(engine().read.explain_proposed(actor(), task_id)),
        may_read_tables=actor().has_role(*TABLE_READERS),
        return_reason=return_reason,
        return_error=return_error,
        draft_id=draft_id,
        changes=engine().read.draft_changes(actor(), draft_id) if draft_id and is_live else None,
    )


def _render(page: Page) -> str:
    return render_template("tasks/task.html", page=page)


def _form(found: TaskPage) -> Form:
    if found.form is None:
        raise NotFound("file_unknown", f"There is no {found.form_file}.", file=found.form_file)
    return load_form(found.form, found.form_file)


def _case(case_id: str | None) -> CasePage | None:
    try:
        return engine().read.case(actor(), case_id) if case_id else None
    except NotFound:  # the task is offered to them, the case is not theirs to read
        return None


# -- doing -------------------------------------------------------------------------------------------------------------
@blueprint.post("/tasks/<task_id>/claim")
@officers_only
def claim(task_id: str) -> Response:
    engine().execute(ClaimTask(task_id), by=actor())
    notify("claimed")
    return see(_address(task_id))


@blueprint.post("/tasks/<task_id>/release")
@officers_only
def release(task_id: str) -> Response:
    engine().execute(ReleaseTask(task_id), by=actor())
    notify("released", "info")
    return see(back_to(url_for("inbox.inbox", box="unclaimed")))


@blueprint.post("/tasks/<task_id>/draft")
@officers_only
def draft(task_id: str) -> Response | tuple[Response, int]:
    """Keep what is filled in so far, unchecked. A script saves by itself and asks for JSON."""
    found = engine().read.task(actor(), task_id)
    values, files = filling.posted()
    engine().execute(SaveDraft(task_id, values), by=actor())
    _keep_files(found, values, files)
    if request.accept_mimetypes.best == "application/json":
        return jsonify(status="saved"), 200
    notify("draft_saved")
    return see(_address(task_id))


@blueprint.post("/tasks/<task_id>/completion")
@officers_only
def complete(task_id: str) -> Response | tuple[str, int]:
    found = engine().read.task(actor(), task_id)
    if found.state not in LIVE and found.completed_by == actor().name:
        return see(_address(task_id))  # a second click on the same button
    values, files = filling.posted()
    try:
        submission = read_submission(_form(found), values, files, filling.context_of(found))
    except Invalid as error:
        return _again(found, values, files, error.problems, 422)
    command = CompleteTask(task_id, submission.variables, _revision(), filling.as_evidence(submission.evidence))
    try:
        engine().execute(command, by=actor(), operation_key=_operation_key(task_id))
    except Invalid as error:
        return _again(found, values, files, error.problems or (_problem(error),), 422)
    except Rejected as error:
        return _again(found, values, files, (_problem(error),), status_of(error))
    notify("completed", name=found.name, subject=found.subject.removeprefix(found.case_id or "").strip())
    return see(back_to(url_for("inbox.inbox")))


@blueprint.post("/tasks/<task_id>/return")
@officers_only
def send_back(task_id: str) -> Response | tuple[str, int]:
    reason = request.form.get("reason", "")
    found = engine().read.task(actor(), task_id)
    try:
        command = SendBackTask(task_id, reason, _revision())
        engine().execute(command, by=actor(), operation_key=_operation_key(task_id))
    except Invalid as error:
        words = " ".join(said(problem) for problem in error.problems) or sentence(error)
        return _render(_page(task_id, return_reason=reason, return_error=words)), 422
    notify("sent_back", name=found.name, subject=found.subject.removeprefix(found.case_id or "").strip())
    return see(url_for("inbox.inbox"))


def _again(
    found: TaskPage, values: filling.Values, files: filling.Files, problems: Sequence[Problem], status: int
) -> tuple[str, int]:
    """The same page with the user's words; the good files are kept with the task already."""
    _keep_files(found, values, files)
    return _render(_page(found.task_id, values, problems)), status


def _keep_files(found: TaskPage, values: filling.Values, files: filling.Files) -> None:
    if not found.may_complete:
        return
    kept = filling.salvage(_form(found), values, files, found.evidence)
    if kept:
        engine().execute(AttachEvidence(found.task_id, kept), by=actor())
        notify("files_kept", "info", n=len(kept))


def _problem(error: Rejected | Invalid) -> Problem:
    words = sentence(error)
    return Problem("", words, words)


def _revision() -> int | None:
    return whole_number(request.form.get("_revision", ""))


def _operation_key(task_id: str) -> str | None:
    """The key that the page was made with; bound to the task, so that no key is ever two requests."""
    key = request.form.get("_operation", "")
    return f"{task_id}:{key}" if key.isalnum() and len(key) == 32 else None


def _address(task_id: str) -> str:
    return url_for("tasks.task", task_id=task_id)
