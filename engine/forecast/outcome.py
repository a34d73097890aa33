"""What a forecast found, as plain numbers: when cases finish, what is late, who has how much to do, where it waits.

It reads from JSON what it wrote. Times of work are working minutes, weeks are called by their Monday.
"""

from collections.abc import Mapping
from dataclasses import asdict, dataclass, fields
from datetime import date
from typing import Any

FORMAT = 1


@dataclass(frozen=True)
class Share:
    """How many of `total` were late; what is still open counts as late once its due date has passed."""

    total: int
    late: int

    @property
    def percent(self) -> float:
        return round(100 * self.late / self.total, 1) if self.total else 0.0


@dataclass(frozen=True)
class Load:
    """What came to one role of one unit and what it could do, week by week (working minutes)."""

    role: str
    unit: str
    people: int
    demand: tuple[float, ...]
    done: tuple[float, ...]
    withdrawn: tuple[float, ...]  # what the process took back before anybody began
    capacity: tuple[float, ...]
    stuck: int  # tasks that nobody here may do

    @property
    def backlog(self) -> tuple[float, ...]:
        """What has come and is neither done nor withdrawn at the end of each week."""
        open_work, found = 0.0, []
        for came, done, withdrawn in zip(self.demand, self.done, self.withdrawn, strict=True):
            open_work += came - done - withdrawn
            found.append(max(round(open_work, 1), 0.0))
        return tuple(found)


@dataclass(frozen=True)
class Stay:
    """How one task element went: mean working minutes until somebody could begin (`waited` in the queue of the people,
    `prepared` before that), and of the work itself."""

    place: str
    name: str
    count: int
    done: int  # of them handed in
    late: int
    stuck: int  # of them that nobody may do
    prepared: float
    waited: float
    worked: float
    share: float  # of all the waiting in queues, 0..1


@dataclass(frozen=True)
class Result:
    """One run of one scenario."""

    name: str
    name_en: str
    campaign: str
    seed: int
    begins: date
    until: date
    cases: int
    finished: int
    excluded: int
    finish_p10: date | None  # by then a tenth of all cases is finished; None: not until the end of the forecast
    finish_p50: date | None
    finish_p90: date | None
    weeks: tuple[date, ...]
    finished_by_week: tuple[int, ...]  # cumulative
    filed_by_week: tuple[int, ...]  # cumulative
    late_cases: Share
    late_by_phase: Mapping[str, Share]
    late_by_unit: Mapping[str, Share]
    loads: tuple[Load, ...]
    stays: tuple[Stay, ...]  # the longest wait first
    letters: Mapping[str, int]
    rungs: Mapping[str, int]
    dispositions: Mapping[str, int]
    windows: Mapping[str, tuple[date | None, date]]
    a_day: float  # working minutes
    steps: int

    def to_json(self) -> dict[str, Any]:
        return {"format": FORMAT, **_plain(asdict(self))}

    @classmethod
    def from_json(cls, values: Mapping[str, Any]) -> "Result":
        """Raises KeyError, TypeError or ValueError for what is no result of this format."""
        if values["format"] != FORMAT:
            raise ValueError(f"format {values['format']!r}")
        given = {one.name: values[one.name] for one in fields(cls)}
        for name in ("begins", "until", "finish_p10", "finish_p50", "finish_p90"):
            given[name] = _day(given[name])
        given["weeks"] = tuple(_day(text) for text in given["weeks"])
        for name in ("finished_by_week", "filed_by_week"):
            given[name] = tuple(given[name])
        given["late_cases"] = Share(**given["late_cases"])
        for name in ("late_by_phase", "late_by_unit"):
            given[name] = {key: Share(**share) for key, share in given[name].items()}
        given["loads"] = tuple(_load(load) for load in given["loads"])
        given["stays"] = tuple(Stay(**{"stuck": 0, **stay}) for stay in given["stays"])  # as kept before it was counted
        given["windows"] = {key: (_day(first), _day(last)) for key, (first, last) in given["windows"].items()}
        return cls(**given)


def _load(values: Mapping[str, Any]) -> Load:
    known = {"withdrawn": [0.0] * len(values["demand"]), **values}  # as kept before it was counted
    given: dict[str, Any] = {key: tuple(part) if isinstance(part, list) else part for key, part in known.items()}
    return Load(**given)


def _day(text: str | None) -> Any:
    return date.fromisoformat(text) if text else None


def _plain(value: Any) -> Any:
    if isinstance(value, date):
        return value.isoformat()
    if isinstance(value, Mapping):
        return {key: _plain(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(item) for item in value]
    return value
