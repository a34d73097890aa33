"""The letters register and one letter: its document and its void. Service and replies: test_letter_service_pages."""

from collections.abc import Callable
from urllib.parse import quote

import pytest
from scenario import Scenario
from web_visitor import Browser

from engine.commands.letter_service import ReceiveLetter
from engine.commands.letters import IssueLetters
from engine.domain.service import Receipt
from engine.queries.letters import LetterFilter, LetterRow

SignIn = Callable[[str], Browser]


def issue(scenario: Scenario, count: int = 1, kind: str = "notice") -> list[str]:
    cases = scenario.register(count)
    command = IssueLetters(scenario.campaign, kind, tuple(cases), reason="演示")
    return list(scenario.engine.execute(command, by=scenario.supervisor))


def row_of(scenario: Scenario, letter_id: str) -> LetterRow:
    return scenario.engine.read.letter(scenario.supervisor, letter_id).row


def addressee(scenario: Scenario, letter_id: str) -> str:
    """The login of an officer of the unit that the letter is addressed to."""
    return f"{row_of(scenario, letter_id).unit_id}1"


def test_an_empty_register_says_what_to_do(scenario: Scenario, signed_in: SignIn) -> None:
    assert "还没有公文" in signed_in("ducha1").get("/letters").get_data(as_text=True)


def test_the_register_filters_and_pages_in_the_address(scenario: Scenario, signed_in: SignIn) -> None:
    issue(scenario, 26)
    issue(scenario, 1, "urge")
    browser = signed_in("ducha1")

    first = browser.get("/letters?kind=notice").get_data(as_text=True)
    second = browser.get("/letters?kind=notice&page=2").get_data(as_text=True)

    assert first.count("letter-row__number") == 25 and "kind=notice&amp;page=2" in first
    assert second.count("letter-row__number") == 1
    assert browser.get("/letters?kind=urge").get_data(as_text=True).count("letter-row__number") == 1
    assert browser.get("/letters?text=〕26号").get_data(as_text=True).count("letter-row__number") == 1
    assert "没有符合条件的记录" in browser.get("/letters?state=VOID&kind=urge").get_data(as_text=True)
    assert browser.get("/letters?page=nonsense").status_code == 200


def test_a_letter_is_being_made_until_its_job_has_run(scenario: Scenario, signed_in: SignIn) -> None:
    (letter_id,) = issue(scenario)
    browser = signed_in("ducha1")

    assert "data-until-ready" in browser.get(f"/letters/{letter_id}").get_data(as_text=True)
    assert browser.get(f"/letters/{letter_id}.pdf").status_code == 404
    scenario.work()

    page = browser.get(f"/letters/{letter_id}").get_data(as_text=True)
    assert "data-until-ready" not in page and "<iframe" in page
    assert row_of(scenario, letter_id).sha256 in page


def test_the_document_has_its_hash_as_etag_and_its_number_as_name(scenario: Scenario, signed_in: SignIn) -> None:
    (letter_id,) = issue(scenario)
    scenario.work()
    row = row_of(scenario, letter_id)
    browser = signed_in("ducha1")

    shown = browser.get(f"/letters/{letter_id}.pdf")
    saved = browser.get(f"/letters/{letter_id}.pdf?save=1")
    again = browser.get(f"/letters/{letter_id}.pdf", headers={"If-None-Match": shown.headers["ETag"]})

    assert shown.headers["ETag"] == f'"{row.sha256}"'
    assert shown.headers["Content-Disposition"].startswith("inline")
    assert saved.headers["Content-Disposition"].startswith("attachment")
    assert quote(f"{row.number}.pdf", safe="") in saved.headers["Content-Disposition"]
    assert shown.headers["X-Frame-Options"] == "SAMEORIGIN"
    assert again.status_code == 304 and not again.data


def test_a_unit_sees_its_own_letters_only(scenario: Scenario, signed_in: SignIn) -> None:
    (letter_id,) = issue(scenario)
    scenario.work()
    number = row_of(scenario, letter_id).number

    own = signed_in(addressee(scenario, letter_id))
    foreign = signed_in("nanlong1")

    assert number in own.get("/letters").get_data(as_text=True)
    assert own.get(f"/letters/{letter_id}").status_code == 200
    assert number not in foreign.get("/letters").get_data(as_text=True)
    assert foreign.get(f"/letters/{letter_id}").status_code == 404
    assert foreign.get(f"/letters/{letter_id}.pdf").status_code == 404
    assert foreign.post(f"/letters/{letter_id}/receipt", {"person": "张三（演示）", "post": "某职"}).status_code == 404


@pytest.mark.parametrize(
    ("act", "field", "words"),
    [("service", "person", "请填写签收（留置）时间"), ("voiding", "reason", "请填写作废理由")],
)
def test_an_empty_form_is_refused_beside_its_field(
    act: str, field: str, words: str, scenario: Scenario, signed_in: SignIn
) -> None:
    (letter_id,) = issue(scenario)
    browser = signed_in("ducha1")
    browser.get(f"/letters/{letter_id}")

    response = browser.post(f"/letters/{letter_id}/{act}", {field: "  "})

    assert response.status_code == 422
    assert words in response.get_data(as_text=True)
    assert row_of(scenario, letter_id).state == "ISSUED"


def test_a_void_letter_says_why_and_keeps_its_number(scenario: Scenario, signed_in: SignIn) -> None:
    first, second = issue(scenario, 2)
    browser = signed_in("ducha1")
    browser.get(f"/letters/{first}")

    response = browser.post(f"/letters/{first}/voiding", {"reason": "主送单位有误（演示）"}, follow_redirects=True)

    page = response.get_data(as_text=True)
    assert "主送单位有误（演示）" in page and "作废" in page
    (third,) = issue(scenario)
    numbers = [row_of(scenario, letter_id).number for letter_id in (first, second, third)]
    assert [number.split("〕")[1] for number in numbers] == ["1号", "2号", "3号"]


def test_a_reply_that_is_late_is_flagged(scenario: Scenario, signed_in: SignIn) -> None:
    (letter_id,) = issue(scenario)
    signed = ReceiveLetter(letter_id, Receipt("李四（演示）", "收文员（演示）"))
    scenario.engine.execute(signed, by=scenario.person(addressee(scenario, letter_id)))
    scenario.until("2024-07-30 09:00")

    page = signed_in("ducha1").get("/letters?kind=notice").get_data(as_text=True)

    assert "逾期未回复" in page
    listed = scenario.engine.read.letters(scenario.supervisor, LetterFilter()).rows
    assert [row.is_reply_late for row in listed if row.letter_id == letter_id] == [True]


def test_the_real_letter_is_a_pdf(new_scenario: Callable[..., Scenario]) -> None:
    scenario = new_scenario(letters="real")
    (letter_id,) = issue(scenario)
    scenario.work()

    document = scenario.engine.read.letter_document(scenario.supervisor, letter_id)

    assert document.content.startswith(b"%PDF-") and len(document.content) > 10_000
