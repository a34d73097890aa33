"""Pours pieces of a letter into sheets of 22 grid lines, and keeps together what a clerk keeps together.

All lengths are millimetres; x counts from the left edge of the type area, y from the top of the sheet.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from typing import Final

from forms.letters.metrics import MM_PER_POINT
from forms.letters.typeset import BODY_SIZE, Run

TOP: Final = 37.0  # GB/T 9704-2012 5.2.1: 天头 37 mm
BOTTOM: Final = 262.0  # type area 225 mm high
LINES: Final = 22
LINE: Final = 10.2270  # 225/22 a hair short, so that 22 lines never overflow by rounding
TIGHTEST: Final = 91  # per cent; 7.3.5: the pitch may be adjusted so that the signature keeps company
WIDTH: Final = 156.0
HEIGHT: Final = BOTTOM - TOP
MIDDLE: Final = 0.38  # em from a baseline up to the middle of a Han character
CARRIED: Final = 2  # lines of text that go over with a signature


@dataclass(frozen=True)
class Place:
    """Where a text stands in the table of its block, for those who hear the letter read; rows count from 0."""

    row: int
    column: int
    columns: int = 1
    is_heading: bool = False


@dataclass(frozen=True)
class Text:
    """Runs on one baseline. `block` groups the lines of one paragraph; `stretch` condenses the mark sideways.

    `tag` is p, h1, h2, h3 or footer; a text with a `place` belongs to a table, and may be empty there.
    """

    x: float
    y: float
    size: float
    runs: tuple[Run, ...]
    block: int
    tag: str = "p"
    colour: str = "#000"
    stretch: float = 1.0
    place: Place | None = None


@dataclass(frozen=True)
class Bar:
    x: float
    y: float
    width: float
    height: float
    colour: str = "#000"


@dataclass(frozen=True)
class Picture:
    """Drawn as outlines, so that nothing of it enters the text layer.

    `svg` is the inside of an SVG in millimetres from its top left corner; empty, the place is kept and nothing drawn.
    """

    x: float
    y: float
    width: float
    height: float
    svg: str
    label: str


Item = Text | Bar | Picture


@dataclass(frozen=True)
class Piece:
    """The smallest thing that is not cut. `height` None means one line of the grid; items count from its top."""

    items: tuple[Item, ...] = ()
    height: float | None = None
    keeps_with_next: bool = False
    header: "Piece | None" = None
    is_gap: bool = False  # falls away at the top of a sheet
    snaps: bool = False  # fills up to the next grid line


def moved(item: Item, right: float, down: float) -> Item:
    return replace(item, x=item.x + right, y=item.y + down)


def baseline_in_line(top: float) -> float:
    """Where the baseline of 3号 text lies in the grid line that begins at `top`."""
    return top + LINE / 2 + MIDDLE * BODY_SIZE * MM_PER_POINT


SNAP: Final = Piece(height=0.0, is_gap=True, snaps=True)
BLANK: Final = Piece(is_gap=True)


@dataclass
class Sheet:
    """One page being filled, from `top` to `bottom`. The first `kept` pieces may not be moved to the next page.

    On a turned sheet x runs along the long side of the type area and y across it, both from its corner.
    """

    top: float = TOP
    kept: int = 1
    pitch: float = LINE
    pieces: list[Piece] = field(default_factory=list)
    is_turned: bool = False

    @property
    def bottom(self) -> float:
        return WIDTH if self.is_turned else BOTTOM

    @property
    def end(self) -> float:
        return self.end_with(())

    def end_with(self, more: Sequence[Piece]) -> float:
        """Where the text would end if these came too."""
        y = self.top
        last_header: Piece | None = None
        for piece in (*self.pieces, *more):
            if piece.header is not None and piece.header is not last_header:
                y += piece.header.height or self.pitch
            last_header = piece.header
            y = self._after(y, piece)
        return y

    def takes(self, piece: Piece) -> bool:
        return piece.is_gap or self.end_with((piece,)) <= self.bottom + 0.01

    def items(self, left: float) -> list[Item]:
        """Everything on the sheet, x now counted from the edge of the paper."""
        placed: list[Item] = []
        y = self.top
        last_header: Piece | None = None
        for piece in self.pieces:
            if piece.header is not None and piece.header is not last_header:
                placed += self._placed(piece.header, left, y)
                y += piece.header.height or self.pitch
            last_header = piece.header
            placed += self._placed(piece, left, y)
            y = self._after(y, piece)
        return placed

    def _after(self, y: float, piece: Piece) -> float:
        if piece.snaps:
            steps = (y - self.top) / self.pitch
            return self.top + self.pitch * -(-(steps - 1e-3) // 1)
        return y + (self.pitch if piece.height is None else piece.height)

    def _placed(self, piece: Piece, left: float, y: float) -> list[Item]:
        drop = (self.pitch - LINE) / 2 if piece.height is None else 0.0
        return [moved(item, left, y + drop) for item in piece.items]


def turned_sheet() -> Sheet:
    return Sheet(top=0.0, is_turned=True)


def pour(pieces: Sequence[Piece], first: Sheet | None = None) -> list[Sheet]:
    """Sheets filled in order, the first one given or empty, the others like it. A heading never ends a sheet."""
    sheets = [first or Sheet()]
    for piece in pieces:
        if not sheets[-1].takes(piece):
            carried = _take_back(sheets[-1], least=0)
            sheets.append(turned_sheet() if sheets[0].is_turned else Sheet())
            sheets[-1].pieces = carried
        if sheets[-1].pieces or not piece.is_gap:
            sheets[-1].pieces.append(piece)
    return sheets


def close(sheets: list[Sheet], ending: Sequence[Piece], *, reserve: Callable[[int], float]) -> None:
    """Adds the signature block in one piece; `reserve` says how many millimetres stay free below it on which page.

    Where it does not fit, the pitch of the last sheet is tightened; where that is not enough, the block goes to a new
    sheet and takes lines of text along, so that it never stands alone.
    """
    last = sheets[-1]
    if pitch := _pitch_that_fits(last, ending, reserve(len(sheets))):
        last.pitch = pitch
        last.pieces += ending
    elif carried := _take_back(last, least=CARRIED):
        sheets.append(Sheet(pieces=[*carried, *ending]))
    elif pitch := _pitch_that_fits(last, ending, 0.0):
        # A very short letter under a tall head: rather the imprint on a page of its own than the signature.
        last.pitch = pitch
        last.pieces += ending
    else:
        sheets.append(Sheet(pieces=list(ending)))
    sheets[-1].kept = len(sheets[-1].pieces)


def make_room(sheets: list[Sheet], *, reserve: float) -> bool:
    """Frees `reserve` millimetres at the bottom of the last sheet, if need be by moving its end to a new one.

    False when there was nothing to move, and the new sheet is empty.
    """
    if not sheets[-1].is_turned and sheets[-1].end + reserve <= BOTTOM + 0.01:
        return True
    carried = [] if sheets[-1].is_turned else _take_back(sheets[-1], least=1)
    sheets.append(Sheet(pieces=carried))
    return bool(carried)


def _pitch_that_fits(sheet: Sheet, ending: Sequence[Piece], reserve: float) -> float | None:
    for percent in range(100, TIGHTEST - 1, -1):
        tight = replace(sheet, pitch=LINE * percent / 100)
        if tight.end_with(ending) + reserve <= tight.bottom + 0.01:
            return tight.pitch
    return None


def _take_back(sheet: Sheet, *, least: int) -> list[Piece]:
    """Removes the end of a sheet: at least so many pieces of text, no heading left behind."""
    carried: list[Piece] = []
    count = 0
    while len(sheet.pieces) > sheet.kept:
        last = sheet.pieces[-1]
        if count >= least and not last.keeps_with_next and not (last.is_gap and carried):
            break
        carried.insert(0, sheet.pieces.pop())
        count += not last.is_gap
    while carried and carried[0].is_gap:
        carried.pop(0)
    return carried
