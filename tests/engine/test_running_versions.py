"""Whether cases follow their version's diagram, and which stay far too long: asked of the database, by who may know."""

from datetime import timedelta

import pytest
import sqlalchemy as sa
from scenario import NewScenario, Scenario
from versions import deploy, deployed, instance_of, migrate, the_same

from engine.bpmn.conformance import NO_PATH, NOT_IN_MODEL
from engine.commands.moves import MoveInstance, UndoOperation
from engine.domain.actor import SYSTEM
from engine.queries.conformance import MIGRATED_AWAY, MIGRATED_HERE, MOVED, UNDONE, Conformance
from engine.store.schema import tasks, visits

REASON = "底册有误，直接转入清理（演示）"


def told(scenario: Scenario) -> None:
    """Six cases: three go through their survey, one is moved there by hand, one is moved and put back, one waits."""
    first, second, third, moved, put_back, _ = scenario.register(6)
    for case in (first, second, third):
        scenario.survey(case)
    scenario.clock.set(scenario.now + timedelta(hours=1))
    for case in (moved, put_back):
        token = scenario.rows(sa.select(tasks.c.token).where(tasks.c.case_id == case))[0]["token"]
        command = MoveInstance(
            instance_of(scenario, case)["instance_id"],
            REASON,
            (token,),
            (("survey", "review_disposition"),),
            {"kinds": ["wu"], "proposed": "close", "is_illegal": True, "disposition": "close"},
        )
        result = scenario.engine.execute(command, by=scenario.person("xitong"))
        if case == put_back:
            scenario.engine.execute(UndoOperation(result["snapshot"], "改回（演示）"), by=scenario.person("xitong"))


@pytest.fixture
def played(new_scenario: NewScenario) -> Scenario:
    return new_scenario(story=told)


def judged(scenario: Scenario, key: str, login: str = "ducha1", version: int | None = None) -> Conformance:
    definition_id = scenario.engine.read.definition(key, version).definition_id
    found: Conformance = scenario.engine.read.conformance(scenario.person(login), definition_id)
    return found


def counts(found: Conformance) -> tuple[int, int, int]:
    return found.following, found.deviating, found.by_hand


def told_of(found: Conformance) -> dict[tuple[str, str], tuple[str, ...]]:
    return {(each.kind, each.element_id): tuple(one.business_key for one in each.instances) for each in found.findings}


def test_every_way_in_which_cases_left_their_diagram_is_found_once(played: Scenario) -> None:
    numbers = [f"LINXIA2024-{number:04d}" for number in range(1, 7)]
    as_it_was = judged(played, "survey")
    assert counts(as_it_was) == (4, 0, 2) and as_it_was.total == 6 and not as_it_was.undecided
    assert counts(judged(played, "case_lifecycle")) == (4, 0, 2)
    assert counts(judged(played, "cleanup")) == (3, 0, 0)
    assert told_of(as_it_was) == {
        (MOVED, "review_disposition"): (numbers[3], numbers[4]),
        (UNDONE, ""): (numbers[4],),
    }
    assert {each.instances[0].reason for each in as_it_was.findings} == {REASON, "改回（演示）"}
    assert as_it_was.passed["survey_site"] == 3 and "survey_site" not in {each.element_id for each in as_it_was.never}
    assert "site_excluded" in {each.element_id for each in as_it_was.never}
    assert counts(judged(played, "survey", "sheji")) == (4, 0, 2)
    assert {each.instances[0].reason for each in judged(played, "survey", "sheji").findings} == {""}  # reads no cases
    assert judged(played, "ladders").total == judged(played, "circular").total == 0

    skipped, strange = (instance_of(played, number)["instance_id"] for number in numbers[:2])
    with played.raw() as connection:
        mine = visits.c.process_key == "survey"
        connection.execute(
            visits.delete().where(visits.c.instance_id == skipped, mine, visits.c.element_id == "survey_site")
        )
        connection.execute(
            visits.update()
            .where(visits.c.instance_id == strange, mine, visits.c.element_id == "review_disposition")
            .values(element_id="'\"<b>")
        )

    found = judged(played, "survey")
    assert counts(found) == (2, 2, 2)
    assert {name: keys for name, keys in told_of(found).items() if name[0] not in (MOVED, UNDONE)} == {
        (NO_PATH, "decide_disposition"): (numbers[0],),
        (NO_PATH, "disposition_reviewed"): (numbers[1],),
        (NOT_IN_MODEL, "'\"<b>"): (numbers[1],),
    }
    assert counts(judged(played, "case_lifecycle")) == (4, 0, 2)


def test_a_migrated_case_stands_with_both_versions_and_is_judged_by_neither(played: Scenario) -> None:
    old, new = deployed(played, "survey"), deploy(played, "survey", the_same("survey"))
    migrate(played, "LINXIA2024-0006", old, new)

    before, after = judged(played, "survey", version=1), judged(played, "survey", version=2)

    assert counts(before) == (3, 0, 3) and counts(after) == (0, 0, 1)
    assert told_of(before)[MIGRATED_AWAY, ""] == told_of(after)[MIGRATED_HERE, ""] == ("LINXIA2024-0006",)
    assert counts(judged(played, "case_lifecycle")) == (4, 0, 2)


def test_stays_beyond_the_fence_stand_out_and_go_on_while_the_task_is_open(scenario: Scenario) -> None:
    cases = scenario.register(11)
    opened, page = scenario.now, scenario.engine.read.definition("survey")
    answers = {"kinds": ["wu"], "is_illegal": True, "proposed": "close", "surveyed_on": "2024-05-20"}
    for number, case in enumerate(cases[:8]):
        scenario.clock.set(opened + timedelta(hours=20 + number))
        scenario.complete("survey_site", case, **answers)
        if number == 6:
            assert scenario.engine.read.outliers(SYSTEM, page.definition_id) == ()  # seven say nothing
    scenario.clock.set(opened + timedelta(days=3))
    scenario.complete("survey_site", cases[8], **answers)

    found = scenario.engine.read.outliers(scenario.person("ducha1"), page.definition_id)

    survey = next(each for each in found if each.element_id == "survey_site")
    hours = timedelta(hours=1)
    assert (survey.done, survey.median, survey.upper) == (9, 24 * hours, 26 * hours)
    assert survey.fence == 26 * hours + 1.5 * 4 * hours and (survey.count, survey.open) == (3, 2)
    assert sorted((each.business_key, each.stay, each.completed_at is None) for each in survey.tasks) == [
        (case, timedelta(days=3), is_open) for case, is_open in zip(cases[8:], (False, True, True), strict=True)
    ]
