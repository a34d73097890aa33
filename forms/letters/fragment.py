"""Reads the fragment that a template printed: title, text, attachments, attendance. Refuses to know head and type."""

import re
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Final
from xml.etree import ElementTree
from xml.etree.ElementTree import Element

from engine.domain.letter import GRID_WIDTH, Attachment, Block, Cell, Grid, Heading, Paragraph, Table
from engine.errors import Invalid, Problem
from forms.letters.template import LINE

_DIGITS: Final = "〇一二三四五六七八九"


@dataclass
class Part:
    """What stands between two tags: a letter, or one of its attachments."""

    titles: list[str] = field(default_factory=list)
    blocks: list[Block] = field(default_factory=list)
    attachments: list[Attachment] = field(default_factory=list)
    attendance: list[tuple[str, tuple[str, ...]]] = field(default_factory=list)

    @property
    def title(self) -> str:
        return "".join(self.titles[:1])


def read_fragment(text: str, *, name: str) -> Part:
    """Raises Invalid with every problem found, each with the line of the template that `expand` noted."""
    return _Reader(name).read(text)


class _Reader:
    def __init__(self, name: str) -> None:
        self._name = name
        self._problems: list[Problem] = []

    def read(self, text: str) -> Part:
        try:
            root = ElementTree.fromstring(f"<letter>{text}</letter>")
        except ElementTree.ParseError as error:
            line = _line_before(text, error.position)
            self._add(line, "标签没有正确配对。", f"The tags do not match ({error}).")
            raise self._invalid() from error
        part = self._part(root, is_whole=True)
        if not part.title:
            self._add(1, "模板没有标题<title>。", "The template gives no <title>.")
        if not part.blocks:
            self._add(1, "模板没有正文。", "The template gives no text.")
        if self._problems:
            raise self._invalid()
        return part

    def _part(self, parent: Element, *, is_whole: bool) -> Part:
        part = Part()
        numbers = {"h2": 0, "h3": 0}
        self._no_text(parent)
        for child in parent:
            match child.tag:
                case "title":
                    part.titles.append(self._lines(child))
                case "p":
                    part.blocks += [Paragraph(text)] if (text := self._text(child)) else []
                case "h2" | "h3":
                    part.blocks.append(self._heading(child, numbers))
                case "ol":
                    part.blocks += self._list(child, is_first_level=not any(numbers.values()))
                case "table":
                    part.blocks += self._table(child)
                case "grid":
                    part.blocks += self._grid(child)
                case "attendance" if is_whole:
                    part.attendance += self._attendance(child)
                case "attachment" if is_whole:
                    part.attachments += self._attachment(child)
                case _:
                    self._misplaced(child)
        if len(part.titles) > 1:
            self._add(_line(parent), "只能有一个标题<title>。", "There may be one <title> only.")
        return part

    def _attachment(self, element: Element) -> list[Attachment]:
        part = self._part(element, is_whole=False)
        if part.title and part.blocks:
            return [Attachment(part.title, tuple(part.blocks))]
        zh, en = "附件要有标题<title>和内容。", "An attachment needs a <title> and something below it."
        self._add(_line(element), zh, en)
        return []

    def _heading(self, element: Element, numbers: dict[str, int]) -> Heading:
        numbers[str(element.tag)] += 1
        if element.tag == "h2":
            numbers["h3"] = 0
            return Heading(1, f"{cn_number(numbers['h2'])}、{self._text(element)}")
        return Heading(2, f"（{cn_number(numbers['h3'])}）{self._text(element)}")

    def _list(self, element: Element, *, is_first_level: bool) -> list[Block]:
        """Below a heading 1. 2. 3.; on its own the first level of the text (GB/T 9704-2012 7.3.3), set as sentences."""
        items = self._items(element, element)
        if is_first_level:
            return [Heading(1, f"{cn_number(at)}、{text}") for at, text in enumerate(items, start=1)]
        return [Heading(3, f"{at}.{text}") for at, text in enumerate(items, start=1)]

    def _attendance(self, element: Element) -> list[tuple[str, tuple[str, ...]]]:
        """出席、请假、列席: the label in <caption>, each name in <li>; nobody leaves no line."""
        label = "".join(self._text(child) for child in element if child.tag == "caption")
        if not label:
            zh, en = "<attendance>要有<caption>，如出席、请假、列席。", "<attendance> needs a <caption>, such as 出席."
            self._add(_line(element), zh, en)
        names = self._items(element, (child for child in element if child.tag != "caption"))
        return [(label, tuple(names))] if label and names else []

    def _items(self, element: Element, children: Iterable[Element]) -> list[str]:
        self._no_text(element)
        texts = [self._text(child) if child.tag == "li" else self._misplaced(child) for child in children]
        return [text for text in texts if text]

    def _table(self, element: Element) -> list[Block]:
        self._no_text(element)
        caption = ""
        columns: tuple[str, ...] = ()
        rows: list[tuple[str, ...]] = []
        for child in element:
            if child.tag == "caption":
                caption = self._text(child)
            elif child.tag == "tr":
                self._no_text(child)
                cells = tuple(self._text(cell) if cell.tag in ("th", "td") else self._misplaced(cell) for cell in child)
                if not columns and all(cell.tag == "th" for cell in child):
                    columns = cells
                elif columns and len(cells) != len(columns):
                    zh = f"表格“{caption or '、'.join(columns)}”这一行有{len(cells)}格，应当有{len(columns)}格。"
                    en = f"This row has {len(cells)} cells: a table needs as many cells in every row ({len(columns)})."
                    self._add(_line(child), zh, en)
                else:
                    rows.append(cells)
            else:
                self._misplaced(child)
        if not columns:
            zh, en = f"表格“{caption}”须有表头<th>。", "A table needs a header row of <th>."
            self._add(_line(element), zh, en)
            return []
        return [Table(columns, tuple(rows), caption, is_wide=element.get("wide") == "true")]

    def _grid(self, element: Element) -> list[Block]:
        self._no_text(element)
        widths = tuple(int(width) for width in (element.get("widths") or "").split())
        if not widths or min(widths) < 1 or sum(widths) > GRID_WIDTH:
            zh = f'<grid>要写明各栏字数且合计不超过{GRID_WIDTH}，如widths="6 8 6 8"。'
            en = f'<grid> says how many characters its columns take, {GRID_WIDTH} at most: widths="6 8 6 8".'
            self._add(_line(element), zh, en)
            return []
        rows = [self._grid_row(row, len(widths)) for row in element]
        return [Grid(widths, tuple(row for row in rows if row))]

    def _grid_row(self, element: Element, columns: int) -> tuple[Cell, ...]:
        if element.tag != "tr":
            self._misplaced(element)
            return ()
        self._no_text(element)
        cells = tuple(self._cell(cell) for cell in element)
        if sum(cell.columns for cell in cells) != columns:
            zh = f"表单这一行占{sum(cell.columns for cell in cells)}栏，应当正好占满{columns}栏。"
            self._add(_line(element), zh, f"A row of this form must fill exactly {columns} columns.")
            return ()
        return cells

    def _cell(self, element: Element) -> Cell:
        if element.tag not in ("th", "td"):
            self._misplaced(element)
        text = self._lines(element)
        return Cell(text, columns=int(element.get("columns", "1")), lines=int(element.get("lines", "1")))

    def _lines(self, element: Element) -> str:
        lines = [element.text or ""]
        for child in element:
            if child.tag == "br":
                lines.append(child.tail or "")
            else:
                self._misplaced(child)
        return "\n".join(text for line in lines if (text := _collapse(line)))

    def _text(self, element: Element) -> str:
        for child in element:
            self._misplaced(child)
        return _collapse(element.text or "")

    def _no_text(self, element: Element) -> None:
        for text, tag in ((element.text, element), *((child.tail, child) for child in element)):
            if text and text.strip():
                shown = _collapse(text)[:12]
                zh, en = f"“{shown}”不在任何段落里，请放进<p>。", f"{shown!r} stands in no paragraph: put it in <p>."
                self._add(_line(tag), zh, en)

    def _misplaced(self, element: Element) -> str:
        zh, en = f"<{element.tag}>不能放在这里。", f"<{element.tag}> may not stand here."
        self._add(_line(element), zh, en)
        return ""

    def _add(self, line: int, zh: str, en: str) -> None:
        self._problems.append(Problem(where=f"{self._name}:{line}", zh=zh, en=en))

    def _invalid(self) -> Invalid:
        message = f"The letter template {self._name} cannot be used."
        # A tag inside a loop is wrong once, however often it was printed.
        return Invalid("template_invalid", message, tuple(dict.fromkeys(self._problems)), template=self._name)


def cn_number(number: int) -> str:
    """1 to 99 in Han numerals, as headings count."""
    tens, ones = divmod(number, 10)
    if not tens:
        return _DIGITS[ones]
    return ("" if tens == 1 else _DIGITS[tens]) + "十" + (_DIGITS[ones] if ones else "")


def _line(element: Element) -> int:
    return int(element.get(LINE, "1"))


def _line_before(text: str, position: tuple[int, int]) -> int:
    """The line noted on the last tag before the place where the parser stopped."""
    row, column = position
    lines = text.split("\n")[:row]
    noted = re.findall(rf'<[a-z0-9]+ {LINE}="(\d+)"', "\n".join([*lines[:-1], lines[-1][:column]]) if lines else "")
    return int(noted[-1]) if noted else 1


def _collapse(text: str) -> str:
    """Line ends and indents of the template vanish between Han characters and are one space between Latin words."""
    text = re.sub(r"[^\S\u3000]+", " ", text).strip()
    return re.sub(r"(?<=[^\x00-\x7f]) | (?=[^\x00-\x7f])", "", text)
