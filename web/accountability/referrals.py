"""移送问责: one referral, whose every look is recorded, and the figures by form, which name nobody."""

from flask import render_template

from engine.commands.accountability import SeeReferral
from engine.errors import NotFound
from web.permission import needs
from web.request import actor, campaign_id, engine


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
