"""The ledger 台账 of a campaign as xlsx and csv, from plain rows."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from forms.context import BEIJING
from forms.tables.book import Book, csv_bytes

_WORDS = {
    "kinds": {"san": ("散", "scattered"), "luan": ("乱", "disorderly"), "wu": ("污", "polluting")},
    "disposition": {
        "close": ("关停取缔", "close"),
        "rectify": ("整治提升", "rectify"),
        "relocate": ("整合搬迁", "relocate"),
    },
    "source": {"survey": ("新排查", "new survey"), "lookback": ("已销号回头看", "look-back")},
    "phase": {
        "survey": ("排查摸底", "survey"),
        "cleanup": ("清理整治", "clean-up"),
        "improvement": ("整治提升", "improvement"),
        "acceptance": ("验收销号", "acceptance"),
        "lookback": ("回头看", "look-back"),
    },
    "state": {"ACTIVE": ("在办", "active"), "EXCLUDED": ("剔除", "excluded"), "STRUCK_OFF": ("已销号", "struck off")},
    "light": {
        "green": ("绿灯", "green"),
        "yellow": ("黄灯", "yellow"),
        "red": ("红灯", "red"),
        "done": ("已办结", "done"),
    },
}  # fmt: skip
_WORDS["proposed"] = {**_WORDS["disposition"], "exclude": ("剔除", "exclude")}


@dataclass(frozen=True)
class LedgerColumn:
    key: str  # of the row
    zh: str
    en: str
    width: float = 12

    def title(self, lang: str) -> str:
        return self.en if lang == "en" else self.zh


LEDGER = (
    LedgerColumn("case_id", "编号", "Number", 20),
    LedgerColumn("name", "名称", "Name", 28),
    LedgerColumn("credit_code", "统一社会信用代码", "Credit code", 21),
    LedgerColumn("area", "所在镇街", "Area", 12),
    LedgerColumn("address", "地址", "Address", 28),
    LedgerColumn("industry", "行业", "Industry", 12),
    LedgerColumn("group", "专责组", "Group", 14),
    LedgerColumn("lead", "牵头单位", "Lead unit", 16),
    LedgerColumn("source", "来源", "Source", 12),
    LedgerColumn("problem", "问题描述", "Problem", 36),
    LedgerColumn("kinds", "类别", "Kinds", 10),
    LedgerColumn("disposition", "处置方式", "Disposition", 11),
    LedgerColumn("phase", "阶段", "Phase", 11),
    LedgerColumn("state", "状态", "State", 9),
    LedgerColumn("light", "亮灯", "Light", 8),
    LedgerColumn("due_at", "时限", "Due", 17),
    LedgerColumn("done_at", "办结时间", "Done", 17),
    LedgerColumn("struck_off_at", "销号时间", "Struck off", 17),
)


def ledger_xlsx(
    rows: Iterable[Mapping[str, Any]],
    *,
    title: str,
    as_of: datetime,
    lang: str = "zh",
    columns: Sequence[LedgerColumn] = LEDGER,
) -> bytes:
    """All cells are text; header frozen, filter set, the last line counts the rows. `rows` may be a generator."""
    with Book("Ledger" if lang == "en" else "台账", widths=[6, *(column.width for column in columns)]) as book:
        sheet, last = book.sheet, len(columns)
        sheet.set_row(0, 28)
        sheet.merge_range(0, 0, 0, last, "", book.title)
        book.text(0, 0, title, book.title)
        book.text(1, 0, as_of_line(as_of, lang), book.note)
        for column, name in enumerate(_titles(columns, lang)):
            book.text(2, column, name, book.header)
        sheet.freeze_panes(3, 3 if last >= 3 else 1)
        sheet.repeat_rows(2)
        count = 0
        for count, row in enumerate(rows, 1):
            for position, text in enumerate([str(count), *_texts(row, columns, lang)]):
                book.text(2 + count, position, text)
        sheet.autofilter(2, 0, 2 + count, last)
        _totals(book, 3 + count, count, last, lang)
    return book.content()


def ledger_csv(
    rows: Iterable[Mapping[str, Any]], *, lang: str = "zh", columns: Sequence[LedgerColumn] = LEDGER
) -> bytes:
    def lines() -> Iterator[Sequence[str]]:
        yield _titles(columns, lang)
        for number, row in enumerate(rows, 1):
            yield [str(number), *_texts(row, columns, lang)]

    return csv_bytes(lines())


def as_of_line(as_of: datetime, lang: str) -> str:
    moment = as_of.astimezone(BEIJING)
    if lang == "en":
        return f"As of {moment:%Y-%m-%d %H:%M} (Beijing time)"
    return f"截至 {moment.year}年{moment.month}月{moment.day}日 {moment:%H:%M}"


def _titles(columns: Sequence[LedgerColumn], lang: str) -> list[str]:
    return ["No." if lang == "en" else "序号", *(column.title(lang) for column in columns)]


def _totals(book: Book, row: int, count: int, last: int, lang: str) -> None:
    book.text(row, 0, "Total" if lang == "en" else "合计", book.total)
    book.text(row, 1, f"{count} cases" if lang == "en" else f"{count} 件", book.total)
    for column in range(2, last + 1):
        book.text(row, column, "", book.total)


def _texts(row: Mapping[str, Any], columns: Sequence[LedgerColumn], lang: str) -> list[str]:
    return [_text(column.key, row.get(column.key), lang) for column in columns]


def _text(key: str, value: Any, lang: str) -> str:
    """A value as an office writes it: words for codes, Beijing time for instants."""
    if value is None:
        return ""
    if isinstance(value, bool):
        return ("yes" if value else "no") if lang == "en" else ("是" if value else "否")
    if isinstance(value, list | tuple):
        return ("、" if lang != "en" else ", ").join(_text(key, item, lang) for item in value)
    if isinstance(value, datetime):
        return f"{value.astimezone(BEIJING):%Y-%m-%d %H:%M}" if value.tzinfo else f"{value:%Y-%m-%d %H:%M}"
    if isinstance(value, date):
        return value.isoformat()
    words = _WORDS.get(key, {}).get(str(value))
    return (words[1] if lang == "en" else words[0]) if words else str(value)
