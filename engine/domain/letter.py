"""What an official letter 公文 says, before anybody has set it in type: kinds, numbers, blocks, and the same as JSON.

Refuses to know fonts, millimetres and templates (that is `forms.letters`).
"""

import json
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, fields, is_dataclass
from datetime import date as Date
from types import MappingProxyType
from typing import Any, Final

from engine.domain.letter_kinds import CORRESPONDENCE, DOCUMENT, KINDS, LAYOUTS, MINUTES, ORDER, SLIP, LetterKind
from engine.domain.letter_marks import COPY_NUMBER, INTERNAL, SECRECY
from engine.errors import Invalid, Problem

__all__ = [
    "CHARACTER_LIMIT", "CORRESPONDENCE", "DOCUMENT", "GRID_WIDTH", "INTERNAL", "KINDS", "LAYOUTS", "MINUTES", "ORDER",
    "SLIP", "Attachment", "Block", "Cell", "Grid", "Heading", "Length", "Letter", "LetterKind", "Paragraph", "Table",
    "character_count", "format_date", "format_number", "from_json", "head_number", "length_of", "text_of", "texts_of",
    "to_json",
]  # fmt: skip

# 《整治形式主义为基层减负若干规定》2024: a special-task paper should stay within 4,000 characters.
CHARACTER_LIMIT: Final = 4000
GRID_WIDTH: Final = 28  # characters in a line, GB/T 9704-2012 5.2.3


@dataclass(frozen=True)
class Paragraph:
    text: str


@dataclass(frozen=True)
class Heading:
    """Level 1 一、in 黑体, level 2 （一）in 楷体 as far as the first full stop, level 3 "1." in 仿宋.

    The number is part of `text`. A level 1 that ends in a stop is a numbered sentence and stands in 仿宋.
    """

    level: int
    text: str


@dataclass(frozen=True)
class Table:
    """A wide table stands on turned pages."""

    columns: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]
    caption: str = ""
    is_wide: bool = False


@dataclass(frozen=True)
class Cell:
    """A field of a form: spans so many columns, and is at least so many lines high. `text` may hold line feeds."""

    text: str
    columns: int = 1
    lines: int = 1


@dataclass(frozen=True)
class Grid:
    """A form: `widths` of its columns in characters, at most `GRID_WIDTH` together; every row fills all columns."""

    widths: tuple[int, ...]
    rows: tuple[tuple[Cell, ...], ...]


Block = Paragraph | Heading | Table | Grid


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
    `attendance` holds label and names, as minutes print them: 出席, 请假, 列席. `signer` is 签发人 of an upward paper,
    post and name under an order. `corrects` is the number of the letter that this one corrects.
    `copy_number` 份号 has six digits; `secrecy` is 密级和保密期限 as printed, 秘密★1年, or 内部, which is no 密级.
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
    attendance: tuple[tuple[str, tuple[str, ...]], ...] = ()
    signer: str = ""
    corrects: str = ""
    copy_number: str = ""
    secrecy: str = ""

    @property
    def marks(self) -> tuple[str, ...]:
        """What stands top left, one line each: 份号, 密级和保密期限, 紧急程度 (GB/T 9704-2012 7.2.1 to 7.2.3)."""
        return tuple(filter(None, (self.copy_number, self.secrecy, self.urgency)))

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


@dataclass(frozen=True)
class Length:
    """How long a letter is against what it may be; `zh` and `en` are sentences for a page."""

    characters: int
    limit: int = CHARACTER_LIMIT

    @property
    def zh(self) -> str:
        return f"正文 {self.characters:,} 字，上限 {self.limit:,} 字"

    @property
    def en(self) -> str:
        return f"{self.characters:,} characters, at most {self.limit:,}"

    @property
    def problems(self) -> tuple[Problem, ...]:
        """A warning above the limit, never a stop: the signer may have reason to exceed it."""
        if self.characters <= self.limit:
            return ()
        over = self.characters - self.limit
        zh = f"{self.zh}，超出 {over:,} 字。请压缩正文，或者把清单移到附件。"
        en = f"{self.en}: {over:,} too many. Shorten the text, or move lists into attachments."
        return (Problem("body", zh, en, severity="warning"),)


def length_of(letter: Letter) -> Length:
    return Length(character_count(letter))


def head_number(letter: Letter) -> str:
    """The number as the head prints it: a bulletin counts issues, 第3期; everything else bears its 发文字号."""
    if letter.kind == "bulletin" and (found := re.search(r"〕(\S+)号$", letter.number)):
        return f"第{found[1]}期"
    return letter.number


def texts_of(block: Block) -> tuple[str, ...]:
    """Every string a block prints, in reading order."""
    if isinstance(block, Table):
        return (block.caption, *block.columns, *(cell for row in block.rows for cell in row))
    if isinstance(block, Grid):
        return tuple(cell.text for row in block.rows for cell in row)
    return (block.text,)


def text_of(blocks: Iterable[Block]) -> str:
    """All that the blocks print, one string a line: for searching and comparing."""
    return "\n".join(text for block in blocks for text in texts_of(block) if text)


def to_json(letter: Letter) -> str:
    """The letter as canonical JSON: the same letter gives the same text."""
    return json.dumps(_plain(letter), ensure_ascii=False, sort_keys=True, separators=(",", ":"))


def from_json(text: str) -> Letter:
    """The letter that `to_json` wrote, now or before it knew forms. Raises Invalid when the text is no such letter."""
    try:
        value = json.loads(text)
        return Letter(
            **{
                **value,
                "date": Date.fromisoformat(value["date"]),
                "addressees": tuple(value["addressees"]),
                "copies_to": tuple(value["copies_to"]),
                "attendance": tuple((label, tuple(names)) for label, names in value.get("attendance", ())),
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
    elif letter.layout not in KINDS[letter.kind].layouts:
        kind = KINDS[letter.kind]
        zh = f"{kind.zh}不能用“{letter.layout}”这种格式，可用：{'、'.join(kind.layouts)}。"
        en = f"A {kind.en.lower()} has no layout {letter.layout!r}; it may have {', '.join(kind.layouts)}."
        found.append(Problem("layout", zh, en))
    for name, zh in (("mark", "发文机关标志"), ("title", "标题"), ("signatory", "发文机关署名")):
        if not getattr(letter, name).strip():
            found.append(Problem(name, f"{zh}不能为空。", f"The letter has no {name}."))
    found += _problems_of_secrecy(letter)
    if not letter.body:
        found.append(Problem("body", "正文不能为空。", "The letter has no body."))
    attached = [block for attachment in letter.attachments for block in attachment.blocks]
    for block in (*letter.body, *attached):
        if isinstance(block, Table):
            found += _problems_of_table(block)
        elif isinstance(block, Grid):
            found += _problems_of_grid(block)
    return found


def _problems_of_secrecy(letter: Letter) -> list[Problem]:
    found = []
    if letter.copy_number and not COPY_NUMBER.fullmatch(letter.copy_number):
        zh = f"份号是6位阿拉伯数字，例如000001，不是“{letter.copy_number}”。"
        found.append(Problem("copy_number", zh, f"A copy number has six digits, not {letter.copy_number!r}."))
    if letter.secrecy and letter.secrecy != INTERNAL and not SECRECY.fullmatch(letter.secrecy):
        zh = f"密级写作绝密、机密或秘密，可加保密期限，例如秘密★1年；内部文件写“{INTERNAL}”。"
        en = (
            f"{letter.secrecy!r} is no degree of secrecy: 绝密, 机密 or 秘密 with a term as in 秘密★1年, or {INTERNAL}."
        )
        found.append(Problem("secrecy", zh, en))
    # 党政机关公文处理工作条例 s. 9(1): 涉密公文应当标注份号.
    if letter.secrecy and letter.secrecy != INTERNAL and not letter.copy_number:
        zh, en = "涉密公文应当标注份号。", "A classified letter bears a copy number."
        found.append(Problem("copy_number", zh, en))
    if (letter.copy_number or letter.secrecy) and letter.layout in (ORDER, SLIP):
        zh = "命令格式和单证没有份号、密级的位置，请改用文件格式或信函格式。"
        en = "Orders and forms have no place for copy number and secrecy: use the document or correspondence layout."
        found.append(Problem("layout", zh, en))
    return found


def _problems_of_table(table: Table) -> list[Problem]:
    if table.columns and all(len(row) == len(table.columns) for row in table.rows):
        return []
    name = table.caption or "、".join(table.columns)
    return [Problem("body", f"表格“{name}”各行的列数不一致。", f"The rows of table {name!r} differ in length.")]


def _problems_of_grid(grid: Grid) -> list[Problem]:
    found = []
    if not grid.widths or min(grid.widths) < 1 or sum(grid.widths) > GRID_WIDTH:
        zh = f"表单各栏宽度须为正数，合计不超过{GRID_WIDTH}字，现为{sum(grid.widths)}字。"
        en = f"The columns of a form are positive and {GRID_WIDTH} characters at most, not {sum(grid.widths)}."
        found.append(Problem("body", zh, en))
    for at, row in enumerate(grid.rows, start=1):
        if sum(cell.columns for cell in row) != len(grid.widths) or any(min(c.columns, c.lines) < 1 for c in row):
            zh = f"表单第{at}行没有正好占满{len(grid.widths)}栏。"
            found.append(Problem("body", zh, f"Row {at} of the form does not fill its {len(grid.widths)} columns."))
    return found


def _plain(value: Any) -> Any:
    """Letters and their parts as mappings and lists; a block says its type."""
    if isinstance(value, Date):
        return value.isoformat()
    if isinstance(value, tuple):
        return [_plain(item) for item in value]
    if is_dataclass(value):
        named = {item.name: _plain(getattr(value, item.name)) for item in fields(value)}
        return named | ({"type": _TYPES[type(value)]} if type(value) in _TYPES else {})
    return value


_TYPES: Final[Mapping[type, str]] = MappingProxyType(
    {Paragraph: "paragraph", Heading: "heading", Table: "table", Grid: "grid"}
)


def _block_from_plain(value: Mapping[str, Any]) -> Block:
    match value["type"]:
        case "paragraph":
            return Paragraph(value["text"])
        case "heading":
            return Heading(value["level"], value["text"])
        case "table":
            rows = tuple(tuple(row) for row in value["rows"])
            return Table(tuple(value["columns"]), rows, value["caption"], value.get("is_wide", False))
        case "grid":
            return Grid(tuple(value["widths"]), tuple(tuple(Cell(**cell) for cell in row) for row in value["rows"]))
    raise ValueError(f"unknown block type {value['type']!r}")
