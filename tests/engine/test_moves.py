"""An administrator moves a running case by hand: the plan first, then the move, then what can be undone."""

from typing import Any

import pytest
import sqlalchemy as sa
from scenario import Scenario
from versions import everything, instance_of

from engine.bpmn.moving import CannotMove
from engine.commands.moves import MoveInstance, UndoOperation
from engine.domain.actor import Actor
from engine.errors import Invalid, NotPermitted, Rejected
from engine.queries.migration import MovePlan
from engine.store.schema import cases, jobs, letters, tasks, visits

REASON = "办错环节，按会议纪要调整（演示）"


@pytest.fixture
def case(scenario: Scenario) -> str:
    return scenario.register()[0]


@pytest.fixture
def admin(scenario: Scenario) -> Actor:
    return scenario.person("xitong")


def plan(scenario: Scenario, case_id: str, cancel: str, *start: tuple[str, str], **variables: Any) -> MovePlan:
    found: MovePlan = scenario.engine.read.move_plan(
        scenario.person("xitong"),
        instance_of(scenario, case_id)["instance_id"],
        tokens(scenario, case_id, cancel),
        start,
        variables,
    )
    return found


def move(scenario: Scenario, case_id: str, cancel: str, *start: tuple[str, str], **more: Any) -> dict[str, Any]:
    command = MoveInstance(
        instance_of(scenario, case_id)["instance_id"],
        more.pop("reason", REASON),
        tokens(scenario, case_id, cancel),
        start,
        **more,
    )
    return dict(scenario.engine.execute(command, by=scenario.person("xitong")))


def tokens(scenario: Scenario, case_id: str, element_id: str) -> tuple[str, ...]:
    live = sa.select(tasks.c.token).where(
        tasks.c.case_id == case_id, tasks.c.element_id == element_id, tasks.c.state.in_(("OPEN", "CLAIMED"))
    )
    return tuple(row["token"] for row in scenario.rows(live))


def undo(scenario: Scenario, snapshot_id: str, by: Actor) -> None:
    scenario.engine.execute(UndoOperation(snapshot_id, "改回（演示）"), by=by)


def test_the_plan_shows_what_closes_and_opens_and_writes_nothing(scenario: Scenario, case: str) -> None:
    scenario.claim(scenario.task_of(case, "survey_site"))
    before = everything(scenario, case)

    found = plan(scenario, case, "survey_site", ("case_lifecycle", "acceptance_phase"))

    assert [(each.kind, each.element_id) for each in found.closes] == [
        ("user", "survey_site"),
        ("timer", "survey_site_reminder"),
        ("timer", "survey_site_overdue"),
    ]
    assert found.closes[0].held_by == scenario.person("chengjiao1").name
    assert ("user", "apply_acceptance") in {(each.kind, each.element_id) for each in found.opens}
    assert next(each for each in found.opens if each.kind == "user").due_at is not None
    assert [en for _, en in found.warnings if "not done" in en] == ["Skipped, and not done: 清理整治."]
    assert all(zh and en for zh, en in (*found.warnings, *found.outside))
    assert everything(scenario, case) == before


def test_a_moved_case_goes_on_from_where_it_was_put(scenario: Scenario, case: str, admin: Actor) -> None:
    scenario.claim(scenario.task_of(case, "survey_site"))

    move(scenario, case, "survey_site", ("case_lifecycle", "acceptance_phase"))

    assert [task.element_id for task in scenario.tasks(case)] == ["apply_acceptance"]
    assert scenario.rows(sa.select(cases.c.phase).where(cases.c.case_id == case)) == [{"phase": "acceptance"}]
    fact = scenario.facts("InstanceMoved", case)[0]
    assert (fact["person"], fact["detail"]["reason"]) == (admin.name, REASON)
    assert fact["detail"]["start"] == ["case_lifecycle:acceptance_phase"]
    assert scenario.engine.read.violations() == ()
    scenario.accept(case)
    scenario.work()
    assert scenario.engine.read.violations() == ()


def test_the_plan_names_what_skipped_forms_would_have_said(scenario: Scenario, case: str) -> None:
    found = plan(scenario, case, "survey_site", ("survey", "which_disposition"), disposition="close")

    said = " ".join(en for _, en in found.warnings)
    assert "Skipped, and not done: 审定处置方式, 完成摸底." in said
    assert "give those that are needed later: " in said and "outcome" in said
    assert [(each.kind, each.element_id) for each in found.opens] == [("job", "send_notice")]
    assert found.has_ended is False


def test_back_and_forth_and_then_to_the_end(scenario: Scenario, case: str) -> None:
    for _ in range(3):
        move(scenario, case, "survey_site", ("case_lifecycle", "cleanup_phase"), variables={"disposition": "close"})
        scenario.work()
        move(scenario, case, "close_checks", ("case_lifecycle", "survey_phase"))

    scenario.survey(case)
    scenario.clean_up(case)
    scenario.accept(case)
    scenario.work()

    assert not scenario.facts("IncidentRaised")
    assert scenario.engine.read.violations() == ()
    assert scenario.facts("MilestoneReached", case)[-1]["detail"]["milestone"] == "struck_off"


def test_an_undone_move_leaves_everything_as_it_was(scenario: Scenario, case: str, admin: Actor) -> None:
    scenario.claim(scenario.task_of(case, "survey_site"))
    before = everything(scenario, case)
    said = move(scenario, case, "survey_site", ("survey", "survey_site"), variables={"note": "重新排查（演示）"})
    moved = {row["task_id"] for row in everything(scenario, case)["tasks"]}

    undo(scenario, said["snapshot"], admin)

    after = everything(scenario, case)
    known = {row["task_id"] for row in before["tasks"]}
    withdrawn = [row for row in after["tasks"] if row["task_id"] not in known]
    assert len(moved) == 2 and [row["state"] for row in withdrawn] == ["CANCELLED"]
    assert [row for row in after["tasks"] if row["task_id"] in known] == before["tasks"]
    assert [row for row in after["jobs"] if row["state"] == "OPEN"] == before["jobs"]
    assert after["instances"] == before["instances"] and after["waits"] == before["waits"]
    assert scenario.engine.read.violations() == ()
    scenario.survey(case)


def test_an_undone_move_puts_the_phase_back_and_the_facts_say_so(scenario: Scenario, case: str, admin: Actor) -> None:
    said = move(scenario, case, "survey_site", ("case_lifecycle", "acceptance_phase"))

    undo(scenario, said["snapshot"], admin)

    assert scenario.rows(sa.select(cases.c.phase).where(cases.c.case_id == case)) == [{"phase": "survey"}]
    assert scenario.engine.read.violations() == ()


def test_a_move_that_issues_a_letter_says_so_and_cannot_be_undone(scenario: Scenario, case: str, admin: Actor) -> None:
    shown = plan(scenario, case, "survey_site", ("case_lifecycle", "cleanup_phase"), disposition="close")

    said = move(scenario, case, "survey_site", ("case_lifecycle", "cleanup_phase"), variables={"disposition": "close"})

    assert [en for _, en in shown.outside] == ["1 letters are issued and take their numbers"]
    assert len(scenario.rows(sa.select(letters.c.letter_id))) == 1
    with pytest.raises(Rejected) as refused:
        undo(scenario, said["snapshot"], admin)
    assert refused.value.code == "undo_impossible"


def test_a_move_is_undone_only_while_nobody_took_the_new_task(scenario: Scenario, case: str, admin: Actor) -> None:
    said = move(scenario, case, "survey_site", ("survey", "review_disposition"))
    scenario.claim(scenario.task_of(case, "review_disposition"))

    with pytest.raises(Rejected) as refused:
        undo(scenario, said["snapshot"], admin)

    assert refused.value.code == "undo_too_late"


def test_a_late_task_that_is_moved_away_closes_its_supervision_item(scenario: Scenario, case: str) -> None:
    scenario.advance("9wd")
    shown = plan(scenario, case, "survey_site", ("case_lifecycle", "acceptance_phase"))

    move(scenario, case, "survey_site", ("case_lifecycle", "acceptance_phase"))
    scenario.work()

    assert any("supervision item" in en for _, en in shown.outside)
    assert len(scenario.facts("SupervisionClosed")) == 1
    assert scenario.engine.read.violations() == ()


def test_a_plan_that_is_out_of_date_is_not_carried_out(scenario: Scenario, case: str) -> None:
    shown = plan(scenario, case, "survey_site", ("survey", "review_disposition"))
    move(scenario, case, "survey_site", ("survey", "survey_site"))

    with pytest.raises(Rejected) as refused:
        move(scenario, case, "survey_site", ("survey", "review_disposition"), revision=shown.revision)

    assert refused.value.code == "instance_changed"


def test_a_refused_move_writes_nothing(scenario: Scenario, case: str) -> None:
    before, passed = everything(scenario, case), scenario.rows(sa.select(visits))

    with pytest.raises(CannotMove) as refused:
        move(scenario, case, "survey_site", ("acceptance", "sign_off"))
    with pytest.raises(Invalid) as silent:
        move(scenario, case, "survey_site", ("survey", "review_disposition"), reason="  ")

    assert "case_lifecycle:acceptance_phase" in refused.value.problems[0].en
    assert silent.value.code == "reason_missing"
    assert everything(scenario, case) == before and scenario.rows(sa.select(visits)) == passed


@pytest.mark.parametrize("login", ["ducha1", "fabu", "sheji", "chengjiao1", "anquan"])
def test_only_the_system_administrator_moves(scenario: Scenario, case: str, login: str) -> None:
    command = MoveInstance(
        instance_of(scenario, case)["instance_id"],
        REASON,
        tokens(scenario, case, "survey_site"),
        (("survey", "review_disposition"),),
    )

    with pytest.raises(NotPermitted):
        scenario.engine.execute(command, by=scenario.person(login))

    assert scenario.rows(sa.select(jobs.c.state).distinct()) == [{"state": "OPEN"}]
