"""How a diagram is laid on paper: the size of the sheet, and the parts it is cut into where it would be too small."""

from collections.abc import Iterator
from dataclasses import dataclass
from math import ceil
from typing import Final

from engine.bpmn.shapes import Box, Picture
from forms.drawing.svg import SIZE, extent, shape_area

# Millimetres that pictures may take: landscape, without margins, head and foot, title and one caption.
PAPERS: Final = {"A4": (273.0, 149.0), "A3": (396.0, 236.0)}
CAPTION: Final = 10.0  # mm of one more picture on the same page
SMALLEST: Final = 6.5 * 25.4 / 72 / SIZE  # mm a unit: names in 小六 (6.5 pt), the smallest size of print
LARGEST: Final = 9.5 * 25.4 / 72 / SIZE
OVERLAP: Final = 180.0  # units: what an edge cuts stands whole on the neighbour
MOST: Final = 40  # parts; beyond that everything is made smaller


@dataclass(frozen=True)
class Plate:
    """One part, `scale` millimetres a unit."""

    view: Box
    scale: float


def paper_for(picture: Picture) -> str:
    """A4 where the whole diagram can be read on it, else A3."""
    whole = extent(picture)
    width, height = PAPERS["A4"]
    return "A4" if min(width / whole.width, height / whole.height) >= SMALLEST else "A3"


def plates(picture: Picture, paper: str) -> tuple[Plate, ...]:
    """The parts in the order of reading, row by row; parts in which nothing stands are left out. They are made so
    large that as few pages as can be read hold all of them.

    Raises ValueError for a picture without shapes.
    """
    whole = extent(picture)
    width, height = PAPERS[paper]
    scale = SMALLEST
    while _count(whole.width, width / scale) * _count(whole.height, height / scale) > MOST:
        scale *= 0.9
    across, down = _count(whole.width, width / scale), _count(whole.height, height / scale)
    part_width, part_height = _part(whole.width, across), _part(whole.height, down)
    stacked = int((height + CAPTION) // (part_height * SMALLEST + CAPTION))
    stacked = min(max(stacked, 1), across * down)
    scale = min(width / part_width, (height - CAPTION * (stacked - 1)) / stacked / part_height, LARGEST)
    part = Box(whole.x, whole.y, min(whole.width, width / scale), part_height)
    found = tuple(Plate(view, scale) for view in _views(whole, part, across, down))
    areas = [shape_area(shape) for shape in picture.shapes]
    return tuple(plate for plate in found if any(_shows(plate.view, area) for area in areas))


def _count(length: float, room: float) -> int:
    return 1 if length <= room else ceil((length - OVERLAP) / max(room - OVERLAP, OVERLAP))


def _part(length: float, count: int) -> float:
    return (length + OVERLAP * (count - 1)) / count


def _views(whole: Box, part: Box, across: int, down: int) -> Iterator[Box]:
    """As wide as the paper: what is over makes neighbours overlap more."""
    to_right = (whole.width - part.width) / max(across - 1, 1)
    to_below = (whole.height - part.height) / max(down - 1, 1)
    for row in range(down):
        for column in range(across):
            yield Box(whole.x + column * to_right, whole.y + row * to_below, part.width, part.height)


def _shows(view: Box, area: Box) -> bool:
    return (
        area.x < view.x + view.width
        and view.x < area.x + area.width
        and area.y < view.y + view.height
        and view.y < area.y + area.height
    )
