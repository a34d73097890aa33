"""Deployment: the same bytes are the same version, running cases keep theirs, and what is wrong is refused whole."""

from collections.abc import Callable

import pytest
import sqlalchemy as sa
from scenario import PROCESSES, Scenario, at

from engine import sources
from engine.commands.definitions import Deploy
from engine.domain.actor import SYSTEM
from engine.errors import Invalid, NotPermitted
from engine.store.schema import definition_files, definitions, jobs

Change = Callable[[bytes], bytes]
OLD_REMINDER, NEW_REMINDER = b'before(due, "3wd")', b'before(due, "5wd")'


def files_of(key: str, change: Change = lambda content: content) -> dict[str, bytes]:
    files = dict(sources.process_folder(PROCESSES / key).files)
    files[f"{key}.bpmn"] = change(files[f"{key}.bpmn"])
    return files


def deploy(scenario: Scenario, key: str, change: Change = lambda content: content) -> dict[str, object]:
    return dict(scenario.engine.execute(Deploy(key, files_of(key, change)), by=SYSTEM))


def versions(scenario: Scenario, key: str) -> list[int]:
    query = sa.select(definitions.c.version).where(definitions.c.key == key).order_by(definitions.c.version)
    return [row["version"] for row in scenario.rows(query)]


def first_reminder_of(scenario: Scenario, element_id: str) -> list[object]:
    query = sa.select(jobs.c.due_at).where(jobs.c.kind == "timer", jobs.c.element_id == element_id)
    return [row["due_at"] for row in scenario.rows(query.order_by(jobs.c.created_at, jobs.c.job_id))]


def test_the_same_bytes_are_the_same_version(scenario: Scenario) -> None:
    before = scenario.rows(sa.select(definitions).order_by(definitions.c.definition_id))

    again = deploy(scenario, "cleanup")

    assert (again["version"], again["is_new"]) == (1, False)
    assert scenario.rows(sa.select(definitions).order_by(definitions.c.definition_id)) == before


def test_other_bytes_are_the_next_version_and_are_kept_as_they_are(scenario: Scenario) -> None:
    answer = deploy(scenario, "cleanup", lambda content: content.replace(OLD_REMINDER, NEW_REMINDER))

    assert (answer["version"], answer["is_new"], versions(scenario, "cleanup")) == (2, True, [1, 2])
    kept = scenario.rows(sa.select(definition_files).where(definition_files.c.definition_id == answer["definition_id"]))
    changed = files_of("cleanup", lambda content: content.replace(OLD_REMINDER, NEW_REMINDER))
    assert {row["name"]: row["content"] for row in kept} == changed


def test_going_back_to_old_bytes_makes_no_version(scenario: Scenario) -> None:
    deploy(scenario, "cleanup", lambda content: content.replace(OLD_REMINDER, NEW_REMINDER))

    again = deploy(scenario, "cleanup")

    assert (again["version"], again["newest"], again["is_new"]) == (1, 2, False)
    assert versions(scenario, "cleanup") == [1, 2]


def test_new_cases_follow_the_new_version_and_running_ones_the_old(scenario: Scenario) -> None:
    [old] = scenario.register()

    deploy(scenario, "cleanup", lambda content: content.replace(OLD_REMINDER, NEW_REMINDER))
    [new] = scenario.register()
    for case in (old, new):
        scenario.survey(case)

    reminders = first_reminder_of(scenario, "close_checks_reminder")
    assert reminders == [at("2024-06-25 18:00"), at("2024-06-21 18:00")]
    pages = [scenario.page(scenario.task_of(case, "close_checks"), scenario.supervisor) for case in (old, new)]
    assert pages[0].definition_id != pages[1].definition_id
    scenario.until("2024-06-28 18:00")
    assert scenario.engine.read.violations() == ()


def test_what_the_check_finds_is_refused_with_every_problem(scenario: Scenario) -> None:
    def break_it(content: bytes) -> bytes:
        return content.replace(OLD_REMINDER, b"before(due, 3)").replace(
            b'duban:jobKind="letter"', b'duban:jobKind="fax"', 1
        )

    with pytest.raises(Invalid) as refused:
        deploy(scenario, "cleanup", break_it)

    assert len(refused.value.problems) >= 2
    assert all(problem.zh and problem.en and problem.where for problem in refused.value.problems)
    assert versions(scenario, "cleanup") == [1]


@pytest.mark.parametrize(
    "change",
    [
        lambda content: content.replace(b"<bpmn:definitions", b"<!DOCTYPE x><bpmn:definitions", 1),
        lambda content: content[: len(content) // 2],
        lambda content: b"",
        lambda content: content.replace(b"bpmn:userTask", b"bpmn:scriptTask"),
    ],
    ids=["doctype", "half a file", "empty", "script tasks"],
)
def test_a_file_that_is_no_process_is_refused(scenario: Scenario, change: Change) -> None:
    with pytest.raises(Invalid):
        deploy(scenario, "cleanup", change)

    assert versions(scenario, "cleanup") == [1]


def test_a_folder_is_named_like_its_process(scenario: Scenario) -> None:
    with pytest.raises(Invalid) as refused:
        scenario.engine.execute(Deploy("clean_up", files_of("cleanup")), by=SYSTEM)

    assert "clean_up.bpmn" in str(refused.value)


def test_nobody_who_signs_in_deploys_without_a_second_person(scenario: Scenario) -> None:
    changed = files_of("cleanup", lambda content: content.replace(OLD_REMINDER, NEW_REMINDER))

    for login in ("sheji", "fabu", "xitong", "chengjiao1", "ducha1", "lingdao", "anquan", "shenji"):
        with pytest.raises(NotPermitted) as refused:
            scenario.engine.execute(Deploy("cleanup", changed), by=scenario.person(login))
        assert refused.value.code == "operator_needed"

    assert versions(scenario, "cleanup") == [1]
