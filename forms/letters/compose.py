"""Makes a letter out of a template, the facts of a case and the fields of the head. Refuses to know how it will look.

A template yields a small fragment: one `title` (broken by `<br/>` if need be), then `p`, `h2`, `h3`, `ol` with `li`,
`table` with `caption` and rows, and `attachment` with a `title` of its own. Headings and items are numbered here
(一、 （一） 1.), so that a part left out leaves no gap.
"""

import re
from collections.abc import Mapping, Sequence
from datetime import date as Date
from typing import Any, Final
from xml.etree import ElementTree
from xml.etree.ElementTree import Element

from engine.domain.letter import DOCUMENT, KINDS, Attachment, Block, Heading, Letter, Paragraph, Table
from engine.errors import Invalid, Problem
from forms.letters.template import expand

_DIGITS: Final = "〇一二三四五六七八九"


def compose(
    template: str,
    variables: Mapping[str, Any],
    *,
    kind: str,
    mark: str,
    number: str,
    addressees: Sequence[str],
    signatory: str,
    date: Date,
    layout: str | None = None,
    contact: str = "",
    copies_to: Sequence[str] = (),
    printed_by: str = "",
    urgency: str = "",
    is_sample: bool = True,
    verify_url: str = "",
    name: str = "",
) -> Letter:
    """The letter that the template makes of these variables (see `template.VARIABLES`).

    `name` is what problems call the template, `<kind>.html.j2` if not given; `layout` is the kind's own if not given.
    Raises Invalid with every problem found, each with template and line.
    """
    shown = name or f"{kind}.html.j2"
    if kind not in KINDS:
        raise Invalid("letter_kind_unknown", f"There is no letter kind {kind!r}.", kind=kind)
    title, body, attachments = _Fragment(shown).read(expand(template, variables, name=shown))
    return Letter(
        kind=kind,
        layout=layout or KINDS[kind].layout,
        mark=mark,
        number=number,
        title=title,
        addressees=tuple(addressees),
        body=body,
        attachments=attachments,
        signatory=signatory,
        date=date,
        contact=contact,
        copies_to=tuple(copies_to),
        printed_by=printed_by,
        urgency=urgency,
        is_sample=is_sample,
        verify_url=verify_url,
    )


def compose_for(
    kind: str,
    template_text: str,
    variables: Mapping[str, Any],
    *,
    number: str,
    date: Date,
    addressees: Sequence[str] | None = None,
    layout: str | None = None,
    copies_to: Sequence[str] = (),
    urgency: str = "",
    is_sample: bool = True,
    verify_url: str = "",
    name: str = "",
) -> Letter:
    """`compose` with the head taken from the variables: the issuer signs and prints; the unit is addressed.

    A circular or a referral speaks about the unit to others: name those in `addressees`.
    """
    if kind not in KINDS:
        raise Invalid("letter_kind_unknown", f"There is no letter kind {kind!r}.", kind=kind)
    issuer = str(variables.get("issuer") or "")
    unit = str((variables.get("unit") or {}).get("name") or "")
    chosen = layout or KINDS[kind].layout
    return compose(
        template_text,
        variables,
        kind=kind,
        layout=chosen,
        mark=f"{issuer}文件" if chosen == DOCUMENT else issuer,
        number=number,
        addressees=addressees if addressees is not None else tuple(filter(None, [unit])),
        signatory=issuer,
        date=date,
        contact=str(variables.get("contact") or ""),
        copies_to=copies_to,
        printed_by=issuer if chosen == DOCUMENT else "",
        urgency=urgency,
        is_sample=is_sample,
        verify_url=verify_url,
        name=name,
    )


class _Fragment:
    """Reads what a template printed. Lines in its problems count in the printed text, and say so."""

    def __init__(self, name: str) -> None:
        self._name = name
        self._problems: list[Problem] = []

    def read(self, text: str) -> tuple[str, tuple[Block, ...], tuple[Attachment, ...]]:
        try:
            root = ElementTree.fromstring(f"<letter>{text}</letter>")
        except ElementTree.ParseError as error:
            line = error.position[0]
            zh = f"标签没有正确配对（填充后第{line}行）。"
            self._add(zh, f"The tags do not match, at line {line} once filled in ({error}).")
            raise self._invalid() from error
        title, blocks, attachments = self._part(root, may_attach=True)
        if not title:
            self._add("模板没有标题<title>。", "The template gives no <title>.")
        if not blocks:
            self._add("模板没有正文。", "The template gives no text.")
        if self._problems:
            raise self._invalid()
        return title, blocks, attachments

    def _part(self, parent: Element, *, may_attach: bool) -> tuple[str, tuple[Block, ...], tuple[Attachment, ...]]:
        titles: list[str] = []
        blocks: list[Block] = []
        attachments: list[Attachment] = []
        numbers = {"h2": 0, "h3": 0}
        self._no_text(parent)
        for child in parent:
            match child.tag:
                case "title":
                    titles.append(self._title(child))
                case "p":
                    blocks += [Paragraph(text)] if (text := self._text(child)) else []
                case "h2" | "h3":
                    blocks.append(self._heading(child, numbers))
                case "ol":
                    blocks += self._list(child)
                case "table":
                    blocks += self._table(child)
                case "attachment" if may_attach:
                    own_title, own_blocks, _ = self._part(child, may_attach=False)
                    attachments.append(Attachment(own_title, own_blocks))
                case _:
                    self._misplaced(child)
        if len(titles) > 1:
            self._add("只能有一个标题<title>。", "There may be one <title> only.")
        return "".join(titles[:1]), tuple(blocks), tuple(attachments)

    def _heading(self, element: Element, numbers: dict[str, int]) -> Heading:
        numbers[str(element.tag)] += 1
        if element.tag == "h2":
            numbers["h3"] = 0
            return Heading(1, f"{cn_number(numbers['h2'])}、{self._text(element)}")
        return Heading(2, f"（{cn_number(numbers['h3'])}）{self._text(element)}")

    def _list(self, element: Element) -> list[Block]:
        self._no_text(element)
        texts = [self._text(item) if item.tag == "li" else self._misplaced(item) for item in element]
        return [Heading(3, f"{at}.{text}") for at, text in enumerate(filter(None, texts), start=1)]

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
                else:
                    rows.append(cells)
            else:
                self._misplaced(child)
        if not columns or any(len(row) != len(columns) for row in rows):
            self._add(
                f"表格“{caption or '、'.join(columns)}”须有表头<th>，且各行列数相同。",
                "A table needs a header row of <th>, and as many cells in every row.",
            )
            return []
        return [Table(columns=columns, rows=tuple(rows), caption=caption)]

    def _title(self, element: Element) -> str:
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
        for text in (element.text, *(child.tail for child in element)):
            if text and text.strip():
                shown = _collapse(text)[:12]
                self._add(f"“{shown}”不在任何段落里，请放进<p>。", f"{shown!r} stands in no paragraph: put it in <p>.")

    def _misplaced(self, element: Element) -> str:
        self._add(f"<{element.tag}>不能放在这里。", f"<{element.tag}> may not stand here.")
        return ""

    def _add(self, zh: str, en: str) -> None:
        self._problems.append(Problem(where=self._name, zh=zh, en=en))

    def _invalid(self) -> Invalid:
        message = f"The letter template {self._name} cannot be used."
        return Invalid("template_invalid", message, tuple(self._problems), template=self._name)


def cn_number(number: int) -> str:
    """1 to 99 in Han numerals, as headings count."""
    tens, ones = divmod(number, 10)
    if not tens:
        return _DIGITS[ones]
    return ("" if tens == 1 else _DIGITS[tens]) + "十" + (_DIGITS[ones] if ones else "")


def _collapse(text: str) -> str:
    """Line ends and indents of the template vanish between Han characters and are one space between Latin words."""
    text = re.sub(r"\s+", " ", text).strip()
    return re.sub(r"(?<=[^\x00-\x7f]) | (?=[^\x00-\x7f])", "", text)
