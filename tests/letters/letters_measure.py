"""Reads a PDF the way an inspector does: characters with their places in millimetres, and printed ink as pixels."""

import io
import subprocess
from dataclasses import dataclass

from pdfminer.high_level import extract_pages
from pdfminer.layout import LTChar, LTContainer, LTCurve, LTLine, LTRect
from PIL import Image

from forms.letters import fonts
from forms.letters.metrics import face

MM = 25.4 / 72
PAGE_HEIGHT = 297.0
PIXELS_PER_MM = 10  # 254 dpi


def name_of_font(base: str) -> str:
    """What a reader lists, without the tag of the subset; WeasyPrint writes a hyphen for a blank."""
    return base.split("+")[-1].replace("-", "")


ROLE_OF_FONT = {name_of_font(face(role).name): role for role in fonts.ROLES}


@dataclass(frozen=True)
class Char:
    """`x` and `right` are the edges of its cell, `baseline` counts down from the top of the page; all in mm.

    `font` is the role that the font plays in the letter.
    """

    text: str
    x: float
    right: float
    baseline: float
    font: str
    size: float


@dataclass(frozen=True)
class MeasuredLine:
    chars: tuple[Char, ...]

    @property
    def text(self) -> str:
        return "".join(char.text for char in self.chars)

    @property
    def x(self) -> float:
        return self.chars[0].x

    @property
    def right(self) -> float:
        return self.chars[-1].right

    @property
    def baseline(self) -> float:
        return self.chars[0].baseline

    def size_of_first(self) -> float:
        """The size of the first character in points."""
        return self.chars[0].size


def lines_of(pdf: bytes) -> list[list[MeasuredLine]]:
    """For every page its lines from top to bottom, characters on one baseline making a line."""
    pages = []
    for page in extract_pages(io.BytesIO(pdf)):
        rows: dict[int, list[Char]] = {}
        for char in chars_of(page):
            rows.setdefault(round(char.baseline * 10), []).append(char)
        pages.append([MeasuredLine(tuple(sorted(row, key=lambda char: char.x))) for _, row in sorted(rows.items())])
    return pages


@dataclass(frozen=True)
class Box:
    """The edges of something drawn, in mm from the top left corner of the page."""

    left: float
    top: float
    right: float
    bottom: float

    @property
    def width(self) -> float:
        return self.right - self.left

    @property
    def height(self) -> float:
        return self.bottom - self.top

    @property
    def centre(self) -> tuple[float, float]:
        return (self.left + self.right) / 2, (self.top + self.bottom) / 2


def rules_of(pdf: bytes) -> list[list[Box]]:
    """For every page its rules from top to bottom; what pictures are made of is not among them."""
    pages = []
    for page in extract_pages(io.BytesIO(pdf)):
        boxes = [_box(item) for item in page if isinstance(item, LTRect) and item.fill and not item.stroke]
        boxes = [box for box in boxes if max(box.width, box.height) > 15.0]
        pages.append(sorted(boxes, key=lambda box: (box.top, box.left)))
    return pages


def outlines_of(pdf: bytes) -> list[list[Box]]:
    """For every page what is drawn as a stroked outline: the places of seals and stamps, not the strokes of a code."""
    return [
        [_box(item) for item in page if isinstance(item, LTCurve) and item.stroke and not isinstance(item, LTLine)]
        for page in extract_pages(io.BytesIO(pdf))
    ]


def _box(item: LTCurve) -> Box:
    return Box(item.x0 * MM, PAGE_HEIGHT - item.y1 * MM, item.x1 * MM, PAGE_HEIGHT - item.y0 * MM)


def line_with(lines: list[MeasuredLine], text: str) -> MeasuredLine:
    return next(line for line in lines if text in line.text)


def text_of_pdf(pdf: bytes) -> str:
    """What poppler reads, without the line ends: readers copy text with this."""
    done = subprocess.run(["pdftotext", "-enc", "UTF-8", "-", "-"], input=pdf, capture_output=True, check=True)
    return "".join(done.stdout.decode().split())


def picture_of(pdf: bytes, page: int) -> Image.Image:
    """One page at 10 pixels a millimetre."""
    command = ["pdftoppm", "-r", "254", "-f", str(page), "-l", str(page), "-"]
    done = subprocess.run(command, input=pdf, capture_output=True, check=True)
    return Image.open(io.BytesIO(done.stdout)).convert("RGB")


def ink_rows(picture: Image.Image, *, red: bool, left: float = 0.0, right: float = 210.0) -> list[float]:
    """The millimetres from the top of every pixel row that holds red (or black) ink between two edges."""
    strip = picture.crop((round(left * PIXELS_PER_MM), 0, round(right * PIXELS_PER_MM), picture.height))
    mask = _ink(strip, red=red)
    return [y / PIXELS_PER_MM for y in range(mask.height) if mask.crop((0, y, mask.width, y + 1)).getbbox()]


def ink_span(picture: Image.Image, *, red: bool, top: float, bottom: float) -> tuple[float, float]:
    """The left and right edge of the ink between two heights."""
    strip = picture.crop((0, round(top * PIXELS_PER_MM), picture.width, round(bottom * PIXELS_PER_MM)))
    box = _ink(strip, red=red).getbbox()
    assert box is not None
    return box[0] / PIXELS_PER_MM, box[2] / PIXELS_PER_MM


def groups(rows: list[float]) -> list[tuple[float, float]]:
    """Neighbouring pixel rows as (first, last) in mm."""
    found: list[tuple[float, float]] = []
    for row in rows:
        if found and row - found[-1][1] < 0.15:
            found[-1] = (found[-1][0], row)
        else:
            found.append((row, row))
    return found


def chars_of(container: LTContainer) -> list[Char]:
    found = []
    for item in container:
        if isinstance(item, LTChar):
            x, baseline = item.matrix[4] * MM, PAGE_HEIGHT - item.matrix[5] * MM
            font = ROLE_OF_FONT[name_of_font(item.fontname)]
            found.append(Char(item.get_text(), x, item.x1 * MM, baseline, font, item.y1 - item.y0))
        elif isinstance(item, LTContainer):
            found += chars_of(item)
    return found


def _ink(strip: Image.Image, *, red: bool) -> Image.Image:
    reds, greens, _ = strip.split()
    dark_green = greens.point(lambda value: 255 if value < 110 else 0)
    bright_red = reds.point(lambda value: 255 if value > 150 else 0)
    if red:
        return Image.composite(dark_green, Image.new("L", strip.size), bright_red)
    return Image.composite(Image.new("L", strip.size), dark_green, bright_red)
