"""One row of the register: each cell read, evened out and checked against the campaign; problems name the column."""

import re
import unicodedata
from collections.abc import Container
from dataclasses import dataclass
from decimal import Decimal, InvalidOperation
from typing import Protocol

from engine.errors import Problem
from forms.tables import credit_code
from forms.tables.columns import BY_KEY
from forms.words import clean, shown, strange_character

_YES = frozenset({"是", "√", "✓", "✔", "☑", "1", "true", "y", "yes", "有"})
_NO = frozenset({"", "否", "×", "✗", "x", "0", "false", "n", "no", "无", "-", "—", "/"})
_KINDS = ("san", "luan", "wu")
_SOURCES = {"新排查": "survey", "新增": "survey", "survey": "survey", "回头看": "lookback", "lookback": "lookback"}
_NUMBER = re.compile(r"[0-9A-Za-z\u4e00-\u9fff〔〕\[\]()_./-]{1,40}")
_PHONE = re.compile(r"[0-9+() -]{5,30}")
_BOUNDS = {"longitude": (73, 136), "latitude": (3, 54)}  # of China, in degrees


class CampaignLookup(Protocol):
    """What the campaign knows: its units with their aliases, its areas, its working groups."""

    @property
    def area_ids(self) -> Container[str]: ...
    def unit_by_name(self, name: str) -> str | None: ...
    def group_by_name(self, name: str) -> str | None: ...
    def group_for_industry(self, text: str) -> str | None: ...


@dataclass(frozen=True)
class Cells:
    """The texts of one row by column key; `rounded` are cells whose digits Excel has lost."""

    row: int
    texts: dict[str, str]
    rounded: frozenset[str] = frozenset()

    @property
    def is_empty(self) -> bool:
        return not any(text.strip() for text in self.texts.values())


class RowReader:
    """Asked for one value after the other; `normalised` afterwards holds what was understood, for the fingerprint."""

    def __init__(self, cells: Cells, lookup: CampaignLookup) -> None:
        self.row = cells.row
        self.cells = cells
        self.lookup = lookup
        self.problems: list[Problem] = []
        self.normalised: dict[str, str] = {}

    def wrong(self, key: str, zh: str, en: str) -> None:
        column = BY_KEY[key]
        place = f"第 {self.row} 行“{column.zh}”"
        self.problems.append(Problem(place, f"{place}{zh}。", f"Row {self.row}, column {column.en}: {en}."))

    # -- kinds of cell ------------------------------------------------------------------------------------------------
    def text(self, key: str, limit: int) -> str:
        text = clean(self.cells.texts.get(key, ""), lines=key == "problem")
        self.normalised[key] = text
        strange = strange_character(text)
        if strange:
            self.wrong(key, f"含有不可见字符（{strange}），请删除", f"holds an invisible character ({strange})")
        elif len(text) > limit:
            self.wrong(key, f"超过 {limit} 个字，请精简", f"has more than {limit} characters")
        elif not text and BY_KEY[key].is_required:
            self.wrong(key, "不能为空，请填写", "must not be empty")
        return text

    def _code(self, key: str) -> str:
        """A cell whose form matters, not its typing: width of letters and spaces are evened out."""
        text = re.sub(r"\s", "", unicodedata.normalize("NFKC", clean(self.cells.texts.get(key, ""))))
        self.normalised[key] = text
        return text

    def number(self) -> str | None:
        text = self._code("number")
        if text and not _NUMBER.fullmatch(text):
            self.wrong("number", f"“{shown(text)}”不是编号（最长 40 个字，不含空格）", f"“{shown(text)}” is no number")
        return text or None

    def credit_code(self) -> str | None:
        text = self._code("credit_code").upper()
        self.normalised["credit_code"] = text
        if text in ("", "无", "/", "-", "—"):  # 无证照: there is none
            self.normalised["credit_code"] = ""
            return None
        if "credit_code" in self.cells.rounded:
            self.wrong(
                "credit_code",
                "被 Excel 当作数字，末几位已经丢失，请把该列设为文本后重新填写",
                "was made a number by Excel and lost its last digits; set the column to text and type it again",
            )
        elif fault := credit_code.fault_in(text):
            self.wrong("credit_code", f"“{shown(text)}”{fault[0]}", f"“{shown(text)}” {fault[1]}")
        return text

    def phone(self) -> str:
        text = unicodedata.normalize("NFKC", clean(self.cells.texts.get("contact_phone", ""))).replace("—", "-")
        self.normalised["contact_phone"] = text
        if text and not _PHONE.fullmatch(text):
            self.wrong("contact_phone", f"“{shown(text)}”不像电话号码", f"“{shown(text)}” does not look like one")
        return text

    def kinds(self) -> tuple[str, ...]:
        found = []
        for key in _KINDS:
            text = self._code(key).casefold()
            self.normalised[key] = ""
            if text in _YES:
                found.append(key)
                self.normalised[key] = "是"
            elif text not in _NO:
                self.wrong(key, f"“{shown(text)}”应为 是、否 或 √", f"“{shown(text)}” must be 是, 否 or √")
        return tuple(found)

    def source(self) -> str:
        text = self._code("source")
        plain = re.sub(r"^(\d{4}年?)?(已?销号)?", "", text)
        source = _SOURCES.get(plain, _SOURCES.get(text)) if text else "survey"
        self.normalised["source"] = source or text
        if source is None:
            self.wrong(
                "source",
                f"“{shown(text)}”应为“2024新排查”或“2023已销号回头看”",
                f"“{shown(text)}” must be 2024新排查 or 2023已销号回头看",
            )
        return source or ""

    def position(self) -> tuple[float | None, float | None]:
        longitude, latitude = self._degrees("longitude"), self._degrees("latitude")
        if not self.problems_of("longitude", "latitude") and (longitude is None) != (latitude is None):
            key = "longitude" if longitude is None else "latitude"
            self.wrong(
                key, "为空，经度和纬度要同时填写或都不填", "is empty; give both longitude and latitude or neither"
            )
        return longitude, latitude

    def problems_of(self, *keys: str) -> bool:
        places = {f"第 {self.row} 行“{BY_KEY[key].zh}”" for key in keys}
        return any(problem.where in places for problem in self.problems)

    def _degrees(self, key: str) -> float | None:
        text = self._code(key)
        if not text:
            return None
        low, high = _BOUNDS[key]
        try:
            value = Decimal(text.rstrip("°")) if re.fullmatch(r"-?\d{1,3}(\.\d{1,20})?°?", text, re.ASCII) else None
        except InvalidOperation:
            value = None
        if value is None:
            self.wrong(
                key, f"“{shown(text)}”应为十进制度数，例如 103.21", f"“{shown(text)}” must be degrees, as 103.21"
            )
            return None
        if not low <= value <= high:
            swapped = "，经度和纬度是否填反了" if key == "latitude" and 73 <= value <= 136 else ""
            self.wrong(
                key, f"“{shown(text)}”不在 {low} 到 {high} 之间{swapped}", f"“{shown(text)}” is not {low} to {high}"
            )
            return None
        self.normalised[key] = f"{value:.6f}"
        return round(float(value), 6)

    # -- against the campaign -----------------------------------------------------------------------------------------
    def area(self) -> str:
        name = self.text("area", 100)
        if not name:
            return ""
        unit_id = self.lookup.unit_by_name(name)
        if unit_id is None:
            self.wrong(
                "area", f"“{shown(name)}”不在本次行动的镇街名单中", f"“{shown(name)}” is not an area of the campaign"
            )
        elif unit_id not in self.lookup.area_ids:
            self.wrong("area", f"“{shown(name)}”是部门，不是镇街", f"“{shown(name)}” is a department, not an area")
        return unit_id or ""

    def group(self, industry: str) -> str:
        name = self.text("group", 100)
        group_id = self.lookup.group_by_name(name) if name else self.lookup.group_for_industry(industry)
        if group_id is None and name:
            self.wrong(
                "group", f"“{shown(name)}”不在本次行动的专责组名单中", f"“{shown(name)}” is no group of the campaign"
            )
        elif group_id is None and industry:
            self.wrong(
                "group",
                f"为空，而行业“{shown(industry)}”推不出专责组，请填写专责组",
                f"is empty, and the industry “{shown(industry)}” does not tell the group; name it",
            )
        return group_id or ""

    def lead(self) -> str | None:
        name = self.text("lead", 100)
        unit_id = self.lookup.unit_by_name(name) if name else None
        if name and unit_id is None:
            self.wrong(
                "lead", f"“{shown(name)}”不在本次行动的单位名单中", f"“{shown(name)}” is no unit of the campaign"
            )
        return unit_id
