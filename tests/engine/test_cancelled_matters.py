"""What an office cancels by hand is over in its own row too: another may take its place, and nobody cancels the review
of what they did themselves (政府督查工作条例 s. 17)."""

from datetime import date

import pytest
import sqlalchemy as sa
from accountability_acts import arrange, climb_until, late_case, prepare_referral, signed_letter
from scenario import NewScenario, Scenario

from engine.commands.accountability import ArrangeInterview, BeginCircular, FileObjection
from engine.commands.instances import CancelInstance, SuspendInstance
from engine.commands.moves import MoveInstance
from engine.domain.actor import Actor
from engine.errors import NotPermitted, Rejected
from engine.store.schema import (
    circulars,
    instances,
    interviews,
    letters,
    objections,
    referrals,
    supervision_items,
    waits,
)

REASON = "演示撤销"


def served(scenario: Scenario) -> None:
    """A letter of the ladder that the first supervisor approved, signed for by the unit."""
    climb_until(scenario, late_case(scenario), "approve_by_supervisor")
    scenario.complete("approve_by_supervisor", None, by=scenario.supervisor, rung_decision="issue")
    scenario.work()
    signed_letter(scenario, "notice")


def proposed(scenario: Scenario) -> None:
    climb_until(scenario, late_case(scenario), "prepare_referral")


def instance(scenario: Scenario, kind: str) -> str:
    """The latest of the kind."""
    query = sa.select(instances.c.instance_id).where(instances.c.kind == kind)
    return str(scenario.rows(query.order_by(instances.c.instance_id.desc()).limit(1))[0]["instance_id"])


def cancel(scenario: Scenario, kind: str, by: Actor) -> None:
    scenario.engine.execute(CancelInstance(instance(scenario, kind), REASON), by=by)


def file(scenario: Scenario) -> str:
    [letter] = scenario.rows(sa.select(letters.c.letter_id).where(letters.c.kind == "notice"))
    command = FileObjection("时限计算有误（演示）", letter_id=letter["letter_id"])
    return str(scenario.engine.execute(command, by=scenario.person("gxj1")))


# -- reviews -----------------------------------------------------------------------------------------------------------
@pytest.mark.parametrize("act", [CancelInstance, SuspendInstance])
def test_whoever_approved_the_letter_neither_cancels_nor_halts_its_review(
    new_scenario: NewScenario, act: type[CancelInstance] | type[SuspendInstance]
) -> None:
    scenario = new_scenario(story=served)
    file(scenario)

    with pytest.raises(NotPermitted) as refused:
        scenario.engine.execute(act(instance(scenario, "objection"), REASON), by=scenario.supervisor)

    assert refused.value.code == "recusal"
    assert scenario.rows(sa.select(objections.c.state)) == [{"state": "OPEN"}]
    assert "decide_objection" in {task.element_id for task in scenario.tasks(None)}


def test_a_review_that_was_cancelled_may_be_asked_for_again_within_thirty_days(new_scenario: NewScenario) -> None:
    scenario = new_scenario(story=served)
    first = file(scenario)
    scenario.advance("25wd")
    cancel(scenario, "objection", scenario.person("ducha2"))
    dropped_at = scenario.now
    scenario.advance("10wd")

    second = file(scenario)

    told = scenario.engine.read.objection(scenario.person("gxj1"), first).row
    assert (told.state, told.findings, told.decided_at) == ("DROPPED", REASON, dropped_at)
    assert scenario.engine.read.objection(scenario.person("gxj1"), second).row.state == "OPEN"
    with pytest.raises(Rejected) as refused:
        file(scenario)
    assert refused.value.code == "objection_twice"
    assert scenario.engine.read.violations() == ()


def test_thirty_days_after_the_review_was_cancelled_it_is_too_late(new_scenario: NewScenario) -> None:
    scenario = new_scenario(story=served)
    file(scenario)
    cancel(scenario, "objection", scenario.person("ducha2"))
    scenario.advance("30wd")

    with pytest.raises(Rejected) as refused:
        file(scenario)

    assert refused.value.code == "objection_late"


# -- talks and circulars -----------------------------------------------------------------------------------------------
def test_a_cancelled_talk_is_dropped_whether_or_not_the_unit_was_summoned(new_scenario: NewScenario) -> None:
    scenario = new_scenario()
    ask = ArrangeInterview(scenario.campaign, "gxj", "督办函期满（演示）")
    for _ in range(2):
        scenario.engine.execute(ask, by=scenario.person("lingdao"))
        cancel(scenario, "interview", scenario.supervisor)
    scenario.engine.execute(ask, by=scenario.person("lingdao"))
    arrange(scenario, None)
    scenario.work()
    summoned = scenario.rows(sa.select(interviews.c.state).where(interviews.c.summons_id.is_not(None)))

    cancel(scenario, "interview", scenario.supervisor)

    assert summoned == [{"state": "SUMMONED"}]
    assert scenario.rows(sa.select(interviews.c.state)) == [{"state": "DROPPED"}] * 3
    assert scenario.engine.read.violations() == ()


def test_a_cancelled_circular_is_dropped(new_scenario: NewScenario) -> None:
    scenario = new_scenario()
    period = BeginCircular(scenario.campaign, date(2024, 5, 1), date(2024, 5, 10))
    scenario.engine.execute(period, by=scenario.supervisor)

    cancel(scenario, "circular", scenario.supervisor)

    assert scenario.rows(sa.select(circulars.c.state)) == [{"state": "DROPPED"}]
    assert scenario.engine.read.violations() == ()


# -- referrals ---------------------------------------------------------------------------------------------------------
def test_after_a_cancelled_referral_another_can_be_made_for_the_item(new_scenario: NewScenario) -> None:
    scenario = new_scenario(story=proposed)
    [item] = scenario.rows(
        sa.select(supervision_items.c.item_id, supervision_items.c.case_id).where(supervision_items.c.state == "OPEN")
    )
    cancel(scenario, "accountability", scenario.supervisor)
    dropped = scenario.engine.read.referrals(scenario.person("jijian"), scenario.campaign)
    propose_again(scenario)

    prepare_referral(scenario, item["case_id"])
    scenario.complete("approve_referral", item["case_id"], outcome="approved", referral_opinion="同意（演示）")
    scenario.work()

    found = scenario.rows(
        sa.select(referrals.c.item_id, referrals.c.state, referrals.c.letter_id.is_not(None).label("went_out"))
        .order_by(referrals.c.opened_at)
    )  # fmt: skip
    assert [row.state for row in dropped] == ["DROPPED"]
    assert found == [
        {"item_id": item["item_id"], "state": "DROPPED", "went_out": False},
        {"item_id": item["item_id"], "state": "REFERRED", "went_out": True},
    ]
    [letter] = scenario.rows(sa.select(letters.c.item_id, letters.c.variables).where(letters.c.kind == "referral"))
    assert letter["item_id"] == item["item_id"]
    assert letter["variables"]["letters"] != []
    [state] = scenario.rows(sa.select(supervision_items.c.state).where(supervision_items.c.item_id == item["item_id"]))
    assert state == {"state": "REFERRED"}
    assert scenario.engine.read.violations() == ()


def propose_again(scenario: Scenario) -> None:
    """An administrator sets the climb back to where it proposes the referral."""
    climb = instance(scenario, "supervision")
    waiting = scenario.rows(sa.select(waits.c.token, waits.c.message).where(waits.c.instance_id == climb))
    tokens = tuple(str(wait["token"]) for wait in waiting if wait["message"] == "accountability_closed")
    move = MoveInstance(climb, REASON, tokens, (("supervision", "start_accountability"),))
    scenario.engine.execute(move, by=scenario.person("xitong"))
    scenario.work()
