"""The form of a scenario: what a designer types, laid over the scenario that it begins with, and back."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from datetime import date

from engine.domain.whole_number import whole_number
from engine.errors import Invalid, Problem
from engine.forecast.ground import Ground
from engine.forecast.scenario import MAX_CASES, MAX_STAFF, Arrival, Scenario
from engine.forecast.spread import Fixed, Lognormal, Observed, Spread, Triangular, read_spread, text_of
from web.i18n import pick

MAX_SEED = 1_000_000
MAX_NAME = 60
PARTS = " / "  # between the lengths of one field


@dataclass
class Reading:
    """What was typed, with the faults found on the way. Values stay what they were where a field is faulty."""

    sent: Mapping[str, str]
    problems: list[Problem] = field(default_factory=list)

    def text(self, key: str) -> str:
        return self.sent.get(key, "").strip()

    def fault(self, key: str, zh: str, en: str) -> None:
        self.problems.append(Problem(key, zh, en))

    def number(self, key: str, known: int, low: int, high: int) -> int:
        number = whole_number(self.text(key))
        if number is not None and low <= number <= high:
            return number
        self.fault(key, f"请填写 {low} 到 {high} 之间的整数。", f"Give a whole number from {low} to {high}.")
        return known

    def day(self, key: str, known: date) -> date:
        try:
            return date.fromisoformat(self.text(key))
        except ValueError:
            self.fault(key, "请填写日期，如 2024-06-14。", "Give a date such as 2024-06-14.")
            return known


def laid_over(base: Scenario, ground: Ground, sent: Mapping[str, str]) -> tuple[Scenario, tuple[Problem, ...]]:
    """The scenario that was typed and what is wrong with it; nothing typed is lost with a fault."""
    reading = Reading(sent)
    name = reading.text("name")
    if not 0 < len(name) <= MAX_NAME:
        zh, en = f"请给情景取名，不超过 {MAX_NAME} 个字。", f"Name the scenario, {MAX_NAME} characters at most."
        reading.fault("name", zh, en)
    names = _names(base, name)
    scenario = replace(
        base,
        name=names[0],
        name_en=names[1],
        seed=reading.number("seed", base.seed, 0, MAX_SEED),
        until=reading.day("until", base.until),
        arrivals=tuple(_arrivals(base, reading)),
        phases={**base.phases, **dict(_phases(base, ground, reading))},
        staff={key: reading.number(f"staff.{key}", count, 0, MAX_STAFF) for key, count in base.staff.items()},
        effort=dict(_spreads(base.effort, "effort", ground, reading)),
        waiting=dict(_spreads(base.waiting, "waiting", ground, reading)),
    )
    if not reading.problems and not scenario.begins < scenario.until <= date.fromordinal(
        scenario.begins.toordinal() + 3 * 366
    ):
        reading.fault("until", "截止日应在首批之后三年以内。", "The end must lie within three years after the start.")
    if not reading.problems and not 1 <= scenario.cases <= MAX_CASES:
        zh, en = f"问题总数应在 1 到 {MAX_CASES} 之间。", f"There must be 1 to {MAX_CASES} cases in all."
        reading.fault("arrivals.0.count", zh, en)
    return scenario, tuple(reading.problems)


def typed(scenario: Scenario, ground: Ground) -> dict[str, str]:
    """The fields as they stand for this scenario."""
    found = {
        "name": pick(scenario.name, scenario.name_en),
        "seed": str(scenario.seed),
        "until": scenario.until.isoformat(),
    }
    for number, arrival in enumerate(scenario.arrivals):
        found[f"arrivals.{number}.on"] = arrival.on.isoformat()
        found[f"arrivals.{number}.count"] = str(arrival.count)
        found[f"arrivals.{number}.workdays"] = str(arrival.workdays)
    for key, (starts_on, ends_on) in {**ground.plan.windows, **scenario.phases}.items():
        found[f"phases.{key}.starts_on"] = starts_on.isoformat() if starts_on else ""
        found[f"phases.{key}.ends_on"] = ends_on.isoformat()
    found |= {f"staff.{key}": str(count) for key, count in scenario.staff.items()}
    a_day = ground.material.a_day
    for name in ("effort", "waiting"):
        found |= {f"{name}.{key}": spread_text(spread, a_day) for key, spread in getattr(scenario, name).items()}
    return found


def spread_text(spread: Spread, a_day: float) -> str:
    """As the form shows it: one length, "median / p90", or "low / mode / high"; empty for what history showed."""
    match spread:
        case Fixed(minutes):
            return _length(minutes, a_day)
        case Lognormal(median, p90):
            return PARTS.join(_length(one, a_day) for one in (median, p90))
        case Triangular(low, mode, high):
            return PARTS.join(_length(one, a_day) for one in (low, mode, high))
    return ""


def _length(minutes: float, a_day: float) -> str:
    """In the unit in which one says it."""
    if minutes and minutes % (a_day / 2) == 0:
        return f"{minutes / a_day:g}wd"
    return f"{minutes / 60:g}wh" if minutes >= 60 and minutes % 30 == 0 else text_of(minutes)


def _names(base: Scenario, name: str) -> tuple[str, str]:
    """A name that was left as it is stays so in both languages; a new one is the name in both."""
    return (base.name, base.name_en) if name in ("", base.name, base.name_en) else (name, name)


def _arrivals(base: Scenario, reading: Reading) -> Iterator[Arrival]:
    for number, known in enumerate(base.arrivals):
        yield Arrival(
            on=reading.day(f"arrivals.{number}.on", known.on),
            count=reading.number(f"arrivals.{number}.count", known.count, 0, MAX_CASES),
            workdays=reading.number(f"arrivals.{number}.workdays", known.workdays, 1, 366),
        )


def _phases(base: Scenario, ground: Ground, reading: Reading) -> Iterator[tuple[str, tuple[date | None, date]]]:
    """Only what differs from the plan."""
    for key, planned in ground.plan.windows.items():
        known = base.phases.get(key, planned)
        starts_on = (
            reading.day(f"phases.{key}.starts_on", date.min) if reading.text(f"phases.{key}.starts_on") else None
        )
        ends_on = reading.day(f"phases.{key}.ends_on", known[1])
        if starts_on is not None and starts_on > ends_on:
            reading.fault(f"phases.{key}.ends_on", "阶段的开始不能晚于结束。", "A phase cannot begin after its end.")
        elif (starts_on, ends_on) != planned or key in base.phases:
            yield key, (starts_on, ends_on)


def _spreads(known: Mapping[str, Spread], name: str, ground: Ground, reading: Reading) -> Iterator[tuple[str, Spread]]:
    for key, spread in known.items():
        text = reading.text(f"{name}.{key}")
        if text == spread_text(spread, ground.material.a_day) or (not text and isinstance(spread, Observed)):
            yield key, spread
            continue
        try:
            yield key, _spread(text, ground.material.a_day)
        except Invalid as error:
            [problem, *_] = error.problems
            reading.fault(f"{name}.{key}", problem.zh, problem.en)
            yield key, spread


def _spread(text: str, a_day: float) -> Spread:
    parts = [part.strip() for part in text.split("/")]
    names = {1: ("fixed",), 2: ("median", "p90"), 3: ("low", "mode", "high")}.get(len(parts), ())
    return read_spread(dict(zip(names, parts, strict=False)), a_day)
