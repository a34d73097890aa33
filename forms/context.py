"""What a form must know about the moment it is filled in: the time, the people, the units, the instance's variables."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta, timezone
from typing import Any

from forms.condition import Evaluate, evaluate_with_engine

BEIJING = timezone(timedelta(hours=8), "Asia/Shanghai")  # no summer time since 1991


@dataclass(frozen=True)
class FormContext:
    """`now` is aware. `existing_evidence` counts the files a task already has, by field (`photos`, `checks.water`)."""

    now: datetime
    units: Mapping[str, str] = field(default_factory=dict)  # id -> name
    persons: Mapping[str, tuple[str, str]] = field(default_factory=dict)  # id -> (name, unit id)
    variables: Mapping[str, Any] = field(default_factory=dict)
    existing_evidence: Mapping[str, int] = field(default_factory=dict)
    evaluate: Evaluate = evaluate_with_engine

    @property
    def today(self) -> date:
        return self.now.astimezone(BEIJING).date()

    def persons_of(self, place: str | None) -> dict[str, str]:
        """Id -> name of those who may be chosen: of the unit or units in the variable `place`, or everybody."""
        held = self.variables.get(place) if place else None
        units = {held} if isinstance(held, str) else set(held) if isinstance(held, list | tuple) else None
        return {key: name for key, (name, unit_id) in self.persons.items() if units is None or unit_id in units}
