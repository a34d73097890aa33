"""The pages of accountability: what they show to whom, and that nothing typed is lost."""

from collections.abc import Callable

import pytest
import sqlalchemy as sa
from scenario import NewScenario, Scenario
from web_visitor import Browser

from engine.commands.letter_service import ReceiveLetter
from engine.domain.service import Receipt
from engine.store.schema import circulars, inspection_plans, interviews, letters, objections, referrals

SignIn = Callable[[str], Browser]


def late(scenario: Scenario) -> str:
    [case] = scenario.register()
    scenario.survey(case)
    scenario.until("2024-06-28 18:00")
    return str(case)


def referred(scenario: Scenario) -> None:
    case = late(scenario)
    for _ in range(80):
        if any(task.element_id == "prepare_referral" for task in scenario.tasks(case)):
            break
        for task in scenario.tasks(case):
            if task.element_id.startswith("approve_by_"):
                scenario.complete(task.element_id, case, rung_decision="issue")
        scenario.work()
        scenario.drop_talks()
        scenario.advance("1wd")
    scenario.complete(
        "prepare_referral",
        case,
        referral_facts="逾期未办结（演示）",
        referral_evidence_list="台账",
        referral_grounds=["not_done"],
        referral_proposal="建议研究处理（演示）",
    )
    scenario.complete("approve_referral", case, outcome="approved", referral_opinion="同意（演示）")
    scenario.work()


def test_the_overview_has_a_list_for_every_matter(scenario: Scenario, signed_in: SignIn) -> None:
    browser = signed_in("ducha1")

    for view in ("interviews", "circulars", "referrals", "objections", "inspections", "nonsense"):
        response = browser.get(f"/accountability?view={view}")
        assert response.status_code == 200
        assert "没有与您有关的记录" in response.get_data(as_text=True)


def test_a_unit_sees_no_referrals_and_no_figures(scenario: Scenario, signed_in: SignIn) -> None:
    page = signed_in("gxj1").get("/accountability").get_data(as_text=True)

    assert "异议复核" in page and "移送问责</a>" not in page and "问责方式统计" not in page
    assert signed_in("gxj1").get("/accountability/figures").status_code == 403


# -- referrals by hand, circulars of the ladder ------------------------------------------------------------------------
def test_a_referral_is_proposed_by_hand_and_found_again(scenario: Scenario, signed_in: SignIn) -> None:
    case = late(scenario)
    browser = signed_in("ducha1")
    assert "提请移送" in browser.get("/accountability?view=referrals").get_data(as_text=True)
    browser.get("/accountability/referrals/new")
    sent = {"unit_id": "gxj", "case_id": case, "reason": "上报情况与现场不符（演示）", "_operation": "one"}

    first = browser.post("/accountability/referrals", dict(sent))
    again = browser.post("/accountability/referrals", dict(sent))
    second = browser.post("/accountability/referrals", sent | {"_operation": "two"})
    empty = browser.post("/accountability/referrals", {"unit_id": "", "reason": "只写了事由"})

    assert (first.status_code, first.headers["Location"]) == (303, again.headers["Location"])
    assert len(scenario.rows(sa.select(referrals))) == 1
    assert (second.status_code, empty.status_code) == (409, 422)
    assert "上报情况与现场不符（演示）" in second.get_data(as_text=True)
    assert "请选择移送所涉单位" in empty.get_data(as_text=True)
    page = browser.get(first.headers["Location"]).get_data(as_text=True)
    assert "整理移送材料" in page and "市工信局" in page
    assert signed_in("gxj1").get("/accountability/referrals/new").status_code == 403


def test_the_figures_count_the_circulars_that_the_list_shows(new_scenario: NewScenario) -> None:
    from web.app import create_app

    scenario = new_scenario(story=referred)
    browser = Browser(create_app(scenario.engine, scenario.config, clock=scenario.clock).test_client())
    browser.sign_in("ducha1")
    found = scenario.engine.read.accountability_figures(scenario.campaign)
    listed = scenario.engine.read.circular_letters(scenario.supervisor, scenario.campaign)

    page = browser.get("/accountability?view=circulars").get_data(as_text=True)

    assert (found.circulars, found.ladder_circulars) == (1, 1) == (len(listed), sum(row.is_ladder for row in listed))
    assert listed[0].number in page and "督办阶梯和督查台发出的通报" in page


# -- talks -------------------------------------------------------------------------------------------------------------
def test_a_talk_is_proposed_and_found_again(scenario: Scenario, signed_in: SignIn) -> None:
    case = late(scenario)
    browser = signed_in("lingdao")
    browser.get("/accountability/interviews/new")

    sent = {"unit_id": "gxj", "case_id": case, "reason": "督办函期满仍未办结（演示）", "_operation": "one"}
    first = browser.post("/accountability/interviews", dict(sent))
    again = browser.post("/accountability/interviews", dict(sent))

    assert (first.status_code, first.headers["Location"]) == (303, again.headers["Location"])
    assert len(scenario.rows(sa.select(interviews))) == 1
    page = browser.get(first.headers["Location"]).get_data(as_text=True)
    assert "安排约谈" in page and "市工信局" in page
    assert "演示石材加工点1（演示） 约谈" in browser.get("/accountability").get_data(as_text=True)
    assert signed_in("nanlong1").get(first.headers["Location"]).status_code == 404


@pytest.mark.parametrize(
    ("sent", "said"),
    [
        ({"unit_id": "", "reason": "只写了理由"}, "请选择被约谈单位"),
        ({"unit_id": "gxj", "reason": ""}, "请写明理由"),
        ({"unit_id": "gxj", "reason": "理由充分", "case_id": "LINXIA2024-9999"}, "没有编号为“LINXIA2024-9999”的事项"),
    ],
)
@pytest.mark.parametrize("matter", ["interviews", "referrals"])
def test_a_wrong_form_keeps_what_was_typed(
    scenario: Scenario, signed_in: SignIn, sent: dict[str, str], said: str, matter: str
) -> None:
    said = said.replace("被约谈单位", "移送所涉单位") if matter == "referrals" else said
    browser = signed_in("ducha1")
    browser.get(f"/accountability/{matter}/new")

    response = browser.post(f"/accountability/{matter}", sent)

    page = response.get_data(as_text=True)
    assert response.status_code == 422 and said in page
    assert sent["reason"] in page and sent.get("case_id", "") in page
    assert ('id="case_id-error"' in page) is ("case_id" in sent)
    assert scenario.rows(sa.select(interviews)) == [] == scenario.rows(sa.select(referrals))


def test_units_and_strangers_propose_nothing(scenario: Scenario, signed_in: SignIn) -> None:
    for login in ("gxj1", "jijian"):
        browser = signed_in(login)
        assert browser.get("/accountability/interviews/new").status_code == 403
        assert browser.post("/accountability/interviews", {"unit_id": "gxj", "reason": "无权"}).status_code == 403


# -- circulars ---------------------------------------------------------------------------------------------------------
def test_a_circular_shows_its_sum_and_its_instant(scenario: Scenario, signed_in: SignIn) -> None:
    late(scenario)
    browser = signed_in("ducha1")
    browser.get("/accountability/circulars/new")

    response = browser.post("/accountability/circulars", {"from_on": "2024-06-01", "to_on": "2024-06-28"})

    page = browser.get(response.headers["Location"]).get_data(as_text=True)
    assert "合计" in page and "统计时点" in page and "市工信局" in page
    assert signed_in("gxj1").get(response.headers["Location"]).status_code == 404


@pytest.mark.parametrize(
    ("from_on", "to_on", "said"),
    [
        ("", "", "请填写开始日期"),
        ("2024-06-99", "2024-06-28", "请填写开始日期"),
        ("2024-06-28", "2024-06-01", "结束日期不能早于开始日期"),
        ("2024-05-01", "2024-05-21", "结束日期不能晚于今天"),
        ("0001-01-01", "2024-05-20", "开始日期不能早于专项行动开始的2024-01-01"),
    ],
)
def test_a_wrong_period_is_said_and_kept(
    scenario: Scenario, signed_in: SignIn, from_on: str, to_on: str, said: str
) -> None:
    browser = signed_in("ducha1")
    browser.get("/accountability/circulars/new")

    response = browser.post("/accountability/circulars", {"from_on": from_on, "to_on": to_on})

    page = response.get_data(as_text=True)
    assert response.status_code == 422 and said in page
    assert f'value="{to_on}"' in page
    assert scenario.rows(sa.select(circulars)) == []


# -- referrals ---------------------------------------------------------------------------------------------------------
def test_a_referral_shows_its_chain_and_who_looked(new_scenario: NewScenario) -> None:
    from web.app import create_app

    scenario = new_scenario(story=referred)
    app = create_app(scenario.engine, scenario.config, clock=scenario.clock)
    app.testing = False
    referral = scenario.rows(sa.select(referrals.c.referral_id))[0]["referral_id"]
    seen = {}
    for login in ("jijian", "lingdao", "ducha1", "ducha2", "gxj1"):
        browser = Browser(app.test_client())
        browser.sign_in(login)
        response = browser.get(f"/accountability/referrals/{referral}")
        seen[login] = response.status_code
        if login == "ducha1":
            page = response.get_data(as_text=True)
            listed = browser.get("/accountability?view=referrals").get_data(as_text=True)
            figures = browser.get("/accountability/figures").get_data(as_text=True)
            leader = browser.get("/accountability/cases/LINXIA2024-0001").get_data(as_text=True)
            table = browser.get("/accountability/cases/LINXIA2024-0001/responsibility.csv")

    assert seen == {"jijian": 200, "lingdao": 200, "ducha1": 200, "ducha2": 404, "gxj1": 403}
    assert "证据链" in page and "督办通知" in page and "纪检联络员（演示）" in page and "领导小组副组长（演示）" in page
    assert referral in listed and "政务处分" in figures
    assert "落实两断三清" in leader and "移送问责" in leader
    assert table.data.startswith(b"\xef\xbb\xbf") and "市工信局".encode() in table.data
    assert len(scenario.facts("ReferralSeen")) == 3


def test_an_unknown_referral_is_not_found(scenario: Scenario, signed_in: SignIn) -> None:
    assert signed_in("jijian").get("/accountability/referrals/none").status_code == 404


# -- objections --------------------------------------------------------------------------------------------------------
def served(scenario: Scenario) -> str:
    """The letter with which the cleanup began, signed for."""
    [case] = scenario.register()
    scenario.survey(case)
    letter = scenario.rows(sa.select(letters.c.letter_id, letters.c.unit_id))[0]
    by = scenario.person(f"{letter['unit_id']}1")
    scenario.engine.execute(ReceiveLetter(letter["letter_id"], Receipt("收发员（演示）", "收发员")), by=by)
    return str(letter["letter_id"])


def test_a_unit_asks_for_a_review_of_a_letter(scenario: Scenario, signed_in: SignIn) -> None:
    letter = served(scenario)
    browser = signed_in("gxj1")

    form = browser.get(f"/accountability/objections/new?letter_id={letter}").get_data(as_text=True)
    empty = browser.post("/accountability/objections", {"letter_id": letter, "reason": ""})
    filed = browser.post("/accountability/objections", {"letter_id": letter, "reason": "时限有误，请复核（演示）"})
    twice = browser.post("/accountability/objections", {"letter_id": letter, "reason": "第二次的理由（演示）"})

    assert "申请复核" in form
    assert empty.status_code == 422 and "请写明理由" in empty.get_data(as_text=True)
    page = browser.get(filed.headers["Location"]).get_data(as_text=True)
    assert "复核中" in page and "时限有误，请复核（演示）" in page and "怎样算出" in page
    assert twice.status_code == 409
    assert "第二次的理由（演示）" in twice.get_data(as_text=True) and "已经申请过复核" in twice.get_data(as_text=True)
    assert len(scenario.rows(sa.select(objections))) == 1


def test_what_is_not_ones_own_cannot_be_objected_to(scenario: Scenario, signed_in: SignIn) -> None:
    letter = served(scenario)

    assert signed_in("nanlong1").get(f"/accountability/objections/new?letter_id={letter}").status_code == 404
    assert signed_in("gxj1").get("/accountability/objections/new").status_code == 404
    assert signed_in("gxj1").get("/accountability/objections/new?conclusion_id=none").status_code == 404
    assert signed_in("ducha1").get(f"/accountability/objections/new?letter_id={letter}").status_code == 403
    assert signed_in("gxj1").get("/accountability/objections/none").status_code == 404


def test_too_late_keeps_the_words_and_says_until_when_it_was(scenario: Scenario, signed_in: SignIn) -> None:
    letter = served(scenario)
    scenario.until("2024-07-20 09:00")
    browser = signed_in("gxj1")
    browser.get(f"/accountability/objections/new?letter_id={letter}")

    response = browser.post("/accountability/objections", {"letter_id": letter, "reason": "很长的理由（演示）"})

    page = response.get_data(as_text=True)
    assert response.status_code == 409 and "届满" in page and "2024年6月" in page and "很长的理由（演示）" in page


# -- inspections -------------------------------------------------------------------------------------------------------
SENT = {
    "title": "专项督查（演示）",
    "basis": "市政府常务会议决定（演示）",
    "kind": "special",
    "methods": ["visit", "talk"],
    "scope": "关停取缔事项（演示）",
    "items": "五项措施落实情况\n台账与现场",
    "starts_on": "2024-06-10",
    "ends_on": "2024-06-21",
    "unit_ids": ["gxj"],
}


def test_a_plan_is_filed_approved_concluded_and_objected_to(scenario: Scenario, signed_in: SignIn) -> None:
    supervisor, leader, unit = signed_in("ducha1"), signed_in("lingdao"), signed_in("gxj1")
    supervisor.get("/accountability/inspections/new")
    address = supervisor.post("/accountability/inspections", dict(SENT)).headers["Location"]

    leader.get(address)
    leader.post(f"{address}/approval")
    supervisor.get(address)
    refused = supervisor.post(f"{address}/conclusions", {"unit_id": "gxj", "findings": "三户未断电（演示）"})
    kept = refused.get_data(as_text=True)
    supervisor.post(
        f"{address}/conclusions", {"unit_id": "gxj", "findings": "三户未断电", "evidence": "照片", "opinion": "不到位"}
    )
    page = unit.get(address).get_data(as_text=True)
    conclusion = page.partition("conclusion_id=")[2].partition('"')[0]
    unit.get(f"/accountability/objections/new?conclusion_id={conclusion}")
    filed = unit.post("/accountability/objections", {"conclusion_id": conclusion, "reason": "事实有误（演示）"})

    assert refused.status_code == 422 and "三户未断电（演示）" in kept and "证据充分" in kept
    assert "已反馈结论" in page and "不到位" in page and "申请期限" in page
    assert filed.status_code == 303
    assert "复核中" in unit.get(address).get_data(as_text=True)


def test_an_overlap_is_shown_with_the_other_plan_and_nothing_typed_is_lost(
    scenario: Scenario, signed_in: SignIn
) -> None:
    browser = signed_in("ducha1")
    browser.get("/accountability/inspections/new")
    first = browser.post("/accountability/inspections", dict(SENT)).headers["Location"]
    second = {**SENT, "title": "又一次督查（演示）"}

    refused = browser.post("/accountability/inspections", dict(second))
    page = refused.get_data(as_text=True)
    allowed = browser.post("/accountability/inspections", {**second, "overlap_reason": "上级要求（演示）"})

    assert refused.status_code == 422 and first in page and "不得重复督查" in page
    assert 'value="又一次督查（演示）"' in page and "五项措施落实情况\n台账与现场" in page
    assert 'value="talk" checked' in page.replace(" id=", " ") or 'value="talk"' in page
    assert allowed.status_code == 303
    assert "上级要求（演示）" in browser.get(allowed.headers["Location"]).get_data(as_text=True)


def test_an_empty_plan_names_every_gap(scenario: Scenario, signed_in: SignIn) -> None:
    browser = signed_in("ducha1")
    browser.get("/accountability/inspections/new")

    response = browser.post("/accountability/inspections", {"title": "只有名称"})

    page = response.get_data(as_text=True)
    assert response.status_code == 422 and 'value="只有名称"' in page
    for said in (
        "请填写依据",
        "请选择督查类型",
        "请选择督查方式",
        "请填写督查范围",
        "请逐行填写督查事项",
        "请选择督查对象",
    ):
        assert said in page
    assert scenario.rows(sa.select(inspection_plans)) == []


def test_foreign_pages_are_not_found_and_rights_are_kept(scenario: Scenario, signed_in: SignIn) -> None:
    unit = signed_in("gxj1")
    unit.get("/accountability")

    for address in ("inspections/none", "interviews/none", "circulars/none", "cases/LINXIA2024-9999"):
        assert unit.get(f"/accountability/{address}").status_code == 404
    for address in ("inspections/new", "circulars/new"):
        assert unit.get(f"/accountability/{address}").status_code == 403
    assert unit.post("/accountability/inspections/none/approval").status_code == 403
