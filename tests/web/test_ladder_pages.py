"""Pages that explain: why a light burns and why a rung was reached, without JavaScript; late reports; red cases."""

import re
from collections.abc import Callable

import pytest
import sqlalchemy as sa
from scenario import Scenario
from web_visitor import Browser

from engine.store.schema import supervision_items

SignIn = Callable[[str], Browser]


@pytest.fixture
def late(scenario: Scenario) -> str:
    [case] = scenario.register()
    scenario.survey(case)
    scenario.until("2024-06-28 18:01")
    return case


def item_of(scenario: Scenario) -> str:
    return str(scenario.rows(sa.select(supervision_items.c.item_id))[0]["item_id"])


def test_the_dossier_explains_its_light_in_both_languages(scenario: Scenario, late: str, signed_in: SignIn) -> None:
    page = signed_in("ducha1").get(f"/cases/{late}").get_data(as_text=True)

    found = re.search(
        r'<details class="why"><summary class="why__title">为什么是这个灯</summary>(.*?)</details>', page, re.S
    )
    assert found is not None
    told = re.sub(r"<[^>]+>|\s+", " ", found[1])
    assert "亮灯规则（剩余时间），第1版，第1行" in told and "已过时限" in told
    assert "已逾期" in told and "日历" in told
    assert "/definitions/ladders/1/files/lights.dmn" in found[1]


def test_the_item_explains_every_rung_the_next_one_and_the_due_date(
    scenario: Scenario, late: str, signed_in: SignIn
) -> None:
    browser = signed_in("ducha1")
    page = browser.get(f"/desk/items/{item_of(scenario)}").get_data(as_text=True)

    assert page.count('<details class="why">') == 3
    assert "督办阶梯（临夏市），第1版，第2行" in page and "到期当日" in page
    assert "为什么是这个时限" in page and "为什么是这个时间" in page
    assert browser.get("/definitions/ladders/1/files/escalation_ladder.dmn").status_code == 200


def test_the_unit_reads_why_but_has_no_link_to_the_table(scenario: Scenario, late: str, signed_in: SignIn) -> None:
    page = signed_in("gxj1").get(f"/desk/items/{item_of(scenario)}").get_data(as_text=True)

    assert '<details class="why">' in page and "files/escalation_ladder.dmn" not in page


def test_the_desk_lists_a_red_case_without_a_late_task(scenario: Scenario, late: str, signed_in: SignIn) -> None:
    scenario.until("2024-07-02 10:00")
    scenario.clean_up(late)
    scenario.work()

    page = signed_in("ducha1").get("/desk").get_data(as_text=True)

    assert page.count('class="red-case"') == 1
    assert "红灯事项（没有逾期任务）" in page and "逾期2个工作日" in page
    assert 'class="red-case"' in signed_in("jijian").get("/desk").get_data(as_text=True)


def test_a_second_notice_of_a_rung_is_refused_on_the_page_and_keeps_the_words(
    scenario: Scenario, late: str, signed_in: SignIn
) -> None:
    browser = signed_in("ducha1")
    browser.get(f"/desk/letters/new?case={late}&kind=urge")
    assert browser.post("/desk/letters", {"case": late, "kind": "urge", "reason": "第一次"}).status_code == 303
    browser.get(f"/desk/letters/new?case={late}&kind=urge")

    refused = browser.post("/desk/letters", {"case": late, "kind": "urge", "reason": "第二次（演示）"})

    page = refused.get_data(as_text=True)
    assert refused.status_code == 422
    assert "同一级不重复发文" in page and "第二次（演示）" in page
