"""Rows of text out of an uploaded xlsx or csv. A workbook is opened in a child process with little memory and time."""

import csv
import io
import json
import resource
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime
from datetime import time as clock_time
from pathlib import Path

from engine.errors import Problem
from forms import archive

MAX_BYTES = 20_000_000
MAX_ROWS = 50_000
MAX_COLUMNS = 100
MAX_UNPACKED_BYTES = 150_000_000  # 50,000 full rows are about 60 MB of XML; the child's memory is the last guard
MAX_CELL = 4_000  # characters of one cell that are looked at
_CHILD_BYTES = 1_000_000_000
_CHILD_SECONDS = 30
_CHILD_ANSWER = 60_000_000  # characters
_HEADROOM_ROWS = 20  # title lines above the header
_OLE_MAGIC = b"\xd0\xcf\x11\xe0"  # .xls, or an .xlsx with a password
_ENCODINGS = ("utf-8-sig", "gb18030")
_LOSSY = 1e15  # whole numbers above this lost digits when Excel made a number of them


@dataclass(frozen=True)
class Sheet:
    """Cells as text, row by row as in the file; `lossy` holds (row, column) of cells that Excel rounded, from 0."""

    rows: tuple[tuple[str, ...], ...]
    lossy: frozenset[tuple[int, int]] = frozenset()


class UnreadableTable(Exception):
    """The file is no table that can be read; `problem` says why and what to do."""

    def __init__(self, zh: str, en: str, where: str = "") -> None:
        super().__init__(en)
        self.problem = Problem(where, zh, en)


def read_sheet(content: bytes, filename: str) -> list[Sheet]:
    """The ways to read the file: one for a workbook, one for each plausible separator of a csv."""
    if not content:
        raise UnreadableTable("文件是空的，请重新选择。", "The file is empty; choose it again.")
    if len(content) > MAX_BYTES:
        raise UnreadableTable("文件超过 20 MB，请拆成几个文件导入。", "The file is larger than 20 MB; split it.")
    suffix = filename.rsplit(".", 1)[-1].lower() if "." in filename else ""
    if content.startswith(_OLE_MAGIC) or suffix in ("xls", "et"):
        raise UnreadableTable(
            "这是旧版 .xls 或加密的工作簿，请在 WPS 或 Excel 中去掉密码并另存为 .xlsx 后再导入。",
            "This is an old .xls file or one with a password; save it as .xlsx without a password and retry.",
        )
    if content.startswith(archive.ZIP_MAGIC):
        return [_workbook(content)]
    if suffix == "xlsx":
        raise UnreadableTable(
            "文件扩展名是 .xlsx，但内容不是 Excel 工作簿，可能已损坏或改过扩展名，请重新导出。",
            "The file is called .xlsx but is no workbook; it may be damaged or renamed. Export it again.",
        )
    return _csv(content)


# -- csv --------------------------------------------------------------------------------------------------------------
def _csv(content: bytes) -> list[Sheet]:
    text = _decoded(content)
    readings = []
    for separator in (",", "\t", ";"):
        try:
            readings.append(Sheet(tuple(_csv_rows(text, separator))))
        except csv.Error:
            continue
    if not readings:
        raise _junk()
    return readings


def _csv_rows(text: str, separator: str) -> Iterator[tuple[str, ...]]:
    for count, row in enumerate(csv.reader(io.StringIO(text, newline=""), delimiter=separator)):
        if count > MAX_ROWS + _HEADROOM_ROWS:
            raise _too_long()
        yield tuple(cell[: MAX_CELL + 1].strip() for cell in row[:MAX_COLUMNS])


def _decoded(content: bytes) -> str:
    encodings = ("utf-16",) if content[:2] in (b"\xff\xfe", b"\xfe\xff") else _ENCODINGS
    for encoding in encodings:
        try:
            text = content.decode(encoding)
        except UnicodeDecodeError:
            continue
        if any(ord(character) < 32 and character not in "\t\r\n" for character in text[:200_000]):
            break
        return text
    raise _junk()


def _junk() -> UnreadableTable:
    return UnreadableTable(
        "文件不是可识别的表格，请导入 .xlsx，或 UTF-8、GB18030 编码的 .csv。",
        "The file is no table that can be read; import .xlsx, or .csv in UTF-8 or GB18030.",
    )


def _too_long() -> UnreadableTable:
    return UnreadableTable(f"超过 {MAX_ROWS} 行，请拆成几个文件导入。", f"More than {MAX_ROWS} rows; split the file.")


# -- xlsx -------------------------------------------------------------------------------------------------------------
def _workbook(content: bytes) -> Sheet:
    fault = archive.fault_in(content, max_unpacked_bytes=MAX_UNPACKED_BYTES)
    if fault:
        raise UnreadableTable(f"{fault.zh}。", f"{fault.en[:1].upper()}{fault.en[1:]}.")
    root = Path(__file__).resolve().parents[2]
    command = [sys.executable, "-c", "from forms.tables.sheet import child_main; child_main()"]
    try:
        done = subprocess.run(
            command, input=content, capture_output=True, cwd=root, timeout=_CHILD_SECONDS, check=False
        )
    except subprocess.TimeoutExpired as error:
        raise _too_heavy() from error
    if done.returncode != 0:
        raise _too_heavy()
    answer = json.loads(done.stdout)
    if answer["fault"] == "rows":
        raise _too_long()
    if answer["fault"] == "columns":
        raise UnreadableTable(
            f"超过 {MAX_COLUMNS} 列，请删去多余的列。", f"More than {MAX_COLUMNS} columns; delete some."
        )
    if answer["fault"]:
        raise UnreadableTable(
            "Excel 文件已损坏，打不开，请重新保存后再导入。", "The workbook is damaged; save it again and retry."
        )
    return Sheet(tuple(map(tuple, answer["rows"])), frozenset(map(tuple, answer["lossy"])))


def _too_heavy() -> UnreadableTable:
    return UnreadableTable(
        "Excel 文件展开后过大或结构异常，已停止读取，请把数据复制到新的工作簿后再导入。",
        "The workbook unpacks to too much or is malformed; copy the data into a new workbook and retry.",
    )


def child_main() -> None:
    """In the child: a workbook on standard input, JSON on standard output."""
    resource.setrlimit(resource.RLIMIT_AS, (_CHILD_BYTES, _CHILD_BYTES))
    resource.setrlimit(resource.RLIMIT_CPU, (_CHILD_SECONDS, _CHILD_SECONDS))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    answer = json.dumps(_first_sheet(sys.stdin.buffer.read()), ensure_ascii=False)
    if len(answer) > _CHILD_ANSWER:
        raise MemoryError("more text than a register can hold")
    sys.stdout.buffer.write(answer.encode("utf-8", "replace"))


def _first_sheet(content: bytes) -> dict[str, object]:
    import python_calamine

    try:
        workbook = python_calamine.CalamineWorkbook.from_filelike(io.BytesIO(content))
        visible = [
            meta.name for meta in workbook.sheets_metadata if meta.visible == python_calamine.SheetVisibleEnum.Visible
        ]
        sheet = workbook.get_sheet_by_name((visible or workbook.sheet_names)[0])
        if sheet.total_height > MAX_ROWS + _HEADROOM_ROWS:
            return {"fault": "rows"}
        if sheet.total_width > MAX_COLUMNS:
            return {"fault": "columns"}
        cells = sheet.to_python(skip_empty_area=False)
    except (python_calamine.CalamineError, OSError, ValueError, KeyError, IndexError):
        return {"fault": "damaged"}
    lossy = [(row, column) for row, line in enumerate(cells) for column, cell in enumerate(line) if _is_lossy(cell)]
    return {"fault": "", "rows": [[_as_text(cell) for cell in line] for line in cells], "lossy": lossy}


def _is_lossy(cell: object) -> bool:
    return isinstance(cell, int | float) and not isinstance(cell, bool) and abs(cell) >= _LOSSY


def _as_text(cell: object) -> str:
    """What a clerk sees in the cell; whole numbers come as floats and lose their `.0` again."""
    if isinstance(cell, bool):
        return "是" if cell else "否"
    if isinstance(cell, float):
        return str(int(cell)) if cell.is_integer() and abs(cell) < 1e18 else repr(cell)
    if isinstance(cell, datetime | date | clock_time):
        return cell.isoformat()
    return str(cell)[: MAX_CELL + 1].strip()
