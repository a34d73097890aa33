"""A printout 打印件: pictures and one table on landscape paper, with a head, page numbers and a digest.

It is no letter: it has no number and no seal, and its text flows.

`isolate.print_isolated` makes the PDF; here is the value and its HTML, of which every word is escaped.
"""

import html
import json
from dataclasses import asdict, dataclass
from typing import Any, Final

from forms.drawing.letters import NOT_SHOWN

SAME_SIZE: Final = "\u2028"
MAX_ROWS: Final = 300  # of the table: 12 s of processor time with their diagram, within the 30 s of a press


@dataclass(frozen=True)
class PrintedPicture:
    """`svg` without styles, scripts or addresses, as `forms.drawing` makes it."""

    svg: str
    width_mm: float
    height_mm: float
    caption: str


@dataclass(frozen=True)
class Column:
    """`share` of the width, in per cent."""

    heading: str
    share: float


@dataclass(frozen=True)
class Printout:
    """`paper` is A3 or A4; `page_words` stand before, between and after the number of the page and of all pages.

    In a cell, what follows the first line is set smaller; SAME_SIZE breaks a line without that.
    """

    title: str
    lang: str
    paper: str
    head: str
    foot: str
    page_words: tuple[str, str, str]
    facts: tuple[tuple[str, str], ...]
    pictures: tuple[PrintedPicture, ...]
    table_title: str
    columns: tuple[Column, ...]
    rows: tuple[tuple[str, ...], ...]
    note: str = ""

    def to_json(self) -> str:
        """One line of ASCII."""
        return json.dumps(asdict(self))


def from_json(text: str) -> Printout:
    """Raises ValueError, KeyError or TypeError for what `to_json` did not write."""
    values: dict[str, Any] = json.loads(text)
    given = {
        "page_words": tuple(values["page_words"]),
        "facts": tuple((name, value) for name, value in values["facts"]),
        "pictures": tuple(PrintedPicture(**one) for one in values["pictures"]),
        "columns": tuple(Column(**one) for one in values["columns"]),
        "rows": tuple(tuple(row) for row in values["rows"]),
    }
    return Printout(**{**values, **given})


def style_of(printout: Printout, *, text: str, heading: str) -> str:
    """`text` and `heading` are the families of fonts, as CSS lists them."""
    before, between, after = map(_css_text, printout.page_words)
    return f"""
@page {{ size: {"A3" if printout.paper == "A3" else "A4"} landscape; margin: 17mm 12mm 14mm;
  @top-left {{ content: {_css_text(printout.title)}; font: 9pt {heading}; vertical-align: bottom;
    padding-bottom: 2mm; width: 50% }}
  @top-right {{ content: {_css_text(printout.head)}; font: 8.5pt {text}; vertical-align: bottom; padding-bottom: 2mm;
    text-align: right; width: 50% }}
  @bottom-left {{ content: {_css_text(printout.foot)}; font: 7pt {text}; vertical-align: top; padding-top: 2mm;
    width: 75% }}
  @bottom-right {{ content: {before} counter(page) {between} counter(pages) {after}; font: 8.5pt {text};
    vertical-align: top; padding-top: 2mm; text-align: right; width: 25% }} }}
@page :first {{ @top-left {{ content: none }} }}
* {{ margin: 0; padding: 0; font-weight: normal; font-style: normal }}
body {{ font: 9pt/1.4 {text}; color: #111827 }}
svg {{ display: block; width: 100%; height: 100% }}
h1 {{ font: 17pt/1.3 {heading}; margin-bottom: 2mm }}
h2 {{ font: 12pt/1.3 {heading}; break-after: avoid; margin: 0 0 2mm }}
.facts {{ margin-bottom: 4mm }}
.facts b {{ font-family: {heading} }}
.facts span {{ margin-right: 6mm }}
figure {{ break-inside: avoid; margin-bottom: 4mm }}
figcaption {{ font-size: 8pt; color: #4b5563; margin-bottom: 1mm }}
section {{ margin-top: 6mm }}
table {{ border-collapse: collapse; width: 100%; table-layout: fixed }}
thead {{ display: table-header-group }}
tr {{ break-inside: avoid }}
th, td {{ border: 0.25mm solid #6b7280; padding: 1mm 1.4mm; text-align: left; vertical-align: top;
  overflow-wrap: anywhere; font-size: 8.5pt }}
th {{ font-family: {heading}; background: #eef1f5 }}
small {{ font-size: 7pt; color: #374151 }}
.note {{ font-size: 8pt; color: #4b5563; margin-top: 2mm }}
"""


def html_of(printout: Printout, *, heading: str) -> str:
    """The document, to be set with `style_of`. The words of pictures are in `heading` too: WeasyPrint's SVG takes its
    fonts from attributes only."""
    fonts = html.escape(heading)
    pictures = "".join(_figure(picture, fonts) for picture in printout.pictures)
    facts = "".join(f"<span><b>{_shown(name)}</b> {_shown(value)}</span> " for name, value in printout.facts)
    lang = "en" if printout.lang == "en" else "zh-CN"
    return (
        f'<!doctype html><html lang="{lang}"><head><title>{_shown(printout.title)}</title>'
        f'<meta name="generator" content="Duban"></head><body><h1>{_shown(printout.title)}</h1>'
        f'<p class="facts">{facts}</p>{pictures}{_table(printout)}</body></html>'
    )


def _figure(picture: PrintedPicture, fonts: str) -> str:
    size = f"width:{picture.width_mm:.2f}mm;height:{picture.height_mm:.2f}mm"
    svg = picture.svg.replace("<svg ", f'<svg font-family="{fonts}" ', 1)
    return f'<figure><figcaption>{_shown(picture.caption)}</figcaption><div style="{size}">{svg}</div></figure>'


def _table(printout: Printout) -> str:
    if not printout.rows:
        return ""
    columns = "".join(f'<col style="width:{column.share:g}%">' for column in printout.columns)
    heads = "".join(f'<th scope="col">{_shown(column.heading)}</th>' for column in printout.columns)
    rows = "".join(f"<tr>{''.join(map(_cell, row))}</tr>" for row in printout.rows)
    note = f'<p class="note">{_shown(printout.note)}</p>' if printout.note else ""
    return (
        f"<section><h2>{_shown(printout.table_title)}</h2><table><colgroup>{columns}</colgroup>"
        f"<thead><tr>{heads}</tr></thead><tbody>{rows}</tbody></table>{note}</section>"
    )


def _cell(text: str) -> str:
    first, *others = text.split("\n")
    small = "".join(f"<br><small>{_shown(line)}</small>" for line in others)
    return f"<td>{_shown(first).replace(SAME_SIZE, '<br>')}{small}</td>"


def _shown(text: str) -> str:
    return html.escape(NOT_SHOWN.sub("", text))


def _css_text(text: str) -> str:
    """A string of CSS: whatever is no plain letter goes in as its number, as a space after one would be swallowed."""
    return '"' + "".join(char if char.isascii() and char.isalnum() else f"\\{ord(char):06x}" for char in text) + '"'
