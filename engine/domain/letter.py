"""What an official letter 公文 says, before anybody has set it in type: kinds, numbers, blocks, and the same as JSON.

Refuses to know fonts, millimetres and templates (that is `forms.letters`).
"""

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date as Date
from types import MappingProxyType
from typing import Any, Final

from engine.errors import Invalid, Problem

DOCUMENT: Final = "document"  # 文件格式
CORRESPONDENCE: Final = "correspondence"  # 信函格式
LAYOUTS: Final = (DOCUMENT, CORRESPONDENCE)

# 《整治形式主义为基层减负若干规定》2024: a special-task paper should stay within 4,000 characters.
CHARACTER_LIMIT: Final = 4000


@dataclass(frozen=True)
class LetterKind:
    """One row of the table of kinds. `genre` is the 文种 of 条例 s. 8; `word` ends the organ code in the number.

    `reply` is the default time to answer from receipt, as a deadline rule ("3wd"); None where no answer is due.
    """

    key: str
    zh: str
    en: str
    genre: str
    layout: str
    word: str
    reply: str | None


KINDS: Final = MappingProxyType(
    {
        kind.key: kind
        for kind in (
            LetterKind("urge", "催办单", "Urging slip", "通知", CORRESPONDENCE, "催", "2wd"),
            LetterKind("notice", "督办通知", "Supervision notice", "通知", DOCUMENT, "督", "3wd"),
            LetterKind("supervision_letter", "督办函", "Supervision letter", "函", CORRESPONDENCE, "督函", "5wd"),
            LetterKind("summons", "约谈通知", "Summons to a talk", "通知", CORRESPONDENCE, "约", "30d"),
            LetterKind("circular", "通报", "Circular of criticism", "通报", DOCUMENT, "通", "5wd"),
            LetterKind("referral", "移送函", "Referral for accountability", "函", CORRESPONDENCE, "移", None),
            LetterKind("rectification", "整改通知单", "Rectification order", "通知", CORRESPONDENCE, "整", "5wd"),
        )
    }
)


@dataclass(frozen=True)
class Paragraph:
    text: str


@dataclass(frozen=True)
class Heading:
    """Level 1 一、in 黑体, level 2 （一）in 楷体 as far as the first full stop, level 3 "1." in 仿宋.

    The number is part of `text`.
    """

    level: int
    text: str


@dataclass(frozen=True)
class Table:
    columns: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]
    caption: str = ""


Block = Paragraph | Heading | Table


@dataclass(frozen=True)
class Attachment:
    title: str
    blocks: tuple[Block, ...]


@dataclass(frozen=True)
class Letter:
    """One letter as it will be printed. Immutable once issued; equal letters make equal PDFs, byte for byte.

    `mark` is the red 发文机关标志 as printed (with 文件 in the document layout). `title` may hold line feeds where
    the writer wants the lines broken. `date` is 成文日期, a civil date. `contact` is the note 附注 without brackets.
    A sample (`is_sample`) carries 演示样张 and an empty seal circle; the software never draws a seal.
    """

    kind: str
    layout: str
    mark: str
    number: str
    title: str
    addressees: tuple[str, ...]
    body: tuple[Block, ...]
    signatory: str
    date: Date
    attachments: tuple[Attachment, ...] = ()
    contact: str = ""
    copies_to: tuple[str, ...] = ()
    printed_by: str = ""
    urgency: str = ""
    is_sample: bool = True
    verify_url: str = ""

    def __post_init__(self) -> None:
        problems = tuple(_problems_of(self))
        if problems:
            raise Invalid("letter_invalid", f"The letter {self.number or self.title!r} is not complete.", problems)


def format_number(organ_code: str, year: int, serial: int) -> str:
    """`临散乱污办督〔2024〕1号`; `organ_code` already ends in the kind's `word`."""
    if serial < 1 or not 1900 <= year <= 9999:
        raise ValueError(f"a letter number needs a full year and a serial from 1, not {year}, {serial}")
    # GB/T 9704-2012 7.2.5: full year in 〔〕 (U+3014, U+3015), no 第, no leading zeros, then 号.
    return f"{organ_code}〔{year}〕{serial}号"


def format_date(day: Date) -> str:
    """2024年6月3日: GB/T 9704-2012 7.3.5.4, Arabic digits, full year, no leading zeros."""
    return f"{day.year}年{day.month}月{day.day}日"


def character_count(letter: Letter) -> int:
    """Characters of title and body, white space left out; attachments do not count against `CHARACTER_LIMIT`."""
    texts = [letter.title, *(text for block in letter.body for text in texts_of(block))]
    return sum(not char.isspace() for text in texts for char in text)


def texts_of(block: Block) -> tuple[str, ...]:
    """Every string a block prints, in reading order."""
    if isinstance(block, Table):
        return (block.caption, *block.columns, *(cell for row in block.rows for cell in row))
    return (block.text,)


def text_of(blocks: Iterable[Block]) -> str:
    """All that the blocks print, one string a line: for searching and comparing."""
    return "\n".join(text for block in blocks for text in texts_of(block) if text)


def to_json(letter: Letter) -> str:
    """The letter as canonical JSON: the same letter gives the same text."""
    value = {
        name: _plain(getattr(letter, name))
        for name in Letter.__dataclass_fields__
        if name not in ("body", "attachments")
    }
    value["body"] = [_block_to_plain(block) for block in letter.body]
    value["attachments"] = [
        {"title": attachment.title, "blocks": [_block_to_plain(block) for block in attachment.blocks]}
        for attachment in letter.attachments
    ]
    return json.dumps(value, ensure_ascii=False, sort_keys=True, separators=(",", ":"))


def from_json(text: str) -> Letter:
    """The letter that `to_json` wrote. Raises Invalid when the text is not such a letter."""
    try:
        value = json.loads(text)
        return Letter(
            **{
                **value,
                "date": Date.fromisoformat(value["date"]),
                "addressees": tuple(value["addressees"]),
                "copies_to": tuple(value["copies_to"]),
                "body": tuple(_block_from_plain(block) for block in value["body"]),
                "attachments": tuple(
                    Attachment(item["title"], tuple(_block_from_plain(block) for block in item["blocks"]))
                    for item in value["attachments"]
                ),
            }
        )
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        raise Invalid("letter_unreadable", f"This is not a stored letter: {error}.") from error


def _problems_of(letter: Letter) -> list[Problem]:
    found = []
    if letter.kind not in KINDS:
        found.append(Problem("kind", f"没有“{letter.kind}”这种公文。", f"There is no letter kind {letter.kind!r}."))
    if letter.layout not in LAYOUTS:
        found.append(Problem("layout", f"没有“{letter.layout}”这种格式。", f"There is no layout {letter.layout!r}."))
    for name, zh in (("mark", "发文机关标志"), ("title", "标题"), ("signatory", "发文机关署名")):
        if not getattr(letter, name).strip():
            found.append(Problem(name, f"{zh}不能为空。", f"The letter has no {name}."))
    if not letter.body:
        found.append(Problem("body", "正文不能为空。", "The letter has no body."))
    tables = [block for block in letter.body if isinstance(block, Table)]
    tables += [block for attachment in letter.attachments for block in attachment.blocks if isinstance(block, Table)]
    for table in tables:
        if any(len(row) != len(table.columns) for row in table.rows) or not table.columns:
            name = table.caption or "、".join(table.columns)
            found.append(
                Problem("body", f"表格“{name}”各行的列数不一致。", f"The rows of table {name!r} differ in length.")
            )
    return found


def _plain(value: Any) -> Any:
    if isinstance(value, Date):
        return value.isoformat()
    return list(value) if isinstance(value, tuple) else value


def _block_to_plain(block: Block) -> dict[str, Any]:
    if isinstance(block, Table):
        rows = [list(row) for row in block.rows]
        return {"type": "table", "columns": list(block.columns), "rows": rows, "caption": block.caption}
    if isinstance(block, Heading):
        return {"type": "heading", "level": block.level, "text": block.text}
    return {"type": "paragraph", "text": block.text}


def _block_from_plain(value: Mapping[str, Any]) -> Block:
    match value["type"]:
        case "paragraph":
            return Paragraph(value["text"])
        case "heading":
            return Heading(value["level"], value["text"])
        case "table":
            rows = tuple(tuple(row) for row in value["rows"])
            return Table(columns=tuple(value["columns"]), rows=rows, caption=value["caption"])
    raise ValueError(f"unknown block type {value['type']!r}")
