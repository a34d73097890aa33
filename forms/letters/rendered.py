"""What rendering gives, apart from the renderer, so that a caller of `isolate` need not load WeasyPrint."""

from dataclasses import dataclass


@dataclass(frozen=True)
class RenderedLetter:
    """`sha256` is of `pdf`, hexadecimal."""

    pdf: bytes
    pages: int
    sha256: str
