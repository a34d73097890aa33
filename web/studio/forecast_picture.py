"""What the page shows of one forecast, or of two side by side."""

from dataclasses import dataclass
from datetime import date
from typing import Any

from engine.domain.campaign import Campaign
from engine.forecast.compare import Said, bottlenecks, changes, explained, phase_name
from engine.forecast.outcome import Load, Result
from web.format import word
from web.i18n import pick, t
from web.studio.forecast_charts import finish_curve, late_bars, load_heat
from web.studio.forecast_glance import Glance, at_a_glance, is_one_curve
from web.studio.forecast_runs import Run


@dataclass(frozen=True)
class Waits:
    """The queues of one process on its diagram: mean working days at each element, the worst marked."""

    key: str
    name: str
    run_id: str
    tokens: dict[str, dict[str, Any]]


@dataclass(frozen=True)
class Picture:
    """One forecast, or two: what the page shows of them."""

    runs: tuple[Run, ...]
    results: tuple[Result, ...]
    told: tuple[Said, ...]
    phases: dict[str, str]
    units: dict[str, str]
    against: Run | None = None

    @property
    def changes(self) -> tuple[Said, ...]:
        return changes(*self.results) if len(self.results) == 2 else ()

    @property
    def titles(self) -> list[str]:
        return [pick(result.name, result.name_en) for result in self.results]

    @property
    def is_one_curve(self) -> bool:
        return is_one_curve(self.results)

    @property
    def glance(self) -> tuple[Glance, ...]:
        return at_a_glance(self.results, self.on, self.group)

    @property
    def bottlenecks(self) -> tuple[Any, ...]:
        """Of each result its worst places; in the second with how it was in the first."""
        return tuple(bottlenecks(result) for result in self.results)

    def on(self, day: date | None) -> str:
        """A day as short as it can be said."""
        if day is None:
            return "—"
        year = "" if day.year == self.results[0].begins.year else f"{day.year}"
        return pick(f"{year and year + '年'}{day.month}月{day.day}日", f"{day:%-d %b} {year}".strip())

    def waits(self, number: int) -> tuple[Waits, ...]:
        """The diagrams on which somebody waits, the longest queue first."""
        result, found = self.results[number], {}
        worst = bottlenecks(result, 1)
        for stay in bottlenecks(result):
            key, _, element_id = stay.place.partition(":")
            days = round(stay.waited / result.a_day, 1)
            label = t("forecast.waits_here", n=days, share=round(100 * stay.share))
            token = {"state": "late" if stay in worst else "open", "count": days, "label": label}
            found.setdefault(key, {})[element_id] = token
        return tuple(Waits(key, phase_label(key), self.runs[number].run_id, found[key]) for key in found)

    @property
    def stuck(self) -> tuple[tuple[str, int, str], ...]:
        """Scenario, tasks that nobody may do, and of whom there are too few."""
        return tuple(
            (pick(result.name, result.name_en), load.stuck, self.group(load))
            for result in self.results
            for load in result.loads
            if load.stuck
        )

    def finish(self) -> Any:
        return finish_curve(self.results, t, self.phases)

    def late(self) -> Any:
        return late_bars(self.results, t, self.phases)

    def heat(self, result: Result) -> Any:
        return load_heat(result, t, self.group)

    def group(self, load: Load) -> str:
        return f"{word('role', load.role)} × {load.people} {self.units.get(load.unit, load.unit)}"

    @property
    def letters(self) -> tuple[tuple[str, tuple[int, ...]], ...]:
        kinds = sorted({kind for result in self.results for kind in result.letters})
        return tuple((kind, tuple(result.letters.get(kind, 0) for result in self.results)) for kind in kinds)

    @property
    def rungs(self) -> tuple[tuple[str, tuple[int, ...]], ...]:
        kinds = sorted({kind for result in self.results for kind in result.rungs})
        return tuple((kind, tuple(result.rungs.get(kind, 0) for result in self.results)) for kind in kinds)


def picture_of(shown: tuple[Run, ...], results: tuple[Result, ...], plan: Campaign, against: Run | None) -> Picture:
    """`against`: the forecast on the published versions with which a page of one may be compared."""
    keys = [phase.key for phase in plan.phases]
    keys += [key for result in results for key in result.late_by_phase if key not in keys]
    return Picture(
        runs=shown,
        results=results,
        told=explained(*results),
        phases={key: phase_label(key) for key in dict.fromkeys(keys)},
        units={unit.id: pick(unit.name, unit.name_en) for unit in plan.units}
        | {plan.office.unit: t("forecast.each_office")},
        against=against,
    )


def phase_label(key: str) -> str:
    zh, en = phase_name(key)
    return pick(zh, en.removeprefix("The ").capitalize())
