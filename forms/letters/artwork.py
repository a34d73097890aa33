"""The drawn parts of a letter as SVG outlines: 演示样张, the empty seal circle, the verification code.

Nothing here may pass for a seal: no star, no arms, no name on an arc.
"""

from functools import cache
from typing import Final

import segno

from forms.letters.metrics import face, role_of

SEAL_DIAMETER: Final = 42.0  # mm; 国发〔1999〕25号: seals of town and department level
CODE_SIDE: Final = 12.0  # mm
CODE_WIDTH: Final = 24.0  # the code and its label


@cache
def sample_mark() -> str:
    """演示样张 across an A4 page, light grey, to lie under the text."""
    text = _outlines("演示样张", role="heiti", size=36.0, x=-76.0, y=13.7)
    return f'<g fill="#ececec" transform="translate(105 148.5) rotate(-36)">{text}</g>'


@cache
def seal_circle() -> str:
    """An empty dashed circle that says where a seal goes."""
    radius = SEAL_DIAMETER / 2
    ring = (
        f'<circle cx="{radius}" cy="{radius}" r="{radius - 0.15}" fill="none" stroke="#e60012" '
        f'stroke-width="0.3" stroke-dasharray="2 1.4"/>'
    )
    return f'{ring}<g fill="#e60012">{_outlines("印章位置", role="heiti", size=3.2, x=radius - 6.4, y=10.5)}</g>'


@cache
def verification_code(url: str) -> str:
    """A QR code of the address with a label beside it, drawn `CODE_WIDTH` by `CODE_SIDE`."""
    rows = [list(row) for row in segno.make(url, error="m", micro=False).matrix]
    unit = CODE_SIDE / len(rows)
    squares = "".join(
        f"M{column * unit:.4f} {row * unit:.4f}h{unit:.4f}v{unit:.4f}h-{unit:.4f}z"
        for row, cells in enumerate(rows)
        for column, is_dark in enumerate(cells)
        if is_dark
    )
    label = _outlines("扫码", role="heiti", size=2.6, x=CODE_SIDE + 1.5, y=5.2)
    label += _outlines("核验", role="heiti", size=2.6, x=CODE_SIDE + 1.5, y=9.0)
    return f'<path d="{squares}" fill="#000"/><g fill="#595959">{label}</g>'


def _outlines(text: str, *, role: str, size: float, x: float, y: float) -> str:
    """The text as paths; `x`, `y` the start of its baseline and `size` its em, all in the units of the drawing."""
    paths = []
    for char in text:
        drawn = face(role_of(char, role))
        commands, em = drawn.outline(char)
        scale = size / em
        paths.append(f'<path transform="translate({x:.3f} {y:.3f}) scale({scale:.6f} {-scale:.6f})" d="{commands}"/>')
        x += drawn.width(char) * size
    return "".join(paths)
