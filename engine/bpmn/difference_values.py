"""What a comparison of two process folders answers with: files, the things in them, and what is said of each thing."""

from collections.abc import Hashable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final, TypeVar

ADDED: Final = "added"
REMOVED: Final = "removed"
CHANGED: Final = "changed"
LONGEST: Final = 2_000  # characters of one value that are kept; the rest is only said to be there

Key = TypeVar("Key", bound=Hashable)
Words = tuple[str, str]  # zh, en


@dataclass(frozen=True)
class Value:
    """One property, before and after; empty where it was or is not written. `label` is its name for people."""

    property: str
    label: Words
    before: str
    after: str


@dataclass(frozen=True)
class Change:
    """One thing of a file: a step, a flow, a row of a table, a field, a place in a text.

    `how` is added, removed or changed. `thing` is what it is (`userTask`, `rule`, `field`, …), `number` its row or line
    where it has one. Of what was added or removed, `values` lists everything that is written there.
    """

    how: str
    thing: str
    thing_id: str
    title: str
    values: tuple[Value, ...] = ()
    number: int | None = None


@dataclass(frozen=True)
class FileDifference:
    """`moved` counts what is only drawn elsewhere. A file that `is_rewritten` says the same with other bytes."""

    name: str
    how: str
    changes: tuple[Change, ...] = ()
    moved: int = 0

    @property
    def is_rewritten(self) -> bool:
        return self.how == CHANGED and not self.changes and not self.moved


@dataclass(frozen=True)
class Thing:
    """A thing as one side writes it: its properties in order, each once. `labels` names those that the file itself
    names, such as the columns of a row."""

    kind: str
    thing_id: str
    title: str
    properties: Mapping[str, str]
    number: int | None = None
    labels: Mapping[str, str] = field(default_factory=dict)


def cut(text: str) -> str:
    return text if len(text) <= LONGEST else f"{text[:LONGEST]}…"


def order_changed(before: Sequence[Key], after: Sequence[Key]) -> frozenset[Key]:
    """Of what stands on both sides, the fewest that must be taken out for the rest to keep its order."""
    place = {each: number for number, each in enumerate(before)}
    common = [each for each in after if each in place]
    return frozenset(common) - _longest_rising(common, [place[each] for each in common])


def _longest_rising(keys: Sequence[Key], places: Sequence[int]) -> frozenset[Key]:
    """Patience sorting: the keys of a longest rising run of places."""
    tops: list[int] = []  # of each pile the position in `places`
    below: list[int] = []
    for position, place in enumerate(places):
        low, high = 0, len(tops)
        while low < high:
            middle = (low + high) // 2
            low, high = (middle + 1, high) if places[tops[middle]] < place else (low, middle)
        below.append(tops[low - 1] if low else -1)
        tops[low : low + 1] = [position]
    found = []
    position = tops[-1] if tops else -1
    while position >= 0:
        found.append(keys[position])
        position = below[position]
    return frozenset(found)


def unique(keys: Iterable[str]) -> list[str]:
    """The same keys, a doubled one with its turn behind it: broken files are compared too."""
    seen: dict[str, int] = {}
    found = []
    for key in keys:
        seen[key] = seen.get(key, 0) + 1
        found.append(key if seen[key] == 1 else f"{key}#{seen[key]}")
    return found
