"""Process files from a browser: single files or a zip of the folder become one set of files under one key."""

import re
import zipfile
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from io import BytesIO
from pathlib import PurePosixPath
from typing import Final

from engine.domain.model_draft import SUFFIXES
from engine.errors import Invalid, Problem
from forms import archive

MAX_FILES: Final = 100
MAX_FILE_BYTES: Final = 2_000_000
KEY: Final = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")
NAME: Final = re.compile(r"[\w][\w.-]*(/[\w][\w.-]*){0,2}")
SUBFOLDERS: Final = ("tests",)  # of a process folder
IGNORED: Final = ("__MACOSX/", ".DS_Store", "Thumbs.db")  # what desktops leave in a zip


@dataclass(frozen=True)
class Upload:
    """What came, by file name below the folder. `key` is the process it belongs to."""

    key: str
    files: Mapping[str, bytes]


def read_upload(sent: Iterable[tuple[str, bytes]], key: str = "", *, max_file_bytes: int = MAX_FILE_BYTES) -> Upload:
    """`sent` are (file name, bytes); `key` is empty when the files must tell. Raises Invalid with every problem."""
    problems: list[Problem] = []
    files: dict[str, bytes] = {}
    folder = ""
    for name, content in sent:
        if not name:
            continue
        if content.startswith(archive.ZIP_MAGIC) or name.lower().endswith(".zip"):
            unpacked, top = _unpack(name, content, key, problems, max_file_bytes)
            folder = folder or top
        else:
            unpacked = {_below(name, key): content}
        problems += (_twice(each) for each in unpacked if each in files)
        files |= unpacked
    problems += _faults(files, max_file_bytes)
    wanted = key or _key_of(files) or folder
    if not files and not problems:
        problems.append(Problem("files", "请选择要上传的文件。", "Choose the files to upload."))
    elif not problems and not KEY.fullmatch(wanted):
        problems.append(
            Problem(
                "files",
                "看不出属于哪个流程：请选择流程，或上传与流程同名的 .bpmn 文件。",
                "It is not clear which process this belongs to: choose one, or upload a .bpmn file named like it.",
            )
        )
    if problems:
        raise Invalid("upload_invalid", "The files cannot be read.", tuple(problems), key=wanted)
    return Upload(wanted, files)


def _unpack(
    name: str, content: bytes, key: str, problems: list[Problem], max_file_bytes: int
) -> tuple[dict[str, bytes], str]:
    """The files of a zip without the process folder that holds them all, and that folder's name."""
    fault = archive.fault_in(content)
    if fault is not None:
        problems.append(Problem(name, fault.zh, fault.en))
        return {}, ""
    with zipfile.ZipFile(BytesIO(content)) as opened:
        entries = [entry for entry in opened.infolist() if not entry.is_dir() and not _is_litter(entry.filename)]
        names = [entry.filename.replace("\\", "/") for entry in entries]
        top = _top(names)
        if key and top not in ("", key, *SUBFOLDERS):
            problems.append(_other_folder(name, top, key))
        below = f"{top}/" if top not in SUBFOLDERS else ""
        files: dict[str, bytes] = {}
        for each, entry in zip(names, entries, strict=True):
            path = each.removeprefix(below)
            if path in files:
                problems.append(_twice(path))
            files[path] = _read(opened, entry, problems, max_file_bytes)
    return files, top


def _top(names: Sequence[str]) -> str:
    """The one folder that all lie in; empty when there is none."""
    tops = {each.split("/")[0] for each in names}
    return tops.pop() if len(tops) == 1 and all("/" in each for each in names) else ""


def _below(name: str, key: str) -> str:
    """A single file's place: in a folder of a process folder when a browser that sent a folder says so."""
    steps = PurePosixPath(name.replace("\\", "/")).parts
    return "/".join(steps[-2:]) if len(steps) > 1 and steps[-2] in SUBFOLDERS else steps[-1]


def _twice(name: str) -> Problem:
    return Problem(name[:80], "同名的文件有两个，请只留一个。", "Two files have this name; leave one.")


def _other_folder(name: str, top: str, key: str) -> Problem:
    return Problem(
        name[:80],
        f"压缩包里是“{top[:60]}”的文件夹，不是“{key}”的。请选择那个流程，或先改文件夹名。",
        f'The zip holds the folder "{top[:60]}" and not "{key}". Choose that process, or rename the folder first.',
    )


def _read(opened: zipfile.ZipFile, entry: zipfile.ZipInfo, problems: list[Problem], max_file_bytes: int) -> bytes:
    """At most one byte more than is allowed: what a zip says about its sizes is not believed."""
    try:
        with opened.open(entry) as part:
            return part.read(max_file_bytes + 1)
    except archive.UNREADABLE:
        problems.append(Problem(entry.filename, archive.BROKEN.zh, archive.BROKEN.en))
        return b""


def _faults(files: Mapping[str, bytes], max_file_bytes: int) -> list[Problem]:
    found = []
    if len(files) > MAX_FILES:
        found.append(Problem("files", f"文件超过 {MAX_FILES} 个。", f"There are more than {MAX_FILES} files."))
    for name, content in files.items():
        shown = name[:80]
        if not name.endswith(SUFFIXES):
            kinds = "、".join(SUFFIXES)
            found.append(
                Problem(shown, f"不是流程文件；可以上传 {kinds}。", f"This is no process file ({', '.join(SUFFIXES)}).")
            )
        elif not NAME.fullmatch(name):
            found.append(
                Problem(
                    shown,
                    "文件名只能用文字、数字、点、横线和下划线。",
                    "The name may hold letters, digits, dot, - and _ only.",
                )
            )
        if len(content) > max_file_bytes:
            most = f"{max_file_bytes // 1_000_000} MB"
            found.append(Problem(shown, f"文件超过 {most}。", f"The file is larger than {most}."))
    return found


def _key_of(files: Mapping[str, bytes]) -> str:
    diagrams = [name.removesuffix(".bpmn") for name in files if name.endswith(".bpmn") and "/" not in name]
    return diagrams[0] if len(diagrams) == 1 else ""


def _is_litter(name: str) -> bool:
    return name.startswith(IGNORED[0]) or name.endswith(IGNORED[1:])
