"""Draws the DI of a diagram as one SVG element without styles or scripts: it may stand in any page."""

from collections.abc import Callable
from html import escape
from itertools import pairwise

from engine.bpmn.shapes import Box, Line, Picture, Shape
from forms.drawing.letters import wrapped

MARGIN = 24.0
INK, PAPER, SOFT = "#1f2933", "#ffffff", "#6b7280"
SIZE = 12.0
LEADING = 14.0
SYMBOLS = {
    "userTask": "人",
    "serviceTask": "⚙",
    "businessRuleTask": "▦",
    "scriptTask": "≡",
    "sendTask": "✉",
    "receiveTask": "✉",
    "exclusiveGateway": "×",
    "parallelGateway": "+",
    "inclusiveGateway": "○",
    "eventBasedGateway": "◎",
    "complexGateway": "✳",
}
EVENTS = {"message": "✉", "timer": "◷", "error": "ϟ", "escalation": "▲", "signal": "△", "terminate": "●",
          "conditional": "▤", "link": "➜", "compensate": "◀◀", "cancel": "✕"}  # fmt: skip
FRAMES = ("subProcess", "transaction", "adHocSubProcess", "participant", "lane", "group")


def draw(picture: Picture, title: str) -> str:
    """`title` is read out instead of the picture. Empty when nothing has a place."""
    if not picture.shapes:
        return ""
    left, top, width, height = _extent(picture)
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" role="img" aria-label="{escape(title)}" '
        f'viewBox="{_n(left)} {_n(top)} {_n(width)} {_n(height)}" width="{_n(width)}" height="{_n(height)}" '
        f'font-size="{_n(SIZE)}" fill="none" stroke="{INK}" stroke-width="1.5">',
        f"<title>{escape(title)}</title>",
    ]
    parts += [_frame(shape) for shape in _largest_first(picture.shapes)]
    parts += [_line(line) for line in picture.lines]
    parts += [_shape(shape) for shape in picture.shapes if not _is_frame(shape)]
    parts += [_line_label(line) for line in picture.lines if line.name]
    return "".join([*parts, "</svg>"])


def _extent(picture: Picture) -> tuple[float, float, float, float]:
    boxes = [shape.box for shape in picture.shapes]
    boxes += [shape.label for shape in picture.shapes if shape.label is not None]
    boxes += [line.label for line in picture.lines if line.label is not None]
    points = [point for line in picture.lines for point in line.points]
    xs = [box.x for box in boxes] + [box.x + box.width for box in boxes] + [x for x, _ in points]
    ys = [box.y for box in boxes] + [box.y + box.height + LEADING for box in boxes] + [y for _, y in points]
    left, top = min(xs) - MARGIN, min(ys) - MARGIN
    return left, top, max(xs) + MARGIN - left, max(ys) + MARGIN - top


def _is_frame(shape: Shape) -> bool:
    return shape.tag in FRAMES and (shape.is_expanded or shape.tag in ("participant", "lane", "group"))


def _largest_first(shapes: tuple[Shape, ...]) -> list[Shape]:
    frames = [shape for shape in shapes if _is_frame(shape)]
    return sorted(frames, key=lambda shape: -shape.box.width * shape.box.height)


def _frame(shape: Shape) -> str:
    box = shape.box
    label = _text(shape.name, box.x + 8 + SIZE, box.y + 18, max(box.width - 24, 40), anchor="start", lines=1)
    return _rect(box, 10 if shape.tag in FRAMES[:3] else 0) + label


# -- shapes ------------------------------------------------------------------------------------------------------------
def _shape(shape: Shape) -> str:
    if shape.tag.endswith("Event"):
        return _event(shape)
    if shape.tag.endswith("Gateway"):
        return _gateway(shape)
    drawers: dict[str, Callable[[Shape], str]] = {
        "textAnnotation": _annotation,
        "dataObjectReference": _thing,
        "dataStoreReference": _thing,
    }
    return drawers.get(shape.tag, _activity)(shape)


def _activity(shape: Shape) -> str:
    box = shape.box
    width = 3.5 if shape.tag == "callActivity" else 1.5
    parts = [_rect(box, 10, width)]
    if shape.tag in SYMBOLS:
        parts.append(_glyph(SYMBOLS[shape.tag], box.x + 13, box.y + 16, SIZE))
    parts.append(_middle(shape.name, box))
    marks = ("⊞" if shape.tag in FRAMES[:3] else "") + ("⦀" if shape.is_marked else "")
    if marks:
        parts.append(_glyph(marks, box.x + box.width / 2, box.y + box.height - 5, SIZE))
    return "".join(parts)


def _event(shape: Shape) -> str:
    box = shape.box
    x, y, radius = box.x + box.width / 2, box.y + box.height / 2, min(box.width, box.height) / 2
    dashes = ' stroke-dasharray="4 3"' if shape.tag == "boundaryEvent" and not shape.is_interrupting else ""
    thick = 3.5 if shape.tag == "endEvent" else 1.5
    parts = [f'<circle cx="{_n(x)}" cy="{_n(y)}" r="{_n(radius)}" fill="{PAPER}" stroke-width="{thick}"{dashes}/>']
    if shape.tag in ("boundaryEvent", "intermediateCatchEvent", "intermediateThrowEvent"):
        parts.append(f'<circle cx="{_n(x)}" cy="{_n(y)}" r="{_n(max(radius - 3.5, 1))}"{dashes}/>')
    if shape.event:
        parts.append(_glyph(EVENTS.get(shape.event, "?"), x, y + 6, 17))
    return "".join([*parts, _under(shape)])


def _gateway(shape: Shape) -> str:
    box = shape.box
    x, y = box.x + box.width / 2, box.y + box.height / 2
    corners = ((x, box.y), (box.x + box.width, y), (x, box.y + box.height), (box.x, y))
    points = " ".join(f"{_n(a)},{_n(b)}" for a, b in corners)
    glyph = _glyph(SYMBOLS.get(shape.tag, ""), x, y + 9, 26)
    return f'<polygon points="{points}" fill="{PAPER}"/>{glyph}{_under(shape)}'


def _annotation(shape: Shape) -> str:
    box = shape.box
    path = f"M{_n(box.x + 10)} {_n(box.y)}H{_n(box.x)}V{_n(box.y + box.height)}H{_n(box.x + 10)}"
    return f'<path d="{path}"/>' + _text(shape.name, box.x + 6, box.y + 14, box.width - 6, anchor="start", lines=20)


def _thing(shape: Shape) -> str:
    return _rect(shape.box, 2) + _under(shape)


def _rect(box: Box, radius: float, width: float = 1.5) -> str:
    return (
        f'<rect x="{_n(box.x)}" y="{_n(box.y)}" width="{_n(box.width)}" height="{_n(box.height)}" '
        f'rx="{_n(radius)}" fill="{PAPER}" stroke-width="{width}"/>'
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
    if line.label is not None:
        box = line.label
        return _text(line.name, box.x + box.width / 2, box.y + SIZE, max(box.width, 108), lines=4, halo=True)
    start, end = max(
        pairwise(line.points), key=lambda pair: abs(pair[1][0] - pair[0][0]) + abs(pair[1][1] - pair[0][1])
    )
    return _text(line.name, (start[0] + end[0]) / 2, (start[1] + end[1]) / 2 - 5, 120, lines=4, halo=True)


# -- words -------------------------------------------------------------------------------------------------------------
def _under(shape: Shape) -> str:
    box = shape.label or Box(shape.box.x - 32, shape.box.y + shape.box.height + 3, shape.box.width + 64, LEADING)
    return _text(shape.name, box.x + box.width / 2, box.y + SIZE, max(box.width, 108), lines=4, halo=True)


def _middle(name: str, box: Box) -> str:
    lines = wrapped(name, (box.width - 12) / SIZE, max(int((box.height - 16) / LEADING), 1))
    top = box.y + box.height / 2 - LEADING * (len(lines) - 1) / 2 + SIZE * 0.36
    return _text(name, box.x + box.width / 2, top, box.width - 12, lines=max(len(lines), 1))


def _text(
    words: str, x: float, y: float, width: float, *, anchor: str = "middle", lines: int = 1, halo: bool = False
) -> str:
    """`y` is the base of the first line. `halo`: paper around it, since it may stand on a line."""
    if not words:
        return ""
    spans = "".join(
        f'<tspan x="{_n(x)}" y="{_n(y + number * LEADING)}">{escape(line)}</tspan>'
        for number, line in enumerate(wrapped(words, width / SIZE, lines))
    )
    around = f' stroke="{PAPER}" stroke-width="3" paint-order="stroke"' if halo else ' stroke="none"'
    return f'<text text-anchor="{anchor}" fill="{INK}"{around}>{spans}</text>'


def _glyph(glyph: str, x: float, y: float, size: float) -> str:
    return (
        f'<text x="{_n(x)}" y="{_n(y)}" text-anchor="middle" font-size="{_n(size)}" fill="{SOFT}" stroke="none" '
        f'aria-hidden="true">{glyph}</text>'
    )


def _n(value: float) -> str:
    return f"{value:.1f}".removesuffix(".0")
