"""A day of a supervisor: late sites ticked on the desk, notices issued together, their paper, receipt and reply."""

import re
from pathlib import Path

import pytest
from browser_person import PHONE, NewPerson, Person
from browser_site import LATE
from pdfminer.high_level import extract_text

REASON = "逾期未排查，越级督办：请于本周内到现场登记（演示）"


def tick(supervisor: Person, *case_ids: str) -> None:
    supervisor.go("/desk")
    for case_id in case_ids:
        supervisor.main.get_by_role("checkbox", name=case_id).check()


def wait_for_paper(supervisor: Person, letters: int) -> None:
    """The page looks again by itself while the worker makes the documents."""
    made = supervisor.main.locator("tr:has-text('刚签发') a[href$='.pdf']")
    made.nth(letters - 1).wait_for()


def test_three_notices_go_out_together_and_are_followed_up(new_person: NewPerson) -> None:
    supervisor = new_person("ducha1")
    tick(supervisor, *LATE[:3])
    supervisor.press("督办通知")
    assert "将发出 3 份" in supervisor.said

    supervisor.press("签发 3 份")
    assert "理由" in supervisor.main.get_by_role("alert").inner_text()
    supervisor.page.get_by_label("督办要求或越级理由").fill(REASON)
    supervisor.press("签发 3 份")

    assert "/letters" in supervisor.page.url
    rows = supervisor.main.get_by_role("row").filter(has_text="刚签发")
    numbers = [re.search(r"〔2024〕(\d+)号", words) for words in rows.all_inner_texts()]
    taken = sorted(int(found[1]) for found in numbers if found)
    assert taken == list(range(taken[0], taken[0] + 3))
    wait_for_paper(supervisor, 3)
    follow_up(supervisor, new_person("chengjiao1"), taken[0])


def follow_up(supervisor: Person, officer: Person, number: int) -> None:
    """The paper is read; the unit signs for it and replies, the reply is accepted, and the letter is closed by it."""
    supervisor.press_in_row(f"〔2024〕{number}号", f"〔2024〕{number}号")
    pdf = supervisor.download(supervisor.main.get_by_role("link", name="下载"))
    words = extract_text(pdf).replace(" ", "").replace("\n", "")
    assert pdf.read_bytes().startswith(b"%PDF-") and pdf.name.endswith(f"{number}号.pdf")
    assert f"〔2024〕{number}号" in words and "督办通知" in words

    letter = supervisor.page.url
    officer.go(letter)
    officer.page.get_by_label("签收人").fill("演示员")
    officer.page.get_by_label("职务").fill("收文员")
    officer.press("确认签收")
    assert "已签收" in officer.said

    officer.page.get_by_label("回复内容").fill("已安排人员今日到场登记（演示）")
    officer.press("提交第")
    assert "已安排人员今日到场登记" in officer.said

    supervisor.go(letter)
    supervisor.press("审核通过")
    assert "已办结" in supervisor.said


def test_nothing_ticked_is_said(new_person: NewPerson) -> None:
    supervisor = new_person("ducha1")

    tick(supervisor)
    supervisor.press("督办通知")

    assert "请" in supervisor.main.get_by_role("alert").inner_text()
    supervisor.press("返回督查台")
    assert supervisor.page.url.endswith("/desk")


def test_a_letter_is_seen_before_it_goes_out(new_person: NewPerson) -> None:
    supervisor = new_person("ducha1")
    tick(supervisor, LATE[3])
    supervisor.press("督办函")

    address = supervisor.main.locator("iframe").get_attribute("src") or ""
    preview = supervisor.page.request.get(address.partition("#")[0])

    assert preview.body().startswith(b"%PDF-")


@pytest.mark.parametrize("width", [PHONE, {"width": 1440, "height": 900}], ids=["phone", "desk"])
def test_the_desk_tells_who_is_late_since_when(new_person: NewPerson, width: dict[str, int]) -> None:
    supervisor = new_person("ducha1", viewport=width)

    supervisor.go(f"/desk?text={LATE[3]}")

    row = supervisor.main.get_by_role("row").filter(has_text=LATE[3]).inner_text()
    assert "南龙镇" in row and "逾期2个工作日" in row and "6月11日 18:00" in row
    assert supervisor.overhang <= 0


def test_a_register_is_checked_before_it_is_taken_in(new_person: NewPerson, tmp_path: Path) -> None:
    supervisor = new_person("ducha1")
    junk = tmp_path / "junk.xlsx"
    junk.write_bytes(b"\x00\x07junk" * 500_000)

    supervisor.go("/register")
    supervisor.page.get_by_label("底册").set_input_files(junk)
    supervisor.press("检查")

    assert "junk.xlsx 有错误，没有导入任何一行" in supervisor.said
    template = supervisor.download(supervisor.main.get_by_role("link", name="模板"))
    assert template.read_bytes().startswith(b"PK")
