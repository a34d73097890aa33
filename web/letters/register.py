"""The letters register: every letter that went out, by campaign, kind, state and addressee."""

from dataclasses import dataclass

from flask import render_template

from engine.domain.letter import KINDS
from engine.queries.drafts import Run
from engine.queries.letters import LetterFilter, LetterList
from web.permission import CASE_ROLES, needs
from web.request import actor, engine, page_number, text


@dataclass(frozen=True)
class RegisterPage:
    """`issued`: ids of letters that were issued just now, to be pointed out."""

    filter: LetterFilter
    found: LetterList
    campaigns: tuple[tuple[str, str], ...]
    issued: frozenset[str]
    may_issue: bool
    run: Run | None = None  # what was issued in the one action that the list is narrowed to

    @property
    def is_narrowed(self) -> bool:
        return any((self.filter.kind, self.filter.state, self.filter.unit, self.filter.text, self.filter.run))

    @property
    def is_making(self) -> bool:
        """Whether a document on this page is still being made."""
        if self.run is not None and self.run.is_making:
            return True
        return any(row.sha256 is None and row.state != "VOID" for row in self.found.rows)


@needs(*CASE_ROLES)
def letters() -> str:
    wanted = LetterFilter(
        campaign=text("campaign"),
        kind=text("kind") if text("kind") in KINDS else "",
        state=text("state"),
        unit=text("unit"),
        text=text("text")[:100],
        run=text("run")[:64],
        page=page_number(),
    )
    found = engine().read.letters(actor(), wanted)
    page = RegisterPage(
        filter=wanted,
        found=found,
        campaigns=tuple((row.campaign_id, row.title) for row in engine().read.campaigns()),
        issued=frozenset(text("issued").split(",")) - {""},
        may_issue=actor().has_role("supervisor", "leader"),
        run=engine().read.letter_run(wanted.run) if wanted.run and found.rows else None,
    )
    return render_template("letters/register.html", page=page)
