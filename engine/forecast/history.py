"""What an office's own record says about how long its tasks take and how they are answered, laid into a scenario."""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from engine.bpmn.plain import same
from engine.forecast.ground import Ground
from engine.forecast.scenario import Answer, Scenario
from engine.forecast.spread import DIGITS, Fixed, Lognormal, Observed, Spread, Triangular, from_history
from engine.forecast.worktime import WorkTime

MIN_KNOWN = 12  # fewer tasks than this say nothing; what the scenario supposes stays


@dataclass(frozen=True)
class Spell:
    """One task of the record: `closed_at` None while it is open; `variables` are what was handed in."""

    place: str
    opened_at: datetime
    closed_at: datetime | None
    variables: Mapping[str, Any]


@dataclass(frozen=True)
class Learned:
    """A scenario with the record in it, and of which tasks it knows something: place -> how many were finished."""

    scenario: Scenario
    known: Mapping[str, int]


def learned(scenario: Scenario, ground: Ground, spells: Iterable[Spell], as_of: datetime) -> Learned:
    """The lengths between opening and handing in, less the work that the scenario supposes; the shares of the answers.

    Queues of the past are in these lengths, so that a forecast adds its own to them only where people are too few.
    """
    by_place: dict[str, list[Spell]] = defaultdict(list)
    for spell in spells:
        by_place[spell.place].append(spell)
    tasks = ground.tasks()
    waiting, answers, known = dict(scenario.waiting), dict(scenario.answers), {}
    for place in sorted(by_place.keys() & tasks):
        found = by_place[place]
        finished = [spell for spell in found if spell.closed_at is not None]
        if len(finished) < MIN_KNOWN:
            continue
        known[place] = len(finished)
        spread = from_history(_lengths(found, ground, as_of))
        if spread is not None:
            waiting[place] = _less(spread, _mean(scenario.effort_of(place)))
        if place in answers:
            answers[place] = weighed(answers[place], [spell.variables for spell in finished])
    return Learned(replace(scenario, waiting=waiting, answers=answers), known)


def weighed(answers: Sequence[Answer], given: Iterable[Mapping[str, Any]]) -> tuple[Answer, ...]:
    """The answers by how often each was given: what was handed in counts for the one with which it agrees most."""
    counts = [0] * len(answers)
    for variables in given:
        agrees = [sum(same(variables.get(name), value) for name, value in one.variables.items()) for one in answers]
        best = max(agrees)
        if best:
            counts[agrees.index(best)] += 1
    if not sum(counts):
        return tuple(answers)
    return tuple(replace(answer, weight=count) for answer, count in zip(answers, counts, strict=True))


def _lengths(spells: Sequence[Spell], ground: Ground, as_of: datetime) -> list[tuple[float, bool]]:
    first = min(spell.opened_at for spell in spells).date()
    work = WorkTime(ground.calendar, first, as_of.date())
    found = []
    for spell in spells:
        ends = spell.closed_at or as_of
        length = work.passed(ends.timestamp()) - work.passed(spell.opened_at.timestamp())
        found.append((max(length, 0.0), spell.closed_at is not None))
    return found


def _mean(spread: Spread) -> float:
    match spread:
        case Fixed(minutes):
            return minutes
        case Triangular(low, mode, high):
            return (low + mode + high) / 3
        case Lognormal(median, _):
            return median
        case Observed(quantiles):
            return sum(quantiles) / len(quantiles)
    return 0.0


def _less(spread: Spread, minutes: float) -> Spread:
    if isinstance(spread, Observed):
        return Observed(tuple(round(max(known - minutes, 0.0), DIGITS) for known in spread.quantiles))
    return spread
