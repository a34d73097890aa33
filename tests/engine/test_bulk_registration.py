"""Cases that are registered together leave what cases registered by normal starts, row by row, leave."""

import random
from collections import Counter
from typing import Any

import pytest
import sqlalchemy as sa
from scenario import CAMPAIGN, NewScenario, Scenario, new_case, quiet_plan

from engine import plans
from engine.bpmn.stamp import Started, likeness_of
from engine.bpmn.state import unseal
from engine.bpmn.step import Step
from engine.commands import register
from engine.commands.progress import start_instance
from engine.commands.register import NewCase, RegisterCases, case_row, cooperating_units, timing_of, variables_of
from engine.domain.actor import SYSTEM
from engine.domain.instance import InstanceKind
from engine.errors import NotFound
from engine.store import bulk, cases
from engine.store import plans as store
from engine.store.schema import case_tallies, case_units, instances, jobs, metadata, tasks, visits
from engine.store.transaction import Transaction

COUNT = 30
ODD = "\\ tab\there, line\nbreak\r, 引号'\", \\N and \x7f"
SERIAL = {"fact_id", "visit_id"}  # given by the database; the order of facts and visits is compared all the same


def rows(count: int = COUNT) -> tuple[NewCase, ...]:
    chance = random.Random(count)
    return tuple(
        new_case(
            number,
            area=chance.choice(("chengjiao", "baohan", "nanlong")),
            group=chance.choice(("industry", "agriculture", "unlicensed")),
            source=chance.choice(("survey", "survey", "lookback")),
            problem=chance.choice(("", ODD, "废水直排")),
            kinds=chance.choice(((), ("san",), ("san", "wu"))),
            credit_code=None if chance.random() < 0.5 else f"91622900MA{number:08d}",
            longitude=chance.choice((None, 103.2, 103)),
            latitude=chance.choice((None, 35.601)),
            contact_name=chance.choice(("", "演示甲")),
        )
        for number in range(count)
    )


def one_by_one(scenario: Scenario, new: tuple[NewCase, ...]) -> None:
    """As a register was imported before there was anything in bulk: plain rows, normal starts."""
    engine = scenario.engine
    with engine.database.write() as connection:
        tx = Transaction(connection, engine.standing(connection)[0], engine._ids, scenario.supervisor, engine.secret)
        plan = plans.campaign(tx, CAMPAIGN)
        timing = timing_of(tx, plan)
        for serial, row in zip(store.take_case_serials(tx, CAMPAIGN, len(new)), new, strict=True):
            case = case_row(tx, plan, timing, f"LINXIA2024-{serial:04d}", row)
            cases.add(tx, case, cooperating_units(plan, plan.group(row.group_id)))
            named = ("due_at", "due_original_at", "yellow_at")
            changes = {name: timing[name].isoformat() if timing[name] else None for name in named}
            tx.record("CaseRegistered", case_id=case["case_id"], campaign_id=CAMPAIGN, name=row.name, changes=changes)
            start_instance(
                tx,
                key=plan.processes.get("case", "case_lifecycle"),
                kind=InstanceKind.CASE,
                business_key=case["case_id"],
                campaign_id=CAMPAIGN,
                case_id=case["case_id"],
                variables=variables_of(plan, case),
            )
        tx.record("RegisterImported", campaign_id=CAMPAIGN, filename="底册.xlsx", added=len(new))
        tx.write_facts()


def together(scenario: Scenario, new: tuple[NewCase, ...]) -> dict[str, Any]:
    command = RegisterCases(CAMPAIGN, new, "底册.xlsx")
    return dict(scenario.engine.execute(command, by=scenario.supervisor))


def content(scenario: Scenario) -> dict[str, Any]:
    """Everything in the database: tokens and ids of the tree by the order in which they appear, counters as sums."""
    found: dict[str, Any] = {}
    for name, table in metadata.tables.items():
        if name.endswith("_tallies"):
            found[name] = sums(scenario, table)
            continue
        order = list(table.primary_key.columns)
        found[name] = [
            {key: value for key, value in row.items() if key not in SERIAL}
            for row in scenario.rows(sa.select(table).order_by(*order))
        ]
    tokens: dict[str, str] = {}
    for row in found["instances"]:
        row["blob"] = likeness_of(Started(unseal(row["blob"], scenario.engine.secret), Step()))
    for row in (*found["tasks"], *found["jobs"], *found["waits"]):
        row["token"] = tokens.setdefault(row["token"], f"<{len(tokens)}>")
    return found


def sums(scenario: Scenario, table: sa.Table) -> Counter[Any]:
    counted: Counter[Any] = Counter()
    for row in scenario.rows(sa.select(table)):
        counted[tuple(value for name, value in row.items() if name not in ("tally_id", "n"))] += row["n"]
    return +counted


# What a case opens in each process that a plan may begin with: in the first phase, in another one, with a timer and
# nothing else, with a letter.
OPENED = {
    "case_lifecycle": {"tasks": 1, "jobs": 2, "letters": 0},
    "acceptance": {"tasks": 1, "jobs": 2, "letters": 0},
    "lookback": {"tasks": 0, "jobs": 1, "letters": 0},
    "cleanup": {"tasks": 0, "jobs": 1, "letters": 1},
}


def plan_with(case_process: str) -> bytes:
    return quiet_plan().replace(b'case = "case_lifecycle"', f'case = "{case_process}"'.encode())


@pytest.mark.parametrize("case_process", OPENED)
def test_together_leaves_what_one_by_one_leaves(new_scenario: NewScenario, case_process: str) -> None:
    slow, quick = (new_scenario(plan=plan_with(case_process)) for _ in range(2))

    one_by_one(slow, rows())
    together(quick, rows())

    expected, found = content(slow), content(quick)
    for name in expected:
        assert found[name] == expected[name], name
    assert quick.engine.read.violations() == ()
    assert len(expected["cases"]) == len(expected["instances"]) == COUNT
    opened = {name: len(expected[name]) // COUNT for name in ("tasks", "jobs", "letters")}
    assert opened == OPENED[case_process]


def test_many_portions_are_one_registration(new_scenario: NewScenario) -> None:
    scenario = new_scenario()
    count = register.TOGETHER + 1

    answer = together(scenario, rows(count))

    assert answer["added"] == [f"LINXIA2024-{number:04d}" for number in range(1, count + 1)]
    assert {name: count_of(scenario, table) for name, table in (("instances", instances), ("tasks", tasks))} == {
        "instances": count,
        "tasks": count,
    }
    assert count_of(scenario, jobs) == 2 * count
    assert scenario.engine.read.violations() == ()


def count_of(scenario: Scenario, table: sa.Table) -> int:
    return int(scenario.rows(sa.select(sa.func.count().label("n")).select_from(table))[0]["n"])


# -- the transaction that gathers --------------------------------------------------------------------------------------
def test_what_is_gathered_is_written_before_anything_is_asked(scenario: Scenario) -> None:
    with scenario.raw() as connection:
        tx = Transaction(connection, scenario.now, scenario.engine._ids, SYSTEM, scenario.engine.secret)
        with bulk.gathered(tx) as gathering:
            plan = plans.campaign(gathering, CAMPAIGN)
            case = case_row(gathering, plan, timing_of(gathering, plan), "C-1", rows(1)[0])
            cases.add(gathering, case, ["sthj", "sthj", "scjgj"])
            gathering.record("CaseRegistered", case_id="C-1", name=case["name"])

            assert cases.get(gathering, "C-1") is not None
            cases.update(gathering, "C-1", phase="cleanup")
            row = gathering.connection.execute(sa.select(sa.text("phase")).select_from(sa.text("cases"))).one()
            assert row.phase == "cleanup"

    assert count_of(scenario, case_units) == 2
    assert [fact["case_id"] for fact in scenario.facts("CaseRegistered")] == ["C-1"]


def test_an_attempt_that_fails_leaves_nothing_gathered(scenario: Scenario) -> None:
    with scenario.raw() as connection:
        tx = Transaction(connection, scenario.now, scenario.engine._ids, SYSTEM, scenario.engine.secret)
        with bulk.gathered(tx) as gathering:
            gathering.record("CaseRegistered", case_id="before", name="一")
            with pytest.raises(NotFound), gathering.attempt():
                gathering.record("CaseRegistered", case_id="inside", name="二")
                gathering.execute(visits.insert(), {"instance_id": "none", "process_key": "a", "element_id": "b"})
                raise NotFound("nothing", "nothing")
            gathering.record("CaseRegistered", case_id="after", name="三")

    assert [fact["case_id"] for fact in scenario.facts("CaseRegistered")] == ["before", "after"]


def test_a_row_that_the_database_refuses_is_refused_and_nothing_is_written(scenario: Scenario) -> None:
    row = rows(1)[0]
    with pytest.raises(sa.exc.IntegrityError), scenario.raw() as connection:
        tx = Transaction(connection, scenario.now, scenario.engine._ids, SYSTEM, scenario.engine.secret)
        with bulk.gathered(tx) as gathering:
            plan = plans.campaign(gathering, CAMPAIGN)
            timing = timing_of(gathering, plan)
            listed = [case_row(gathering, plan, timing, f"C-{number}", row) for number in range(2)]
            cases.add_all(gathering, listed, [(), ()])  # one fingerprint, twice

    assert count_of(scenario, metadata.tables["cases"]) == 0 and sums(scenario, case_tallies) == Counter()


def test_the_same_row_twice_in_one_command_is_one_case(scenario: Scenario) -> None:
    new = rows(2)

    answer = together(scenario, (*new, new[0]))

    assert answer == {"added": ["LINXIA2024-0001", "LINXIA2024-0002"], "known": 1, "rows": 2}
