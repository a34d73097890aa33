"""What a new forecast may begin with: a scenario that ships with the program, our own record, an earlier forecast."""

from typing import Any, Final

from flask import current_app

from engine.errors import NotFound
from engine.forecast.ground import Material, prepare
from engine.forecast.history import learned
from engine.forecast.scenario import Scenario, read_scenario
from engine.forecast.worktime import minutes_of_a_day
from web.i18n import pick, t
from web.request import campaign_id, engine
from web.studio.forecast_runs import Runs

EXTENSION: Final = "duban.forecasts"


def runs() -> Runs:
    """One for the application; its folder lies beside the key of the installation."""
    if EXTENSION not in current_app.extensions:
        folder = current_app.extensions["duban.config"].secret_file.parent / "forecasts"
        current_app.extensions[EXTENSION] = Runs(folder)
    found: Runs = current_app.extensions[EXTENSION]
    return found


def bases() -> list[tuple[str, str]]:
    """What a new scenario may begin with: what ships with the program, plain and with our own record."""
    found = []
    for path in sorted(_shipped().glob("*.toml")):
        scenario = _read_shipped(path.stem)
        if scenario is not None and scenario.campaign == campaign_id():
            found.append((path.stem, pick(scenario.name, scenario.name_en)))
            found.append((f"history.{path.stem}", t("forecast.with_history", name=found[-1][1])))
    return found


def scenario_of(base: str, material: Material) -> tuple[Scenario, int]:
    """The scenario of that name, and of how many tasks it has the lengths from the record. Raises NotFound."""
    kind, _, rest = base.partition(".")
    scenario: Scenario | None
    if kind == "run" and rest:
        scenario = read_scenario(runs().file(rest, "scenario.toml"), material.a_day)
    else:
        scenario = _read_shipped(rest if kind == "history" else base) if base else _first()
    if scenario is None or scenario.campaign != campaign_id():
        raise NotFound("forecast_base_unknown", f"There is no scenario {base}.", name=base)
    if kind != "history":
        return scenario, 0
    ground = prepare(scenario, material)
    found = learned(scenario, ground, engine().read.forecast_history(campaign_id()), engine().read.now())
    return found.scenario, len(found.known)


def _first() -> Scenario | None:
    return next((_read_shipped(name) for name, _ in bases() if "." not in name), None)


def _read_shipped(name: str) -> Scenario | None:
    path = next((path for path in _shipped().glob("*.toml") if path.stem == name), None)
    return None if path is None else read_scenario(path.read_bytes(), _a_day(), what=path.name)


def _a_day() -> float:
    return minutes_of_a_day(engine().read.calendar())


def _shipped() -> Any:
    return current_app.extensions["duban.config"].processes / "forecasts"


def campaign_material() -> Material:
    found: Material = engine().read.forecast_material(campaign_id())
    return found


def draft_of(base: str) -> str:
    """A forecast of a draft is varied on that draft."""
    kind, _, run_id = base.partition(".")
    run = runs().get(run_id) if kind == "run" and run_id else None
    return run.draft.draft_id if run is not None and run.draft is not None else ""
