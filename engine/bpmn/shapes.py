"""Where and in which colours a diagram draws its elements and flows: the DI, read without trusting its numbers."""

import math
import re
from dataclasses import dataclass

from lxml import etree

from engine.bpmn.document import BPMNDI, DC, bpmn, local, read_document
from engine.bpmn.elements import event_definitions

DI = "http://www.omg.org/spec/DD/20100524/DI"
FARTHEST = 100_000.0
COLOUR = re.compile("#[0-9a-fA-F]{6}")
# Of the standard's extension for colours and, in older files, of bpmn.io's own: of the surface, of the line.
SURFACE = (
    "{http://www.omg.org/spec/BPMN/non-normative/color/1.0}background-color",
    "{http://bpmn.io/schema/bpmn/biocolor/1.0}fill",
)
BORDER = (
    "{http://www.omg.org/spec/BPMN/non-normative/color/1.0}border-color",
    "{http://bpmn.io/schema/bpmn/biocolor/1.0}stroke",
)


@dataclass(frozen=True)
class Box:
    x: float
    y: float
    width: float
    height: float


@dataclass(frozen=True)
class Shape:
    """`tag` is the element's in BPMN, `event` the kind of its first event definition; `label` is where its name stands,
    when the diagram says so. `surface` and `border` are #rrggbb, empty where the diagram gives no colour."""

    element_id: str
    tag: str
    name: str
    event: str
    is_interrupting: bool
    is_expanded: bool
    is_marked: bool  # a multi-instance activity
    box: Box
    label: Box | None
    surface: str = ""
    border: str = ""


@dataclass(frozen=True)
class Line:
    """`tag` is sequenceFlow, messageFlow or association; `border` its colour as #rrggbb, empty where it has none."""

    element_id: str
    tag: str
    name: str
    is_default: bool
    points: tuple[tuple[float, float], ...]
    label: Box | None
    border: str = ""


@dataclass(frozen=True)
class Picture:
    shapes: tuple[Shape, ...]
    lines: tuple[Line, ...]


def read_picture(xml: bytes) -> Picture:
    """The first diagram of the file; what has no place, or an impossible one, is left out. Raises DocumentRefused."""
    root = read_document(xml)
    elements = {node.get("id"): node for node in root.iter(bpmn("*")) if node.get("id")}
    defaults = {node.get("default") for node in elements.values() if node.get("default")}
    plane = next(root.iter(f"{{{BPMNDI}}}BPMNPlane"), None)
    shapes, lines = [], []
    for drawn in plane if plane is not None else ():
        node = elements.get(drawn.get("bpmnElement"))
        if node is None:
            continue
        if local(drawn) == "BPMNShape" and (box := _box(drawn)) is not None:
            shapes.append(_shape(drawn, node, box))
        elif local(drawn) == "BPMNEdge" and len(points := _points(drawn)) > 1:
            name = node.get("name", "").strip()
            is_default = node.get("id") in defaults
            border = _colour(drawn, BORDER)
            lines.append(Line(node.get("id"), local(node), name, is_default, points, _label(drawn), border))
    return Picture(tuple(shapes), tuple(lines))


def _shape(drawn: etree._Element, node: etree._Element, box: Box) -> Shape:
    events = event_definitions(node)
    name = node.get("name", "").strip()
    if local(node) == "textAnnotation":
        name = "".join(node.itertext()).strip()
    return Shape(
        element_id=node.get("id"),
        tag=local(node),
        name=name,
        event=local(events[0]).removesuffix("EventDefinition") if events else "",
        is_interrupting=node.get("cancelActivity", "true") != "false",
        is_expanded=drawn.get("isExpanded") == "true",
        is_marked=node.find(bpmn("multiInstanceLoopCharacteristics")) is not None,
        box=box,
        label=_label(drawn),
        surface=_colour(drawn, SURFACE),
        border=_colour(drawn, BORDER),
    )


def _colour(drawn: etree._Element, names: tuple[str, str]) -> str:
    return next((value for name in names if COLOUR.fullmatch(value := drawn.get(name, ""))), "")


def _label(drawn: etree._Element) -> Box | None:
    label = drawn.find(f"{{{BPMNDI}}}BPMNLabel")
    return _box(label) if label is not None else None


def _box(drawn: etree._Element) -> Box | None:
    bounds = drawn.find(f"{{{DC}}}Bounds")
    numbers = [_number(bounds.get(name)) for name in ("x", "y", "width", "height")] if bounds is not None else [None]
    x, y, width, height = numbers if len(numbers) == 4 else (None,) * 4
    if x is None or y is None or width is None or height is None or width < 0 or height < 0:
        return None
    return Box(x, y, width, height)


def _points(drawn: etree._Element) -> tuple[tuple[float, float], ...]:
    found = []
    for point in drawn.iter(f"{{{DI}}}waypoint"):
        x, y = _number(point.get("x")), _number(point.get("y"))
        if x is not None and y is not None:
            found.append((x, y))
    return tuple(found)


def _number(text: str | None) -> float | None:
    try:
        value = float(text or "")
    except ValueError:
        return None
    return value if math.isfinite(value) and abs(value) <= FARTHEST else None
