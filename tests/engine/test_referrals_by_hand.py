"""移送问责 that a person proposes, past the ladder: false reports, relapse by neglect (政府督查工作条例 s. 23)."""

from typing import Any

import pytest
import sqlalchemy as sa
from accountability_acts import late_case, prepare_referral
from scenario import NewScenario, Scenario

from engine.commands.referrals import ProposeReferral
from engine.errors import Invalid, NotFound, NotPermitted, Rejected
from engine.store.schema import letters, referrals, supervision_items

WHY = "上报已拆除的设备仍在现场（演示）"


@pytest.fixture
def backend() -> str:
    return "sqlite"


def propose(scenario: Scenario, case: str | None, by: str = "ducha1", unit: str = "gxj", reason: str = WHY) -> str:
    command = ProposeReferral(scenario.campaign, unit, reason, case)
    return str(scenario.engine.execute(command, by=scenario.person(by)))


def the_referral(scenario: Scenario) -> dict[str, Any]:
    [found] = scenario.rows(sa.select(referrals))
    return found


def test_a_referral_by_hand_is_prepared_approved_and_sent_with_the_letters_of_the_case(scenario: Scenario) -> None:
    case = late_case(scenario)

    referral_id = propose(scenario, case)
    page = scenario.page(scenario.task_of(case, "prepare_referral"), scenario.supervisor)
    prepare_referral(scenario, case)
    scenario.complete("approve_referral", case, outcome="approved", referral_opinion="同意（演示）")
    scenario.work()

    row = the_referral(scenario)
    assert (row["referral_id"], row["state"], row["item_id"], row["unit_id"], row["case_id"]) == (
        referral_id, "REFERRED", None, "gxj", case
    )  # fmt: skip
    assert page.variables["referral_facts"] == WHY
    [letter] = scenario.rows(sa.select(letters).where(letters.c.kind == "referral"))
    about_case = [one["number"] for one in letter["variables"]["letters"]]
    shown = scenario.engine.read.referral(scenario.supervisor, referral_id)
    assert about_case == [link.number for link in shown.chain] != []
    assert (letter["item_id"], letter["variables"]["rung"]) == (None, "")
    assert [item["state"] for item in scenario.rows(sa.select(supervision_items.c.state))] == ["OPEN"]  # goes its way
    assert scenario.engine.read.violations() == ()


def test_one_about_the_work_of_a_unit_has_no_case_and_says_its_facts(new_scenario: NewScenario) -> None:
    scenario = new_scenario(letters="real")
    propose(scenario, None)

    prepare_referral(scenario, None)
    scenario.complete("approve_referral", None, outcome="approved", referral_opinion="同意（演示）")
    scenario.work()

    [letter] = scenario.rows(sa.select(letters).where(letters.c.kind == "referral"))
    assert (letter["variables"]["cases"], letter["variables"]["letters"]) == ([], [])
    assert len(scenario.facts("LetterRendered")) == 1


def test_a_second_one_of_the_unit_for_the_case_is_refused_while_the_first_goes_on(scenario: Scenario) -> None:
    case = late_case(scenario)
    propose(scenario, case)

    with pytest.raises(Rejected) as refused:
        propose(scenario, case)
    assert refused.value.code == "referral_open"

    prepare_referral(scenario, case)
    scenario.complete("approve_referral", case, outcome="declined", referral_opinion="证据不足（演示）")
    scenario.work()
    propose(scenario, case)
    assert [row["state"] for row in scenario.rows(sa.select(referrals.c.state).order_by(referrals.c.opened_at))] == [
        "DECLINED", "PREPARING"
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("wrong", "where"),
    [
        ({"unit": ""}, "unit_id"),
        ({"unit": "office"}, "unit_id"),
        ({"reason": " "}, "reason"),
        ({"reason": "长" * 2001}, "reason"),
    ],
)
def test_a_wrong_proposal_starts_nothing(scenario: Scenario, wrong: dict[str, str], where: str) -> None:
    with pytest.raises(Invalid) as refused:
        propose(scenario, None, **wrong)

    assert [problem.where for problem in refused.value.problems] == [where]
    assert scenario.rows(sa.select(referrals)) == []


def test_only_supervisors_and_leaders_propose_and_the_unit_does_not_hear_of_it(scenario: Scenario) -> None:
    case = late_case(scenario)
    with pytest.raises(NotPermitted):
        propose(scenario, case, by="gxj1")
    with pytest.raises(NotFound):
        propose(scenario, "LINXIA2024-9999")

    referral_id = propose(scenario, case, by="lingdao")

    with pytest.raises(NotFound):
        scenario.engine.read.referral(scenario.person("gxj1"), referral_id)
    history = scenario.engine.read.case(scenario.person("gxj1"), case).facts
    assert not any("移送" in str(fact) for fact in history)
    assert len(scenario.facts("ReferralProposed")) == 1
