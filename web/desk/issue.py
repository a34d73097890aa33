"""Issuing letters from the desk: the page that shows what will go out, the preview of each, and the issue itself."""

from dataclasses import dataclass

from flask import Response, render_template, request, url_for
from werkzeug.datastructures import MultiDict
from werkzeug.wrappers import Response as BaseResponse

from engine.commands.drafts import Arrangement, StartDraft
from engine.commands.letters import IssueLetters
from engine.domain.drafting import BUNDLES
from engine.domain.letter import CORRESPONDENCE, DOCUMENT, KINDS
from engine.errors import Invalid, NotFound, Problem
from web.bootstrap import compose_letter, render_letter
from web.desk.drafts import ISSUABLE, TERMS, Draft, Wish, check, drafts, preview_source
from web.desk.mixed import mixed
from web.pdf import say_refused, show_pdf
from web.permission import needs
from web.request import actor, engine, notify, see


@dataclass(frozen=True)
class IssuePage:
    wish: Wish
    drafts: tuple[Draft, ...]
    problems: tuple[Problem, ...] = ()
    open_drafts: tuple[tuple[str, str], ...] = ()  # id and subject of those that stand in the way
    kinds: tuple[str, ...] = ISSUABLE
    layouts: tuple[str, ...] = (DOCUMENT, CORRESPONDENCE)
    terms: tuple[str, ...] = TERMS

    @property
    def usual_term(self) -> str:
        return KINDS[self.wish.kind].reply or ""

    @property
    def layout(self) -> str:
        return self.wish.layout or KINDS[self.wish.kind].layout

    @property
    def can_issue(self) -> bool:
        return bool(self.drafts)

    @property
    def is_direct(self) -> bool:
        """Whether the supervisor signs this kind alone; the others are sent for signing."""
        return engine().read.letter_route(self.drafts[0].cases[0].row.campaign_id, self.wish.kind).is_direct


@needs("supervisor", "leader")
def new() -> tuple[str, int]:
    if (both := mixed("report")) is not None:
        return both
    wish = wish_of(request.args)
    try:
        check(wish)
    except Invalid as refused:
        return _page(wish, refused.problems, status=422)
    return _page(wish)


@needs("supervisor", "leader")
def preview() -> Response:
    """The draft at `at` (from 0) as it would be printed, with × for its number."""
    wish = wish_of(request.args)
    try:
        check(wish)
        found = drafts(engine().read, actor(), wish)
        at = request.args.get("at", 0, type=int)
        if not 0 <= at < len(found):
            raise NotFound("draft_unknown", f"There is no draft {at}.", draft=at)
        source = preview_source(engine().read, actor(), wish, found[at])
        return show_pdf(render_letter(compose_letter(source)).pdf, f"{source.number}.pdf")
    except Invalid as refused:
        return say_refused(refused)


@needs("supervisor", "leader")
def issue() -> BaseResponse | tuple[str, int]:
    wish = wish_of(request.form)
    if request.form.get("act") == "preview":
        return see(_address(wish))
    try:
        check(wish)
        found = drafts(engine().read, actor(), wish)
        campaign_id = found[0].cases[0].row.campaign_id
        route = engine().read.letter_route(campaign_id, wish.kind)
        if request.form.get("act") == "draft" or not route.is_direct:
            return _draft(wish, campaign_id)
        letter_ids = engine().execute(
            IssueLetters(
                campaign_id=campaign_id,
                kind=wish.kind,
                case_ids=wish.case_ids,
                layout=wish.layout or None,
                bundle=wish.bundle,
                reply_term=wish.reply_term or None,
                reason=wish.reason,
            ),
            by=actor(),
            operation_key=_operation_key(),
        )
    except Invalid as refused:
        standing = tuple(refused.fields.get("drafts", {}).items())
        return _page(wish, refused.problems, standing, status=422)
    rows = [engine().read.letter(actor(), letter_id).row for letter_id in letter_ids]
    notify("letters_issued", count=len(rows), numbers="、".join(row.number for row in rows))
    return see(url_for("letters.letters", issued=",".join(letter_ids), run=rows[0].run_id))


def _draft(wish: Wish, campaign_id: str) -> BaseResponse:
    """Raises Invalid."""
    command = StartDraft(
        campaign_id=campaign_id,
        kind=wish.kind,
        case_ids=wish.case_ids,
        bundle=wish.bundle,
        arrangement=Arrangement(wish.layout or None, wish.reply_term or None, wish.reason),
    )
    draft_id = engine().execute(command, by=actor(), operation_key=_operation_key())
    notify("draft_started")
    return see(url_for("letters.draft", draft_id=draft_id))


def _address(wish: Wish) -> str:
    """Of the page with this wish, and nothing else that the form held."""
    return url_for(
        "desk.new_letters",
        case=wish.case_ids,
        kind=wish.kind,
        layout=wish.layout or None,
        reply_term=wish.reply_term or None,
        bundle=wish.bundle,
        reason=wish.reason or None,
    )


def wish_of(values: MultiDict[str, str]) -> Wish:
    kind = values.get("kind", "notice")
    return Wish(
        case_ids=tuple(dict.fromkeys(values.getlist("case"))),
        kind=kind if kind in ISSUABLE else "notice",
        layout=values.get("layout", ""),
        reply_term=values.get("reply_term", ""),
        bundle=values.get("bundle", "") if values.get("bundle", "") in BUNDLES else "case",
        reason=values.get("reason", "").strip(),
    )


def _page(
    wish: Wish,
    problems: tuple[Problem, ...] = (),
    open_drafts: tuple[tuple[str, str], ...] = (),
    *,
    status: int = 200,
) -> tuple[str, int]:
    try:
        found = drafts(engine().read, actor(), wish)
    except Invalid as refused:
        problems, found, status = (*problems, *refused.problems), (), 422
    page = IssuePage(wish, found, tuple(dict.fromkeys(problems)), open_drafts)
    return render_template("desk/issue.html", page=page), status


def _operation_key() -> str | None:
    """A second press of the same button gets the answer of the first."""
    key = request.form.get("_operation", "")[:40]
    return f"issue:{actor().person_id}:{key}" if key else None
