"""The drawn parts of a letter as outlines: 演示样张, the empty places of seal and signature, the verification code.

Nothing here may pass for a seal: no star, no arms, no name on an arc. Everything is PDF path operators in millimetres,
y counting down from the top of the drawing.
"""

import math
from functools import cache, lru_cache
from itertools import groupby
from typing import Final

import segno

from forms.letters.metrics import face, role_of

SEAL_DIAMETER: Final = 42.0  # mm; 国发〔1999〕25号: seals of town and department level
STAMP_WIDTH: Final = 36.0  # mm; a 签名章 beside the post of who signs
STAMP_HEIGHT: Final = 16.0
CODE_SIDE: Final = 12.0  # mm
CODE_WIDTH: Final = 24.0  # the code and its label
_RED: Final = ".902 0 .0706"  # E60012
_ARC: Final = 0.5523  # how far the handles of four Bézier arcs stand off to make a circle


@cache
def sample_mark() -> str:
    """演示样张 across an A4 page, light grey, to lie under the text."""
    text = _outlines("演示样张", role="heiti", size=36.0, x=-76.0, y=13.7)
    cosine, sine = math.cos(math.radians(36)), math.sin(math.radians(36))
    return f"q {cosine:.5f} {-sine:.5f} {sine:.5f} {cosine:.5f} 105 148.5 cm .925 .925 .925 rg {text} Q"


@cache
def seal_circle() -> str:
    """An empty dashed circle that says where a seal goes."""
    radius = SEAL_DIAMETER / 2
    ring = f"q {_RED} RG .3 w [2 1.4] 0 d {_circle(radius, radius, radius - 0.15)} S Q"
    return f"{ring} q {_RED} rg {_outlines('印章位置', role='heiti', size=3.2, x=radius - 6.4, y=10.5)} Q"


@cache
def stamp_box() -> str:
    """An empty dashed box that says where the 签名章 of who signs an order goes."""
    box = f"q {_RED} RG .3 w [2 1.4] 0 d .15 .15 {STAMP_WIDTH - 0.3} {STAMP_HEIGHT - 0.3} re S Q"
    return f"{box} q {_RED} rg {_outlines('签名章位置', role='heiti', size=2.6, x=STAMP_WIDTH / 2 - 6.5, y=3.6)} Q"


@lru_cache(maxsize=64)
def verification_code(url: str) -> str:
    """A QR code of the address with a label beside it, drawn `CODE_WIDTH` by `CODE_SIDE`."""
    rows = [list(row) for row in segno.make(url, error="m", micro=False).matrix]
    unit = CODE_SIDE / len(rows)
    boxes = []
    for y, cells in enumerate(rows):
        x = 0
        for is_dark, run in groupby(map(bool, cells)):
            width = len(list(run))
            boxes += [f"{x * unit:.4f} {y * unit:.4f} {width * unit:.4f} {unit:.4f} re"] if is_dark else []
            x += width
    label = _outlines("扫码", role="heiti", size=2.6, x=CODE_SIDE + 1.5, y=5.2)
    label += " " + _outlines("核验", role="heiti", size=2.6, x=CODE_SIDE + 1.5, y=9.0)
    return f"q 0 0 0 rg {' '.join(boxes)} f .35 .35 .35 rg {label} Q"


def _circle(x: float, y: float, radius: float) -> str:
    handle = radius * _ARC
    arcs = [f"{x + radius:.4f} {y:.4f} m"]
    for cosine, sine in ((0, 1), (-1, 0), (0, -1), (1, 0)):
        # From a quarter turn back to here: the handles lie along the two tangents.
        from_x, from_y = x + sine * radius, y - cosine * radius
        to_x, to_y = x + cosine * radius, y + sine * radius
        points = (from_x + cosine * handle, from_y + sine * handle, to_x + sine * handle, to_y - cosine * handle)
        arcs.append(" ".join(f"{number:.4f}" for number in (*points, to_x, to_y)) + " c")
    return " ".join(arcs) + " h"


@cache
def _outlines(text: str, *, role: str, size: float, x: float, y: float) -> str:
    """The text as filled paths; `x`, `y` the start of its baseline and `size` its em, all in units of the drawing."""
    paths = []
    for char in text:
        drawn = face(role_of(char, role))
        operators, em = drawn.outline(char)
        scale = size / em
        paths.append(f"q {scale:.6f} 0 0 {-scale:.6f} {x:.3f} {y:.3f} cm {operators} f Q")
        x += drawn.width(char) * size
    return " ".join(paths)
