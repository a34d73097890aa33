"""A letter on its way to a number: its states, the words that its writer may change, and how they are put in."""

import hashlib
import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from enum import StrEnum
from types import MappingProxyType
from typing import Any, Final

from engine.domain.letter import Block, Grid, Heading, Letter, Paragraph, Table
from engine.errors import Invalid, Problem


class DraftState(StrEnum):
    DRAFT = "DRAFT"
    REVIEWING = "REVIEWING"  # 核稿
    COUNTERSIGNING = "COUNTERSIGNING"  # 会签
    SIGNING = "SIGNING"  # 签发
    SIGNED = "SIGNED"  # numbered in the same transaction
    RETURNED = "RETURNED"
    WITHDRAWN = "WITHDRAWN"


CHANGEABLE: Final = (DraftState.DRAFT, DraftState.RETURNED)
OPEN: Final = (*CHANGEABLE, DraftState.REVIEWING, DraftState.COUNTERSIGNING, DraftState.SIGNING)
# Milestones of the approval's diagram, and the state that each begins.
STATES: Final[Mapping[str, DraftState]] = MappingProxyType(
    {
        "in_review": DraftState.REVIEWING,
        "in_countersigning": DraftState.COUNTERSIGNING,
        "in_signing": DraftState.SIGNING,
        "draft_returned": DraftState.RETURNED,
    }
)
BUNDLES: Final = ("case", "unit", "joint")  # a letter for each case, for each unit, or one to all units together

_CORRECTS: Final = "本件更正"
_STOPPED: Final = "原件自本件印发之日起停止执行。"
MAX_TITLE: Final = 200
MAX_LINES: Final = 400
MAX_CHARACTERS: Final = 20_000
_TABLE: Final = re.compile(r"【表格(\d{1,3})】")
_LEVELS: Final = (
    (1, re.compile(r"[一二三四五六七八九十]{1,3}、")),
    (2, re.compile(r"（[一二三四五六七八九十]{1,3}）")),
    (3, re.compile(r"\d{1,2}[.．]")),
)


@dataclass(frozen=True)
class Wording:
    """The writer's own words: a title, and a line for each paragraph, heading or table (【表格1】) of the text."""

    title: str
    lines: tuple[str, ...]

    def to_json(self) -> dict[str, Any]:
        return {"title": self.title, "lines": list(self.lines)}

    @staticmethod
    def from_json(value: Mapping[str, Any] | None) -> "Wording | None":
        return Wording(value["title"], tuple(value["lines"])) if value else None


@dataclass(frozen=True)
class Consent:
    """经…同意: who agreed that a lower government is addressed, under which number, on which day (ISO)."""

    by: str
    number: str
    on: str

    @property
    def phrase(self) -> str:
        return f"经{self.by}同意"

    def to_json(self) -> dict[str, str]:
        return {"by": self.by, "number": self.number, "on": self.on}

    @staticmethod
    def from_json(value: Mapping[str, Any] | None) -> "Consent | None":
        return Consent(value["by"], value["number"], value["on"]) if value else None


ARRANGED: Final = ("layout", "reply_term", "reason", "countersigners", "consent", "marks")


@dataclass(frozen=True)
class Standing:
    """What somebody saw of a draft before changing it: the newest version of each letter's words, in the order of the
    letters (0: the template's own), and a mark of the arrangement. Its text is what a form carries."""

    versions: tuple[int, ...]
    arranged: str

    def __str__(self) -> str:
        return f"{'.'.join(map(str, self.versions))}-{self.arranged}"

    @staticmethod
    def parse(text: str) -> "Standing | None":
        """None for anything else."""
        found = re.fullmatch(r"([0-9]{1,6}(?:\.[0-9]{1,6})*)-([0-9a-f]{16})", text)
        return Standing(tuple(map(int, found[1].split("."))), found[2]) if found else None


def arranged_mark(draft: Mapping[str, Any]) -> str:
    """Of the columns of a draft that say how its letters go out; the same for the same arrangement."""
    columns = json.dumps([draft[name] for name in ARRANGED], ensure_ascii=False, sort_keys=True)
    return hashlib.sha256(columns.encode()).hexdigest()[:16]


def wording_of(letter: Letter) -> Wording:
    """The words of a composed letter as its writer may change them."""
    lines, tables = [], 0
    for block in letter.body:
        if isinstance(block, Table | Grid):
            tables += 1
            lines.append(f"【表格{tables}】")
        else:
            lines.append(block.text)
    return Wording(letter.title, tuple(lines))


def tidy(title: str, text: str) -> Wording:
    """What was typed, without blank lines and blanks at the ends. The title may hold line feeds."""
    lines = tuple(line.strip() for line in text.splitlines() if line.strip())
    return Wording("\n".join(line.strip() for line in title.splitlines() if line.strip()), lines)


def check_wording(wording: Wording, *, tables: int | None = None) -> tuple[Problem, ...]:
    """Everything wrong with it. `tables`: how many the composed letter has, None where that is not known."""
    found = []
    if not wording.title:
        found.append(Problem("title", "请填写标题。", "Write the title."))
    if len(wording.title) > MAX_TITLE:
        zh = f"标题最多 {MAX_TITLE} 字，现有 {len(wording.title)} 字。"
        found.append(Problem("title", zh, f"The title has {len(wording.title)} characters, at most {MAX_TITLE}."))
    if not wording.lines:
        found.append(Problem("text", "请填写正文。", "Write the text."))
    characters = sum(map(len, wording.lines))
    if len(wording.lines) > MAX_LINES or characters > MAX_CHARACTERS:
        zh = f"正文最多 {MAX_LINES} 段、{MAX_CHARACTERS} 字，现有 {len(wording.lines)} 段、{characters} 字。"
        en = (
            f"The text has {len(wording.lines)} paragraphs and {characters} characters; "
            f"{MAX_LINES} and {MAX_CHARACTERS} are the most."
        )
        found.append(Problem("text", zh, en))
    for line in wording.lines if tables is not None else ():
        if (named := _TABLE.fullmatch(line)) and not 1 <= int(named[1]) <= (tables or 0):
            zh = f"正文没有“{line}”，原稿共有 {tables} 个表格。请删去这一行，或改为已有的表格。"
            found.append(Problem("text", zh, f"There is no table {line}; the letter has {tables}. Take the line out."))
    return tuple(found)


def correcting(wording: Wording, number: str, reason: str) -> Wording:
    """The writer's words for a letter that takes the place of `number`: they end with saying so, as the templates do,
    and no more with what the old letter itself corrected."""
    kept = tuple(line for line in wording.lines if not (line.startswith(_CORRECTS) and line.endswith(_STOPPED)))
    longer = replace(wording, lines=(*kept, _correction(number, reason)))
    return wording if check_wording(longer) else longer  # where there is no room, `settle` says it on the paper


def settle(letter: Letter, wording: Wording | None, consent: Consent | None, *, correction_reason: str = "") -> Letter:
    """The letter with the writer's words in place of the composed ones; the consent, and the number of the letter that
    it corrects, said in the text. Raises Invalid for words that cannot be printed."""
    if wording is not None:
        tables = [block for block in letter.body if isinstance(block, Table | Grid)]
        if problems := check_wording(wording, tables=len(tables)):
            raise Invalid("wording_invalid", "These words cannot be printed.", problems)
        body = tuple(_block(line, tables) for line in wording.lines)
        letter = replace(letter, title=wording.title, body=body)
    letter = letter if consent is None else _with_consent(letter, consent)
    return _with_correction(letter, correction_reason) if letter.corrects else letter


def _block(line: str, tables: Sequence[Block]) -> Block:
    if named := _TABLE.fullmatch(line):
        return tables[int(named[1]) - 1]
    for level, pattern in _LEVELS:
        if pattern.match(line):
            return Heading(level, line)
    return Paragraph(line)


def _with_consent(letter: Letter, consent: Consent) -> Letter:
    """Said once, at the head of the first paragraph, unless the writer has said it already."""
    said = any(consent.phrase in block.text for block in letter.body if isinstance(block, Paragraph | Heading))
    at = next((at for at, block in enumerate(letter.body) if isinstance(block, Paragraph)), None)
    if said:
        return letter
    sentence = f"{consent.phrase}（{'，'.join(filter(None, (_day(consent.on), consent.number)))}），"
    if at is None:
        return replace(letter, body=(Paragraph(f"{sentence}现将有关事项通知如下："), *letter.body))
    first = letter.body[at]
    assert isinstance(first, Paragraph)
    body = (*letter.body[:at], Paragraph(sentence + first.text), *letter.body[at + 1 :])
    return replace(letter, body=body)


def _with_correction(letter: Letter, reason: str) -> Letter:
    """Said at the end, unless template or writer have named the other letter already."""
    if any(letter.corrects in block.text for block in letter.body if isinstance(block, Paragraph | Heading)):
        return letter
    return replace(letter, body=(*letter.body, Paragraph(_correction(letter.corrects, reason))))


def _correction(number: str, reason: str) -> str:
    because = f"（更正原因：{reason}）" if reason else ""
    return f"{_CORRECTS}{number}{because}，{_STOPPED}"


def _day(text: str) -> str:
    year, month, day = text.split("-")
    return f"{int(year)}年{int(month)}月{int(day)}日"
