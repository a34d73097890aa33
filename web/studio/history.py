"""The history of a draft: who saved what and when, any save again, and what people said about its elements."""

from dataclasses import dataclass

from flask import Blueprint, Response, render_template, request, url_for
from werkzeug.wrappers import Response as BaseResponse

from engine.commands.models import CommentOnModel, ResolveComment, RestoreModelSave, SaveModelFiles
from engine.domain.actor import BUILDING_ROLES
from engine.domain.model_draft import SUFFIXES
from engine.domain.whole_number import whole_number
from engine.errors import Invalid, NotFound, Rejected
from engine.queries.models import ModelComment, ModelDraft
from web.errors import said, sentence
from web.permission import needs
from web.request import actor, download, engine, notify, see
from web.studio.folders import zip_of
from web.studio.saves import SaveGroup, grouped
from web.studio.uploads import sent_files

blueprint = Blueprint("studio_history", __name__)
READERS = (*BUILDING_ROLES, "sysadmin")


@dataclass(frozen=True)
class HistoryPage:
    """`typed`: a comment that was refused, and why. `note`: what was typed to an upload that was refused."""

    draft: ModelDraft
    tab: str
    saves: tuple[SaveGroup, ...]
    older: int | None  # the revision before which there are more saves
    comments: tuple[ModelComment, ...]
    may_edit: bool
    typed: tuple[str, str, str] = ("", "", "")  # file, element, text
    problems: tuple[tuple[str, str], ...] = ()
    note: str = ""

    @property
    def accept(self) -> str:
        return ",".join((*SUFFIXES, ".zip"))

    @property
    def files(self) -> list[tuple[str, str]]:
        return [(name, name) for name in sorted(self.draft.files)]

    def error_at(self, name: str) -> str:
        return next((words for where, words in self.problems if where == name), "")


@blueprint.get("/studio/drafts/<draft_id>/history")
@needs(*READERS)
def history(draft_id: str) -> str:
    return _show(draft_id)


@blueprint.get("/studio/drafts/<draft_id>/saves/<int:revision>.zip")
@needs(*READERS)
def save(draft_id: str, revision: int) -> Response:
    """Every file as that save left it."""
    found, contents = engine().read.model_draft(draft_id), engine().read.model_save(draft_id, revision)
    return download(zip_of(found.key, contents.files), f"{found.key}-{revision}.zip", "application/zip")


@blueprint.post("/studio/drafts/<draft_id>/restoration")
@needs(*BUILDING_ROLES)
def restore(draft_id: str) -> BaseResponse:
    wanted, seen = (_save_number(name) for name in ("wanted", "revision"))
    engine().execute(RestoreModelSave(draft_id, seen, wanted), by=actor())
    notify("model_restored", n=wanted)
    return see(url_for("studio_history.history", draft_id=draft_id))


def _save_number(field: str) -> int:
    text = request.form.get(field, "")
    number = whole_number(text)
    if number is None:
        raise NotFound("model_save_unknown", f"There is no save {text[:20]!r}.", revision=text[:20])
    return number


@blueprint.post("/studio/drafts/<draft_id>/upload")
@needs(*BUILDING_ROLES)
def upload(draft_id: str) -> BaseResponse | tuple[str, int]:
    """Files or a zip into the draft: beside what it holds, or in the place of all of it (`how` = replace)."""
    found, note = engine().read.model_draft(draft_id), request.form.get("note", "")
    seen = whole_number(request.form.get("revision", ""))
    revision = found.revision if seen is None else seen
    try:
        sent = sent_files(found.key)
        changes: dict[str, bytes | None] = dict(sent.files)
        if request.form.get("how") == "replace":
            changes |= dict.fromkeys(found.files.keys() - sent.files.keys())
        made = engine().execute(SaveModelFiles(draft_id, revision, changes, note), by=actor())
    except Invalid as refused:
        return _show(draft_id, problems=_at_upload(refused), note=note), 422
    except Rejected as refused:
        return _show(draft_id, problems=(("files", sentence(refused)),), note=note), 409
    notify("model_uploaded" if made["revision"] != revision else "model_upload_same", n=len(sent.files))
    return see(url_for("studio_history.history", draft_id=draft_id))


@blueprint.post("/studio/drafts/<draft_id>/comments")
@needs(*BUILDING_ROLES)
def comment(draft_id: str) -> BaseResponse | tuple[str, int]:
    file, element_id, text = (request.form.get(name, "").strip() for name in ("file", "element_id", "text"))
    try:
        engine().execute(CommentOnModel(draft_id, text, file, element_id), by=actor())
    except Invalid as refused:
        problems = tuple((problem.where, said(problem)) for problem in refused.problems)
        return _show(draft_id, (file, element_id, text), problems), 422
    return see(url_for("studio_history.history", draft_id=draft_id, _anchor="comments"))


@blueprint.post("/studio/drafts/<draft_id>/comments/<comment_id>/resolution")
@needs(*BUILDING_ROLES)
def resolve(draft_id: str, comment_id: str) -> BaseResponse:
    engine().execute(ResolveComment(comment_id), by=actor())
    return see(url_for("studio_history.history", draft_id=draft_id, _anchor="comments"))


def _at_upload(refused: Invalid) -> tuple[tuple[str, str], ...]:
    """Problems at their box of the upload, with the file that each is about."""
    boxes = ("files", "note")
    return tuple(
        (problem.where, said(problem)) if problem.where in boxes else ("files", f"{problem.where} {said(problem)}")
        for problem in refused.problems
    )


def _show(
    draft_id: str,
    typed: tuple[str, str, str] = ("", "", ""),
    problems: tuple[tuple[str, str], ...] = (),
    note: str = "",
) -> str:
    read = engine().read
    draft = read.model_draft(draft_id)
    saves = read.model_saves(draft_id, whole_number(request.args.get("before", "")))
    page = HistoryPage(
        draft=draft,
        tab="history",
        saves=grouped(saves),
        older=saves[-1].revision if saves and saves[-1].revision > 1 else None,
        comments=read.model_comments(draft_id),
        may_edit=draft.is_open and actor().has_role(*BUILDING_ROLES),
        typed=typed,
        problems=problems,
        note=note,
    )
    return render_template("studio/history.html", page=page)
