"""Who is asked to do a task: the role and unit that the diagram names for this case, and how many people that is."""

from collections.abc import Mapping
from typing import Any

from engine.bpmn.elements import Element
from engine.forecast.ground import Ground
from engine.forecast.staff import Group, Pool

USUAL_STAFF = 1  # where the scenario says nothing


class People:
    """Everybody of one forecast; a pool is made when something first comes to it."""

    def __init__(self, ground: Ground) -> None:
        self._staff = ground.scenario.staff
        self._areas = frozenset(unit.id for unit in ground.plan.areas)
        self._leads = frozenset(unit.id for unit in ground.plan.leads)
        self._office = ground.plan.office.unit
        self.pools: dict[Group, Pool] = {}

    def pool(self, group: Group) -> Pool:
        if group not in self.pools:
            self.pools[group] = Pool(group, self.count(group))
        return self.pools[group]

    def group_of(self, element: Element, variables: Mapping[str, Any]) -> Group:
        """The first group of candidates in which there is anybody."""
        groups = [_group_of(text, variables) for text in element.candidate_groups]
        return next((group for group in groups if self.count(group)), groups[0])

    def count(self, group: Group) -> int:
        """By the unit itself, else by what kind of unit it is."""
        role, unit = group
        kinds = {
            "area": unit in self._areas,
            "lead": unit in self._leads,
            "office": unit == self._office,
            "unit": True,
        }
        names = [f"{role}@{unit}", *(f"{role}@{kind}" for kind, is_one in kinds.items() if is_one)]
        return next((self._staff[name] for name in names if name in self._staff), USUAL_STAFF)


def _group_of(text: str, variables: Mapping[str, Any]) -> Group:
    """`officer@area` is the role in the unit that the variable names; `officer@baohan` names the unit itself."""
    role, _, unit = text.partition("@")
    return role, str(variables.get(unit) or unit)
