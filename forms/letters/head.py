"""Places what stands above the text on the first page: mark, number, rules, title. Clauses are of GB/T 9704-2012."""

from typing import Final

from engine.domain.letter import CORRESPONDENCE, DOCUMENT, ORDER, SLIP, Letter, head_number, text_of
from forms.letters import metrics
from forms.letters.flow import HEIGHT, LINE, MIDDLE, TOP, WIDTH, Bar, Item, Text, baseline_in_line
from forms.letters.metrics import MM_PER_POINT, clean
from forms.letters.titles import shape_lines
from forms.letters.typeset import BODY_SIZE, CELL, Span, body_line, single_line

RED: Final = "#e60012"
_PAGE_WIDTH: Final = 210.0
_CELL: Final = CELL * MM_PER_POINT
_TITLE_SIZE: Final = 22.0  # 2号
_TITLE_PITCH: Final = LINE * 1.2
_SLIP_NAME_SIZE: Final = 18.0  # 小二


def head_of(letter: Letter) -> tuple[list[Item], float]:
    """What stands above 主送机关, and the grid line where that begins; x from the edge of the type area."""
    if letter.layout == ORDER:
        return _order_head(letter)
    if letter.layout == SLIP:
        return _slip_head(letter)
    above, bottom = _correspondence_head(letter) if letter.layout == CORRESPONDENCE else _document_head(letter)
    # Two blank lines, then the title; the title steps onto the grid so that the text below lies on it.
    first_line = _nearest_grid_line(bottom + 2 * LINE)
    title, count = title_lines(letter.title, TOP + first_line * LINE, beside=names_in(letter))
    return above + title, TOP + (first_line + count + 1) * LINE


def names_in(letter: Letter) -> str:
    """Texts whose names may stand in the title too, where they are not to be torn."""
    return "\n".join((text_of(letter.body), letter.signatory, *letter.addressees))


def _document_head(letter: Letter) -> tuple[list[Item], float]:
    # 7.2.4: the top edge of the mark 35 mm below the type area's top; 10.3 says the same of minutes.
    mark, mark_bottom = _mark(letter.mark, ink_top=TOP + 35.0, centre=WIDTH / 2, room=152.0)
    items: list[Item] = [mark]
    items += _marks(letter, baseline_in_line(TOP))  # 7.2.1 to 7.2.3: top left of the type area
    top = mark_bottom + 2 * LINE  # 7.2.5: two blank lines below the mark
    is_upward = letter.layout == DOCUMENT and bool(letter.signer.strip())
    if is_upward:
        signers, lines = _signers(letter.signer, top)
        items += signers
        top += (lines - 1) * LINE
    baseline = baseline_in_line(top)
    items += _number(head_number(letter), baseline, x=_CELL if is_upward else None)
    rule = _ink_bottom(head_number(letter), baseline) + 4.0  # 7.2.7: the red rule 4 mm below, as wide as the type area
    return [*items, Bar(0, rule, WIDTH, 0.7, RED)], rule + 0.7


def _signers(names: str, top: float) -> tuple[list[Item], int]:
    """7.2.6: 签发人 in 仿宋 and the names in 楷体, one character from the right, two names a line."""
    found = [name for name in clean(names.replace("、", " ")).split(" ") if name]
    rows = [found[at : at + 2] for at in range(0, len(found), 2)]
    label = body_line("签发人：")
    lines = [body_line("　".join(row), "kaiti") for row in rows]
    x = WIDTH - _CELL - max(line.width for line in lines) * MM_PER_POINT
    items: list[Item] = []
    for at, line in enumerate(lines):
        baseline = baseline_in_line(top + at * LINE)
        if at == 0:
            items.append(Text(x - label.width * MM_PER_POINT, baseline, BODY_SIZE, label.runs, 0))
        items.append(Text(x, baseline, BODY_SIZE, line.runs, 0))
    return items, len(lines)


def _order_head(letter: Letter) -> tuple[list[Item], float]:
    # 10.2: the mark 20 mm below the type area's top; the number two blank lines below; the text two more. No title.
    mark, mark_bottom = _mark(letter.mark, ink_top=TOP + 20.0, centre=WIDTH / 2, room=152.0)
    baseline = baseline_in_line(mark_bottom + 2 * LINE)
    first_line = _nearest_grid_line(_ink_bottom(letter.number, baseline) + 2 * LINE)
    return [mark, *_number(letter.number, baseline)], TOP + first_line * LINE


def _slip_head(letter: Letter) -> tuple[list[Item], float]:
    # A form of the house: its name and title in black, the number below on the right. The standard has no clause.
    name = single_line([Span(clean(letter.mark), "xiaobiaosong")], size=_SLIP_NAME_SIZE)
    middle = TOP + LINE / 2 + MIDDLE * _SLIP_NAME_SIZE * MM_PER_POINT
    items: list[Item] = [
        Text((WIDTH - name.width * MM_PER_POINT) / 2, middle, _SLIP_NAME_SIZE, name.runs, 1),
    ]
    title, count = title_lines(letter.title, TOP + LINE, beside=names_in(letter))
    items += title
    end = TOP + (1 + count) * LINE
    if letter.number:
        number = body_line(clean(letter.number))
        items += _number(letter.number, baseline_in_line(end), x=WIDTH - number.width * MM_PER_POINT)
    return [*items, *_marks(letter, baseline_in_line(end))], end + LINE


def _correspondence_head(letter: Letter) -> tuple[list[Item], float]:
    # 10.1: mark 30 mm from the paper's edge; a red double rule 4 mm below it, thick over thin, and one 20 mm from the
    # bottom edge, thin over thick; both 170 mm long and centred on the paper.
    mark, mark_bottom = _mark(letter.mark, ink_top=30.0, centre=_PAGE_WIDTH / 2 - 28.0, room=162.0)
    first, second = mark_bottom + 4.0, 277.0 - 0.8
    rules: list[Item] = [
        Bar(-8.0, first, 170.0, 0.8, RED),
        Bar(-8.0, first + 1.35, 170.0, 0.25, RED),
        Bar(-8.0, second, 170.0, 0.25, RED),
        Bar(-8.0, second + 0.8, 170.0, 0.8, RED),
    ]
    # The number stands flush right below the first rule, 7/8 of a 3号 character away.
    number = body_line(clean(letter.number))
    ink = metrics.ink_of(clean(letter.number) or "号", "fangsong")
    baseline = first + 1.6 + (7 / 8 + ink.top) * BODY_SIZE * MM_PER_POINT
    x = WIDTH - number.width * MM_PER_POINT
    # 10.1: 份号, 密级, 紧急程度 below one another at the left, the first as high as the number, and the title two lines
    # below the last of them.
    last = baseline + max(len(letter.marks) - 1, 0) * LINE
    items: list[Item] = [mark, *rules, *_number(letter.number, baseline, x=x), *_marks(letter, baseline)]
    return items, _ink_bottom(letter.number, last)


def _number(number: str, baseline: float, *, x: float | None = None) -> list[Item]:
    """发文字号 from `x`, or in the middle; none before it is taken."""
    if not number.strip():
        return []
    line = body_line(clean(number))
    left = (WIDTH - line.width * MM_PER_POINT) / 2 if x is None else x
    return [Text(left, baseline, BODY_SIZE, line.runs, 2)]


def _mark(mark: str, *, ink_top: float, centre: float, room: float) -> tuple[Text, float]:
    """The red mark on one line and the y where its ink ends: large while it fits, then condensed, then smaller."""
    text = clean(mark)
    ink = metrics.ink_of(text, "xiaobiaosong")
    natural = metrics.text_width(text, "xiaobiaosong")
    room_points = room / MM_PER_POINT
    size = min(48.0, max(36.0, room_points / (natural + 0.08 * len(text))))
    stretch = min(1.0, max(0.6, room_points / (natural * size)))
    size = min(size, room_points / (natural * stretch))
    gaps = max(len(text) - 1, 1)
    spacing = max(0.0, min(0.22 * size, (room_points - natural * size * stretch) / gaps))
    line = single_line([Span(text, "xiaobiaosong")], size=size, spacing=spacing / stretch)
    width = line.width * stretch * MM_PER_POINT
    baseline = ink_top + ink.top * size * MM_PER_POINT
    placed = Text(centre - width / 2, baseline, size, line.runs, 1, colour=RED, stretch=stretch)
    return placed, baseline - ink.bottom * size * MM_PER_POINT


def title_lines(
    title: str, top: float, *, beside: str = "", block: int = 3, tag: str = "h1", is_turned: bool = False
) -> tuple[list[Item], int]:
    """A centred title from the grid line at `top`, and how many grid lines it takes."""
    width = HEIGHT if is_turned else WIDTH
    lines = shape_lines(
        clean_title(title), role="xiaobiaosong", size=_TITLE_SIZE, width=width / MM_PER_POINT, beside=beside
    )
    middle = top + len(lines) * LINE / 2
    items: list[Item] = []
    for at, text in enumerate(lines):
        line = single_line([Span(text, "xiaobiaosong")], size=_TITLE_SIZE)
        y = middle + (at - (len(lines) - 1) / 2) * _TITLE_PITCH + MIDDLE * _TITLE_SIZE * MM_PER_POINT
        items.append(Text((width - line.width * MM_PER_POINT) / 2, y, _TITLE_SIZE, line.runs, block, tag))
    return items, len(lines)


def _marks(letter: Letter, baseline: float) -> list[Item]:
    """份号 in figures, 密级和保密期限 and 紧急程度 in 黑体, all 3号, flush left and in this order downwards."""
    faces = ("fangsong" if mark == letter.copy_number else "heiti" for mark in letter.marks)
    return [
        Text(0, baseline + at * LINE, BODY_SIZE, body_line(clean(mark), face).runs, 0)
        for at, (mark, face) in enumerate(zip(letter.marks, faces, strict=True))
    ]


def clean_title(title: str) -> str:
    """The title with the writer's own line breaks and nothing else unprintable."""
    return "\n".join(clean(part) for part in title.split("\n") if part.strip())


def _ink_bottom(text: str, baseline: float) -> float:
    return baseline - metrics.ink_of(clean(text) or "号", "fangsong").bottom * BODY_SIZE * MM_PER_POINT


def _nearest_grid_line(y: float) -> int:
    """A title may come up to a third of a line early, never later than the next line."""
    steps = (y - TOP) / LINE
    return int(steps) if steps % 1 <= 0.35 else int(steps) + 1
