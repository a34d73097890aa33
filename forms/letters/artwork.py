"""The drawn parts of a letter as outlines: 演示样张, the empty places of seal and signature, the verification code.

Nothing here may pass for a seal: no star, no arms, no name on an arc. Everything is the inside of an SVG in
millimetres, y counting down from the top of the drawing.
"""

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
_RED: Final = "#e60012"
_DASHED: Final = f'fill="none" stroke="{_RED}" stroke-width=".3" stroke-dasharray="2 1.4"'


@cache
def sample_mark() -> str:
    """演示样张 across an A4 page, light grey, to lie under the text."""
    text = _outlines("演示样张", role="heiti", size=36.0, x=-76.0, y=13.7)
    return f'<g fill="#ececec" transform="translate(105 148.5) rotate(-36)">{text}</g>'


@cache
def seal_circle() -> str:
    """An empty dashed circle that says where a seal goes."""
    radius = SEAL_DIAMETER / 2
    ring = f'<circle cx="{radius}" cy="{radius}" r="{radius - 0.15}" {_DASHED}/>'
    return f'{ring}<g fill="{_RED}">{_outlines("印章位置", role="heiti", size=3.2, x=radius - 6.4, y=10.5)}</g>'


@cache
def stamp_box() -> str:
    """An empty dashed box that says where the 签名章 of who signs an order goes."""
    box = f'<rect x=".15" y=".15" width="{STAMP_WIDTH - 0.3}" height="{STAMP_HEIGHT - 0.3}" {_DASHED}/>'
    label = _outlines("签名章位置", role="heiti", size=2.6, x=STAMP_WIDTH / 2 - 6.5, y=3.6)
    return f'{box}<g fill="{_RED}">{label}</g>'


@lru_cache(maxsize=64)
def verification_code(url: str) -> str:
    """A QR code of the address with a label beside it, drawn `CODE_WIDTH` by `CODE_SIDE`."""
    rows = [list(row) for row in segno.make(url, error="m", micro=False).matrix]
    strokes = []  # a thick line for each dark run: two commands, where a box would be five
    for y, cells in enumerate(rows):
        x = 0
        for is_dark, run in groupby(map(bool, cells)):
            width = len(list(run))
            strokes += [f"M{x} {y}.5h{width}"] if is_dark else []
            x += width
    label = _outlines("扫码", role="heiti", size=2.6, x=CODE_SIDE + 1.5, y=5.2)
    label += _outlines("核验", role="heiti", size=2.6, x=CODE_SIDE + 1.5, y=9.0)
    unit = CODE_SIDE / len(rows)
    code = f'<path transform="scale({unit:.6f})" fill="none" stroke="#000" stroke-width="1" d="{"".join(strokes)}"/>'
    return f'{code}<g fill="#595959">{label}</g>'


@cache
def _outlines(text: str, *, role: str, size: float, x: float, y: float) -> str:
    """The text as filled paths; `x`, `y` the start of its baseline and `size` its em, all in units of the drawing."""
    paths = []
    for char in text:
        drawn = face(role_of(char, role))
        commands, em = drawn.outline(char)
        scale = size / em
        paths.append(f'<path transform="translate({x:.3f} {y:.3f}) scale({scale:.6f} {-scale:.6f})" d="{commands}"/>')
        x += drawn.width(char) * size
    return "".join(paths)
