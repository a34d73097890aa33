"""Turns a letter into a PDF. The only module that knows WeasyPrint, and it hands it nothing but placed text.

The HTML is made here from millimetres; no template reaches it, and nothing is fetched but the fonts of the house.
"""

import hashlib
import html
import logging
import warnings
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cache
from itertools import groupby
from typing import Any, Final

import weasyprint
from weasyprint.text.fonts import FontConfiguration
from weasyprint.urls import FatalURLFetchingError, URLFetcher

from engine.domain.letter import KINDS, Letter
from forms.letters import fonts, metrics
from forms.letters.flow import Bar, Item, Picture, Text
from forms.letters.layout import Page, lay_out
from forms.letters.metrics import MM_PER_POINT
from forms.letters.rendered import RenderedLetter

_FAMILY: Final = "Duban-"
_STYLE: Final = """
@page { size: A4; margin: 0 }
* { margin: 0; padding: 0; font-weight: normal }
html { font-kerning: none; font-variant-ligatures: none; line-height: 1 }
section { position: relative; width: 210mm; height: 296.9mm }
section + section { break-before: page }
p, h1, h2, footer { height: 0 }
i { position: absolute; font-style: normal; white-space: pre; line-height: 1; transform-origin: 0 0 }
b, svg { position: absolute; display: block }
"""


def render(letter: Letter) -> RenderedLetter:
    """The same letter makes the same bytes, wherever and whenever.

    Raises MissingGlyph, RenderFailed (too many pages) and FontsMissing. Takes about 0.3 s a page once warm; letters
    from templates that others wrote go through `isolate`.
    """
    pages = lay_out(letter)
    house = _house()
    document = weasyprint.HTML(string=_document(letter, pages), url_fetcher=house.fetcher)
    with warnings.catch_warnings():
        # WeasyPrint 70.0 leaves the file of its sRGB profile to the garbage collector.
        warnings.simplefilter("ignore", ResourceWarning)
        pdf = document.write_pdf(
            stylesheets=[house.style], font_config=house.font_config, pdf_variant="pdf/a-2u", pdf_tags=True
        )
    return RenderedLetter(pdf=pdf, pages=len(pages), sha256=hashlib.sha256(pdf).hexdigest())


class FontFetcher(URLFetcher):  # type: ignore[misc]
    """Serves `data:` addresses and the registered font files; anything else stops the letter (threat E40)."""

    def __init__(self, allowed: Iterable[str]) -> None:
        super().__init__(allowed_protocols={"data", "file"}, allow_redirects=False, fail_on_errors=True)
        self._allowed = frozenset(allowed)

    def fetch(self, url: str, headers: dict[str, str] | None = None) -> Any:
        if not url.startswith("data:") and url not in self._allowed:
            raise FatalURLFetchingError(f"a letter may not fetch {url}")
        return super().fetch(url, headers)


@dataclass(frozen=True)
class _House:
    """What every letter of a process shares: fonts are read and registered once."""

    font_config: FontConfiguration
    style: weasyprint.CSS
    fetcher: FontFetcher


@cache
def _house() -> _House:
    logging.getLogger("fontTools").setLevel(logging.ERROR)
    addresses = {role: path.resolve().as_uri() for role, path in fonts.roles().items()}
    fetcher = FontFetcher(addresses.values())
    font_config = FontConfiguration()
    faces = "".join(f"@font-face{{font-family:{_FAMILY}{role};src:url({uri})}}" for role, uri in addresses.items())
    classes = "".join(f".{role}{{font-family:{_FAMILY}{role}}}" for role in addresses)
    style = weasyprint.CSS(string=faces + classes + _STYLE, font_config=font_config, url_fetcher=fetcher)
    return _House(font_config, style, fetcher)


def _document(letter: Letter, pages: list[Page]) -> str:
    kind = KINDS[letter.kind]
    keywords = [kind.zh, kind.genre, letter.number] + (["演示样张"] if letter.is_sample else [])
    head = "".join(
        f'<meta name="{name}" content="{html.escape(value)}">'
        for name, value in (
            ("author", letter.signatory),
            ("keywords", ",".join(keywords)),
            ("generator", "Duban"),
        )
    )
    title = html.escape(letter.title.replace("\n", ""))
    body = "".join(f"<section>{_page(page.items)}</section>" for page in pages)
    return f'<!doctype html><html lang="zh-CN"><head><title>{title}</title>{head}</head><body>{body}</body></html>'


def _page(items: tuple[Item, ...]) -> str:
    parts = []
    for (_, tag), group in groupby(items, key=_group):
        inner = "".join(_item(item) for item in group)
        parts.append(f"<{tag}>{inner}</{tag}>" if tag else inner)
    return "".join(parts)


def _group(item: Item) -> tuple[int, str]:
    return (item.block, item.tag) if isinstance(item, Text) else (-1, "")


def _item(item: Item) -> str:
    if isinstance(item, Text):
        return _text(item)
    box = f"left:{item.x:.4f}mm;top:{item.y:.4f}mm;width:{item.width:.4f}mm;height:{item.height:.4f}mm"
    if isinstance(item, Bar):
        return f'<b style="{box};background:{item.colour}"></b>'
    return _picture(item, box)


def _picture(picture: Picture, box: str) -> str:
    size = (
        f'viewBox="0 0 {picture.width:g} {picture.height:g}" width="{picture.width:g}mm" height="{picture.height:g}mm"'
    )
    return f'<svg role="img" aria-label="{picture.label}" {size} style="{box}">{picture.svg}</svg>'


def _text(text: Text) -> str:
    parts = []
    for run in text.runs:
        face = metrics.face(run.role)
        # With line-height 1 the baseline lies (1 + ascent - descent) / 2 em below the top of the box.
        top = text.y - (1 + face.ascent - face.descent) / 2 * text.size * MM_PER_POINT
        left = text.x + run.x * text.stretch * MM_PER_POINT
        width = (metrics.text_width(run.text, run.role) * text.size + len(run.text) * run.spacing) * MM_PER_POINT + 1
        style = f"left:{left:.4f}mm;top:{top:.4f}mm;width:{width:.1f}mm;font-size:{text.size:g}pt"
        if run.spacing:
            style += f";letter-spacing:{run.spacing:.4f}pt"
        if text.colour != "#000":
            style += f";color:{text.colour}"
        if text.stretch != 1.0:
            style += f";transform:scaleX({text.stretch:.5f})"
        parts.append(f'<i class="{run.role}" style="{style}">{html.escape(run.text)}</i>')
    return "".join(parts)
