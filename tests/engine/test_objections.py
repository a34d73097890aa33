"""异议复核: thirty days to ask, thirty to decide, by people who took no part (政府督查工作条例 s. 17)."""

import pytest
import sqlalchemy as sa
from accountability_acts import climb_until, late_case, receipt, signed_letter
from scenario import NewScenario, Scenario, at

from engine.commands.accountability import FileObjection
from engine.commands.drafts import StartDraft
from engine.commands.letter_service import ReceiveLetter
from engine.commands.tasks import ClaimTask
from engine.domain.drafting import Wording
from engine.errors import Invalid, NotFound, NotPermitted, Rejected
from engine.store.schema import letter_services, letters, objections

REASON = "时限计算有误，请予复核（演示）"


def notice_served(scenario: Scenario) -> None:
    """The ladder's notice, approved by the first supervisor, signed for on Monday 24 June at nine."""
    case = late_case(scenario)
    scenario.work()
    while not scenario.rows(sa.select(letters.c.letter_id).where(letters.c.item_id.is_not(None))):
        for task in scenario.tasks(case):
            if task.element_id.startswith("approve_by_"):
                scenario.complete(task.element_id, case, by=scenario.supervisor, rung_decision="issue")
        scenario.work()
        scenario.advance("1wd")
    kind = scenario.rows(sa.select(letters.c.kind).where(letters.c.item_id.is_not(None)))[0]["kind"]
    signed_letter(scenario, kind)


@pytest.fixture
def scenario(new_scenario: NewScenario) -> Scenario:
    return new_scenario(story=notice_served)


def the_letter(scenario: Scenario) -> str:
    return str(scenario.rows(sa.select(letters.c.letter_id).where(letters.c.item_id.is_not(None)))[0]["letter_id"])


def file(scenario: Scenario, reason: str = REASON, by: str = "gxj1") -> str:
    command = FileObjection(reason, letter_id=the_letter(scenario))
    return str(scenario.engine.execute(command, by=scenario.person(by)))


def decide(scenario: Scenario, result: str, **more: str) -> None:
    task = next(task for task in scenario.tasks(None) if task.element_id == "decide_objection")
    by = scenario.claim(task, scenario.person("lingdao"))
    scenario.complete(
        "decide_objection",
        None,
        by=None,
        objection_result=result,
        objection_findings="经核对台账和送达记录（演示）",
        **more,
    )
    assert by == scenario.person("lingdao")


def deadline(scenario: Scenario) -> object:
    file(scenario)
    [row] = scenario.rows(sa.select(objections))
    return at("1970-01-01 08:00").fromisoformat(row["filing_deadline"]["due_at"])


@pytest.mark.parametrize(("seconds", "is_in_time"), [(-1, True), (0, True), (1, False)])
def test_the_thirty_days_end_with_the_business_of_the_last_day(
    scenario: Scenario, new_scenario: NewScenario, seconds: int, is_in_time: bool
) -> None:
    due = deadline(scenario)
    other = new_scenario(story=notice_served)
    other.clock.set(due.fromtimestamp(due.timestamp() + seconds, due.tzinfo))  # type: ignore[attr-defined]

    if is_in_time:
        file(other)
    else:
        with pytest.raises(Rejected) as refused:
            file(other)
        assert refused.value.code == "objection_late"

    assert len(other.rows(sa.select(objections))) == is_in_time


def test_the_review_is_due_in_thirty_days_and_says_on_what_it_rests(scenario: Scenario) -> None:
    file(scenario)
    task = next(task for task in scenario.tasks(None) if task.element_id == "decide_objection")

    page = scenario.page(task, scenario.person("lingdao"))

    assert page.due_at is not None and 29 <= (page.due_at - scenario.now).days <= 33
    assert "第十七条" in page.basis and page.may_claim


def test_whoever_approved_the_letter_keeps_out_and_is_told_why(scenario: Scenario) -> None:
    objection = file(scenario)
    task = next(task for task in scenario.tasks(None) if task.element_id == "decide_objection")

    page = scenario.page(task, scenario.supervisor)
    with pytest.raises(NotPermitted) as refused:
        scenario.engine.execute(ClaimTask(task.task_id), by=scenario.supervisor)

    assert (refused.value.code, refused.value.fields["person"]) == ("recusal", scenario.supervisor.name)
    assert "签批" in refused.value.fields["acts"]
    assert page.may_claim is False and page.blocked is not None and page.blocked.code == "recusal"
    read = scenario.engine.read
    assert read.objection(scenario.supervisor, objection).recused is not None
    assert read.objection(scenario.person("ducha2"), objection).recused is None


def test_a_withdrawn_letter_is_void_and_keeps_its_number(scenario: Scenario) -> None:
    file(scenario)

    decide(scenario, "withdrawn")
    scenario.work()

    [row] = scenario.rows(sa.select(objections))
    service = scenario.rows(sa.select(letter_services).where(letter_services.c.letter_id == the_letter(scenario)))[0]
    assert (row["state"], row["decided_by"], row["decided_at"]) == ("WITHDRAWN", "领导小组副组长（演示）", scenario.now)
    assert (service["state"], service["void_reason"]) == ("VOID", "复核撤销")
    scenario.complete("receive_decision", None, by=scenario.person("gxj1"), decision_received_by="市工信局办公室主任")
    assert scenario.engine.read.violations() == ()


@pytest.mark.parametrize(
    ("result", "more"), [("upheld", {}), ("changed", {"objection_change": "时限改为7月10日（演示）"})]
)
def test_an_upheld_or_changed_letter_stays_and_its_page_says_so(
    scenario: Scenario, result: str, more: dict[str, str]
) -> None:
    file(scenario)

    decide(scenario, result, **more)
    scenario.work()

    [row] = scenario.engine.read.objections_to_letter(scenario.person("gxj1"), the_letter(scenario))
    assert (row.state, row.changed_to) == (result.upper(), more.get("objection_change", ""))
    assert (
        scenario.rows(sa.select(letter_services.c.state).where(letter_services.c.letter_id == the_letter(scenario)))[0][
            "state"
        ]
        == "RECEIVED"
    )


def test_a_review_is_asked_for_once(scenario: Scenario) -> None:
    file(scenario)

    with pytest.raises(Rejected) as refused:
        file(scenario)

    assert refused.value.code == "objection_twice"


def test_each_addressee_of_a_letter_to_several_asks_for_itself(scenario: Scenario) -> None:
    wording = Wording("关于演示的通知", ("请各单位遵照执行（演示）。",))
    draft = StartDraft(scenario.campaign, "notice", unit_ids=("gxj", "zrzyj"), bundle="joint", wording=wording)
    scenario.engine.execute(draft, by=scenario.supervisor)
    scenario.complete("draft_letter", None, by=None)
    [row] = scenario.rows(sa.select(letters.c.letter_id).where(letters.c.draft_id.is_not(None)))
    letter = row["letter_id"]
    for login in ("gxj1", "zrzyj1"):
        scenario.engine.execute(ReceiveLetter(letter, receipt()), by=scenario.person(login))

    for login in ("gxj1", "zrzyj1"):
        scenario.engine.execute(FileObjection(REASON, letter_id=letter), by=scenario.person(login))
    with pytest.raises(Rejected) as refused:
        scenario.engine.execute(FileObjection(REASON, letter_id=letter), by=scenario.person("zrzyj2"))

    filed = scenario.rows(sa.select(objections.c.unit_id).order_by(objections.c.unit_id))
    assert filed == [{"unit_id": "gxj"}, {"unit_id": "zrzyj"}]
    assert refused.value.code == "objection_twice"


@pytest.mark.parametrize("reason", ["", " ", "长" * 2001])
def test_a_review_needs_reasons(scenario: Scenario, reason: str) -> None:
    with pytest.raises(Invalid) as refused:
        file(scenario, reason)

    assert [problem.where for problem in refused.value.problems] == ["reason"]


def test_only_the_addressed_unit_may_ask(scenario: Scenario) -> None:
    with pytest.raises(NotFound):
        file(scenario, by="nanlong1")
    with pytest.raises(NotPermitted):
        file(scenario, by="ducha2")
    with pytest.raises(Invalid):
        scenario.engine.execute(FileObjection(REASON), by=scenario.person("gxj1"))
    with pytest.raises(NotFound):
        scenario.engine.execute(FileObjection(REASON, conclusion_id="none"), by=scenario.person("gxj1"))


def test_before_receipt_there_is_nothing_to_object_to(new_scenario: NewScenario) -> None:
    scenario = new_scenario()
    case = late_case(scenario)
    climb_until(scenario, case, "approve_by_supervisor")
    letter = scenario.rows(sa.select(letters.c.letter_id, letters.c.unit_id))[0]

    with pytest.raises(Rejected) as refused:
        scenario.engine.execute(
            FileObjection(REASON, letter_id=letter["letter_id"]), by=scenario.person(f"{letter['unit_id']}1")
        )

    assert refused.value.code == "objection_not_served"


def test_another_unit_sees_nothing_of_it(scenario: Scenario) -> None:
    objection = file(scenario)

    with pytest.raises(NotFound):
        scenario.engine.read.objection(scenario.person("nanlong1"), objection)
    assert scenario.engine.read.objections(scenario.person("nanlong1"), scenario.campaign) == ()
    assert len(scenario.engine.read.objections(scenario.person("gxj1"), scenario.campaign)) == 1
