"""How long things take: distributions of working minutes, as a scenario writes them and as history shows them."""

import math
import re
from bisect import bisect_left
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import accumulate
from random import Random
from statistics import NormalDist
from typing import Any, Protocol

from engine.errors import Invalid, Problem

NORMAL = NormalDist()
Z_OF_P90 = NORMAL.inv_cdf(0.9)
LENGTH = re.compile(r"(\d{1,6}(?:\.\d{1,3})?)\s*(m|wh|wd)")
LONGEST = 500_000.0  # minutes, more working time than three years have; the longest that a file may name
DIGITS = 3  # of a minute that a file keeps
UNSEEN = 3  # nothing is supposed to take longer than so many times the longest that anybody has watched
KINDS: Mapping[str, tuple[str, ...]] = {
    "fixed": ("fixed",),
    "triangular": ("low", "mode", "high"),
    "lognormal": ("median", "p90"),
    "observed": ("observed",),
}


class Spread(Protocol):
    """A distribution of working minutes."""

    def draw(self, chance: Random) -> float: ...

    def to_json(self) -> dict[str, Any]: ...


@dataclass(frozen=True)
class Fixed:
    minutes: float

    def draw(self, chance: Random) -> float:
        chance.random()  # as many draws as the others take, so that a changed duration changes nothing else
        return self.minutes

    def to_json(self) -> dict[str, Any]:
        return {"fixed": text_of(self.minutes)}


@dataclass(frozen=True)
class Triangular:
    low: float
    mode: float
    high: float

    def draw(self, chance: Random) -> float:
        return chance.triangular(self.low, self.high, self.mode)

    def to_json(self) -> dict[str, Any]:
        return {"low": text_of(self.low), "mode": text_of(self.mode), "high": text_of(self.high)}


@dataclass(frozen=True)
class Lognormal:
    """Half take no longer than `median`, nine in ten no longer than `p90`."""

    median: float
    p90: float

    def draw(self, chance: Random) -> float:
        sigma = math.log(self.p90 / self.median) / Z_OF_P90
        share = min(max(chance.random(), 1e-9), 1 - 1e-9)
        return self.median * math.exp(sigma * NORMAL.inv_cdf(share))

    def to_json(self) -> dict[str, Any]:
        return {"median": text_of(self.median), "p90": text_of(self.p90)}


@dataclass(frozen=True)
class Observed:
    """Quantiles at equal steps from the shortest to the longest, as history shows them; between them it is straight."""

    quantiles: tuple[float, ...]

    def draw(self, chance: Random) -> float:
        place = chance.random() * (len(self.quantiles) - 1)
        low = int(place)
        high = min(low + 1, len(self.quantiles) - 1)
        return self.quantiles[low] + (self.quantiles[high] - self.quantiles[low]) * (place - low)

    def to_json(self) -> dict[str, Any]:
        return {"observed": [text_of(minutes) for minutes in self.quantiles]}


NOTHING = Fixed(0.0)


def minutes_of(text: object, a_day: float) -> float:
    """Working minutes of "45m", "2wh", "1.5wd". Raises Invalid for anything without one of these units."""
    found = LENGTH.fullmatch(text.strip()) if isinstance(text, str) else None
    if found is None:
        problem = Problem(
            str(text),
            f"“{text}”不是时长。请写成 45m（分钟）、2wh（工作小时）或 1.5wd（工作日）。",
            f'"{text}" is no length of work. Write 45m (minutes), 2wh (working hours) or 1.5wd (working days).',
        )
        raise Invalid("forecast.length", f"Not a length of work: {text!r}", (problem,), text=str(text))
    minutes = round(float(found[1]) * {"m": 1.0, "wh": 60.0, "wd": a_day}[found[2]], DIGITS)
    if minutes > LONGEST:
        days = int(LONGEST / a_day)
        problem = Problem(
            str(text),
            f"“{text}”太长，最多 {days}wd（{days}个工作日）。",
            f'"{text}" is too long: {days}wd ({days} working days) at most.',
        )
        raise Invalid("forecast.length", f"Too long: {text!r}", (problem,), text=str(text))
    return minutes


def text_of(minutes: float) -> str:
    """As `minutes_of` reads it: never with an exponent."""
    whole, _, part = f"{minutes:.{DIGITS}f}".partition(".")
    part = part.rstrip("0")
    return f"{whole}.{part}m" if part else f"{whole}m"


def read_spread(values: object, a_day: float) -> Spread:
    """From a text ("2wd", always the same) or a table of one of `KINDS`. Raises Invalid."""
    if isinstance(values, str):
        return Fixed(minutes_of(values, a_day))
    if isinstance(values, Mapping):
        for kind, names in KINDS.items():
            if set(values) == set(names):
                return _spread(kind, [values[name] for name in names], a_day)
    listed = "；".join(" + ".join(names) for names in KINDS.values())
    problem = Problem(
        "",
        f"时长请写成文字（如 2wd）或这些项的一组：{listed}。",
        f"Write a length such as 2wd, or one of these sets: {listed.replace('；', '; ')}.",
    )
    raise Invalid("forecast.spread", "Not a distribution of lengths", (problem,))


def _spread(kind: str, values: list[Any], a_day: float) -> Spread:
    if kind == "observed":
        listed = values[0] if isinstance(values[0], list) and len(values[0]) > 1 else []
        steps = tuple(minutes_of(text, a_day) for text in listed)
        if not steps or list(steps) != sorted(steps):
            raise _disordered(
                "observed 要从短到长列出至少两个时长。", "observed lists two or more lengths, shortest first."
            )
        return Observed(steps)
    minutes = [minutes_of(value, a_day) for value in values]
    if kind == "fixed":
        return Fixed(*minutes)
    if minutes != sorted(minutes) or (kind == "lognormal" and minutes[0] <= 0):
        names = " ≤ ".join(KINDS[kind])
        raise _disordered(f"时长的大小应当是 {names}。", f"The lengths must be {names}.")
    return Triangular(*minutes) if kind == "triangular" else Lognormal(*minutes)


def _disordered(zh: str, en: str) -> Invalid:
    return Invalid("forecast.spread", en, (Problem("", zh, en),))


def from_history(lengths: Sequence[tuple[float, bool]], *, steps: int = 40) -> Spread | None:
    """What the lengths of tasks show: (working minutes, whether it was finished then). None when none was finished.

    A task that is still open counts for as long as it has been open and no longer (Kaplan and Meier). Those open for
    longer than any has taken so far are supposed to end at the rate of half a task in all the time they were watched,
    and none later than `UNSEEN` times the longest that was watched.
    """
    ended = sum(is_over for _, is_over in lengths)
    if not ended:
        return None
    known, left = _survival(lengths)
    beyond = sum(max(minutes - known[-1], 0.0) for minutes, _ in lengths)
    rate = 0.5 / beyond if beyond else ended / max(sum(minutes for minutes, _ in lengths), 1.0)
    latest = min(UNSEEN * max(minutes for minutes, _ in lengths), LONGEST)
    found = []
    for step in range(steps + 1):
        share = min(step / steps, 1 - 0.5 / steps)
        place = bisect_left(left, share)
        if place < len(known):
            found.append(known[place])
        else:
            over = left[-1] if left else 0.0
            found.append(min(known[-1] + math.log((1 - over) / (1 - share)) / rate, latest))
    return Observed(tuple(round(min(minutes, latest), DIGITS) for minutes in accumulate(found, max)))


def _survival(lengths: Sequence[tuple[float, bool]]) -> tuple[list[float], list[float]]:
    """Each length at which something ended, and the share that has ended by then."""
    at_risk, alive = len(lengths), 1.0
    known: list[float] = []
    over: list[float] = []
    for minutes, is_over in sorted(lengths, key=lambda one: (one[0], not one[1])):
        if is_over:
            alive *= 1 - 1 / at_risk
            known.append(minutes)
            over.append(1 - alive)
        at_risk -= 1
    return known, over
