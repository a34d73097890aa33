"""The first page of a long list is a walk along an index: what the databases say they will do, and what is counted."""

from typing import Any

import pytest
import sqlalchemy as sa
from bench_rows import fill
from scenario import Scenario, at

from engine.domain.actor import Actor, Membership
from engine.domain.task import TaskState
from engine.queries.cases import CaseFilter
from engine.queries.desk import DeskFilter
from engine.queries.inbox import BOXES
from engine.queries.paging import COUNTED_TO, Count, page_within
from engine.queries.reports import ReportFilter
from engine.store import schema as db

LARGE = ("tasks", "task_groups", "cases", "case_units", "facts", "instances")
CASES, TASKS, LIVE_TASKS = 1500, 6000, 4000


def much(scenario: Scenario) -> None:
    """So many rows that a database prefers an index if it has one that fits."""
    plan = scenario.engine.read.campaign(scenario.campaign)
    with scenario.raw() as connection:
        fill(connection, plan, cases=CASES, tasks=TASKS, live=LIVE_TASKS, now=scenario.now)


@pytest.fixture
def large(new_scenario: Any) -> Scenario:
    scenario: Scenario = new_scenario(story=much)
    return scenario


def several(scenario: Scenario) -> Actor:
    """Somebody of three units."""
    one = scenario.person("chengjiao1")
    groups = (("officer", "chengjiao"), ("officer", "gxj"), ("acceptor", "office"))
    return Actor(
        one.person_id,
        one.name,
        frozenset(Membership(role, unit_id) for role, unit_id in groups),
        frozenset({"chengjiao"}),
        frozenset({"chengjiao", "gxj"}),
    )


def scanned(scenario: Scenario, ask: Any) -> list[str]:
    """The large tables that are read from one end to the other while `ask` is answered."""
    asked: list[tuple[str, Any]] = []

    def note(_connection: Any, _cursor: Any, statement: str, parameters: Any, *_rest: Any) -> None:
        asked.append((statement, parameters))

    engine = scenario.engine.database.engine
    sa.event.listen(engine, "before_cursor_execute", note)
    try:
        ask()
    finally:
        sa.event.remove(engine, "before_cursor_execute", note)
    queries = [(statement, parameters) for statement, parameters in asked if statement.startswith(("SELECT", "WITH"))]
    assert queries
    found = []
    with scenario.engine.database.read() as connection:
        word = "EXPLAIN QUERY PLAN" if scenario.engine.database.is_sqlite else "EXPLAIN"
        if not scenario.engine.database.is_sqlite:  # of so few rows a scan is often right; is another way open?
            connection.exec_driver_sql("SET LOCAL enable_seqscan = off")
        for statement, parameters in queries:
            for row in connection.exec_driver_sql(f"{word} {statement}", parameters):
                line = str(row[-1])
                found += [table for table in LARGE if _is_scan(line, table)]
    return found


def _is_scan(line: str, table: str) -> bool:
    if "Seq Scan on" in line:
        return f"Seq Scan on {table} " in line
    return line.startswith(f"SCAN {table}") and "USING" not in line


@pytest.mark.parametrize("box", BOXES)
@pytest.mark.parametrize("who", ["chengjiao1", "gxj1", "ducha1", "several"])
def test_the_first_page_of_a_box_scans_no_large_table(large: Scenario, box: str, who: str) -> None:
    actor = several(large) if who == "several" else large.person(who)

    assert scanned(large, lambda: large.inbox(actor, box=box)) == []


@pytest.mark.parametrize(
    "wanted", [{"light": "red"}, {"light": "yellow"}, {"kind": "close_checks"}, {"area": "nanlong"}]
)
def test_a_narrowed_box_scans_no_large_table(large: Scenario, wanted: dict[str, str]) -> None:
    assert scanned(large, lambda: large.inbox(several(large), box="groups", **wanted)) == []


@pytest.mark.parametrize("who", ["ducha1", "chengjiao1", "gxj1", "sthj1"])
@pytest.mark.parametrize("wanted", [{}, {"light": "red"}, {"state": "STRUCK_OFF"}], ids=str)
def test_the_first_page_of_the_ledger_scans_no_large_table(large: Scenario, who: str, wanted: dict[str, str]) -> None:
    actor = large.person(who)

    assert scanned(large, lambda: large.engine.read.cases(actor, CaseFilter(**wanted))) == []


def test_figures_and_desk_scan_no_large_table(large: Scenario) -> None:
    leader = large.person("lingdao")

    assert scanned(large, lambda: large.engine.read.figures(large.campaign, actor=leader)) == []
    assert scanned(large, lambda: large.engine.read.breakdown(large.campaign, actor=leader)) == []
    assert scanned(large, lambda: large.engine.read.desk(leader, DeskFilter(campaign=large.campaign))) == []
    assert scanned(large, lambda: large.engine.read.reports(leader, ReportFilter(campaign=large.campaign))) == []


# -- what is shown is what is there ------------------------------------------------------------------------------------
def by_hand(scenario: Scenario, actor: Actor, box: str) -> list[dict[str, Any]]:
    """Every task of a box, found without an index and sorted in Python: never without a due date before one with."""
    offers = {
        row["task_id"]
        for row in scenario.rows(sa.select(db.task_groups))
        if actor.is_member(row["role"], row["unit_id"])
    }
    tests = {
        "mine": lambda row: row["assignee_id"] == actor.person_id and row["state"] == TaskState.CLAIMED,
        "done": lambda row: row["completed_by_id"] == actor.person_id and row["state"] == TaskState.COMPLETED,
        "groups": lambda row: row["task_id"] in offers and row["state"] in ("OPEN", "CLAIMED"),
        "unclaimed": lambda row: row["task_id"] in offers and row["state"] == "OPEN",
    }
    found = [row for row in scenario.rows(sa.select(db.tasks)) if tests[box](row)]
    if box == "done":
        return sorted(found, key=lambda row: (row["completed_at"], row["task_id"]), reverse=True)
    return sorted(found, key=lambda row: (row["due_at"] or at("9999-01-01 00:00"), row["task_id"]))


def light_of(scenario: Scenario, row: dict[str, Any]) -> str:
    if row["due_at"] and row["due_at"] < scenario.now:
        return "red"
    return "yellow" if row["yellow_at"] and row["yellow_at"] <= scenario.now else "green"


@pytest.mark.parametrize("box", BOXES)
@pytest.mark.parametrize("who", ["chengjiao1", "several"])
def test_a_box_shows_what_is_in_it_page_by_page(large: Scenario, box: str, who: str) -> None:
    actor = several(large) if who == "several" else large.person(who)
    expected = by_hand(large, actor, box)

    pages = [large.inbox(actor, box=box, page=number) for number in (1, 2, 3)]

    for page in pages:
        first = (page.page.number - 1) * 25
        assert [row.task_id for row in page.rows] == [row["task_id"] for row in expected[first : first + 25]]
    if len(expected) <= COUNTED_TO:
        assert str(pages[0].page.total) == str(len(expected))
        assert set(pages[0].phases) >= {row["process_key"] for row in expected[:25]}
    else:
        assert str(pages[0].page.total) == "999+"
    if box != "done":
        lights = {
            light: [light_of(large, row) for row in expected].count(light) for light in ("red", "yellow", "green")
        }
        for light, count in pages[0].lights.items():
            if isinstance(count, Count) and count.is_floor:
                assert 0 < count <= lights[light]
            else:
                assert count == lights[light]


def test_what_a_groups_box_can_be_narrowed_to_is_all_that_is_in_it(large: Scenario) -> None:
    actor = large.person("gxj1")
    expected = by_hand(large, actor, "groups")

    page = large.inbox(actor, box="groups")

    assert {area for area, _ in page.areas} == {row["area_id"] for row in expected}
    assert set(page.kinds) == {(row["element_id"], row["name"]) for row in expected}
    assert set(page.phases) == {row["process_key"] for row in expected}
    for kind, _ in page.kinds:
        for area, _ in page.areas[:2]:
            narrowed = large.inbox(actor, box="groups", kind=kind, area=area)
            fitting = [row for row in expected if (row["element_id"], row["area_id"]) == (kind, area)]
            assert [row.task_id for row in narrowed.rows] == [row["task_id"] for row in fitting[:25]]
            assert narrowed.page.total == len(fitting)


@pytest.mark.parametrize("light", ["red", "yellow", "green"])
def test_a_light_lists_only_its_own(large: Scenario, light: str) -> None:
    actor = large.person("chengjiao1")
    expected = [row for row in by_hand(large, actor, "groups") if light_of(large, row) == light]

    page = large.inbox(actor, box="groups", light=light)

    assert [row.task_id for row in page.rows] == [row["task_id"] for row in expected[:25]]
    assert page.page.total == len(expected)


def test_a_task_offered_to_two_groups_of_one_person_is_there_once(scenario: Scenario) -> None:
    [case] = scenario.register(1)
    actor = several(scenario)
    task = scenario.task_of(case, "survey_site")
    with scenario.raw() as connection:
        offer = dict(connection.execute(sa.select(db.task_groups)).mappings().one())
        connection.execute(db.task_groups.insert().values(**{**offer, "unit_id": "gxj"}))

    page = scenario.inbox(actor, box="groups")

    assert [row.task_id for row in page.rows] == [task.task_id]
    assert (page.page.total, page.boxes["groups"], sum(page.lights.values())) == (1, 1, 1)


def test_words_are_searched_for_in_every_task_of_the_box(large: Scenario) -> None:
    actor = large.person("chengjiao1")
    expected = [row for row in by_hand(large, actor, "groups") if "点7" in row["subject"]]

    page = large.inbox(actor, box="groups", text="点7")

    assert [row.task_id for row in page.rows] == [row["task_id"] for row in expected[:25]]
    assert page.page.total == len(expected)
    assert large.inbox(actor, box="groups", text="100%").page.total == 0


@pytest.mark.parametrize("who", ["ducha1", "chengjiao1", "gxj1", "sthj1"])
@pytest.mark.parametrize(
    "wanted", [{}, {"light": "red"}, {"light": "green"}, {"phase": "cleanup"}, {"area": "chengjiao"}, {"text": "点12"}],
    ids=str,
)  # fmt: skip
def test_the_ledger_lists_what_the_actor_sees_in_order(large: Scenario, who: str, wanted: dict[str, str]) -> None:
    actor = large.person(who)
    everything = large.engine.read.case_export(actor, CaseFilter(**wanted))
    cooperating = {row["case_id"] for row in large.rows(sa.select(db.case_units)) if row["unit_id"] in actor.units}
    expected = sorted(
        (
            row
            for row in large.rows(sa.select(db.cases))
            if actor.sees_all
            or row["area_id"] in actor.areas
            or row["lead_id"] in actor.units
            or row["case_id"] in cooperating
            if wanted.get("phase") in (None, row["phase"])
            if wanted.get("area") in (None, row["area_id"])
            if wanted.get("text", "") in row["name"]
            if wanted.get("light") in (None, row["state"] == "ACTIVE" and not row["done_at"] and light_of(large, row))
        ),
        key=lambda row: (row["state"] != "ACTIVE" or row["done_at"] is not None, row["due_at"], row["case_id"]),
    )

    page = large.engine.read.cases(actor, CaseFilter(**wanted, page=2))
    first = (page.page.number - 1) * 25

    assert [row.case_id for row in everything] == [row["case_id"] for row in expected]
    assert [row.case_id for row in page.rows] == [row["case_id"] for row in expected[first : first + 25]]
    is_floor = isinstance(page.page.total, Count) and page.page.total.is_floor
    assert page.page.total <= len(expected) if is_floor else page.page.total == len(expected)


def test_a_count_that_is_a_floor_says_so_wherever_it_is_written() -> None:
    floor, exact = Count(999, True), Count(12)

    assert (str(floor), f"{floor}", f"共 {floor} 项", f"{exact}") == ("999+", "999+", "共 999+ 项", "12")
    assert floor == 999 and exact == 12
    assert str(page_within(floor, 1).pages) == "40+"
    assert page_within(exact, 7).number == 1
