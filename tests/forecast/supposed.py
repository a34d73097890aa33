"""Scenarios for the tests of forecasts: the shipped one, cut down to a few cases and people."""

from dataclasses import replace
from datetime import date
from functools import cache
from pathlib import Path
from typing import Any

from engine.forecast.ground import Ground, Material, material_of, prepare
from engine.forecast.scenario import Answer, Arrival, Scenario, read_scenario
from engine.forecast.spread import Fixed

PROCESSES = Path(__file__).parents[2] / "processes"
A_DAY = 420.0


@cache
def material() -> Material:
    return material_of(PROCESSES, "linxia_2024")


@cache
def shipped(name: str = "linxia_as_planned") -> Scenario:
    return read_scenario((PROCESSES / "forecasts" / f"{name}.toml").read_bytes(), A_DAY)


def few(count: int, **changes: Any) -> Scenario:
    """So many cases on one day, one or two people everywhere, until the end of October."""
    staff = {"officer@area": 1, "officer@lead": 1, "supervisor@office": 1, "acceptor@office": 2, "leader@office": 1}
    usual = {"arrivals": (Arrival(date(2024, 4, 8), count),), "staff": staff, "until": date(2024, 10, 31)}
    return replace(shipped(), **{**usual, **changes})


def always(scenario: Scenario, place: str, **variables: Any) -> Scenario:
    """The scenario in which that task is always answered like this."""
    return replace(scenario, answers={**scenario.answers, place: (Answer(1, variables),)})


def slow(scenario: Scenario, place: str, workdays: float) -> Scenario:
    """The scenario in which that task waits so long before anybody can begin."""
    return replace(scenario, waiting={**scenario.waiting, place: Fixed(workdays * A_DAY)})


def ground(scenario: Scenario) -> Ground:
    return prepare(scenario, material())
