"""The register 底册 of a campaign out of an xlsx or csv: every row checked, all rows or none."""

import hashlib
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from engine.errors import Problem, errors_of
from forms.tables.columns import BY_KEY, COLUMNS, Header, find_header
from forms.tables.rows import CampaignLookup, Cells, RowReader
from forms.tables.sheet import MAX_ROWS, Sheet, UnreadableTable, read_sheet

MAX_PROBLEMS = 300

__all__ = ["CampaignLookup", "Register", "RegisterRow", "read_register"]


@dataclass(frozen=True)
class RegisterRow:
    """One site, in the words of a case; `row` is its line in the file. Sent again, it has the same fingerprint."""

    row: int
    number: str | None
    name: str
    credit_code: str | None
    area_id: str
    address: str
    industry: str
    group_id: str
    lead_id: str | None
    source: str  # survey 新排查 | lookback 已销号回头看
    problem: str
    kinds: tuple[str, ...]  # of san, luan, wu
    contact_name: str
    contact_phone: str
    longitude: float | None
    latitude: float | None
    fingerprint: str


@dataclass(frozen=True)
class Register:
    """`rows` is empty as soon as one problem is an error; warnings do not hinder."""

    rows: tuple[RegisterRow, ...]
    problems: tuple[Problem, ...]
    digest: str = ""  # sha256 of the file

    @property
    def is_good(self) -> bool:
        return not errors_of(self.problems)


def read_register(content: bytes, filename: str, campaign_lookup: CampaignLookup) -> Register:
    """Never raises for what is in the file; the problems name the row and the column."""
    digest = hashlib.sha256(content).hexdigest()
    try:
        readings = read_sheet(content, filename)
    except UnreadableTable as error:
        return Register((), (error.problem,), digest)
    header, sheet = max(((find_header(sheet.rows), sheet) for sheet in readings), key=lambda pair: len(pair[0].places))
    if not header.places:
        return Register((), (_no_header(),), digest)
    if errors_of(header.problems):
        return Register((), header.problems, digest)
    rows, problems = _read_rows(sheet, header, campaign_lookup)
    problems = [*header.problems, *problems]
    if errors_of(problems):
        return Register((), _shortened(problems), digest)
    return Register(tuple(rows), tuple(problems), digest)


def _no_header() -> Problem:
    required = "、".join(column.zh for column in COLUMNS if column.is_required)
    return Problem(
        "第 1 行（表头）",
        f"没有找到表头，至少要有这些列：{required}。请检查是否选错文件。",
        f"No header found; at least these columns are needed: {required}. Is it the right file?",
    )


def _read_rows(sheet: Sheet, header: Header, lookup: CampaignLookup) -> tuple[list[RegisterRow], list[Problem]]:
    lines = [cells for cells in _lines(sheet, header) if not cells.is_empty]
    if not lines:
        return [], [Problem("", "表头下面没有数据行。", "There are no rows below the header.")]
    if len(lines) > MAX_ROWS:
        said = f"超过 {MAX_ROWS} 行，请拆成几个文件导入。"
        return [], [Problem("", said, f"More than {MAX_ROWS} rows; split the file.")]
    rows: list[RegisterRow] = []
    problems: list[Problem] = []
    for cells in lines:
        reader = RowReader(cells, lookup)
        rows.append(_row(reader))
        problems += reader.problems
    return rows, problems + _duplicates(rows)


def _lines(sheet: Sheet, header: Header) -> Iterator[Cells]:
    lossy: dict[int, set[int]] = {}
    for row, column in sheet.lossy:
        lossy.setdefault(row, set()).add(column)
    for number in range(header.row + 1, len(sheet.rows)):
        line = sheet.rows[number]
        texts = {key: line[place] if place < len(line) else "" for key, place in header.places.items()}
        rounded = frozenset(key for key, place in header.places.items() if place in lossy.get(number, ()))
        yield Cells(number + 1, texts, rounded)


def _row(reader: RowReader) -> RegisterRow:
    industry = reader.text("industry", 100)
    longitude, latitude = reader.position()
    return RegisterRow(
        row=reader.row,
        number=reader.number(),
        name=reader.text("name", 100),
        credit_code=reader.credit_code(),
        area_id=reader.area(),
        address=reader.text("address", 200),
        industry=industry,
        group_id=reader.group(industry),
        lead_id=reader.lead(),
        source=reader.source(),
        problem=reader.text("problem", 2000),
        kinds=reader.kinds(),
        contact_name=reader.text("contact_name", 50),
        contact_phone=reader.phone(),
        longitude=longitude,
        latitude=latitude,
        fingerprint=_fingerprint(reader.normalised),
    )


def _fingerprint(normalised: Mapping[str, str]) -> str:
    """Of the cells as they were understood, in the order of our columns; row number and empty columns have no part."""
    said = "\x1e".join(f"{column.key}\x1f{normalised[column.key]}" for column in COLUMNS if normalised.get(column.key))
    return hashlib.sha256(said.encode()).hexdigest()


# -- the same site twice ----------------------------------------------------------------------------------------------
def _duplicates(rows: Sequence[RegisterRow]) -> list[Problem]:
    problems: list[Problem] = []
    seen: dict[tuple[str, str], int] = {}
    for row in rows:
        for column, zh, value in _identities(row):
            first = seen.setdefault((column, value), row.row)
            if first == row.row:
                continue
            en = " + ".join(BY_KEY[key].en for key in column.split("+"))
            where = f"第 {row.row} 行“{zh}”"
            problems.append(
                Problem(
                    where,
                    f"第 {first} 行和第 {row.row} 行的{zh}相同，请删去重复的一行或改正。",
                    f"Rows {first} and {row.row} have the same {en}; delete or correct one.",
                )
            )
            break  # one complaint for one pair is enough
    return problems


def _identities(row: RegisterRow) -> Iterator[tuple[str, str, str]]:
    if row.credit_code:
        yield "credit_code", "统一社会信用代码", row.credit_code
    if row.number:
        yield "number", "编号", row.number.casefold()
    if row.name and row.address:
        yield "name+address", "名称和地址", re.sub(r"\s", "", f"{row.name}\x1f{row.address}").casefold()


def _shortened(problems: list[Problem]) -> tuple[Problem, ...]:
    rest = len(problems) - MAX_PROBLEMS
    if rest <= 0:
        return tuple(problems)
    more = Problem("", f"另有 {rest} 个问题未列出，请先改正以上各项。", f"{rest} more problems; correct these first.")
    return (*problems[:MAX_PROBLEMS], more)
