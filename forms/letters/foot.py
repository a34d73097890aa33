"""Places what stands at the foot of a page: 版记, page number, verification code. Clauses are of GB/T 9704-2012."""

from dataclasses import dataclass
from typing import Final

from engine.domain.letter import CORRESPONDENCE, MINUTES, ORDER, SLIP, Letter, format_date
from forms.letters import artwork, metrics
from forms.letters.flow import BOTTOM, LINE, MIDDLE, WIDTH, Bar, Item, Picture, Text
from forms.letters.metrics import MM_PER_POINT, clean
from forms.letters.titles import shape_lines
from forms.letters.typeset import TYPE_WIDTH, Measure, Span, break_lines, single_line

_SMALL: Final = 14.0  # 4号, points
_SMALL_MM: Final = _SMALL * MM_PER_POINT
_IMPRINT_PITCH: Final = 8.2


@dataclass(frozen=True)
class Imprint:
    """The 版记 with x from the edge of the type area and y from its own top, which lies `height` above the bottom.

    One that `is_ruled` stands on the back of the last leaf, an even page.
    """

    items: tuple[Item, ...]
    height: float
    is_ruled: bool = False

    @property
    def reserve(self) -> float:
        """What must stay free above the bottom of the type area: the imprint and half a line of air."""
        return self.height + LINE / 2 if self.items else 0.0

    def reserve_on(self, number: int) -> float:
        """`reserve` on a page where the imprint may stand, else nothing."""
        return 0.0 if self.is_ruled and number % 2 else self.reserve


def imprint_of(letter: Letter) -> Imprint:
    """7.4: 抄送 and 印发 between rules; 10.1: a 信函 has neither rules nor 印发, and a form of the house neither."""
    is_ruled = letter.layout not in (CORRESPONDENCE, SLIP)
    label = "分送" if letter.layout in (ORDER, MINUTES) else "抄送"
    measure = Measure(width=TYPE_WIDTH - 2 * _SMALL, size=_SMALL, spacing=0.0, hanging=3 * _SMALL, is_flush=True)
    texts: list[Item] = []
    y = 0.0
    if letter.copies_to:
        copies = f"{label}：" + clean("，".join(letter.copies_to)).rstrip("。") + "。"
        for line in break_lines([Span(copies, "fangsong")], measure):
            texts.append(Text(_SMALL_MM, y + _baseline_in_imprint(), _SMALL, line.runs, 9))
            y += _IMPRINT_PITCH
    middle = y
    if is_ruled and letter.printed_by:
        day = single_line([Span(f"{format_date(letter.date)}印发", "fangsong")], size=_SMALL)
        room = TYPE_WIDTH - 3 * _SMALL - day.width
        printer = shape_lines(clean(letter.printed_by), role="fangsong", size=_SMALL, width=room)
        for text in printer:
            line = single_line([Span(text, "fangsong")], size=_SMALL)
            texts.append(Text(_SMALL_MM, y + _baseline_in_imprint(), _SMALL, line.runs, 10))
            y += _IMPRINT_PITCH
        day_x = WIDTH - _SMALL_MM - day.width * MM_PER_POINT
        texts.append(Text(day_x, y - _IMPRINT_PITCH + _baseline_in_imprint(), _SMALL, day.runs, 10))
    if not is_ruled or not texts:
        return Imprint(tuple(texts), y)
    rules: list[Item] = [Bar(0, 0, WIDTH, 0.35), Bar(0, y - 0.35, WIDTH, 0.35)]
    rules += [Bar(0, middle - 0.125, WIDTH, 0.25)] if 0 < middle < y else []
    return Imprint((*rules, *texts), y, is_ruled=True)


def page_number(number: int, left: float) -> Text:
    """7.5: — 1 — in 4号 宋体, the dashes 7 mm below the type area, one character in from the outer edge."""
    line = single_line([Span(f"— {number} —", "songti")], size=_SMALL)
    dash = metrics.ink_of("—", "songti")
    baseline = BOTTOM + 7.0 + dash.top * _SMALL_MM
    is_front = number % 2 == 1
    x = left + (WIDTH - _SMALL_MM - line.width * MM_PER_POINT if is_front else _SMALL_MM)
    return Text(x, baseline, _SMALL, line.runs, 0, tag="footer")


def verification_code(url: str, number: int, left: float) -> Picture:
    """Below the type area, opposite the page number and above the rule of a 信函: it takes no line of the grid."""
    x = left if number % 2 else left + WIDTH - artwork.CODE_WIDTH
    return Picture(x, BOTTOM + 1.4, artwork.CODE_WIDTH, artwork.CODE_SIDE, artwork.verification_code(url), "扫码核验")


def _baseline_in_imprint() -> float:
    return _IMPRINT_PITCH / 2 + MIDDLE * _SMALL_MM
