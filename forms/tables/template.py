"""An empty or filled register as xlsx: what an office fills in, and what the demo invents."""

from collections.abc import Iterable, Mapping

from forms.tables.book import Book
from forms.tables.columns import COLUMNS

_WIDTHS = {"name": 30, "credit_code": 21, "address": 30, "problem": 40, "source": 16, "contact_phone": 16}


def register_xlsx(rows: Iterable[Mapping[str, str]] = ()) -> bytes:
    """A register with our header; `rows` are texts by column key. Required columns carry a star."""
    with Book("底册", widths=[_WIDTHS.get(column.key, 11) for column in COLUMNS]) as book:
        for place, column in enumerate(COLUMNS):
            book.text(0, place, column.zh + ("*" if column.is_required else ""), book.header)
        book.sheet.freeze_panes(1, 2)
        for number, row in enumerate(rows, 1):
            for place, column in enumerate(COLUMNS):
                book.text(number, place, row.get(column.key, ""))
    return book.content()
