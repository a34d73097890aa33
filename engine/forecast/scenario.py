"""What is supposed in a forecast: cases that arrive, people, how long things take, what they answer, changed dates.

Read from TOML and written to it again; whether it fits the campaign and its diagrams is asked in `ground.py`.
"""

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date, timedelta
from typing import Any

from engine.domain import toml_table
from engine.domain.toml_table import Problems, TomlTable
from engine.errors import Invalid
from engine.forecast.spread import NOTHING, Fixed, Spread, read_spread

MAX_CASES = 50_000
MAX_DAYS = 3 * 366
YEARS = range(2000, 2101)  # in which a calendar can count
MAX_STAFF = 500
BY_DUE, BY_ARRIVAL = "due", "arrival"  # what people take up next: the most urgent, or the oldest
USUAL = "default"  # the entry of [effort] and [waiting] for every task that is not named
Place = str  # "process:element", as in a diagram


@dataclass(frozen=True)
class Arrival:
    """`count` cases, spread evenly over `workdays` working days from `on`."""

    on: date
    count: int
    workdays: int = 1


@dataclass(frozen=True)
class Answer:
    """One way in which a task is handed in. A text that begins with "=" is an expression of the diagram's language;
    one that begins with "@" is so too, and its value is handed in as a date."""

    weight: int
    variables: Mapping[str, Any]


@dataclass(frozen=True)
class Scenario:
    """Everything supposed. Times of work are working minutes; the same scenario and seed give the same result.

    `staff`: people by "role@unit", or "role@area" for each unit in that part. `pace`: per cent of the usual time that a
    unit needs. `effort` occupies a person; `waiting` passes before one can begin and occupies nobody.
    """

    name: str
    name_en: str
    campaign: str
    seed: int
    until: date
    arrivals: tuple[Arrival, ...]
    queue: str = BY_DUE
    variables: Mapping[str, Any] = field(default_factory=dict)
    areas: Mapping[str, int] = field(default_factory=dict)
    phases: Mapping[str, tuple[date | None, date]] = field(default_factory=dict)
    deadlines: Mapping[Place, str] = field(default_factory=dict)
    staff: Mapping[str, int] = field(default_factory=dict)
    pace: Mapping[str, int] = field(default_factory=dict)
    effort: Mapping[Place, Spread] = field(default_factory=dict)
    waiting: Mapping[Place, Spread] = field(default_factory=dict)
    answers: Mapping[Place, tuple[Answer, ...]] = field(default_factory=dict)

    @property
    def begins(self) -> date:
        return min(arrival.on for arrival in self.arrivals)

    @property
    def cases(self) -> int:
        return sum(arrival.count for arrival in self.arrivals)

    def effort_of(self, place: Place) -> Spread:
        return self.effort.get(place) or self.effort.get(USUAL, Fixed(30.0))

    def waiting_of(self, place: Place) -> Spread:
        return self.waiting.get(place) or self.waiting.get(USUAL, NOTHING)


def read_scenario(content: bytes, a_day: float, *, what: str = "scenario.toml") -> Scenario:
    """`a_day`: the minutes of a working day. Raises Invalid with every fault of the file."""
    problems = Problems()
    top = TomlTable(toml_table.read(content, what=what), "", problems)
    scenario = Scenario(
        name=top.text("name"),
        name_en=top.text("name_en", ""),
        campaign=top.text("campaign"),
        seed=top.number("seed", 1),
        until=top.need_day("until"),
        arrivals=tuple(_arrivals(top)),
        queue=top.text("queue", BY_DUE),
        variables=_plain_table(top, "variables"),
        areas=_numbers(top, "areas", 1, 1000),
        phases=dict(_phases(top)),
        deadlines=top.table("deadlines", required=False).strings(),
        staff=_numbers(top, "staff", 0, MAX_STAFF),
        pace=_numbers(top, "pace", 10, 1000),
        effort=_spreads(top, "effort", a_day),
        waiting=_spreads(top, "waiting", a_day),
        answers=_answers(top),
    )
    top.refuse_unknown()
    _check(scenario, problems)
    if problems.errors:
        raise Invalid("forecast.scenario", f"{what} is no scenario", problems.errors, what=what)
    return scenario


def _check(scenario: Scenario, problems: Problems) -> None:
    if scenario.queue not in (BY_DUE, BY_ARRIVAL):
        problems.error("queue", "queue 只能是 due 或 arrival。", "queue is due or arrival.")
    if not scenario.arrivals:
        problems.error("arrivals", "至少写一批问题：[[arrivals]]。", "Give one [[arrivals]] at least.")
        return
    if not 1 <= scenario.cases <= MAX_CASES:
        zh, en = f"问题总数应在 1 到 {MAX_CASES} 之间。", f"There must be 1 to {MAX_CASES} cases in all."
        problems.error("arrivals", zh, en)
    for where, day in (("until", scenario.until), *((f"arrivals.{one.on}", one.on) for one in scenario.arrivals)):
        if day.year not in YEARS:
            zh, en = f"年份应在 {YEARS[0]} 到 {YEARS[-1]} 之间。", f"The year must be {YEARS[0]} to {YEARS[-1]}."
            problems.error(where, zh, en)
    if not scenario.begins < scenario.until <= scenario.begins + timedelta(days=MAX_DAYS):
        zh, en = "截止日应在首批之后三年以内。", "The end must lie within three years after the first arrivals."
        problems.error("until", zh, en)


def _arrivals(top: TomlTable) -> Iterator[Arrival]:
    for row in top.tables("arrivals", named_by="on"):
        arrival = Arrival(row.need_day("on"), row.number("count"), row.number("workdays", 1))
        row.refuse_unknown()
        if arrival.count < 0 or not 1 <= arrival.workdays <= 366:
            zh, en = "count 不能小于 0，workdays 应在 1 到 366 之间。", "count is 0 or more, workdays 1 to 366."
            row.problems.error(row.where, zh, en)
            continue
        yield arrival


def _phases(top: TomlTable) -> Iterator[tuple[str, tuple[date | None, date]]]:
    table = top.table("phases", required=False)
    for key in table.names():
        row = table.table(key)
        window = (row.day("starts_on"), row.need_day("ends_on"))
        row.refuse_unknown()
        if window[0] is not None and window[0] > window[1]:
            row.problems.error(row.where, "阶段的开始不能晚于结束。", "A phase cannot begin after its end.")
        yield key, window


def _numbers(top: TomlTable, name: str, low: int, high: int) -> dict[str, int]:
    table, found = top.table(name, required=False), {}
    for key in table.names():
        found[key] = table.number(key)
        if not low <= found[key] <= high:
            zh, en = f"应在 {low} 到 {high} 之间。", f"It must be {low} to {high}."
            table.problems.error(table.place(key), zh, en)
    return found


def _spreads(top: TomlTable, name: str, a_day: float) -> dict[Place, Spread]:
    table, found = top.table(name, required=False), {}
    for key in table.names():
        try:
            found[key] = read_spread(table.value(key), a_day)
        except Invalid as error:
            [problem] = error.problems
            table.problems.error(table.place(key), problem.zh, problem.en)
    return found


def _answers(top: TomlTable) -> dict[Place, tuple[Answer, ...]]:
    table, found = top.table("answers", required=False), {}
    for place in table.names():
        rows = []
        for row in table.tables(place, named_by="label"):
            row.text("label", "")
            rows.append(Answer(row.number("weight", 1), _plain_table(row, "set")))
            row.refuse_unknown()
        if not rows or any(row.weight < 0 for row in rows) or not sum(row.weight for row in rows):
            zh, en = (
                "每个任务至少一种答复，权重不能为负，也不能全是 0。",
                "Give one answer at least, with weights above 0.",
            )
            table.problems.error(table.place(place), zh, en)
        found[place] = tuple(rows)
    return found


def _plain_table(top: TomlTable, name: str) -> dict[str, Any]:
    """Values as a process keeps them: dates become text."""
    table = top.table(name, required=False)
    return {key: _plain(table.value(key)) for key in table.names()}


def _plain(value: Any) -> Any:
    if isinstance(value, list):
        return [_plain(item) for item in value]
    if isinstance(value, dict):
        return {key: _plain(item) for key, item in value.items()}
    return value.isoformat() if hasattr(value, "isoformat") else value


# -- writing -----------------------------------------------------------------------------------------------------------
def scenario_toml(scenario: Scenario) -> bytes:
    """The scenario as a file that reads as the same again."""
    lines = [f"{key} = {_toml(getattr(scenario, key))}" for key in ("name", "name_en", "campaign", "seed", "until")]
    lines.append(f"queue = {_toml(scenario.queue)}")
    for arrival in scenario.arrivals:
        lines += [
            "",
            "[[arrivals]]",
            f"on = {arrival.on}",
            f"count = {arrival.count}",
            f"workdays = {arrival.workdays}",
        ]
    for name in ("variables", "areas", "deadlines", "staff", "pace"):
        lines += _toml_table(name, getattr(scenario, name))
    for name in ("effort", "waiting"):
        lines += _toml_table(name, {key: spread.to_json() for key, spread in getattr(scenario, name).items()})
    for key, (starts_on, ends_on) in scenario.phases.items():
        lines += ["", f"[phases.{_toml(key)}]"]
        lines += [f"starts_on = {starts_on}"] if starts_on else []
        lines.append(f"ends_on = {ends_on}")
    for place, answers in scenario.answers.items():
        for answer in answers:
            lines += ["", f"[[answers.{_toml(place)}]]", f"weight = {answer.weight}"]
            lines.append(f"set = {_toml(dict(answer.variables))}")
    return ("\n".join(lines) + "\n").encode()


def _toml_table(name: str, values: Mapping[str, Any]) -> list[str]:
    return ["", f"[{name}]", *(f"{_toml(key)} = {_toml(value)}" for key, value in values.items())] if values else []


def _toml(value: Any) -> str:
    if isinstance(value, date):
        return value.isoformat()
    if isinstance(value, Mapping):
        return "{ " + ", ".join(f"{_toml(key)} = {_toml(item)}" for key, item in value.items()) + " }"
    if isinstance(value, list | tuple):
        return "[" + ", ".join(_toml(item) for item in value) + "]"
    return json.dumps(value, ensure_ascii=False).replace("\x7f", "\\u007f")
