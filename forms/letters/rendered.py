"""What rendering gives, apart from the renderer, so that a caller of `isolate` need not load it."""

from dataclasses import dataclass


@dataclass(frozen=True)
class SealBox:
    """Where the seal is pressed: the page, counted from 1, and the edges in points from its lower left corner."""

    page: int
    left: float
    bottom: float
    right: float
    top: float


@dataclass(frozen=True)
class RenderedLetter:
    """`sha256` is of `pdf`, hexadecimal; `seal_box` is None for a letter that bears no seal, such as minutes."""

    pdf: bytes
    pages: int
    sha256: str
    seal_box: SealBox | None = None
