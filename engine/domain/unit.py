"""A unit of the tree of areas and departments, and how its name is recognised in other people's papers."""

import re
import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass

from engine.domain.toml_table import Problems, TomlTable

KINDS = ("root", "area", "department", "office", "group", "discipline")
DISCIPLINE = "discipline"  # 纪检监察机关: referrals are addressed to it
DISCIPLINE_NAME = "有管辖权的纪检监察机关"  # in campaigns whose plan names none
# Advertising text has been found in official unit lists in place of a department's name: no name holds such a run.
FOREIGN_RUN = re.compile(r"[!-'*-~]{3,}")


@dataclass(frozen=True)
class Unit:
    """A unit of the tree. `supplies` names what it can cut off (power, water, gas)."""

    id: str
    name: str
    name_en: str
    kind: str  # one of KINDS
    parent: str | None
    aliases: tuple[str, ...]
    supplies: tuple[str, ...]


def plain_name(name: str) -> str:
    """A name without spaces, quotation marks, brackets and enumeration commas, in one width of characters."""
    return re.sub(r"[\s“”\"'、()]", "", unicodedata.normalize("NFKC", name))


def has_foreign_run(name: str) -> bool:
    """True when a name holds a URL or a run of Latin letters or digits, full-width ones too: refuse it on import."""
    return FOREIGN_RUN.search(unicodedata.normalize("NFKC", name)) is not None


class UnitNames:
    """Turns the unit names of a plan into unit ids and reports those it does not know."""

    def __init__(self, units: tuple[Unit, ...], collectives: Mapping[str, str], problems: Problems) -> None:
        self._problems = problems
        self._collectives = collectives
        self._areas = [unit.id for unit in units if unit.kind == "area"]
        names = {plain_name(name): unit.id for unit in units for name in (unit.name, *unit.aliases)}
        self._ids = names | {unit.id: unit.id for unit in units}

    def ids(self, table: TomlTable, key: str) -> tuple[str, ...]:
        """The ids of a list of names, ids and collective names, each once; a repeated name is warned of."""
        found: dict[str, None] = {}
        for name in table.texts(key):
            ids = (
                self._areas if self._collectives.get(plain_name(name)) == "areas" else self._one(name, table.place(key))
            )
            if any(unit_id in found for unit_id in ids):
                self._problems.warn(
                    table.place(key),
                    f"“{name}”重复列出，只计一次。",
                    f'"{name}" is listed more than once; it counts once.',
                )
            found |= dict.fromkeys(ids)
        return tuple(found)

    def one(self, table: TomlTable, key: str) -> str:
        name = table.text(key)
        ids = self._one(name, table.place(key)) if name else []
        return ids[0] if ids else ""

    def _one(self, name: str, where: str) -> list[str]:
        unit_id = self._ids.get(plain_name(name))
        if unit_id is None:
            self._problems.error(
                where,
                f"没有名为“{name}”的单位。请改正，或在 [[units]] 中增加该单位或别名。",
                f'There is no unit "{name}". Correct it, or add the unit or an alias under [[units]].',
            )
        return [unit_id] if unit_id else []
