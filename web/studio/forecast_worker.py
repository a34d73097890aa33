"""The process that runs one forecast of the studio: reads its folder, writes how far it is, and what came out."""

import gc
import sys
import time
from datetime import date
from pathlib import Path

from engine.errors import EngineError, Invalid
from engine.forecast.ground import material_of, prepare
from engine.forecast.run import ForecastCancelled, run
from engine.forecast.scenario import read_scenario
from web.studio.forecast_runs import CANCELLED, DONE, FAILED, RUNNING, write_json

OBJECTS_BETWEEN_COLLECTIONS = 200_000  # instances live long: looking at all of them often costs a quarter of the time

SECONDS_BETWEEN = 0.5  # two words on how far it is


def work(folder: Path) -> str:
    """The state in which the forecast of this folder ended. Whatever goes wrong is written for the reader."""
    gc.set_threshold(OBJECTS_BETWEEN_COLLECTIONS, 20, 50)
    state = folder / "state.json"

    told = 0.0

    def tell(over: int, total: int, day: date) -> None:
        nonlocal told
        if time.monotonic() - told < SECONDS_BETWEEN:
            return
        told = time.monotonic()
        write_json(state, {"state": RUNNING, "over": over, "total": total, "day": day.isoformat()})

    try:
        campaign_id = next((folder / "processes" / "campaigns").glob("*.toml")).stem
        material = material_of(folder / "processes", campaign_id)
        scenario = read_scenario((folder / "scenario.toml").read_bytes(), material.a_day)
        ground = prepare(scenario, material)
        gc.freeze()
        result = run(ground, progress=tell, is_cancelled=(folder / "cancel").exists)
    except ForecastCancelled:
        return _ended(state, CANCELLED)
    except Invalid as error:
        problems = [(problem.where, problem.zh, problem.en) for problem in error.problems]
        return _ended(state, FAILED, problems or [("", error.message, error.message)])
    except EngineError as error:
        return _ended(state, FAILED, [("", error.message, error.message)])
    except Exception as error:  # the last place where anybody would hear of it
        _ended(state, FAILED, [("", f"程序出错：{error!r}", f"The program failed: {error!r}")])
        raise
    write_json(folder / "result.json", result.to_json())
    return _ended(state, DONE, over=result.cases)


def _ended(state: Path, name: str, problems: list[tuple[str, str, str]] | None = None, *, over: int = 0) -> str:
    write_json(state, {"state": name, "over": over, "total": over, "problems": problems or []})
    return name


if __name__ == "__main__":
    work(Path(sys.argv[1]))
