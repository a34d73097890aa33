"""Process definitions: what is deployed, what runs in it, and an upload, which is checked or becomes a draft."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from flask import Blueprint, Response, render_template, request, url_for
from werkzeug.wrappers import Response as BaseResponse

from engine.bpmn.elements import Element
from engine.bpmn.outline import read_outline, steps_of
from engine.domain.actor import BUILDING_ROLES
from engine.domain.model_draft import SUFFIXES
from engine.domain.whole_number import whole_number
from engine.errors import Invalid, NotFound, Problem, Rejected, errors_of
from engine.queries.diagrams import DefinitionPage, DefinitionRow, ElementCount
from engine.queries.element_times import ElementTime
from engine.sources import Folder
from web.admin.heat import VIEWS, heat, share, span
from web.admin.incidents import RESOLVERS
from web.bootstrap import check_files
from web.element_words import FolderForms, group_in_words, kind_of
from web.errors import sentence
from web.event_log import LogForm, log_form
from web.format import word
from web.i18n import t
from web.permission import needs
from web.request import actor, download, engine, notify, see, text
from web.studio.uploads import keep, sent_files

blueprint = Blueprint("definitions", __name__)
READERS = (*BUILDING_ROLES, "sysadmin", "supervisor", "leader")
MEDIA_TYPES = {".bpmn": "application/xml", ".dmn": "application/xml", ".form": "application/json"}


@dataclass(frozen=True)
class Outline:
    """One element in words, with how many cases stand there, how many of them late, how many went through and, of
    those, how long it took and how many were late; `time` is None where nothing was completed."""

    element: Element
    count: ElementCount
    time: ElementTime | None

    @property
    def median(self) -> str:
        return span(self.time.median) if self.time else ""

    @property
    def late_share(self) -> str:
        return "" if self.time is None or self.time.late_share is None else share(self.time.late_share)

    @property
    def kind(self) -> str:
        return kind_of(self.element)

    @property
    def says(self) -> bool:
        """Whether the diagram sets anything of it."""
        one = self.element
        return any(
            (one.form_key, one.candidate_groups, one.due_expression, one.basis, one.timer_expression, one.message,
             one.job_kind, one.decision_ref, one.called_element, one.milestone, one.separate_from, one.returnable)
        )  # fmt: skip


@dataclass(frozen=True)
class UploadForm:
    """The form, or what came of it: `problems` of what was sent, `checked` when it was only checked, `draft_id` the
    draft that is in its way."""

    key: str = ""
    problems: tuple[Problem, ...] = ()
    checked: tuple[str, ...] = ()
    draft_id: str = ""

    @property
    def errors(self) -> tuple[Problem, ...]:
        return errors_of(self.problems)

    @property
    def warnings(self) -> tuple[Problem, ...]:
        return tuple(problem for problem in self.problems if problem.severity != "error")

    @property
    def is_clean(self) -> bool:
        return bool(self.checked) and not self.errors

    @property
    def suffixes(self) -> str:
        return ",".join((*SUFFIXES, ".zip"))


@dataclass(frozen=True)
class ListPage:
    definitions: tuple[DefinitionRow, ...]
    upload: UploadForm
    may_change: bool


@dataclass(frozen=True)
class View:
    found: DefinitionPage
    outline: tuple[Outline, ...]
    forms: FolderForms
    upload: UploadForm
    may_change: bool
    may_migrate: bool
    may_compare: bool
    may_resolve: bool
    view: str
    times: Mapping[str, ElementTime]
    log: LogForm | None

    @property
    def name(self) -> str:
        """A folder without a diagram has no title of its own."""
        return word("definition", self.found.key) if self.found.name == self.found.key else self.found.name

    def group(self, code: str) -> str:
        return group_in_words(code)

    @property
    def is_newest(self) -> bool:
        return self.found.version == self.found.versions[0].version

    @property
    def diagram(self) -> str | None:
        """The name of the file that is drawn; None for a folder without a diagram."""
        name = f"{self.found.key}.bpmn"
        return name if any(file == name for file, _ in self.found.files) else None

    @property
    def tokens(self) -> Mapping[str, Mapping[str, str | int]]:
        """For the drawing, as `view` asks."""
        return heat(self.view, self.found.counts, self.times)

    @property
    def views(self) -> list[tuple[str, str, None, bool]]:
        """For `ui/tabs.html`: what the drawing may show."""
        parameters: dict[str, Any] = {"key": self.found.key, "version": self.found.version, "_anchor": "diagram"}
        return [
            (url_for("definitions.definition", view=view, **parameters), t(f"heat.{view}"), None, view == self.view)
            for view in VIEWS
        ]


@blueprint.get("/definitions")
@needs(*READERS)
def definitions() -> str:
    return _list(UploadForm())


@blueprint.get("/definitions/<key>")
@needs(*READERS)
def definition(key: str) -> str:
    return _show(key, UploadForm(key), _version())


@blueprint.get("/definitions/<key>/<int:version>/files/<path:name>")
@needs(*READERS)
def file(key: str, version: int, name: str) -> Response:
    """A file byte for byte as it was deployed; `?save=1` to keep it."""
    found = engine().read.definition(key, version)
    content = engine().read.definition_file(found.definition_id, name)
    suffix = name[name.rfind(".") :]
    return download(
        content,
        name.rsplit("/", 1)[-1],
        MEDIA_TYPES.get(suffix, "text/plain; charset=utf-8"),
        inline=text("save") != "1",
    )


@blueprint.post("/definitions/check")
@needs(*BUILDING_ROLES)
def check() -> tuple[str, int]:
    """What would be said on deployment; nothing changes."""
    try:
        sent = sent_files(request.form.get("key", ""))
    except Invalid as refused:
        return _again(refused), 422
    merged = {**engine().read.definition_files(sent.key), **sent.files}
    problems = tuple(
        check_files(
            sent.key,
            merged,
            [Folder(key, dict(engine().read.definition_files(key))) for key in _keys()],
            engine().read.planned_phases(),
        )
    )
    form = UploadForm(sent.key, problems, tuple(sorted(sent.files)))
    return _page(form), 422 if form.errors else 200


@blueprint.post("/definitions")
@needs(*BUILDING_ROLES)
def upload() -> BaseResponse | tuple[str, int]:
    """Kept in a draft, whatever the check says of it: a second person publishes it from there."""
    try:
        sent = sent_files(request.form.get("key", ""))
        kept = keep(sent, _name_of(sent.key))
    except Invalid as refused:
        return _again(refused), 422
    except Rejected as refused:
        problem = Problem("files", sentence(refused), sentence(refused))
        return _page(UploadForm(sent.key, (problem,), draft_id=str(refused.fields.get("draft", "")))), 409
    if kept.draft_id is None:
        notify("deployed_same", key=sent.key, version=engine().read.definition(sent.key).version)
        return see(url_for("definitions.definition", key=sent.key))
    if kept.is_new:
        notify("model_imported", key=sent.key, n=len(sent.files))
    else:
        notify("model_uploaded" if kept.has_changed else "model_upload_same", n=len(sent.files))
    return see(url_for("studio_publishing.publish", draft_id=kept.draft_id))


def _name_of(key: str) -> str:
    """What the draft is called: as the folder is, which has no title of its own without a diagram."""
    name = next((row.name for row in engine().read.definitions() if row.key == key), "")
    return word("definition", key) if name == key else name


def _again(refused: Invalid) -> str:
    key = request.form.get("key", "") or str(refused.fields.get("key", ""))
    return _page(UploadForm(key, refused.problems))


def _page(form: UploadForm) -> str:
    """The page that the form stood on: of one definition, or of all."""
    if form.key in _keys():
        return _show(form.key, form, None)
    return _list(form)


def _list(form: UploadForm) -> str:
    page = ListPage(engine().read.definitions(), form, actor().has_role(*BUILDING_ROLES))
    return render_template("admin/definitions.html", page=page)


def show_log(key: str, log: LogForm) -> str:
    """The newest version's page again, with what was wrong in the form of its event log."""
    return _show(key, UploadForm(key), None, log)


def _show(key: str, form: UploadForm, version: int | None, log: LogForm | None = None) -> str:
    read = engine().read
    found = read.definition(key, version)
    times = read.element_times(found.definition_id)
    outline = tuple(
        Outline(element, found.counts.get(element.element_id, ElementCount()), times.get(element.element_id))
        for element in _told(found)
    )
    view = text("view") if text("view") in VIEWS else VIEWS[0]
    log = log or log_form(engine(), actor())
    names = [name for name, _ in found.files if name.endswith(".form")]
    forms = FolderForms.read((name, read.definition_file(found.definition_id, name)) for name in names)
    page = View(found, outline, forms, form, *_rights(), view, times, log)
    return render_template("admin/definition.html", page=page)


def _told(found: DefinitionPage) -> Iterator[Element]:
    """In the order in which they are walked, as the text version has them."""
    if found.elements:
        bpmn = engine().read.definition_file(found.definition_id, f"{found.key}.bpmn")
        yield from (step.element for outline in read_outline(bpmn) for step in steps_of(outline))


def _rights() -> tuple[bool, bool, bool, bool]:
    """Whether this person may change a process, move running instances to another version, compare versions, and deal
    with incidents."""
    person = actor()
    return (
        person.has_role(*BUILDING_ROLES),
        person.has_role("sysadmin", "publisher"),
        person.has_role(*BUILDING_ROLES, "sysadmin"),
        person.has_role(*RESOLVERS),
    )


def _keys() -> frozenset[str]:
    return frozenset(row.key for row in engine().read.definitions())


def _version() -> int | None:
    wanted = text("version")
    if not wanted:
        return None
    version = whole_number(wanted)
    if version is None:
        raise NotFound("definition_unknown", f"There is no version {wanted}.", version=wanted)
    return version
