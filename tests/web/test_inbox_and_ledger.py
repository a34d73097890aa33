"""The lists: what stands in the address is what is shown, and nobody sees another's area."""

import io
from collections.abc import Callable

import pytest
from scenario import Scenario
from web_visitor import Browser

from forms.demo_data import register

SignIn = Callable[[str], Browser]
SITE = {"name": "新发现的加工点（演示）", "address": "演示路99号", "industry": "石材加工", "campaign": "linxia_2024"}


def register_file(scenario: Scenario, rows: int) -> bytes:
    plan = scenario.engine.read.campaign(scenario.campaign)
    groups = [(group.id, group.name, group.industries) for group in plan.groups if group.industries]
    return register(rows, 1, [(unit.id, unit.name) for unit in plan.areas], groups)


def test_the_inbox_shows_what_waits_for_my_group_only(scenario: Scenario, signed_in: SignIn) -> None:
    here = scenario.register(2)
    there = scenario.register(1, area="nanlong")

    page = signed_in("chengjiao1").get("/inbox?box=unclaimed").get_data(as_text=True)

    assert all(case in page for case in here)
    assert there[0] not in page


def test_the_inbox_counts_every_box(scenario: Scenario, signed_in: SignIn) -> None:
    scenario.register(3)
    browser = signed_in("chengjiao1")
    browser.get("/inbox")
    task = scenario.tasks()[0].task_id
    browser.post(f"/tasks/{task}/claim")

    mine = browser.get("/inbox?box=mine").get_data(as_text=True)

    assert [part.split("</span>")[0] for part in mine.split('tabs__count">')[1:]] == ["1", "3", "2"]


def test_a_search_is_in_the_address_and_survives_paging(scenario: Scenario, signed_in: SignIn) -> None:
    scenario.register(30)

    page = signed_in("chengjiao1").get("/inbox?box=unclaimed&text=演示&phase=survey").get_data(as_text=True)

    assert "第 1 / 2 页" in page
    assert "page=2" in page and "phase=survey" in page


def test_an_unknown_word_in_the_filter_finds_nothing_and_says_so(scenario: Scenario, signed_in: SignIn) -> None:
    scenario.register(1)

    page = signed_in("chengjiao1").get("/inbox?box=unclaimed&area=nowhere&page=99999999").get_data(as_text=True)

    assert "没有符合条件的事项" in page


def test_a_late_task_is_red_in_words_and_shape(scenario: Scenario, signed_in: SignIn) -> None:
    scenario.register(1)
    scenario.until("2024-07-25 09:00")

    page = signed_in("chengjiao1").get("/inbox?box=unclaimed").get_data(as_text=True)

    assert "light--red" in page
    assert "逾期" in page


def test_the_ledger_and_the_dossier_stop_at_the_border_of_the_area(scenario: Scenario, signed_in: SignIn) -> None:
    mine, foreign = scenario.register(1)[0], scenario.register(1, area="nanlong")[0]
    browser = signed_in("chengjiao1")

    page = browser.get("/cases").get_data(as_text=True)

    assert mine in page and foreign not in page
    assert browser.get(f"/cases/{mine}").status_code == 200
    assert browser.get(f"/cases/{foreign}").status_code == 404


def test_the_dossier_tells_the_whole_story(scenario: Scenario, signed_in: SignIn) -> None:
    case = scenario.register(1)[0]
    scenario.survey(case)

    page = signed_in("ducha1").get(f"/cases/{case}").get_data(as_text=True)

    assert "steps__step--current" in page
    assert "现场排查登记" in page
    assert "确定处置方式" in page
    assert "data-diagram-url" in page


@pytest.mark.parametrize(("address", "begin"), [("/cases/export.xlsx", b"PK"), ("/cases/export.csv", b"\xef\xbb\xbf")])
def test_the_ledger_is_exported_as_filtered(scenario: Scenario, signed_in: SignIn, address: str, begin: bytes) -> None:
    scenario.register(2)

    answer = signed_in("chengjiao1").get(f"{address}?text=加工点1")

    assert answer.status_code == 200
    assert answer.data.startswith(begin)
    assert "attachment" in answer.headers["Content-Disposition"]
    if address.endswith("csv"):
        assert "加工点1（" in answer.data.decode("utf-8-sig")
        assert "加工点2（" not in answer.data.decode("utf-8-sig")


def test_an_officer_registers_a_site_once(scenario: Scenario, signed_in: SignIn) -> None:
    browser = signed_in("chengjiao1")
    browser.get("/cases/new")
    site = {**SITE, "area": "城郊镇", "group": "工业“散乱污”问题清理整治专责组"}

    first = browser.post("/cases", site)
    again = browser.post("/cases", site)

    assert first.status_code == 303 and first.headers["Location"].startswith("/cases/LINXIA2024-")
    assert again.headers["Location"] == "/cases"
    assert len(scenario.tasks()) == 1


def test_an_officer_registers_in_their_own_area_only(signed_in: SignIn) -> None:
    browser = signed_in("chengjiao1")
    browser.get("/cases/new")

    refused = browser.post("/cases", {**SITE, "area": "南龙镇"})

    assert refused.status_code == 422
    assert "只能登记本辖区的点位" in browser.page
    assert "演示路99号" in browser.page


def test_a_register_is_checked_first_and_imported_when_confirmed(scenario: Scenario, signed_in: SignIn) -> None:
    browser = signed_in("ducha1")
    browser.get("/register")
    file = (io.BytesIO(register_file(scenario, 3)), "底册.xlsx")

    checked = browser.post(
        "/register/check", {"campaign": "linxia_2024", "file": file}, content_type="multipart/form-data"
    )
    before = len(scenario.tasks())
    carried = {name: browser.hidden(name) for name in ("campaign", "filename", "packed")}
    done = browser.post("/register", carried)

    assert checked.status_code == 200 and "导入 3 户" in checked.get_data(as_text=True)
    assert before == 0
    assert done.status_code == 303
    assert len(scenario.tasks()) == 3


def test_a_wrong_register_names_row_and_column_and_imports_nothing(scenario: Scenario, signed_in: SignIn) -> None:
    browser = signed_in("ducha1")
    browser.get("/register")
    file = (io.BytesIO("名称,所在镇街,地址,行业\n甲厂,没有的镇,某路1号,石材加工\n".encode()), "底册.csv")

    refused = browser.post(
        "/register/check", {"campaign": "linxia_2024", "file": file}, content_type="multipart/form-data"
    )

    assert refused.status_code == 422
    assert "第 2 行“所在镇街”" in browser.page
    assert scenario.tasks() == []


def test_pages_open_in_english_too(scenario: Scenario, signed_in: SignIn) -> None:
    case = scenario.register(1)[0]
    browser = signed_in("chengjiao1")
    task = scenario.tasks()[0].task_id

    answers = [
        browser.get(f"{address}?lang=en").status_code
        for address in ("/inbox", "/cases", f"/cases/{case}", f"/tasks/{task}", "/cases/new")
    ]

    assert answers == [200] * 5
