"""What the studio costs while somebody waits: the check as one types, and a forecast of a campaign."""

import time
from dataclasses import replace

from diagrams import large
from scenario import PROCESSES

from bench.measuring import Figure, in_turns
from bench.office import Sizes
from engine.bpmn.check import Known, check
from engine.forecast.ground import material_of, prepare
from engine.forecast.run import run
from engine.forecast.scenario import read_scenario

WHERE = "studio"
ELEMENTS = 200
CHECK_MS, FORECAST_SECONDS = 300.0, 180.0
CAMPAIGN = "linxia_2024"
PLAN = PROCESSES / "forecasts" / "linxia_as_planned.toml"
KNOWN = Known(job_kinds=frozenset({"remind"}), roles=frozenset({"officer"}), places=frozenset({"area"}))


def measure(sizes: Sizes) -> list[Figure]:
    """Milliseconds of processor of a check, the median; seconds by the clock of a forecast, taken once."""
    return [_check(sizes), _forecast(sizes)]


def _check(sizes: Sizes) -> Figure:
    files = large(ELEMENTS).files()
    rounds = in_turns(sizes.rounds, {"check": lambda _: check(files, KNOWN)})
    line = f"check a diagram of {ELEMENTS} elements"
    return Figure(line, WHERE, rounds.cpu("check"), "ms", sizes.judged(CHECK_MS), rounds.detail("check"))


def _forecast(sizes: Sizes) -> Figure:
    material = material_of(PROCESSES, CAMPAIGN)
    scenario = read_scenario(PLAN.read_bytes(), material.a_day, what=PLAN.name)
    if not sizes.is_full:
        scenario = replace(scenario, arrivals=tuple(replace(each, count=20) for each in scenario.arrivals))
    ground = prepare(scenario, material)
    begun = time.perf_counter()
    result = run(ground)
    seconds = time.perf_counter() - begun
    line = f"a forecast of {scenario.cases:,} cases"
    return Figure(line, WHERE, seconds, "s", sizes.judged(FORECAST_SECONDS), {"steps": result.steps})
