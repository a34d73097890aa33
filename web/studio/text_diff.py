"""The lines in which two states of a file differ, as people compare texts. What is no text is only said to differ."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from difflib import unified_diff
from typing import Final

MAX_LINES: Final = 2_000  # of each side; comparing is quadratic
SHOWN: Final = 400
LONGEST: Final = 500  # characters of a line; a browser lays out no line of megabytes


@dataclass(frozen=True)
class DiffLine:
    """`kind`: added, removed, same, or place for the line that says where one is."""

    kind: str
    text: str


@dataclass(frozen=True)
class FileDiff:
    """`how`: added, changed or removed. Without lines the file is too long to compare here, or no text."""

    name: str
    how: str
    lines: tuple[DiffLine, ...]
    added: int
    removed: int
    is_cut: bool


def folder_diff(before: Mapping[str, bytes], after: Mapping[str, bytes]) -> tuple[FileDiff, ...]:
    """Every file that differs, by name."""
    names = sorted(name for name in {*before, *after} if before.get(name) != after.get(name))
    return tuple(_file(name, before.get(name), after.get(name)) for name in names)


def _file(name: str, before: bytes | None, after: bytes | None) -> FileDiff:
    how = "added" if before is None else "removed" if after is None else "changed"
    try:
        old, new = (before or b"").decode().splitlines(), (after or b"").decode().splitlines()
    except UnicodeDecodeError:
        return FileDiff(name, how, (), 0, 0, True)
    if max(len(old), len(new)) > MAX_LINES:
        return FileDiff(name, how, (), 0, 0, True)
    lines = tuple(_lines(old, new))
    kinds = [line.kind for line in lines]
    return FileDiff(name, how, lines[:SHOWN], kinds.count("added"), kinds.count("removed"), len(lines) > SHOWN)


def _lines(old: list[str], new: list[str]) -> Iterator[DiffLine]:
    kinds = {"+": "added", "-": "removed", "@": "place"}
    for line in list(unified_diff(old, new, lineterm="", n=2))[2:]:
        yield DiffLine(kinds.get(line[:1], "same"), _shortened(line if line.startswith("@") else line[1:]))


def _shortened(line: str) -> str:
    return line if len(line) <= LONGEST else f"{line[:LONGEST]}…"
