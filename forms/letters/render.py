"""Turns a letter, or a printout, into a PDF. The only module that knows WeasyPrint: a letter is handed over as placed
text, a printout flows.

The HTML is made by `markup` from millimetres, or by `printout`; no template reaches it, and nothing is fetched but the
fonts of the house. The PDF is tagged, and made for archives (PDF/A-2u).
"""

import hashlib
import json
import logging
import warnings
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass
from functools import cache
from types import MappingProxyType
from typing import Any, Final

import weasyprint
from weasyprint.text.fonts import FontConfiguration
from weasyprint.urls import FatalURLFetchingError, URLFetcher

from engine.domain.letter import KINDS, Letter
from forms.letters import fonts, markup
from forms.letters.errors import RenderFailed
from forms.letters.flow import Picture, Text
from forms.letters.layout import SEAL_PLACE, Page, lay_out
from forms.letters.metrics import MM_PER_POINT, face
from forms.letters.printout import MAX_ROWS, Printout, from_json, style_of
from forms.letters.printout import html_of as flowing_html
from forms.letters.rendered import RenderedLetter, SealBox

_POINT: Final = 1 / MM_PER_POINT  # points in a millimetre
_HEIGHT: Final = 297.0
# WeasyPrint 70.0 needs up to 1.5 ms and 30 kB a run: this many stay within 30 s and 1 GB (docs/benchmark.md).
MAX_RUNS: Final = 12_000
VARIANT: Final[Mapping[str, Any]] = MappingProxyType({"pdf_variant": "pdf/a-2u", "pdf_tags": True})


def render(letter: Letter) -> RenderedLetter:
    """The same letter makes the same bytes, wherever and whenever.

    Raises MissingGlyph, RenderFailed (too many pages, or too much on them) and FontsMissing. Takes about 0.1 s a page
    once warm; letters from templates that others wrote go through `isolate`.
    """
    pages = lay_out(letter)
    _check_amount(pages)
    pdf = print_html(html_of(letter, pages))
    return RenderedLetter(pdf, len(pages), hashlib.sha256(pdf).hexdigest(), _seal_box(pages))


def _check_amount(pages: Sequence[Page]) -> None:
    """Long before the limits of `isolate` are reached the writer is told what to do."""
    items = (item for page in pages for item in (*page.items, *page.turned))
    runs = sum(len(item.runs) for item in items if isinstance(item, Text))
    if runs > MAX_RUNS:
        raise RenderFailed(
            f"its {len(pages)} pages hold {runs} pieces of text, and a letter holds at most {MAX_RUNS}, about 700 rows "
            "of a table of six columns: send a long table in several letters, or as a file",
            f"全文 {len(pages)} 页共 {runs} 段文字，一件公文最多 {MAX_RUNS} 段（六栏表格约 700 行）；"
            "请把长表格分作几件公文，或另以电子表格发送",
        )


def html_of(letter: Letter, pages: Sequence[Page]) -> list[str]:
    """One document a page; all tell the same of the letter."""
    kind = KINDS[letter.kind]
    keywords = [kind.zh, kind.genre, letter.number, *(["演示样张"] if letter.is_sample else [])]
    return markup.documents_of(
        pages,
        title=letter.title.replace("\n", ""),
        author=letter.signatory,
        keywords=",".join(filter(None, keywords)),
    )


def print_html(documents: Sequence[str]) -> bytes:
    """One PDF of documents of one page each. The first call of a process also reads the fonts: FontsMissing.

    Raises RenderFailed when a document does not stay on its page.
    """
    house = _house()
    rendered = [
        weasyprint.HTML(string=text, url_fetcher=house.fetcher).render(
            stylesheets=[house.style], font_config=house.font_config, **VARIANT
        )
        for text in documents
    ]
    whole = rendered[0].copy([page for document in rendered for page in document.pages])
    if len(whole.pages) != len(documents):
        raise RenderFailed("a page of it runs over onto another", "有一页的内容超出纸面")
    return _written(whole)


def render_printout(printout: Printout) -> RenderedLetter:
    """The same printout makes the same bytes. A character that no font draws stands as its code, [U+1F600].

    Raises RenderFailed (too much on it) and FontsMissing.
    """
    if len(printout.rows) > MAX_ROWS:
        raise RenderFailed(
            f"its table has {len(printout.rows)} rows, and a printout holds at most {MAX_ROWS}",
            f"环节表有 {len(printout.rows)} 行，一份打印件最多 {MAX_ROWS} 行",
        )
    house = _house()
    text, heading, fallback = (f"'{face(role).name}'" for role in ("songti", "heiti", fonts.FALLBACK))
    text, heading = f"{text},{fallback}", f"{heading},{fallback}"
    printable = _only_drawn(printout)
    style = style_of(printable, text=text, heading=heading)
    document = weasyprint.HTML(string=flowing_html(printable, heading=heading), url_fetcher=house.fetcher).render(
        stylesheets=[weasyprint.CSS(string=style, font_config=house.font_config, url_fetcher=house.fetcher)],
        font_config=house.font_config,
        **VARIANT,
    )
    pdf = _written(document)
    return RenderedLetter(pdf, len(document.pages), hashlib.sha256(pdf).hexdigest())


def _only_drawn(printout: Printout) -> Printout:
    text = json.dumps(asdict(printout), ensure_ascii=False)
    missing = {char for role in ("songti", "heiti") for char in fonts.missing_glyphs(text, role)}
    return from_json(text.translate({ord(char): f"[U+{ord(char):04X}]" for char in missing}))


def _written(document: weasyprint.Document) -> bytes:
    with warnings.catch_warnings():
        # WeasyPrint 70.0 leaves the file of its sRGB profile to the garbage collector.
        warnings.simplefilter("ignore", ResourceWarning)
        return bytes(document.write_pdf(**VARIANT))


class FontFetcher(URLFetcher):  # type: ignore[misc]
    """Serves the registered font files; anything else stops the letter (threat E40)."""

    def __init__(self, allowed: Iterable[str]) -> None:
        super().__init__(allowed_protocols={"file"}, allow_redirects=False, fail_on_errors=True)
        self._allowed = frozenset(allowed)

    def fetch(self, url: str, headers: dict[str, str] | None = None) -> Any:
        if url not in self._allowed:
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
    faces = "".join(_font_face(role, uri) for role, uri in addresses.items())
    style = weasyprint.CSS(string=faces + markup.STYLE, font_config=font_config, url_fetcher=fetcher)
    return _House(font_config, style, fetcher)


def _font_face(role: str, uri: str) -> str:
    """The family bears the name of the font, which is what the PDF then calls it."""
    name = face(role).name
    return (
        f'@font-face{{font-family:"{name}";font-weight:400;font-style:normal;src:url({uri})}}'
        f'.{role}{{font-family:"{name}"}}'
    )


def _seal_box(pages: Sequence[Page]) -> SealBox | None:
    """Where the picture of the seal's place lies, which a letter that is no sample has without strokes."""
    for page in pages:
        for item in page.items:
            if isinstance(item, Picture) and item.label == SEAL_PLACE:
                return SealBox(page.number, *_edges(item))
    return None


def _edges(picture: Picture) -> tuple[float, float, float, float]:
    """Left, bottom, right and top in points from the lower left corner of the page."""
    left, top = picture.x * _POINT, (_HEIGHT - picture.y) * _POINT
    return (left, top - picture.height * _POINT, left + picture.width * _POINT, top)
