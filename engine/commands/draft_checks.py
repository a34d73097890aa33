"""What may become a letter: a draft's arrangement, addressees and place on the ladder, checked before time is spent."""

from collections.abc import Sequence
from dataclasses import dataclass

from engine import plans, routes
from engine.commands.letter_rows import check_addressees
from engine.commands.letter_rungs import check_skips, lock_items
from engine.commands.letter_targets import Target
from engine.domain import addressing
from engine.domain.calendar import civil_date
from engine.domain.drafting import Consent
from engine.domain.duration import Duration
from engine.domain.letter import KINDS
from engine.domain.letter_kinds import MADE_ELSEWHERE
from engine.domain.letter_marks import NO_MARKS, Marks, check_marks
from engine.errors import Invalid, Problem
from engine.store import drafts, paper
from engine.store.transaction import Transaction

MAX_REASON = 500


@dataclass(frozen=True)
class Arrangement:
    """How the letters of a draft look and who is asked. None: as usual for the kind, or as the campaign has it."""

    layout: str | None = None
    reply_term: str | None = None
    reason: str = ""
    countersigners: tuple[str, ...] = ()
    consent: Consent | None = None
    marks: Marks = NO_MARKS


def check(
    tx: Transaction,
    campaign_id: str,
    kind: str,
    arrangement: Arrangement,
    targets: Sequence[Target],
    corrects_id: str | None = None,
) -> None:
    """Raises Invalid with everything that forbids these letters, before anybody spends time on them. `corrects_id`: the
    letter whose place they take."""
    campaign = plans.campaign(tx, campaign_id)
    found = [*_arrangement_problems(tx, campaign_id, kind, arrangement, corrects_id)]
    found += check_marks(arrangement.marks, layout=arrangement.layout or KINDS[kind].layout, letters=len(targets))
    try:
        unit_ids = tuple(dict.fromkeys(unit_id for listed, _ in targets for unit_id in listed))
        check_addressees(tx, campaign, kind=kind, unit_ids=unit_ids, consent=arrangement.consent)
    except Invalid as refused:
        found += refused.problems
    refuse(tuple(found))


def check_ladder(tx: Transaction, kind: str, arrangement: Arrangement, targets: Sequence[Target]) -> None:
    """Raises Invalid where a rung would be skipped without a reason, or its notice is open; locks the items."""
    items = lock_items(tx, [case_id for _, listed in targets for case_id in listed])
    check_skips(tx, kind=kind, reason=arrangement.reason, items=items)


def check_single(tx: Transaction, kind: str, targets: Sequence[Target]) -> None:
    """No second draft of a kind about a case while one is open; the items are locked. Raises Invalid, which also names
    the drafts."""
    found = drafts.open_about(tx, kind, [case_id for _, listed in targets for case_id in listed])
    if not found:
        return
    name = KINDS[kind]
    problems = []
    for case_id, row in sorted(found.items()):
        zh = (
            f"{case_id} 已有{row['written_by']}起草、尚未签发的{name.zh}文稿“{row['subject']}”，不再另拟："
            "请打开该文稿继续办理，或者撤回后再拟。"
        )
        en = (
            f"{row['written_by']} is drafting a {name.en.lower()} about {case_id} already ({row['subject']}): "
            "go on with that draft, or withdraw it first."
        )
        problems.append(Problem("case", zh, en))
    open_drafts = {row["draft_id"]: row["subject"] for row in found.values()}
    raise Invalid("draft_open", f"A {name.en.lower()} is being drafted.", tuple(problems), drafts=open_drafts)


def countersigners_of(tx: Transaction, letter_id: str) -> tuple[str, ...]:
    """The units that were asked about a letter; none where a process or a ladder made it."""
    letter = paper.get_letter(tx, letter_id)
    draft_id = letter["draft_id"] if letter is not None else None
    return tuple(drafts.get(tx, draft_id)["countersigners"]) if draft_id else ()


def _must_be_countersigned(tx: Transaction, campaign_id: str, kind: str, corrects_id: str | None) -> bool:
    """A correction is decided as the letter was that it corrects: where nobody countersigned that, nobody need now."""
    if corrects_id is not None and not countersigners_of(tx, corrects_id):
        return False
    return routes.route_of(tx, campaign_id, kind).countersign == "required"


def _arrangement_problems(
    tx: Transaction, campaign_id: str, kind: str, wanted: Arrangement, corrects_id: str | None
) -> list[Problem]:
    found = []
    if wanted.layout is not None and wanted.layout not in KINDS[kind].layouts:
        found.append(Problem("layout", "请选择本文种可用的版式。", "Choose a layout that this kind may have."))
    if wanted.reply_term is not None:
        try:
            Duration.parse(wanted.reply_term)
        except Invalid:
            found.append(Problem("reply_term", "请选择回复时限。", "Choose the time to reply."))
    if len(wanted.reason) > MAX_REASON:
        found.append(Problem("reason", f"最多 {MAX_REASON} 字。", f"At most {MAX_REASON} characters."))
    unknown = set(wanted.countersigners) - set(drafts.units_by_id(tx, wanted.countersigners))
    if unknown:
        listed = "、".join(sorted(unknown))
        found.append(Problem("countersigners", f"没有“{listed}”这个单位。", f"There is no unit {listed}."))
    if not wanted.countersigners and _must_be_countersigned(tx, campaign_id, kind, corrects_id):
        zh = f"{KINDS[kind].zh}须经有关单位会签，请选择会签单位。"
        en = f"A {KINDS[kind].en.lower()} must be countersigned: choose the units."
        found.append(Problem("countersigners", zh, en))
    unstaffed = [unit_id for unit_id in wanted.countersigners if not drafts.has_staff(tx, unit_id)]
    if unstaffed and not unknown:
        names = "、".join(name for name, _ in drafts.units_by_id(tx, unstaffed).values())
        zh = f"{names}没有可以会签的人员，请先在人员管理中增加，或改选单位。"
        found.append(
            Problem("countersigners", zh, f"Nobody of {names} can countersign: add a person, or choose others.")
        )
    if wanted.consent is not None:
        first_day = plans.campaign(tx, campaign_id).first_day
        found += addressing.check_consent(wanted.consent, first_day=first_day, today=civil_date(tx.now))
    return found


def check_kind(kind: str) -> None:
    """Raises Invalid."""
    if kind not in KINDS:
        refuse((Problem("kind", f"没有“{kind}”这种公文。", f"There is no letter kind {kind!r}."),))
    if kind in MADE_ELSEWHERE:
        zh = f"{KINDS[kind].zh}在约谈、问责流程或者送达页面中制发，不能单独起草。"
        en = f"A {KINDS[kind].en.lower()} is made in its own process or on its own page and is not drafted by hand."
        refuse((Problem("kind", zh, en),))


def too_many(where: str, count: int, most: int, zh: str, en: str) -> tuple[Problem, ...]:
    """A problem at `where` when `count` is above `most`; `zh` and `en` name what is counted."""
    return () if count <= most else (Problem(where, f"一次最多 {most} {zh}。", f"At most {most} {en} at once."),)


def refuse(problems: Sequence[Problem]) -> None:
    """Raises Invalid with these problems, if there are any."""
    if problems:
        raise Invalid("draft_invalid", "The draft cannot be kept like this.", tuple(problems))
