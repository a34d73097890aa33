"""How wide and how tall characters are, and which font of the house draws each. Knows nothing of lines or pages.

Lengths are in em unless a name says otherwise; heights count upwards from the baseline.
"""

import unicodedata
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cache
from io import BytesIO
from pathlib import Path
from typing import Any, Final

from fontTools.pens.boundsPen import BoundsPen
from fontTools.pens.svgPathPen import SVGPathPen
from fontTools.ttLib import TTFont

from forms.letters import fonts
from forms.letters.errors import MissingGlyph

MM_PER_POINT: Final = 25.4 / 72
# The Latin glyphs of 仿宋 and 楷体 are sans-like or too wide: digits come from 宋体, as from Times in an office.
_LATIN: Final = {"fangsong": "songti", "kaiti": "songti"}


@dataclass(frozen=True)
class Ink:
    """The box that the printed strokes of a text fill, seen from the start of its baseline."""

    left: float
    bottom: float
    right: float
    top: float


class Face:
    """One font file, opened once a process."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._font = TTFont(BytesIO(path.read_bytes()), lazy=True)
        self._glyph_of: dict[int, str] = self._font.getBestCmap()
        self._em: int = self._font["head"].unitsPerEm
        head = self._font["head"]
        self.box = tuple(round(edge * 1000 / self._em) for edge in (head.xMin, head.yMin, head.xMax, head.yMax))
        self.is_truetype = "glyf" in self._font
        header = self._font["hhea"]
        # FandolSong-Regular gives its descent with the wrong sign; HarfBuzz takes the magnitude, and so do we.
        self.ascent = abs(header.ascent) / self._em
        self.descent = abs(header.descent) / self._em
        self._widths: dict[str, float] = {}

    @property
    def name(self) -> str:
        """The PostScript name, by which a reader of the PDF lists the font."""
        name = self._font["name"].getDebugName(6) or self.path.stem
        return "".join(char for char in name if char.isalnum() or char in "-_") or "Font"

    def draws(self, char: str) -> bool:
        return ord(char) in self._glyph_of

    def glyph(self, char: str) -> int:
        return int(self._font.getGlyphID(self._glyph_of[ord(char)]))

    def character_id(self, char: str) -> int | None:
        """The CID of a CID-keyed font, which stays when the font is cut down; None for other fonts."""
        name = self._glyph_of[ord(char)]
        return int(name[3:]) if self._is_cid_keyed() else None

    @cache  # noqa: B019 - faces live as long as the process
    def _is_cid_keyed(self) -> bool:
        return "CFF " in self._font and hasattr(self._font["CFF "].cff.topDictIndex[0], "ROS")

    def width(self, char: str) -> float:
        if char not in self._widths:
            self._widths[char] = self._font["hmtx"][self._glyph_of[ord(char)]][0] / self._em
        return self._widths[char]

    @cache  # noqa: B019 - faces live as long as the process
    def ink(self, char: str) -> Ink | None:
        """None for a character that leaves no mark."""
        glyphs = self._glyphs()
        pen = BoundsPen(glyphs)
        glyphs[self._glyph_of[ord(char)]].draw(pen)
        return Ink(*(edge / self._em for edge in pen.bounds)) if pen.bounds else None

    def outline(self, char: str) -> tuple[str, int]:
        """The character as the commands of an SVG path in font units, y upwards, and how many units make an em."""
        glyphs = self._glyphs()
        pen = SVGPathPen(glyphs, ntos=lambda number: f"{number:.0f}")
        glyphs[self._glyph_of[ord(char)]].draw(pen)
        return pen.getCommands(), self._em

    @cache  # noqa: B019 - faces live as long as the process
    def _glyphs(self) -> Any:
        return self._font.getGlyphSet()


@cache
def face(role: str) -> Face:
    return Face(fonts.roles()[role])


@cache
def role_of(char: str, role: str) -> str:
    """The role whose font draws `char` where the text is set in `role`. Raises MissingGlyph."""
    first = _LATIN.get(role, role) if char.isascii() else role
    for candidate in (first, role, fonts.FALLBACK):
        if face(candidate).draws(char):
            return candidate
    raise MissingGlyph([char])


@cache
def char_width(char: str, role: str) -> float:
    return face(role_of(char, role)).width(char)


def text_width(text: str, role: str) -> float:
    return sum(char_width(char, role) for char in text)


def ink_of(text: str, role: str) -> Ink:
    """The ink of a whole line of text. Raises ValueError when nothing of it leaves a mark."""
    boxes = []
    at = 0.0
    for char in text:
        drawn = face(role_of(char, role))
        if box := drawn.ink(char):
            boxes.append(Ink(at + box.left, box.bottom, at + box.right, box.top))
        at += drawn.width(char)
    if not boxes:
        raise ValueError(f"{text!r} leaves no mark")
    return Ink(
        left=min(box.left for box in boxes),
        bottom=min(box.bottom for box in boxes),
        right=max(box.right for box in boxes),
        top=max(box.top for box in boxes),
    )


def clean(text: str) -> str:
    """Composed form, one kind of space, and no joiners or selectors: what the line breaker may count on.

    Control characters stay, so that `check_glyphs` stops the letter.
    """
    kept = []
    for char in unicodedata.normalize("NFC", text):
        if char in "\t\n\r\u00a0\u2002\u2003\u2009":
            kept.append(" ")
        elif unicodedata.category(char) == "Cf" or "VARIATION SELECTOR" in unicodedata.name(char, ""):
            continue
        else:
            kept.append(char)
    return "".join(kept).strip(" ")


def check_glyphs(texts: Iterable[tuple[str, str]]) -> None:
    """Each pair is (text, role). Raises MissingGlyph that names every character of them all that cannot be drawn."""
    characters: dict[str, set[str]] = {}
    for text, role in texts:
        characters.setdefault(role, set()).update(text)
    missing = {
        char for role, found in characters.items() for char in fonts.missing_glyphs("".join(sorted(found)), role)
    }
    if missing:
        raise MissingGlyph(missing)
