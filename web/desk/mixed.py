"""Cases and reports were ticked together: each has letters of its own, so the page names both and drops neither."""

from dataclasses import dataclass

from flask import render_template, request

from engine.commands.report_letters import KINDS
from web.desk.drafts import ISSUABLE
from web.request import text


@dataclass(frozen=True)
class MixedPage:
    case_ids: tuple[str, ...]
    report_ids: tuple[str, ...]
    case_kind: str
    report_kind: str


def mixed(other: str) -> tuple[str, int] | None:
    """The page to show where the address also names some `other` (case or report); None where it does not."""
    if not request.args.getlist(other):
        return None
    kind = text("kind")
    page = MixedPage(
        case_ids=tuple(dict.fromkeys(request.args.getlist("case"))),
        report_ids=tuple(dict.fromkeys(request.args.getlist("report"))),
        case_kind=kind if kind in ISSUABLE else ISSUABLE[0],
        report_kind=kind if kind in KINDS else KINDS[0],
    )
    return render_template("desk/mixed.html", page=page), 422
