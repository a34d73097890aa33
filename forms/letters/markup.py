"""The placed pages of a letter as HTML for WeasyPrint: every element stands where its millimetres say.

A line of text is one element; what differs in font or spacing inside it is a span of its own. Nothing of a template
reaches the HTML but words, and they are escaped.
"""

import html
from collections.abc import Iterable, Sequence
from dataclasses import replace
from functools import cache
from itertools import groupby
from typing import Final

from forms.letters import metrics
from forms.letters.flow import BOTTOM, Bar, Item, Picture, Text
from forms.letters.layout import Page
from forms.letters.metrics import MM_PER_POINT
from forms.letters.typeset import BODY_SIZE, Run

# The lines are `l`; in a table the element of a cell may be its line. A table is laid out as blocks, and still tagged
# as a table; `x-turn` is no element of HTML, so that the tags give it no meaning.
STYLE: Final = f"""
@page {{ size: A4; margin: 0; @top-left {{ content: element(foot); vertical-align: top }} }}
* {{ margin: 0; padding: 0; font-weight: normal; text-align: left }}
html {{ font-kerning: none; font-variant-ligatures: none; line-height: 1; font-size: {BODY_SIZE}pt }}
x-turn {{ display: block; position: absolute; left: 0; top: 0; width: 296mm; height: 0; transform-origin: 0 0 }}
p, h1, h2, h3, table, thead, tbody, tr, th, td {{ display: block; height: 0; font-size: 1em }}
footer {{ position: running(foot) }}
i, s, u {{ font-style: normal; text-decoration: none }}
.l {{ position: absolute; display: block; white-space: pre; width: 400mm; transform-origin: 0 0 }}
.k {{ letter-spacing: 0 }}
b, svg {{ position: absolute; display: block }}
"""
_NEGLIGIBLE: Final = 0.0005  # points
_TOUCHING: Final = 0.001  # mm


def documents_of(pages: Sequence[Page], *, title: str, author: str, keywords: str) -> list[str]:
    """Every page as a document of its own; the style sheet is `STYLE`, with a class for every role of `fonts`.

    WeasyPrint lays out every page of a longer document twice, to see whether one moves another.
    """
    about = {"author": author, "keywords": keywords, "generator": "Duban"}
    head = "".join(f'<meta name="{name}" content="{html.escape(value)}">' for name, value in about.items())
    head = f'<!doctype html><html lang="zh-CN"><head><title>{html.escape(title)}</title>{head}</head>'
    return [f"{head}<body>{_page(page)}</body></html>" for page in pages]


def _page(page: Page) -> str:
    numbers = [item for item in page.items if isinstance(item, Text) and item.tag == "footer"]
    inner = _items([item for item in page.items if item not in numbers])
    if page.turned:
        # The paper stays upright, the table lies on its left side: its top along the left edge of the type area.
        style = f"transform:translate({page.left:g}mm,{BOTTOM:g}mm) rotate(-90deg)"
        inner += f'<x-turn style="{style}">{_items(page.turned)}</x-turn>'
    return "".join(map(_page_number, numbers)) + inner


def _page_number(text: Text) -> str:
    """In the margin, which is not read out; margins know no absolute places."""
    left, top = _corner(text)
    style = f"margin:{top:.4f}mm 0 0 {left:.4f}mm{_looks(text)}"
    return f'<footer class="{_usual(text).role}" style="{style}">{_runs(text)}</footer>'


def _items(items: Sequence[Item]) -> str:
    """In the order of reading, which is that of painting too; all rules stand where the first one stood."""
    bars = [item for item in items if isinstance(item, Bar)]
    if not bars:
        return _read(items)
    first = items.index(bars[0])
    rest = [item for item in items[first:] if not isinstance(item, Bar)]
    return _read(items[:first]) + "".join(map(_bar, _joined(bars))) + _read(rest)


def _read(items: Iterable[Item]) -> str:
    parts = []
    for (_, tag), group in groupby(items, key=_group):
        if tag == "svg":
            parts += [_picture(item) for item in group if isinstance(item, Picture) and item.svg]
            continue
        texts = [item for item in group if isinstance(item, Text)]
        parts.append(_table(texts) if tag == "table" else _element(tag, texts))
    return "".join(parts)


def _group(item: Item) -> tuple[int, str]:
    """The lines of one paragraph make one element, and so do the cells of one table."""
    if isinstance(item, Text):
        return item.block, "table" if item.place else item.tag
    return 0, "svg"


def _table(texts: Iterable[Text]) -> str:
    rows: dict[int, dict[int, list[Text]]] = {}
    for text in texts:
        assert text.place is not None
        rows.setdefault(text.place.row, {}).setdefault(text.place.column, []).append(text)
    parts = [_row(row) for row in rows.values()]
    return f"<table>{''.join(parts)}</table>"


def _row(cells: dict[int, list[Text]]) -> str:
    parts = []
    for lines in cells.values():
        place = lines[0].place
        assert place is not None
        parts.append(_element("th" if place.is_heading else "td", [line for line in lines if line.runs]))
    return f"<tr>{''.join(parts)}</tr>"


def _element(tag: str, lines: Sequence[Text]) -> str:
    """A single line needs no element inside."""
    if len(lines) == 1:
        return _line(tag, lines[0])
    return f"<{tag}>{''.join(_line('i', line) for line in lines)}</{tag}>"


def _line(tag: str, text: Text) -> str:
    left, top = _corner(text)
    style = f"left:{left:.4f}mm;top:{top:.4f}mm{_looks(text)}"
    return f'<{tag} class="l {_usual(text).role}" style="{style}">{_runs(text)}</{tag}>'


def _corner(text: Text) -> tuple[float, float]:
    """Of the box of the line: with line-height 1 the lowest baseline of its fonts rules."""
    drop = max(_drop(run.role) for run in text.runs)
    left = text.x + text.runs[0].x * text.stretch * MM_PER_POINT
    return left, text.y - drop * text.size * MM_PER_POINT


@cache
def _drop(role: str) -> float:
    """How far below the top of its line a font's baseline lies, in em: half of what it does not fill is above it."""
    face = metrics.face(role)
    return (1 + face.ascent - face.descent) / 2


def _looks(text: Text) -> str:
    spacing = _usual(text).spacing
    style = f";font-size:{text.size:g}pt" if text.size != BODY_SIZE else ""
    style += f";letter-spacing:{spacing:.4f}pt" if spacing else ""
    style += f";color:{text.colour}" if text.colour != "#000" else ""
    return style + (f";transform:scaleX({text.stretch:.5f})" if text.stretch != 1.0 else "")


def _usual(text: Text) -> Run:
    """The run whose font and spacing the line has, where no span says otherwise."""
    return max(text.runs, key=lambda run: len(run.text))


def _runs(text: Text) -> str:
    usual = _usual(text)
    parts = []
    for run, following in zip(text.runs, (*text.runs[1:], None), strict=True):
        words = html.escape(run.text, quote=False)
        gap = 0.0
        if following is not None:
            end = run.x + metrics.text_width(run.text, run.role) * text.size + len(run.text) * run.spacing
            gap = following.x - end
        style = [f"margin-right:{gap:.4f}pt"] if abs(gap) > _NEGLIGIBLE else []
        kinds = [run.role] if run.role != usual.role else []
        if run.spacing != usual.spacing:
            kinds += ["k"] if not run.spacing else []
            style += [f"letter-spacing:{run.spacing:.4f}pt"] if run.spacing else []
        if kinds or style:
            words = f"<s{_attribute('class', ' '.join(kinds))}{_attribute('style', ';'.join(style))}>{words}</s>"
        parts.append(words)
    return "".join(parts)


def _attribute(name: str, value: str) -> str:
    return f' {name}="{value}"' if value else ""


def _joined(bars: Iterable[Bar]) -> list[Bar]:
    """Each rule once: those of neighbouring rows of a table lie on each other, or go on in each other."""
    upright: dict[tuple[float, float, str], list[Bar]] = {}
    for bar in dict.fromkeys(bars):
        upright.setdefault((round(bar.x, 3), round(bar.width, 3), bar.colour), []).append(bar)
    found: list[Bar] = []
    for column in upright.values():
        column.sort(key=lambda bar: bar.y)
        last = column[0]
        for bar in column[1:]:
            if bar.y <= last.y + last.height + _TOUCHING:
                last = replace(last, height=max(last.height, bar.y + bar.height - last.y))
            else:
                found.append(last)
                last = bar
        found.append(last)
    return found


def _bar(bar: Bar) -> str:
    return f'<b style="{_box(bar)};background:{bar.colour}"></b>'


def _picture(picture: Picture) -> str:
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {picture.width:g} {picture.height:g}" '
        f'style="{_box(picture)}"><title>{html.escape(picture.label)}</title>{picture.svg}</svg>'
    )


def _box(item: Bar | Picture) -> str:
    return f"left:{item.x:.4f}mm;top:{item.y:.4f}mm;width:{item.width:.4f}mm;height:{item.height:.4f}mm"
