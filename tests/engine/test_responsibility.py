"""责任倒查: who held a case when, derived from what was recorded."""

import pytest
from accountability_acts import climb_until, late_case
from scenario import NewScenario, Scenario, at

from engine.commands.tasks import ClaimTask, ReleaseTask
from engine.errors import NotFound


def passed_on(scenario: Scenario) -> None:
    """The checks of a late case: one officer takes them and gives them back, another takes them."""
    case = late_case(scenario)
    task = scenario.task_of(case, "close_checks")
    first, second = scenario.person("gxj1"), scenario.person("gxj2")
    scenario.engine.execute(ClaimTask(task.task_id), by=first)
    scenario.until("2024-07-01 09:00")
    scenario.engine.execute(ReleaseTask(task.task_id), by=first)
    scenario.until("2024-07-03 09:00")
    scenario.engine.execute(ClaimTask(task.task_id), by=second)
    climb_until(scenario, case, "approve_by_supervisor")


@pytest.fixture
def scenario(new_scenario: NewScenario) -> Scenario:
    return new_scenario(story=passed_on)


def test_every_holder_stands_there_with_post_and_time(scenario: Scenario) -> None:
    page = scenario.engine.read.responsibility(scenario.supervisor, "LINXIA2024-0001")

    [checks] = [task for task in page.tasks if task.name == "落实两断三清"]
    assert [(holder.post, holder.since, holder.until) for holder in checks.holders] == [
        ("officer@市工信局", at("2024-06-28 18:00"), at("2024-07-01 09:00")),
        ("officer@市工信局", at("2024-07-03 09:00"), None),
    ]
    assert (checks.units, checks.due_original_at, checks.completed_at) == (("市工信局",), at("2024-06-28 18:00"), None)


def test_late_days_run_from_the_original_due_date_to_now_or_to_the_end(scenario: Scenario) -> None:
    scenario.until("2024-07-05 12:00")
    before = scenario.engine.read.responsibility(scenario.supervisor, "LINXIA2024-0001")
    scenario.clean_up("LINXIA2024-0001")
    scenario.until("2024-07-12 12:00")

    after = scenario.engine.read.responsibility(scenario.supervisor, "LINXIA2024-0001")

    late = [next(task.late_workdays for task in page.tasks if task.name == "落实两断三清") for page in (before, after)]
    assert late == [5, 5]
    assert after.shares[0].unit == "市工信局"
    assert sum(share.tasks for share in after.shares) <= len(after.tasks)
    assert {share.unit: share.late_workdays for share in after.shares}["市工信局"] >= 5


def test_rungs_and_letters_stand_beside_in_the_order_of_time(scenario: Scenario) -> None:
    page = scenario.engine.read.responsibility(scenario.supervisor, "LINXIA2024-0001")

    assert [paper.at for paper in page.papers] == sorted(paper.at for paper in page.papers)
    assert "reminder" in {paper.instrument for paper in page.papers}
    letters = [paper.letter_id for paper in page.papers if paper.letter_id]
    assert len(letters) == len(set(letters))


def test_a_foreign_case_is_not_found(scenario: Scenario) -> None:
    for case in ("LINXIA2024-0001", "LINXIA2024-9999"):
        with pytest.raises(NotFound):
            scenario.engine.read.responsibility(scenario.person("nanlong1"), case)
