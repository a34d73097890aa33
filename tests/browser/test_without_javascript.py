"""Everything but the drawings works in a browser without JavaScript."""

from browser_person import NewPerson
from browser_site import FRESH, LATE
from test_officer_day import REASON, claim, photo


def test_a_survey_is_handed_in_without_javascript(new_person: NewPerson) -> None:
    officer = new_person("chengjiao1", java_script_enabled=False)
    page = officer.page

    claim(officer, FRESH[0])
    officer.press("提交办结")
    assert "需要改正" in officer.main.get_by_role("alert").inner_text()
    page.get_by_label("剔除").check()
    page.get_by_label("建议理由").fill(REASON)
    page.get_by_label("排查日期").fill("2024-06-12")
    page.get_by_label("现场照片").set_input_files([photo()])
    officer.press("提交办结")

    assert "已办结：现场排查登记" in officer.said
    officer.go(f"/cases/{FRESH[0]}")
    assert "审定处置方式" in officer.said
    officer.page.get_by_role("banner").get_by_role("button", name="退出").click()
    page.wait_for_url("**/login*")


def test_letters_are_issued_without_javascript(new_person: NewPerson) -> None:
    supervisor = new_person("ducha1", java_script_enabled=False)

    supervisor.go("/desk")
    supervisor.main.get_by_role("checkbox", name=LATE[3]).check()
    supervisor.press("催办单")
    supervisor.press("签发 1 份")

    assert "刚签发" in supervisor.said
