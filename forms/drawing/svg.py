"""Draws the DI of a diagram as one SVG element without styles or scripts: it may stand in any page."""

from collections.abc import Callable, Mapping
from html import escape
from itertools import pairwise
from types import MappingProxyType

from engine.bpmn.shapes import Box, Line, Picture, Shape
from forms.drawing.letters import ems, wrapped
from forms.drawing.symbols import symbol

MARGIN = 24.0
READABLE = 150.0  # of 255: how light a surface is at least
INK, PAPER, SOFT = "#1f2933", "#ffffff", "#6b7280"
SIZE = 12.0
LEADING = 14.0
LABEL, LABEL_LINES = 108.0, 4  # a name beside its shape or line: at least so wide, at most so many lines
THINGS = ("dataObjectReference", "dataStoreReference")
NO_NUMBERS: Mapping[str, int] = MappingProxyType({})
SYMBOLS = {
    "userTask": "user",
    "serviceTask": "gear",
    "businessRuleTask": "table",
    "scriptTask": "lines",
    "sendTask": "envelope",
    "receiveTask": "envelope",
    "exclusiveGateway": "cross",
    "parallelGateway": "plus",
    "inclusiveGateway": "ring",
    "eventBasedGateway": "rings",
    "complexGateway": "star",
}
EVENTS = {
    "message": "envelope",
    "timer": "clock",
    "error": "bolt",
    "escalation": "arrow-up",
    "signal": "triangle",
    "terminate": "dot",
    "conditional": "sheet",
    "link": "arrow",
    "compensate": "back",
    "cancel": "cross",
}
FRAMES = ("subProcess", "transaction", "adHocSubProcess", "participant", "lane", "group")


def draw(picture: Picture, title: str, *, view: Box | None = None, numbers: Mapping[str, int] = NO_NUMBERS) -> str:
    """`title` is read out instead of the picture. Empty when nothing has a place.

    `view`: only this part of it, for one sheet of several; a name may be cut at its edge. `numbers`: of elements, as
    the table beside it counts them.
    """
    if not picture.shapes:
        return ""
    area = view or extent(picture)
    shapes = [shape for shape in picture.shapes if view is None or _meets(shape_area(shape), view)]
    lines = [line for line in picture.lines if view is None or _meets(_line_area(line), view)]
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" role="img" aria-label="{escape(title)}" '
        f'viewBox="{_n(area.x)} {_n(area.y)} {_n(area.width)} {_n(area.height)}" width="{_n(area.width)}" '
        f'height="{_n(area.height)}" font-size="{_n(SIZE)}" fill="none" stroke="{INK}" stroke-width="1.5">',
        f"<title>{escape(title)}</title>",
    ]
    parts += [_coloured(shape, _frame(shape)) for shape in _largest_first(shapes)]
    parts += [_coloured(line, _line(line)) for line in lines]
    parts += [_coloured(shape, _shape(shape)) for shape in shapes if not _is_frame(shape)]
    parts += [_line_label(line) for line in lines if line.name]
    parts += [_number(shape, numbers[shape.element_id]) for shape in shapes if shape.element_id in numbers]
    return "".join([*parts, "</svg>"])


def extent(picture: Picture) -> Box:
    """Everything that is drawn, with a margin. Raises ValueError for a picture without shapes."""
    areas = [*map(shape_area, picture.shapes), *map(_line_area, picture.lines)]
    left, top = min(area.x for area in areas) - MARGIN, min(area.y for area in areas) - MARGIN
    right, bottom = max(area.x + area.width for area in areas), max(area.y + area.height for area in areas)
    return Box(left, top, right + MARGIN - left, bottom + MARGIN - top)


def shape_area(shape: Shape) -> Box:
    """The shape and the lines of its name."""
    boxes = [shape.box]
    if shape.tag.endswith(("Event", "Gateway")) or shape.tag in THINGS:
        boxes.append(_label_area(shape.name, _label_box(shape)))
    elif shape.label is not None:
        boxes.append(shape.label)
    return _around(boxes)


def _line_area(line: Line) -> Box:
    boxes = [Box(x, y, 0, 0) for x, y in line.points]
    if line.name:
        boxes.append(_label_area(line.name, _line_label_box(line)))
    return _around(boxes)


def _label_area(name: str, box: Box) -> Box:
    """A name is set around the middle of its box, as wide as LABEL at least, and grows downwards."""
    width = max(box.width, LABEL)
    count = max(len(wrapped(name, width / SIZE, LABEL_LINES)), 1)
    return Box(box.x + (box.width - width) / 2, box.y, width, max(box.height, count * LEADING + 2))


def _around(boxes: list[Box]) -> Box:
    left, top = min(box.x for box in boxes), min(box.y for box in boxes)
    right, bottom = max(box.x + box.width for box in boxes), max(box.y + box.height for box in boxes)
    return Box(left, top, right - left, bottom - top)


def _meets(area: Box, view: Box) -> bool:
    return (
        area.x <= view.x + view.width
        and view.x <= area.x + area.width
        and area.y <= view.y + view.height
        and view.y <= area.y + area.height
    )


def _coloured(drawn: Shape | Line, parts: str) -> str:
    """Its lines in the colour that the diagram gives them; words and symbols keep theirs."""
    return f'<g stroke="{drawn.border}">{parts}</g>' if drawn.border else parts


def _surface(shape: Shape) -> str:
    """Of the diagram's own colours only those on which the ink can be read."""
    red, green, blue = (int(shape.surface[place : place + 2] or "0", 16) for place in (1, 3, 5))
    return shape.surface if 0.299 * red + 0.587 * green + 0.114 * blue >= READABLE else PAPER


def _is_frame(shape: Shape) -> bool:
    return shape.tag in FRAMES and (shape.is_expanded or shape.tag in ("participant", "lane", "group"))


def _largest_first(shapes: list[Shape]) -> list[Shape]:
    frames = [shape for shape in shapes if _is_frame(shape)]
    return sorted(frames, key=lambda shape: -shape.box.width * shape.box.height)


def _frame(shape: Shape) -> str:
    box = shape.box
    label = _text(shape.name, box.x + 8 + SIZE, box.y + 18, max(box.width - 24, 40), anchor="start", lines=1)
    return _rect(shape, 10 if shape.tag in FRAMES[:3] else 0) + label


# -- shapes ------------------------------------------------------------------------------------------------------------
def _shape(shape: Shape) -> str:
    if shape.tag.endswith("Event"):
        return _event(shape)
    if shape.tag.endswith("Gateway"):
        return _gateway(shape)
    drawers: dict[str, Callable[[Shape], str]] = {
        "textAnnotation": _annotation,
        **dict.fromkeys(THINGS, _thing),
    }
    return drawers.get(shape.tag, _activity)(shape)


def _activity(shape: Shape) -> str:
    box = shape.box
    width = 3.5 if shape.tag == "callActivity" else 1.5
    parts = [_rect(shape, 10, width)]
    if shape.tag in SYMBOLS:
        parts.append(symbol(SYMBOLS[shape.tag], box.x + 12, box.y + 11, 0.75, SOFT))
    parts.append(_middle(shape.name, box))
    marks = [*(["boxed-plus"] if shape.tag in FRAMES[:3] else []), *(["bars"] if shape.is_marked else [])]
    for place, mark in enumerate(marks):
        x = box.x + box.width / 2 + 14 * (place - (len(marks) - 1) / 2)
        parts.append(symbol(mark, x, box.y + box.height - 8, 0.75, SOFT))
    return "".join(parts)


def _event(shape: Shape) -> str:
    box = shape.box
    x, y, radius = box.x + box.width / 2, box.y + box.height / 2, min(box.width, box.height) / 2
    dashes = ' stroke-dasharray="4 3"' if shape.tag == "boundaryEvent" and not shape.is_interrupting else ""
    thick = 3.5 if shape.tag == "endEvent" else 1.5
    parts = [
        f'<circle cx="{_n(x)}" cy="{_n(y)}" r="{_n(radius)}" fill="{_surface(shape)}" stroke-width="{thick}"{dashes}/>'
    ]
    if shape.tag in ("boundaryEvent", "intermediateCatchEvent", "intermediateThrowEvent"):
        parts.append(f'<circle cx="{_n(x)}" cy="{_n(y)}" r="{_n(max(radius - 3.5, 1))}"{dashes}/>')
    if shape.event:
        parts.append(symbol(EVENTS.get(shape.event, "unknown"), x, y, max(radius, 1) / 14, SOFT))
    return "".join([*parts, _under(shape)])


def _gateway(shape: Shape) -> str:
    box = shape.box
    x, y = box.x + box.width / 2, box.y + box.height / 2
    corners = ((x, box.y), (box.x + box.width, y), (x, box.y + box.height), (box.x, y))
    points = " ".join(f"{_n(a)},{_n(b)}" for a, b in corners)
    sign = symbol(SYMBOLS.get(shape.tag, "unknown"), x, y, max(min(box.width, box.height), 1) / 50 * 1.3, SOFT)
    return f'<polygon points="{points}" fill="{_surface(shape)}"/>{sign}{_under(shape)}'


def _annotation(shape: Shape) -> str:
    box = shape.box
    path = f"M{_n(box.x + 10)} {_n(box.y)}H{_n(box.x)}V{_n(box.y + box.height)}H{_n(box.x + 10)}"
    return f'<path d="{path}"/>' + _text(shape.name, box.x + 6, box.y + 14, box.width - 6, anchor="start", lines=20)


def _thing(shape: Shape) -> str:
    return _rect(shape, 2) + _under(shape)


def _rect(shape: Shape, radius: float, width: float = 1.5) -> str:
    box = shape.box
    return (
        f'<rect x="{_n(box.x)}" y="{_n(box.y)}" width="{_n(box.width)}" height="{_n(box.height)}" '
        f'rx="{_n(radius)}" fill="{_surface(shape)}" stroke-width="{width}"/>'
    )


# -- lines -------------------------------------------------------------------------------------------------------------
def _line(line: Line) -> str:
    points = " ".join(f"{_n(x)},{_n(y)}" for x, y in line.points)
    dashes = ' stroke-dasharray="5 4"' if line.tag != "sequenceFlow" else ""
    head = "" if line.tag == "association" else _head(line.points[-2], line.points[-1])
    slash = _slash(line.points[0], line.points[1]) if line.is_default else ""
    return f'<polyline points="{points}"{dashes}/>{head}{slash}'


def _head(before: tuple[float, float], end: tuple[float, float]) -> str:
    """An arrow head that ends where the line does."""
    dx, dy = _direction(before, end)
    x, y = end
    points = ((x, y), (x - 9 * dx + 4 * dy, y - 9 * dy - 4 * dx), (x - 9 * dx - 4 * dy, y - 9 * dy + 4 * dx))
    return f'<polygon points="{" ".join(f"{_n(a)},{_n(b)}" for a, b in points)}" fill="{INK}" stroke="none"/>'


def _slash(start: tuple[float, float], after: tuple[float, float]) -> str:
    """The mark of a default flow."""
    dx, dy = _direction(start, after)
    x, y = start[0] + 9 * dx, start[1] + 9 * dy
    a, b = (x - 4 * dx - 4 * dy, y - 4 * dy + 4 * dx), (x + 4 * dx + 4 * dy, y + 4 * dy - 4 * dx)
    return f'<line x1="{_n(a[0])}" y1="{_n(a[1])}" x2="{_n(b[0])}" y2="{_n(b[1])}"/>'


def _direction(start: tuple[float, float], end: tuple[float, float]) -> tuple[float, float]:
    dx, dy = end[0] - start[0], end[1] - start[1]
    length = (dx * dx + dy * dy) ** 0.5
    return (dx / length, dy / length) if length else (1.0, 0.0)


def _line_label(line: Line) -> str:
    box = _line_label_box(line)
    return _label(line.name, box)


def _line_label_box(line: Line) -> Box:
    """Where the diagram says, else in the middle of its longest part."""
    if line.label is not None:
        return line.label
    start, end = max(
        pairwise(line.points), key=lambda pair: abs(pair[1][0] - pair[0][0]) + abs(pair[1][1] - pair[0][1])
    )
    return Box((start[0] + end[0] - LABEL) / 2, (start[1] + end[1]) / 2 - 5 - SIZE, LABEL, LEADING)


# -- words -------------------------------------------------------------------------------------------------------------
def _under(shape: Shape) -> str:
    return _label(shape.name, _label_box(shape))


def _label_box(shape: Shape) -> Box:
    return shape.label or Box(shape.box.x - 32, shape.box.y + shape.box.height + 3, shape.box.width + 64, LEADING)


def _label(words: str, box: Box) -> str:
    """On paper of its own, since it may stand on a line."""
    x, y, width = box.x + box.width / 2, box.y + SIZE, max(box.width, LABEL)
    paper = "".join(
        f'<rect x="{_n(x - SIZE * ems(line) / 2 - 1)}" y="{_n(y + number * LEADING - 10)}" '
        f'width="{_n(SIZE * ems(line) + 2)}" height="{_n(SIZE + 1)}" fill="{PAPER}" fill-opacity="0.85" stroke="none"/>'
        for number, line in enumerate(wrapped(words, width / SIZE, LABEL_LINES))
    )
    return paper + _text(words, x, y, width, lines=LABEL_LINES)


def _number(shape: Shape, number: int) -> str:
    """At the upper right corner."""
    x, wide = shape.box.x + shape.box.width - 4, 8.0 + 6.5 * len(str(number))
    y = shape.box.y + (5 if shape.tag.endswith("Event") else 0)
    return (
        f'<rect x="{_n(x - wide / 2)}" y="{_n(y - 7)}" width="{_n(wide)}" height="14" rx="7" fill="{INK}" '
        f'stroke="none"/>'
        f'<text x="{_n(x)}" y="{_n(y + 3.5)}" text-anchor="middle" font-size="10" fill="{PAPER}" stroke="none">'
        f"{number}</text>"
    )


def _middle(name: str, box: Box) -> str:
    lines = wrapped(name, (box.width - 12) / SIZE, max(int((box.height - 16) / LEADING), 1))
    top = box.y + box.height / 2 - LEADING * (len(lines) - 1) / 2 + SIZE * 0.36
    return _text(name, box.x + box.width / 2, top, box.width - 12, lines=max(len(lines), 1))


def _text(words: str, x: float, y: float, width: float, *, anchor: str = "middle", lines: int = 1) -> str:
    """`y` is the base of the first line."""
    if not words:
        return ""
    spans = "".join(
        f'<tspan x="{_n(x)}" y="{_n(y + number * LEADING)}">{escape(line)}</tspan>'
        for number, line in enumerate(wrapped(words, width / SIZE, lines))
    )
    return f'<text text-anchor="{anchor}" fill="{INK}" stroke="none">{spans}</text>'


def _n(value: float) -> str:
    return f"{value:.1f}".removesuffix(".0")
