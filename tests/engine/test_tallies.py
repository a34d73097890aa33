"""The maintained counters of the figures equal a full count, whatever happened and however it was folded."""

import random
import threading
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

import pytest
import sqlalchemy as sa
from scenario import Scenario, at

from engine.commands.upkeep import FoldTallies
from engine.domain.actor import SYSTEM, Actor
from engine.ids import CountingIds
from engine.queries.verify_copies import counters_equal_a_full_count
from engine.store import access, cases, counts, tallies
from engine.store import schema as db
from engine.store.transaction import Reader, Transaction
from web.simulation.play import Play

MOMENTS = tuple(at(day) for day in ("2024-05-20 09:00", "2024-06-10 17:59", "2024-06-20 00:00", "2030-01-01 00:00"))
DUES = (None, *(at("2024-06-10 18:00") + timedelta(days=days) for days in (0, 1, 10)))
CHANGES: tuple[tuple[str, tuple[Any, ...]], ...] = (
    ("state", ("ACTIVE", "EXCLUDED", "STRUCK_OFF")),
    ("phase", ("survey", "cleanup", "acceptance", None)),
    ("disposition", (None, "close", "rectify", "relocate")),
    ("surveyed_at", (None, at("2024-05-21 10:00"))),
    ("done_at", (None, at("2024-06-01 10:00"))),
    ("lookback_at", (None, at("2024-06-02 10:00"))),
    ("relapsed_at", (None, at("2024-06-03 10:00"))),
    ("return_count", (0, 1, 2)),
    ("due_at", DUES),
    ("yellow_at", DUES),
    ("contact_phone", ("13800000000", "13900000000")),  # counts for nothing
)


def begun(scenario: Scenario, connection: Any) -> Transaction:
    return Transaction(connection, scenario.now, CountingIds(5_000_000), SYSTEM, b"")


def faults(scenario: Scenario) -> list[str]:
    with scenario.engine.database.read() as connection:
        return counters_equal_a_full_count(Reader(connection, scenario.now, b""))


def both_counts(scenario: Scenario, actor: Actor, now: datetime) -> tuple[dict[str, int], dict[str, int]]:
    """As the figures count for this actor, and every case that the actor sees."""
    with scenario.engine.database.read() as connection:
        kept = counts.from_tallies(
            connection, scenario.campaign, now, lambda columns: access.visible_tallies(actor, columns)
        )
        kept += counts.from_cases(connection, scenario.campaign, now, access.cooperating_cases(actor))
        full = counts.from_cases(connection, scenario.campaign, now, access.visible_cases(actor))
    return counts.total(kept), counts.total(full)


def registered(scenario: Scenario) -> list[str]:
    found = []
    for number, area in enumerate(("chengjiao", "nanlong", "chengjiao", "zheqiao")):
        found += scenario.register(1, area=area, group="industry" if number % 2 else "services")
    return found


def changed_at_random(draw: random.Random, tx: Transaction, case_ids: list[str], times: int) -> None:
    for _ in range(times):
        named = draw.sample(CHANGES, draw.randrange(1, 4))
        cases.update(tx, draw.choice(case_ids), **{name: draw.choice(values) for name, values in named})


@pytest.mark.parametrize("seed", range(3))
def test_random_changes_leave_counters_that_equal_a_full_count(scenario: Scenario, seed: int) -> None:
    draw, case_ids = random.Random(seed), registered(scenario)
    actors = [SYSTEM, *(scenario.person(login) for login in ("chengjiao1", "gxj1", "sthj1", "xitong"))]

    for _ in range(6):
        with scenario.raw() as connection:
            changed_at_random(draw, begun(scenario, connection), case_ids, 12)
        if draw.random() < 0.5:
            scenario.engine.execute(FoldTallies(limit=draw.choice((2, 7, 5000))), by=SYSTEM)

        assert faults(scenario) == []
        for actor in actors:
            for now in MOMENTS:
                kept, full = both_counts(scenario, actor, now)
                assert kept == full, (actor.name, now)


def test_a_played_campaign_keeps_its_counters(scenario: Scenario) -> None:
    play = Play(
        scenario.engine, scenario.worker, scenario.clock, scenario.engine.read.campaign(scenario.campaign), seed=3
    )
    play.register_cases(5)

    for stop in ("2024-06-05 08:00", "2024-07-01 08:00", "2024-07-19 20:00"):
        play.run(at(stop))
        assert faults(scenario) == []
        scenario.engine.execute(FoldTallies(), by=SYSTEM)
        assert faults(scenario) == []

    assert scenario.engine.read.figures(scenario.campaign).faults == ()


def test_folding_leaves_one_row_for_each_kind_and_changes_no_figure(scenario: Scenario) -> None:
    case_ids = registered(scenario)
    with scenario.raw() as connection:
        changed_at_random(random.Random(9), begun(scenario, connection), case_ids, 60)
    before = scenario.engine.read.figures(scenario.campaign)

    saved = scenario.engine.execute(FoldTallies(), by=SYSTEM)

    assert saved > 0
    assert scenario.engine.execute(FoldTallies(), by=SYSTEM) == 0
    assert scenario.engine.read.figures(scenario.campaign) == before
    for cube in tallies.CUBES:
        rows = scenario.rows(sa.select(cube.table))
        keys = [tuple(row[column.name] for column in cube.key) for row in rows]
        assert len(set(keys)) == len(keys)
        assert all(row["n"] > 0 for row in rows)


def test_folds_and_changes_at_the_same_time_lose_nothing(scenario: Scenario) -> None:
    case_ids = registered(scenario)
    failures: list[BaseException] = []

    def in_a_thread(work: Callable[[], object]) -> threading.Thread:
        def run() -> None:
            try:
                for _ in range(15):
                    work()
            except BaseException as error:
                failures.append(error)

        thread = threading.Thread(target=run)
        thread.start()
        return thread

    def change(mine: list[str], draw: random.Random) -> None:
        with scenario.raw() as connection:
            changed_at_random(draw, begun(scenario, connection), mine, 3)

    threads = [in_a_thread(lambda: scenario.engine.execute(FoldTallies(limit=20), by=SYSTEM)) for _ in range(2)]
    halves = (case_ids[:2], case_ids[2:])
    threads += [in_a_thread(lambda n=n, half=half: change(half, random.Random(n))) for n, half in enumerate(halves)]
    for thread in threads:
        thread.join(timeout=120)

    assert failures == []
    assert not any(thread.is_alive() for thread in threads)
    assert faults(scenario) == []


def test_two_changes_of_one_case_at_once_count_once_each(scenario: Scenario) -> None:
    [case_id] = scenario.register(1)

    def change(state: str) -> None:
        with scenario.raw() as connection:
            cases.update(begun(scenario, connection), case_id, state=state)

    threads = [threading.Thread(target=change, args=(state,)) for state in ("EXCLUDED", "STRUCK_OFF", "EXCLUDED")]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(timeout=60)

    assert faults(scenario) == []


def test_a_fold_that_does_not_commit_has_changed_nothing(scenario: Scenario) -> None:
    case_ids = registered(scenario)
    with scenario.raw() as connection:
        changed_at_random(random.Random(2), begun(scenario, connection), case_ids, 40)
    before = [scenario.rows(sa.select(cube.table).order_by(cube.table.c.tally_id)) for cube in tallies.CUBES]

    with pytest.raises(InterruptedError), scenario.raw() as connection:
        assert tallies.fold(begun(scenario, connection)) > 0
        raise InterruptedError

    assert [scenario.rows(sa.select(cube.table).order_by(cube.table.c.tally_id)) for cube in tallies.CUBES] == before


def test_a_change_that_counts_for_nothing_writes_no_counter(scenario: Scenario) -> None:
    [case_id] = scenario.register(1)
    before = [len(scenario.rows(sa.select(cube.table))) for cube in tallies.CUBES]

    with scenario.raw() as connection:
        cases.update(begun(scenario, connection), case_id, contact_phone="13800000000", state="ACTIVE")

    assert [len(scenario.rows(sa.select(cube.table))) for cube in tallies.CUBES] == before


@pytest.mark.parametrize("cube", tallies.CUBES, ids=lambda cube: cube.table.name)
def test_a_door_that_forgets_one_row_is_found(scenario: Scenario, cube: tallies.Cube) -> None:
    case_ids = registered(scenario)
    with scenario.raw() as connection:
        cases.update(begun(scenario, connection), case_ids[0], state="EXCLUDED", due_at=DUES[2])
        newest = sa.select(sa.func.max(cube.table.c.tally_id)).scalar_subquery()
        connection.execute(cube.table.delete().where(cube.table.c.tally_id == newest))

    assert len(faults(scenario)) == 1
    assert "counters_equal_a_full_count" in {fault.invariant for fault in scenario.engine.read.violations()}


def test_a_register_makes_one_row_for_each_kind_of_case(scenario: Scenario) -> None:
    scenario.register(30)

    for cube in tallies.CUBES:
        assert [row["n"] for row in scenario.rows(sa.select(cube.table))] == [30]


def test_the_ledger_rank_follows_every_change(scenario: Scenario) -> None:
    [case_id] = scenario.register(1)
    found = []

    for values in ({}, {"due_at": None}, {"state": "EXCLUDED"}, {"due_at": DUES[1]}, {"state": "ACTIVE"}):
        with scenario.raw() as connection:
            cases.update(begun(scenario, connection), case_id, **values)
        found += [row["ledger_rank"] for row in scenario.rows(sa.select(db.cases.c.ledger_rank))]

    assert found == [0, 1, 3, 2, 0]
