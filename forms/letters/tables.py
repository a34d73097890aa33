"""Sets a table of a letter as pieces, one a row, under a header that comes again on every sheet."""

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Final

from engine.domain.letter import Table
from forms.letters.errors import RenderFailed
from forms.letters.flow import HEIGHT, LINE, MIDDLE, SNAP, WIDTH, Bar, Item, Piece, Place, Text
from forms.letters.metrics import MM_PER_POINT, clean, text_width
from forms.letters.typeset import Line, Measure, Span, break_lines, single_line

_AIR: Final = Piece(height=1.5, is_gap=True, keeps_with_next=True)
PAD: Final = 1.3  # mm, on every side of a cell
PITCH: Final = 1.45  # em from line to line in a cell
_RULE: Final = 0.25  # mm
_WIDEST: Final = 26.0  # em a column may ask for
_KEPT_WHOLE: Final = (5.0, 7.0)  # em; cells up to so wide stay on one line
_DATE: Final = 7.0  # em; 2024年12月30日
_SAMPLED: Final = 30  # rows that decide on the widths
_WEIGHED: Final = 400  # characters of a cell that have a say in the widths
_TALLEST: Final = 14  # lines in one row; a longer cell goes on in a row without a rule above it


@dataclass(frozen=True)
class Field:
    """A cell broken into lines; `width` in millimetres."""

    lines: tuple[Line, ...]
    width: float
    is_centred: bool
    place: Place


def table_pieces(table: Table, block: int, *, is_turned: bool = False) -> list[Piece]:
    """The caption, the rows, and a step back to the grid; on a turned page the long side of the type area is filled.

    Raises RenderFailed when a column would be narrower than a character.
    """
    whole = HEIGHT if is_turned else WIDTH
    size = 12.0 if len(table.columns) <= 6 else 10.5  # 小四, 五号
    texts = [[clean(cell) for cell in row] for row in (table.columns, *table.rows)]
    widths = _column_widths(texts, size, whole)
    if min(widths) < 2 * PAD + size * MM_PER_POINT:
        raise RenderFailed(
            f"the table {table.caption or texts[0][0]!r} has {len(widths)} columns, too many for the paper",
            f"表格“{table.caption or texts[0][0]}”有 {len(widths)} 栏，纸面排不下，请减少栏数",
        )
    centred = [_is_short(column, width, size) for column, width in zip(zip(*texts, strict=True), widths, strict=True)]
    header = _row_pieces(texts[0], widths, size, [True] * len(widths), "heiti", block, 0)[0]
    pieces = [*_caption(table.caption, block, whole), replace(SNAP, keeps_with_next=True), _AIR]
    for number, row in enumerate(texts[1:], start=1):
        for piece in _row_pieces(row, widths, size, centred, "fangsong", block, number):
            pieces.append(Piece(piece.items, piece.height, header=header))
    if not texts[1:]:
        pieces.append(header)
    return [*pieces, SNAP]


def _caption(caption: str, block: int, whole: float) -> list[Piece]:
    if not caption:
        return []
    line = single_line([Span(clean(caption), "heiti")], size=14.0)
    x = (whole - line.width * MM_PER_POINT) / 2
    text = Text(x, LINE / 2 + MIDDLE * 14.0 * MM_PER_POINT, 14.0, line.runs, block)
    return [Piece((text,), keeps_with_next=True)]


def _row_pieces(
    cells: Sequence[str],
    widths: Sequence[float],
    size: float,
    centred: Sequence[bool],
    role: str,
    block: int,
    number: int,
) -> list[Piece]:
    """One row, or several when a cell is longer than `_TALLEST` lines; the first carries the rule above the row."""
    broken = [_cell_lines(cell, width, size, role) for cell, width in zip(cells, widths, strict=True)]
    tallest = max(len(lines) for lines in broken)
    pieces = []
    for start in range(0, max(tallest, 1), _TALLEST):
        fields = [
            Field(tuple(lines[start : start + _TALLEST]), width, is_centred, Place(number, column, 1, number == 0))
            for column, (lines, width, is_centred) in enumerate(zip(broken, widths, centred, strict=True))
        ]
        pieces.append(ruled_row(fields, size, block, is_first=start == 0, is_last=start + _TALLEST >= tallest))
    return pieces


def ruled_row(
    fields: Sequence[Field], size: float, block: int, *, is_first: bool = True, is_last: bool = True, least: int = 1
) -> Piece:
    """Fields side by side between rules, at least so many lines high; part of a row lacks a rule above or below."""
    pitch = size * MM_PER_POINT * PITCH
    height = max(least, *(len(field.lines) for field in fields)) * pitch + 2 * PAD
    whole = sum(field.width for field in fields)
    items: list[Item] = [Bar(0, -_RULE / 2, whole, _RULE)] if is_first else []
    if is_last:
        items.append(Bar(0, height - _RULE / 2, whole, _RULE))
    x = 0.0
    for field in fields:
        items.append(Bar(min(max(x - _RULE / 2, 0), whole - _RULE), 0, _RULE, height))
        top = (height - len(field.lines) * pitch) / 2
        for at, line in enumerate(field.lines):
            free = field.width - 2 * PAD - line.width * MM_PER_POINT
            left = x + PAD + (free / 2 if field.is_centred else 0)
            baseline = top + pitch * (at + 0.5) + MIDDLE * size * MM_PER_POINT
            items.append(Text(left, baseline, size, line.runs, block, place=field.place))
        if not field.lines:
            items.append(Text(x, top, size, (), block, place=field.place))
        x += field.width
    items.append(Bar(whole - _RULE, 0, _RULE, height))
    return Piece(tuple(items), height)


def _cell_lines(text: str, width: float, size: float, role: str) -> list[Line]:
    room = (width - 2 * PAD) / MM_PER_POINT
    return break_lines([Span(text, role)], Measure(width=room, size=size, spacing=0.0, is_flush=False)) if text else []


def _is_short(column: Sequence[str], width: float, size: float) -> bool:
    """Columns whose every cell fits on one line are centred, the others set from the left."""
    room = (width - 2 * PAD) / MM_PER_POINT + 0.05
    return all(text_width(cell, "fangsong") * size <= room for cell in column[1:])


def _column_widths(texts: Sequence[Sequence[str]], size: float, whole: float) -> list[float]:
    """Millimetres for each column: what it asks for, or that way of giving way which makes the fewest lines."""
    em = size * MM_PER_POINT
    texts = [[cell[:_WEIGHED] for cell in row] for row in texts]
    columns = list(zip(*texts, strict=True))
    room = whole / em
    pad = 2 * PAD / em + 0.1
    wanted = [pad + min(max(text_width(cell, "fangsong") for cell in column), _WIDEST) for column in columns]
    if sum(wanted) <= room:
        return [want * room / sum(wanted) * em for want in wanted]
    trials = []
    for kept_whole in _KEPT_WHOLE:
        least = [pad + _least_width(column, kept_whole) for column in columns]
        trials += [[width * em for width in _shared(least, wanted, room, power)] for power in (1.0, 0.5, 2.0)]
    return min(trials, key=lambda widths: _line_count(texts[: _SAMPLED + 1], widths, size))


def _shared(least: Sequence[float], wanted: Sequence[float], room: float, power: float) -> list[float]:
    """Everybody's least, and of what is left a share that grows with what each still wants."""
    if sum(least) >= room:
        return [need * room / sum(least) for need in least]
    hunger = [max(want - need, 0.01) ** power for need, want in zip(least, wanted, strict=True)]
    return [need + (room - sum(least)) * want / sum(hunger) for need, want in zip(least, hunger, strict=True)]


def _line_count(texts: Sequence[Sequence[str]], widths: Sequence[float], size: float) -> int:
    """How many lines the rows take; a torn date or number shows up here as one line more."""
    return sum(
        max(len(_cell_lines(cell, width, size, "fangsong")) for cell, width in zip(row, widths, strict=True))
        for row in texts[1:]
    )


def _least_width(column: Sequence[str], kept_whole: float) -> float:
    """Em below which a column tears what belongs together: a date, a number, a run of letters and digits."""
    widest = max(text_width(cell, "fangsong") for cell in column)
    if widest <= kept_whole or (widest <= _DATE and any(char.isdigit() for cell in column[1:] for char in cell)):
        return widest
    words = (word for cell in column for word in re.findall(r"[!-~]+", cell))
    return min(10.0, max([text_width(word, "fangsong") for word in words] + [3.0]))
