"""A letter that was taken back does not stand for its rung, whoever sent it: the ladder comes to that rung again."""

import pytest
import sqlalchemy as sa
from accountability_acts import arrange, climb_until, late_case
from scenario import Scenario

from engine.commands.drafts import CorrectLetter
from engine.commands.instances import CancelInstance
from engine.commands.letters import VoidLetter
from engine.commands.tasks import CompleteTask
from engine.store.schema import instances, interviews, letters, rungs, supervision_items


@pytest.fixture
def backend() -> str:
    return "sqlite"  # nothing here is the database's own


def sign(scenario: Scenario, case: str, instrument: str, decision: str = "issue", **more: str) -> None:
    """What the ladder proposes next, signed when it comes."""
    climb_until_asked(scenario, case)
    assert proposed(scenario) == instrument
    [task] = [task for task in scenario.tasks(case) if task.element_id.startswith("approve_by_")]
    scenario.complete(task.element_id, case, rung_decision=decision, **more)
    scenario.work()


def climb_until_asked(scenario: Scenario, case: str) -> None:
    while not any(task.element_id.startswith("approve_by_") for task in scenario.tasks(case)):
        scenario.advance("1wd")


def proposed(scenario: Scenario) -> str:
    return str(item(scenario)["ruling"]["answer"]["instrument"])


def item(scenario: Scenario) -> dict[str, object]:
    [row] = scenario.rows(sa.select(supervision_items))
    return row


def take_back(scenario: Scenario, kind: str) -> str:
    query = sa.select(letters.c.letter_id).where(letters.c.kind == kind).order_by(letters.c.serial.desc())
    letter_id = scenario.rows(query)[0]["letter_id"]
    scenario.engine.execute(VoidLetter(letter_id, "发错单位（演示）"), by=scenario.supervisor)
    return str(letter_id)


def reached(scenario: Scenario) -> list[tuple[str, int, str]]:
    found = scenario.rows(sa.select(rungs).order_by(rungs.c.position))
    return [(row["instrument"], row["level"], row["reason"]) for row in found]


def at_the_notice(scenario: Scenario) -> str:
    """The ladder itself has sent the reminder, the 催办单 and the 督办通知."""
    case = late_case(scenario)
    sign(scenario, case, "urge")
    sign(scenario, case, "notice")
    assert item(scenario)["level"] == 2
    return case


def test_the_ladder_sends_its_own_letter_again_when_it_was_taken_back(scenario: Scenario) -> None:
    case = at_the_notice(scenario)

    take_back(scenario, "notice")
    lowered = item(scenario)["level"]
    sign(scenario, case, "notice")

    assert (lowered, item(scenario)["level"]) == (1, 2)
    assert reached(scenario) == [("reminder", 0, ""), ("urge", 1, ""), ("notice", 2, ""), ("notice", 2, "")]
    assert scenario.engine.read.violations() == ()


def test_a_rung_that_is_skipped_after_its_letter_was_taken_back_stays_skipped(scenario: Scenario) -> None:
    case = at_the_notice(scenario)
    take_back(scenario, "notice")
    sign(scenario, case, "notice", "skip", skip_reason="已当面告知（演示）")

    sign(scenario, case, "supervision_letter")

    assert reached(scenario)[-1] == ("supervision_letter", 3, "已当面告知（演示）")


def test_a_correction_stands_for_the_rung_of_what_it_corrects_and_falls_with_it(scenario: Scenario) -> None:
    at_the_notice(scenario)
    old = take_back(scenario, "notice")
    levels = [item(scenario)["level"]]
    scenario.engine.execute(CorrectLetter(old, "主送有误（演示）"), by=scenario.supervisor)
    [task] = [task for task in scenario.tasks() if task.element_id == "draft_letter"]
    scenario.engine.execute(CompleteTask(task.task_id, {}), by=scenario.supervisor)
    levels.append(item(scenario)["level"])

    take_back(scenario, "notice")

    assert [*levels, item(scenario)["level"]] == [1, 2, 1]


def test_a_talk_that_is_called_off_with_its_summons_is_proposed_again(scenario: Scenario) -> None:
    case = late_case(scenario)
    climb_until(scenario, case, "prepare_interview")
    arrange(scenario, case, "2024-07-25T09:30:00+08:00")
    scenario.work()

    take_back(scenario, "summons")
    going_on = item(scenario)["level"]
    [talk] = scenario.rows(sa.select(instances.c.instance_id).where(instances.c.kind == "interview"))
    scenario.engine.execute(CancelInstance(talk["instance_id"], "演示"), by=scenario.supervisor)
    sign(scenario, case, "summons")

    assert going_on == 4
    assert [row["state"] for row in scenario.rows(sa.select(interviews.c.state).order_by(interviews.c.opened_at))] == [
        "DROPPED", "ARRANGING"
    ]  # fmt: skip
    assert reached(scenario)[-2:] == [("summons", 4, ""), ("summons", 4, "")]
