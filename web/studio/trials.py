"""The tab of tests: a draft's walks played on the server, what they passed drawn on the diagram, and their text."""

import re
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Final

from flask import Blueprint, Response, render_template, request, url_for
from werkzeug.wrappers import Response as BaseResponse

from engine.bpmn.elements import Element
from engine.commands.models import SaveModelFiles
from engine.domain.actor import BUILDING_ROLES
from engine.domain.whole_number import whole_number
from engine.errors import Invalid, NotFound, Problem, Rejected
from engine.queries.models import ModelDraft
from engine.trials.coverage import Coverage
from engine.trials.ground import Flow, Ground
from engine.trials.limits import Limits
from engine.trials.play import Failure, WalkResult, play
from engine.trials.report import FOLDER, SUFFIX, Report, Reports, is_walk
from engine.trials.script import Script, ScriptStep, read_script
from engine.trials.writing import write_script
from web.element_words import kind_of
from web.errors import said, sentence, status_of
from web.i18n import t
from web.permission import needs
from web.request import actor, diagram_file, engine, notify, now, see, text

blueprint = Blueprint("studio_trials", __name__)
_reports = Reports(kept=16)
SECONDS: Final = 10.0  # for all walks of a draft, and for one session of the playground
NAME: Final = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_-]{0,59}")


@dataclass(frozen=True)
class WalkRow:
    """`title` is what the walk says of itself; empty while its file cannot be read. `result` None: not played."""

    name: str
    title: str
    result: WalkResult | None


@dataclass(frozen=True)
class ElementRow:
    element: Element
    count: int

    @property
    def kind(self) -> str:
        return kind_of(self.element)


@dataclass(frozen=True)
class FlowRow:
    flow: Flow
    source: str
    target: str
    count: int


@dataclass(frozen=True)
class TestsPage:
    """`coverage` is None while nothing was played or the diagram cannot be read; `problems` say why.

    `typed`: the name of a new walk that was refused, with its `fault`."""

    draft: ModelDraft
    walks: tuple[WalkRow, ...]
    is_played: bool
    coverage: Coverage | None = None
    problems: tuple[str, ...] = ()
    typed: str = ""
    fault: str = ""
    tab: str = "tests"

    @property
    def failed(self) -> int:
        return sum(row.result is not None and not row.result.passed for row in self.walks)

    @property
    def tokens(self) -> Mapping[str, Mapping[str, Any]]:
        """For the drawing: what was passed, by how many walks; what none passed stands out."""
        if self.coverage is None:
            return {}
        counts = {**self.coverage.elements, **self.coverage.flows}
        return {
            name: {
                "state": "done" if count else "late",
                "count": count,
                "label": t("trial.passed_by", n=count) if count else t("trial.passed_by_none"),
            }
            for name, count in counts.items()
        }

    @property
    def elements(self) -> tuple[ElementRow, ...]:
        """Those that no walk passes first."""
        if self.coverage is None:
            return ()
        rows = (ElementRow(element, self.coverage.elements[element.element_id]) for element in self.coverage.drawn)
        return tuple(sorted(rows, key=lambda row: row.count > 0))

    @property
    def missed_flows(self) -> tuple[FlowRow, ...]:
        if self.coverage is None:
            return ()
        names = {element.element_id: element.name or element.element_id for element in self.coverage.drawn}
        return tuple(
            FlowRow(flow, names.get(flow.source, flow.source), names.get(flow.target, flow.target), 0)
            for flow in self.coverage.lines
            if not self.coverage.flows[flow.flow_id]
        )


@dataclass(frozen=True)
class WalkPage:
    """The text of one walk. `problems` of what was typed; `result` when it was played."""

    draft: ModelDraft
    name: str
    text: str
    revision: int
    is_new: bool
    problems: tuple[tuple[str, str], ...] = ()
    result: WalkResult | None = None
    tab: str = "tests"


# -- looking -----------------------------------------------------------------------------------------------------------
@blueprint.get("/studio/drafts/<draft_id>/tests")
@needs(*BUILDING_ROLES)
def tests(draft_id: str) -> str:
    """`?run=1` plays all walks; nothing is changed by that."""
    return render_template("studio/tests.html", page=_tests(engine().read.model_draft(draft_id)))


@blueprint.get("/studio/drafts/<draft_id>/tests/diagrams/<key>.bpmn")
@needs(*BUILDING_ROLES)
def diagram(draft_id: str, key: str) -> Response:
    """The draft's own diagram, or the newest deployed one of a process that it calls."""
    draft = engine().read.model_draft(draft_id)
    files = draft.files if key == draft.key else engine().read.definition_files(key)
    content = files.get(f"{key}.bpmn")
    if content is None:
        raise NotFound("file_unknown", f"There is no {key}.bpmn.", file=f"{key}.bpmn")
    return diagram_file(content)


@blueprint.get("/studio/drafts/<draft_id>/tests/walks/<name>")
@needs(*BUILDING_ROLES)
def walk(draft_id: str, name: str) -> str:
    """A name that the draft does not hold is a new walk; `?run=1` plays it."""
    draft = engine().read.model_draft(draft_id)
    _check_name(draft, name)
    content = draft.files.get(_file(name))
    shown = content.decode("utf-8-sig", "replace") if content is not None else _starter(draft, name)
    result = _played(draft, name, content) if content is not None and text("run") == "1" else None
    return _editor(WalkPage(draft, name, shown, draft.revision, content is None, result=result))


# -- doing -------------------------------------------------------------------------------------------------------------
@blueprint.post("/studio/drafts/<draft_id>/tests")
@needs(*BUILDING_ROLES)
def add(draft_id: str) -> BaseResponse | tuple[str, int]:
    """Go to a new walk of that name; it is kept when it is saved there."""
    typed = request.form.get("name", "")
    name = typed.strip().removesuffix(SUFFIX)
    draft = engine().read.model_draft(draft_id)
    if problem := name_problem(name):
        page = replace(_tests(draft), typed=typed[:200], fault=said(problem))
        return render_template("studio/tests.html", page=page), 422
    return see(url_for("studio_trials.walk", draft_id=draft_id, name=name))


@blueprint.post("/studio/drafts/<draft_id>/tests/walks/<name>")
@needs(*BUILDING_ROLES)
def save(draft_id: str, name: str) -> BaseResponse | tuple[str, int]:
    """Keep the text when it can be read as a walk, then play it. What is refused stays on the page."""
    draft = engine().read.model_draft(draft_id)
    _check_name(draft, name)
    typed, revision = _typed(), _revision(draft)
    page = WalkPage(draft, name, typed, revision, _file(name) not in draft.files)
    try:
        read_script(typed.encode(), what=_file(name))
        change = SaveModelFiles(draft_id, revision, {_file(name): typed.encode()}, t("trial.save_note", name=name))
        engine().execute(change, by=actor())
    except Invalid as error:
        return _editor(page, error.problems or (_problem(error),)), 422
    except Rejected as error:
        return _editor(page, (_problem(error),)), status_of(error)
    notify("walk_saved", name=name)
    return see(url_for("studio_trials.walk", draft_id=draft_id, name=name, run=1))


@blueprint.post("/studio/drafts/<draft_id>/tests/walks/<name>/trial")
@needs(*BUILDING_ROLES)
def try_walk(draft_id: str, name: str) -> tuple[str, int]:
    """Play what is typed without keeping it."""
    draft = engine().read.model_draft(draft_id)
    _check_name(draft, name)
    typed = _typed()
    page = WalkPage(draft, name, typed, _revision(draft), _file(name) not in draft.files)
    try:
        read_script(typed.encode(), what=_file(name))
    except Invalid as error:
        return _editor(page, error.problems), 422
    result = _played(draft, name, typed.encode())
    return _editor(WalkPage(draft, name, typed, page.revision, page.is_new, result=result)), 200


@blueprint.post("/studio/drafts/<draft_id>/tests/walks/<name>/deletion")
@needs(*BUILDING_ROLES)
def delete(draft_id: str, name: str) -> BaseResponse:
    draft = engine().read.model_draft(draft_id)
    if _file(name) not in draft.files:
        raise NotFound("file_unknown", f"There is no {_file(name)}.", file=_file(name))
    note = t("trial.delete_note", name=name)
    engine().execute(SaveModelFiles(draft_id, _revision(draft), {_file(name): None}, note), by=actor())
    notify("walk_deleted", "info", name=name)
    return see(url_for("studio_trials.tests", draft_id=draft_id))


# -- what they stand on ------------------------------------------------------------------------------------------------
def ground_of(draft: ModelDraft) -> Ground:
    """The draft's own files first, then what is deployed. Raises NotFound before there is a campaign."""
    found: Ground = engine().read.trial_ground()
    return found.with_folder(draft.key, draft.files)


def played(draft: ModelDraft) -> Report:
    """All walks of a draft, played unless the same was just now. Raises NotFound before there is a campaign."""
    return _reports.of(ground_of(draft), draft.key, limits())


def by_short_name(report: Report) -> dict[str, WalkResult]:
    """The results by the names that `walks_of` gives."""
    return {_short(name): result for name, result in report.results.items()}


def limits() -> Limits:
    """From now on."""
    end = time.monotonic() + SECONDS
    return Limits(is_over=lambda: time.monotonic() > end)


def walks_of(draft: ModelDraft) -> dict[str, bytes]:
    """The walk files of a draft, by name without folder and suffix."""
    return {_short(name): content for name, content in sorted(draft.files.items()) if is_walk(name)}


def _short(name: str) -> str:
    return name.removeprefix(FOLDER).removesuffix(SUFFIX)


def name_problem(name: str) -> Problem | None:
    if NAME.fullmatch(name):
        return None
    return Problem(
        "name",
        "走查的名称只用字母、数字、下划线和横线，最长 60 个字符。",
        "The name of a walk holds letters, digits, _ and -, at most 60.",
    )


def _tests(draft: ModelDraft) -> TestsPage:
    held = walks_of(draft)
    if text("run") != "1":
        return TestsPage(draft, tuple(WalkRow(name, _title(content), None) for name, content in held.items()), False)
    report = played(draft)
    rows = tuple(WalkRow(name, result.name, result) for name, result in by_short_name(report).items())
    return TestsPage(draft, rows, True, report.coverage, tuple(said(problem) for problem in report.problems))


def _played(draft: ModelDraft, name: str, content: bytes) -> WalkResult:
    return play(ground_of(draft), content, name=_file(name), limits=limits())


def _title(content: bytes) -> str:
    try:
        return read_script(content).name
    except Invalid:
        return ""


def _starter(draft: ModelDraft, name: str) -> str:
    """The start of another walk of the draft where there is one: who writes a new walk needs its variables."""
    for content in walks_of(draft).values():
        try:
            other = read_script(content)
        except Invalid:
            continue
        return write_script(Script(name, draft.key, other.now, other.variables, (ScriptStep(expect={"tasks": []}),)))
    return write_script(Script(name, draft.key, now(), {}, (ScriptStep(expect={"tasks": []}),)))


# -- what was typed ----------------------------------------------------------------------------------------------------
def _typed() -> str:
    """As it was typed, with the line ends of the files in `processes/`."""
    typed = request.form.get("text", "").replace("\r\n", "\n")
    return typed if typed.endswith("\n") else f"{typed}\n"


def _revision(draft: ModelDraft) -> int:
    seen = whole_number(request.form.get("_revision", ""))
    return draft.revision if seen is None else seen


def _editor(page: WalkPage, problems: Sequence[Problem] = ()) -> str:
    if problems:
        shown = tuple(("text", f"{problem.where}：{said(problem)}") for problem in problems)
        page = WalkPage(page.draft, page.name, page.text, page.revision, page.is_new, shown)
    return render_template("studio/walk.html", page=page, failures=failures(page.result))


def failures(result: WalkResult | None) -> list[str]:
    return [failure_words(failure) for failure in result.failures] if result is not None else []


def failure_words(failure: Failure) -> str:
    return said(Problem("", failure.zh, failure.en))


def _problem(error: Invalid | Rejected) -> Problem:
    words = sentence(error)
    return Problem(t("trial.walk"), words, words)


def _check_name(draft: ModelDraft, name: str) -> None:
    """What the draft holds has been let in before; a new name must be plain."""
    if _file(name) not in draft.files and (problem := name_problem(name)):
        raise Invalid("walk_name", problem.en, (problem,), name=name[:80])


def _file(name: str) -> str:
    return f"{FOLDER}{name}{SUFFIX}"
