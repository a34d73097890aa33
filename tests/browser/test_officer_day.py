"""A day of an officer: the inbox, a task claimed, filled in wrongly and rightly, and what the case says afterwards."""

from io import BytesIO

import pytest
from browser_person import PHONE, NewPerson, Person
from browser_site import FRESH, LATE, Site
from PIL import Image

REASON = "作坊无环评手续，废水直排沟渠，建议关停（演示）"


def photo(name: str = "现场.jpg") -> dict[str, object]:
    content = BytesIO()
    Image.new("RGB", (320, 240), (120, 140, 130)).save(content, "JPEG")
    return {"name": name, "mimeType": "image/jpeg", "buffer": content.getvalue()}


def claim(officer: Person, case_id: str) -> None:
    """From the inbox; the officer stands at the task afterwards."""
    officer.go(f"/inbox?box=unclaimed&text={case_id}")
    officer.press_in_row(case_id, "领取")
    assert "/tasks/" in officer.page.url


def fill_in_survey(officer: Person) -> None:
    page = officer.page
    page.get_by_label("污：", exact=False).check()
    page.get_by_label("“污”的事实").fill("沉淀池外溢（演示）")
    page.get_by_label("关停取缔").check()
    page.get_by_label("建议理由").fill(REASON)
    page.get_by_label("排查日期").fill("2024-06-12")
    page.get_by_label("现场照片").set_input_files([photo()])


def test_the_filter_lives_in_the_address(new_person: NewPerson) -> None:
    officer = new_person("chengjiao1")

    officer.press("本组待办")
    officer.page.get_by_label("阶段").select_option("排查摸底")
    officer.page.get_by_label("搜索").fill("石材")
    officer.press("查找")
    filtered = officer.page.url
    officer.page.reload()
    officer.press("演示石材加工点1（演示）")
    assert "/tasks/" in officer.page.url
    officer.page.go_back()

    assert officer.page.url == filtered
    assert "box=groups" in filtered and "phase=survey" in filtered
    assert officer.page.get_by_label("阶段").input_value() == "survey"
    assert officer.page.get_by_label("搜索").input_value() == "石材"
    assert officer.main.get_by_role("row").filter(has_text="填报并报送").count() == 0


def test_what_is_late_stands_first(new_person: NewPerson) -> None:
    officer = new_person("chengjiao1")

    officer.go("/inbox?box=groups")

    lights = officer.main.locator(".task-row .light").all_inner_texts()
    assert lights[0].startswith("逾期")
    assert lights == sorted(lights, key=lambda words: (not words.startswith("逾期"), words))


def test_a_survey_filled_in_wrongly_then_rightly_moves_the_case(new_person: NewPerson, site: Site) -> None:
    officer = new_person("chengjiao1")
    case_id = FRESH[0]
    claim(officer, case_id)

    officer.page.get_by_label("经度").fill("不知道")
    officer.page.get_by_label("存在违法行为").check()
    officer.page.get_by_label("建议理由").fill(REASON)
    officer.press("提交办结")

    summary = officer.main.get_by_role("alert")
    assert "需要改正" in summary.inner_text()
    assert summary.evaluate("element => element === document.activeElement")
    for name in ("经度", "违法事实", "建议处置方式", "排查日期", "现场照片"):
        assert name in summary.inner_text()
    assert officer.page.get_by_label("建议理由").input_value() == REASON
    assert officer.page.get_by_label("经度").input_value() == "不知道"
    assert officer.page.get_by_label("存在违法行为").is_checked()
    summary.get_by_role("link", name="排查日期").click()
    assert officer.page.get_by_label("排查日期").evaluate("element => element === document.activeElement")

    officer.page.get_by_label("经度").fill("103.210000")
    officer.page.get_by_label("违法事实").fill("无证排放（演示）")
    fill_in_survey(officer)
    officer.press("提交办结")

    assert "已办结：现场排查登记" in officer.said
    officer.go(f"/cases/{case_id}")
    assert "审定处置方式" in officer.said
    assert REASON in officer.main.inner_html()
    officer.page.locator("[data-diagram-ready] [data-element-id=review_disposition].diagram-element--open").wait_for()
    assert officer.page.locator("[data-diagram-ready] [data-element-id=survey_site].diagram-element--done").count() == 1
    assert officer.main.get_by_role("img", name="排查现场").first.evaluate("picture => picture.naturalWidth") > 0
    [task] = [task for task in site.read.live_tasks("linxia_2024") if task.case_id == case_id]
    assert (task.element_id, task.groups) == ("review_disposition", (("supervisor", "office"),))


def test_files_of_a_form_that_is_wrong_need_not_be_chosen_again(new_person: NewPerson) -> None:
    officer = new_person("nanlong1")
    claim(officer, LATE[2])

    fill_in_survey(officer)
    officer.page.get_by_label("建议理由").fill("")
    officer.press("提交办结")
    assert "现场.jpg" in officer.said
    officer.page.get_by_label("建议理由").fill(REASON)
    officer.press("提交办结")

    assert "已办结：现场排查登记" in officer.said


def test_only_one_of_two_clerks_gets_a_task(new_person: NewPerson) -> None:
    first, second = new_person("chengjiao1"), new_person("chengjiao2")
    second.go(f"/inbox?box=unclaimed&text={FRESH[1]}")
    claim(first, FRESH[1])

    second.press_in_row(FRESH[1], "领取")

    assert "城郊镇承办员甲" in second.said
    assert "领取" in second.said


def test_words_written_while_another_took_over_are_not_lost(new_person: NewPerson) -> None:
    first, second = new_person("chengjiao1"), new_person("chengjiao2")
    claim(first, LATE[0])
    task = first.page.url
    fill_in_survey(first)
    elsewhere = new_person("chengjiao1")
    elsewhere.go(task)
    elsewhere.press("退领")
    claim(second, LATE[0])

    first.press("提交办结")

    assert "城郊镇承办员乙" in first.said
    assert first.page.get_by_label("建议理由").input_value() == REASON


def test_a_draft_waits_for_its_writer(new_person: NewPerson) -> None:
    officer = new_person("nanlong1", viewport=PHONE)
    claim(officer, LATE[3])
    task = officer.page.url

    officer.page.get_by_label("建议理由").fill(REASON)
    officer.press("保存草稿")
    officer.go(task)

    assert officer.page.get_by_label("建议理由").input_value() == REASON
    assert officer.overhang <= 0


@pytest.mark.parametrize("login", ["chengjiao1", "gxj1"])
def test_an_officer_finds_the_way_on_a_phone(new_person: NewPerson, login: str) -> None:
    officer = new_person(login, viewport=PHONE)

    officer.page.get_by_role("banner").get_by_text("菜单").click()
    officer.page.get_by_role("banner").get_by_role("link", name="台账").click()
    officer.page.wait_for_url("**/cases*")
    officer.main.get_by_role("row").nth(1).get_by_role("link").first.click()
    officer.page.wait_for_url("**/cases/*")

    assert officer.overhang <= 0
