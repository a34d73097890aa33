"""Letters before they are issued: what each would say, for the page on which a supervisor decides.

The words come from the same template and the same composing code as the issued letter; only the number is open.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from engine.domain.actor import Actor
from engine.domain.calendar import WorkCalendar, civil_date
from engine.domain.campaign import Campaign
from engine.domain.deadline import Timetable
from engine.domain.letter import KINDS, LAYOUTS, format_date
from engine.errors import Invalid, Problem
from engine.queries import Read
from engine.queries.cases import CasePage
from engine.queries.letters import LetterSource

ISSUABLE = ("urge", "notice", "supervision_letter")
TERMS = ("1wd", "2wd", "3wd", "5wd", "10wd")
REQUIREMENTS = {"close": "两断三清", "rectify": "限期整改", "relocate": "限期搬迁"}
MAX_CASES = 100


@dataclass(frozen=True)
class Wish:
    """What the supervisor chose. `layout` and `reply_term` empty: as usual for the kind."""

    case_ids: tuple[str, ...]
    kind: str = "notice"
    layout: str = ""
    reply_term: str = ""
    per_case: bool = True
    reason: str = ""


@dataclass(frozen=True)
class Draft:
    """One letter that would go out."""

    addressee: str
    cases: tuple[CasePage, ...]


def check(wish: Wish) -> None:
    """Raises Invalid with what must be chosen otherwise."""
    problems = []
    if not wish.case_ids:
        problems.append(Problem("case", "请先在督查台勾选至少一件。", "Tick at least one item on the desk first."))
    if len(wish.case_ids) > MAX_CASES:
        problems.append(Problem("case", f"一次最多 {MAX_CASES} 件。", f"At most {MAX_CASES} items at once."))
    if wish.kind not in ISSUABLE:
        problems.append(Problem("kind", "请选择文种。", "Choose the kind of letter."))
    if wish.layout and wish.layout not in LAYOUTS:
        problems.append(Problem("layout", "请选择版式。", "Choose the layout."))
    if wish.reply_term and wish.reply_term not in TERMS:
        problems.append(Problem("reply_term", "请选择回复时限。", "Choose the time to reply."))
    if len(wish.reason) > 500:
        problems.append(
            Problem("reason", "督办要求不超过 500 字。", "The requirement may have 500 characters at most.")
        )
    if problems:
        raise Invalid("letters_invalid", "The letters cannot be issued like this.", tuple(problems))


def drafts(read: Read, actor: Actor, wish: Wish) -> tuple[Draft, ...]:
    """In the order in which the numbers will be taken. Raises NotFound for a foreign case, Invalid for mixed campaigns."""
    chosen = [read.case(actor, case_id) for case_id in dict.fromkeys(wish.case_ids)]
    if len({page.row.campaign_id for page in chosen}) > 1:
        both = Problem("case", "所选事项属于不同的专项行动，请分别签发。", "The items belong to different campaigns.")
        raise Invalid("letters_invalid", "The items belong to different campaigns.", (both,))
    bundles: dict[tuple[str, str], list[CasePage]] = {}
    for page in chosen:
        bundles.setdefault((page.row.lead, page.row.case_id if wish.per_case else ""), []).append(page)
    return tuple(Draft(lead, tuple(pages)) for (lead, _), pages in bundles.items())


def preview_source(read: Read, actor: Actor, wish: Wish, draft: Draft) -> LetterSource:
    """What the composer needs to set this draft in type."""
    campaign_id = draft.cases[0].row.campaign_id
    now = read.now()
    return read.letter_preview(
        campaign_id=campaign_id,
        kind=wish.kind,
        layout=wish.layout or None,
        addressee=draft.addressee,
        variables=variables_of(read, actor, wish, draft, now),
        issued_on=civil_date(now),
    )


def variables_of(read: Read, actor: Actor, wish: Wish, draft: Draft, now: datetime) -> dict[str, Any]:
    """The variables that `IssueLetters` will keep with the letter (see `engine.commands.letter_rows`)."""
    plan = read.campaign(draft.cases[0].row.campaign_id)
    calendar = read.calendar()
    item = _open_item(read, actor, draft)
    listed = [_case(page, calendar, now) for page in draft.cases]
    due = item.due_original_at if item else None
    office = plan.office
    return {
        "campaign": {"title": plan.title, "office": office.organ_name, "document": plan.document.title},
        "unit": {"name": draft.addressee},
        "cases": listed,
        "report": None,
        "rung": item.level if item else None,
        "due": format_date(civil_date(due)) if due else listed[0]["due"],
        "overdue_days": _overdue(calendar, due, now),
        "reply_due": _reply_due(plan, calendar, wish, now),
        "today": format_date(civil_date(now)),
        "issuer": office.organ_name,
        "contact": f"{office.contact}，{office.phone}",
        "basis": plan.document.title,
        "reason": wish.reason,
    }


def _open_item(read: Read, actor: Actor, draft: Draft) -> Any:
    if len(draft.cases) != 1:
        return None
    found = next((item for item in draft.cases[0].items if item.state != "RESOLVED"), None)
    return read.item(actor, found.item_id) if found else None


def _case(page: CasePage, calendar: WorkCalendar, now: datetime) -> Mapping[str, Any]:
    row = page.row
    return {
        "number": row.case_id,
        "name": row.name,
        "area": row.area,
        "address": row.address,
        "problem": row.problem,
        "requirement": REQUIREMENTS.get(row.disposition or "", "限期办理"),
        "due": format_date(civil_date(row.due_at)) if row.due_at else "",
        "overdue_days": _overdue(calendar, row.due_at, now),
        "phase": row.phase or "",
    }


def _overdue(calendar: WorkCalendar, due: datetime | None, now: datetime) -> int:
    return calendar.workdays_between(civil_date(due), civil_date(now)) if due is not None and due < now else 0


def _reply_due(plan: Campaign, calendar: WorkCalendar, wish: Wish, now: datetime) -> str:
    term = wish.reply_term or KINDS[wish.kind].reply
    return format_date(Timetable(calendar, now, plan.windows).after(term).due_on) if term else ""
