"""Pages of service and replies: signing on the page, paper entered by the office, rounds of reply and review, lists."""

import io
from collections.abc import Callable

import pytest
from PIL import Image
from scenario import Scenario, at
from web_visitor import Browser

from engine.commands.letters import IssueLetters
from engine.queries.letter_service import ServicePage

SignIn = Callable[[str], Browser]
SIGNED = {"person": "李四（演示）", "post": "收文员（演示）"}
LEFT_THERE = SIGNED | {
    "manner": "left",
    "signed_at": "2024-05-20T09:00",
    "place": "工信局收发室（演示）",
    "refusal": "拒绝签字（演示）",
}


@pytest.fixture
def letter_id(scenario: Scenario) -> str:
    """To 工信局, three working days to reply; Monday 2024-05-20 09:00."""
    command = IssueLetters(scenario.campaign, "notice", tuple(scenario.register()), reply_term="3wd")
    [found] = scenario.engine.execute(command, by=scenario.supervisor)
    return str(found)


def stands(scenario: Scenario, letter_id: str) -> ServicePage:
    found: ServicePage = scenario.engine.read.letter_service(scenario.supervisor, letter_id)
    return found


def photo() -> tuple[io.BytesIO, str]:
    drawn = io.BytesIO()
    Image.new("RGB", (40, 30), "white").save(drawn, "JPEG")
    return io.BytesIO(drawn.getvalue()), "留置现场（演示）.jpg"


def test_opening_is_noted_and_shown_and_is_no_receipt(scenario: Scenario, signed_in: SignIn, letter_id: str) -> None:
    unit, office = signed_in("gxj1"), signed_in("ducha1")

    unit.get(f"/letters/{letter_id}")
    page = office.get(f"/letters/{letter_id}").get_data(as_text=True)

    assert scenario.person("gxj1").name in page and "阅览不等于签收" in page
    assert [reading.person for reading in stands(scenario, letter_id).readings] == [scenario.person("gxj1").name]
    assert stands(scenario, letter_id).stands.state == "ISSUED"


def test_a_clerk_signs_on_the_page(scenario: Scenario, signed_in: SignIn, letter_id: str) -> None:
    unit = signed_in("gxj1")
    before = unit.get(f"/letters/{letter_id}").get_data(as_text=True)

    signed = unit.post(f"/letters/{letter_id}/receipt", SIGNED)

    page = unit.get(f"/letters/{letter_id}").get_data(as_text=True)
    assert signed.status_code == 303
    assert "自签收起 3个工作日" in before and "确认签收" in before
    assert "李四（演示），收文员（演示）" in page and "5月23日" in page and "当日不计入" in page
    assert "提交第 1 次回复" in page and "确认签收" not in page


def test_a_second_press_signs_once(scenario: Scenario, signed_in: SignIn, letter_id: str) -> None:
    unit = signed_in("gxj1")
    unit.get(f"/letters/{letter_id}")
    sent = SIGNED | {"_operation": unit.hidden("_operation"), "unit": unit.hidden("unit")}

    answers = [unit.post(f"/letters/{letter_id}/receipt", sent).status_code for _ in range(2)]
    other = unit.post(f"/letters/{letter_id}/receipt", SIGNED | {"person": "另一人（演示）"})

    assert (answers, other.status_code) == ([303, 303], 409)


@pytest.mark.parametrize(
    ("words", "complaint"),
    [
        ({"post": " "}, "请填写签收人职务"),
        ({"person": "长" * 61}, "最多 60 字，现有 61 字"),
    ],
)
def test_a_receipt_that_lacks_something_comes_back_with_its_words(
    scenario: Scenario, signed_in: SignIn, letter_id: str, words: dict[str, str], complaint: str
) -> None:
    unit = signed_in("gxj1")
    unit.get(f"/letters/{letter_id}")
    sent = SIGNED | words

    answer = unit.post(f"/letters/{letter_id}/receipt", sent)

    page = answer.get_data(as_text=True)
    assert answer.status_code == 422 and complaint in page and sent["person"] in page
    assert stands(scenario, letter_id).stands.state == "ISSUED"


def test_what_is_left_behind_keeps_its_picture_while_the_form_is_mended(
    scenario: Scenario, signed_in: SignIn, letter_id: str
) -> None:
    office = signed_in("ducha1")
    office.get(f"/letters/{letter_id}")

    refused = office.post(f"/letters/{letter_id}/service", LEFT_THERE | {"refusal": "", "files": [photo()]})
    page = refused.get_data(as_text=True)
    served = office.post(f"/letters/{letter_id}/service", LEFT_THERE)

    found = stands(scenario, letter_id)
    assert refused.status_code == 422 and "请填写拒收事由" in page and "工信局收发室（演示）" in page
    assert "留置现场（演示）.jpg" in page  # chosen once
    assert (served.status_code, found.stands.state, len(found.receipt.files)) == (303, "SERVED", 1)
    file = office.get(f"/letters/files/{found.receipt.files[0].file_id}")
    assert (file.status_code, file.mimetype) == (200, "image/jpeg")
    assert signed_in("swj1").get(f"/letters/files/{found.receipt.files[0].file_id}").status_code == 404


@pytest.mark.parametrize(
    ("words", "complaint"),
    [
        ({"signed_at": "yesterday"}, "签收时间写法不对"),
        ({"signed_at": "2024-05-21T09:00"}, "不能晚于现在"),
        ({"signed_at": "2024-05-19T09:00"}, "不能早于公文签发"),
        ({"manner": "pigeon"}, "请选择送达方式"),
        ({"manner": "post"}, "请填写邮件号"),
        ({"manner": "electronic"}, "须经受送达人同意"),
        ({"files": [(io.BytesIO(b"not a picture"), "假图片（演示）.jpg")]}, "不是 JPG 格式"),
    ],
)
def test_a_record_of_service_is_refused_beside_its_field(
    scenario: Scenario, signed_in: SignIn, letter_id: str, words: dict[str, object], complaint: str
) -> None:
    office = signed_in("ducha1")
    office.get(f"/letters/{letter_id}")

    answer = office.post(
        f"/letters/{letter_id}/service", SIGNED | {"manner": "direct", "signed_at": "2024-05-20T09:00"} | words
    )

    assert answer.status_code in (403, 422) if words.get("manner") == "pigeon" else answer.status_code == 422
    assert complaint in answer.get_data(as_text=True)
    assert stands(scenario, letter_id).receipt is None


def test_rounds_of_reply_and_review(scenario: Scenario, signed_in: SignIn, letter_id: str) -> None:
    unit, office = signed_in("gxj1"), signed_in("ducha1")
    unit.get(f"/letters/{letter_id}")
    unit.post(f"/letters/{letter_id}/receipt", SIGNED)

    long = unit.post(f"/letters/{letter_id}/reply", {"text": "长" * 4001, "files": [photo()]})
    unit.post(f"/letters/{letter_id}/reply", {"text": "已断水断电。\r\n设备正在拆除。"})
    office.get(f"/letters/{letter_id}")
    bare = office.post(f"/letters/{letter_id}/return", {"return_reason": "", "opinion": "", "term": "2wd"})
    returned = office.post(
        f"/letters/{letter_id}/return", {"return_reason": "standard", "opinion": "设备还在（演示）", "term": "2wd"}
    )
    again = unit.get(f"/letters/{letter_id}").get_data(as_text=True)
    unit.post(f"/letters/{letter_id}/reply", {"text": "设备已拆除（演示）。"})
    accepted = office.post(f"/letters/{letter_id}/acceptance", {"opinion": "属实（演示）"})

    page = office.get(f"/letters/{letter_id}").get_data(as_text=True)
    assert long.status_code == 422
    assert "最多 4000 字，现有 4001 字" in long.get_data(as_text=True) and "长" * 4001 in long.get_data(as_text=True)
    assert bare.status_code == 422 and "请选择退办理由" in bare.get_data(as_text=True)
    assert (returned.status_code, accepted.status_code) == (303, 303)
    assert "未达标准" in again and "设备还在（演示）" in again and "提交第 2 次回复" in again
    assert [len(one.files) for one in stands(scenario, letter_id).rounds] == [1, 0]
    assert "<p>设备正在拆除。</p>" in page and "设备已拆除（演示）。" in page
    assert page.count("stages__stage--done") == 4
    assert unit.post(f"/letters/{letter_id}/acceptance", {}).status_code == 403


def test_letters_wait_in_the_inbox_and_late_ones_on_the_desk(
    scenario: Scenario, signed_in: SignIn, letter_id: str
) -> None:
    number = scenario.engine.read.letter(scenario.supervisor, letter_id).row.number
    inbox = signed_in("gxj1").get("/inbox").get_data(as_text=True)
    foreign = signed_in("swj1").get("/inbox").get_data(as_text=True)
    on_time = signed_in("ducha1").get("/desk").get_data(as_text=True)
    scenario.clock.set(at("2024-05-21 18:01"))

    late = signed_in("ducha1").get("/desk").get_data(as_text=True)

    assert number in inbox and "去签收" in inbox and number not in foreign
    assert 'id="late-letters"' not in on_time and 'id="late-letters"' in late and number in late
    for path in ("/letters/waiting", "/letters/late"):
        assert number in signed_in("gxj1").get(path).get_data(as_text=True)
        assert number not in signed_in("swj1").get(path).get_data(as_text=True)


def test_the_proof_of_service_is_a_pdf_and_only_after_service(
    scenario: Scenario, signed_in: SignIn, letter_id: str
) -> None:
    unit = signed_in("gxj1")
    unit.get(f"/letters/{letter_id}")

    early = unit.get(f"/letters/{letter_id}/service-receipt.pdf")
    unit.get(f"/letters/{letter_id}")
    unit.post(f"/letters/{letter_id}/receipt", SIGNED)
    first, second = (unit.get(f"/letters/{letter_id}/service-receipt.pdf") for _ in range(2))

    assert early.status_code == 409
    assert (first.status_code, first.mimetype) == (200, "application/pdf")
    assert first.data.startswith(b"%PDF-") and first.data == second.data
    assert signed_in("swj1").get(f"/letters/{letter_id}/service-receipt.pdf").status_code == 404
