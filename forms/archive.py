"""Zip files from outside (xlsx, docx): what is inside, looked at before anything is unpacked. Threat: zip bombs."""

import io
import lzma
import zipfile
import zlib

from forms.words import Words, shown

MAX_UNPACKED_BYTES = 50_000_000
MAX_RATIO = 100
MAX_ENTRIES = 200
LONGEST_NAME = 80  # characters of an entry's name that a message repeats
_RATIO_FLOOR_BYTES = 100_000  # small parts of a real workbook are often pressed together more than a hundredfold
ZIP_MAGIC = b"PK\x03\x04"
UNREADABLE = (  # what the reader of a damaged zip may raise
    zipfile.BadZipFile,
    zlib.error,
    lzma.LZMAError,
    OSError,
    ValueError,
    NotImplementedError,
    OverflowError,
    EOFError,
    RuntimeError,
)

BROKEN = Words(
    "文件已损坏，打不开，请重新保存后再上传", "the file is damaged and cannot be opened; save it again and retry"
)
_BOMB = Words(
    "文件解压后过大，已拒绝；如果是正常文件，请拆成几个再上传",
    "the file unpacks to far too much and was refused; if it is a real one, split it",
)


def fault_in(content: bytes, *, max_unpacked_bytes: int = MAX_UNPACKED_BYTES) -> Words | None:
    """Why this zip may not be unpacked, or None. Reads the directory only."""
    try:
        with zipfile.ZipFile(io.BytesIO(content)) as archive:
            return _fault_in_directory(archive.infolist(), len(content), max_unpacked_bytes)
    except UNREADABLE:
        return BROKEN


def _fault_in_directory(entries: list[zipfile.ZipInfo], size_bytes: int, max_unpacked_bytes: int) -> Words | None:
    if len(entries) > MAX_ENTRIES:
        return Words(
            f"文件内部条目超过 {MAX_ENTRIES} 个，已拒绝",
            f"the file holds more than {MAX_ENTRIES} parts and was refused",
        )
    unpacked = sum(entry.file_size for entry in entries)
    if unpacked > max_unpacked_bytes or unpacked > max(size_bytes, 1) * MAX_RATIO:
        return _BOMB
    for entry in entries:
        if entry.file_size > _RATIO_FLOOR_BYTES and entry.file_size > max(entry.compress_size, 1) * MAX_RATIO:
            return _BOMB
        if entry.filename.startswith(("/", "\\")) or ".." in entry.filename.replace("\\", "/").split("/"):
            inside = shown(entry.filename, LONGEST_NAME)
            return Words(
                f"文件内部路径“{inside}”不合法，已拒绝",
                f'the file holds a part with a forbidden path, "{inside}", and was refused',
            )
        if entry.flag_bits & 0x1:
            return Words("文件加了密码，请去掉密码后再上传", "the file is protected by a password; remove it and retry")
        if entry.external_attr >> 28 == 0xA:
            inside = shown(entry.filename, LONGEST_NAME)
            return Words(f"文件内部“{inside}”是链接，已拒绝", f'"{inside}" in the file is a link; the file was refused')
    return None


def read_part(content: bytes, name: str) -> bytes:
    """One part of a zip that `fault_in` found sound; empty when it is absent or damaged."""
    try:
        with zipfile.ZipFile(io.BytesIO(content)) as archive, archive.open(name) as part:
            return part.read(MAX_UNPACKED_BYTES)
    except (*UNREADABLE, KeyError):
        return b""


def names(content: bytes) -> list[str]:
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        return archive.namelist()
