"""移送问责 that a person proposes, past the ladder: false reports, relapse by neglect (政府督查工作条例 s. 23)."""

import threading
from typing import Any

import pytest
import sqlalchemy as sa
from accountability_acts import climb_until, late_case, prepare_referral, receipt
from scenario import NewScenario, Scenario

from engine.commands.drafts import CorrectLetter
from engine.commands.letter_service import ReceiveLetter
from engine.commands.letters import IssueLetters, VoidLetter
from engine.commands.referrals import ProposeReferral
from engine.commands.tasks import CompleteTask
from engine.errors import Invalid, NotFound, NotPermitted, Rejected
from engine.queries.letters import LetterFilter
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


def test_it_tells_what_came_of_every_letter_that_stands_and_of_no_void_one(scenario: Scenario) -> None:
    case, by = late_case(scenario), scenario.supervisor
    notices = [
        str(
            scenario.engine.execute(IssueLetters(scenario.campaign, kind, (case,), reason="情况紧急（演示）"), by=by)[0]
        )
        for kind in ("urge", "notice")
    ]
    scenario.engine.execute(ReceiveLetter(notices[0], receipt()), by=scenario.person("gxj1"))
    draft_id = scenario.engine.execute(CorrectLetter(notices[0], "时限写错（演示）"), by=by)
    scenario.engine.execute(CompleteTask(scenario.task_of(None, "draft_letter").task_id, {}), by=by)
    scenario.engine.execute(VoidLetter(notices[1], "主送有误（演示）"), by=by)
    [newer] = scenario.rows(sa.select(letters.c.number).where(letters.c.draft_id == draft_id))
    propose(scenario, case)
    prepare_referral(scenario, case)
    scenario.complete("approve_referral", case, outcome="approved", referral_opinion="同意（演示）")
    scenario.work()

    [letter] = scenario.rows(sa.select(letters).where(letters.c.kind == "referral"))
    shown = scenario.engine.read.referral(by, the_referral(scenario)["referral_id"]).chain
    told = {one["number"]: one["result"] for one in letter["variables"]["letters"]}
    numbers = {link.letter_id: link.number for link in shown}
    assert [link.state for link in shown if link.letter_id == notices[1]] == ["VOID"]  # marked on the page
    assert set(told) == {link.number for link in shown if link.state != "VOID"}
    assert told[numbers[notices[0]]] == f"已由{newer['number']}更正"
    assert told[newer["number"]] == "未签收"


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
    assert (refused.value.code, refused.value.fields) == ("referral_open", {"about": case, "unit": "市工信局"})

    prepare_referral(scenario, case)
    scenario.complete("approve_referral", case, outcome="declined", referral_opinion="证据不足（演示）")
    scenario.work()
    propose(scenario, case)
    assert [row["state"] for row in scenario.rows(sa.select(referrals.c.state).order_by(referrals.c.opened_at))] == [
        "DECLINED", "PREPARING"
    ]  # fmt: skip


def test_a_second_one_about_the_work_of_the_unit_is_refused_while_the_first_goes_on(scenario: Scenario) -> None:
    case = late_case(scenario)
    propose(scenario, None)

    with pytest.raises(Rejected) as refused:
        propose(scenario, None, by="lingdao")

    assert (refused.value.code, refused.value.fields) == ("referral_open", {"about": "市工信局", "unit": "市工信局"})
    propose(scenario, None, unit="sthj")  # another unit, and another matter of the same one
    propose(scenario, case)
    assert len(scenario.rows(sa.select(referrals))) == 3


@pytest.mark.postgres
@pytest.mark.parametrize("backend", ["postgres"])
@pytest.mark.parametrize("about_case", [True, False])
def test_of_two_proposed_at_once_one_is_refused(scenario: Scenario, about_case: bool) -> None:
    case = scenario.register()[0] if about_case else None
    together, found = threading.Barrier(2), []

    def ask(by: str) -> None:
        together.wait(timeout=30)
        try:
            found.append(propose(scenario, case, by=by) and "proposed")
        except Rejected as refused:
            found.append(refused.code)

    threads = [threading.Thread(target=ask, args=(by,)) for by in ("ducha1", "ducha2")]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(timeout=60)

    assert sorted(found) == ["proposed", "referral_open"]


@pytest.mark.parametrize("about_case", [True, False])
def test_its_page_looks_at_the_rungs_of_its_own_items_only(new_scenario: NewScenario, about_case: bool) -> None:
    scenario = new_scenario()
    case = late_case(scenario) if about_case else None
    referral_id = propose(scenario, case)
    asked: list[tuple[str, Any]] = []

    def note(_connection: Any, _cursor: Any, statement: str, parameters: Any, *_rest: Any) -> None:
        asked.append((statement, parameters))

    engine = scenario.engine.database.engine
    sa.event.listen(engine, "before_cursor_execute", note)
    try:
        scenario.engine.read.referral(scenario.supervisor, referral_id)
    finally:
        sa.event.remove(engine, "before_cursor_execute", note)
    with scenario.raw() as connection:
        plans = [
            str(row[-1])
            for statement, parameters in asked
            if statement.startswith(("SELECT", "WITH"))
            for row in connection.exec_driver_sql(f"EXPLAIN QUERY PLAN {statement}", parameters)
        ]

    assert [line for line in plans if " rungs" in line]
    assert not [line for line in plans if line.startswith(("SCAN rungs", "SCAN letters"))]


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
    with pytest.raises(Invalid):
        propose(scenario, "LINXIA2024-9999")

    referral_id = propose(scenario, case, by="lingdao")

    with pytest.raises(NotFound):
        scenario.engine.read.referral(scenario.person("gxj1"), referral_id)
    history = scenario.engine.read.case(scenario.person("gxj1"), case).facts
    assert not any("移送" in str(fact) for fact in history)
    assert len(scenario.facts("ReferralProposed")) == 1


@pytest.mark.parametrize("about_case", [True, False])
def test_its_letter_is_for_those_who_had_a_part_in_it(scenario: Scenario, about_case: bool) -> None:
    case = late_case(scenario) if about_case else None
    propose(scenario, case)
    prepare_referral(scenario, case, by=scenario.supervisor)
    scenario.complete("approve_referral", case, outcome="approved", referral_opinion="同意（演示）")
    scenario.work()
    letter_id, read = str(the_referral(scenario)["letter_id"]), scenario.engine.read

    seen = {}
    for login in ("ducha1", "lingdao", "jijian", "ducha2", "gxj1"):
        actor = scenario.person(login)
        listed = [row.letter_id for row in read.letters(actor, LetterFilter(kind="referral")).rows]
        told = [fact.kind for fact in (read.case(actor, case).facts if case else ()) if "移送" in str(fact.detail)]
        seen[login] = (listed == [letter_id], not case or "LetterIssued" in told)

    part = {"ducha1": (True, True), "lingdao": (True, True), "jijian": (True, True)}
    assert seen == part | dict.fromkeys(("ducha2", "gxj1"), (False, not about_case))
    for question in (read.letter, read.letter_document, read.letter_service):
        with pytest.raises(NotFound):
            question(scenario.person("ducha2"), letter_id)


def test_to_propose_one_tells_nothing_of_the_referral_of_another_item(scenario: Scenario) -> None:
    case, other = late_case(scenario), scenario.person("ducha2")
    climb_until(scenario, case, "prepare_referral")
    prepare_referral(scenario, case, by=scenario.supervisor)
    [item] = scenario.rows(sa.select(supervision_items.c.item_id, supervision_items.c.level))
    before = scenario.engine.read.item(other, item["item_id"]).level

    propose(scenario, None, by="ducha2")
    prepare_referral(scenario, None, by=other)

    page = scenario.engine.read.item(other, item["item_id"])
    assert (page.level, page.rungs[-1].level) == (before, before) != (item["level"], item["level"])
    assert "referral" not in {rung.instrument for rung in page.rungs}
    assert "referral" not in {fact.detail.get("rung") for fact in page.facts}
    assert {row.level for row in scenario.engine.read.case(other, case).items} == {before}
    assert scenario.engine.read.item(scenario.supervisor, item["item_id"]).level == item["level"]
