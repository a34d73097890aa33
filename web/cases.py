"""The ledger 台账 of cases, its export, and one case's dossier 一企一档."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

from flask import Blueprint, Response, render_template, url_for

from engine.domain.case import DISPOSITIONS, PHASES, CaseState
from engine.domain.escalation import Ladder
from engine.domain.task import LIVE, TaskState
from engine.errors import NotFound
from engine.queries.cases import CaseFilter, CaseItem, CaseList, CasePage, CaseRow, CaseTask
from engine.queries.task_page import EvidenceRow
from forms.context import FormContext
from forms.fields import summary
from forms.form import load_form
from forms.tables.ledger import ledger_csv, ledger_xlsx
from web import filling
from web.diagrams import Drawing, drawings
from web.evidence import PICTURES
from web.i18n import language, pick, t
from web.permission import CASE_ROLES, needs
from web.request import actor, download, engine, now, page_number, text
from web.why import TABLE_READERS, Why, why

blueprint = Blueprint("cases", __name__)
case_workers = needs(*CASE_ROLES)
NARROWING = ("campaign", "state", "phase", "area", "lead", "disposition", "light", "text")
XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"


@dataclass(frozen=True)
class LedgerPage:
    cases: CaseList
    campaigns: tuple[tuple[str, str], ...]
    is_narrowed: bool
    may_register: bool
    xlsx_address: str
    csv_address: str
    states: tuple[str, ...] = tuple(CaseState)
    phases: tuple[str, ...] = PHASES
    dispositions: tuple[str, ...] = DISPOSITIONS
    lights: tuple[str, ...] = ("red", "yellow", "green")


@dataclass(frozen=True)
class Step:
    """One phase of the case on its way: done, current, ahead or skipped."""

    phase: str
    state: str


@dataclass(frozen=True)
class HandedIn:
    """A task of the case with what was handed in, ready to be read."""

    task: CaseTask
    lines: Sequence[tuple[str, str]]
    evidence: tuple[EvidenceRow, ...]

    @property
    def is_live(self) -> bool:
        return self.task.state in LIVE


@dataclass(frozen=True)
class DossierPage:
    case: CasePage
    steps: tuple[Step, ...]
    open_tasks: tuple[HandedIn, ...]
    done_tasks: tuple[HandedIn, ...]
    evidence: tuple[EvidenceRow, ...]
    drawings: tuple[Drawing, ...]
    ladder: Ladder
    why_light: Why | None
    may_read_tables: bool
    may_issue: bool
    readable_letters: frozenset[str]  # the others went to units of other people

    def instrument(self, item: CaseItem) -> str:
        """The rung that a supervision item stands on, by its instrument; nothing sent yet is `opened`."""
        rung = self.ladder.at(item.level)
        return rung.instrument if rung is not None else "opened"

    def is_picture(self, row: EvidenceRow) -> bool:
        return row.media_type in PICTURES


# -- the ledger --------------------------------------------------------------------------------------------------------
@blueprint.get("/cases")
@case_workers
def ledger() -> str:
    wanted = _filter()
    kept = {name: value for name, value in asdict(wanted).items() if name in NARROWING and value}
    page = LedgerPage(
        cases=engine().read.cases(actor(), wanted),
        campaigns=tuple((row.campaign_id, row.title) for row in engine().read.campaigns()),
        is_narrowed=bool(kept),
        may_register=actor().has_role("officer", "head", "supervisor"),
        xlsx_address=url_for("cases.export_xlsx", **kept),
        csv_address=url_for("cases.export_csv", **kept),
    )
    return render_template("cases/ledger.html", page=page)


@blueprint.get("/cases/export.xlsx")
@case_workers
def export_xlsx() -> Response:
    title = f"{t('cases.title')} · {_campaign_title()}"
    content = ledger_xlsx(_export_rows(), title=title, as_of=now(), lang=language())
    return download(content, f"{_filename()}.xlsx", XLSX)


@blueprint.get("/cases/export.csv")
@case_workers
def export_csv() -> Response:
    return download(ledger_csv(_export_rows(), lang=language()), f"{_filename()}.csv", "text/csv; charset=utf-8")


def _filter() -> CaseFilter:
    return CaseFilter(**{name: text(name) for name in NARROWING}, page=page_number())


def _export_rows() -> Iterator[dict[str, Any]]:
    groups: dict[str, Mapping[str, str]] = {}
    for row in engine().read.case_export(actor(), _filter()):
        if row.campaign_id not in groups:
            plan = engine().read.campaign(row.campaign_id)
            groups[row.campaign_id] = {group.id: pick(group.name, group.name_en) for group in plan.groups}
        plain = {name: getattr(row, name) for name in CaseRow.__dataclass_fields__}
        yield {**plain, "group": groups[row.campaign_id].get(row.group_id, row.group_id)}


def _campaign_title() -> str:
    campaigns = engine().read.campaigns()
    wanted = text("campaign")
    return next((row.title for row in campaigns if row.campaign_id == wanted), campaigns[0].title if campaigns else "")


def _filename() -> str:
    return f"{t('cases.title')}-{now():%Y%m%d}"


# -- the dossier -------------------------------------------------------------------------------------------------------
@blueprint.get("/cases/<case_id>")
@case_workers
def case(case_id: str) -> str:
    found = engine().read.case(actor(), case_id)
    context = filling.names_context()
    handed_in = tuple(_handed_in(task, found, context) for task in found.tasks if task.state != TaskState.CANCELLED)
    page = DossierPage(
        case=found,
        steps=_steps(found),
        open_tasks=tuple(one for one in handed_in if one.is_live),
        done_tasks=tuple(one for one in handed_in if not one.is_live),
        evidence=found.evidence,
        drawings=drawings(found.instance_id),
        ladder=engine().read.ladder(found.row.campaign_id),
        why_light=why(engine().read.explain_case_light(actor(), case_id)),
        may_read_tables=actor().has_role(*TABLE_READERS),
        may_issue=actor().has_role("supervisor", "leader"),
        readable_letters=frozenset(row.letter_id for row in found.letters if _may_read(row.letter_id)),
    )
    return render_template("cases/case.html", page=page)


def _may_read(letter_id: str) -> bool:
    try:
        engine().read.letter(actor(), letter_id)
    except NotFound:
        return False
    return True


def _steps(found: CasePage) -> tuple[Step, ...]:
    """排查 → 清理 → 提升 → 验收 → 回头看: done, current, ahead, or skipped where the case needed no such phase."""
    row = found.row
    visited = {task.process_key for task in found.tasks}
    live = {task.process_key for task in found.tasks if task.state in LIVE}
    present = PHASES.index(row.phase) if row.phase in PHASES else 0
    if row.state == CaseState.STRUCK_OFF:
        present = PHASES.index("lookback")

    def state(place: int, phase: str) -> str:
        is_over = row.state != CaseState.ACTIVE and phase in visited - live
        if place < present or is_over:
            return "done" if phase in visited else "skipped"
        if row.state == CaseState.EXCLUDED:
            return "skipped"
        return "current" if place == present else "ahead"

    return tuple(Step(phase, state(place, phase)) for place, phase in enumerate(PHASES))


def _handed_in(task: CaseTask, found: CasePage, context: FormContext) -> HandedIn:
    lines: Sequence[tuple[str, str]] = ()
    if task.submitted and task.form:
        lines = summary(load_form(task.form, f"{task.element_id}.form"), task.submitted, language(), context)
        reason = task.submitted.get("return_reason")
        if reason:
            lines = [*lines, (t("case.return_reason"), str(reason))]
    evidence = tuple(row for row in found.evidence if row.task_id == task.task_id)
    return HandedIn(task, lines, evidence)
