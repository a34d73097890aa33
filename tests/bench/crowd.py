"""35,671 cases at once: starting them, the worker's tick beside their timers, and the leader's figures."""

from collections.abc import Callable
from datetime import timedelta
from functools import partial
from typing import Any

import sqlalchemy as sa
from scenario import CAMPAIGN, new_case

from bench.measuring import WARM_UP, Figure, in_turns, timed
from bench.office import Office, Sizes
from engine.commands.audit import SealFacts
from engine.commands.register import RegisterCases
from engine.domain.actor import SYSTEM
from engine.store.schema import jobs
from engine.worker import Worker
from forms import demo_data as invented
from web.register import import_register

START_SECONDS = {"sqlite": 12.0, "postgresql": 15.0}
FROM_XLSX_SECONDS = 100.0
IDLE_MS = {"sqlite": 1.0, "postgresql": 3.0}
TIMER_RATIO = 2.0
FIGURES_MS = 100.0
FAR = timedelta(days=3_000)


def measure(office: Office, sizes: Sizes, backend: str) -> list[Figure]:
    """On an empty campaign; it is full afterwards."""
    found = [_started(office, sizes, backend)]
    _with_more_timers(office, sizes.timers)
    return [
        *found,
        _figures(office, sizes, backend),
        _idle_tick(office, sizes, backend),
        _due_tick(office, sizes, backend),
    ]


def measure_import(office: Office, sizes: Sizes, backend: str) -> Figure:
    """From the xlsx file, with the checks of its rows. On an empty campaign."""
    plan = office.engine.read.campaign(CAMPAIGN)
    areas = [(unit.id, unit.name) for unit in plan.areas]
    groups = [(group.id, group.name, group.industries) for group in plan.groups if group.industries]
    content = invented.register(sizes.cases, 7, areas, groups)
    result: dict[str, Any] = {}

    def act() -> None:
        result.update(import_register(office.engine, CAMPAIGN, content, "register.xlsx", by=SYSTEM))

    took = timed(act)
    detail = {"cpu_s": round(took.cpu / 1000, 1), "rows": result["rows"], "bytes": len(content)}
    line = f"import {sizes.cases:,} cases from an xlsx file, with the rows' own checks"
    return Figure(line, backend, took.wall / 1000, "s", sizes.judged(FROM_XLSX_SECONDS), detail)


def _started(office: Office, sizes: Sizes, backend: str) -> Figure:
    areas = [unit.id for unit in office.engine.read.campaign(CAMPAIGN).areas]
    rows = tuple(
        new_case(number, area=areas[number % len(areas)], fingerprint=f"crowd{number}") for number in range(sizes.cases)
    )
    took = timed(lambda: office.engine.execute(RegisterCases(CAMPAIGN, rows), by=SYSTEM))
    detail = {"cpu_s": round(took.cpu / 1000, 1), "cases_a_second": round(1000 * sizes.cases / took.wall)}
    line = f"start {sizes.cases:,} cases with tasks and timers"
    return Figure(line, backend, took.wall / 1000, "s", sizes.judged(START_SECONDS[backend]), detail)


def _with_more_timers(office: Office, wanted: int) -> None:
    """Copies of the timers that there are, due in years, until there are so many."""
    timers = sa.and_(jobs.c.kind == "timer", jobs.c.state == "OPEN")
    with office.scenario.raw() as connection:
        there = connection.execute(sa.select(sa.func.count()).where(timers)).scalar_one()
        copied = {
            "job_id": sa.literal("copy-") + jobs.c.job_id,
            "due_at": sa.literal(office.scenario.now + FAR, jobs.c.due_at.type),
        }
        columns = [copied.get(column.name, column).label(column.name) for column in jobs.columns]
        some = sa.select(*columns).where(timers).order_by(jobs.c.job_id).limit(max(0, wanted - there))
        connection.execute(jobs.insert().from_select([column.name for column in jobs.columns], some))
        assert connection.execute(sa.select(sa.func.count()).where(timers)).scalar_one() >= wanted


def _seal(office: Office) -> None:
    """What was recorded so far goes into the chain, as within a minute in an office."""
    while office.engine.execute(SealFacts(), by=SYSTEM):
        pass


def _idle_tick(office: Office, sizes: Sizes, backend: str) -> Figure:
    office.scenario.work()
    _seal(office)
    worker = Worker(office.engine, {})
    rounds = in_turns(sizes.rounds, {"tick": lambda _: worker.run_once()})
    line = f"idle tick beside {sizes.timers:,} timers"
    target = sizes.judged(IDLE_MS[backend])
    return Figure(line, backend, rounds.wall("tick"), "ms", target, rounds.detail("tick"))


def _due_tick(office: Office, sizes: Sizes, backend: str) -> Figure:
    """A worker that claims one due timer and fires it, in turns with completing a task of another case."""
    count = WARM_UP + sizes.rounds
    others = [office.claimed(case_id, office.officer) for case_id in office.registered(count)]
    first = office.engine.read.next_due_at()
    assert first is not None
    office.scenario.clock.set(first + timedelta(seconds=1))
    _seal(office)
    worker = Worker(office.engine, {}, batch=1)

    def tick(_: int) -> None:
        assert worker.run_once() == 1

    acts: dict[str, Callable[[int], None]] = {"tick": tick, "complete": lambda number: office.survey(others[number])}
    rounds = in_turns(sizes.rounds, acts)
    line = "a due timer: claim, load, fire, run, save, commit; against completing a task"
    return rounds.against("tick", "complete", line=line, backend=backend, target=sizes.judged(TIMER_RATIO))


def _figures(office: Office, sizes: Sizes, backend: str) -> Figure:
    ask = partial(office.engine.read.figures, CAMPAIGN, actor=office.scenario.person("lingdao"))
    rounds = in_turns(sizes.rounds, {"figures": lambda _: ask()})
    line = f"the leader's figures at {sizes.cases:,} cases"
    return Figure(line, backend, rounds.wall("figures"), "ms", sizes.judged(FIGURES_MS), rounds.detail("figures"))
