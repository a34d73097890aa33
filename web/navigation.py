"""The frame around every page: where this person may go, which campaign and date it is. Drawn by base.html."""

from dataclasses import dataclass
from datetime import datetime
from typing import Final

from flask import current_app, g, request, url_for

from web import permission
from web.i18n import pick
from web.request import Visitor, engine, now, this_page

# section, then (endpoint, message key). An entry is shown to whom the view's own permission admits.
SECTIONS: Final = (
    ("work", (("inbox.inbox", "inbox"), ("cases.ledger", "cases"), ("imports.new", "new_case"))),
    (
        "supervision",
        (
            ("desk.desk", "desk"),
            ("letters.drafts", "drafts"),
            ("letters.letters", "letters"),
            ("reports.reports", "reports"),
            ("leader.leader", "leader"),
            ("forecasts.forecasts", "forecasts"),
            ("accountability.overview", "accountability"),
            ("imports.upload", "import"),
        ),
    ),
    (
        "system",
        (
            ("studio.studio", "studio"),
            ("definitions.definitions", "definitions"),
            ("incidents.incidents", "incidents"),
            ("instances.instances", "instances"),
            ("instances.jobs", "jobs"),
            ("batches.batches", "batches"),
            ("people.people", "people"),
            ("audit.record", "audit"),
            ("audit.days", "audit_days"),
            ("calendars.calendars", "calendars"),
            ("demo_clock.demo_clock", "demo_clock"),
        ),
    ),
)
DEMO_ONLY: Final = ("demo_clock.demo_clock",)


@dataclass(frozen=True)
class Entry:
    address: str
    name: str  # a message key, nav.<name>
    is_current: bool


@dataclass(frozen=True)
class Section:
    name: str
    entries: tuple[Entry, ...]


@dataclass(frozen=True)
class Chrome:
    """`visitor` is None before login; then there is only the product's name and the language."""

    visitor: Visitor | None
    campaign: str
    today: datetime
    is_demo: bool
    sections: tuple[Section, ...]
    other_language: str
    language_address: str


def home(visitor: Visitor) -> str:
    """Leaders begin with the figures, supervisors at the desk, designers in the studio, others with their first entry,
    if they have any."""
    begins = (
        ("leader", "leader.leader"),
        ("supervisor", "desk.desk"),
        ("inspector", "desk.desk"),
        ("designer", "studio.studio"),
        ("publisher", "studio.studio"),
    )
    for role, endpoint in begins:
        if visitor.has_role(role) and _may_open(visitor, endpoint):
            return url_for(endpoint)
    return next((entry.address for section in _sections(visitor) for entry in section.entries), "")


def chrome() -> Chrome:
    visitor: Visitor | None = g.get("visitor")
    other = "zh" if g.get("lang") == "en" else "en"
    address = _language_address(other)
    if visitor is None:
        return Chrome(None, "", now(), engine().read.is_demo(), (), other, address)
    campaigns = engine().read.campaigns()
    title = ""
    if campaigns:
        plan = engine().read.campaign(campaigns[0].campaign_id)
        title = pick(plan.title, plan.title_en)
    return Chrome(visitor, title, now(), engine().read.is_demo(), _sections(visitor), other, address)


def _sections(visitor: Visitor) -> tuple[Section, ...]:
    found = []
    for name, entries in SECTIONS:
        shown = tuple(_entry(endpoint, key) for endpoint, key in entries if _may_open(visitor, endpoint))
        if shown:
            found.append(Section(name, shown))
    return tuple(found)


def _may_open(visitor: Visitor, endpoint: str) -> bool:
    if endpoint in DEMO_ONLY and not engine().read.is_demo():
        return False
    declared = permission.of_endpoint(current_app, endpoint)
    return declared is not None and declared.allows(visitor.actor)


def _entry(endpoint: str, key: str) -> Entry:
    address = url_for(endpoint)
    return Entry(address, key, _is_current(endpoint, address))


def _is_current(endpoint: str, address: str) -> bool:
    if request.endpoint == endpoint:
        return True
    listed = {name for _, entries in SECTIONS for name, _ in entries}
    nearest = max(
        (place for place in map(url_for, listed) if request.path.startswith(f"{place}/")), key=len, default=""
    )
    return request.endpoint not in listed and address == nearest


def _language_address(other: str) -> str:
    if request.endpoint is None or request.method != "GET":
        return f"?lang={other}"
    return this_page({"lang": other})
