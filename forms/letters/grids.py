"""Sets a form of a slip as pieces, one a row: fields of given widths and least heights between rules."""

from itertools import accumulate
from typing import Final

from engine.domain.letter import Cell, Grid
from forms.letters.flow import BOTTOM, SNAP, TOP, WIDTH, Piece, Place
from forms.letters.metrics import MM_PER_POINT, clean, text_width
from forms.letters.tables import PAD, PITCH, Field, ruled_row
from forms.letters.typeset import Line, Measure, Span, break_lines

_SIZE: Final = 14.0  # 4号, points
_NARROW_PAD: Final = 0.3  # mm; a column of one character has no more to give
_LABEL: Final = 4.5  # em; a name of a field on several short lines is centred too
_TALLEST: Final = int((BOTTOM - TOP - 20.0) / (_SIZE * MM_PER_POINT * PITCH))  # lines of a field on one page


def grid_pieces(grid: Grid, block: int) -> list[Piece]:
    """The rows over the whole width of the type area, and a step back to the grid of lines."""
    unit = WIDTH / sum(grid.widths)
    edges = [0, *accumulate(grid.widths)]
    pieces: list[Piece] = []
    for number, row in enumerate(grid.rows):
        starts = [0, *accumulate(cell.columns for cell in row)]
        fields = [
            _field(cell, (edges[start + cell.columns] - edges[start]) * unit, Place(number, start, cell.columns))
            for cell, start in zip(row, starts[:-1], strict=True)
        ]
        pieces += _row_pieces(fields, block, least=min(max(cell.lines for cell in row), _TALLEST))
    return [*pieces, SNAP]


def _row_pieces(fields: list[Field], block: int, *, least: int) -> list[Piece]:
    """One row, or several parts of it when a field is longer than a page."""
    tallest = max(len(field.lines) for field in fields)
    if tallest <= _TALLEST:
        return [ruled_row(fields, _SIZE, block, least=least)]
    pieces = []
    for start in range(0, tallest, _TALLEST):
        part = [Field(f.lines[start : start + _TALLEST], f.width, f.is_centred, f.place) for f in fields]
        pieces.append(ruled_row(part, _SIZE, block, is_first=start == 0, is_last=start + _TALLEST >= tallest))
    return pieces


def _field(cell: Cell, width: float, place: Place) -> Field:
    is_narrow = width < 2 * PAD + 2 * _SIZE * MM_PER_POINT
    room = (width - (2 * _NARROW_PAD if is_narrow else 2 * PAD)) / MM_PER_POINT
    lines: list[Line] = []
    for text in filter(None, (clean(part) for part in cell.text.split("\n"))):
        measure = Measure(width=room, size=_SIZE, spacing=0.0, is_flush=False)
        lines += break_lines([Span(text, "fangsong")], measure)
    is_label = len(lines) <= 1 or all(text_width(line.text, "fangsong") <= _LABEL for line in lines)
    is_centred = is_narrow or (is_label and "\n" not in cell.text.strip())
    return Field(tuple(lines), width, is_centred, place)
