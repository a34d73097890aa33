"""Letters before they are issued: what each would say, for the page on which a supervisor decides.

The words come from the same template and the same composing code as the issued letter; only the number is open.
"""

from dataclasses import dataclass

from engine.domain.actor import Actor
from engine.domain.letter import KINDS
from engine.errors import Invalid, Problem
from engine.queries import Read
from engine.queries.cases import CasePage
from engine.queries.letter_sources import LetterSource

ISSUABLE = ("urge", "notice", "supervision_letter", "supervision_order", "listed_supervision", "rectification")
TERMS = ("1wd", "2wd", "3wd", "5wd", "10wd")
MAX_CASES = 100


@dataclass(frozen=True)
class Wish:
    """What the supervisor chose. `layout` and `reply_term` empty: as usual for the kind."""

    case_ids: tuple[str, ...]
    kind: str = "notice"
    layout: str = ""
    reply_term: str = ""
    bundle: str = "case"  # of engine.domain.drafting.BUNDLES
    reason: str = ""


@dataclass(frozen=True)
class Draft:
    """One letter that would go out."""

    addressees: tuple[str, ...]
    cases: tuple[CasePage, ...]

    @property
    def addressee(self) -> str:
        return "、".join(self.addressees)


def check(wish: Wish) -> None:
    """Raises Invalid with what must be chosen otherwise."""
    problems = []
    if not wish.case_ids:
        problems.append(Problem("case", "请先在督查台勾选至少一件。", "Tick at least one item on the desk first."))
    if len(wish.case_ids) > MAX_CASES:
        problems.append(Problem("case", f"一次最多 {MAX_CASES} 件。", f"At most {MAX_CASES} items at once."))
    if wish.kind not in ISSUABLE:
        problems.append(Problem("kind", "请选择文种。", "Choose the kind of letter."))
    if wish.layout and wish.kind in KINDS and wish.layout not in KINDS[wish.kind].layouts:
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
    """In the order in which the numbers will be taken.

    Raises NotFound for a foreign case, Invalid when the cases belong to different campaigns.
    """
    chosen = [read.case(actor, case_id) for case_id in dict.fromkeys(wish.case_ids)]
    if len({page.row.campaign_id for page in chosen}) > 1:
        both = Problem("case", "所选事项属于不同的专项行动，请分别签发。", "The items belong to different campaigns.")
        raise Invalid("letters_invalid", "The items belong to different campaigns.", (both,))
    if wish.bundle == "joint":
        return (Draft(tuple(dict.fromkeys(page.responsible for page in chosen)), tuple(chosen)),) if chosen else ()
    bundles: dict[tuple[str, str], list[CasePage]] = {}
    for page in chosen:
        bundles.setdefault((page.responsible, page.row.case_id if wish.bundle == "case" else ""), []).append(page)
    return tuple(Draft((unit,), tuple(pages)) for (unit, _), pages in bundles.items())


def preview_source(read: Read, actor: Actor, wish: Wish, draft: Draft) -> LetterSource:
    """What the composer needs to set this draft in type: the words that the issued letter will have."""
    return read.letter_preview(
        actor,
        campaign_id=draft.cases[0].row.campaign_id,
        kind=wish.kind,
        case_ids=tuple(page.row.case_id for page in draft.cases),
        layout=wish.layout or None,
        reply_term=wish.reply_term or None,
        reason=wish.reason,
    )
