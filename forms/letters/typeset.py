"""Breaks text into lines as an office does by hand: a 28-cell grid, 避头尾, both edges flush, numbers kept whole.

Answers with runs of one font each, placed in points from the left edge of the line; knows nothing of pages.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Final

from forms.letters.metrics import MM_PER_POINT, char_width, role_of, text_width

TYPE_WIDTH: Final = 156 / MM_PER_POINT  # points; GB/T 9704-2012 5.2.1: a type area 156 mm wide
CELLS: Final = 28  # 5.2.3: 28 characters a line
CELL: Final = TYPE_WIDTH / CELLS
BODY_SIZE: Final = 16.0  # 3号, points
BODY_SPACING: Final = (TYPE_WIDTH - CELLS * BODY_SIZE) / (CELLS - 1)

# 避头尾: what may not begin a line, what may not end one, and what loses its blank right half at the end of a line.
_NOT_FIRST: Final = frozenset("，。、；：？！）》〉」』”’】〕％%…—·．～,.;:?!)]}")
_NOT_LAST: Final = frozenset("（《〈「『“‘【〔([{")
_HALF_BLANK: Final = frozenset("，。、；：？！）》〉」』”’】〕")
_SQUEEZE: Final = 0.024  # em a gap may shrink so that closing punctuation still fits on its line
_LOOK_AHEAD: Final = 400  # tokens; more than any line takes
_BREAKABLE: Final = frozenset("-/_.@,:;=&?")


@dataclass(frozen=True)
class Span:
    """Text in one role, as the writer meant it; the role may hand single characters to another font."""

    text: str
    role: str


@dataclass(frozen=True)
class Run:
    """Characters of one font file, `x` points from the left edge of the line, `spacing` points after each."""

    x: float
    text: str
    role: str
    spacing: float


@dataclass(frozen=True)
class Line:
    runs: tuple[Run, ...]
    width: float

    @property
    def text(self) -> str:
        return "".join(run.text for run in self.runs)


@dataclass(frozen=True)
class Measure:
    """How a paragraph is set: lengths in points. `hanging` indents every line but the first."""

    width: float = TYPE_WIDTH
    size: float = BODY_SIZE
    spacing: float = BODY_SPACING
    indent: float = 0.0
    hanging: float = 0.0
    is_flush: bool = True


@dataclass(frozen=True)
class _Token:
    text: str
    role: str
    width: float

    @property
    def is_solid(self) -> bool:
        """Numbers, Latin words and —— take no part in spreading the line."""
        return len(self.text) > 1


def break_lines(spans: Sequence[Span], measure: Measure) -> list[Line]:
    """The lines of one paragraph. All but the last are flush with the right edge when the measure says so."""
    tokens = list(_tokens(spans, measure))
    lines: list[Line] = []
    start = 0
    while start < len(tokens):
        indent = measure.hanging if lines else measure.indent
        window = tokens[start : start + _LOOK_AHEAD]
        count, is_squeezed = _count_that_fits(window, measure, measure.width - indent)
        chosen = window[:count]
        start += count
        while chosen[-1].text == " " and len(chosen) > 1:
            chosen.pop()
        while start < len(tokens) and tokens[start].text == " ":
            start += 1
        is_full = start < len(tokens) or is_squeezed
        lines.append(_place(chosen, measure, indent, is_flush=measure.is_flush and is_full, is_squeezed=is_squeezed))
    return lines


def single_line(spans: Sequence[Span], *, size: float, spacing: float = 0.0) -> Line:
    """The text on one line at its natural width, however long."""
    measure = Measure(size=size, spacing=spacing, width=float("inf"), is_flush=False)
    return _place(list(_tokens(spans, measure)), measure, 0.0, is_flush=False, is_squeezed=False)


def body_line(text: str, role: str = "fangsong") -> Line:
    """One line of 3号 text as it stands on the grid, for what is centred or set from the right."""
    return single_line([Span(text, role)], size=BODY_SIZE, spacing=BODY_SPACING)


def _tokens(spans: Sequence[Span], measure: Measure) -> Iterator[_Token]:
    widest = measure.width - max(measure.indent, measure.hanging)
    for span in spans:
        start = 0
        while start < len(span.text):
            end = _token_end(span.text, start)
            word = span.text[start:end]
            start = end
            width = text_width(word, span.role) * measure.size
            if width <= widest:
                yield _Token(word, span.role, width)
            else:
                yield from _pieces(word, span.role, measure.size, widest)


def _token_end(text: str, start: int) -> int:
    """Latin letters and digits stay together, and so do the two halves of —— and ……."""
    end = start + 1
    if text[start].isascii() and text[start] != " ":
        while end < len(text) and text[end].isascii() and text[end] != " ":
            end += 1
    elif text[start] in "—…" and text[start : start + 2] == text[start] * 2:
        end = start + 2
    return end


def _pieces(word: str, role: str, size: float, widest: float) -> Iterator[_Token]:
    """A word wider than the line, cut after a separator if there is one in the last third, else anywhere."""
    while word:
        count, width = 0, 0.0
        while count < len(word) and (count == 0 or width + char_width(word[count], role) * size <= widest):
            width += char_width(word[count], role) * size
            count += 1
        if count < len(word):
            cuts = [at for at in range(count * 2 // 3, count) if word[at] in _BREAKABLE]
            count = cuts[-1] + 1 if cuts else count
        yield _Token(word[:count], role, text_width(word[:count], role) * size)
        word = word[count:]


def _count_that_fits(tokens: Sequence[_Token], measure: Measure, room: float) -> tuple[int, bool]:
    """How many tokens go on this line, and whether its last sign gives up its blank half to fit."""
    used, count = -measure.spacing, 0
    for token in tokens:
        wider = used + token.width + measure.spacing
        if wider > room + 0.05:
            break
        used, count = wider, count + 1
    if count == len(tokens):
        return count, False
    if count == 0:
        return 1, False
    if _may_break(tokens, count):
        return count, False
    if _fits_squeezed(tokens, count, used, measure, room):
        return count + 1, True
    earlier = count
    while earlier > 1 and not _may_break(tokens, earlier):
        earlier -= 1
    return (earlier if _may_break(tokens, earlier) else count), False


def _fits_squeezed(tokens: Sequence[_Token], count: int, used: float, measure: Measure, room: float) -> bool:
    """Whether closing punctuation that overflows fits by half its width, with every gap a hair tighter."""
    last = tokens[count]
    if last.text not in _HALF_BLANK:
        return False
    if count + 1 < len(tokens) and not _may_break(tokens, count + 1):
        return False
    needed = used + measure.spacing + last.width / 2
    give = count * _SQUEEZE * measure.size if measure.is_flush else 0.0
    return needed - give <= room + 0.05


def _may_break(tokens: Sequence[_Token], at: int) -> bool:
    before, after = tokens[at - 1].text, tokens[at].text
    return after[0] not in _NOT_FIRST and before[-1] not in _NOT_LAST


def _place(tokens: Sequence[_Token], measure: Measure, indent: float, *, is_flush: bool, is_squeezed: bool) -> Line:
    natural = sum(token.width for token in tokens) - (tokens[-1].width / 2 if is_squeezed else 0)
    gaps = len(tokens) - 1
    spacing = (measure.width - indent - natural) / gaps if is_flush and gaps else measure.spacing
    runs: list[Run] = []
    x = indent
    for token in tokens:
        inner = 0.0 if token.is_solid else spacing
        for at, char in enumerate(token.text):
            role = role_of(char, token.role)
            starts_solid = at == 0 and token.is_solid and spacing != 0
            if runs and not starts_solid and (runs[-1].role, runs[-1].spacing) == (role, inner):
                runs[-1] = replace(runs[-1], text=runs[-1].text + char)
            else:
                runs.append(Run(x, char, role, inner))
            x += char_width(char, token.role) * measure.size + (inner if at < len(token.text) - 1 else spacing)
    return Line(tuple(runs), natural + spacing * gaps)
