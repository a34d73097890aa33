"""What people may do with a task, and what a second one is told who comes too late."""

from datetime import UTC, datetime

import pytest
import sqlalchemy as sa
from scenario import Scenario
from versions import deploy, renamed, text

from engine.commands.tasks import (
    AttachEvidence,
    ClaimTask,
    CompleteTask,
    EvidenceFile,
    ReleaseTask,
    SaveDraft,
    SendBackTask,
)
from engine.domain.task import TaskState
from engine.errors import Invalid, NotFound, NotPermitted, Rejected
from engine.store.schema import blobs, tasks

SURVEYED = {"kinds": ["wu"], "is_illegal": True, "proposed": "close", "surveyed_on": "2024-05-20"}
PHOTO = EvidenceFile("photos", "门头（演示）.jpg", "image/jpeg", b"\xff\xd8 demo", proves="现场", place="演示路1号")
NINE_O_CLOCK = datetime(2024, 5, 20, 1, tzinfo=UTC)


def test_a_claimed_task_is_in_the_inbox_of_its_clerk_and_no_longer_unclaimed(scenario: Scenario) -> None:
    [case] = scenario.register()
    clerk, other = scenario.person("chengjiao1"), scenario.person("chengjiao2")
    task = scenario.task_of(case, "survey_site")

    scenario.engine.execute(ClaimTask(task.task_id), by=clerk)

    assert [row.task_id for row in scenario.inbox(clerk, box="mine").rows] == [task.task_id]
    assert scenario.inbox(clerk, box="unclaimed").rows == scenario.inbox(other, box="unclaimed").rows == ()
    assert [row.assignee for row in scenario.inbox(other, box="groups").rows] == [clerk.name]


def test_a_claimed_task_cannot_be_claimed_by_another(scenario: Scenario) -> None:
    [case] = scenario.register()
    first, second = scenario.person("chengjiao1"), scenario.person("chengjiao2")
    task = scenario.task_of(case, "survey_site")
    scenario.claim(task, first)

    with pytest.raises(Rejected) as refused:
        scenario.engine.execute(ClaimTask(task.task_id), by=second)

    assert refused.value.code == "task_claimed"
    assert refused.value.fields == {"task": "现场排查登记", "by": first.name, "at": NINE_O_CLOCK.isoformat()}


def test_a_released_task_can_be_claimed_by_another(scenario: Scenario) -> None:
    [case] = scenario.register()
    first, second = scenario.person("chengjiao1"), scenario.person("chengjiao2")
    task = scenario.task_of(case, "survey_site")
    scenario.claim(task, first)

    scenario.engine.execute(ReleaseTask(task.task_id), by=first)
    scenario.claim(task, second)

    assert scenario.task_of(case, "survey_site").assignee_id == second.person_id
    assert [len(scenario.facts(kind)) for kind in ("TaskClaimed", "TaskReleased")] == [2, 1]


def test_only_its_clerk_a_head_or_a_supervisor_releases_a_task(scenario: Scenario) -> None:
    [case] = scenario.register()
    task = scenario.task_of(case, "survey_site")
    scenario.claim(task, scenario.person("chengjiao1"))

    with pytest.raises(NotPermitted):
        scenario.engine.execute(ReleaseTask(task.task_id), by=scenario.person("chengjiao2"))
    scenario.engine.execute(ReleaseTask(task.task_id), by=scenario.supervisor)

    assert scenario.task_of(case, "survey_site").assignee_id is None


def test_a_task_offered_to_others_cannot_be_claimed(scenario: Scenario) -> None:
    [case] = scenario.register()

    with pytest.raises(NotPermitted) as refused:
        scenario.claim(scenario.task_of(case, "survey_site"), scenario.supervisor)

    assert refused.value.code == "not_in_group"


def test_a_task_is_claimed_before_it_is_completed(scenario: Scenario) -> None:
    [case] = scenario.register()
    task = scenario.task_of(case, "survey_site")

    with pytest.raises(Rejected) as refused:
        scenario.engine.execute(CompleteTask(task.task_id, SURVEYED), by=scenario.person("chengjiao1"))

    assert refused.value.code == "claim_first"


def test_the_second_clerk_is_told_who_completed_the_task_and_when(scenario: Scenario) -> None:
    [case] = scenario.register()
    first, second = scenario.person("chengjiao1"), scenario.person("chengjiao2")
    task = scenario.task_of(case, "survey_site")
    scenario.claim(task, first)
    scenario.engine.execute(CompleteTask(task.task_id, SURVEYED), by=first)

    with pytest.raises(Rejected) as refused:
        scenario.engine.execute(CompleteTask(task.task_id, {"proposed": "exclude"}), by=second)

    assert refused.value.code == "task_completed"
    assert refused.value.fields == {"task": "现场排查登记", "by": first.name, "at": NINE_O_CLOCK.isoformat()}
    assert scenario.rows(sa.select(tasks.c.variables).where(tasks.c.task_id == task.task_id))[0]["variables"] == {
        **SURVEYED,
    }


def test_a_task_claimed_by_another_cannot_be_completed(scenario: Scenario) -> None:
    [case] = scenario.register()
    first, second = scenario.person("chengjiao1"), scenario.person("chengjiao2")
    task = scenario.task_of(case, "survey_site")
    scenario.claim(task, first)

    with pytest.raises(Rejected) as refused:
        scenario.engine.execute(CompleteTask(task.task_id, SURVEYED), by=second)

    assert (refused.value.code, refused.value.fields["by"]) == ("task_claimed", first.name)


def test_an_old_page_does_not_complete_a_task_that_changed_since(scenario: Scenario) -> None:
    [case] = scenario.register()
    clerk = scenario.person("chengjiao1")
    task = scenario.task_of(case, "survey_site")
    scenario.claim(task, clerk)
    seen = scenario.page(task, clerk).revision
    scenario.engine.execute(ReleaseTask(task.task_id), by=clerk)
    scenario.claim(task, clerk)

    with pytest.raises(Rejected) as refused:
        scenario.engine.execute(CompleteTask(task.task_id, SURVEYED, revision=seen), by=clerk)
    scenario.engine.execute(CompleteTask(task.task_id, SURVEYED, revision=seen + 2), by=clerk)

    assert refused.value.code == "task_changed"


def test_a_completion_moves_the_case_and_is_on_record(scenario: Scenario) -> None:
    [case] = scenario.register()

    clerk = scenario.complete("survey_site", case, **SURVEYED)

    page = scenario.engine.read.case(scenario.supervisor, case)
    assert {(task.element_id, task.state, task.completed_by) for task in page.tasks} == {
        ("survey_site", TaskState.COMPLETED, clerk.name),
        ("review_disposition", TaskState.OPEN, None),
    }
    [fact] = scenario.facts("TaskCompleted", case)
    assert (fact["person"], fact["at"], fact["detail"]["name"]) == (clerk.name, NINE_O_CLOCK, "现场排查登记")
    assert scenario.engine.read.violations() == ()


def test_sending_back_needs_a_reason_and_a_way_back(scenario: Scenario) -> None:
    [case] = scenario.register()
    survey = scenario.task_of(case, "survey_site")
    clerk = scenario.claim(survey)

    with pytest.raises(Rejected) as no_way:
        scenario.engine.execute(SendBackTask(survey.task_id, "退回"), by=clerk)
    scenario.engine.execute(CompleteTask(survey.task_id, SURVEYED), by=clerk)
    review = scenario.task_of(case, "review_disposition")
    reviewer = scenario.claim(review)
    with pytest.raises(Invalid) as no_reason:
        scenario.engine.execute(SendBackTask(review.task_id, "  "), by=reviewer)

    assert no_way.value.code == "not_returnable"
    assert [problem.where for problem in no_reason.value.problems] == ["reason"]


def test_what_is_sent_back_opens_again_with_its_reason(scenario: Scenario) -> None:
    [case] = scenario.register()
    scenario.complete("survey_site", case, **SURVEYED)

    scenario.send_back("review_disposition", case, "缺现场照片（演示）")

    again = scenario.task_of(case, "survey_site")
    page = scenario.page(again, scenario.person("chengjiao1"))
    assert page.variables["return_reason"] == "缺现场照片（演示）"
    assert page.variables["proposed"] == "close"
    assert scenario.rows(sa.text("SELECT return_count FROM cases"))[0]["return_count"] == 1
    assert [fact["detail"]["reason"] for fact in scenario.facts("TaskReturned", case)] == ["缺现场照片（演示）"]
    assert scenario.engine.read.violations() == ()


def test_whoever_checked_the_site_does_not_check_it_a_second_time(scenario: Scenario) -> None:
    [case] = scenario.register()
    scenario.survey(case)
    scenario.clean_up(case)
    scenario.complete("apply_acceptance", case)
    first = scenario.complete("site_check", case, site_check_result="pass")
    second = scenario.task_of(case, "second_check")

    with pytest.raises(NotPermitted) as refused:
        scenario.claim(second, first)
    page = scenario.page(second, first)
    other = scenario.claim(second)

    assert refused.value.code == "separation"
    assert refused.value.fields == {"person": first.name, "element": "site_check", "task": "第二人复核"}
    assert (page.may_claim, page.blocked.code if page.blocked else None) == (False, "separation")
    assert other != first


def test_who_did_a_namesake_in_another_process_of_the_case_is_not_kept_away(scenario: Scenario) -> None:
    deploy(scenario, "survey", renamed("survey", "review_disposition", "site_check"))
    groups = 'duban:formKey="second_check" duban:candidateGroups="'
    assert groups in text("acceptance")
    deploy(scenario, "acceptance", text("acceptance").replace(groups, f"{groups}supervisor@office,"))
    [case] = scenario.register()
    scenario.complete("survey_site", case, **SURVEYED)
    namesake = scenario.complete("site_check", case, outcome="confirmed")
    scenario.work()
    scenario.clean_up(case)
    scenario.complete("apply_acceptance", case)
    same = scenario.complete("site_check", case, site_check_result="pass")
    second = scenario.task_of(case, "second_check")

    assert [scenario.page(second, person).may_claim for person in (namesake, same)] == [True, False]
    assert scenario.claim(second, namesake) == namesake


def test_a_draft_keeps_words_that_would_not_pass_and_goes_with_completion(scenario: Scenario) -> None:
    [case] = scenario.register()
    task = scenario.task_of(case, "survey_site")
    clerk = scenario.claim(task)
    before = scenario.page(task, clerk).revision

    scenario.engine.execute(SaveDraft(task.task_id, {"surveyed_on": "不是日期"}), by=clerk)

    page = scenario.page(task, clerk)
    assert (page.draft, page.revision) == ({"surveyed_on": "不是日期"}, before)
    scenario.engine.execute(CompleteTask(task.task_id, SURVEYED), by=clerk)
    assert scenario.page(task, clerk).draft is None


def test_evidence_stays_with_the_case_and_is_kept_once(scenario: Scenario) -> None:
    [case] = scenario.register()
    task = scenario.task_of(case, "survey_site")
    clerk = scenario.claim(task)

    [attached] = scenario.engine.execute(AttachEvidence(task.task_id, (PHOTO,)), by=clerk)
    scenario.engine.execute(CompleteTask(task.task_id, SURVEYED, evidence=(PHOTO,)), by=clerk)

    shown = scenario.engine.read.case(clerk, case).evidence
    assert [(row.field, row.filename, row.proves, row.place, row.uploaded_by) for row in shown] == [
        ("photos", "门头（演示）.jpg", "现场", "演示路1号", clerk.name)
    ] * 2
    assert scenario.engine.read.task_evidence(clerk, attached).content == PHOTO.content
    assert len(scenario.rows(sa.select(blobs.c.sha256).where(blobs.c.content == PHOTO.content))) == 1


def test_evidence_of_a_failed_completion_is_not_kept(scenario: Scenario) -> None:
    [case] = scenario.register()
    task = scenario.task_of(case, "survey_site")
    clerk = scenario.claim(task)

    with pytest.raises(Rejected):
        scenario.engine.execute(CompleteTask(task.task_id, SURVEYED, revision=99, evidence=(PHOTO,)), by=clerk)

    assert scenario.rows(sa.select(blobs.c.sha256).where(blobs.c.content == PHOTO.content)) == []


def test_an_unknown_task_is_not_found(scenario: Scenario) -> None:
    for command in (ClaimTask("no such task"), CompleteTask("no such task", {})):
        with pytest.raises(NotFound):
            scenario.engine.execute(command, by=scenario.supervisor)
