"""What a ladder of supervision is, and the rules about it that no table may change (domain handbook E).

Which rungs there are, in which order, with which paper and signature, is written in the decision table of a campaign.
"""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from itertools import product
from typing import Any

from engine.domain.duration import Duration
from engine.domain.letter import KINDS
from engine.errors import Invalid, Problem

BY_DESK = "督查台"  # the rule of a rung that a person chose
NOT_YET = -1  # the level of an item under which nothing has been sent
CLIMB, WAIT = "climb", "wait"  # what a row answers: the next rung, or that it is not time for it
REMINDER, SUMMONS, REFERRAL = "reminder", "summons", "referral"  # rungs that are more than a letter
MEASURES = (
    REMINDER, "site_visit", "urge", "notice", "rectification", "supervision_letter", "supervision_order",
    "listed_supervision", SUMMONS, "circular", REFERRAL,
)  # fmt: skip
APPROVALS = ("none", "supervisor", "leader")
# How the talk of an item stands; dropped: called off before it was held.
TALKS = NO_TALK, TALK_OPEN, TALK_LATE, TALK_OVER, TALK_DROPPED = ("none", "open", "late", "over", "dropped")
INPUTS = ("last_rung", "overdue_workdays", "schedule_gap", "reds", "is_report", "talk", "rung_workdays")
OUTPUTS = (
    "act", "rung", "instrument", "letter", "approval", "signer", "reply", "next_after", "rung_name", "rung_reason",
)  # fmt: skip

Answer = Mapping[str, Any]
Decide = Callable[[dict[str, Any]], Answer]  # raises Invalid when the table has no answer


@dataclass(frozen=True)
class Rung:
    """One row's worth of supervision. `letter_kind` is None where no paper goes out; terms are durations ("3wd")."""

    level: int
    instrument: str
    letter_kind: str | None
    name: str = ""
    approval: str = "none"
    signer: str = ""
    reply: str = ""
    next_after: str = ""


@dataclass(frozen=True)
class Ladder:
    """The rungs of one table, the lowest first."""

    rungs: tuple[Rung, ...]

    def at(self, level: int | None) -> Rung | None:
        return next((rung for rung in self.rungs if rung.level == level), None)

    def of(self, instrument: str | None) -> Rung | None:
        return next((rung for rung in self.rungs if rung.instrument == instrument), None)

    def of_letter(self, kind: str) -> Rung | None:
        """The rung that a letter of this kind stands for."""
        return next((rung for rung in self.rungs if rung.letter_kind == kind), None)

    def skipped(self, last_level: int, level: int) -> tuple[Rung, ...]:
        """The rungs left out by going from one level to another; then a reason must be on record (越级理由)."""
        return tuple(rung for rung in self.rungs if last_level < rung.level < level)


def answer_of(outputs: Mapping[str, Any]) -> dict[str, Any]:
    """What a row says, with `last_rung` for the next question; rows of earlier editions had no act and no letter."""
    instrument = str(outputs.get("instrument") or "")
    usual = dict.fromkeys(OUTPUTS, "") | {"act": CLIMB, "letter": instrument if instrument in KINDS else ""}
    return {**usual, **outputs, "last_rung": outputs["rung"]}


def ladder_of(rows: Iterable[Mapping[str, Any]]) -> Ladder:
    """The ladder that these rows make; where several rows lead to one rung (reports, cases), the first one names it."""
    found: dict[int, Rung] = {}
    for outputs in rows:
        answer = answer_of(outputs)
        if answer["act"] == CLIMB:
            found.setdefault(int(answer["rung"]), _rung(answer))
    return Ladder(tuple(found[level] for level in sorted(found)))


def _rung(answer: Answer) -> Rung:
    return Rung(
        level=int(answer["rung"]),
        instrument=str(answer["instrument"]),
        letter_kind=str(answer["letter"]) or None,
        name=str(answer["rung_name"]),
        approval=str(answer["approval"]),
        signer=str(answer["signer"]),
        reply=str(answer["reply"]),
        next_after=str(answer["next_after"]),
    )


def position_of(ladder: Ladder, *, level: int, instrument: str | None, reached: int = NOT_YET) -> int:
    """Where an item stands on the ladder as it is now. A rung is known by its instrument; its number is the table's,
    so that a newly numbered table goes on where the old one was. Nobody goes below what was `reached`."""
    known = ladder.of(instrument) if level > NOT_YET else None
    return max(known.level if known else level, reached)


def check_answer(answer: Answer, last_rung: int) -> None:
    """Raises Invalid when a row may not say this: a climb goes up, waiting stays, and both say for how long."""
    faults = _faults(answer, last_rung)
    if faults:
        problems = tuple(Problem("ladder", zh, en) for zh, en in faults)
        raise Invalid("ladder.faulty", "The decision table of the ladder cannot be used", problems)


def check_ladder(name: str, rows: Iterable[Mapping[str, Any]], decide: Decide) -> tuple[Problem, ...]:
    """Everything for which a table cannot be a ladder: asked for every rung, day, gap and number of reds that matter.

    `decide` answers as the table does. Each problem is said once, with the first question that shows it.
    """
    ladder = ladder_of(rows)
    found: dict[tuple[str, str], Problem] = {}

    def say(zh: str, en: str, asked: str = "") -> None:
        at_zh, at_en = (f"（{asked}）", f" ({asked})") if asked else ("", "")
        found.setdefault((zh, en), Problem(name, f"{zh}{at_zh}", f"{en}{at_en}"))

    _check_rungs(ladder, say)
    for question in _questions(ladder):
        asked = ", ".join(f"{key}={value}" for key, value in question.items())
        try:
            answer = decide(question)
        except Invalid as error:
            for problem in error.problems:
                say(problem.zh, problem.en)
            continue
        for zh, en in _faults(answer, int(question["last_rung"])):
            say(zh, en, asked)
    return tuple(found.values())


def _check_rungs(ladder: Ladder, say: Callable[[str, str], None]) -> None:
    if not ladder.rungs:
        say("阶梯表没有一级。", "The table has no rung.")
        return
    for rung in ladder.rungs:
        if rung.instrument not in MEASURES:
            known = ", ".join(MEASURES)
            say(f"没有“{rung.instrument}”这种督办方式，可用：{known}。", f"No instrument {rung.instrument!r}: {known}.")
        if rung.letter_kind is not None and rung.letter_kind not in KINDS:
            kinds = ", ".join(KINDS)
            say(f"没有“{rung.letter_kind}”这种公文，可用：{kinds}。", f"No letter kind {rung.letter_kind!r}: {kinds}.")
        if rung.instrument not in (REMINDER, REFERRAL) and rung.letter_kind is None:
            say(f"“{rung.name}”没有写用什么公文。", f"{rung.instrument} does not say which letter goes out.")
    for which, values in (
        ("instrument", [rung.instrument for rung in ladder.rungs]),
        ("letter", [rung.letter_kind for rung in ladder.rungs if rung.letter_kind]),
    ):
        for value in sorted({value for value in values if values.count(value) > 1}):
            say(f"“{value}”用在两级上（{which}），请改用不同的。", f"{value!r} stands on two rungs ({which}).")
    if ladder.rungs[-1].instrument != REFERRAL:
        say("阶梯的最高一级应当是移送问责（referral）。", "The highest rung must be the referral.")


def _questions(ladder: Ladder) -> Iterable[dict[str, Any]]:
    below = [rung.level for rung in ladder.rungs if rung.instrument != REFERRAL]
    days = (*range(-10, 32), 60, 250)
    usual = dict(zip(INPUTS, (NOT_YET, 0, None, 0, False, NO_TALK, 0), strict=True))
    for last, day, gap, reds, is_report in product(
        (NOT_YET, *below), days, (None, 0.0, 35.0, 100.0), (0, 3), (False, True)
    ):
        asked = (last, day, gap, reds, is_report)
        yield {**usual, **dict(zip(INPUTS, asked, strict=False))}
    for last, day, talk, since in product(below, (0, 15, 250), TALKS, (0, 30, 60, 250)):
        yield {**usual, "last_rung": last, "overdue_workdays": day, "talk": talk, "rung_workdays": since}


def _faults(answer: Answer, last_rung: int) -> list[tuple[str, str]]:
    found = []
    act, level, instrument = answer["act"], answer["rung"], answer["instrument"]
    if act not in (CLIMB, WAIT):
        found.append((f"动作“{act}”不对，只能是 climb、wait。", f"The act {act!r} must be climb or wait."))
    elif act == WAIT and level != last_rung:
        zh, en = f"等待时级别应当不变，却写成了{level}。", f"Waiting keeps the rung, but the row says {level}."
        found.append((zh, en))
    elif act == CLIMB and (not isinstance(level, int) or level <= last_rung):
        zh = f"升级只能向上，却从{last_rung}级答出{level}级。"
        found.append((zh, f"A ladder only goes up, but the table answers {level} after {last_rung}."))
    if act == CLIMB and answer["approval"] not in APPROVALS:
        known = ", ".join(APPROVALS)
        found.append((f"签批“{answer['approval']}”不对，可用：{known}。", f"Approval {answer['approval']!r}: {known}."))
    if instrument != REFERRAL:
        found += _term_fault("next_after", answer)
    if act == CLIMB and answer["reply"]:
        found += _term_fault("reply", answer)
    return found


def _term_fault(name: str, answer: Answer) -> list[tuple[str, str]]:
    try:
        Duration.parse(answer[name])
    except Invalid as error:
        return [(f"{name}：{problem.zh}", f"{name}: {problem.en}") for problem in error.problems]
    return []
