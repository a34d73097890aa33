"""The summaries 汇总表 that a unit seals and hands in: 附件2, 3 and 4 of the plan, from counts by unit."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from forms.tables.book import Book, csv_bytes
from forms.tables.ledger import as_of_line


@dataclass(frozen=True)
class Count:
    """One counted column; `of` is the column it is a part of, which it can never exceed."""

    key: str
    zh: str
    en: str
    of: str | None = None


@dataclass(frozen=True)
class SummaryForm:
    key: str
    annex: str
    zh: str
    en: str
    counts: tuple[Count, ...]


SURVEY = SummaryForm(
    "survey",
    "附件2",
    "“散乱污”问题摸底情况汇总表",
    "Summary of the survey",
    (
        Count("surveyed", "排查总数", "Surveyed"),
        Count("new_survey", "其中：新排查", "New survey", "surveyed"),
        Count("lookback", "其中：已销号回头看", "Look-back", "surveyed"),
        Count("excluded", "剔除", "Excluded", "surveyed"),
        Count("active", "列入台账", "On the ledger", "surveyed"),
        Count("san", "散", "Scattered", "active"),
        Count("luan", "乱", "Disorderly", "active"),
        Count("wu", "污", "Polluting", "active"),
        Count("illegal", "违法问题", "Illegal", "active"),
        Count("eco", "生态环境问题", "Environmental", "active"),
    ),
)
CLEANUP = SummaryForm(
    "cleanup",
    "附件3",
    "“散乱污”问题清理整顿情况汇总表",
    "Summary of the clean-up",
    (
        Count("active", "列入台账", "On the ledger"),
        Count("close", "关停取缔", "Close", "active"),
        Count("five_checks", "其中：两断三清到位", "Five checks passed", "close"),
        Count("rectify", "整治提升", "Rectify", "active"),
        Count("relocate", "整合搬迁", "Relocate", "active"),
        Count("undecided", "尚未定性", "Undecided", "active"),
        Count("done", "已办结", "Done", "active"),
        Count("open", "未办结", "Open", "active"),
        Count("overdue", "其中：逾期", "Overdue", "open"),
        Count("letters", "下达督办通知", "Letters issued"),
    ),
)
IMPROVEMENT = SummaryForm(
    "improvement",
    "附件4",
    "“散乱污”问题整治提升情况汇总表",
    "Summary of the improvement",
    (
        Count("improving", "整治提升类总数", "To be improved"),
        Count("reached", "已达标", "Standard reached", "improving"),
        Count("closed_by_law", "逾期依法关闭", "Closed by law", "improving"),
        Count("done", "已办结", "Done", "improving"),
        Count("struck_off", "已销号", "Struck off", "done"),
        Count("open", "未办结", "Open", "improving"),
        Count("overdue", "其中：逾期", "Overdue", "open"),
    ),
)
SUMMARIES = {form.key: form for form in (SURVEY, CLEANUP, IMPROVEMENT)}


class UnreconciledFigures(ValueError):
    """A part is larger than its whole; such a table must not leave the house."""


def summary_xlsx(
    form: SummaryForm,
    rows: Sequence[Mapping[str, object]],
    *,
    as_of: datetime,
    issuer: str,
    prefix: str = "",
    lang: str = "zh",
) -> bytes:
    """`rows` hold `unit` (a name) and each count; `issuer` fills it in and seals it; `prefix` is the city in the title.

    Raises UnreconciledFigures. Totals are numbers, not formulas.
    """
    figures = reconciled(form, rows)
    totals = total_of(form, figures)
    last = len(form.counts)
    with Book(form.en if lang == "en" else form.annex, widths=[22, *([11] * last)]) as book:
        sheet = book.sheet
        book.text(0, 0, form.annex if lang != "en" else form.annex.replace("附件", "Annex "), book.note)
        sheet.set_row(1, 28)
        sheet.merge_range(1, 0, 1, last, "", book.title)
        book.text(1, 0, f"{prefix}{form.zh}" if lang != "en" else form.en, book.title)
        issuer_words = f"Unit (seal): {issuer}    " if lang == "en" else f"填报单位（盖章）：{issuer}    "
        book.text(2, 0, issuer_words + as_of_line(as_of, lang), book.note)
        for column, title in enumerate(_titles(form, lang)):
            book.text(3, column, title, book.header)
        sheet.freeze_panes(4, 1)
        for offset, (unit, counts) in enumerate(figures):
            book.text(4 + offset, 0, unit)
            for column, count in enumerate(form.counts, 1):
                book.number(4 + offset, column, counts[count.key])
        end = 4 + len(figures)
        book.text(end, 0, "Total" if lang == "en" else "合计", book.total)
        for column, count in enumerate(form.counts, 1):
            book.number(end, column, totals[count.key], book.total_count)
        signed = "Filled in by:            Checked by:" if lang == "en" else "填表人：            审核人："
        book.text(end + 1, 0, signed, book.note)
    return book.content()


def summary_csv(form: SummaryForm, rows: Sequence[Mapping[str, object]], *, lang: str = "zh") -> bytes:
    figures = reconciled(form, rows)
    totals = total_of(form, figures)
    body = [[unit, *(str(counts[count.key]) for count in form.counts)] for unit, counts in figures]
    total = ["Total" if lang == "en" else "合计", *(str(totals[count.key]) for count in form.counts)]
    return csv_bytes([_titles(form, lang), *body, total])


Figures = list[tuple[str, dict[str, int]]]


def reconciled(form: SummaryForm, rows: Sequence[Mapping[str, object]]) -> Figures:
    """The counts as whole numbers, each part checked against its whole."""
    figures: Figures = []
    for row in rows:
        unit = str(row.get("unit") or "")
        counts = {count.key: _whole(row.get(count.key), unit, count) for count in form.counts}
        for count in form.counts:
            if count.of is not None and counts[count.key] > counts[count.of]:
                whole = next(other for other in form.counts if other.key == count.of)
                raise UnreconciledFigures(f"{unit}: {count.zh} {counts[count.key]} > {whole.zh} {counts[whole.key]}")
        figures.append((unit, counts))
    return figures


def total_of(form: SummaryForm, figures: Figures) -> dict[str, int]:
    return {count.key: sum(counts[count.key] for _, counts in figures) for count in form.counts}


def _whole(value: object, unit: str, count: Count) -> int:
    if value is None:
        return 0
    if isinstance(value, bool) or not isinstance(value, int) or value < 0:
        raise UnreconciledFigures(f"{unit}: {count.zh} is {value!r}, not a count")
    return value


def _titles(form: SummaryForm, lang: str) -> list[str]:
    if lang == "en":
        return ["Unit", *(count.en for count in form.counts)]
    return ["单位", *(count.zh for count in form.counts)]
