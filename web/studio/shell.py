"""The frame around every page of a draft: its state and its tabs. A tab is shown once some module answers at its
address."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from flask import current_app, url_for

from engine.domain.actor import BUILDING_ROLES
from engine.queries.models import ModelDraft
from web.i18n import t
from web.permission import of_endpoint
from web.request import actor

TABS: Final = ("diagram", "tables", "forms", "letters", "tests", "playground", "compare", "history", "publish")
_PAGE: Final = "/studio/drafts/<draft_id>/{tab}"
# What a folder must hold for a tab to mean something; the other tabs always do.
_NEEDS: Final[Mapping[str, str]] = {
    "diagram": ".bpmn",
    "forms": ".bpmn",
    "tests": ".bpmn",
    "playground": ".bpmn",
    "letters": ".j2",
}

Tab = tuple[str, str, int | None, bool]  # address, words, a number beside them, whether it is this page


@dataclass(frozen=True)
class DraftFrame:
    """What `studio/shell.html` shows above the tabs. `may_edit`: now and by this person."""

    tabs: tuple[Tab, ...]
    may_edit: bool


def draft_frame(draft: ModelDraft, current: str) -> DraftFrame:
    """For the template, with the name of the tab that one is on."""
    known = _endpoints()
    shown = [tab for tab in TABS if tab in known and _fits(tab, draft)]
    return DraftFrame(
        tuple(
            (
                url_for(known[tab], draft_id=draft.draft_id),
                t(f"studio_tab.{tab}"),
                draft.open_comments or None if tab == "history" else None,
                tab == current,
            )
            for tab in shown
        ),
        draft.is_open and actor().has_role(*BUILDING_ROLES),
    )


def first_tab(draft: ModelDraft) -> str:
    """The address where work on this draft begins."""
    known = _endpoints()
    tab = next(tab for tab in TABS if tab in known and tab != "compare" and _fits(tab, draft))
    return url_for(known[tab], draft_id=draft.draft_id)


def _endpoints() -> dict[str, str]:
    """Tab -> endpoint, of those that this program has and this person may open."""
    found = {}
    for rule in current_app.url_map.iter_rules():
        for tab in TABS:
            if rule.rule == _PAGE.format(tab=tab) and "GET" in (rule.methods or ()):
                declared = of_endpoint(current_app, rule.endpoint)
                if declared is not None and declared.allows(actor()):
                    found[tab] = rule.endpoint
    return found


def _fits(tab: str, draft: ModelDraft) -> bool:
    if tab == "tables":
        return any(name.endswith((".bpmn", ".dmn")) for name in draft.files)
    return tab not in _NEEDS or any(name.endswith(_NEEDS[tab]) for name in draft.files)
