"""A running case moves to another version of its process: persons, drafts, due dates and timers stay as they are."""

from datetime import timedelta
from typing import Any

import pytest
import sqlalchemy as sa
from scenario import Scenario
from versions import deploy, deployed, everything, instance_of, migrate, renamed, text, the_same, without

from engine.bpmn.migration import CannotMigrate
from engine.commands.instances import SuspendInstance
from engine.commands.moves import UndoOperation
from engine.commands.tasks import SaveDraft
from engine.errors import NotPermitted, Rejected
from engine.store.schema import facts, jobs, snapshots, tasks, waits


@pytest.fixture
def case(scenario: Scenario) -> str:
    return scenario.register()[0]


def standing(scenario: Scenario, case_id: str) -> dict[str, Any]:
    """Everything a person would miss."""
    instance_id = instance_of(scenario, case_id)["instance_id"]
    of_tasks = ("task_id", "token", "state", "assignee_id", "claimed_at", "draft", "due_at", "due_original_at")
    live_tasks = sa.select(*(tasks.c[name] for name in (*of_tasks, "yellow_at", "deadline", "opened_at"))).where(
        tasks.c.instance_id == instance_id, tasks.c.state.in_(("OPEN", "CLAIMED"))
    )
    open_jobs = sa.select(jobs.c.job_id, jobs.c.token, jobs.c.kind, jobs.c.due_at, jobs.c.deadline, jobs.c.fence)
    return {
        "tasks": scenario.rows(live_tasks.order_by(tasks.c.task_id)),
        "jobs": scenario.rows(
            open_jobs.where(jobs.c.instance_id == instance_id, jobs.c.state == "OPEN").order_by(jobs.c.job_id)
        ),
        "waits": scenario.rows(sa.select(waits).where(waits.c.instance_id == instance_id)),
    }


def test_a_running_instance_migrates_with_its_deadline_unchanged(scenario: Scenario, case: str) -> None:
    task = scenario.task_of(case, "survey_site")
    scenario.claim(task)
    officer = scenario.person("chengjiao1")
    scenario.engine.execute(SaveDraft(task.task_id, {"problem": "半句话（演示）"}), by=officer)
    old, before = deployed(scenario, "survey"), standing(scenario, case)
    new = deploy(scenario, "survey", the_same("survey"))
    scenario.clock.set(scenario.now + timedelta(days=2))

    migrate(scenario, case, old, new)

    assert standing(scenario, case) == before
    assert before["tasks"][0]["due_at"] is not None and len(before["jobs"]) >= 2
    assert (
        new in instance_of(scenario, case)["definition_ids"]
        and old not in instance_of(scenario, case)["definition_ids"]
    )
    assert scenario.rows(sa.select(tasks.c.definition_id).where(tasks.c.task_id == task.task_id)) == [
        {"definition_id": new}
    ]
    fact = scenario.facts("InstanceMigrated", case)[0]
    assert (fact["detail"]["old"], fact["detail"]["new"], fact["person"]) == (1, 2, scenario.person("xitong").name)
    assert scenario.engine.read.violations() == ()
    scenario.survey(case)
    assert scenario.task_of(case, "close_checks")


def test_the_case_goes_on_to_its_end_on_the_new_version(scenario: Scenario, case: str) -> None:
    pairs = []
    for key in ("case_lifecycle", "survey", "cleanup", "acceptance"):
        pairs.append((deployed(scenario, key), deploy(scenario, key, the_same(key))))
    for old, new in pairs:
        migrate(scenario, case, old, new)

    scenario.survey(case)
    scenario.clean_up(case)
    scenario.accept(case)
    scenario.work()

    assert not scenario.facts("IncidentRaised")
    assert scenario.engine.read.violations() == ()
    assert scenario.facts("MilestoneReached", case)[-1]["detail"]["milestone"] == "struck_off"


def test_timers_fire_at_the_instants_they_were_set_to(scenario: Scenario, case: str) -> None:
    old = deployed(scenario, "survey")
    new = deploy(scenario, "survey", the_same("survey"))
    wanted = [row["due_at"] for row in standing(scenario, case)["jobs"]]
    scenario.advance("1wd")
    migrate(scenario, case, old, new)

    scenario.advance("9wd")

    fired = [(fact["detail"]["name"], fact["at"]) for fact in scenario.facts("TimerFired", case)][:2]
    assert fired == list(zip(("到期前3个工作日", "逾期"), sorted(wanted), strict=True))
    assert len(scenario.facts("SupervisionOpened", case)) == 1


def test_a_renamed_element_moves_with_its_name(scenario: Scenario, case: str) -> None:
    old = deployed(scenario, "survey")
    new = deploy(scenario, "survey", renamed("survey", "survey_site", "site_survey"))

    with pytest.raises(CannotMigrate) as refused:
        migrate(scenario, case, old, new)
    migrate(scenario, case, old, new, survey_site="site_survey")

    assert refused.value.problems[0].where == "survey:survey_site"
    assert [task.element_id for task in scenario.tasks(case)] == ["site_survey"]
    assert scenario.engine.read.violations() == ()


def test_a_new_id_does_not_let_anybody_check_their_own_work(scenario: Scenario, case: str) -> None:
    scenario.complete("survey_site", case, kinds=["wu"], is_illegal=True, proposed="close", surveyed_on="2024-05-20")
    old = deployed(scenario, "survey")
    new = deploy(scenario, "survey", renamed("survey", "survey_site", "site_survey"))

    for mapping in ({"survey_site": "site_survey"}, {}):
        with pytest.raises(CannotMigrate) as refused:
            migrate(scenario, case, old, new, **mapping)
        assert [problem.where for problem in refused.value.problems] == ["survey:survey_site"]
        assert "separation of duties" in refused.value.problems[0].en


def test_changed_groups_are_who_the_open_task_is_offered_to(scenario: Scenario, case: str) -> None:
    old = deployed(scenario, "survey")
    new = deploy(
        scenario, "survey", text("survey").replace('candidateGroups="officer@area"', 'candidateGroups="officer@lead"')
    )
    lead = scenario.task_of(case, "survey_site")

    said = migrate(scenario, case, old, new)

    now = scenario.task_of(case, "survey_site")
    assert len(said["notes"]) == 1 and now.groups != lead.groups
    assert now.task_id in {task.task_id for task in scenario.inbox(scenario.person("gxj1")).rows}
    assert now.task_id not in {task.task_id for task in scenario.inbox(scenario.person("chengjiao1")).rows}


def test_a_removed_reminder_is_cancelled(scenario: Scenario, case: str) -> None:
    ids = ("survey_site_reminder", "survey_site_remind", "survey_site_reminded")
    old = deployed(scenario, "survey")
    new = deploy(scenario, "survey", without("survey", *ids))

    said = migrate(scenario, case, old, new)

    assert [en for _, en in said["notes"]] == ['"到期前3个工作日": the new version has it no more; it is cancelled.']
    states = {
        row["element_id"]: row["state"]
        for row in scenario.rows(sa.select(jobs.c.element_id, jobs.c.state).where(jobs.c.kind == "timer"))
    }
    assert (states["survey_site_reminder"], states["survey_site_overdue"]) == ("CANCELLED", "OPEN")
    assert scenario.engine.read.violations() == ()
    scenario.survey(case)


@pytest.mark.parametrize(("days", "fires"), [(0, True), (40, False)])
def test_an_added_reminder_applies_while_its_instant_is_ahead(new_scenario: Any, days: int, fires: bool) -> None:
    scenario = new_scenario()
    early = deploy(
        scenario, "survey", without("survey", "survey_site_reminder", "survey_site_remind", "survey_site_reminded")
    )
    case = scenario.register()[0]
    scenario.clock.set(scenario.now + timedelta(days=days))
    late = deploy(
        scenario, "survey", text("survey").replace("</bpmn:definitions>", "<!-- again --></bpmn:definitions>")
    )

    said = migrate(scenario, case, early, late)

    timers = scenario.rows(
        sa.select(jobs.c.due_at).where(jobs.c.element_id == "survey_site_reminder", jobs.c.state == "OPEN")
    )
    assert len(timers) == (1 if fires else 0)
    assert len(said["notes"]) == 1 and ("will not fire" in said["notes"][0][1]) == (not fires)
    assert scenario.engine.read.violations() == ()


def test_an_instance_that_is_suspended_migrates_and_stays_suspended(scenario: Scenario, case: str) -> None:
    early = deployed(scenario, "survey")
    scenario.engine.execute(
        SuspendInstance(instance_of(scenario, case)["instance_id"], "核查（演示）"), by=scenario.person("xitong")
    )
    new = deploy(scenario, "survey", the_same("survey"))

    migrate(scenario, case, early, new)

    held = scenario.rows(sa.select(jobs.c.held_at).where(jobs.c.kind == "timer", jobs.c.state == "OPEN"))
    assert held and all(row["held_at"] is not None for row in held)


# -- who, and what is refused ------------------------------------------------------------------------------------------
@pytest.mark.parametrize(("login", "may"), [("xitong", True), ("fabu", True), ("sheji", False), ("ducha1", False)])
def test_system_administrators_and_publishers_migrate(scenario: Scenario, case: str, login: str, may: bool) -> None:
    old, new = deployed(scenario, "survey"), deploy(scenario, "survey", the_same("survey"))

    if may:
        migrate(scenario, case, old, new, by=scenario.person(login))
    else:
        with pytest.raises(NotPermitted):
            migrate(scenario, case, old, new, by=scenario.person(login))


def test_an_instance_on_another_version_is_left_alone(scenario: Scenario, case: str) -> None:
    old, new = deployed(scenario, "survey"), deploy(scenario, "survey", the_same("survey"))
    migrate(scenario, case, old, new)

    with pytest.raises(Rejected) as refused:
        migrate(scenario, case, old, new)

    assert refused.value.code == "not_at_version"


def test_a_refused_migration_writes_nothing(scenario: Scenario, case: str) -> None:
    before = everything(scenario, case)
    told = len(scenario.rows(sa.select(facts.c.fact_id)))
    old = deployed(scenario, "survey")
    new = deploy(scenario, "survey", renamed("survey", "survey_site", "site_survey"))

    with pytest.raises(CannotMigrate):
        migrate(scenario, case, old, new)

    assert everything(scenario, case) == before
    assert len(scenario.rows(sa.select(facts.c.fact_id))) == told + 1  # the deployment
    assert scenario.rows(sa.select(snapshots)) == []


# -- the plan ----------------------------------------------------------------------------------------------------------
def test_the_plan_says_what_each_instance_would_do_and_writes_nothing(scenario: Scenario) -> None:
    moves, stands = scenario.register(2)
    scenario.complete("survey_site", stands, kinds=["wu"], is_illegal=True, proposed="close", surveyed_on="2024-05-20")
    deploy(scenario, "survey", renamed("survey", "review_disposition", "review"))
    before = everything(scenario, stands)

    plan = scenario.engine.read.migration_plan("survey", 1, 2)
    mapped = scenario.engine.read.migration_plan("survey", 1, 2, {"review_disposition": "review"})

    assert [(each.business_key, each.moves) for each in plan.instances] == [(moves, True), (stands, False)]
    assert "does not have" in plan.instances[1].said[0][1] and plan.instances[1].said[0][0]
    assert (plan.moving, mapped.moving) == (1, 2)
    assert everything(scenario, stands) == before


# -- undo --------------------------------------------------------------------------------------------------------------
def test_an_undone_migration_leaves_everything_as_it_was(scenario: Scenario, case: str) -> None:
    old = deployed(scenario, "survey")
    changed = without("survey", "survey_site_reminder", "survey_site_remind", "survey_site_reminded").replace(
        'candidateGroups="officer@area"', 'candidateGroups="officer@lead"'
    )
    new = deploy(scenario, "survey", changed)
    before = everything(scenario, case)
    said = migrate(scenario, case, old, new)
    assert everything(scenario, case) != before

    scenario.engine.execute(UndoOperation(said["snapshot"]), by=scenario.person("xitong"))

    assert everything(scenario, case) == before
    assert scenario.facts("OperationUndone", case)[0]["detail"]["operation"] == "migrate"
    assert scenario.engine.read.violations() == ()
    with pytest.raises(Rejected) as refused:
        scenario.engine.execute(UndoOperation(said["snapshot"]), by=scenario.person("xitong"))
    assert refused.value.code == "undo_done"
    scenario.survey(case)


@pytest.mark.parametrize("since", ["claim", "complete", "timer"])
def test_what_has_happened_since_cannot_be_undone(scenario: Scenario, case: str, since: str) -> None:
    old, new = deployed(scenario, "survey"), deploy(scenario, "survey", the_same("survey"))
    said = migrate(scenario, case, old, new)

    if since == "claim":
        scenario.claim(scenario.task_of(case, "survey_site"))
    elif since == "complete":
        scenario.survey(case)
    else:
        scenario.advance("9wd")

    with pytest.raises(Rejected) as refused:
        scenario.engine.execute(UndoOperation(said["snapshot"]), by=scenario.person("xitong"))
    assert refused.value.code == "undo_too_late"
