"""Workbooks that we write: text stays text, nothing becomes a formula, the same input gives the same bytes."""

import csv
import io
from collections.abc import Iterable, Sequence
from datetime import UTC, datetime
from types import TracebackType
from typing import Any

import xlsxwriter  # type: ignore[import-untyped]

MAX_CELL = 32_767  # Excel's limit for one cell
# Threat 15: what a spreadsheet takes for a formula, full-width forms included.
_FORMULA_STARTS = ("=", "+", "-", "@", "\t", "\r", "\n", "＝", "＋", "－", "＠")
_CREATED = datetime(2024, 1, 1, tzinfo=UTC).replace(tzinfo=None)  # constant, so that bytes do not depend on the clock


class Book:
    """An xlsx with one sheet, written from top to bottom."""

    def __init__(self, sheet_name: str, *, widths: Sequence[float], landscape: bool = True) -> None:
        self._out = io.BytesIO()
        self._book = xlsxwriter.Workbook(
            self._out,
            {
                "constant_memory": True,
                "strings_to_formulas": False,
                "strings_to_urls": False,
                "strings_to_numbers": False,
            },
        )
        self._book.set_properties({"created": _CREATED, "title": sheet_name})
        self.sheet = self._book.add_worksheet(sheet_name[:31])
        if landscape:
            self.sheet.set_landscape()
        self.sheet.set_paper(9)  # A4
        self.sheet.fit_to_pages(1, 0)
        for column, width in enumerate(widths):
            self.sheet.set_column(column, column, width)
        edge = {"border": 1, "border_color": "#808080", "valign": "vcenter", "font_name": "宋体", "font_size": 10}
        add = self._book.add_format
        self.title = add({"bold": True, "align": "center", "valign": "vcenter", "font_name": "宋体", "font_size": 16})
        self.note = add({"font_name": "宋体", "font_size": 10, "valign": "vcenter"})
        self.header = add({**edge, "bold": True, "bg_color": "#F2F2F2", "align": "center", "text_wrap": True})
        self.cell = add({**edge, "num_format": "@", "text_wrap": True})
        self.quoted = add({**edge, "num_format": "@", "text_wrap": True, "quote_prefix": True})
        self.count = add({**edge, "num_format": "0", "align": "right"})
        self.total = add({**edge, "bold": True, "num_format": "@"})
        self.total_count = add({**edge, "bold": True, "num_format": "0", "align": "right"})

    def __enter__(self) -> "Book":
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self._book.close()

    def text(self, row: int, column: int, value: str, style: Any = None) -> None:
        text = without_control(value)[:MAX_CELL]
        if style is None:
            style = self.quoted if text.startswith(_FORMULA_STARTS) else self.cell
        if text:
            self.sheet.write_string(row, column, text, style)
        else:
            self.sheet.write_blank(row, column, None, style)

    def number(self, row: int, column: int, value: int, style: Any = None) -> None:
        self.sheet.write_number(row, column, value, style or self.count)

    def content(self) -> bytes:
        """The finished file; only after the `with`."""
        return self._out.getvalue()


def csv_bytes(lines: Iterable[Sequence[str]]) -> bytes:
    """A csv that Excel opens as Chinese (UTF-8 with BOM) and in which no cell is a formula."""
    out = io.StringIO(newline="")
    writer = csv.writer(out, lineterminator="\r\n")
    for line in lines:
        writer.writerow([guarded(cell) for cell in line])
    return b"\xef\xbb\xbf" + out.getvalue().encode("utf-8", "replace")


def guarded(text: str) -> str:
    """An apostrophe before what a spreadsheet would calculate, leading spaces notwithstanding."""
    text = without_control(text)
    return f"'{text}" if text.startswith(_FORMULA_STARTS) or text.lstrip().startswith(_FORMULA_STARTS) else text


def without_control(text: str) -> str:
    """Without the characters that XML 1.0 cannot hold; a lone surrogate becomes a question mark."""
    kept = "".join(character for character in text if ord(character) >= 32 or character in "\t\n\r")
    kept = kept.replace("\ufffe", "").replace("\uffff", "")
    return kept.encode("utf-8", "replace").decode("utf-8")
