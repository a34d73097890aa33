"""What the page of dependencies shows: the drawing of `dependency_map` with the words that belong to its boxes."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Final
from unicodedata import east_asian_width

from engine.bpmn.references import DECISION, FORM, GROUP, LETTER
from engine.queries.usages import Dependency, Named
from web.format import word
from web.i18n import t
from web.studio.dependency_map import HOWS, Map, map_of
from web.studio.thing_words import called

ROOM: Final = 18  # of a box, in halves of a Chinese character


@dataclass(frozen=True)
class DependenciesPage:
    """`names`: what people call a thing, by kind and code."""

    folders: tuple[Dependency, ...]
    map: Map
    names: Mapping[tuple[str, str], str]

    @property
    def hows(self) -> tuple[str, ...]:
        """For the legend: the kinds of line that are drawn."""
        return tuple(how for how in HOWS if any(line.how == how for line in self.map.lines))

    def lists(self, folder: Dependency) -> tuple[tuple[str, str, tuple[str, ...]], ...]:
        """What it stands on besides other folders: words for the kind, the kind, the codes."""
        return (
            (t("usages.forms"), FORM, folder.forms),
            (t("usages.decisions"), DECISION, folder.decisions),
            (t("usages.letters"), LETTER, folder.letters),
            (t("usages.groups"), GROUP, folder.groups),
        )

    def processes(self, folder: Dependency) -> tuple[tuple[str, tuple[str, ...]], ...]:
        """The folders that it has to do with, and how."""
        kinds = (("calls", folder.calls), ("starts", folder.starts), ("called_by", folder.called_by))
        return tuple((t(f"usages.{how}"), keys) for how, keys in kinds if keys)

    def counts(self, folder: Dependency) -> str:
        """In a line: 表单 6 · 函件 2."""
        connected = len({*folder.calls, *folder.starts, *folder.called_by})
        counted = [(t("usages.processes"), connected), *((words, len(codes)) for words, _, codes in self.lists(folder))]
        return " · ".join(f"{words} {number}" for words, number in counted if number)

    def name(self, kind: str, code: str) -> str:
        return self.names.get((kind, code), "")

    def title(self, key: str) -> str:
        """A folder without a diagram has no title of its own."""
        found = next((each.title for each in self.folders if each.key == key), key)
        return found if found != key else word("definition", key)

    def short(self, key: str) -> str:
        """As much of the title as fits into its box."""
        title = self.title(key)
        return (
            title
            if _width(title) <= ROOM
            else next(title[:end] + "…" for end in range(len(title), -1, -1) if _width(title[:end]) < ROOM)
        )

    def says(self, key: str) -> str:
        """What the lines at a box mean, for a screen reader and under the pointer."""
        said = []
        for how in HOWS:
            targets = [line.target for line in self.map.lines if (line.source, line.how) == (key, how)]
            said += [t(f"dependency_map.{how}_n", names=self._names(targets))] if targets else []
        needed = [line.source for line in self.map.lines if line.target == key]
        said += [t("dependency_map.needed_by", names=self._names(needed))] if needed else []
        return t("dependency_map.comma").join(said) or t("dependency_map.alone")

    def _names(self, keys: Iterable[str]) -> str:
        return t("dependency_map.and").join(self.title(key) for key in keys)


def _width(text: str) -> int:
    """In halves of a Chinese character."""
    return sum(2 if east_asian_width(each) in "WF" else 1 for each in text)


def dependencies_page(folders: tuple[Dependency, ...], things: Sequence[Named]) -> DependenciesPage:
    homes = {each.name: each.home for each in things if each.kind in (DECISION, LETTER)}
    names = {(each.kind, each.name): called(each) for each in things}
    return DependenciesPage(folders, map_of(folders, homes), names)
