"""The letters register, one letter with its document, and what happens to it after it went out."""

from collections.abc import Callable
from dataclasses import dataclass

from flask import Blueprint, Response, render_template, request, url_for
from werkzeug.wrappers import Response as BaseResponse

from engine.commands.letters import CloseLetter, ReceiveLetter, ReplyLetter, VoidLetter
from engine.domain.letter import KINDS
from engine.errors import Invalid, Problem
from engine.queries.letters import LetterFilter, LetterList, LetterPage
from web.pdf import show_pdf
from web.permission import CASE_ROLES, needs
from web.request import actor, engine, notify, page_number, see, text

blueprint = Blueprint("letters", __name__)
MAX_TEXT = 4000


@dataclass(frozen=True)
class RegisterPage:
    """`issued`: ids of letters that were issued just now, to be pointed out."""

    filter: LetterFilter
    found: LetterList
    campaigns: tuple[tuple[str, str], ...]
    issued: frozenset[str]
    may_issue: bool

    @property
    def is_narrowed(self) -> bool:
        return any((self.filter.kind, self.filter.state, self.filter.unit, self.filter.text))

    @property
    def is_making(self) -> bool:
        """Whether a document on this page is still being made."""
        return any(row.sha256 is None and row.state != "VOID" for row in self.found.rows)


@dataclass(frozen=True)
class View:
    """One letter. `words` and `problems` are what was sent and refused; `act` is the form they belong to."""

    letter: LetterPage
    act: str = ""
    words: str = ""
    problems: tuple[Problem, ...] = ()

    @property
    def is_made(self) -> bool:
        return self.letter.row.sha256 is not None

    @property
    def may_act(self) -> bool:
        found = self.letter
        return found.may_receive or found.may_reply or found.may_close or found.may_void

    def words_for(self, act: str) -> str:
        return self.words if act == self.act else ""

    def problems_of(self, act: str) -> tuple[Problem, ...]:
        return self.problems if act == self.act else ()

    @property
    def stages(self) -> tuple[tuple[str, bool], ...]:
        """The way of a letter: issued, received, replied, closed; true for what has happened."""
        row = self.letter.row
        return (
            ("issued", True),
            ("received", row.received_at is not None),
            ("replied", row.replied_at is not None),
            ("closed", self.letter.closed_at is not None and row.state != "VOID"),
        )


@blueprint.get("/letters")
@needs(*CASE_ROLES)
def letters() -> str:
    wanted = LetterFilter(
        campaign=text("campaign"),
        kind=text("kind") if text("kind") in KINDS else "",
        state=text("state"),
        unit=text("unit"),
        text=text("text")[:100],
        page=page_number(),
    )
    page = RegisterPage(
        filter=wanted,
        found=engine().read.letters(actor(), wanted),
        campaigns=tuple((row.campaign_id, row.title) for row in engine().read.campaigns()),
        issued=frozenset(text("issued").split(",")) - {""},
        may_issue=actor().has_role("supervisor", "leader"),
    )
    return render_template("letters/register.html", page=page)


@blueprint.get("/letters/<letter_id>")
@needs(*CASE_ROLES)
def letter(letter_id: str) -> str:
    return render_template("letters/letter.html", page=View(engine().read.letter(actor(), letter_id)))


@blueprint.get("/letters/<letter_id>.pdf")
@needs(*CASE_ROLES)
def document(letter_id: str) -> Response:
    """The document as issued; `?save=1` to keep it as a file. 404 while it is being made."""
    found = engine().read.letter_document(actor(), letter_id)
    return show_pdf(found.content, f"{found.number}.pdf", sha256=found.sha256, save=text("save") == "1")


@blueprint.post("/letters/<letter_id>/receipt")
@needs(*CASE_ROLES)
def receive(letter_id: str) -> BaseResponse | tuple[str, int]:
    return _act(letter_id, "receipt", lambda: ReceiveLetter(letter_id, _words("person", 60)), "person")


@blueprint.post("/letters/<letter_id>/reply")
@needs(*CASE_ROLES)
def reply(letter_id: str) -> BaseResponse | tuple[str, int]:
    return _act(letter_id, "reply", lambda: ReplyLetter(letter_id, _words("text", MAX_TEXT)), "text")


@blueprint.post("/letters/<letter_id>/closure")
@needs("supervisor", "leader")
def close(letter_id: str) -> BaseResponse | tuple[str, int]:
    return _act(letter_id, "closure", lambda: CloseLetter(letter_id))


@blueprint.post("/letters/<letter_id>/voiding")
@needs("supervisor", "leader")
def void(letter_id: str) -> BaseResponse | tuple[str, int]:
    return _act(letter_id, "voiding", lambda: VoidLetter(letter_id, _words("reason", 500)), "reason")


def _act(letter_id: str, act: str, command: Callable[[], object], field: str = "") -> BaseResponse | tuple[str, int]:
    try:
        engine().execute(command(), by=actor())
    except Invalid as refused:
        view = View(engine().read.letter(actor(), letter_id), act, request.form.get(field, ""), refused.problems)
        return render_template("letters/letter.html", page=view), 422
    notify(f"letter_{act}", number=engine().read.letter(actor(), letter_id).row.number)
    return see(url_for("letters.letter", letter_id=letter_id))


def _words(field: str, limit: int) -> str:
    """What was typed. Raises Invalid past `limit` characters, so that nothing is cut off in silence."""
    words = request.form.get(field, "").replace("\r\n", "\n").strip()
    if len(words) > limit:
        long = Problem(
            field, f"最多 {limit} 字，现有 {len(words)} 字。", f"At most {limit} characters, not {len(words)}."
        )
        raise Invalid("text_too_long", "The text is too long.", (long,))
    return words
