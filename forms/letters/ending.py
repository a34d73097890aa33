"""Places what ends the text: 附件说明, who was there, signature and date. Clauses are of GB/T 9704-2012."""

from collections.abc import Sequence
from typing import Final

from engine.domain.letter import MINUTES, ORDER, SLIP, Letter, format_date
from forms.letters import artwork, metrics
from forms.letters.flow import BLANK, LINE, WIDTH, Item, Picture, Piece, Text, baseline_in_line
from forms.letters.metrics import MM_PER_POINT, clean
from forms.letters.titles import shape_lines
from forms.letters.typeset import BODY_SIZE, BODY_SPACING, CELL, Line, Measure, Span, body_line, break_lines

SEAL_PLACE: Final = "印章位置"
STAMP_PLACE: Final = "签名章位置"
_CELL: Final = CELL * MM_PER_POINT


def text_pieces(spans: Sequence[Span], measure: Measure, block: int, tag: str = "p") -> list[Piece]:
    """The lines of one paragraph, each a piece on the grid."""
    broken = break_lines([span for span in spans if span.text], measure)
    return [Piece((Text(0, baseline_in_line(0), BODY_SIZE, line.runs, block, tag),)) for line in broken]


def attachment_note(letter: Letter) -> list[Piece]:
    """7.3.4: one blank line below the text, two characters in, titles without a stop and hanging behind the number."""
    pieces: list[Piece] = [BLANK] if letter.attachments else []
    for at, attachment in enumerate(letter.attachments, start=1):
        prefix = ("附件：" if at == 1 else "") + (f"{at}." if len(letter.attachments) > 1 else "")
        indent = (2 if at == 1 else 5) * CELL
        number_width = metrics.text_width(f"{at}.", "fangsong") * BODY_SIZE if len(letter.attachments) > 1 else 0.0
        measure = Measure(indent=indent, hanging=5 * CELL + number_width)
        title = clean(attachment.title.replace("\n", "")).rstrip("。；，")
        pieces += text_pieces([Span(prefix + title, "fangsong")], measure, 5)
    return pieces


def attendance(letter: Letter) -> list[Piece]:
    """10.3: 出席, 请假, 列席 in 黑体 after a blank line, two characters in; names in 仿宋, hanging behind the colon."""
    pieces: list[Piece] = [BLANK] if letter.attendance else []
    for at, (label, names) in enumerate(letter.attendance):
        shown = clean(label).rstrip("：:") + "："
        measure = Measure(indent=2 * CELL, hanging=(2 + len(shown)) * CELL, is_flush=False)
        spans = [Span(shown, "heiti"), Span("、".join(clean(name) for name in names), "fangsong")]
        pieces += text_pieces(spans, measure, -1 - at)
    return pieces


def signature(letter: Letter) -> list[Piece]:
    """Name and date as the layout has them, then 附注 in brackets."""
    if letter.layout == ORDER and letter.signer.strip():
        pieces, is_long = _stamped(letter), False
    elif letter.layout == MINUTES:
        pieces, is_long = _without_seal(letter), True
    elif letter.layout == SLIP:
        pieces, is_long = _on_form(letter), True
    else:
        pieces, is_long = _sealed(letter)
    if letter.contact:
        note = text_pieces([Span(f"（{clean(letter.contact)}）", "fangsong")], Measure(indent=2 * CELL), 8)
        # A note that would run into the seal below a one-line name stands one line lower.
        is_in_seal = not is_long and max(_right_edge(piece) for piece in note) > _seal_left(letter)
        pieces += [Piece()] if is_in_seal else []
        pieces += note
    return pieces


def _sealed(letter: Letter) -> tuple[list[Piece], bool]:
    """7.3.5.1: date four characters from the right, name centred over it, the seal within a line of text.

    Also whether the name takes several lines.
    """
    date = body_line(format_date(letter.date))
    centre = _seal_centre(letter)
    room = 2 * (WIDTH - centre) / MM_PER_POINT / (BODY_SIZE + BODY_SPACING) * BODY_SIZE
    shown = shape_lines(clean(letter.signatory), role="fangsong", size=BODY_SIZE, width=room)
    lines = [_centred(body_line(name), centre, 6) for name in shown] + [_centred(date, centre, 7)]
    blank = Piece(items=_seal(letter, centre, len(shown)))
    return [blank, Piece(), *lines], len(shown) > 1


def _on_form(letter: Letter) -> list[Piece]:
    """A form has the organ in its head: only the date stands below, the seal over it and over the end of the form."""
    date = _centred(body_line(format_date(letter.date)), _seal_centre(letter), 7)
    radius = artwork.SEAL_DIAMETER / 2
    circle = artwork.seal_circle() if letter.is_sample else ""
    top = LINE / 2 - 1.0 - radius  # its middle a hair above the date: as little of it on the form as may be
    seal = Picture(_seal_centre(letter) - radius, top, 2 * radius, 2 * radius, circle, SEAL_PLACE)
    return [Piece((seal, *date.items))]


def _seal(letter: Letter, centre: float, names: int) -> tuple[Item, ...]:
    """The empty circle of a sample, else only its place. Name and date lie a little below its centre."""
    radius = artwork.SEAL_DIAMETER / 2
    middle_of_text = LINE * (2 + (names + 1) / 2)
    top = min(middle_of_text - 3.0 - radius, 0.9 * LINE)
    circle = artwork.seal_circle() if letter.is_sample else ""
    return (Picture(centre - radius, top, 2 * radius, 2 * radius, circle, SEAL_PLACE),)


def _seal_centre(letter: Letter) -> float:
    return WIDTH - 4 * _CELL - body_line(format_date(letter.date)).width * MM_PER_POINT / 2


def _seal_left(letter: Letter) -> float:
    return _seal_centre(letter) - artwork.SEAL_DIAMETER * 0.4


def _without_seal(letter: Letter) -> list[Piece]:
    """7.3.5.2: after a blank line the name two characters from the right, the date beginning two after the name's
    first; a date that is longer stands two from the right itself, and the name moves along."""
    date = body_line(format_date(letter.date))
    room = WIDTH - 4 * _CELL
    shown = shape_lines(clean(letter.signatory), role="fangsong", size=BODY_SIZE, width=room / MM_PER_POINT * 0.95)
    names = [body_line(name) for name in shown]
    right = WIDTH - 2 * _CELL
    name_x = right - max(name.width for name in names) * MM_PER_POINT
    date_x = min(name_x + 2 * _CELL, right - date.width * MM_PER_POINT)
    name_x = min(name_x, date_x - 2 * _CELL)
    return [Piece(), *(_at(name, name_x, 6) for name in names), _at(date, date_x, 7)]


def _stamped(letter: Letter) -> list[Piece]:
    """7.3.5.3: two blank lines, the 签名章 four characters from the right, the post two characters before it and level
    with its middle; a blank line, the date four from the right. The software draws no 签名章, only its place.
    """
    post, _, name = clean(letter.signer).rpartition(" ")
    post, name = (post, name) if post else (name, "")
    left = WIDTH - 4 * _CELL - artwork.STAMP_WIDTH
    box = artwork.stamp_box() if letter.is_sample else ""
    top = LINE - artwork.STAMP_HEIGHT / 2  # the stamp takes two lines of the grid
    items: list[Item] = [Picture(left, top, artwork.STAMP_WIDTH, artwork.STAMP_HEIGHT, box, STAMP_PLACE)]
    room = (left - 2 * _CELL) / MM_PER_POINT * 0.95
    shown = shape_lines(post, role="fangsong", size=BODY_SIZE, width=room)
    for at, text in enumerate(shown):
        line = body_line(text)
        x = left - 2 * _CELL - line.width * MM_PER_POINT
        items.append(Text(x, baseline_in_line((at - (len(shown) - 2) / 2) * LINE), BODY_SIZE, line.runs, 6))
    if name:
        line = body_line(name, "kaiti")
        x = left + (artwork.STAMP_WIDTH - line.width * MM_PER_POINT) / 2
        items.append(Text(x, baseline_in_line(LINE / 2), BODY_SIZE, line.runs, 6))
    date = body_line(format_date(letter.date))
    date_piece = _at(date, WIDTH - 4 * _CELL - date.width * MM_PER_POINT, 7)
    return [Piece(), Piece(), Piece(tuple(items)), Piece(), Piece(), date_piece]


def _at(line: Line, x: float, block: int) -> Piece:
    return Piece((Text(x, baseline_in_line(0), BODY_SIZE, line.runs, block),))


def _centred(line: Line, centre: float, block: int) -> Piece:
    return _at(line, centre - line.width * MM_PER_POINT / 2, block)


def _right_edge(piece: Piece) -> float:
    return max(item.x + _line_width(item) for item in piece.items if isinstance(item, Text))


def _line_width(text: Text) -> float:
    last = text.runs[-1]
    return (last.x + metrics.text_width(last.text, last.role) * text.size) * MM_PER_POINT
