"""What the page of dependencies shows: the drawing of `dependency_map` with the words that belong to its boxes."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Final
from unicodedata import east_asian_width

from engine.bpmn.references import DECISION, LETTER
from engine.queries.usages import Dependency, Named
from web.format import word
from web.i18n import t
from web.studio.dependency_map import HOWS, Map, map_of

ROOM: Final = 18  # of a box, in halves of a Chinese character


@dataclass(frozen=True)
class DependenciesPage:
    folders: tuple[Dependency, ...]
    map: Map

    @property
    def hows(self) -> tuple[str, ...]:
        """For the legend: the kinds of line that are drawn."""
        return tuple(how for how in HOWS if any(line.how == how for line in self.map.lines))

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
    return DependenciesPage(folders, map_of(folders, homes))
