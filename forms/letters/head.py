"""Places what stands above the text on the first page: mark, number, rules, title. Clauses are of GB/T 9704-2012."""

from typing import Final

from engine.domain.letter import DOCUMENT, Letter, text_of
from forms.letters import metrics
from forms.letters.flow import LINE, MIDDLE, TOP, WIDTH, Bar, Item, Text, baseline_in_line
from forms.letters.metrics import MM_PER_POINT, clean
from forms.letters.titles import shape_lines
from forms.letters.typeset import BODY_SIZE, TYPE_WIDTH, Span, body_line, single_line

RED: Final = "#e60012"
_PAGE_WIDTH: Final = 210.0
_TITLE_SIZE: Final = 22.0  # 2号
_TITLE_PITCH: Final = LINE * 1.2


def head_of(letter: Letter) -> tuple[list[Item], float]:
    """What stands above 主送机关, and the grid line where that begins; x from the edge of the type area."""
    above, bottom = _document_head(letter) if letter.layout == DOCUMENT else _correspondence_head(letter)
    # Two blank lines, then the title; the title steps onto the grid so that the text below lies on it.
    first_line = _nearest_grid_line(bottom + 2 * LINE)
    title, count = title_lines(letter.title, TOP + first_line * LINE, beside=text_of(letter.body))
    return above + title, TOP + (first_line + count + 1) * LINE


def _document_head(letter: Letter) -> tuple[list[Item], float]:
    # 7.2.4: the top edge of the mark 35 mm below the type area's top.
    mark, mark_bottom = _mark(letter.mark, ink_top=TOP + 35.0, centre=WIDTH / 2, room=152.0)
    number = body_line(clean(letter.number))
    baseline = baseline_in_line(mark_bottom + 2 * LINE)  # 7.2.5: two blank lines below the mark, centred
    number_text = Text((WIDTH - number.width * MM_PER_POINT) / 2, baseline, BODY_SIZE, number.runs, 2)
    rule = _ink_bottom(letter.number, baseline) + 4.0  # 7.2.7: the red rule 4 mm below, as wide as the type area
    items: list[Item] = [mark, number_text, Bar(0, rule, WIDTH, 0.7, RED)]
    if letter.urgency:
        items.append(_urgency(letter.urgency, baseline_in_line(TOP)))  # 7.2.3: top left of the type area
    return items, rule + 0.7


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
    ink = metrics.ink_of(clean(letter.number), "fangsong")
    baseline = first + 1.6 + (7 / 8 + ink.top) * BODY_SIZE * MM_PER_POINT
    x = WIDTH - number.width * MM_PER_POINT
    items: list[Item] = [mark, *rules, Text(x, baseline, BODY_SIZE, number.runs, 2)]
    if letter.urgency:
        items.append(_urgency(letter.urgency, baseline))
    return items, _ink_bottom(letter.number, baseline)


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


def title_lines(title: str, top: float, *, beside: str = "", block: int = 3, tag: str = "h1") -> tuple[list[Item], int]:
    """A centred title from the grid line at `top`, and how many grid lines it takes."""
    lines = shape_lines(clean_title(title), role="xiaobiaosong", size=_TITLE_SIZE, width=TYPE_WIDTH, beside=beside)
    middle = top + len(lines) * LINE / 2
    items: list[Item] = []
    for at, text in enumerate(lines):
        line = single_line([Span(text, "xiaobiaosong")], size=_TITLE_SIZE)
        y = middle + (at - (len(lines) - 1) / 2) * _TITLE_PITCH + MIDDLE * _TITLE_SIZE * MM_PER_POINT
        items.append(Text((WIDTH - line.width * MM_PER_POINT) / 2, y, _TITLE_SIZE, line.runs, block, tag))
    return items, len(lines)


def _urgency(urgency: str, baseline: float) -> Text:
    return Text(0, baseline, BODY_SIZE, body_line(clean(urgency), "heiti").runs, 0)


def clean_title(title: str) -> str:
    """The title with the writer's own line breaks and nothing else unprintable."""
    return "\n".join(clean(part) for part in title.split("\n") if part.strip())


def _ink_bottom(text: str, baseline: float) -> float:
    return baseline - metrics.ink_of(clean(text), "fangsong").bottom * BODY_SIZE * MM_PER_POINT


def _nearest_grid_line(y: float) -> int:
    """A title may come up to a third of a line early, never later than the next line."""
    steps = (y - TOP) / LINE
    return int(steps) if steps % 1 <= 0.35 else int(steps) + 1
