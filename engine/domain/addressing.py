"""Who may direct whom: neither a department nor the office of a leading group directs a lower government by itself.

《整治形式主义为基层减负若干规定》2024, item 1; 《党政机关公文处理工作条例》s. 16: only with the government's consent,
said in the text (经…同意). Knows kinds of letters and of units, and no rows.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Final

from engine.domain.drafting import Consent
from engine.errors import Problem

# They tell the addressee what to do by when. A 函 that does so is a direction as well: the form is no way round.
DIRECTIVE: Final = frozenset(
    (
        "urge", "notice", "supervision_letter", "supervision_order", "listed_supervision", "rectification", "summons",
        "circular", "assignment",
    )
)  # fmt: skip
GOVERNMENTS: Final = ("area", "root")  # a unit of such a kind stands for its Party committee and government
MAX_TEXT: Final = 80
LONGEST_BEFORE: Final = timedelta(days=365)  # ours: no older consent speaks of this campaign


@dataclass(frozen=True)
class Addressee:
    unit_id: str
    name: str
    kind: str  # of `engine.domain.unit.KINDS`


def needs_consent(kind: str, issuer: str, addressees: Iterable[Addressee]) -> tuple[Addressee, ...]:
    """Those that an issuer of this kind of unit may not direct by itself; a government directs those below it."""
    if kind not in DIRECTIVE or issuer in GOVERNMENTS:
        return ()
    return tuple(addressee for addressee in addressees if addressee.kind in GOVERNMENTS)


def check(
    kind: str, kind_name: str, issuer: str, addressees: Iterable[Addressee], consent: Consent | None
) -> tuple[Problem, ...]:
    """What forbids it, with the way out. `kind_name` is the kind's Chinese name, for the sentence."""
    found = needs_consent(kind, issuer, addressees) if consent is None else ()
    if not found:
        return ()
    names = "、".join(addressee.name for addressee in found[:5]) + ("等" if len(found) > 5 else "")
    zh = (
        f"领导小组办公室和部门不得向下级党委、政府发布指令性公文：{kind_name}不能直接发给{names}。"
        "请报请政府同意，填写同意机关、文号和日期，正文将写明“经市政府同意”；或者改由政府办公室发文。"
    )
    en = (
        f"An office of a leading group or a department may not direct a lower Party committee or government: this "
        f"kind of letter cannot go to {names}. Obtain the government's consent and enter who agreed, the number and "
        "the date (the text will say so), or have the government's own office send it."
    )
    return (Problem("consent", zh, en),)


def check_consent(consent: Consent, *, first_day: date, today: date) -> tuple[Problem, ...]:
    """Whether it can be relied on: who, under which number, on which day, not in the future and not more than a year
    before the campaign's first day."""
    found = []
    if not consent.by.strip():
        found.append(Problem("consent_by", "请填写同意机关。", "Say who agreed."))
    if not consent.number.strip():
        found.append(Problem("consent_number", "请填写同意件的文号或编号。", "Give the number of the approval."))
    for where, text in (("consent_by", consent.by), ("consent_number", consent.number)):
        if len(text) > MAX_TEXT:
            found.append(Problem(where, f"最多 {MAX_TEXT} 字。", f"At most {MAX_TEXT} characters."))
    try:
        day, since = date.fromisoformat(consent.on), first_day - LONGEST_BEFORE
        if day > today:
            found.append(Problem("consent_on", "同意日期不能晚于今天。", "The day of consent lies in the future."))
        elif day < since:
            zh = f"同意日期早于{since.isoformat()}，即专项行动开始前一年，请核对。"
            en = f"The day of consent lies before {since.isoformat()}, a year before the campaign began: check it."
            found.append(Problem("consent_on", zh, en))
    except ValueError:
        found.append(Problem("consent_on", "请填写同意日期。", "Give the day of the consent."))
    return tuple(found)
