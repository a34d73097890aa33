"""WeasyPrint puts every character where the layout placed it: between placed millimetres and paper nothing moves."""

import io
from collections.abc import Iterator
from dataclasses import dataclass

import pytest
from letters_measure import Char, chars_of
from letters_samples import LETTERS, LONG_CORRESPONDENCE, WIDE_LETTER
from pdfminer.high_level import extract_pages

from engine.domain.letter import Letter
from forms.letters.flow import BOTTOM, Text
from forms.letters.layout import Page, lay_out
from forms.letters.metrics import MM_PER_POINT, char_width
from forms.letters.render import render

# WeasyPrint 70.0 cuts every gap between two characters to a thousandth of an em, which adds up along a line.
ACROSS, DOWN = 0.15, 0.01


@pytest.mark.parametrize(
    "letter",
    [*LETTERS, LONG_CORRESPONDENCE, WIDE_LETTER],
    ids=[*(letter.layout for letter in LETTERS), "long", "wide"],
)
def test_every_character_stands_where_it_was_placed(letter: Letter) -> None:
    pages = lay_out(letter)

    printed = list(extract_pages(io.BytesIO(render(letter).pdf)))

    assert len(printed) == len(pages)
    for page, paper in zip(pages, printed, strict=True):
        placed = list(_placed(page))
        found = [char for char in chars_of(paper) if char.text.strip()]
        assert sorted((each.text, each.font) for each in found) == sorted((each.text, each.font) for each in placed)
        assert [each for each in placed if not any(each.is_met_by(char) for char in found)] == []
        assert [char for char in found if not any(each.is_met_by(char) for each in placed)] == []


@dataclass(frozen=True)
class _Placed:
    """A character of a role, `x` and `y` millimetres from the upper left corner of the paper."""

    text: str
    font: str
    x: float
    y: float
    is_turned: bool

    def is_met_by(self, char: Char) -> bool:
        across, down = (DOWN, ACROSS) if self.is_turned else (ACROSS, DOWN)
        is_same = (char.text, char.font) == (self.text, self.font)
        return is_same and abs(char.x - self.x) <= across and abs(char.baseline - self.y) <= down


def _placed(page: Page) -> Iterator[_Placed]:
    for items, is_turned in ((page.items, False), (page.turned, True)):
        for text in items:
            if not isinstance(text, Text):
                continue
            for run in text.runs:
                x = text.x + run.x * text.stretch * MM_PER_POINT
                for char in run.text:
                    if char.strip():
                        at = (page.left + text.y, BOTTOM - x) if is_turned else (x, text.y)
                        yield _Placed(char, run.role, *at, is_turned)
                    x += (char_width(char, run.role) * text.size + run.spacing) * text.stretch * MM_PER_POINT
