"""One list for each kind of matter, and the figures by form on top."""

from dataclasses import dataclass
from typing import Any

from flask import render_template

from engine.queries.accountability_letters import CircularLetter
from engine.queries.accountability_referrals import AccountabilityFigures
from web.permission import CASE_ROLES, needs
from web.request import actor, campaign_id, engine, text

VIEWS = ("interviews", "circulars", "referrals", "objections", "inspections")


@dataclass(frozen=True)
class OverviewPage:
    """`rows` are those of the chosen view; `counts` of all views. `circulars`: in their view, those that are letters of
    their own, beside the periodical ones in `rows`."""

    campaign: str
    view: str
    rows: tuple[Any, ...]
    circulars: tuple[CircularLetter, ...]
    counts: dict[str, int]
    figures: AccountabilityFigures | None
    may_begin: bool


@needs(*CASE_ROLES)
def overview() -> str:
    read, campaign = engine().read, campaign_id()
    found: dict[str, tuple[Any, ...]] = {view: () for view in VIEWS}
    circulars: tuple[CircularLetter, ...] = ()
    if campaign:
        found = {
            "interviews": read.interviews(actor(), campaign),
            "circulars": read.circulars(actor(), campaign),
            "referrals": read.referrals(actor(), campaign),
            "objections": read.objections(actor(), campaign),
            "inspections": read.inspections(actor(), campaign),
        }
        circulars = read.circular_letters(actor(), campaign)
    view = text("view") if text("view") in VIEWS else "interviews"
    watches = actor().has_role("supervisor", "leader", "inspector")
    page = OverviewPage(
        campaign=campaign,
        view=view,
        rows=found[view],
        circulars=circulars if view == "circulars" else (),
        counts={
            name: len(rows) + (len(circulars) if name == "circulars" else 0)
            for name, rows in found.items()
            if name != "referrals" or watches
        },
        figures=read.accountability_figures(campaign) if campaign and watches else None,
        may_begin=actor().has_role("supervisor", "leader"),
    )
    return render_template("accountability/overview.html", page=page)
