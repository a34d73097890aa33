"""Turns the placed pages of a letter into a PDF, operator by operator: nothing is parsed, fetched or guessed.

The PDF is tagged, and made for archives (PDF/A-2u). Its parts: `embed` the fonts, `tags` the structure, `archival` the
rest of what an archive asks for.
"""

import hashlib
import io
from collections.abc import Iterable, Mapping, Sequence
from functools import cache
from typing import Final

import pydyf

from engine.domain.letter import KINDS, Letter
from forms.letters.archival import About, make_archival
from forms.letters.embed import Embedded, embed
from forms.letters.flow import BOTTOM, Bar, Item, Picture, Text
from forms.letters.layout import SEAL_PLACE, Page, lay_out
from forms.letters.metrics import MM_PER_POINT
from forms.letters.objects import packed
from forms.letters.rendered import RenderedLetter, SealBox
from forms.letters.tags import Tags

_POINT: Final = 1 / MM_PER_POINT  # points in a millimetre
_HEIGHT: Final = 297.0
_A4: Final = f"[0 0 {210 * _POINT:.4f} {_HEIGHT * _POINT:.4f}]"


def render(letter: Letter) -> RenderedLetter:
    """The same letter makes the same bytes, wherever and whenever.

    Raises MissingGlyph, RenderFailed (too many pages) and FontsMissing. Takes about 20 ms a page once warm; letters
    from templates that others wrote go through `isolate`.
    """
    pages = lay_out(letter)
    pdf = write_pdf(pages, _about(letter))
    return RenderedLetter(pdf, len(pages), hashlib.sha256(pdf).hexdigest(), _seal_box(pages))


def write_pdf(pages: Sequence[Page], about: About) -> bytes:
    """The pages as they are placed. Raises FontsMissing when a font cannot be cut down."""
    pdf = pydyf.PDF()
    fonts = {role: embed(pdf, role, chars) for role, chars in sorted(_characters(pages).items())}
    resources = pydyf.Dictionary({"Font": pydyf.Dictionary({role: font.reference for role, font in fonts.items()})})
    pdf.add_object(resources)
    tags = Tags()
    written = []
    for page in pages:
        tags.begin_page()
        stream = packed("\n".join(_Content(fonts, tags).of(page)).encode())
        pdf.add_object(stream)
        entry = pydyf.Dictionary(
            {
                "Type": "/Page",
                "Parent": pdf.pages.reference,
                "MediaBox": _A4,
                "Resources": resources.reference,
                "Contents": stream.reference,
                "Tabs": "/S",
            }
        )
        pdf.add_page(entry)
        written.append(entry)
    make_archival(pdf, about, structure=tags.write(pdf, written))
    output = io.BytesIO()
    pdf.write(output, version=b"1.7", identifier=True, compress=True)
    return output.getvalue()


class _Content:
    """Writes the operators of one page."""

    def __init__(self, fonts: Mapping[str, Embedded], tags: Tags) -> None:
        self._fonts = fonts
        self._tags = tags
        self._lines: list[str] = []
        self._open: tuple[object, ...] | None = None  # what is being marked

    def of(self, page: Page) -> list[str]:
        self._items(page.items)
        if page.turned:
            # The paper stays upright, the table lies on its left side: its top along the left edge of the type area.
            self._close()
            self._lines.append(f"q 0 1 -1 0 {(page.left + _HEIGHT) * _POINT:.4f} {(_HEIGHT - BOTTOM) * _POINT:.4f} cm")
            self._items(page.turned)
            self._close()
            self._lines.append("Q")
        self._close()
        return self._lines

    def _items(self, items: Iterable[Item]) -> None:
        for item in items:
            if isinstance(item, Text):
                self._text(item)
            elif isinstance(item, Bar):
                self._mark(("artifact",), "/Artifact BMC")
                self._lines.append(f"{_colour(item.colour)} rg {_box(item)} re f")
            else:
                self._picture(item)

    def _text(self, text: Text) -> None:
        if not text.runs:
            if text.place is not None:
                self._tags.note_empty(text.block, text.place)
            return
        if text.tag == "footer" or self._tags.is_repeated(text):
            self._mark(("artifact", text.tag), "/Artifact <</Type /Pagination>> BDC")
        else:
            key = (text.block, text.tag, text.place)
            if self._open != key:
                role, number = self._tags.mark(text)
                self._mark(key, f"/{role} <</MCID {number}>> BDC")
        self._lines.append(f"BT {_colour(text.colour)} rg")
        y = (_HEIGHT - text.y) * _POINT
        for run in text.runs:
            x = text.x * _POINT + run.x * text.stretch
            codes = self._fonts[run.role].code_of
            printed = "".join([codes[char] for char in run.text])
            self._lines.append(
                f"/{run.role} {text.size:g} Tf {run.spacing:.4f} Tc {text.stretch:.5g} 0 0 1 {x:.4f} {y:.4f} Tm "
                f"<{printed}> Tj"
            )
        self._lines.append("ET")

    def _picture(self, picture: Picture) -> None:
        if not picture.paths:
            return
        box = _edges(picture)
        if picture.label:
            number = self._tags.mark_picture(picture.label, box)
            self._mark(("picture", number), f"/Figure <</MCID {number}>> BDC")
        else:
            self._mark(("artifact",), "/Artifact BMC")
        self._lines.append(f"q {_POINT:.6f} 0 0 {-_POINT:.6f} {box[0]:.4f} {box[3]:.4f} cm {picture.paths} Q")

    def _mark(self, key: tuple[object, ...], begin: str) -> None:
        if self._open != key:
            self._close()
            self._lines.append(begin)
            self._open = key

    def _close(self) -> None:
        if self._open is not None:
            self._lines.append("EMC")
            self._open = None


def _characters(pages: Sequence[Page]) -> dict[str, set[str]]:
    found: dict[str, set[str]] = {}
    for page in pages:
        for item in (*page.items, *page.turned):
            if isinstance(item, Text):
                for run in item.runs:
                    found.setdefault(run.role, set()).update(run.text)
    return found


def _about(letter: Letter) -> About:
    kind = KINDS[letter.kind]
    keywords = [kind.zh, kind.genre, letter.number, *(["演示样张"] if letter.is_sample else [])]
    return About(
        title=letter.title.replace("\n", ""), author=letter.signatory, keywords=",".join(filter(None, keywords))
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


def _box(bar: Bar) -> str:
    x, bottom = bar.x * _POINT, (_HEIGHT - bar.y - bar.height) * _POINT
    return f"{x:.4f} {bottom:.4f} {bar.width * _POINT:.4f} {bar.height * _POINT:.4f}"


@cache
def _colour(colour: str) -> str:
    """#000 or #e60012 as three shares."""
    digits = colour[1:] if len(colour) == 7 else "".join(digit * 2 for digit in colour[1:])
    return " ".join(f"{int(digits[at : at + 2], 16) / 255:.4g}" for at in (0, 2, 4))
