"""约谈: asking for a talk by hand, and one talk with its letters and steps."""

from collections.abc import Mapping
from dataclasses import dataclass

from flask import render_template, url_for
from werkzeug.wrappers import Response as BaseResponse

from engine.commands.accountability import ArrangeInterview
from engine.commands.accountability_rows import commitments
from engine.errors import Invalid
from engine.queries.accountability import InterviewPage
from web.accountability.sent import by_place, operation_key, sent, typed
from web.permission import CASE_ROLES, needs
from web.request import actor, campaign_id, engine, notify, see


@dataclass(frozen=True)
class NewInterviewPage:
    campaign: str
    units: tuple[tuple[str, str], ...]
    sent: Mapping[str, str]
    problems: tuple[tuple[str, str], ...] = ()

    def error(self, name: str) -> str:
        return " ".join(words for where, words in self.problems if where == name)


@dataclass(frozen=True)
class OneInterviewPage:
    found: InterviewPage

    @property
    def commitments(self) -> tuple[Mapping[str, str], ...]:
        """As they were promised in the talk."""
        held = [step.submitted for step in self.found.steps if step.element_id == "hold_interview"]
        return commitments(held[-1]) if held else ()


@needs("supervisor", "leader")
def new() -> str:
    return _form()


@needs("supervisor", "leader")
def arrange() -> BaseResponse | tuple[str, int]:
    command = ArrangeInterview(campaign_id(), sent("unit_id"), sent("reason"), sent("case_id") or None)
    try:
        interview_id = engine().execute(
            command, by=actor(), operation_key=operation_key("interview", actor().person_id)
        )
    except Invalid as refused:
        return _form(tuple(by_place(refused.problems))), 422
    notify("interview_opened")
    return see(url_for("accountability.interview", interview_id=interview_id))


@needs(*CASE_ROLES)
def interview(interview_id: str) -> str:
    page = OneInterviewPage(engine().read.interview(actor(), interview_id))
    return render_template("accountability/interview.html", page=page)


def _form(problems: tuple[tuple[str, str], ...] = ()) -> str:
    units = tuple((unit.unit_id, unit.name) for unit in engine().read.units() if unit.kind in ("department", "area"))
    page = NewInterviewPage(campaign_id(), units, typed("unit_id", "reason", "case_id"), problems)
    return render_template("accountability/interview_new.html", page=page)
