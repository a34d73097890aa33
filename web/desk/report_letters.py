"""Letters about late reports: the page that shows which will go out to whom, and the issue itself."""

from dataclasses import dataclass

from flask import render_template, request, url_for
from werkzeug.datastructures import MultiDict
from werkzeug.wrappers import Response

from engine.commands.report_letters import KINDS, LONGEST_REASON, UrgeReports
from engine.domain import letter
from engine.errors import Invalid, Problem
from engine.queries.reports import ReportRow
from web.desk.drafts import TERMS
from web.desk.mixed import mixed
from web.permission import needs
from web.request import actor, engine, notify, see


@dataclass(frozen=True)
class ReportLettersPage:
    command: UrgeReports
    reports: tuple[ReportRow, ...]
    problems: tuple[Problem, ...] = ()
    kinds: tuple[str, ...] = KINDS
    terms: tuple[str, ...] = TERMS
    longest_reason: int = LONGEST_REASON

    @property
    def usual_term(self) -> str:
        return letter.KINDS[self.command.kind].reply or ""


@needs("supervisor", "leader")
def new() -> tuple[str, int]:
    if (both := mixed("case")) is not None:
        return both
    command = _wish(request.args)
    if not command.report_ids:
        nothing = Problem("report", "请先在督查台勾选至少一项报送。", "Tick at least one report on the desk first.")
        return _page(command, (nothing,), 422)
    return _page(command, (), 200)


@needs("supervisor", "leader")
def issue() -> Response | tuple[str, int]:
    command = _wish(request.form)
    key = request.form.get("_operation", "")[:40]
    try:
        issued = engine().execute(command, by=actor(), operation_key=f"urge:{actor().person_id}:{key}" if key else None)
    except Invalid as refused:
        return _page(command, refused.problems, 422)
    numbers = [engine().read.letter(actor(), letter_id).row.number for letter_id in issued]
    notify("letters_issued", count=len(numbers), numbers="、".join(numbers))
    return see(url_for("letters.letters", issued=",".join(issued)))


def _wish(values: MultiDict[str, str]) -> UrgeReports:
    kind = values.get("kind", KINDS[0])
    return UrgeReports(
        kind=kind if kind in KINDS else KINDS[0],
        report_ids=tuple(dict.fromkeys(values.getlist("report"))),
        reply_term=values.get("reply_term") or None,
        reason=values.get("reason", "").strip(),
    )


def _page(command: UrgeReports, problems: tuple[Problem, ...], status: int) -> tuple[str, int]:
    found = tuple(engine().read.report(actor(), report_id) for report_id in command.report_ids)
    page = ReportLettersPage(command, found, problems)
    return render_template("desk/report_letters.html", page=page), status
