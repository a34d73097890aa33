"""延期 on the pages: what is possible is said, what stands against it stands at the field, nothing typed is lost."""

import io
from collections.abc import Callable

import pytest
from PIL import Image
from scenario import Scenario
from web_visitor import Browser

from engine.commands.tasks import ClaimTask

SignIn = Callable[[str], Browser]
REASON = "设备到货推迟，已完成七成（演示）"


def proof() -> tuple[io.BytesIO, str]:
    drawn = io.BytesIO()
    Image.new("RGB", (40, 30), "blue").save(drawn, "JPEG")
    return io.BytesIO(drawn.getvalue()), "到货通知.jpg"


def request(browser: Browser, wanted: str) -> dict[str, object]:
    answer = {"extension_asked": "on", "extension_reason": REASON, "extension_wanted": wanted}
    return {
        **answer,
        "extension_proof": proof(),
        **{name: browser.hidden(name) for name in ("_revision", "_operation")},
    }


@pytest.fixture
def case(scenario: Scenario) -> str:
    """Its time for rectification runs from 2024-07-03 to 2024-09-30 18:00."""
    [case] = scenario.register()
    scenario.survey(case, "rectify")
    scenario.complete("rectification_plan", case, measures="整改（演示）", planned_finish="2024-09-01")
    scenario.until("2024-07-03 09:00")
    scenario.complete("guide_rectification", case, guided_on="2024-07-03")
    scenario.work()
    return case


def opened(scenario: Scenario, signed_in: SignIn, case: str, element_id: str, login: str) -> tuple[Browser, str]:
    """The page of the task, claimed by that person."""
    task = scenario.task_of(case, element_id)
    scenario.engine.execute(ClaimTask(task.task_id), by=scenario.person(login))
    browser = signed_in(login)
    address = f"/tasks/{task.task_id}"
    browser.get(address)
    return browser, address


def send(browser: Browser, address: str, values: dict[str, object]) -> int:
    return browser.post(f"{address}/completion", values, content_type="multipart/form-data").status_code


def test_the_form_says_what_is_possible_before_it_is_filled_in(
    scenario: Scenario, signed_in: SignIn, case: str
) -> None:
    browser, address = opened(scenario, signed_in, case, "report_standard", "chengjiao1")

    assert "最迟2024年9月26日（周四）18:00提出，新期限最迟2024年10月30日（周三）18:00。" in browser.page
    assert "{{" not in browser.page
    browser.get(f"{address}?lang=en")
    assert "until Thu 2024-09-26 18:00, and to Wed 2024-10-30 18:00 at the latest." in browser.page


def test_a_request_for_too_long_is_refused_at_its_field_and_keeps_every_word_and_file(
    scenario: Scenario, signed_in: SignIn, case: str
) -> None:
    browser, address = opened(scenario, signed_in, case, "report_standard", "chengjiao1")

    status = send(browser, address, request(browser, "2024-10-31"))

    assert status == 422
    assert 'href="#extension_wanted"' in browser.page and 'id="extension_wanted-error"' in browser.page
    assert "新期限超过了延期的最长天数，最迟可延至2024年10月30日（周三）18:00" in browser.page
    assert REASON in browser.page and 'value="2024-10-31"' in browser.page and "到货通知.jpg" in browser.page

    again = request(browser, "2024-10-30")
    del again["extension_proof"]  # kept with the task
    assert send(browser, address, again) == 303
    assert [task.element_id for task in scenario.tasks(case)] == ["review_extension"]


def test_a_request_that_comes_too_late_says_until_when_it_had_to_be_asked_for(
    scenario: Scenario, signed_in: SignIn, case: str
) -> None:
    scenario.until("2024-09-27 09:00")
    browser, address = opened(scenario, signed_in, case, "report_standard", "chengjiao1")

    status = send(browser, address, request(browser, "2024-10-25"))

    assert status == 422 and 'href="#extension_asked"' in browser.page
    assert "本件最迟应在2024年9月26日（周四）18:00前提出，现已错过" in browser.page
    assert REASON in browser.page


def test_a_grant_beyond_the_limit_is_refused_and_the_answer_kept(
    scenario: Scenario, signed_in: SignIn, case: str
) -> None:
    scenario.complete(
        "report_standard", case, extension_asked=True, extension_reason=REASON, extension_wanted="2024-10-20"
    )
    browser, address = opened(scenario, signed_in, case, "review_extension", "ducha1")
    answer = {"extension_decision": "approve", "extension_answer": "情况属实（演示）"}
    hidden = {name: browser.hidden(name) for name in ("_revision", "_operation")}

    assert "原期限2024年9月30日（周一）18:00，新期限最迟2024年10月30日（周三）18:00。" in browser.page
    status = send(browser, address, {**answer, **hidden, "extended_due": "2024-11-01"})

    assert status == 422 and 'id="extended_due-error"' in browser.page
    assert "情况属实（演示）" in browser.page and 'value="2024-11-01"' in browser.page
    hidden = {name: browser.hidden(name) for name in ("_revision", "_operation")}
    assert send(browser, address, {**answer, **hidden, "extended_due": "2024-10-25"}) == 303


def test_after_the_answer_the_form_does_not_offer_another_request(
    scenario: Scenario, signed_in: SignIn, case: str
) -> None:
    scenario.complete(
        "report_standard", case, extension_asked=True, extension_reason=REASON, extension_wanted="2024-10-20"
    )
    scenario.complete("review_extension", case, extension_decision="decline", extension_answer="理由不足（演示）")
    browser, address = opened(scenario, signed_in, case, "report_standard", "chengjiao1")

    assert "本件已申请过延期或者另定过期限，不得再次申请。" in browser.page
    assert 'name="extension_asked"' not in browser.page
    assert send(browser, address, request(browser, "2024-10-25")) == 422
    assert [task.element_id for task in scenario.tasks(case)] == ["report_standard"]


def test_a_task_says_why_its_light_burns(scenario: Scenario, signed_in: SignIn, case: str) -> None:
    scenario.until("2024-09-27 09:00")
    browser, _ = opened(scenario, signed_in, case, "report_standard", "chengjiao1")

    assert "为什么是这个灯" in browser.page
    assert "期限从2024年7月3日（周三）09:00到2024年9月30日（周一）18:00" in browser.page
    assert "看规则表原文" not in browser.page, "an officer does not open the designer's files"
    supervisor = signed_in("ducha1")
    supervisor.get(f"/tasks/{scenario.task_of(case, 'report_standard').task_id}")
    assert "为什么是这个灯" in supervisor.page and "看规则表原文" in supervisor.page


def test_a_finished_task_has_no_light_to_explain(scenario: Scenario, signed_in: SignIn, case: str) -> None:
    task = scenario.task_of(case, "report_standard")
    scenario.complete("report_standard", case, emission_result="none", standard_reached_on="2024-07-03")

    browser = signed_in("chengjiao1")

    assert browser.get(f"/tasks/{task.task_id}").status_code == 200
    assert "为什么是这个灯" not in browser.page
