"""The supervisor's desk: what is late, what would go out, and what goes out when it is issued."""

import re
from collections.abc import Callable

import pytest
from scenario import Scenario
from web_visitor import Browser

from engine.domain.escalation import Ladder, Rung
from engine.queries.desk import DeskFilter
from engine.queries.letters import LetterFilter
from web.desk.ladder import strip

SignIn = Callable[[str], Browser]


@pytest.fixture
def late_cases(scenario: Scenario) -> list[str]:
    """Three sites in cleanup whose five checks are seven working days late; nobody has urged them."""
    found = scenario.register(3)
    for case_id in found:
        scenario.survey(case_id)
    scenario.until("2024-07-09 19:00")
    return found


def rows_of(page: str) -> int:
    return page.count('class="desk-row"')


def test_an_empty_desk_says_that_nothing_is_late(scenario: Scenario, signed_in: SignIn) -> None:
    scenario.register(1)

    page = signed_in("ducha1").get("/desk").get_data(as_text=True)

    assert "没有逾期任务" in page and rows_of(page) == 0


def test_the_desk_shows_who_is_late_since_when_and_on_which_rung(
    scenario: Scenario, late_cases: list[str], signed_in: SignIn
) -> None:
    page = signed_in("ducha1").get("/desk").get_data(as_text=True)

    assert all(case_id in page for case_id in late_cases)
    assert re.search(r"逾期\d+个工作日", page)
    assert "原定 6月28日 18:00" in page
    assert "无人领取" in page
    assert 'class="rungs__mark rungs__mark--here"' in page


def test_every_filter_stands_in_the_address(scenario: Scenario, late_cases: list[str], signed_in: SignIn) -> None:
    desk = scenario.engine.read.desk(scenario.supervisor, DeskFilter())
    level = next(iter(desk.by_level))
    browser = signed_in("ducha1")

    assert rows_of(browser.get(f"/desk?level={level}").get_data(as_text=True)) == 3
    assert rows_of(browser.get("/desk?level=6").get_data(as_text=True)) == 0
    for typed in ("²", "--1", "9" * 30):
        assert browser.get(f"/desk?level={typed}").status_code == 200
    assert rows_of(browser.get("/desk?area=chengjiao").get_data(as_text=True)) == 3
    assert rows_of(browser.get("/desk?area=nanlong").get_data(as_text=True)) == 0
    assert rows_of(browser.get(f"/desk?text={late_cases[0]}").get_data(as_text=True)) == 1
    assert "没有符合条件的记录" in browser.get("/desk?text=nowhere").get_data(as_text=True)


def test_an_officer_has_no_desk(scenario: Scenario, signed_in: SignIn) -> None:
    browser = signed_in("chengjiao1")

    assert browser.get("/desk").status_code == 403
    assert browser.get("/desk/letters/new").status_code == 403
    assert browser.post("/desk/letters", {"case": "X"}).status_code == 403


def test_an_inspector_looks_but_cannot_issue(scenario: Scenario, late_cases: list[str], signed_in: SignIn) -> None:
    browser = signed_in("jijian")

    page = browser.get("/desk").get_data(as_text=True)

    assert rows_of(page) == 3
    assert 'name="case"' not in page and "act-bar" not in page
    assert browser.post("/desk/letters", {"case": late_cases[0]}).status_code == 403


def test_nothing_ticked_is_said_and_nothing_goes_out(scenario: Scenario, signed_in: SignIn) -> None:
    browser = signed_in("ducha1")

    response = browser.get("/desk/letters/new?kind=notice")

    assert response.status_code == 422
    assert "请先在督查台勾选至少一件" in response.get_data(as_text=True)


def test_the_confirm_page_shows_each_letter_in_the_order_of_its_number(
    scenario: Scenario, late_cases: list[str], signed_in: SignIn
) -> None:
    browser = signed_in("ducha1")
    chosen = "&".join(f"case={case_id}" for case_id in late_cases)

    apart = browser.get(f"/desk/letters/new?{chosen}&kind=notice").get_data(as_text=True)
    together = browser.get(f"/desk/letters/new?{chosen}&kind=notice&bundle=unit").get_data(as_text=True)

    assert apart.count('<li class="draft">') == 3 and "签发 3 份" in apart
    assert together.count('<li class="draft">') == 1 and "签发 1 份" in together


def test_three_notices_at_once_take_three_consecutive_numbers(
    scenario: Scenario, late_cases: list[str], signed_in: SignIn
) -> None:
    browser = signed_in("ducha1")
    before = len(scenario.engine.read.letters(scenario.supervisor, LetterFilter(kind="notice")).rows)
    browser.get("/desk/letters/new?" + "&".join(f"case={case_id}" for case_id in late_cases))

    response = browser.post(
        "/desk/letters",
        {
            "case": late_cases,
            "kind": "notice",
            "layout": "correspondence",
            "reply_term": "5wd",
            "reason": "逐级督办（演示）",
        },
    )

    assert response.status_code == 303
    page = browser.get(response.headers["Location"]).get_data(as_text=True)
    register = scenario.engine.read.letters(scenario.supervisor, LetterFilter(kind="notice")).rows
    serials = sorted(int(re.search(r"〕(\d+)号", row.number)[1]) for row in register)  # type: ignore[index]
    assert len(register) == before + 3
    assert serials == list(range(1, before + 4))
    assert page.count("刚签发") == 3
    assert "已签发 3 份" in page and all(row.number in page for row in register[:3])
    assert "正在成文" in page


def test_the_same_form_sent_twice_issues_once(scenario: Scenario, late_cases: list[str], signed_in: SignIn) -> None:
    browser = signed_in("ducha1")
    browser.get(f"/desk/letters/new?case={late_cases[0]}")
    sent = {"case": late_cases[0], "kind": "notice", "reason": "演示", "_operation": browser.hidden("_operation")}
    before = scenario.engine.read.letters(scenario.supervisor, LetterFilter()).page.total

    first = browser.post("/desk/letters", dict(sent))
    second = browser.post("/desk/letters", dict(sent))

    assert first.headers["Location"] == second.headers["Location"]
    assert scenario.engine.read.letters(scenario.supervisor, LetterFilter()).page.total == before + 1


def test_a_rung_is_skipped_only_with_a_reason(scenario: Scenario, late_cases: list[str], signed_in: SignIn) -> None:
    browser = signed_in("ducha1")
    browser.get(f"/desk/letters/new?case={late_cases[0]}&kind=supervision_letter")

    refused = browser.post("/desk/letters", {"case": late_cases[0], "kind": "supervision_letter", "reply_term": "2wd"})

    page = refused.get_data(as_text=True)
    assert refused.status_code == 422
    assert "请填写越级理由" in page
    assert '<option value="2wd" selected>' in page


def test_a_foreign_or_unknown_case_is_not_found(scenario: Scenario, signed_in: SignIn) -> None:
    browser = signed_in("ducha1")
    browser.get("/desk")

    assert browser.get("/desk/letters/new?case=LINXIA2024-9999").status_code == 404
    assert browser.post("/desk/letters", {"case": "LINXIA2024-9999", "kind": "notice"}).status_code == 404


def test_a_preview_says_what_the_issued_letter_will_say(
    scenario: Scenario, late_cases: list[str], signed_in: SignIn
) -> None:
    previews = [
        scenario.engine.read.letter_preview(
            scenario.supervisor, campaign_id=scenario.campaign, kind="notice", case_ids=chosen, reason="逐项落实。"
        )
        for chosen in ((late_cases[0],), tuple(late_cases[1:]))  # one open notice of a rung for each item
    ]
    browser = signed_in("ducha1")
    browser.get("/desk")
    for cases, bundle in (([late_cases[0]], "case"), (late_cases[1:], "unit")):
        browser.post("/desk/letters", {"case": cases, "kind": "notice", "bundle": bundle, "reason": "逐项落实。"})

    issued = scenario.engine.read.letters(scenario.supervisor, LetterFilter(kind="notice")).rows[:2]
    sources = [scenario.engine.read.letter_source(row.letter_id) for row in reversed(issued)]
    assert [source.variables for source in sources] == [preview.variables for preview in previews]
    assert [source.template for source in sources] == [preview.template for preview in previews]
    assert all("×号" in preview.number for preview in previews)


def test_the_preview_is_a_pdf_that_only_our_pages_may_embed(
    scenario: Scenario, late_cases: list[str], signed_in: SignIn
) -> None:
    response = signed_in("ducha1").get(f"/desk/letters/preview.pdf?case={late_cases[0]}&kind=notice")

    assert response.status_code == 200 and response.data.startswith(b"%PDF")
    assert "frame-ancestors 'self'" in response.headers["Content-Security-Policy"]
    assert response.headers["X-Frame-Options"] == "SAMEORIGIN"
    assert response.headers["Cache-Control"] == "no-store"


def test_a_refused_preview_is_readable_in_its_frame_and_no_address_has_a_token(
    scenario: Scenario, late_cases: list[str], signed_in: SignIn
) -> None:
    browser = signed_in("ducha1")
    browser.get(f"/desk/letters/new?case={late_cases[0]}&kind=notice")
    sent = {"case": late_cases[0], "kind": "notice", "reason": "写上\ue000（演示）", "_operation": "0" * 32}

    shown = browser.post("/desk/letters", sent | {"act": "preview"})
    address = shown.headers["Location"]
    page = browser.get(address).get_data(as_text=True)
    refused = browser.get(address.replace("/new?", "/preview.pdf?"))

    assert shown.status_code == 303 and "csrf_token" not in address and "_operation" not in address
    assert 'formmethod="get"' not in page and "写上\ue000（演示）" in page
    assert refused.status_code == 422 and "U+E000" in refused.get_data(as_text=True)
    assert refused.headers["X-Frame-Options"] == "SAMEORIGIN"
    assert "frame-ancestors 'self'" in refused.headers["Content-Security-Policy"]


def test_cases_and_reports_ticked_together_are_both_named(late_cases: list[str], signed_in: SignIn) -> None:
    browser = signed_in("ducha1")
    ticked = f"case={late_cases[0]}&case={late_cases[1]}&report=r1&kind=notice"

    for address in ("/desk/letters/new", "/desk/reports/letters/new"):
        response = browser.get(f"{address}?{ticked}")
        page = response.get_data(as_text=True)

        assert response.status_code == 422 and "勾选了 2 件事项和 1 项报送" in page
        assert f"/desk/letters/new?case={late_cases[0]}&amp;case={late_cases[1]}&amp;kind=notice" in page
        assert "/desk/reports/letters/new?report=r1&amp;kind=notice" in page


def test_an_item_shows_its_rungs_with_rule_and_letters(
    scenario: Scenario, late_cases: list[str], signed_in: SignIn
) -> None:
    item = scenario.engine.read.case(scenario.supervisor, late_cases[0]).items[0]

    page = signed_in("ducha1").get(f"/desk/items/{item.item_id}").get_data(as_text=True)

    assert "escalation_ladder" in page
    assert "系统提醒" in page and "当前级别" in page
    assert "原定时限" in page and "2024年6月28日 18:00" in page


def test_a_foreign_item_is_not_found(scenario: Scenario, late_cases: list[str], signed_in: SignIn) -> None:
    item = scenario.engine.read.case(scenario.supervisor, late_cases[0]).items[0]

    assert signed_in("nanlong1").get(f"/desk/items/{item.item_id}").status_code == 404


@pytest.mark.parametrize(
    ("level", "reached", "states"),
    [
        (None, None, "ahead ahead ahead ahead ahead ahead ahead"),
        (-1, None, "ahead ahead ahead ahead ahead ahead ahead"),
        (0, None, "here ahead ahead ahead ahead ahead ahead"),
        (2, None, "passed passed here ahead ahead ahead ahead"),
        (3, ("reminder", "urge", "supervision_letter"), "passed passed skipped here ahead ahead ahead"),
        (6, None, "passed passed passed passed passed passed here"),
    ],
)
def test_the_strip_of_rungs(level: int | None, reached: tuple[str, ...] | None, states: str) -> None:
    named = ("reminder", "urge", "notice", "supervision_letter", "summons", "circular", "referral")
    ladder = Ladder(tuple(Rung(number, instrument, None) for number, instrument in enumerate(named)))

    assert [step.state for step in strip(ladder, level, reached)] == states.split()


def test_a_second_draft_is_refused_with_a_link_to_the_first(
    scenario: Scenario, late_cases: list[str], signed_in: Callable[[str], Browser]
) -> None:
    browser = signed_in("ducha1")
    sent = {"case": late_cases[0], "kind": "listed_supervision", "reason": "演示"}
    browser.get(f"/desk/letters/new?case={late_cases[0]}&kind=listed_supervision")
    first = browser.post("/desk/letters", sent)
    assert first.status_code == 303

    browser.get(f"/desk/letters/new?case={late_cases[0]}&kind=listed_supervision")
    again = browser.post("/desk/letters", sent)

    assert again.status_code == 422
    page = again.get_data(as_text=True)
    assert f'href="{first.headers["Location"]}"' in page and "不再另拟" in page and "打开文稿：" in page
