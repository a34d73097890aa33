"""通报: choosing the period, and one circular with its frozen figures."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date

from flask import render_template, url_for
from werkzeug.wrappers import Response as BaseResponse

from engine.commands.accountability import BeginCircular
from engine.domain.calendar import civil_date
from engine.errors import Invalid
from web.accountability.sent import by_place, operation_key, sent_day, typed
from web.permission import CASE_ROLES, needs
from web.request import actor, campaign_id, engine, notify, now, see


@dataclass(frozen=True)
class NewCircularPage:
    campaign: str
    sent: Mapping[str, str]
    today: date
    problems: tuple[tuple[str, str], ...] = ()

    def error(self, name: str) -> str:
        return " ".join(words for where, words in self.problems if where == name)


@needs("supervisor", "leader")
def new() -> str:
    return _form()


@needs("supervisor", "leader")
def begin() -> BaseResponse | tuple[str, int]:
    command = BeginCircular(campaign_id(), sent_day("from_on"), sent_day("to_on"))
    try:
        circular_id = engine().execute(command, by=actor(), operation_key=operation_key("circular", actor().person_id))
    except Invalid as refused:
        return _form(tuple(by_place(refused.problems))), 422
    notify("circular_begun")
    return see(url_for("accountability.circular", circular_id=circular_id))


@needs(*CASE_ROLES)
def circular(circular_id: str) -> str:
    return render_template("accountability/circular.html", page=engine().read.circular(actor(), circular_id))


def _form(problems: tuple[tuple[str, str], ...] = ()) -> str:
    page = NewCircularPage(campaign_id(), typed("from_on", "to_on"), civil_date(now()), problems)
    return render_template("accountability/circular_new.html", page=page)
