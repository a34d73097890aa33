"""Two states of a process folder side by side, in words: a row for each property that differs, and what the drawings
are marked with."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from engine.bpmn.difference import folder_difference
from engine.bpmn.difference_values import ADDED, CHANGED, REMOVED, Change, FileDifference, Value
from engine.bpmn.difference_words import thing_label
from web.format import word
from web.i18n import has, pick, t

SHOWN: Final = 300  # things of one file; a person reads no more, and the page stays small
_SAID_ELSEWHERE: Final = ("type", "name", "title", "label", "position")  # of what is new: in its heading

Marks = Mapping[str, Mapping[str, Any]]


@dataclass(frozen=True)
class Said:
    """One property in words; `before` and `after` may have lines."""

    label: str
    before: str
    after: str


@dataclass(frozen=True)
class ChangeRow:
    """`what` says what kind of thing it is, with its row or line. `element_id` leads to the drawing, "" where there is
    none. `said` of what is new or gone is everything about it."""

    how: str
    what: str
    title: str
    element_id: str
    said: tuple[Said, ...]


@dataclass(frozen=True)
class FileChanges:
    """`left_out`: how many more things differ than are listed."""

    name: str
    how: str
    rows: tuple[ChangeRow, ...]
    moved: int
    is_rewritten: bool
    left_out: int


def changes_of(before: Mapping[str, bytes], after: Mapping[str, bytes]) -> tuple[FileChanges, ...]:
    """Every file that differs, by name."""
    return tuple(_file(each) for each in folder_difference(before, after))


def marks_of(before: bytes, after: bytes, name: str) -> tuple[Marks, Marks]:
    """For the drawing of the older and of the newer side: element id -> how it differs, in words as well."""
    found = folder_difference({name: before}, {name: after})
    changes = [change for each in found for change in each.changes]
    old = {change.thing_id: _mark(change) for change in changes if change.how in (REMOVED, CHANGED)}
    new = {change.thing_id: _mark(change) for change in changes if change.how in (ADDED, CHANGED)}
    return old, new


def _mark(change: Change) -> dict[str, str]:
    how = t(f"model_change.{change.how}")
    return {"state": change.how, "text": how, "label": f"{how} · {_what(change)} {change.title or change.thing_id}"}


def _file(found: FileDifference) -> FileChanges:
    rows = tuple(_row(change, found.name) for change in found.changes[:SHOWN])
    left_out = max(0, len(found.changes) - SHOWN)
    return FileChanges(found.name, found.how, rows, found.moved, found.is_rewritten, left_out)


def _row(change: Change, file: str) -> ChangeRow:
    values = change.values
    if change.how != CHANGED and change.thing != "lines":
        values = tuple(value for value in values if value.property not in _SAID_ELSEWHERE)
    return ChangeRow(
        how=change.how,
        what=_what(change),
        title=change.title,
        element_id=change.thing_id if file.endswith(".bpmn") and change.thing != "lines" else "",
        said=tuple(map(_said, values)),
    )


def _what(change: Change) -> str:
    key = f"element.{change.thing}"
    kind = t(key) if has(key) else pick(*thing_label(change.thing))
    if change.number is None:
        return kind
    return t("compare.line_n" if change.thing == "lines" else "compare.numbered", kind=kind, n=change.number)


def _said(value: Value) -> Said:
    return Said(pick(*value.label), _words(value.property, value.before), _words(value.property, value.after))


def _words(name: str, written: str) -> str:
    if name == "type":
        return word("element", written) if written else ""
    if name == "event":
        return word("event_kind", written) if written else ""
    if written in ("true", "false"):
        return t("compare.yes") if written == "true" else t("compare.no")
    return written
