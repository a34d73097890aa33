"""Puts the pages of several PDFs on one picture, so that a clerk sees all kinds of letters at a glance."""

import io
import subprocess
from collections.abc import Sequence
from math import ceil
from pathlib import Path
from shutil import which
from tempfile import TemporaryDirectory
from typing import Final

from PIL import Image

from engine.errors import Invalid

_DOTS_PER_INCH: Final = 60
_COLUMNS: Final = 6
_GAP: Final = 10  # dots
_SECONDS: Final = 60
_GREY: Final = (128, 128, 128)


def contact_sheet(pdfs: Sequence[bytes]) -> bytes:
    """A PNG with every page in order, six in a row. Raises Invalid without poppler's `pdftoppm`, or for no PDF."""
    program = which("pdftoppm")
    if program is None:
        raise Invalid("poppler_missing", "No pdftoppm on this machine: install poppler-utils for the contact sheet.")
    pages = [page for pdf in pdfs for page in _pictures(program, pdf)]
    width, height = (max(sizes) + _GAP for sizes in zip(*(page.size for page in pages), strict=True))
    sheet = Image.new("RGB", (width * min(_COLUMNS, len(pages)), height * ceil(len(pages) / _COLUMNS)), _GREY)
    for at, page in enumerate(pages):
        row, column = divmod(at, _COLUMNS)
        sheet.paste(page, (column * width + _GAP // 2, row * height + _GAP // 2))
    written = io.BytesIO()
    sheet.save(written, "PNG")
    return written.getvalue()


def _pictures(program: str, pdf: bytes) -> list[Image.Image]:
    with TemporaryDirectory(prefix="duban-sheet-") as folder:
        source = Path(folder, "letter.pdf")
        source.write_bytes(pdf)
        done = subprocess.run(
            [program, "-r", str(_DOTS_PER_INCH), "-png", str(source), str(Path(folder, "page"))],
            capture_output=True,
            timeout=_SECONDS,
        )
        if done.returncode:
            reason = done.stderr.decode(errors="replace").strip()
            raise Invalid("pdf_unreadable", f"pdftoppm cannot draw this PDF: {reason}.")
        pages = []
        for path in sorted(Path(folder).glob("page*.png")):
            with Image.open(path) as page:
                pages.append(page.convert("RGB"))
        return pages
