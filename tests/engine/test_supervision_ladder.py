"""The ladder climbs one rung after another on the virtual clock, and comes down with the work."""

import pytest
import sqlalchemy as sa
from scenario import NewScenario, Scenario, at, full_plan

from engine.commands.tasks import ClaimTask
from engine.errors import Rejected
from engine.queries.desk import DeskFilter
from engine.queries.items import ItemPage
from engine.queries.letters import LetterFilter
from engine.store.schema import instances, letter_services, letters, supervision_items

RUNGS = ("reminder", "urge", "notice", "supervision_letter", "summons", "circular", "referral")
DUE = "2024-06-28 18:00"  # of the closure: phase_end("cleanup")


@pytest.fixture
def late(scenario: Scenario) -> str:
    """A case whose five closing checks are due and not done."""
    [case] = scenario.register()
    scenario.survey(case)
    scenario.until(DUE)
    return case


def item(scenario: Scenario) -> ItemPage:
    [row] = scenario.rows(sa.select(supervision_items.c.item_id))
    found: ItemPage = scenario.engine.read.item(scenario.supervisor, row["item_id"])
    return found


def approve(scenario: Scenario, case: str, by: str = "approve_by_supervisor") -> None:
    scenario.complete(by, case, rung_decision="issue")
    scenario.work()


def climb(scenario: Scenario, case: str, level: int) -> None:
    """Wait and sign until the item has reached the rung."""
    while item(scenario).level < level:
        waiting = item(scenario).next_at
        scenario.drop_talks()
        if waiting is not None:
            scenario.until(waiting)
        for task in scenario.tasks(case):
            if task.element_id.startswith("approve_by_"):
                approve(scenario, case, task.element_id)


def test_nothing_is_supervised_before_it_is_late(scenario: Scenario) -> None:
    [case] = scenario.register()
    scenario.survey(case)

    scenario.until("2024-06-28 17:59")

    assert scenario.rows(sa.select(supervision_items)) == []
    assert scenario.engine.read.desk(scenario.supervisor, DeskFilter()).rows == ()


def test_a_late_task_is_reminded_and_stands_on_the_desk(scenario: Scenario, late: str) -> None:
    scenario.until("2024-06-28 18:01")

    opened = item(scenario)
    [row] = scenario.engine.read.desk(scenario.supervisor, DeskFilter()).rows

    assert (opened.state, opened.level, opened.due_original_at) == ("OPEN", 0, at(DUE))
    assert [rung.instrument for rung in opened.rungs] == ["reminder"]
    assert (row.case_id, row.task_name, row.unit, row.item_id, row.instrument) == (
        late, "落实两断三清", "市工信局", opened.item_id, "reminder"
    )  # fmt: skip
    assert scenario.engine.read.reminders(scenario.person("gxj1"))[0].case_id == late


def test_the_ladder_is_climbed_rung_by_rung_up_to_the_referral(scenario: Scenario, late: str) -> None:
    climb(scenario, late, len(RUNGS) - 1)

    reached = item(scenario).rungs
    assert tuple(rung.instrument for rung in reached) == RUNGS
    assert [rung.level for rung in reached] == list(range(len(RUNGS)))
    assert [rung.at for rung in reached] == sorted(rung.at for rung in reached)
    assert [rung.rule.rpartition("#")[2].removeprefix("escalation_ladder_") for rung in reached] == [
        "remind", "urge", "notice", "supervision_letter", "summons", "circular_no_talk", "referral"
    ]  # fmt: skip
    assert {rung.rule.partition("#")[0] for rung in reached} == {"ladders@1/escalation_ladder"}
    assert item(scenario).due_original_at == at(DUE)
    assert [row["kind"] for row in scenario.rows(sa.select(instances.c.kind).order_by(instances.c.started_at))] == [
        "case", "supervision", "interview", "accountability"
    ]  # fmt: skip
    assert scenario.engine.read.violations() == ()


def test_each_rung_waits_its_time(scenario: Scenario, late: str) -> None:
    climb(scenario, late, 1)
    signed_at = item(scenario).rungs[-1].at
    next_at = item(scenario).next_at
    assert next_at is not None and next_at > signed_at

    scenario.clock.set(next_at.replace(second=0) if next_at.second else next_at)
    scenario.clock.set(scenario.now.fromtimestamp(next_at.timestamp() - 1, next_at.tzinfo))
    scenario.work()
    before = [task.element_id for task in scenario.tasks(late)]
    scenario.until(next_at)

    assert "approve_by_supervisor" not in before
    assert "approve_by_supervisor" in [task.element_id for task in scenario.tasks(late)]


def test_completion_closes_the_item_and_the_letters_under_it(scenario: Scenario, late: str) -> None:
    climb(scenario, late, 2)

    scenario.clean_up(late)
    scenario.work()

    closed = item(scenario)
    assert (closed.state, closed.closed_at) == ("RESOLVED", scenario.now)
    assert {state for _, _, _, state in closed.letters} == {"CLOSED"}
    assert [task.element_id for task in scenario.tasks(late)] == ["apply_acceptance"]
    assert scenario.engine.read.desk(scenario.supervisor, DeskFilter()).rows == ()
    assert scenario.engine.read.violations() == ()


def test_a_letter_whose_number_is_taken_is_made_even_when_the_work_is_done_first(scenario: Scenario, late: str) -> None:
    climb(scenario, late, 1)
    scenario.until(item(scenario).next_at or scenario.now)
    scenario.complete("approve_by_supervisor", late, rung_decision="issue")  # the notice is issued, not yet made

    scenario.clean_up(late)
    scenario.work()

    listed = scenario.engine.read.letters(scenario.supervisor, LetterFilter(kind="notice")).rows
    assert [row.sha256 is not None for row in listed] == [True, True]  # that of the cleanup, and that of the ladder
    assert item(scenario).state == "RESOLVED"
    assert scenario.engine.read.violations() == ()


def test_what_is_done_after_the_referral_still_closes_the_letters(scenario: Scenario, late: str) -> None:
    climb(scenario, late, 6)
    scenario.work()
    scenario.complete("prepare_referral", late, referral_facts="逾期（演示）", referral_proposal="建议移送（演示）")
    scenario.complete("approve_referral", late, outcome="approved")
    scenario.work()
    assert item(scenario).state == "REFERRED"

    scenario.clean_up(late)
    scenario.work()

    states = scenario.rows(sa.select(letter_services.c.state).join(letters).where(letters.c.item_id.is_not(None)))
    assert {row["state"] for row in states if row["state"] != "CLOSED"} <= {"ISSUED"}
    still_open = scenario.rows(
        sa.select(letters.c.kind)
        .join(letter_services)
        .where(letter_services.c.state == "ISSUED", letters.c.item_id.is_not(None))
    )
    assert {row["kind"] for row in still_open} <= {"referral"}
    assert item(scenario).state == "REFERRED"
    assert scenario.engine.read.violations() == ()


def test_a_rung_that_waited_for_approval_through_an_upgrade_is_reached_by_the_version_of_its_process(
    scenario: Scenario, late: str
) -> None:
    scenario.work()
    scenario.advance("1wd")
    with scenario.raw() as connection:  # editions before 0008 did not note what the ladder said
        connection.execute(supervision_items.update().values(ruling=None))

    approve(scenario, late)

    last = item(scenario).rungs[-1]
    assert (last.instrument, last.rule, last.reason) == ("urge", "supervision@1", "")


def test_a_task_is_watched_by_one_item_only(scenario: Scenario, late: str) -> None:
    for _ in range(2):
        scenario.advance("1wd")

    assert len(scenario.rows(sa.select(supervision_items))) == 1
    [task] = [task for task in scenario.tasks(late) if task.element_id == "close_checks"]
    with pytest.raises(Exception, match=r"(?i)unique"), scenario.raw() as connection:
        [row] = connection.execute(sa.select(supervision_items)).mappings().all()
        connection.execute(supervision_items.insert().values(**{**row, "item_id": "another", "task_id": task.task_id}))


def test_a_leader_may_hold_a_rung_and_skip_one_with_a_reason(scenario: Scenario, late: str) -> None:
    scenario.until(item(scenario).next_at or scenario.now)

    scenario.complete("approve_by_supervisor", late, rung_decision="skip", skip_reason="情况紧急（演示）")
    scenario.work()
    if "approve_by_supervisor" in [task.element_id for task in scenario.tasks(late)]:
        approve(scenario, late)

    reached = item(scenario).rungs
    assert [rung.instrument for rung in reached] == ["reminder", "notice"]
    assert reached[-1].reason == "情况紧急（演示）"


def test_a_withdrawn_task_says_so_and_its_item_closes(scenario: Scenario) -> None:
    [case] = scenario.register()
    scenario.survey(case, "rectify")
    scenario.complete("rectification_plan", case, measures="整改（演示）", planned_finish="2024-09-01")
    scenario.complete("guide_rectification", case, guided_on="2024-06-03")
    scenario.until("2024-09-30 18:00")
    task = scenario.task_of(case, "report_standard")

    scenario.complete("close_by_law_decision", case, close_decision="close")
    scenario.work()

    with pytest.raises(Rejected) as refused:
        scenario.engine.execute(ClaimTask(task.task_id), by=scenario.person("chengjiao1"))
    assert refused.value.code == "task_cancelled"
    assert {row["state"] for row in scenario.rows(sa.select(supervision_items.c.state))} <= {"RESOLVED"}
    assert scenario.engine.read.case(scenario.supervisor, case).row.disposition == "close"
    assert scenario.engine.read.violations() == ()


def test_a_missing_report_climbs_the_ladder_too(new_scenario: NewScenario) -> None:
    scenario = new_scenario(plan=full_plan(), moment="2024-05-31 09:00")

    scenario.until("2024-05-31 12:00")  # Friday noon
    scenario.work()

    items = scenario.rows(sa.select(supervision_items.c.state, supervision_items.c.level, supervision_items.c.case_id))
    owing = {row.unit_id for row in scenario.engine.read.desk(scenario.supervisor, DeskFilter()).rows}
    plan = scenario.engine.read.campaign(scenario.campaign)
    assert {(row["state"], row["level"], row["case_id"]) for row in items} == {("OPEN", 0, None)}
    assert len(items) == len(plan.owers("areas+leads"))
    scenario.clock.set(at("2024-05-31 12:01"))
    owing = {row.unit_id for row in scenario.engine.read.desk(scenario.supervisor, DeskFilter()).rows}
    assert owing == {unit.id for unit in plan.owers("areas+leads")}
