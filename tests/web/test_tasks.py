"""An officer's task through HTTP: claim, fill in wrongly and rightly, attach, hand in, send back."""

import io
import re
from collections.abc import Callable
from typing import Any

import pytest
from PIL import Image
from scenario import Scenario
from web_visitor import Browser

from engine.domain.task import TaskState

SignIn = Callable[[str], Browser]
SURVEY = {
    "name": "演示石材加工点（演示）",
    "address": "演示路1号（演示）",
    "kinds": ["san", "wu"],
    "finding_san": "无证经营，散落在居民区。",
    "finding_wu": "废水直排。",
    "proposed": "rectify",
    "proposed_reason": "可以改造达标。",
    "surveyed_on": "2024-05-20",
}


def photo(colour: str = "red") -> bytes:
    drawn = io.BytesIO()
    Image.new("RGB", (40, 30), colour).save(drawn, "JPEG")
    return drawn.getvalue()


def with_photo(values: dict[str, Any], name: str = "现场.jpg") -> dict[str, Any]:
    return {**values, "survey_photos": (io.BytesIO(photo()), name)}


@pytest.fixture
def case(scenario: Scenario) -> str:
    return scenario.register(1)[0]


@pytest.fixture
def address(scenario: Scenario, case: str) -> str:
    return f"/tasks/{scenario.task_of(case, 'survey_site').task_id}"


@pytest.fixture
def officer(signed_in: SignIn, address: str) -> Browser:
    """Holds the task and looks at it."""
    browser = signed_in("chengjiao1")
    browser.get(address)
    browser.post(f"{address}/claim")
    browser.get(address)
    return browser


def hidden(browser: Browser) -> dict[str, str]:
    return {name: browser.hidden(name) for name in ("_revision", "_operation")}


def state(scenario: Scenario, address: str) -> TaskState:
    task = scenario.engine.read.task(scenario.person("chengjiao1"), address.rsplit("/", 1)[1])
    return TaskState(task.state)


def test_a_task_is_claimed_from_the_row_of_the_inbox(scenario: Scenario, signed_in: SignIn, address: str) -> None:
    browser = signed_in("chengjiao1")
    browser.get("/inbox")

    response = browser.post(f"{address}/claim", follow_redirects=True)

    assert "已领取" in response.get_data(as_text=True)
    assert "提交办结" in browser.page
    assert state(scenario, address) == TaskState.CLAIMED


def test_a_task_claimed_by_a_colleague_says_by_whom(officer: Browser, signed_in: SignIn, address: str) -> None:
    colleague = signed_in("chengjiao2")
    colleague.get(address)

    refused = colleague.post(f"{address}/claim")

    assert refused.status_code == 409
    assert "城郊镇承办员甲（演示）" in refused.get_data(as_text=True)


def test_a_foreign_task_is_not_found(signed_in: SignIn, address: str) -> None:
    stranger = signed_in("nanlong1")

    assert stranger.get(address).status_code == 404
    assert stranger.post(f"{address}/claim").status_code == 404


def test_a_form_filled_in_wrongly_says_what_and_keeps_the_words(
    officer: Browser, scenario: Scenario, address: str
) -> None:
    values = {**SURVEY, "finding_wu": "", "proposed_reason": "可以改造达标，已与经营者谈过。"}

    answer = officer.post(f"{address}/completion", {**values, **hidden(officer)})

    assert answer.status_code == 422
    assert 'href="#finding_wu"' in officer.page
    assert 'href="#survey_photos"' in officer.page
    assert 'aria-describedby="finding_wu-error"' in officer.page or "finding_wu-error" in officer.page
    assert "可以改造达标，已与经营者谈过。" in officer.page
    assert state(scenario, address) == TaskState.CLAIMED


def test_photos_of_a_form_that_is_otherwise_wrong_are_kept(officer: Browser, scenario: Scenario, address: str) -> None:
    wrong = {**SURVEY, "proposed_reason": "", **hidden(officer)}
    officer.post(f"{address}/completion", with_photo(wrong), content_type="multipart/form-data")

    assert "已留存 1 个文件" in officer.page
    assert "现场.jpg" in officer.page

    done = officer.post(f"{address}/completion", {**SURVEY, **hidden(officer)})

    assert done.status_code == 303
    assert state(scenario, address) == TaskState.COMPLETED


def test_the_same_photo_sent_again_is_kept_once(officer: Browser, scenario: Scenario, address: str) -> None:
    for _ in range(2):
        wrong = {**SURVEY, "proposed_reason": "", **hidden(officer)}
        officer.post(f"{address}/completion", with_photo(wrong), content_type="multipart/form-data")

    task = scenario.engine.read.task(scenario.person("chengjiao1"), address.rsplit("/", 1)[1])

    assert [row.filename for row in task.evidence] == ["现场.jpg"]


def test_a_form_filled_in_rightly_moves_the_case(officer: Browser, scenario: Scenario, case: str, address: str) -> None:
    sent = with_photo({**SURVEY, **hidden(officer)})

    done = officer.post(f"{address}/completion", sent, content_type="multipart/form-data")
    officer.get(done.headers["Location"])

    assert done.status_code == 303
    assert "已办结：现场排查登记" in officer.page
    assert scenario.task_of(case, "review_disposition")


def test_a_double_click_has_one_effect(officer: Browser, scenario: Scenario, case: str, address: str) -> None:
    first = {**SURVEY, **hidden(officer)}

    answers = [
        officer.post(f"{address}/completion", with_photo(first), content_type="multipart/form-data").status_code
        for _ in range(2)
    ]

    assert answers == [303, 303]
    assert len(scenario.facts("TaskCompleted", case)) == 1


def test_a_page_older_than_the_task_is_told_so_and_keeps_the_words(
    officer: Browser, scenario: Scenario, address: str
) -> None:
    old = hidden(officer)
    officer.post(f"{address}/release")
    officer.post(f"{address}/claim")

    answer = officer.post(f"{address}/completion", with_photo({**SURVEY, **old}), content_type="multipart/form-data")

    assert answer.status_code == 409
    assert "打开页面后" in officer.page
    assert "废水直排。" in officer.page
    assert state(scenario, address) == TaskState.CLAIMED


def test_a_draft_is_kept_unchecked_and_shown_again(officer: Browser, address: str) -> None:
    officer.post(f"{address}/draft", {"finding_san": "写了一半", "proposed": "close"})

    officer.get(address)

    assert "草稿已保存" in officer.page
    assert "写了一半" in officer.page
    assert re.search(r'value="close"[^>]* checked', officer.page)


def test_a_script_saves_a_draft_and_gets_json(officer: Browser, address: str) -> None:
    saved = officer.post(f"{address}/draft", {"finding_san": "写了一半"}, headers={"Accept": "application/json"})

    assert saved.get_json() == {"status": "saved"}


def test_the_task_explains_its_due_date_and_its_group(officer: Browser) -> None:
    assert "为何是这一天" in officer.page
    assert "按方案规定日期" in officer.page or "起算" in officer.page
    assert "城郊镇 · 承办人" in officer.page


def test_what_an_officer_types_is_never_markup(officer: Browser, scenario: Scenario, case: str, address: str) -> None:
    attack = '<img src=x onerror="document.title=1">'
    sent = with_photo({**SURVEY, "finding_wu": attack, "name": attack, **hidden(officer)})
    officer.post(f"{address}/completion", sent, content_type="multipart/form-data")
    officer.get(f"/cases/{case}")

    assert attack not in officer.page
    assert "&lt;img src=x" in officer.page


def test_sending_back_needs_a_reason_and_then_goes_back(
    scenario: Scenario, officer: Browser, signed_in: SignIn, case: str, address: str
) -> None:
    officer.post(f"{address}/completion", with_photo({**SURVEY, **hidden(officer)}), content_type="multipart/form-data")
    review = f"/tasks/{scenario.task_of(case, 'review_disposition').task_id}"
    supervisor = signed_in("ducha1")
    supervisor.get(review)
    supervisor.post(f"{review}/claim")
    supervisor.get(review)

    refused = supervisor.post(f"{review}/return", {"reason": " ", **hidden(supervisor)})
    supervisor_page = supervisor.page
    done = supervisor.post(f"{review}/return", {"reason": "照片不清楚", **hidden(supervisor)})

    assert refused.status_code == 422
    assert "请填写退回理由。" in supervisor_page
    assert done.status_code == 303
    assert scenario.task_of(case, "survey_site")


def test_evidence_is_a_download_and_only_for_those_who_see_the_case(
    scenario: Scenario, officer: Browser, signed_in: SignIn, case: str, address: str
) -> None:
    officer.post(f"{address}/completion", with_photo({**SURVEY, **hidden(officer)}), content_type="multipart/form-data")
    evidence = scenario.engine.read.case(scenario.person("chengjiao1"), case).evidence[0].evidence_id

    whole = officer.get(f"/evidence/{evidence}")
    small = officer.get(f"/evidence/{evidence}/thumbnail")

    assert whole.headers["Content-Disposition"].startswith("attachment")
    assert whole.headers["X-Content-Type-Options"] == "nosniff"
    assert "sandbox" in whole.headers["Content-Security-Policy"]
    assert small.mimetype == "image/jpeg"
    assert signed_in("nanlong1").get(f"/evidence/{evidence}").status_code == 404


def test_too_much_in_one_go_is_explained(officer: Browser, address: str) -> None:
    body = b"--x\r\n" + b"x" * 20_000_001

    answer = officer.client.post(f"{address}/completion", data=body, content_type="multipart/form-data; boundary=x")

    assert answer.status_code == 413
    assert "20 MB" in answer.get_data(as_text=True)


def test_a_program_gets_its_problem_as_json(officer: Browser) -> None:
    answer = officer.get("/tasks/nothing", headers={"Accept": "application/json"})

    assert answer.mimetype == "application/problem+json"
    assert answer.get_json()["code"] == "task_unknown"
