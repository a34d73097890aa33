"""How a letter is served, answered and its answer reviewed: manners, reasons, states, and what each of them must say.

Reading a letter is not signing for it; the time to reply runs from receipt (domain handbook D 送达, E).
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from engine.domain.actor import OFFICE_ROLES, Actor
from engine.domain.duration import Duration
from engine.errors import NotPermitted, Problem, Rejected

# 民事诉讼法 on service, which the rules for administrative papers follow: direct, left behind, electronic, by post.
SYSTEM: Final = "system"  # the addressee's own people sign in this system
DIRECT: Final = "direct"  # 直接送达
LEFT: Final = "left"  # 留置送达
POST: Final = "post"  # 邮寄送达
ELECTRONIC: Final = "electronic"  # 电子送达
PAPER_MANNERS: Final = (DIRECT, LEFT, POST, ELECTRONIC)  # recorded by the office that served it
MANNERS: Final = (SYSTEM, *PAPER_MANNERS)

# 退办 (domain handbook E): 材料不全, 内容不实, 未达标准, 无实质进展.
RETURN_REASONS: Final = ("materials", "untrue", "standard", "no_progress")
ACCEPTED: Final = "ACCEPTED"
RETURNED: Final = "RETURNED"
VERDICTS: Final = (ACCEPTED, RETURNED)

AWAITING_RECEIPT: Final = ("ISSUED",)
AWAITING_REPLY: Final = ("SERVED", "RECEIVED", "RETURNED")  # SERVED: left behind, the term runs, nobody has signed
AWAITING_REVIEW: Final = ("REPLIED",)
OPEN: Final = (*AWAITING_RECEIPT, *AWAITING_REPLY, *AWAITING_REVIEW)
# Of one addressee; a letter to several stands where the least advanced of them stands.
DELIVERY_STATES: Final = ("ISSUED", "SERVED", "RECEIVED", "RETURNED", "REPLIED", "CLOSED")

SIGNING_ROLES: Final = ("officer", "head")
LONGEST_NAME: Final = 60
LONGEST_WORDS: Final = 500
LONGEST_REPLY: Final = 4000
MOST_FILES: Final = 9  # of one receipt, and of one reply
_TRACKING: Final = re.compile(r"[A-Za-z0-9-]{6,40}")
_SHOWS: Final = ("image/", "video/")


@dataclass(frozen=True)
class Receipt:
    """签收, or service without it. `person` and `post` are who signed, or to whom it was left; `signed_at` is None for
    now. `refusal`, `witness` belong to 留置, `tracking_no` to the post, `consent` to electronic service."""

    person: str
    post: str
    manner: str = SYSTEM
    signed_at: datetime | None = None
    place: str = ""
    refusal: str = ""
    witness: str = ""
    witness_post: str = ""
    tracking_no: str = ""
    consent: str = ""
    note: str = ""


def reply_within(term: str | None) -> str:
    """What a letter prints of the time to reply, as 请于…回复 wants it; empty where no reply is asked for.

    A letter cannot name the day: the term runs from a receipt that is still to come.
    """
    if not term:
        return ""
    length = Duration.parse(term)
    return f"收到本文{'后' if length.unit in ('h', 'wh') else '之日起'}{length.zh}内"


def state_of(row: Mapping[str, Any]) -> str:
    """Where a letter (`letter_state`) stands with an addressee (`state`): a void letter is void for every one."""
    return "VOID" if row["letter_state"] == "VOID" else str(row["state"])


def state_after(receipt: Receipt) -> str:
    """Left behind is served, not signed for."""
    return "SERVED" if receipt.manner == LEFT else "RECEIVED"


def problems_of(
    receipt: Receipt, *, issued_at: datetime, now: datetime, media_types: tuple[str, ...] = ()
) -> tuple[Problem, ...]:
    """Everything that the receipt lacks. `media_types` are of the files that go with it."""
    found = list(_names_and_lengths(receipt))
    if receipt.signed_at is not None and receipt.signed_at > now:
        found.append(Problem("signed_at", "签收时间不能晚于现在。", "The time of receipt lies in the future."))
    # To the minute, as people write it.
    if receipt.signed_at is not None and receipt.signed_at < issued_at.replace(second=0, microsecond=0):
        found.append(
            Problem("signed_at", "签收时间不能早于公文签发。", "The time of receipt lies before the letter was issued.")
        )
    if receipt.manner == LEFT:
        found += _left_behind(receipt, any(kind.startswith(_SHOWS) for kind in media_types))
    if receipt.manner == POST and not _TRACKING.fullmatch(receipt.tracking_no):
        found.append(
            Problem(
                "tracking_no",
                "邮寄送达请填写邮件号：6至40位字母、数字。",
                "Give the tracking number of the mail: 6 to 40 letters and digits.",
            )
        )
    if receipt.manner == ELECTRONIC and not receipt.consent:
        found.append(
            Problem(
                "consent",
                "电子送达须经受送达人同意，请写明何时、以何种方式同意。",
                "Electronic service needs the addressee's consent: say when and how it was given.",
            )
        )
    return tuple(found)


def _names_and_lengths(receipt: Receipt) -> list[Problem]:
    found = []
    if receipt.manner not in MANNERS:
        found.append(Problem("manner", "请选择送达方式。", "Choose the manner of service."))
    for name, zh, en in (
        ("person", "请填写签收人姓名。", "Say who signed for it."),
        ("post", "请填写签收人职务。", "Give the post of whoever signed."),
    ):
        if not getattr(receipt, name):
            found.append(Problem(name, zh, en))
    limits = dict.fromkeys(("person", "post", "witness", "witness_post"), LONGEST_NAME)
    limits |= dict.fromkeys(("refusal", "consent", "note"), LONGEST_WORDS) | {"place": 200}
    for name, limit in limits.items():
        found += too_long(name, getattr(receipt, name), limit)
    return found


def _left_behind(receipt: Receipt, is_shown: bool) -> list[Problem]:
    """留置: why it was refused, where it was left, and a witness or a picture or film of it."""
    found = []
    if not receipt.refusal:
        found.append(Problem("refusal", "留置送达请填写拒收事由。", "Say why it was refused."))
    if not receipt.place:
        found.append(Problem("place", "留置送达请填写留置地点。", "Say where it was left."))
    is_witnessed = bool(receipt.witness and receipt.witness_post)
    if bool(receipt.witness) != bool(receipt.witness_post):
        found.append(Problem("witness", "见证人的姓名和职务要一并填写。", "A witness needs both a name and a post."))
    elif not (is_witnessed or is_shown):
        found.append(
            Problem(
                "witness",
                "留置送达须有见证人（姓名、职务），或者送达过程的照片、视频，至少一项。",
                "Leaving it behind needs a witness (name and post), or a photo or film of it: at least one.",
            )
        )
    return found


def too_long(where: str, words: str, limit: int) -> list[Problem]:
    """Nothing is cut off in silence."""
    if len(words) <= limit:
        return []
    return [
        Problem(where, f"最多 {limit} 字，现有 {len(words)} 字。", f"At most {limit} characters, not {len(words)}.")
    ]


# -- who ---------------------------------------------------------------------------------------------------------------
def role_at(actor: Actor, unit_id: str) -> str | None:
    """As what the actor works at the addressed unit; None for everybody else. Any of them who reads is recorded."""
    return next((role for role in OFFICE_ROLES if actor.is_member(role, unit_id)), None)


def may_sign(actor: Actor, unit_id: str) -> bool:
    """Officers and heads of the addressed unit sign for its letters and answer them."""
    return any(actor.is_member(role, unit_id) for role in SIGNING_ROLES)


def is_office(actor: Actor) -> bool:
    return actor.has_role("supervisor", "leader")


def check_signs(actor: Actor, receipt: Receipt, *, unit_id: str, number: str) -> None:
    """In the system the addressee's own people sign; what came about on paper the office enters."""
    is_allowed = may_sign(actor, unit_id) if receipt.manner == SYSTEM else is_office(actor)
    if not is_allowed:
        raise NotPermitted("not_addressee", f"{number} is not addressed to {actor.name}.", number=number)


def check_receives(actor: Actor, *, unit_id: str, number: str) -> None:
    if not (may_sign(actor, unit_id) or is_office(actor)):
        raise NotPermitted("not_addressee", f"{number} is not addressed to {actor.name}.", number=number)


def check_replies(actor: Actor, *, unit_id: str, number: str) -> None:
    if not may_sign(actor, unit_id):
        raise NotPermitted("not_addressee", f"{number} is not addressed to {actor.name}.", number=number)


def check_reviews(actor: Actor, *, replied_by: frozenset[str], number: str) -> None:
    """`replied_by`: person ids. Nobody reviews a letter that they replied to themselves, in whichever round."""
    if actor.person_id in replied_by:
        raise NotPermitted(
            "own_reply", f"{actor.name} replied to {number} and may not review it as well.", number=number
        )


def check_state(number: str, state: str, *wanted: str) -> None:
    if state not in wanted:
        raise Rejected("letter_state", f"{number} is {state}, not {' or '.join(wanted)}.", number=number, state=state)
