"""The saves of a draft as a reader wants them: what an editor saved by itself within minutes is one piece of work."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Final

from engine.domain.model_draft import FileChange, SaveKind
from engine.queries.models import ModelSave

TOGETHER: Final = timedelta(minutes=10)
# What was done to a file first and last -> what came of it; None for nothing.
_NET: Final = {("added", "changed"): "added", ("added", "removed"): None, ("removed", "added"): "changed"}


@dataclass(frozen=True)
class SaveGroup:
    """`newest` stands for the group; `earlier` are the saves on the way to it, the newest first. `changes` are those of
    all of them together."""

    newest: ModelSave
    earlier: tuple[ModelSave, ...]
    changes: tuple[FileChange, ...]


def grouped(saves: Iterable[ModelSave]) -> tuple[SaveGroup, ...]:
    """The newest first, as `saves` are. Saves without a note that follow upon each other stand together when they are
    by the same person and lie within ten minutes; everything else stands alone."""
    groups: list[list[ModelSave]] = []
    for save in saves:
        if groups and _goes_with(save, groups[-1][0]):
            groups[-1].append(save)
        else:
            groups.append([save])
    return tuple(SaveGroup(group[0], tuple(group[1:]), _together(group)) for group in groups)


def _goes_with(save: ModelSave, newest: ModelSave) -> bool:
    are_plain = all(each.how == SaveKind.SAVED and not each.note for each in (save, newest))
    return are_plain and save.by_id == newest.by_id and newest.at - save.at <= TOGETHER


def _together(group: Sequence[ModelSave]) -> tuple[FileChange, ...]:
    """By name. A file that came and went again is no change."""
    net: dict[str, str | None] = {}
    for save in reversed(group):
        for change in save.changes:
            first = net.get(change.name)
            net[change.name] = _NET.get((first, change.how), change.how) if first else change.how
    return tuple(FileChange(name, how) for name, how in sorted(net.items()) if how)
