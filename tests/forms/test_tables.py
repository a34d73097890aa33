"""Ledger and summaries: text stays text, totals add up, the same rows give the same bytes."""

import csv
import io
from datetime import UTC, date, datetime
from typing import Any

import openpyxl
import pytest

from forms.tables.ledger import LEDGER, ledger_csv, ledger_xlsx
from forms.tables.summary import CLEANUP, SUMMARIES, SURVEY, UnreconciledFigures, summary_csv, summary_xlsx

AS_OF = datetime(2024, 6, 14, 4, 0, tzinfo=UTC)
# Threat 15 (E46): what a spreadsheet would calculate
HOSTILE = [
    "=cmd|' /C calc'!A0",
    "+1+1",
    "-2+3",
    "@SUM(A1)",
    "\t=1+1",
    "\r=1+1",
    "＝1+1",
    "＋1",
    "－1",
    "＠A1",
    " =1+1",
    "https://x.example",
]
SITE: dict[str, Any] = {
    "case_id": "LX-2024-0001",
    "name": "金鑫五金厂（演示）",
    "credit_code": "999999990000000000",
    "area": "城郊镇",
    "kinds": ["san", "wu"],
    "source": "survey",
    "disposition": "close",
    "phase": "cleanup",
    "state": "ACTIVE",
    "light": "red",
    "due_at": datetime(2024, 6, 28, 10, 0, tzinfo=UTC),
    "done_at": None,
}


def cells(content: bytes) -> list[list[Any]]:
    sheet = openpyxl.load_workbook(io.BytesIO(content)).active
    assert sheet is not None
    return [list(line) for line in sheet.iter_rows()]


def test_the_ledger_reads_as_an_office_writes_it() -> None:
    lines = cells(ledger_xlsx([SITE, {"name": "乙（演示）"}], title="临夏市“散乱污”问题台账（演示）", as_of=AS_OF))

    values = [[cell.value for cell in line] for line in lines]
    assert values[0][0] == "临夏市“散乱污”问题台账（演示）"
    assert values[1][0] == "截至 2024年6月14日 12:00"
    assert values[2] == ["序号", *(column.zh for column in LEDGER)]
    shown = dict(zip(values[2], values[3], strict=True))
    assert (shown["类别"], shown["处置方式"], shown["亮灯"], shown["时限"]) == (
        "散、污",
        "关停取缔",
        "红灯",
        "2024-06-28 18:00",
    )
    assert (shown["统一社会信用代码"], shown["办结时间"]) == ("999999990000000000", None)
    assert values[5][:2] == ["合计", "2 件"]


def test_the_ledger_speaks_english() -> None:
    lines = cells(ledger_xlsx([SITE], title="Ledger", as_of=AS_OF, lang="en"))

    assert [cell.value for cell in lines[3]][1:3] == ["LX-2024-0001", "金鑫五金厂（演示）"]
    assert "red" in [cell.value for cell in lines[3]]


@pytest.mark.parametrize("text", HOSTILE)
def test_nothing_becomes_a_formula_or_a_link(text: str) -> None:
    content = ledger_xlsx([{"name": text, "address": text}], title=text, as_of=AS_OF)

    for cell in (cell for line in cells(content) for cell in line):
        assert cell.data_type != "f"
        assert cell.hyperlink is None
    written = list(csv.reader(io.StringIO(ledger_csv([{"name": text}]).decode("utf-8-sig"))))
    name = written[1][2]
    assert name == text if text.startswith("https") else name == f"'{text}"


@pytest.mark.parametrize("text", ["a\x00b", "\ud800", "x" * 40_000, "\ufffe", "\x0b\x1f"])
def test_no_text_breaks_a_workbook_or_a_csv(text: str) -> None:
    assert cells(ledger_xlsx([{"name": text}], title="t", as_of=AS_OF))
    assert ledger_csv([{"name": text}]).startswith(b"\xef\xbb\xbf")


def test_any_value_of_a_row_is_written() -> None:
    row = {"name": 5, "kinds": (), "due_at": date(2024, 6, 28), "light": True, "phase": "unheard_of", "problem": 2.5}

    lines = cells(ledger_xlsx([row], title="t", as_of=AS_OF))

    assert {"5", "2024-06-28", "是", "unheard_of", "2.5"} <= {cell.value for cell in lines[3]}


def test_the_same_rows_give_the_same_bytes() -> None:
    assert ledger_xlsx([SITE], title="t", as_of=AS_OF) == ledger_xlsx(iter([SITE]), title="t", as_of=AS_OF)


# -- summaries --------------------------------------------------------------------------------------------------------
TOWN = {"unit": "城郊镇", "surveyed": 10, "new_survey": 8, "lookback": 2, "excluded": 3, "active": 7, "san": 4, "wu": 7}
STREET = {"unit": "八坊街道", "surveyed": 5, "new_survey": 5, "excluded": 0, "active": 5, "illegal": 2, "eco": 3}


def test_a_summary_has_a_line_for_each_unit_and_totals_that_add_up() -> None:
    content = summary_xlsx(SURVEY, [TOWN, STREET], as_of=AS_OF, issuer="城郊镇", prefix="临夏市")

    values = [[cell.value for cell in line] for line in cells(content)]
    assert (values[0][0], values[1][0]) == ("附件2", "临夏市“散乱污”问题摸底情况汇总表")
    assert values[2][0] == "填报单位（盖章）：城郊镇    截至 2024年6月14日 12:00"
    assert values[4] == ["城郊镇", 10, 8, 2, 3, 7, 4, 0, 7, 0, 0]
    assert values[6] == ["合计", 15, 13, 2, 3, 12, 4, 0, 7, 2, 3]
    assert not [cell for line in cells(content) for cell in line if cell.data_type == "f"]


@pytest.mark.parametrize("form", SUMMARIES.values(), ids=lambda form: form.key)
@pytest.mark.parametrize("lang", ["zh", "en"])
def test_each_annex_is_made_in_both_languages_even_when_empty(form: Any, lang: str) -> None:
    assert cells(summary_xlsx(form, [], as_of=AS_OF, issuer="=市工信局", lang=lang))
    assert len(summary_csv(form, [{"unit": "=城郊镇"}], lang=lang).decode("utf-8-sig").splitlines()) == 3


@pytest.mark.parametrize(
    "counts", [{"done": 8, "active": 7}, {"active": -1}, {"active": 1.5}, {"active": "7"}, {"active": True}]
)
def test_figures_that_cannot_be_are_refused(counts: dict[str, Any]) -> None:
    with pytest.raises(UnreconciledFigures):
        summary_xlsx(CLEANUP, [{"unit": "城郊镇", **counts}], as_of=AS_OF, issuer="城郊镇")
