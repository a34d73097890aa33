"""The register comes in whole or not at all, and the same row twice is one case."""

from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace

import pytest
import sqlalchemy as sa
from scenario import Scenario, new_case

from engine.commands.register import NewCase, RegisterCases
from engine.errors import Invalid, NotFound, NotPermitted
from engine.store.schema import cases, instances

ROWS = tuple(replace(new_case(number), row=number + 5) for number in range(4))


def register(scenario: Scenario, rows: tuple[NewCase, ...], **more: object) -> dict[str, object]:
    command = RegisterCases(scenario.campaign, rows, filename="底册（演示）.xlsx", **more)  # type: ignore[arg-type]
    return dict(scenario.engine.execute(command, by=scenario.supervisor))


def numbers(scenario: Scenario) -> list[str]:
    return [row["case_id"] for row in scenario.rows(sa.select(cases.c.case_id).order_by(cases.c.case_id))]


def test_each_row_becomes_a_case_with_a_number_and_a_running_process(scenario: Scenario) -> None:
    answer = register(scenario, ROWS)

    expected = [f"LINXIA2024-{number:04d}" for number in range(1, 5)]
    assert answer == {"added": expected, "known": 0, "rows": 4}
    assert numbers(scenario) == expected
    running = scenario.rows(sa.select(instances.c.business_key, instances.c.state).order_by(instances.c.business_key))
    assert running == [{"business_key": number, "state": "ACTIVE"} for number in expected]
    assert scenario.engine.read.violations() == ()


def test_the_same_file_twice_changes_nothing(scenario: Scenario) -> None:
    register(scenario, ROWS)

    answer = register(scenario, ROWS)

    assert answer == {"added": [], "known": 4, "rows": 0}
    assert len(numbers(scenario)) == 4
    assert len(scenario.facts("RegisterImported")) == 1


def test_a_longer_file_adds_what_is_new(scenario: Scenario) -> None:
    register(scenario, ROWS[:2])

    answer = register(scenario, ROWS)

    assert answer == {"added": ["LINXIA2024-0003", "LINXIA2024-0004"], "known": 2, "rows": 2}


def test_one_bad_row_keeps_all_out_and_every_fault_is_named(scenario: Scenario) -> None:
    wrong = (
        replace(ROWS[1], area_id="nowhere"),
        replace(ROWS[2], group_id="nobody", source="rumour"),
        replace(ROWS[3], credit_code="91622900MA00000001"),
        replace(ROWS[3], credit_code="91622900MA00000001", fingerprint="another", row=9),
    )

    with pytest.raises(Invalid) as refused:
        register(scenario, (ROWS[0], *wrong))

    assert [problem.where for problem in refused.value.problems] == [
        "row 6", "row 7", "row 7", "row 9 统一社会信用代码"
    ]  # fmt: skip
    assert numbers(scenario) == [] and scenario.facts("CaseRegistered") == []


def test_a_credit_code_that_is_registered_already_is_refused(scenario: Scenario) -> None:
    register(scenario, (replace(ROWS[0], credit_code="91622900MA00000001"),))

    with pytest.raises(Invalid) as refused:
        register(scenario, (replace(ROWS[1], credit_code="91622900MA00000001"),))

    assert "LINXIA2024-0001" in refused.value.problems[0].zh


def test_a_dry_run_checks_everything_and_writes_nothing(scenario: Scenario) -> None:
    assert register(scenario, ROWS, dry_run=True) == {"added": [], "known": 0, "rows": 4}
    with pytest.raises(Invalid):
        register(scenario, (replace(ROWS[0], area_id="nowhere"),), dry_run=True)

    assert numbers(scenario) == [] and scenario.facts("RegisterImported") == []
    assert register(scenario, ROWS)["added"] == [f"LINXIA2024-{number:04d}" for number in range(1, 5)]


def test_two_imports_of_the_same_file_at_once_make_each_case_once(scenario: Scenario) -> None:
    with ThreadPoolExecutor(4) as pool:
        answers = list(pool.map(lambda _: register(scenario, ROWS), range(4)))

    assert sorted(len(answer["added"]) for answer in answers) == [0, 0, 0, 4]  # type: ignore[arg-type]
    assert len(numbers(scenario)) == 4


def test_who_is_not_part_of_the_campaign_registers_nothing(scenario: Scenario) -> None:
    for login in ("jijian", "sheji", "shenji"):
        with pytest.raises(NotPermitted):
            scenario.engine.execute(RegisterCases(scenario.campaign, ROWS), by=scenario.person(login))
    with pytest.raises(NotFound):
        scenario.engine.execute(RegisterCases("no_such_campaign", ROWS), by=scenario.supervisor)
