"""A process folder that is being changed: the states of its draft, which files it may hold, and how two changes of one
folder are brought together."""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from engine.errors import Invalid, Problem


class ModelState(StrEnum):
    OPEN = "OPEN"
    SUBMITTED = "SUBMITTED"  # waits for a second person
    PUBLISHED = "PUBLISHED"
    DISCARDED = "DISCARDED"


class SaveKind(StrEnum):
    OPENED = "OPENED"
    SAVED = "SAVED"
    RESTORED = "RESTORED"
    REBASED = "REBASED"


UNDER_WAY: Final = (ModelState.OPEN, ModelState.SUBMITTED)  # one of them a folder at most

SUFFIXES: Final = (".bpmn", ".dmn", ".form", ".j2", ".toml")
KEY: Final = re.compile(r"[A-Za-z_][A-Za-z0-9_]{0,59}")
NAME: Final = re.compile(r"\w[\w.-]*(/\w[\w.-]*){0,2}")
ELEMENT_CHARACTERS: Final = 200
MAX_NAME: Final = 120
MAX_FILES: Final = 200
MAX_FILE_BYTES: Final = 5_000_000
MAX_FOLDER_BYTES: Final = 20_000_000
MAX_TITLE: Final = 100
MAX_NOTE: Final = 500
MAX_COMMENT: Final = 2_000
RESERVED: Final = ("campaigns", "calendars", "forecasts")  # beside the process folders, and no such folder themselves

Digests = Mapping[str, str]  # file name -> sha256


def name_problem(name: str) -> Problem | None:
    """Why a file may not be called that; names are kept with forward slashes below the folder."""
    if len(name) > MAX_NAME or not NAME.fullmatch(name) or ".." in name:
        return Problem(
            name[:80],
            f"文件名只能用文字、数字、点、横线和下划线，至多两层文件夹、{MAX_NAME} 个字符，不能有 ..。",
            f"A file name holds letters, digits, dots, - and _, at most two folders and {MAX_NAME} characters, no ...",
        )
    if not name.endswith(SUFFIXES):
        return Problem(
            name[:80],
            f"不是流程文件；可以保存的有：{'、'.join(SUFFIXES)}。",
            f"This is no process file; what can be kept: {', '.join(SUFFIXES)}.",
        )
    return None


def change_problems(changes: Mapping[str, bytes | None]) -> tuple[Problem, ...]:
    """Everything that speaks against keeping these files, whatever they say."""
    found = []
    for name, content in changes.items():
        if (problem := name_problem(name)) is not None:
            found.append(problem)
        elif content is not None and len(content) > MAX_FILE_BYTES:
            size = f"{len(content) / 1_000_000:.1f} MB"
            zh = f"文件有 {size}，最大 5 MB。请拆成几个流程，或去掉图里嵌入的图片。"
            en = f"The file has {size}, at most 5 MB. Split the process, or take embedded pictures out."
            found.append(Problem(name, zh, en))
    return tuple(found)


def folder_problems(sizes: Mapping[str, int]) -> tuple[Problem, ...]:
    """What is wrong with the folder as a whole. `sizes`: bytes by file name."""
    if not sizes:
        zh = "文件夹里至少要留一个文件。要放弃修改，请作废草稿。"
        return (Problem("files", zh, "A folder keeps at least one file. To give the change up, discard the draft."),)
    found = []
    if len(sizes) > MAX_FILES:
        zh = f"文件夹有 {len(sizes)} 个文件，最多 {MAX_FILES} 个。"
        found.append(Problem("files", zh, f"The folder has {len(sizes)} files, at most {MAX_FILES}."))
    if sum(sizes.values()) > MAX_FOLDER_BYTES:
        found.append(Problem("files", "文件夹合计超过 20 MB。", "The folder has more than 20 MB in all."))
    return (*found, *_clashes(sizes))


def _clashes(names: Iterable[str]) -> tuple[Problem, ...]:
    """What a disk cannot hold side by side: a file and a folder of one name, names that differ by case only."""
    found: list[Problem] = []
    taken: dict[str, str] = {}
    for name in sorted(names, key=str.lower):
        steps = name.lower().split("/")
        folders = ["/".join(steps[:depth]) for depth in range(1, len(steps))]
        other = next((taken[path] for path in (name.lower(), *folders) if path in taken), None)
        if other is not None:
            zh = f"“{name}”和“{other}”在磁盘上不能并存（同名，或只有大小写不同），请改名。"
            en = f'"{name}" and "{other}" cannot lie beside each other on a disk (one name, or case alone); rename one.'
            found.append(Problem(name, zh, en))
        taken[name.lower()] = name
    return tuple(found)


def check_key(key: str) -> None:
    """Raises Invalid for what no folder may be called."""
    if not KEY.fullmatch(key) or key in RESERVED:
        zh = "编号用英文字母、数字和下划线，以字母开头，至多 60 个字符；campaigns、calendars、forecasts 另有用途。"
        en = (
            "A key holds Latin letters, digits and _, begins with a letter and has at most 60 characters; "
            "campaigns, calendars and forecasts mean something else."
        )
        raise Invalid("model_key_invalid", f"{key[:80]!r} is no key of a process.", (Problem("key", zh, en),), key=key)


def check_words(where: str, words: str, longest: int) -> str:
    """What somebody wrote, trimmed. Raises Invalid when there is nothing, or too much."""
    trimmed = words.strip()
    if not trimmed:
        raise Invalid("model_words", "Words are missing.", (Problem(where, "请填写。", "Write something here."),))
    return check_length(where, trimmed, longest)


def check_length(where: str, words: str, longest: int) -> str:
    """As `check_words`, but may be empty."""
    trimmed = words.strip()
    if len(trimmed) > longest:
        zh, en = f"最多 {longest} 字，现有 {len(trimmed)} 字。", f"{len(trimmed)} characters, at most {longest}."
        raise Invalid("model_words", "The words are too long.", (Problem(where, zh, en),))
    return trimmed


@dataclass(frozen=True)
class Origin:
    """How a save came about. `number`: the save that was restored, or the version that was taken over."""

    how: SaveKind = SaveKind.SAVED
    number: int | None = None
    note: str = ""


@dataclass(frozen=True)
class FileChange:
    """`how`: added, changed or removed."""

    name: str
    how: str


def changes_between(before: Digests, after: Digests) -> tuple[FileChange, ...]:
    """By name."""
    found = []
    for name in sorted({*before, *after}):
        if name not in before:
            found.append(FileChange(name, "added"))
        elif name not in after:
            found.append(FileChange(name, "removed"))
        elif before[name] != after[name]:
            found.append(FileChange(name, "changed"))
    return tuple(found)


@dataclass(frozen=True)
class Merge:
    """One file of a draft whose base is no longer the newest version.

    `outcome`: mine or theirs where only one side changed it, both where both did the same, ask where somebody chooses.
    `mine`, `theirs`: what each side did to it, empty for nothing.
    """

    name: str
    mine: str
    theirs: str
    outcome: str


def merges(base: Digests, mine: Digests, theirs: Digests) -> tuple[Merge, ...]:
    """Every file that either side changed since the common base, by name."""
    ours = {change.name: change.how for change in changes_between(base, mine)}
    others = {change.name: change.how for change in changes_between(base, theirs)}
    return tuple(
        Merge(name, ours.get(name, ""), others.get(name, ""), _outcome(name, ours, others, mine, theirs))
        for name in sorted({*ours, *others})
    )


def merged(base: Digests, mine: Digests, theirs: Digests, choices: Mapping[str, str]) -> dict[str, str]:
    """The files of the draft upon the newest version. `choices`: mine or theirs for each file that asks. Raises
    Invalid, naming every file without a choice."""
    found = dict(mine)
    missing = []
    for merge in merges(base, mine, theirs):
        wanted = choices.get(merge.name) if merge.outcome == "ask" else merge.outcome
        if wanted not in ("mine", "theirs", "both"):
            missing.append(merge.name)
        elif wanted == "theirs":
            found.pop(merge.name, None)
            if merge.name in theirs:
                found[merge.name] = theirs[merge.name]
    if missing:
        zh, en = "两边都改了这个文件：请选择保留哪一个。", "Both sides changed this file: choose which one stays."
        problems = tuple(Problem(name, zh, en) for name in missing)
        raise Invalid("model_merge_choice", "Files wait for a choice.", problems)
    return found


def _outcome(name: str, ours: Mapping[str, str], others: Mapping[str, str], mine: Digests, theirs: Digests) -> str:
    if name not in others:
        return "mine"
    if name not in ours:
        return "theirs"
    return "both" if mine.get(name) == theirs.get(name) else "ask"
