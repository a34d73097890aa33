"""The columns of the register 底册: their names, the other names they go by, and which column of a file is which."""

import re
import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass

from engine.errors import Problem
from forms.words import shown


@dataclass(frozen=True)
class Column:
    key: str
    zh: str
    en: str
    is_required: bool = False
    aliases: tuple[str, ...] = ()


COLUMNS = (
    Column("number", "编号", "number", aliases=("问题编号", "企业编号", "案号")),
    Column("name", "名称", "name", True, ("企业名称", "单位名称", "场所名称", "企业（场所）名称", "问题名称")),
    Column("credit_code", "统一社会信用代码", "credit_code", aliases=("信用代码", "社会信用代码")),
    Column("area", "所在镇街", "area", True, ("镇街", "所属镇街", "所在镇（街道）", "所在乡镇", "所属区域")),
    Column("address", "地址", "address", True, ("详细地址", "位置", "企业地址")),
    Column("industry", "行业", "industry", True, ("行业类别", "所属行业", "行业类型")),
    Column("group", "专责组", "group", aliases=("工作组", "所属专责组")),
    Column("lead", "牵头单位", "lead", aliases=("牵头部门",)),
    Column("source", "来源", "source", aliases=("问题来源",)),
    Column("problem", "问题描述", "problem", aliases=("存在问题", "违法违规情况", "主要问题")),
    Column("san", "散", "san"),
    Column("luan", "乱", "luan"),
    Column("wu", "污", "wu"),
    Column("contact_name", "负责人(演示)", "contact_name", aliases=("负责人", "联系人", "企业负责人")),
    Column("contact_phone", "联系电话", "contact_phone", aliases=("电话", "手机", "联系方式")),
    Column("longitude", "经度", "longitude", aliases=("东经", "lng", "lon")),
    Column("latitude", "纬度", "latitude", aliases=("北纬", "lat")),
)
BY_KEY = {column.key: column for column in COLUMNS}
_HEADER_ROWS = 10  # a title and a note may stand above the header


@dataclass(frozen=True)
class Header:
    row: int  # from 0
    places: dict[str, int]  # key of a column -> its position in a row, from 0
    problems: tuple[Problem, ...]


def find_header(rows: Sequence[Sequence[str]]) -> Header:
    """The row among the first ten that names most of our columns, and what is wrong with it."""
    candidates = [_read(row, number) for number, row in enumerate(rows[:_HEADER_ROWS])]
    if not candidates:
        return Header(0, {}, (Problem("", "文件里没有内容。", "There is nothing in the file."),))
    return max(candidates, key=lambda header: (len(header.places), -header.row))


def _plain(text: str) -> str:
    """A header without spaces, stars, brackets' width and the remark 必填."""
    text = unicodedata.normalize("NFKC", text).casefold()
    return re.sub(r"[\s*:]|\((必填|选填|可空|是/否)\)", "", text)


_NAMES = {_plain(name): column.key for column in COLUMNS for name in (column.zh, column.en, *column.aliases)}


def _read(row: Sequence[str], number: int) -> Header:
    where = f"第 {number + 1} 行（表头）"
    places: dict[str, int] = {}
    problems: list[Problem] = []
    strangers: list[str] = []
    for position, cell in enumerate(row):
        key = _NAMES.get(_plain(cell))
        if key is None:
            strangers += [shown(cell)] if cell.strip() else []
        elif key in places:
            said = f"“{shown(cell)}”出现了两次，请删去一列。"
            problems.append(Problem(where, said, f"The column “{shown(cell)}” stands there twice; delete one."))
        else:
            places[key] = position
    problems += _missing(where, places, strangers)
    if strangers and not problems:
        listed = "、".join(strangers[:10])
        problems.append(
            Problem(
                where, f"不认识的列，未导入：{listed}。", f"Unknown columns, left out: {listed}.", severity="warning"
            )
        )
    return Header(number, places, tuple(problems))


def _missing(where: str, places: dict[str, int], strangers: list[str]) -> list[Problem]:
    missing = [column for column in COLUMNS if column.is_required and column.key not in places]
    found = "、".join(strangers[:10]) or "无"
    found_en = ", ".join(strangers[:10]) or "none"
    return [
        Problem(
            where,
            f"表头缺少必需的列“{column.zh}”；不认识的列有：{found}。请改正表头，可先下载模板。",
            f"The header lacks the column “{column.zh}” ({column.en}); unknown columns: {found_en}. Correct it.",
        )
        for column in missing
    ]
