"""The history of a draft: who saved what and when, any save again, and what people said about its elements."""

from dataclasses import dataclass

from flask import Blueprint, Response, render_template, request, url_for
from werkzeug.wrappers import Response as BaseResponse

from engine.commands.models import CommentOnModel, ResolveComment, RestoreModelSave
from engine.domain.actor import BUILDING_ROLES
from engine.errors import Invalid, NotFound
from engine.queries.models import ModelComment, ModelDraft, ModelSave
from engine.sources import SUFFIXES
from web.errors import said
from web.permission import needs
from web.request import actor, download, engine, notify, see
from web.studio.folders import zip_of

blueprint = Blueprint("studio_history", __name__)
READERS = (*BUILDING_ROLES, "sysadmin")


@dataclass(frozen=True)
class HistoryPage:
    """`typed`: a comment that was refused, and why."""

    draft: ModelDraft
    tab: str
    saves: tuple[ModelSave, ...]
    comments: tuple[ModelComment, ...]
    may_edit: bool
    typed: tuple[str, str, str] = ("", "", "")  # file, element, text
    problems: tuple[tuple[str, str], ...] = ()

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
    wanted = request.form.get("revision", "")
    if not (wanted.isascii() and wanted.isdigit() and len(wanted) < 9):
        raise NotFound("model_save_unknown", f"There is no save {wanted[:20]!r}.", revision=wanted[:20])
    engine().execute(RestoreModelSave(draft_id, int(wanted)), by=actor())
    notify("model_restored", n=wanted)
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


def _show(draft_id: str, typed: tuple[str, str, str] = ("", "", ""), problems: tuple[tuple[str, str], ...] = ()) -> str:
    read = engine().read
    draft = read.model_draft(draft_id)
    page = HistoryPage(
        draft=draft,
        tab="history",
        saves=read.model_saves(draft_id),
        comments=read.model_comments(draft_id),
        may_edit=draft.is_open and actor().has_role(*BUILDING_ROLES),
        typed=typed,
        problems=problems,
    )
    return render_template("studio/history.html", page=page)
