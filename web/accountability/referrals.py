"""移送问责: proposing one, one referral, whose every look is recorded, and the figures by form, which name nobody."""

from collections.abc import Mapping
from dataclasses import dataclass

from flask import render_template, url_for
from werkzeug.wrappers import Response as BaseResponse

from engine.commands.accountability import SeeReferral
from engine.commands.referrals import ProposeReferral
from engine.errors import Invalid, NotFound, Rejected
from web.accountability.sent import by_place, operation_key, sent, typed
from web.errors import sentence
from web.permission import needs
from web.request import actor, campaign_id, engine, notify, see


@dataclass(frozen=True)
class NewReferralPage:
    campaign: str
    units: tuple[tuple[str, str], ...]
    sent: Mapping[str, str]
    problems: tuple[tuple[str, str], ...] = ()

    def error(self, name: str) -> str:
        return " ".join(words for where, words in self.problems if where == name)


@needs("supervisor", "leader")
def new() -> str:
    return _form()


@needs("supervisor", "leader")
def propose() -> BaseResponse | tuple[str, int]:
    command = ProposeReferral(campaign_id(), sent("unit_id"), sent("reason"), sent("case_id") or None)
    try:
        referral_id = engine().execute(command, by=actor(), operation_key=operation_key("referral", actor().person_id))
    except Invalid as refused:
        return _form(tuple(by_place(refused.problems))), 422
    except Rejected as refused:  # one goes on already: the reasons stay on the page
        return _form((("", sentence(refused)),)), 409
    notify("referral_proposed")
    return see(url_for("accountability.referral", referral_id=referral_id))


@needs("supervisor", "leader", "inspector")
def referral(referral_id: str) -> str:
    engine().execute(SeeReferral(referral_id), by=actor())
    return render_template("accountability/referral.html", page=engine().read.referral(actor(), referral_id))


@needs("supervisor", "leader", "inspector")
def figures() -> str:
    campaign = campaign_id()
    if not campaign:
        raise NotFound("campaign_unknown", "No campaign is open yet.", campaign="")
    plan = engine().read.campaign(campaign)
    shown = engine().read.accountability_figures(campaign)
    return render_template("accountability/figures.html", page=shown, plan=plan)


def _form(problems: tuple[tuple[str, str], ...] = ()) -> str:
    units = tuple((unit.unit_id, unit.name) for unit in engine().read.units() if unit.kind in ("department", "area"))
    page = NewReferralPage(campaign_id(), units, typed("unit_id", "reason", "case_id"), problems)
    return render_template("accountability/referral_new.html", page=page)
