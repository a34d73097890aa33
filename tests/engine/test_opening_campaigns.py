"""A campaign that opens after its own dates: what is past is history, and no storm of reminders follows."""

import pytest
import sqlalchemy as sa
from scenario import PROCESSES, NewScenario, Scenario, at, full_plan, quiet_plan

from engine.commands.calendars import PublishCalendar
from engine.commands.campaigns import OpenCampaign
from engine.commands.tasks import CompleteTask
from engine.domain.actor import SYSTEM
from engine.errors import Invalid, NotPermitted, Rejected
from engine.queries.reports import ReportFilter
from engine.store.schema import jobs, reminders, reports, supervision_items, tasks


def test_what_was_due_before_the_opening_is_history_and_alarms_nobody(new_scenario: NewScenario) -> None:
    scenario = new_scenario(plan=full_plan(), moment="2024-05-31 09:00")  # the day on the document

    scenario.work()

    states = {
        (row["rule_key"], row["state"])
        for row in scenario.rows(
            sa.select(reports.c.rule_key, reports.c.state).where(reports.c.due_at < at("2024-05-31 09:00"))
        )
    }
    totals = scenario.engine.read.reports(scenario.supervisor, ReportFilter()).totals
    assert states == {("contact_list", "HISTORY"), ("annex2", "HISTORY"), ("weekly_progress", "HISTORY")}
    assert totals["overdue"] == totals["late"] == 0 and totals["history"] > 0 and totals["ahead"] > 0
    assert scenario.rows(sa.select(supervision_items)) == [] and scenario.facts("SupervisionOpened") == []
    assert scenario.rows(sa.select(tasks).where(tasks.c.due_at < at("2024-05-31 09:00"))) == []
    # only the report of this very noon is asked for
    due = {row["due_at"] for row in scenario.rows(sa.select(tasks.c.due_at))}
    assert due == {at("2024-05-31 12:00")}
    assert scenario.engine.read.violations() == ()


def test_a_late_opening_sends_each_owing_unit_at_most_one_reminder(new_scenario: NewScenario) -> None:
    scenario = new_scenario(plan=full_plan(), moment="2024-05-31 09:00")

    scenario.work()

    owing = scenario.rows(sa.select(reports.c.unit_id).where(reports.c.due_at == at("2024-05-31 12:00")))
    assert len(scenario.rows(sa.select(reminders))) <= len(owing)


def test_timers_of_the_past_do_not_fire_again_after_the_opening(new_scenario: NewScenario) -> None:
    scenario = new_scenario(plan=full_plan(), moment="2024-05-31 09:00")
    scenario.work()

    assert scenario.rows(sa.select(jobs.c.job_id).where(jobs.c.state == "OPEN", jobs.c.due_at <= scenario.now)) == []
    assert scenario.work() == 0


def test_a_campaign_opens_once(scenario: Scenario) -> None:
    with pytest.raises(Rejected) as refused:
        scenario.engine.execute(OpenCampaign(quiet_plan()), by=SYSTEM)

    assert refused.value.code == "campaign_open"


def test_a_plan_with_faults_opens_nothing(scenario: Scenario) -> None:
    broken = (
        quiet_plan().replace(b'id = "linxia_2024"', b'id = "another"').replace(b'unit = "office"', b'unit = "nobody"')
    )

    with pytest.raises(Invalid):
        scenario.engine.execute(OpenCampaign(broken), by=SYSTEM)

    assert [row.campaign_id for row in scenario.engine.read.campaigns()] == ["linxia_2024"]


def test_a_second_campaign_runs_beside_the_first(scenario: Scenario) -> None:
    content = quiet_plan().replace(b'id = "linxia_2024"', b'id = "linxia_again"')

    scenario.engine.execute(OpenCampaign(content), by=scenario.supervisor)

    assert {row.campaign_id for row in scenario.engine.read.campaigns()} == {"linxia_2024", "linxia_again"}


def test_officers_open_no_campaigns_and_load_no_calendars(scenario: Scenario) -> None:
    calendar = (PROCESSES / "calendars" / "2024.toml").read_bytes()
    for command in (OpenCampaign(quiet_plan()), PublishCalendar(calendar)):
        with pytest.raises(NotPermitted):
            scenario.engine.execute(command, by=scenario.person("chengjiao1"))


def test_a_report_is_handed_in_with_the_figures_of_that_moment(new_scenario: NewScenario) -> None:
    scenario = new_scenario(plan=full_plan(), moment="2024-05-31 09:00")
    scenario.register(3, area="baohan")
    scenario.work()
    [task] = [task for task in scenario.tasks() if task.groups == (("officer", "baohan"),) and task.case_id is None]

    clerk = scenario.claim(task)
    scenario.engine.execute(
        CompleteTask(task.task_id, {"nil_return": False, "progress_note": "正常（演示）"}), by=clerk
    )
    scenario.register(2, area="baohan")

    listed = scenario.engine.read.reports(clerk, ReportFilter(status="on_time")).rows
    assert [(row.unit_id, row.submitted_by, row.submitted_at) for row in listed] == [
        ("baohan", clerk.name, scenario.now)
    ]
    assert listed[0].figures is not None and listed[0].figures["registered"] == 3
    assert scenario.engine.read.violations() == ()
