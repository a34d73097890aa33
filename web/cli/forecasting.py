"""duban forecast: run a scenario, or two side by side, into a folder; and judge forecasts by what has happened."""

import gc
import multiprocessing
import signal
import time
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor, wait
from datetime import date
from pathlib import Path
from typing import Any

import click

from engine.domain import toml_table
from engine.domain.calendar import SHANGHAI
from engine.forecast.backtest import backtest
from engine.forecast.compare import explained
from engine.forecast.ground import Material, material_of, prepare
from engine.forecast.outcome import Result
from engine.forecast.run import ForecastCancelled, run
from engine.forecast.scenario import Scenario, read_scenario
from web.cli.campaigning import only_campaign
from web.cli.console import MOMENT, config_of, engine_of
from web.studio.forecast_page import page_of
from web.studio.forecast_runs import write_json

NEWS_SECONDS = 5.0
OBJECTS_BETWEEN_COLLECTIONS = 200_000


@click.command()
@click.argument("scenario", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option("--against", type=click.Path(exists=True, dir_okay=False, path_type=Path), help="A second scenario.")
@click.option("--out", required=True, type=click.Path(file_okay=False, path_type=Path), help="Folder for the results.")
@click.option("--quiet", is_flag=True, help="No progress lines.")
@click.pass_context
def forecast(context: click.Context, scenario: Path, against: Path | None, out: Path, quiet: bool) -> None:
    """What a campaign would look like: thousands of cases of SCENARIO.toml on a virtual clock.

    Leaves result.json (and result_against.json) and forecast.html, forecast.en.html in the folder. Two scenarios run
    beside each other, a processor each. The same scenario and seed give the same result. Ctrl-C cancels.
    """
    files = [scenario, *([against] if against else [])]
    jobs = [_read(file, config_of(context).processes) for file in files]
    for wanted, material in jobs:
        prepare(wanted, material)  # whatever is wrong with any of them is said before the first one runs
    results = _run_all(jobs, _say_nothing if quiet else _say)
    out.mkdir(parents=True, exist_ok=True)
    for name, result in zip(("result.json", "result_against.json"), results, strict=False):
        write_json(out / name, result.to_json())
    plan = prepare(*jobs[0]).plan
    for name, lang in (("forecast.html", "zh"), ("forecast.en.html", "en")):
        (out / name).write_text(page_of(results, plan, lang), encoding="utf-8")
    for sentence in explained(*results):
        click.echo(f"{sentence.zh}\n{sentence.en}")
    click.echo(f"{out}: result.json, forecast.html, forecast.en.html")


@click.command("forecast-backtest")
@click.argument("scenario", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option("--from", "since", required=True, type=MOMENT, help="Forecast from here; learn from what was before.")
@click.option("--until", type=MOMENT, help="Judge here instead of now; for a record that ends earlier.")
@click.option("--campaign", "campaign_id", help="Campaign; needed when several are open.")
@click.option("--out", type=click.Path(file_okay=False, path_type=Path), help="Also write backtest.json there.")
@click.pass_context
def forecast_backtest(
    context: click.Context, scenario: Path, since: Any, until: Any, campaign_id: str | None, out: Path | None
) -> None:
    """Learn lengths and answers from the record up to a day, forecast from the first case to now, compare."""
    with engine_of(context) as engine:
        campaign_id = only_campaign(engine, campaign_id)
        material = engine.read.forecast_material(campaign_id)
        wanted = read_scenario(scenario.read_bytes(), material.a_day, what=scenario.name)
        report = backtest(
            wanted,
            material,
            arrivals=engine.read.forecast_arrivals(campaign_id),
            spells=engine.read.forecast_history(campaign_id),
            learn_until=since.astimezone(SHANGHAI),
            now=until.astimezone(SHANGHAI) if until else engine.read.now(),
        )
    if out is not None:
        out.mkdir(parents=True, exist_ok=True)
        write_json(out / "backtest.json", report.to_json())
    for line in report.lines():
        click.echo(line)


def _read(file: Path, processes: Path) -> tuple[Scenario, Material]:
    campaign_id = _campaign_of(file)
    material = material_of(processes, campaign_id)
    return read_scenario(file.read_bytes(), material.a_day, what=file.name), material


def _campaign_of(file: Path) -> str:
    return str(toml_table.read(file.read_bytes(), what=file.name).get("campaign") or "-")


# -- running -----------------------------------------------------------------------------------------------------------
Say = Callable[[str, int, int, str], None]


def _say(name: str, over: int, total: int, day: str) -> None:
    click.echo(f"{name}: {day}, {over} of {total} cases over", err=True)


def _say_nothing(name: str, over: int, total: int, day: str) -> None:
    """For --quiet."""


def _run_all(jobs: list[tuple[Scenario, Material]], say: Say) -> list[Result]:
    """One process for each scenario. Raises ForecastCancelled after Ctrl-C, when all of them have stopped."""
    spawning = multiprocessing.get_context("spawn")
    stop, told = spawning.Event(), spawning.SimpleQueue()
    with ProcessPoolExecutor(len(jobs), mp_context=spawning, initializer=_begin, initargs=(stop, told)) as pool:
        works = [pool.submit(_work, job, number) for number, job in enumerate(jobs)]
        news: dict[int, tuple[int, int, str]] = {}
        try:
            while not all(work.done() for work in works):
                wait(works, timeout=NEWS_SECONDS)
                while not told.empty():
                    number, *latest = told.get()
                    news[number] = tuple(latest)
                for number, latest in sorted(news.items()):
                    say(jobs[number][0].name, *latest)
        except KeyboardInterrupt:
            stop.set()
            raise ForecastCancelled("forecast_cancelled", "The forecast was cancelled.") from None
        return [work.result() for work in works]


_shared: dict[str, Any] = {}  # what a process of the pool was given at its start


def _begin(stop: Any, told: Any) -> None:
    """Ctrl-C reaches every process of the terminal; only the first one decides what it means."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    gc.set_threshold(OBJECTS_BETWEEN_COLLECTIONS, 20, 50)
    _shared.update(stop=stop, told=told)


def _work(job: tuple[Scenario, Material], number: int) -> Result:
    last = 0.0

    def tell(over: int, total: int, day: date) -> None:
        nonlocal last
        if time.monotonic() - last >= NEWS_SECONDS:  # a full pipe would stop the one who writes
            last = time.monotonic()
            _shared["told"].put((number, over, total, day.isoformat()))

    return run(prepare(*job), progress=tell, is_cancelled=_shared["stop"].is_set)


COMMANDS = (forecast, forecast_backtest)
