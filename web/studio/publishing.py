"""How a draft ends: handed in by a designer, looked at by a second person, published, returned or discarded."""

from dataclasses import dataclass

from flask import Blueprint, render_template, request, url_for
from werkzeug.wrappers import Response as BaseResponse

from engine.commands.model_publishing import (
    DiscardModelDraft,
    PublishModelDraft,
    ReturnModelDraft,
    SubmitModelDraft,
)
from engine.commands.models import RebaseModelDraft
from engine.domain.actor import BUILDING_ROLES
from engine.domain.model_draft import Merge
from engine.domain.whole_number import whole_number
from engine.errors import Invalid, Problem, errors_of
from engine.queries.models import ModelComment, ModelDraft, RunningVersion
from web.bootstrap import check_papers
from web.errors import said
from web.permission import needs
from web.request import actor, engine, notify, see
from web.studio.changes import FileChanges, changes_of
from web.studio.checking import problems_of
from web.studio.publish_tests import TestReport, report_of
from web.studio.text_diff import FileDiff, folder_diff

blueprint = Blueprint("studio_publishing", __name__)
READERS = (*BUILDING_ROLES, "sysadmin")


@dataclass(frozen=True)
class PublishPage:
    """What a second person looks at. `refused`: what was wrong with the last form sent, and its words."""

    draft: ModelDraft
    tab: str
    problems: tuple[Problem, ...]
    changes: tuple[FileChanges, ...]
    diffs: tuple[FileDiff, ...]
    merges: tuple[Merge, ...]
    tests: TestReport | None
    running: tuple[RunningVersion, ...]
    comments: tuple[ModelComment, ...]
    is_builder: bool
    is_publisher: bool
    is_saver: bool
    is_opener: bool
    is_operator: bool
    refused: str = ""
    refusals: tuple[tuple[str, str], ...] = ()
    typed: str = ""

    @property
    def errors(self) -> tuple[Problem, ...]:
        return errors_of(self.problems)

    @property
    def warnings(self) -> tuple[Problem, ...]:
        return tuple(problem for problem in self.problems if problem.severity != "error")

    @property
    def may_submit(self) -> bool:
        return self.is_builder and self.draft.is_open and not self.draft.is_outdated and bool(self.diffs)

    @property
    def may_rebase(self) -> bool:
        return self.is_builder and self.draft.is_open and self.draft.is_outdated

    @property
    def may_return(self) -> bool:
        return self.is_builder and self.draft.is_submitted

    @property
    def may_publish(self) -> bool:
        return (
            self.is_publisher
            and not self.is_saver
            and self.draft.is_submitted
            and not self.draft.is_outdated
            and not self.errors
        )

    @property
    def may_discard(self) -> bool:
        return not self.draft.is_over and (self.is_opener or self.is_publisher)

    @property
    def unsettled(self) -> tuple[ModelComment, ...]:
        return tuple(comment for comment in self.comments if comment.resolved_at is None)


@blueprint.get("/studio/drafts/<draft_id>/publish")
@needs(*READERS)
def publish(draft_id: str) -> str:
    return _show(draft_id)


@blueprint.post("/studio/drafts/<draft_id>/submission")
@needs(*BUILDING_ROLES)
def submit(draft_id: str) -> BaseResponse | tuple[str, int]:
    note = request.form.get("note", "")
    try:
        papers = tuple(check_papers(dict(engine().read.model_draft(draft_id).files)))
        engine().execute(SubmitModelDraft(draft_id, _seen(), note, papers), by=actor())
    except Invalid as refused:
        return _again(draft_id, "submit", refused, note), 422
    notify("model_submitted")
    return _back(draft_id)


@blueprint.post("/studio/drafts/<draft_id>/return")
@needs(*BUILDING_ROLES)
def return_draft(draft_id: str) -> BaseResponse | tuple[str, int]:
    reason = request.form.get("reason", "")
    try:
        engine().execute(ReturnModelDraft(draft_id, reason), by=actor())
    except Invalid as refused:
        return _again(draft_id, "return", refused, reason), 422
    notify("model_returned")
    return _back(draft_id)


@blueprint.post("/studio/drafts/<draft_id>/publication")
@needs("publisher")
def publish_draft(draft_id: str) -> BaseResponse | tuple[str, int]:
    try:
        papers = tuple(check_papers(dict(engine().read.model_draft(draft_id).files)))
        result = engine().execute(PublishModelDraft(draft_id, _seen(), papers), by=actor())
    except Invalid as refused:
        return _again(draft_id, "publish", refused, ""), 422
    notify("deployed", key=result["key"], version=result["version"])
    return _back(draft_id)


@blueprint.post("/studio/drafts/<draft_id>/discard")
@needs(*BUILDING_ROLES)
def discard(draft_id: str) -> BaseResponse | tuple[str, int]:
    reason = request.form.get("discard_reason", "")
    try:
        engine().execute(DiscardModelDraft(draft_id, reason), by=actor())
    except Invalid as refused:
        return _again(draft_id, "discard", refused, reason), 422
    notify("model_discarded")
    return see(url_for("studio.studio"))


@blueprint.post("/studio/drafts/<draft_id>/rebase")
@needs(*BUILDING_ROLES)
def rebase(draft_id: str) -> BaseResponse | tuple[str, int]:
    """`choice.<file>` is mine or theirs for each file that both sides changed."""
    choices = {
        name.removeprefix("choice."): value for name, value in request.form.items() if name.startswith("choice.")
    }
    try:
        engine().execute(RebaseModelDraft(draft_id, _seen(), choices), by=actor())
    except Invalid as refused:
        return _again(draft_id, "rebase", refused, ""), 422
    notify("model_rebased")
    return _back(draft_id)


def _seen() -> int:
    """The save that the page showed; 0, which no draft has, for what is no number."""
    return whole_number(request.form.get("revision", "")) or 0


def _back(draft_id: str) -> BaseResponse:
    return see(url_for("studio_publishing.publish", draft_id=draft_id))


def _again(draft_id: str, form: str, refused: Invalid, typed: str) -> str:
    fields = {"reason": "discard_reason"} if form == "discard" else {}
    problems = tuple((fields.get(problem.where, problem.where), said(problem)) for problem in refused.problems)
    return _show(draft_id, form, problems, typed)


def _show(draft_id: str, refused: str = "", refusals: tuple[tuple[str, str], ...] = (), typed: str = "") -> str:
    read, person = engine().read, actor()
    draft = read.model_draft(draft_id)
    page = PublishPage(
        draft=draft,
        tab="publish",
        problems=() if draft.is_over else tuple(problems_of(draft)),
        changes=changes_of(draft.base_files, draft.files),
        diffs=folder_diff(draft.base_files, draft.files),
        merges=read.model_merges(draft_id),
        tests=None if draft.is_over else report_of(draft),
        running=read.running_versions(draft.key),
        comments=read.model_comments(draft_id),
        is_builder=person.has_role(*BUILDING_ROLES),
        is_publisher=person.has_role("publisher"),
        is_saver=person.person_id in draft.savers,
        is_opener=person.person_id == draft.created_by_id,
        is_operator=person.has_role("publisher", "sysadmin"),
        refused=refused,
        refusals=refusals,
        typed=typed,
    )
    return render_template("studio/publish.html", page=page)
