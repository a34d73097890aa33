"""Letters before their number: the list of drafts, the page on which one is written and decided, and new ones."""

from dataclasses import dataclass, replace

from flask import Response, render_template, request, url_for
from werkzeug.datastructures import MultiDict
from werkzeug.wrappers import Response as BaseResponse

from engine.commands.drafts import ArrangeDraft, Arrangement, CorrectLetter, ReviseDraft, StartDraft, WithdrawDraft
from engine.commands.tasks import ClaimTask, CompleteTask
from engine.domain.drafting import Standing, Wording, check_wording, tidy, wording_of
from engine.domain.letter import CHARACTER_LIMIT, KINDS, Grid, Letter, Table, character_count
from engine.errors import Invalid, Problem, Rejected
from engine.queries.access import Unit
from engine.queries.draft_changes import DraftChanges
from engine.queries.drafts import BOXES, DraftList, DraftPage, Version
from web.bootstrap import compose_letter, render_letter
from web.desk.drafts import TERMS
from web.errors import sentence
from web.letters.draft_form import arrangement_of, beside, made_from, operation_key, typed, typed_arrangement
from web.letters.page import look
from web.pdf import say_refused, show_pdf
from web.permission import CASE_ROLES, needs
from web.request import actor, campaign_id, engine, notify, page_number, see, text

FREE_KINDS = ("notice", "supervision_letter", "supervision_order", "listed_supervision", "circular", "bulletin")
MAX_NOTE = 1000


@dataclass(frozen=True)
class ListPage:
    found: DraftList
    may_write: bool
    boxes: tuple[str, ...] = BOXES


@dataclass(frozen=True)
class View:
    """One draft, at one of its letters. `wording` is what stands in the fields: the user's own words after a refusal.

    `letter` is None when the template cannot be filled; `problems` say why, or what was wrong with what was sent.
    """

    draft: DraftPage
    at: int
    letter: Letter | None
    wording: Wording
    arrangement: Arrangement
    units: tuple[Unit, ...]
    changes: DraftChanges
    problems: tuple[Problem, ...] = ()
    act: str = ""
    reason: str = ""
    note: str = ""
    is_for_all: bool = False
    made_from: Standing | None = None
    unsaved: Wording | None = None  # typed, where the draft cannot be changed any more

    terms = TERMS
    limit = CHARACTER_LIMIT

    @property
    def planned(self) -> object:
        return self.draft.letters[self.at - 1]

    @property
    def layouts(self) -> tuple[str, ...]:
        return KINDS[self.draft.kind].layouts

    @property
    def characters(self) -> int:
        return character_count(self.letter) if self.letter is not None else 0

    @property
    def fixed_characters(self) -> int:
        """Those that are not in the fields: of the tables."""
        words = self.draft.wording_of(self.at) or (wording_of(self.letter) if self.letter else self.wording)
        typed = (words.title, *(line for line in words.lines if not line.startswith("【表格")))
        return max(0, self.characters - sum(not char.isspace() for part in typed for char in part))

    @property
    def versions(self) -> tuple[Version, ...]:
        return tuple(version for version in self.draft.versions if version.position == self.at)

    @property
    def asked(self) -> frozenset[str]:
        return frozenset(self.arrangement.countersigners)

    def problem_of(self, *names: str) -> tuple[Problem, ...]:
        return tuple(problem for problem in self.problems if problem.where in names)


@dataclass(frozen=True)
class NewPage:
    """The form of a letter about no case; what was typed stays in it."""

    campaign: str
    campaigns: tuple[tuple[str, str], ...]
    kind: str
    unit_ids: frozenset[str]
    bundle: str
    title: str
    text: str
    arrangement: Arrangement
    units: tuple[Unit, ...]
    problems: tuple[Problem, ...] = ()
    kinds: tuple[str, ...] = FREE_KINDS
    terms: tuple[str, ...] = TERMS
    limit: int = CHARACTER_LIMIT

    def problem_of(self, *names: str) -> tuple[Problem, ...]:
        return tuple(problem for problem in self.problems if problem.where in names)


# -- looking -----------------------------------------------------------------------------------------------------------
@needs(*CASE_ROLES)
def drafts() -> str:
    box = text("box") if text("box") in BOXES else "waiting"
    page = ListPage(engine().read.drafts(actor(), box, page_number()), actor().has_role("supervisor", "leader"))
    return render_template("letters/drafts.html", page=page)


@needs(*CASE_ROLES)
def draft(draft_id: str) -> str:
    return render_template("letters/draft.html", page=_view(draft_id))


@needs(*CASE_ROLES)
def preview(draft_id: str) -> Response:
    """The letter at `at` as it would be printed, × for its number; `version` of the words, the newest if absent."""
    version = request.args.get("version", type=int)
    source = engine().read.draft_source(actor(), draft_id, request.args.get("at", 1, type=int), version)
    try:
        return show_pdf(render_letter(compose_letter(source)).pdf, f"{source.number}.pdf")
    except Invalid as refused:
        return say_refused(refused)


# -- writing -----------------------------------------------------------------------------------------------------------
@needs("supervisor", "leader")
def new() -> str:
    return render_template("letters/new_draft.html", page=_new_page(request.args))


@needs("supervisor", "leader")
def create() -> BaseResponse | tuple[str, int]:
    sent = request.form
    command = StartDraft(
        campaign_id=campaign_id(),
        kind=sent.get("kind", ""),
        unit_ids=tuple(sent.getlist("unit_ids")),
        bundle=sent.get("bundle", ""),
        arrangement=arrangement_of(sent),
        wording=tidy(sent.get("title", ""), sent.get("text", "")),
    )
    try:
        draft_id = engine().execute(command, by=actor(), operation_key=operation_key("draft"))
    except Invalid as refused:
        page = _new_page(sent, refused.problems)
        return render_template("letters/new_draft.html", page=page), 422
    notify("draft_started")
    return see(url_for("letters.draft", draft_id=draft_id))


@needs("supervisor", "leader")
def revise(draft_id: str) -> BaseResponse | tuple[str, int]:
    at, wording = typed()
    try:
        _keep(draft_id, at, wording, typed_arrangement())
    except Invalid as refused:
        return _again(draft_id, refused.problems, "text", at=at, wording=wording, **beside())
    except Rejected as refused:
        return _too_late(draft_id, refused, at=at, wording=wording, **beside())
    notify("draft_saved_words")
    return see(url_for("letters.draft", draft_id=draft_id, at=at))


@needs("supervisor", "leader")
def arrange(draft_id: str) -> BaseResponse | tuple[str, int]:
    """Also keeps the words, which stand in the same form."""
    at, words = typed()
    wording = words if "text" in request.form else None
    wanted = arrangement_of(request.form)
    with_wanted = beside() | {"arrangement": wanted}
    try:
        _keep(draft_id, at, wording, wanted)
    except Invalid as refused:
        return _again(draft_id, refused.problems, "arrangement", at=at, wording=wording, **with_wanted)
    except Rejected as refused:
        return _too_late(draft_id, refused, at=at, wording=wording, **with_wanted)
    notify("draft_arranged")
    return see(url_for("letters.draft", draft_id=draft_id, at=at))


@needs("supervisor", "leader")
def submit(draft_id: str) -> BaseResponse | tuple[str, int]:
    """Keeps what stands in the fields, then hands the draft on by its open task."""
    at, wording = typed()
    note = request.form.get("draft_note", "").strip()
    try:
        if len(note) > MAX_NOTE:
            zh, en = f"起草说明最多 {MAX_NOTE} 字。", f"The note has {MAX_NOTE} characters at most."
            raise Invalid("text_too_long", en, (Problem("draft_note", zh, en),))
        _keep(draft_id, at, wording, typed_arrangement())
        found = engine().read.draft(actor(), draft_id)
        step = next((step for step in found.waiting if step.is_offered or step.holder == actor().name), None)
        if step is not None and found.may_change:
            if step.holder is None:
                engine().execute(ClaimTask(step.task_id), by=actor())
            sent = CompleteTask(step.task_id, {"draft_note": note})
            engine().execute(sent, by=actor(), operation_key=operation_key(f"submit:{step.task_id}"))
    except Invalid as refused:
        return _again(draft_id, refused.problems, "text", at=at, wording=wording, **beside())
    except Rejected as refused:
        return _too_late(draft_id, refused, at=at, wording=wording, **beside())
    return see(_after(draft_id))


@needs("supervisor", "leader")
def withdraw(draft_id: str) -> BaseResponse | tuple[str, int]:
    reason = request.form.get("reason", "")
    try:
        engine().execute(WithdrawDraft(draft_id, reason), by=actor())
    except Invalid as refused:
        return _again(draft_id, refused.problems, "withdrawal", reason=reason)
    notify("draft_withdrawn", "info")
    return see(url_for("letters.drafts", box="over"))


@needs("supervisor", "leader")
def correct(letter_id: str) -> BaseResponse | tuple[str, int]:
    try:
        draft_id = engine().execute(CorrectLetter(letter_id, request.form.get("reason", "")), by=actor())
    except Invalid as refused:
        return look(letter_id, "correction", {"reason": request.form.get("reason", "")}, refused.problems), 422
    notify("draft_started")
    return see(url_for("letters.draft", draft_id=draft_id))


# -- parts -------------------------------------------------------------------------------------------------------------
def _keep(draft_id: str, at: int, wording: Wording | None, arrangement: Arrangement | None) -> None:
    """All that stands in the form. Raises Invalid."""
    if wording is not None:
        _revise(draft_id, at, wording)
    if arrangement is not None:
        engine().execute(ArrangeDraft(draft_id, arrangement, made_from()), by=actor())


def _revise(draft_id: str, at: int, wording: Wording) -> None:
    """Nothing is kept while the words are the template's own: the letter then says what is true on the day of signing.

    Raises Invalid, also for a table that the letter does not have.
    """
    plain = _composed(draft_id, at, version=0)[0]
    tables = sum(isinstance(block, Table | Grid) for block in plain.body) if plain is not None else 0
    if problems := check_wording(wording, tables=tables):
        raise Invalid("wording_invalid", "These words cannot be printed.", problems)
    found = engine().read.draft(actor(), draft_id)
    is_for_all = request.form.get("scope") == "all"
    positions = tuple(one.position for one in found.letters) if is_for_all else (at,)
    is_plain = plain is not None and wording == wording_of(plain)
    if is_plain and not is_for_all and found.wording_of(at) is None:
        return
    engine().execute(ReviseDraft(draft_id, positions, wording, made_from()), by=actor())


def _composed(draft_id: str, at: int, version: int | None = None) -> tuple[Letter | None, tuple[Problem, ...]]:
    """The letter as it would be now, or why it cannot be made."""
    source = engine().read.draft_source(actor(), draft_id, at, version)
    try:
        return compose_letter(source), ()
    except Invalid as refused:
        return None, refused.problems


def _view(
    draft_id: str,
    problems: tuple[Problem, ...] = (),
    *,
    at: int | None = None,
    wording: Wording | None = None,
    arrangement: Arrangement | None = None,
    act: str = "",
    reason: str = "",
    note: str = "",
    is_for_all: bool = False,
    made_from: Standing | None = None,
) -> View:
    """`made_from`: what the typed words and arrangement were made from, None for what stands now."""
    found = engine().read.draft(actor(), draft_id)
    chosen = min(max(1, at or request.args.get("at", 1, type=int)), len(found.letters))
    letter, faults = _composed(draft_id, chosen)
    kept = found.wording_of(chosen) or (wording_of(letter) if letter is not None else Wording("", ()))
    standing = Arrangement(
        layout=found.layout,
        reply_term=found.reply_term or None,
        reason=found.reason,
        countersigners=tuple(unit_id for unit_id, _ in found.countersigners),
        consent=found.consent,
        marks=found.marks,
    )
    before = found.standing
    if made_from is not None and wording not in (None, kept):
        before = replace(before, versions=made_from.versions)
    if made_from is not None and arrangement not in (None, standing):
        before = replace(before, arranged=made_from.arranged)
    return View(
        draft=found,
        at=chosen,
        letter=letter,
        wording=wording if wording and found.may_change else kept,
        arrangement=arrangement or standing,
        units=_units(),
        changes=engine().read.draft_changes(actor(), draft_id),
        problems=(*problems, *faults),
        act=act,
        reason=reason,
        note=note,
        is_for_all=is_for_all,
        made_from=before,
        unsaved=None if found.may_change else wording,
    )


def _again(draft_id: str, problems: tuple[Problem, ...], act: str, **fields: object) -> tuple[str, int]:
    page = _view(draft_id, problems, act=act, made_from=made_from(), **fields)  # type: ignore[arg-type]
    return render_template("letters/draft.html", page=page), 422


def _too_late(draft_id: str, refused: Rejected, **fields: object) -> tuple[str, int]:
    """Somebody saved or sent it on meanwhile. The form then stands on what is there now: a second press is meant."""
    said = Problem("", sentence(refused), sentence(refused))
    page = _view(draft_id, (said,), act="too_late", **fields)  # type: ignore[arg-type]
    return render_template("letters/draft.html", page=page), 409


def _after(draft_id: str) -> str:
    """Where the draft has gone: numbered at once, or on its way."""
    found = engine().read.draft(actor(), draft_id)
    issued = [one for one in found.letters if one.letter_id is not None]
    if not issued:
        notify("draft_sent", step="、".join(dict.fromkeys(step.name for step in found.waiting)))
        return url_for("letters.draft", draft_id=draft_id)
    numbers = (
        f"{issued[0].number}—{issued[-1].number}" if len(issued) > 3 else "、".join(str(one.number) for one in issued)
    )
    notify("letters_issued", count=len(issued), numbers=numbers)
    return (
        url_for("letters.letters", run=draft_id)
        if len(issued) > 1
        else url_for("letters.letter", letter_id=issued[0].letter_id)
    )


def _units() -> tuple[Unit, ...]:
    """Those that can be asked or addressed: not the office itself and not the group it serves."""
    return tuple(unit for unit in engine().read.units() if unit.kind in ("area", "department"))


def _new_page(values: MultiDict[str, str], problems: tuple[Problem, ...] = ()) -> NewPage:
    return NewPage(
        campaign=campaign_id(),
        campaigns=tuple((row.campaign_id, row.title) for row in engine().read.campaigns()),
        kind=values.get("kind", "notice"),
        unit_ids=frozenset(values.getlist("unit_ids")),
        bundle=values.get("bundle", "unit"),
        title=values.get("title", ""),
        text=values.get("text", ""),
        arrangement=arrangement_of(values),
        units=_units(),
        problems=problems,
    )
