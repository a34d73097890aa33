"""How a diagram is laid on paper: whatever is drawn can be read somewhere, and no file makes it without end."""

from pathlib import Path

import pytest
from scenario import PROCESSES

from engine.bpmn.shapes import Box, Picture, Shape, read_picture
from forms.drawing import PAPERS, Plate, draw, extent, paper_for, plates
from forms.drawing.plates import LARGEST, MOST, SMALLEST
from forms.drawing.svg import shape_area

DIAGRAMS = sorted(PROCESSES.glob("*/*.bpmn"))
ROUNDING = 0.001


def holds(view: Box, area: Box) -> bool:
    return (
        view.x - ROUNDING <= area.x
        and area.x + area.width <= view.x + view.width + ROUNDING
        and view.y - ROUNDING <= area.y
        and area.y + area.height <= view.y + view.height + ROUNDING
    )


def task(x: float, y: float) -> Shape:
    return Shape(f"t{x}{y}", "task", "办理", "", True, False, False, Box(x, y, 100, 80), None)


def picture(*places: tuple[float, float]) -> Picture:
    return Picture(tuple(task(x, y) for x, y in places), ())


def fits(plate: Plate, paper: str) -> bool:
    width, height = PAPERS[paper]
    return plate.view.width * plate.scale <= width + ROUNDING and plate.view.height * plate.scale <= height + ROUNDING


@pytest.mark.parametrize("paper", PAPERS)
@pytest.mark.parametrize("file", DIAGRAMS, ids=lambda file: file.stem)
def test_every_shape_stands_whole_and_readable_on_some_part(file: Path, paper: str) -> None:
    drawn = read_picture(file.read_bytes())

    parts = plates(drawn, paper)

    assert all(SMALLEST <= part.scale <= LARGEST and fits(part, paper) for part in parts)
    steps = [shape_area(shape) for shape in drawn.shapes if shape.box.width <= 180]
    assert all(any(holds(part.view, area) for part in parts) for area in steps)
    assert len(parts) > 1 or holds(parts[0].view, extent(drawn))


def test_a_small_diagram_is_one_part_on_a4_and_is_not_blown_up() -> None:
    small = picture((0, 0), (200, 0))

    assert (paper_for(small), [part.scale for part in plates(small, "A4")]) == ("A4", [LARGEST])


def test_far_corners_make_few_parts_and_empty_ones_are_left_out() -> None:
    far = picture((0, 0), (99_000, 99_000), (99_000, 0))

    parts = plates(far, "A3")

    assert 3 <= len(parts) < MOST
    assert all(any(holds(part.view, shape.box) for part in parts) for shape in far.shapes)


def test_a_part_shows_only_what_stands_in_it_and_the_numbers_of_the_table() -> None:
    two = picture((0, 0), (5000, 0))

    part = draw(two, "图", view=Box(-20, -20, 400, 200), numbers={"t00": 7, "t50000": 8})

    assert part.count("办理") == 1 and ">7</text>" in part and ">8</text>" not in part
