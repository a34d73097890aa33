"""The pages that are asked for most, at ten thousand tasks and at a million: the inbox and the ledger of cases."""

import time
from collections.abc import Callable
from typing import Any

from bench_rows import fill
from scenario import CAMPAIGN

from bench.measuring import Act, Figure, in_turns, percentile
from bench.office import Office, Sizes
from engine.domain.actor import Actor
from engine.queries.inbox import InboxFilter
from engine.queries.ledger import CaseFilter

PAGE_MS = 20.0  # the contract says it of the inbox; the ledger is held to the same
READERS = ("chengjiao1", "gxj1", "gxj2", "ducha1", "yanshou1", "lingdao")
SHARE = 0.95


def measure(office: Office, sizes: Sizes, backend: str, tasks: int) -> list[Figure]:
    """On an empty campaign; it is full afterwards."""
    begun = time.perf_counter()
    _fill(office, tasks=tasks, cases=max(1, min(sizes.cases, tasks // 4)))
    made = round(time.perf_counter() - begun, 1)
    inbox = _asked(office, sizes, lambda actor: office.engine.read.inbox(actor, InboxFilter()))
    ledger = _asked(office, sizes, lambda actor: office.engine.read.cases(actor, CaseFilter(campaign=CAMPAIGN)))
    target = sizes.judged(PAGE_MS if tasks == sizes.many_tasks else None)
    return [
        _figure("inbox, first page, p95", backend, inbox, tasks, target, made),
        _figure("ledger of cases, first page, p95", backend, ledger, tasks, target, made),
    ]


def _fill(office: Office, *, tasks: int, cases: int) -> None:
    campaign = office.engine.read.campaign(CAMPAIGN)
    with office.scenario.raw() as connection:
        fill(connection, campaign, cases=cases, tasks=tasks, now=office.scenario.now)


def _asked(office: Office, sizes: Sizes, ask: Callable[[Actor], Any]) -> list[float]:
    """Milliseconds of the wall clock, everybody asking in turn."""

    def asks(actor: Actor) -> Act:
        return lambda _: ask(actor)

    rounds = in_turns(sizes.questions, {login: asks(office.scenario.person(login)) for login in READERS})
    return [took.wall for login in READERS for took in rounds.taken[login]]


def _figure(line: str, backend: str, asked: list[float], tasks: int, target: float | None, made: float) -> Figure:
    detail = {"median_ms": round(percentile(asked, 0.5), 2), "asked": len(asked), "filled_in_s": made}
    return Figure(f"{line}, at {tasks:,} tasks", backend, percentile(asked, SHARE), "ms", target, detail)
