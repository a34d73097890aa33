"""One letter: its document, where it stands, what happened to it, and what this person may do next."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace

from flask import Response, render_template, request, url_for
from werkzeug.wrappers import Response as BaseResponse

from engine.commands.letter_service import NoteReading
from engine.commands.letters import VoidLetter
from engine.domain.calendar import SHANGHAI
from engine.domain.duration import Duration
from engine.domain.service import LEFT, LONGEST_WORDS, MOST_FILES, PAPER_MANNERS, RETURN_REASONS, too_long
from engine.errors import Invalid, Problem
from engine.queries.accountability import ObjectionRow
from engine.queries.letter_service import ServicePage
from engine.queries.letters import LetterPage
from engine.queries.verification import IssuedLetter
from forms.letters.verify import Busy, Issued, Judgement, examine, judge
from forms.upload import ACCEPT
from web.desk.drafts import TERMS
from web.i18n import language
from web.pdf import show_pdf
from web.permission import CASE_ROLES, needs
from web.request import actor, engine, notify, now, see, text


@dataclass(frozen=True)
class View:
    """One letter. `words` and `problems` are what was sent and refused; `act` is the form they belong to."""

    letter: LetterPage
    service: ServicePage
    signer: str
    signature: IssuedLetter | None  # None until the document is made
    public_key: str
    act: str = ""
    words: Mapping[str, str] = field(default_factory=dict)
    problems: tuple[Problem, ...] = ()
    judgement: Judgement | None = None  # of the document as it is kept, when somebody asked
    is_examiner_busy: bool = False

    manners = PAPER_MANNERS
    reasons = RETURN_REASONS
    terms = TERMS
    accept = ACCEPT
    most_files = MOST_FILES

    @property
    def is_made(self) -> bool:
        return self.letter.row.sha256 is not None

    @property
    def may_act(self) -> bool:
        found = self.service
        acts = (found.may_sign, found.may_record, found.may_reply, found.may_review, found.may_close)
        return any(acts) or found.is_own_reply or self.letter.may_void

    @property
    def objections(self) -> tuple[ObjectionRow, ...]:
        found: tuple[ObjectionRow, ...] = engine().read.objections_to_letter(actor(), self.letter.row.letter_id)
        return found

    @property
    def may_object(self) -> bool:
        """The addressee, once it has signed (政府督查工作条例 s. 17)."""
        row = self.letter.row
        return actor().has_role("officer", "head") and row.received_at is not None and row.state != "VOID"

    def words_for(self, acts: str, name: str, default: str = "") -> str:
        """What was typed into a field of a form that serves these acts."""
        return self.words.get(name, "") if self.act in acts.split() else default

    def problems_of(self, acts: str, name: str) -> tuple[Problem, ...]:
        return tuple(problem for problem in self.problems if self.act in acts.split() and problem.where == name)

    @property
    def term(self) -> str:
        """The time to reply, in words; empty where no reply is asked for."""
        if not self.service.reply_term:
            return ""
        length = Duration.parse(self.service.reply_term)
        return length.en if language() == "en" else length.zh

    @property
    def next_round(self) -> int:
        return len(self.service.rounds) + 1

    @property
    def earliest(self) -> str:
        """Of a receipt, as a field for date and time wants it; Beijing time."""
        return f"{self.letter.row.issued_on:%Y-%m-%d}T00:00"

    @property
    def latest(self) -> str:
        return f"{now().astimezone(SHANGHAI):%Y-%m-%dT%H:%M}"

    @property
    def stages(self) -> tuple[tuple[str, bool], ...]:
        """The way of a letter: issued, received (or left behind), replied, closed; true for what has happened."""
        row, is_returned = self.letter.row, self.service.stands.state == "RETURNED"
        is_left = self.service.receipt is not None and self.service.receipt.receipt.manner == LEFT
        return (
            ("issued", True),
            ("left" if is_left else "received", row.received_at is not None),
            ("replied", row.replied_at is not None and not is_returned),
            ("closed", self.letter.closed_at is not None and row.state != "VOID"),
        )


def look(
    letter_id: str, act: str = "", words: Mapping[str, str] | None = None, problems: tuple[Problem, ...] = ()
) -> str:
    """The page. Raises NotFound for a letter of somebody else."""
    view = View(
        letter=engine().read.letter(actor(), letter_id),
        service=engine().read.letter_service(actor(), letter_id, request.values.get("unit", "")),
        signer=actor().name,
        signature=engine().read.letter_signature(actor(), letter_id),
        public_key=engine().read.letter_key(letter_id),
        act=act,
        words=words or {},
        problems=problems,
    )
    if view.signature is not None and request.args.get("examine") == "1":
        view = _examined(view, view.signature)
    return render_template("letters/letter.html", page=view)


def _examined(view: View, record: IssuedLetter) -> View:
    """The bytes that are kept, judged as the public page judges a file that is handed in."""
    content = engine().read.letter_document(actor(), view.letter.row.letter_id).content
    try:
        found = examine(content)
    except Busy:
        return replace(view, is_examiner_busy=True)
    issued = Issued(record.sha256, record.size_bytes, record.fingerprint)
    return replace(view, judgement=judge(content, issued, found, is_other_letter=False))


@needs(*CASE_ROLES)
def letter(letter_id: str) -> str:
    _note_reading(letter_id)
    return look(letter_id)


@needs(*CASE_ROLES)
def document(letter_id: str) -> Response:
    """The document as issued; `?save=1` to keep it as a file. 404 while it is being made."""
    found = engine().read.letter_document(actor(), letter_id)
    _note_reading(letter_id)
    return show_pdf(found.content, f"{found.number}.pdf", sha256=found.sha256, save=text("save") == "1")


@needs("supervisor", "leader")
def void(letter_id: str) -> BaseResponse | tuple[str, int]:
    def command() -> VoidLetter:
        reason = request.form.get("reason", "").strip()
        if problems := too_long("reason", reason, LONGEST_WORDS):
            raise Invalid("text_too_long", "The text is too long.", tuple(problems))
        return VoidLetter(letter_id, reason)

    return act(letter_id, "voiding", command)


def act(
    letter_id: str, name: str, command: Callable[[], object], keep: Callable[[], None] = lambda: None
) -> BaseResponse | tuple[str, int]:
    """Does it and shows the letter again; what is refused comes back with the user's words, 422. `keep` saves what a
    browser would not send a second time."""
    try:
        engine().execute(command(), by=actor(), operation_key=_operation_key(letter_id, name))
    except Invalid as refused:
        keep()
        words = {key: value for key, value in request.form.items() if not key.startswith("_") and key != "csrf_token"}
        return look(letter_id, name, words, refused.problems), 422
    notify(f"letter_{name}", number=engine().read.letter(actor(), letter_id).row.number)
    return see(url_for("letters.letter", letter_id=letter_id, unit=request.form.get("unit") or None))


def _operation_key(letter_id: str, name: str) -> str | None:
    """A second press of the same button gets the answer of the first."""
    key = request.form.get("_operation", "")
    return f"letter:{letter_id}:{name}:{key}" if key.isalnum() and len(key) == 32 else None


def _note_reading(letter_id: str) -> None:
    """Reading is recorded once a person, and is not signing."""
    if engine().read.letter_service(actor(), letter_id).is_unread_by_me:
        engine().execute(NoteReading(letter_id), by=actor())
