"""The same request sent twice has one effect and one answer; the same key for another request is refused."""

from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace

import pytest
import sqlalchemy as sa
from scenario import Scenario, new_case

from engine.commands.letters import IssueLetters
from engine.commands.register import RegisterCases
from engine.commands.tasks import ClaimTask, CompleteTask, EvidenceFile
from engine.errors import Rejected
from engine.store.schema import letters, operations

DONE = {"kinds": ["wu"], "is_illegal": True, "proposed": "close"}


def test_a_repeated_request_answers_what_the_first_answered(scenario: Scenario) -> None:
    [case] = scenario.register()
    command = IssueLetters(scenario.campaign, "notice", (case,))

    answers = [scenario.engine.execute(command, by=scenario.supervisor, operation_key="k-1") for _ in range(3)]

    assert answers[0] == answers[1] == answers[2]
    assert len(scenario.rows(sa.select(letters))) == 1


def test_a_completion_may_be_sent_again(scenario: Scenario) -> None:
    [case] = scenario.register()
    task = scenario.task_of(case, "survey_site")
    clerk = scenario.claim(task)
    command = CompleteTask(task.task_id, DONE, revision=2)

    for _ in range(2):
        scenario.engine.execute(command, by=clerk, operation_key="form-7")

    assert len(scenario.facts("TaskCompleted")) == 1


def test_a_key_belongs_to_one_request_of_one_person(scenario: Scenario) -> None:
    [one, other] = scenario.register(2)
    command = IssueLetters(scenario.campaign, "notice", (one,))
    scenario.engine.execute(command, by=scenario.supervisor, operation_key="k-1")

    for changed, by in ((replace(command, case_ids=(other,)), "ducha1"), (command, "ducha2")):
        with pytest.raises(Rejected) as refused:
            scenario.engine.execute(changed, by=scenario.person(by), operation_key="k-1")
        assert refused.value.code == "operation_key_reused"


def test_what_is_kept_out_of_logs_tells_requests_apart_as_well(scenario: Scenario) -> None:
    [case] = scenario.register()
    task = scenario.task_of(case, "survey_site")
    clerk = scenario.claim(task)
    photo = EvidenceFile("photos", "门头（演示）.jpg", "image/jpeg", b"the first picture")
    scenario.engine.execute(CompleteTask(task.task_id, DONE, evidence=(photo,)), by=clerk, operation_key="k-1")
    rows = tuple(new_case(number) for number in (50, 51))
    scenario.engine.execute(RegisterCases(scenario.campaign, rows), by=scenario.supervisor, operation_key="k-2")

    other_photo = replace(photo, content=b"another picture")
    with pytest.raises(Rejected):
        scenario.engine.execute(
            CompleteTask(task.task_id, DONE, evidence=(other_photo,)), by=clerk, operation_key="k-1"
        )
    with pytest.raises(Rejected):
        scenario.engine.execute(RegisterCases(scenario.campaign, rows[:1]), by=scenario.supervisor, operation_key="k-2")


def test_a_refused_request_leaves_its_key_free(scenario: Scenario) -> None:
    [case] = scenario.register()
    task = scenario.task_of(case, "survey_site")
    first, second = scenario.person("chengjiao1"), scenario.person("chengjiao2")
    scenario.claim(task, first)
    with pytest.raises(Rejected):
        scenario.engine.execute(ClaimTask(task.task_id), by=second, operation_key="k-1")
    assert scenario.rows(sa.select(operations)) == []

    scenario.engine.execute(CompleteTask(task.task_id, DONE), by=first, operation_key="k-1")

    assert len(scenario.facts("TaskCompleted")) == 1


def test_the_same_request_many_times_at_once_has_one_effect(scenario: Scenario) -> None:
    [case] = scenario.register()
    command, supervisor = IssueLetters(scenario.campaign, "notice", (case,)), scenario.supervisor

    with ThreadPoolExecutor(8) as pool:
        answers = list(
            pool.map(lambda _: scenario.engine.execute(command, by=supervisor, operation_key="k-1"), range(8))
        )

    assert answers == [answers[0]] * 8
    assert len(scenario.rows(sa.select(letters))) == 1
