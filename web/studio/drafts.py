"""The studio's first page: every folder with its versions and its draft; and how a draft begins, from a folder or a
zip."""

from dataclasses import dataclass

from flask import Blueprint, Response, render_template, request, url_for
from werkzeug.wrappers import Response as BaseResponse

from engine.commands.models import OpenModelDraft
from engine.domain.actor import BUILDING_ROLES
from engine.domain.model_draft import SUFFIXES
from engine.errors import Invalid, Problem, Rejected
from engine.queries.models import ModelDraft, ModelDraftRow, ModelRow
from web.errors import said, sentence
from web.format import word
from web.permission import needs
from web.request import actor, download, engine, notify, see
from web.studio.folders import zip_of
from web.studio.shell import draft_frame, first_tab
from web.studio.uploads import sent_files

blueprint = Blueprint("studio", __name__)
blueprint.add_app_template_global(draft_frame, "draft_frame")
READERS = (*BUILDING_ROLES, "sysadmin")


@dataclass(frozen=True)
class Typed:
    """A form that was refused, with what was typed. `form`: new, or import."""

    form: str = ""
    key: str = ""
    title: str = ""
    problems: tuple[tuple[str, str], ...] = ()

    def error_at(self, name: str) -> str:
        return next((words for where, words in self.problems if where == name), "")


@dataclass(frozen=True)
class StudioPage:
    folders: tuple[ModelRow, ...]
    closed: tuple[ModelDraftRow, ...]
    typed: Typed
    may_edit: bool

    @property
    def accept(self) -> str:
        return ",".join((*SUFFIXES, ".zip"))

    def name_of(self, row: ModelRow) -> str:
        """A folder without a diagram has no title of its own."""
        return word("definition", row.key) if row.name == row.key else row.name


@blueprint.get("/studio")
@needs(*READERS)
def studio() -> str:
    return _list(Typed())


@blueprint.post("/studio/drafts")
@needs(*BUILDING_ROLES)
def open_draft() -> BaseResponse | tuple[str, int]:
    """Of a folder that is deployed, or of a new one."""
    key, title = request.form.get("key", "").strip(), request.form.get("title", "").strip()
    if request.form.get("new") and (taken := _taken(key)):
        return _again(Invalid("model_key_taken", f"{key} is taken.", (taken,)), "new", key, title), 422
    try:
        made = engine().execute(OpenModelDraft(key, title), by=actor())
    except Rejected as refused:
        if refused.code == "model_open":  # somebody was faster: look at theirs
            notify("model_already_open", "info", by=refused.fields["by"], key=key)
            return see(url_for("studio.draft", draft_id=refused.fields["draft"]))
        raise
    except Invalid as refused:
        return _again(refused, "new", key, title), 422
    notify("model_opened", key=key)
    return see(url_for("studio.draft", draft_id=made["draft_id"]))


def _taken(key: str) -> Problem | None:
    read = engine().read
    if any(row.key == key for row in (*read.definitions(), *read.model_drafts())):
        zh = f"编号 {key[:60]} 已经有了：要修改它，请在下面的列表里点“修改”；新流程请换一个编号。"
        return Problem("key", zh, f'{key[:60]} is taken: press "Change" in the list to change it, or take another key.')
    return None


@blueprint.post("/studio/imports")
@needs(*BUILDING_ROLES)
def import_folder() -> BaseResponse | tuple[str, int]:
    """A zip or the files of a folder become a draft, never a version."""
    key, title = request.form.get("key", "").strip(), request.form.get("title", "").strip()
    try:
        upload = sent_files(key)
        made = engine().execute(OpenModelDraft(upload.key, title, dict(upload.files)), by=actor())
    except Invalid as refused:
        return _again(refused, "import", key, title), 422
    except Rejected as refused:
        problem = Problem("files", sentence(refused), str(refused))
        return _again(Invalid(refused.code, str(refused), (problem,)), "import", key, title), 409
    notify("model_imported", key=upload.key, n=len(upload.files))
    return see(url_for("studio.draft", draft_id=made["draft_id"]))


@blueprint.get("/studio/drafts/<draft_id>")
@needs(*READERS)
def draft(draft_id: str) -> BaseResponse:
    """Where work on it goes on: what was handed in waits for a second look."""
    found = engine().read.model_draft(draft_id)
    if found.is_submitted:
        return see(url_for("studio_publishing.publish", draft_id=draft_id))
    return see(first_tab(found))


@blueprint.get("/studio/drafts/<draft_id>/folder.zip")
@needs(*READERS)
def folder(draft_id: str) -> Response:
    """Every file of the draft, byte for byte, in a folder of its key."""
    found = engine().read.model_draft(draft_id)
    return download(zip_of(found.key, found.files), f"{found.key}.zip", "application/zip")


def name_of(draft: ModelDraft) -> str:
    return f"{draft.title}（{draft.key}）"


def _list(typed: Typed) -> str:
    read = engine().read
    page = StudioPage(read.models(), read.closed_model_drafts(), typed, actor().has_role(*BUILDING_ROLES))
    return render_template("studio/studio.html", page=page)


def _again(refused: Invalid, form: str, key: str, title: str) -> str:
    problems = tuple((problem.where, said(problem)) for problem in refused.problems)
    return _list(Typed(form, key, title, problems))
