"""read_register: every row checked, problems by row and column, all rows or none, the same file twice the same rows."""

import csv
import io
import time
import zipfile
from collections.abc import Sequence

import pytest
import xlsxwriter
from hypothesis import given, settings
from hypothesis import strategies as st

from forms import demo_data
from forms.tables.credit_code import check_character, fault_in
from forms.tables.register import Register, read_register
from forms.tables.template import register_xlsx

AREAS = [("chengjiao", "城郊镇"), ("bafang", "八坊街道")]
GROUPS = [("industry", "工业专责组", ("五金", "家具")), ("farming", "农业专责组"), ("unlicensed", "无证照整治")]
HEADER = [
    "编号",
    "名称*",
    "统一社会信用代码",
    "所在镇街*",
    "地址*",
    "行业*",
    "专责组",
    "牵头单位",
    "来源",
    "问题描述",
    "散",
    "乱",
    "污",
    "负责人(演示)",
    "联系电话",
    "经度",
    "纬度",
]
CODE = "99999999A0000000" + "X"
CODE = CODE[:17] + check_character(CODE[:17])
GOOD = [
    "",
    "金鑫五金厂（演示）",
    CODE,
    "城郊",
    "示范路1号",
    "五金",
    "",
    "市工信局",
    "2024新排查",
    "废水直排",
    "√",
    "否",
    "是",
    "演示甲",
    "000-1234567",
    "103.21",
    "35.6",
]


class Campaign:
    area_ids = frozenset({"chengjiao", "bafang"})

    def unit_by_name(self, name: str) -> str | None:
        return {"城郊镇": "chengjiao", "城郊": "chengjiao", "八坊街道": "bafang", "市工信局": "industry_office"}.get(
            name
        )

    def group_by_name(self, name: str) -> str | None:
        return {str(name): str(key) for key, name, *_ in GROUPS}.get(name)

    def group_for_industry(self, text: str) -> str | None:
        return "industry" if text in ("五金", "家具") else None


def row(**changes: str) -> list[str]:
    keys = (
        "number name credit_code area address industry group lead source problem san luan wu "
        "contact_name contact_phone longitude latitude"
    )
    return [changes.get(key, value) for key, value in zip(keys.split(), GOOD, strict=True)]


def csv_of(*lines: Sequence[str], encoding: str = "utf-8-sig", separator: str = ",") -> bytes:
    out = io.StringIO()
    csv.writer(out, delimiter=separator).writerows(lines)
    return out.getvalue().encode(encoding)


def xlsx_of(*lines: Sequence[object]) -> bytes:
    out = io.BytesIO()
    book = xlsxwriter.Workbook(out, {"in_memory": True})
    sheet = book.add_worksheet()
    for number, line in enumerate(lines):
        for column, cell in enumerate(line):
            if cell != "":
                sheet.write(number, column, cell)
    book.close()
    return out.getvalue()


def read(content: bytes, filename: str = "r.csv") -> Register:
    return read_register(content, filename, Campaign())


def said(register: Register) -> list[str]:
    assert all(problem.en for problem in register.problems)
    return [problem.zh for problem in register.problems]


def test_a_good_row_becomes_a_site() -> None:
    register = read(csv_of(HEADER, GOOD))

    assert register.problems == ()
    site = register.rows[0]
    assert (site.row, site.name, site.credit_code, site.area_id) == (2, "金鑫五金厂（演示）", CODE, "chengjiao")
    assert (site.group_id, site.lead_id, site.source, site.kinds) == (
        "industry",
        "industry_office",
        "survey",
        ("san", "wu"),
    )
    assert (site.longitude, site.latitude, site.contact_phone, site.number) == (103.21, 35.6, "000-1234567", None)
    assert len(site.fingerprint) == 64


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "gb18030", "utf-16"])
@pytest.mark.parametrize("separator", [",", "\t", ";"])
def test_a_csv_of_any_office_program_is_read(encoding: str, separator: str) -> None:
    assert read(csv_of(HEADER, GOOD, encoding=encoding, separator=separator)).rows == read(csv_of(HEADER, GOOD)).rows


def test_xlsx_and_csv_of_the_same_table_have_the_same_fingerprints() -> None:
    cells: list[object] = [*GOOD[:14], GOOD[14], 103.21, 35.6]
    spreadsheet = read(xlsx_of(["临夏市底册（演示）"], [], HEADER, cells), "r.xlsx")

    assert spreadsheet.rows[0].row == 4
    assert [one.fingerprint for one in spreadsheet.rows] == [one.fingerprint for one in read(csv_of(HEADER, GOOD)).rows]


def test_a_changed_cell_changes_the_fingerprint_and_its_place_in_the_file_does_not() -> None:
    other = row(name="别的厂（演示）", credit_code="")
    first = read(csv_of(HEADER, GOOD, other)).rows
    turned = read(csv_of(HEADER, other, [], GOOD)).rows

    assert {one.fingerprint for one in first} == {one.fingerprint for one in turned}
    assert read(csv_of(HEADER, row(problem="废气直排"))).rows[0].fingerprint not in {one.fingerprint for one in first}


def test_numbers_that_excel_made_floats_are_text_again() -> None:
    cells: list[object] = list(GOOD)
    cells[0], cells[14] = 12, 13800000000

    site = read(xlsx_of(HEADER, cells), "r.xlsx").rows[0]

    assert (site.number, site.contact_phone) == ("12", "13800000000")


def test_a_formula_is_just_text() -> None:
    assert read(csv_of(HEADER, row(name="=cmd|' /C calc'!A0"))).rows[0].name == "=cmd|' /C calc'!A0"


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"name": ""}, "第 2 行“名称”不能为空，请填写。"),
        ({"name": "甲" * 101}, "第 2 行“名称”超过 100 个字，请精简。"),
        ({"address": "一\x7f"}, "第 2 行“地址”含有不可见字符（U+007F），请删除。"),
        ({"number": "a b;c"}, "第 2 行“编号”“ab;c”不是编号（最长 40 个字，不含空格）。"),
        ({"credit_code": "123"}, "第 2 行“统一社会信用代码”“123”应为 18 位，现在是 3 位。"),
        ({"credit_code": CODE[:17] + "I"}, f"第 2 行“统一社会信用代码”“{CODE[:17]}I”含有不允许的字符“I”。"),
        ({"credit_code": CODE[:17] + ("0" if CODE[17] != "0" else "1")}, "校验位不对"),
        ({"area": "和平镇"}, "第 2 行“所在镇街”“和平镇”不在本次行动的镇街名单中。"),
        ({"area": "市工信局"}, "第 2 行“所在镇街”“市工信局”是部门，不是镇街。"),
        ({"group": "海洋专责组"}, "第 2 行“专责组”“海洋专责组”不在本次行动的专责组名单中。"),
        ({"industry": "航天"}, "第 2 行“专责组”为空，而行业“航天”推不出专责组，请填写专责组。"),
        ({"lead": "市航天局"}, "第 2 行“牵头单位”“市航天局”不在本次行动的单位名单中。"),
        ({"source": "听说"}, "第 2 行“来源”“听说”应为“2024新排查”或“2023已销号回头看”。"),
        ({"wu": "大概"}, "第 2 行“污”“大概”应为 是、否 或 √。"),
        ({"contact_phone": "请看门牌"}, "第 2 行“联系电话”“请看门牌”不像电话号码。"),
        ({"longitude": "东经103"}, "第 2 行“经度”“东经103”应为十进制度数，例如 103.21。"),
        ({"longitude": ""}, "第 2 行“经度”为空，经度和纬度要同时填写或都不填。"),
        ({"longitude": "35.6", "latitude": "103.21"}, "经度和纬度是否填反了"),
    ],
)
def test_each_wrong_cell_is_named_by_row_and_column(changes: dict[str, str], words: str) -> None:
    register = read(csv_of(HEADER, row(**changes)))

    assert register.rows == ()
    assert any(words in zh for zh in said(register)), said(register)


@pytest.mark.parametrize(
    ("changes", "found"),
    [
        ({"source": "2023已销号回头看"}, {"source": "lookback"}),
        ({"source": "回头看"}, {"source": "lookback"}),
        ({"source": ""}, {"source": "survey"}),
        ({"credit_code": CODE.lower()}, {"credit_code": CODE}),
        ({"credit_code": "无"}, {"credit_code": None}),
        ({"credit_code": f" {CODE[:8]} {CODE[8:]}"}, {"credit_code": CODE}),
        ({"wu": "×", "san": ""}, {"kinds": ()}),
        ({"longitude": "", "latitude": ""}, {"longitude": None, "latitude": None}),
        ({"longitude": "１０３．２１"}, {"longitude": 103.21}),
        ({"group": "农业专责组"}, {"group_id": "farming"}),
    ],
)
def test_what_offices_really_write_is_understood(changes: dict[str, str], found: dict[str, object]) -> None:
    site = read(csv_of(HEADER, row(**changes))).rows[0]

    assert {name: getattr(site, name) for name in found} == found


def test_one_bad_row_keeps_all_rows_out_and_all_problems_are_told() -> None:
    register = read(csv_of(HEADER, GOOD, row(name="", credit_code="", area="火星"), row(credit_code="", address="")))

    assert register.rows == ()
    assert [problem.where for problem in register.problems] == ["第 3 行“名称”", "第 3 行“所在镇街”", "第 4 行“地址”"]


@pytest.mark.parametrize(
    ("second", "words"),
    [
        ({"name": "乙厂（演示）"}, "第 2 行和第 3 行的统一社会信用代码相同"),
        ({"name": "乙厂（演示）", "credit_code": "", "number": "A-1"}, "第 2 行和第 3 行的编号相同"),
        ({"credit_code": ""}, "第 2 行和第 3 行的名称和地址相同"),
    ],
)
def test_a_site_that_stands_there_twice_is_reported_with_both_rows(second: dict[str, str], words: str) -> None:
    assert any(words in zh for zh in said(read(csv_of(HEADER, row(number="a-1"), row(**second)))))


def test_a_wrong_header_says_what_was_expected_and_what_was_found() -> None:
    header = ["企业名字" if name == "名称*" else name for name in HEADER]

    assert said(read(csv_of(header, GOOD))) == [
        "表头缺少必需的列“名称”；不认识的列有：企业名字。请改正表头，可先下载模板。"
    ]


def test_a_column_twice_is_refused_and_an_unknown_one_is_a_warning() -> None:
    twice = said(read(csv_of([*HEADER, "企业名称"], [*GOOD, "x"])))
    more = read(csv_of([*HEADER, "备注"], [*GOOD, "x"]))

    assert twice == ["“企业名称”出现了两次，请删去一列。"]
    assert (len(more.rows), said(more)) == (1, ["不认识的列，未导入：备注。"])


def test_aliases_and_english_headers_are_known() -> None:
    assert (
        len(read(csv_of(["企业名称", "镇街", "详细地址", "所属行业"], ["甲（演示）", "城郊镇", "一号", "家具"])).rows)
        == 1
    )
    assert (
        len(read(csv_of(["name", "area", "address", "industry"], ["甲（演示）", "城郊镇", "一号", "家具"])).rows) == 1
    )


def test_a_code_that_excel_rounded_is_told_apart_from_a_wrong_one() -> None:
    cells: list[object] = list(GOOD)
    cells[2] = 911200001234567890

    assert any("被 Excel 当作数字" in zh for zh in said(read(xlsx_of(HEADER, cells), "r.xlsx")))


# -- files that are no registers --------------------------------------------------------------------------------------
def bomb() -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("xl/worksheets/sheet1.xml", b" " * 60_000_000)
    return out.getvalue()


def far_corner() -> bytes:
    out = io.BytesIO()
    book = xlsxwriter.Workbook(out, {"in_memory": True})
    sheet = book.add_worksheet()
    sheet.write(0, 0, "名称")
    sheet.write(1_048_575, 16_383, "x")
    book.close()
    return out.getvalue()


@pytest.mark.parametrize(
    ("content", "filename", "words"),
    [
        (b"", "r.xlsx", "文件是空的"),
        (b"\x00" * 3_000_000, "r.csv", "不是可识别的表格"),
        (bytes(range(256)) * 12_000, "r.xlsx", "内容不是 Excel 工作簿"),
        (bytes(range(256)) * 12_000, "r.csv", "不是可识别的表格"),
        (b"A" * 3_000_000, "r.csv", "不是可识别的表格"),
        (b"a b c\n" * 500_000, "r.csv", "超过 50000 行"),
        (b"PK\x03\x04" + b"x" * 1000, "r.xlsx", "已损坏"),
        (b"\xd0\xcf\x11\xe0" + b"x" * 1000, "r.xlsx", "另存为 .xlsx"),
        (b"x" * 20_000_001, "r.csv", "超过 20 MB"),
        ("名称,地址\n甲,乙\n".encode(), "r.csv", "表头缺少必需的列“所在镇街”"),
        ("今天天气不错".encode(), "r.csv", "没有找到表头"),
        (csv_of(HEADER), "r.csv", "没有数据行"),
        (b"\n\n", "r.csv", "没有找到表头"),
    ],
)
def test_a_file_that_is_no_register_is_refused_in_words(content: bytes, filename: str, words: str) -> None:
    register = read(content, filename)

    assert register.rows == ()
    assert any(words in zh for zh in said(register)), said(register)


def test_a_damaged_workbook_is_refused() -> None:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as archive:
        archive.writestr("xl/workbook.xml", "<no")

    assert "已损坏" in said(read(out.getvalue(), "r.xlsx"))[0]


@pytest.mark.parametrize("make", [bomb, far_corner])
def test_a_bomb_is_refused_quickly(make: object) -> None:
    content = make()  # type: ignore[operator]
    start = time.monotonic()

    register = read(content, "r.xlsx")

    assert "过大" in said(register)[0]
    assert time.monotonic() - start < 10


@settings(max_examples=80, deadline=None)
@given(cells=st.lists(st.lists(st.text(max_size=12), max_size=18), max_size=4))
def test_no_cells_raise(cells: list[list[str]]) -> None:
    content = csv_of(HEADER, *[[cell.encode("utf-8", "replace").decode() for cell in line] for line in cells])

    register = read(content)

    assert register.is_good == bool(register.rows)


@settings(max_examples=80, deadline=None)
@given(content=st.binary(max_size=300), filename=st.sampled_from(["r.csv", "r.txt", "r"]))
def test_no_bytes_raise(content: bytes, filename: str) -> None:
    assert read(content, filename).rows == ()


# -- the check digit and the invented register ------------------------------------------------------------------------
@pytest.mark.parametrize("code", ["91350100M000100Y43"])  # the example of GB 32100-2015
def test_the_check_digit_is_that_of_the_standard(code: str) -> None:
    assert fault_in(code) is None


@settings(max_examples=60, deadline=None)
@given(place=st.integers(0, 17), change=st.sampled_from("0123456789ABCDEFGHJKLMNPQRTUWXY"))
def test_one_wrong_character_is_always_found(place: int, change: str) -> None:
    altered = CODE[:place] + change + CODE[place + 1 :]

    assert (fault_in(altered) is None) == (altered == CODE)


def test_an_invented_register_is_a_good_one_and_marked() -> None:
    content = demo_data.register(373, 7, AREAS, GROUPS)

    register = read(content, "demo.xlsx")

    assert register.problems == ()
    assert len(register.rows) == 373
    assert all(site.name.endswith("（演示）") and site.contact_name.startswith("演示") for site in register.rows)
    assert all(site.credit_code is None or site.credit_code.startswith("99999999") for site in register.rows)
    assert all(site.contact_phone.startswith("000-") for site in register.rows)
    assert {site.area_id for site in register.rows} == {"chengjiao", "bafang"}
    assert {site.group_id for site in register.rows} == {"industry", "farming", "unlicensed"}
    assert 20 < sum(site.source == "lookback" for site in register.rows) < 100
    assert all(site.kinds for site in register.rows)


def test_the_same_seed_gives_the_same_bytes_and_another_seed_does_not() -> None:
    first = demo_data.register(20, 7, AREAS, GROUPS)

    assert demo_data.register(20, 7, AREAS, GROUPS) == first
    assert demo_data.register(20, 8, AREAS, GROUPS) != first


def test_the_template_has_our_header_and_no_rows() -> None:
    assert said(read(register_xlsx(), "template.xlsx")) == ["表头下面没有数据行。"]
