"""The inbox: whose turn it is. Everything it shows follows from its address."""

from dataclasses import asdict, dataclass, replace

from flask import Blueprint, redirect, render_template, request, url_for
from werkzeug.wrappers import Response

from engine.queries.inbox import BOXES, InboxFilter, InboxPage, InboxRow, Reminder
from engine.queries.waiting_letters import WaitingPage
from web import navigation
from web.permission import CASE_ROLES, needs, signed_in
from web.request import actor, engine, page_number, text, visitor

blueprint = Blueprint("inbox", __name__)
NARROWING = ("campaign", "phase", "area", "kind", "light", "text")


@dataclass(frozen=True)
class Box:
    name: str
    address: str
    count: int | None
    is_current: bool


@dataclass(frozen=True)
class Page:
    inbox: InboxPage
    boxes: tuple[Box, ...]
    lights: tuple[Box, ...]
    campaigns: tuple[tuple[str, str], ...]
    reminders: tuple[Reminder, ...]
    letters: WaitingPage
    is_narrowed: bool
    may_see_cases: bool
    address: str

    def subject(self, row: InboxRow) -> str:
        """What the task is about; the case's number stands under it and is not said twice."""
        return row.subject.removeprefix(row.case_id or "").strip() or row.subject

    def may_claim(self, row: InboxRow) -> bool:
        return row.state == "OPEN" and not row.is_suspended and self.inbox.filter.box in ("groups", "unclaimed")


@blueprint.get("/")
@signed_in
def home() -> Response | str:
    """The page that this person's roles begin the day with."""
    address = navigation.home(visitor())
    return redirect(address, 303) if address else render_template("inbox/nothing.html")


@blueprint.get("/inbox")
@needs(*CASE_ROLES)
def inbox() -> str:
    wanted = _filter()
    found = engine().read.inbox(actor(), wanted)
    page = Page(
        inbox=found,
        boxes=tuple(_box(wanted, name, found) for name in BOXES),
        lights=tuple(_light(wanted, name, count) for name, count in found.lights.items()),
        campaigns=tuple((row.campaign_id, row.title) for row in engine().read.campaigns()),
        reminders=engine().read.reminders(actor(), 5),
        letters=engine().read.waiting_letters(actor()),
        is_narrowed=any(getattr(wanted, name) for name in NARROWING),
        may_see_cases=actor().has_role(*CASE_ROLES),
        address=request.full_path.rstrip("?"),
    )
    return render_template("inbox/inbox.html", page=page)


def _filter() -> InboxFilter:
    """Without a box in the address: what I have in hand, or if that is nothing, what waits for somebody."""
    wanted = InboxFilter(**{name: text(name) for name in NARROWING}, page=page_number())
    box = text("box")
    if box in BOXES:
        return replace(wanted, box=box)
    counts = engine().read.inbox(actor(), replace(wanted, box="mine")).boxes
    return replace(wanted, box="mine" if counts["mine"] else "unclaimed")


def _box(wanted: InboxFilter, name: str, found: InboxPage) -> Box:
    address = url_for("inbox.inbox", box=name)
    return Box(name, address, found.boxes.get(name), name == wanted.box)


def _light(wanted: InboxFilter, name: str, count: int) -> Box:
    is_current = wanted.light == name
    shown = {**asdict(wanted), "light": "" if is_current else name, "page": ""}
    address = url_for("inbox.inbox", **{key: value for key, value in shown.items() if value})
    return Box(name, address, count, is_current)
