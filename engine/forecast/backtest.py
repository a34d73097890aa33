"""Judges a forecast by what has happened: lengths and answers from the record up to a day, then the forecast of the
days after it beside what the record says of them."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace
from datetime import date, datetime
from typing import Any

from engine.bpmn.elements import called_keys
from engine.domain import calendar as calendars
from engine.domain import campaign as campaigns
from engine.domain.calendar import WorkCalendar, civil_date
from engine.errors import Invalid, Problem
from engine.forecast.ground import Ground, Material, prepare
from engine.forecast.history import Spell, learned
from engine.forecast.run import run
from engine.forecast.scenario import Arrival, Scenario


@dataclass(frozen=True)
class Compared:
    """Tasks of one element handed in after the day of learning: as it was, as learned from the days before, as first
    supposed."""

    place: str
    really: int
    forecast: int
    supposed: int


@dataclass(frozen=True)
class Report:
    """`mean_error` and `supposed_error`: mean absolute difference over all elements, in per cent of what really was."""

    learned_until: date
    until: date
    cases: int
    known: int  # elements whose lengths come from the record
    judged: int  # tasks that were really handed in after `learned_until`
    rows: tuple[Compared, ...]
    mean_error: float
    supposed_error: float

    def to_json(self) -> dict[str, Any]:
        dates = {"learned_until": self.learned_until.isoformat(), "until": self.until.isoformat()}
        return {**asdict(self), **dates}

    def lines(self) -> list[str]:
        """As a table for a terminal."""
        learned_from = f"{self.cases} cases; learned until {self.learned_until} ({self.known} tasks)"
        head = f"{learned_from}, judged until {self.until} on {self.judged} tasks closed after that day"
        rows = [f"{row.place:40} {row.really:6} {row.forecast:6} {row.supposed:6}" for row in self.rows]
        errors = f"error: {self.mean_error}% with the record, {self.supposed_error}% as first supposed"
        return [head, f"{'handed in':40} {'really':>6} {'learnt':>6} {'before':>6}", *rows, errors]


def backtest(
    scenario: Scenario,
    material: Material,
    *,
    arrivals: Sequence[tuple[datetime, str]],
    spells: Sequence[Spell],
    learn_until: datetime,
    now: datetime,
) -> Report:
    """`arrivals` are the registered cases (instant, area); `spells` their tasks as they stand now. What is learned from
    are the tasks as they stood at `learn_until`, and nothing later; judged is what happened after it, until `now`.
    Raises Invalid when nothing did."""
    came = [(at, area) for at, area in arrivals if at <= now]
    keys = _of_a_case(material, campaigns.load(material.plan).processes["case"])
    really = Counter(
        spell.place
        for spell in spells
        if spell.closed_at is not None and learn_until < spell.closed_at <= now and _key(spell.place) in keys
    )
    if not came or not really:
        raise _nothing_to_judge(learn_until, now)
    calendar = WorkCalendar([calendars.load(content) for content in material.calendars])
    real = replace(
        scenario,
        arrivals=_batches(came),
        areas=dict(Counter(area for _, area in came)),
        until=calendar.workday_on_or_after(civil_date(now)),  # what came on a day off is filed on the next working day
    )
    ground = prepare(real, material)
    known = learned(real, ground, _as_of(spells, learn_until), learn_until)
    forecast = _handed_in(prepare(known.scenario, material), learn_until, now)
    supposed = _handed_in(ground, learn_until, now)
    places = sorted(place for place in {*really, *forecast, *supposed} if _key(place) in keys)
    rows = tuple(Compared(place, really[place], forecast[place], supposed[place]) for place in places)
    return Report(
        civil_date(learn_until),
        civil_date(now),
        len(came),
        len(known.known),
        really.total(),
        rows,
        _error([(row.really, row.forecast) for row in rows]),
        _error([(row.really, row.supposed) for row in rows]),
    )


def _batches(arrivals: Sequence[tuple[datetime, str]]) -> tuple[Arrival, ...]:
    days = Counter(civil_date(at) for at, _ in arrivals)
    return tuple(Arrival(day, days[day]) for day in sorted(days))


def _as_of(spells: Sequence[Spell], at: datetime) -> list[Spell]:
    return [
        spell if spell.closed_at is not None and spell.closed_at <= at else replace(spell, closed_at=None, variables={})
        for spell in spells
        if spell.opened_at < at
    ]


def _handed_in(ground: Ground, after: datetime, until: datetime) -> Counter[str]:
    """Tasks by place that a run hands in between the two instants."""
    found: Counter[str] = Counter()
    first, last = after.timestamp(), until.timestamp()

    def count(place: str, at: float) -> None:
        found[place] += first < at <= last

    run(ground, handed_in=count)
    return +found


def _of_a_case(material: Material, case_key: str) -> frozenset[str]:
    """The processes that a case itself runs through."""
    return frozenset({case_key, *called_keys(material.folders[case_key][f"{case_key}.bpmn"])})


def _key(place: str) -> str:
    return place.partition(":")[0]


def _nothing_to_judge(learn_until: datetime, now: datetime) -> Invalid:
    first, last = civil_date(learn_until), civil_date(now)
    problem = Problem(
        "",
        f"{first} 之后到 {last} 没有办结的任务，无从回测。请把起算日提前。",
        f"No task was closed after {first} until {last}: there is nothing to judge by. Learn until an earlier day.",
    )
    return Invalid("forecast.nothing_to_judge", "Nothing to judge a forecast by", (problem,))


def _error(pairs: Sequence[tuple[int, int]]) -> float:
    """Of every hundred tasks that were handed in, by how many the forecast was wrong."""
    total = sum(really for really, _ in pairs)
    return round(100 * sum(abs(really - other) for really, other in pairs) / total, 1) if total else 0.0
