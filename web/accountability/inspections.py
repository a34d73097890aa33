"""Inspections by the Regulation on government inspection: plan, approval, conclusion."""

from collections.abc import Mapping
from dataclasses import dataclass

from flask import render_template, request, url_for
from werkzeug.wrappers import Response as BaseResponse

from engine.commands.inspections import ApproveInspection, ConcludeInspection, DraftInspection
from engine.domain.inspection import KINDS, METHODS, Overlap, Plan, lines_of
from engine.errors import Invalid
from engine.queries.accountability_inspections import InspectionPage
from web.accountability.sent import by_place, operation_key, sent, sent_day, typed
from web.i18n import pick
from web.permission import CASE_ROLES, needs
from web.request import actor, campaign_id, engine, notify, see

NAMES = ("title", "basis", "kind", "scope", "items", "starts_on", "ends_on", "overlap_reason")
CONCLUSION = ("unit_id", "findings", "evidence", "opinion", "demands")


@dataclass(frozen=True)
class NewInspectionPage:
    """`units` and `methods`: (value, words, is_chosen)."""

    campaign: str
    sent: Mapping[str, str]
    units: tuple[tuple[str, str, bool], ...]
    methods: tuple[tuple[str, str, bool], ...]
    overlaps: tuple[Overlap, ...] = ()
    problems: tuple[tuple[str, str], ...] = ()

    @property
    def kinds(self) -> tuple[tuple[str, str], ...]:
        return tuple((key, pick(*words)) for key, words in KINDS.items())

    def error(self, name: str) -> str:
        return " ".join(words for where, words in self.problems if where == name)


@dataclass(frozen=True)
class OneInspectionPage:
    found: InspectionPage
    may_approve: bool
    may_conclude: bool
    may_object: bool
    sent: Mapping[str, str]
    problems: tuple[tuple[str, str], ...] = ()

    @property
    def kind(self) -> str:
        return pick(*KINDS[self.found.row.plan.kind])

    @property
    def methods(self) -> tuple[str, ...]:
        return tuple(pick(*METHODS[method]) for method in self.found.row.plan.methods)

    def error(self, name: str) -> str:
        return " ".join(words for where, words in self.problems if where == name)


@needs("supervisor", "leader")
def new() -> str:
    return _form()


@needs("supervisor", "leader")
def draft() -> BaseResponse | tuple[str, int]:
    plan = _plan()
    try:
        plan_id = engine().execute(
            DraftInspection(campaign_id(), plan, sent("overlap_reason")),
            by=actor(),
            operation_key=operation_key("inspection", actor().person_id),
        )
    except Invalid as refused:
        return _form(tuple(by_place(refused.problems)), engine().read.inspection_overlaps(plan)), 422
    notify("inspection_drafted")
    return see(url_for("accountability.inspection", plan_id=plan_id))


@needs(*CASE_ROLES)
def inspection(plan_id: str) -> str:
    return _page(plan_id)


@needs("leader")
def approve(plan_id: str) -> BaseResponse:
    engine().read.inspection(actor(), plan_id)
    engine().execute(ApproveInspection(plan_id), by=actor())
    notify("inspection_approved")
    return see(url_for("accountability.inspection", plan_id=plan_id))


@needs("supervisor", "leader")
def conclude(plan_id: str) -> BaseResponse | tuple[str, int]:
    words = {name: sent(name) for name in CONCLUSION}
    try:
        engine().execute(ConcludeInspection(plan_id, **words), by=actor())
    except Invalid as refused:
        return _page(plan_id, tuple(by_place(refused.problems))), 422
    notify("inspection_concluded")
    return see(url_for("accountability.inspection", plan_id=plan_id))


def _plan() -> Plan:
    return Plan(
        title=sent("title"),
        basis=sent("basis"),
        kind=sent("kind"),
        methods=tuple(dict.fromkeys(request.form.getlist("methods"))),
        scope=sent("scope"),
        items=lines_of(sent("items")),
        unit_ids=tuple(dict.fromkeys(request.form.getlist("unit_ids"))),
        starts_on=sent_day("starts_on"),
        ends_on=sent_day("ends_on"),
    )


def _form(problems: tuple[tuple[str, str], ...] = (), overlaps: tuple[Overlap, ...] = ()) -> str:
    chosen, methods = request.form.getlist("unit_ids"), request.form.getlist("methods")
    page = NewInspectionPage(
        campaign=campaign_id(),
        sent=typed(*NAMES),
        units=tuple(
            (unit.unit_id, unit.name, unit.unit_id in chosen)
            for unit in engine().read.units()
            if unit.kind in ("department", "area")
        ),
        methods=tuple((key, pick(*words), key in methods) for key, words in METHODS.items()),
        overlaps=overlaps,
        problems=problems,
    )
    return render_template("accountability/inspection_new.html", page=page)


def _page(plan_id: str, problems: tuple[tuple[str, str], ...] = ()) -> str:
    found = engine().read.inspection(actor(), plan_id)
    is_office = actor().has_role("supervisor", "leader")
    page = OneInspectionPage(
        found=found,
        may_approve=found.row.state == "DRAFT"
        and actor().has_role("leader")
        and found.row.drafted_by_id != actor().person_id,
        may_conclude=found.row.state == "APPROVED" and is_office and bool(found.waiting),
        may_object=actor().has_role("officer", "head"),
        sent=typed(*CONCLUSION),
        problems=problems,
    )
    return render_template("accountability/inspection.html", page=page)
