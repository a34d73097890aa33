"""Letters before their number as people meet them: writing, reviewing, signing, forty at once, and printing them."""

import subprocess
from collections.abc import Callable
from io import BytesIO

import pikepdf
import pytest
import sqlalchemy as sa
from scenario import Scenario
from web_visitor import Browser

from engine.store.schema import cases, letter_drafts, letters
from forms.letters.merge import merge

SignIn = Callable[[str], Browser]
TEXT = "请各单位抓紧办理（演示）。\n一、立即整改\n1.明确责任人。"
FREE = {"kind": "notice", "unit_ids": ["gxj", "sthj"], "bundle": "unit", "title": "关于演示事项的通知", "text": TEXT}


@pytest.fixture
def draft_id(scenario: Scenario, signed_in: SignIn) -> str:
    """A 挂牌督办通知 about one case, sent for signing from the desk."""
    [case] = scenario.register()
    browser = signed_in("ducha1")
    browser.get(f"/desk/letters/new?case={case}&kind=listed_supervision")
    response = browser.post("/desk/letters", {"case": case, "kind": "listed_supervision", "reason": "演示"})
    assert response.status_code == 303
    return str(response.headers["Location"].rsplit("/", 1)[1])


def step(scenario: Scenario, signed_in: SignIn, login: str, element_id: str, **values: str) -> None:
    """Through the task's own page, as everybody does it."""
    task = scenario.task_of(None, element_id)
    browser = signed_in(login)
    browser.get(f"/tasks/{task.task_id}")
    browser.post(f"/tasks/{task.task_id}/claim")
    page = browser.get(f"/tasks/{task.task_id}").get_data(as_text=True)
    assert "查看文稿、意见和预览" in page
    sent = {**values, "_revision": browser.hidden("_revision"), "_operation": browser.hidden("_operation")}
    assert browser.post(f"/tasks/{task.task_id}/completion", sent).status_code == 303


def test_the_desk_sends_what_others_sign_and_issues_what_the_supervisor_signs(
    scenario: Scenario, signed_in: SignIn
) -> None:
    [case] = scenario.register()
    browser = signed_in("ducha1")

    alone = browser.get(f"/desk/letters/new?case={case}&kind=urge").get_data(as_text=True)
    others = browser.get(f"/desk/letters/new?case={case}&kind=supervision_letter").get_data(as_text=True)

    assert "签发 1 份" in alone and "先改文字再签发" in alone
    assert "拟稿送签 1 份" in others and "签发 1 份" not in others


def test_a_draft_is_written_reviewed_and_signed_on_its_pages(
    scenario: Scenario, signed_in: SignIn, draft_id: str
) -> None:
    browser = signed_in("ducha1")
    page = browser.get(f"/letters/drafts/{draft_id}").get_data(as_text=True)
    assert "起草中" in page and 'data-count-limit="4000"' in page and 'name="text"' in page
    sent = {"at": "1", "title": "关于演示事项的督办函", "text": TEXT, "draft_note": "请核（演示）"}

    response = browser.post(f"/letters/drafts/{draft_id}/submission", sent)
    assert response.status_code == 303
    step(scenario, signed_in, "ducha2", "review_letter", review_opinion="已核，拟同意（演示）")
    step(scenario, signed_in, "lingdao", "sign_by_leader", sign_opinion="同意，发（演示）", signer_post="办公室主任")
    scenario.work()

    [letter] = scenario.rows(sa.select(letters).where(letters.c.draft_id == draft_id))
    page = signed_in("lingdao").get(f"/letters/{letter['letter_id']}").get_data(as_text=True)
    assert "办公室主任" in page and "同意，发（演示）" in page and "临散乱污办挂督〔2024〕1号" in page
    history = signed_in("ducha1").get(f"/letters/drafts/{draft_id}").get_data(as_text=True)
    assert all(words in history for words in ("已签发", "请核（演示）", "已核，拟同意（演示）", "第 1 稿", "模板原稿"))


def test_words_that_are_refused_stay_in_the_fields(scenario: Scenario, signed_in: SignIn, draft_id: str) -> None:
    browser = signed_in("ducha1")
    browser.get(f"/letters/drafts/{draft_id}")

    response = browser.post(
        f"/letters/drafts/{draft_id}/text", {"at": "1", "title": "", "text": "我写的这一段（演示）\n【表格7】"}
    )
    page = response.get_data(as_text=True)

    assert response.status_code == 422
    assert "请填写标题" in page and "正文没有“【表格7】”" in page and "我写的这一段（演示）" in page


def test_control_characters_that_come_with_pasting_are_not_kept(scenario: Scenario, signed_in: SignIn) -> None:
    [case] = scenario.register()
    browser = signed_in("ducha1")
    browser.get(f"/desk/letters/new?case={case}&kind=notice")
    sent = {"case": case, "kind": "notice", "act": "draft", "reason": "抓\x07紧\x00办\x9f理\t（演示）\x0b一并反馈"}
    response = browser.post("/desk/letters", sent)
    assert response.status_code == 303, response.get_data(as_text=True)
    page = browser.get(response.headers["Location"]).get_data(as_text=True)

    [draft] = scenario.rows(sa.select(letter_drafts.c.reason))
    assert draft["reason"] == "抓紧办理\t（演示）\n一并反馈"
    assert "标签没有正确配对" not in page and "抓紧办理" in page
    assert browser.get(f"/desk/letters/new?case={case}&kind=urge&reason=%07%E5%8A%9E").status_code == 200


def test_a_second_window_overwrites_nothing_and_keeps_what_was_typed(signed_in: SignIn, draft_id: str) -> None:
    first, second = signed_in("ducha1"), signed_in("ducha1")
    address = f"/letters/drafts/{draft_id}"
    first.get(address), second.get(address)
    seen = second.hidden("made_from")

    def save(browser: Browser, text: str, made_from: str, title: str = "标题（演示）") -> tuple[int, str]:
        sent = {"at": "1", "title": title, "text": text, "made_from": made_from}
        response = browser.post(f"{address}/text", sent)
        return response.status_code, response.get_data(as_text=True)

    assert save(first, "甲窗口的文字", first.hidden("made_from"))[0] == 303
    assert save(first, "甲窗口的文字", seen)[0] == 303  # the same press twice
    assert save(second, "乙窗口的文字", seen, title="")[0] == 422
    assert second.hidden("made_from") == seen
    status, page = save(second, "乙窗口的文字", seen)

    assert status == 409 and "在您打开以后已在别的窗口或由他人保存过" in page
    assert "乙窗口的文字</textarea>" in page and "查看现在的文稿" in page
    assert "甲窗口的文字</textarea>" in first.get(address).get_data(as_text=True)

    second.page = page
    assert save(second, "乙窗口的文字", second.hidden("made_from"))[0] == 303  # having read what is there
    arranged = {"at": "1", "_arranged": "1", "reason": "乙窗口的要求", "made_from": second.hidden("made_from")}
    first.get(address)
    assert first.post(f"{address}/arrangement", arranged | {"made_from": first.hidden("made_from")}).status_code == 303
    stale = second.post(f"{address}/arrangement", arranged | {"reason": "别的要求"})
    assert stale.status_code == 409 and "别的要求</textarea>" in stale.get_data(as_text=True)


def test_words_for_a_draft_that_was_sent_on_meanwhile_are_shown_to_copy(signed_in: SignIn, draft_id: str) -> None:
    browser, address = signed_in("ducha1"), f"/letters/drafts/{draft_id}"
    browser.get(address)
    sent = {"at": "1", "title": "标题（演示）", "text": TEXT}
    assert browser.post(f"{address}/submission", sent).status_code == 303

    late = browser.post(f"{address}/text", sent | {"text": "迟到的文字（演示）"})

    assert late.status_code == 409 and "迟到的文字（演示）" in late.get_data(as_text=True)
    assert "没有保存的内容" in late.get_data(as_text=True)


def test_what_is_refused_leads_back_to_the_page_it_came_from(signed_in: SignIn, draft_id: str) -> None:
    browser, address = signed_in("ducha1"), f"/letters/drafts/{draft_id}"
    browser.get(address)
    assert browser.post(f"{address}/withdrawal", {"reason": "不再需要（演示）"}).status_code == 303

    def refused(referrer: str) -> str:
        response = browser.post(f"{address}/withdrawal", {"reason": "再撤一次"}, headers={"Referer": referrer})
        assert response.status_code == 409
        return response.get_data(as_text=True)

    assert f'href="{address}?at=1">刷新刚才的页面' in refused(f"http://localhost{address}?at=1")
    assert "刷新刚才的页面" not in refused("http://elsewhere.example/letters")


def test_the_note_and_the_tick_beside_refused_words_stay_too(signed_in: SignIn) -> None:
    browser = signed_in("ducha1")
    browser.get("/letters/drafts/new")
    draft = browser.post("/letters/drafts", FREE).headers["Location"]
    browser.get(draft)

    sent = {"at": "1", "title": "", "text": TEXT, "draft_note": "请核对数字（演示）", "scope": "all"}
    response = browser.post(f"{draft}/submission", sent)
    page = response.get_data(as_text=True)

    assert response.status_code == 422
    assert "请核对数字（演示）</textarea>" in page
    assert 'name="scope" value="all" checked' in page


def test_more_than_four_thousand_characters_are_warned_of_and_kept(
    scenario: Scenario, signed_in: SignIn, draft_id: str
) -> None:
    browser = signed_in("ducha1")
    browser.get(f"/letters/drafts/{draft_id}")

    for text, words in (("字" * 3990, False), ("字" * 3991, True)):  # the title has ten
        sent = {"at": "1", "title": "十个字的标题在这里呀", "text": text}
        assert browser.post(f"/letters/drafts/{draft_id}/text", sent).status_code == 303
        page = browser.get(f"/letters/drafts/{draft_id}").get_data(as_text=True)
        assert ('class="word-count word-count--over"' in page) is words


def test_the_preview_is_a_pdf_and_nobody_else_gets_it(scenario: Scenario, signed_in: SignIn, draft_id: str) -> None:
    shown = signed_in("ducha2").get(f"/letters/drafts/{draft_id}/preview.pdf")

    assert (shown.status_code, shown.data[:5]) == (200, b"%PDF-")
    for path in ("", "/preview.pdf"):
        assert signed_in("gxj1").get(f"/letters/drafts/{draft_id}{path}").status_code == 404
    assert signed_in("ducha2").get(f"/letters/drafts/{draft_id}/preview.pdf?at=2").status_code == 404
    assert signed_in("gxj1").get("/letters/drafts/new").status_code == 403


def test_the_list_shows_mine_and_what_waits_for_me(scenario: Scenario, signed_in: SignIn, draft_id: str) -> None:
    writer, reviewer = signed_in("ducha1"), signed_in("ducha2")
    link = f"/letters/drafts/{draft_id}"
    assert link in writer.get("/letters/drafts?box=mine").get_data(as_text=True)
    assert link not in reviewer.get("/letters/drafts?box=waiting").get_data(as_text=True)

    writer.get(link)
    writer.post(f"{link}/submission", {"at": "1", "title": "题（演示）", "text": "文（演示）"})

    assert link in reviewer.get("/letters/drafts?box=waiting").get_data(as_text=True)
    assert link not in writer.get("/letters/drafts?box=over").get_data(as_text=True)


def test_arrangement_and_withdrawal_are_checked_and_said(scenario: Scenario, signed_in: SignIn, draft_id: str) -> None:
    browser = signed_in("ducha1")
    browser.get(f"/letters/drafts/{draft_id}")

    kept = browser.post(f"/letters/drafts/{draft_id}/arrangement", {"countersigners": "sthj", "reply_term": "10wd"})
    wrong = browser.post(f"/letters/drafts/{draft_id}/arrangement", {"consent_by": "市政府（演示）"})
    empty = browser.post(f"/letters/drafts/{draft_id}/withdrawal", {"reason": " "})
    gone = browser.post(f"/letters/drafts/{draft_id}/withdrawal", {"reason": "不发了（演示）"})

    assert (kept.status_code, wrong.status_code, empty.status_code, gone.status_code) == (303, 422, 422, 303)
    assert "请填写同意件的文号" in wrong.get_data(as_text=True) and "市政府（演示）" in wrong.get_data(as_text=True)
    [row] = scenario.rows(sa.select(letter_drafts.c.state, letter_drafts.c.countersigners, letter_drafts.c.note))
    assert row == {"state": "WITHDRAWN", "countersigners": ["sthj"], "note": "不发了（演示）"}


def test_one_action_makes_a_run_of_numbers_whose_progress_shows_and_that_prints_as_one(
    scenario: Scenario, signed_in: SignIn
) -> None:
    browser = signed_in("ducha1")
    browser.get("/letters/drafts/new")
    started = browser.post("/letters/drafts", FREE)
    link = started.headers["Location"]
    browser.get(link)
    sent = browser.post(f"{link}/submission", {"at": "1", "title": FREE["title"], "text": TEXT})

    making = browser.get(sent.headers["Location"]).get_data(as_text=True)
    early = browser.get(sent.headers["Location"].replace("/letters?", "/letters/print?"))
    scenario.work()
    made = browser.get(sent.headers["Location"]).get_data(as_text=True)

    assert "已成文 0 份" in making and early.status_code == 422
    assert "已成文 2 份" in made and "合并打印 2 份" in made
    numbers = scenario.rows(sa.select(letters.c.number).order_by(letters.c.serial))
    assert [row["number"] for row in numbers] == ["临散乱污办督〔2024〕1号", "临散乱污办督〔2024〕2号"]


def test_a_new_draft_that_is_refused_keeps_every_word(scenario: Scenario, signed_in: SignIn) -> None:
    browser = signed_in("ducha1")
    browser.get("/letters/drafts/new")

    response = browser.post("/letters/drafts", {**FREE, "unit_ids": [], "title": "", "reason": "演示要求"})
    page = response.get_data(as_text=True)

    assert response.status_code == 422
    assert "请至少选择一个主送单位" in page
    assert "1.明确责任人。" in page and "演示要求" in page


def test_a_correction_is_asked_for_on_the_letter_and_shown_on_both(scenario: Scenario, signed_in: SignIn) -> None:
    browser = signed_in("ducha1")
    [case] = scenario.register()
    browser.get(f"/desk/letters/new?case={case}&kind=notice")
    browser.post("/desk/letters", {"case": case, "kind": "notice"})
    [old] = scenario.rows(sa.select(letters.c.letter_id))
    link = f"/letters/{old['letter_id']}"
    browser.get(link)

    refused = browser.post(f"{link}/correction", {"reason": " "})
    drafted = browser.post(f"{link}/correction", {"reason": "时限写错（演示）"})
    words = {"at": "1", "title": "关于演示事项的督办通知", "text": TEXT}
    sent = browser.post(f"{drafted.headers['Location']}/submission", words)
    assert sent.status_code == 303, sent.get_data(as_text=True)

    assert (refused.status_code, drafted.status_code) == (422, 303)
    register = browser.get("/letters").get_data(as_text=True)
    assert "已由以下公文更正：临散乱污办督〔2024〕2号" in register and "更正：临散乱污办督〔2024〕1号" in register
    assert "临散乱污办督〔2024〕2号" in browser.get(link).get_data(as_text=True)


def test_real_documents_merge_into_one_with_each_letter_on_a_sheet_of_its_own(signed_in: SignIn, draft_id: str) -> None:
    content = signed_in("ducha2").get(f"/letters/drafts/{draft_id}/preview.pdf").data

    with pikepdf.open(BytesIO(merge([content, content]))) as merged:
        pages = len(merged.pages)

    with pikepdf.open(BytesIO(content)) as single:
        alone = len(single.pages)
    assert pages == 2 * (alone + alone % 2)


def test_words_and_arrangement_stand_in_one_form_and_either_button_keeps_both(
    scenario: Scenario, signed_in: SignIn, draft_id: str
) -> None:
    browser = signed_in("ducha1")
    link = f"/letters/drafts/{draft_id}"
    page = browser.get(link).get_data(as_text=True)
    one_form = page[page.index(f'action="{link}/text"') :].split("</form>")[0]
    assert all(f'name="{name}"' in one_form for name in ("text", "draft_note", "reply_term", "countersigners"))
    assert f'formaction="{link}/arrangement"' in one_form and f'formaction="{link}/submission"' in one_form
    words = {"at": "1", "title": "关于演示事项的督办函", "text": TEXT, "_arranged": "1", "reason": "演示"}

    arranged = browser.post(f"{link}/arrangement", {**words, "reply_term": "10wd"})
    first = browser.get(link).get_data(as_text=True)
    saved = browser.post(f"{link}/text", {**words, "title": "再改的标题", "reply_term": "5wd"})
    second = browser.get(link).get_data(as_text=True)

    assert (arranged.status_code, saved.status_code) == (303, 303)
    assert "关于演示事项的督办函</textarea>" in first and '<option value="10wd" selected>' in first
    assert "再改的标题</textarea>" in second and '<option value="5wd" selected>' in second


def test_what_is_refused_beside_the_words_loses_neither(signed_in: SignIn, draft_id: str) -> None:
    browser = signed_in("ducha1")
    link = f"/letters/drafts/{draft_id}"
    browser.get(link)
    sent = {
        "at": "1", "title": "我改的标题（演示）", "text": TEXT, "_arranged": "1", "draft_note": "请核（演示）",
        "reason": "我写的要求（演示）", "consent_by": "市政府（演示）",
    }  # fmt: skip

    for path in ("arrangement", "text", "submission"):
        response = browser.post(f"{link}/{path}", sent)
        page = response.get_data(as_text=True)
        assert (path, response.status_code) == (path, 422)
        assert "请填写同意件的文号" in page
        kept = ("我改的标题（演示）", "我写的要求（演示）", "请核（演示）", 'value="市政府（演示）"')
        assert [words for words in kept if words not in page] == []


def test_the_pages_of_review_and_signature_name_what_has_changed_and_put_the_draft_first(
    scenario: Scenario, signed_in: SignIn, draft_id: str
) -> None:
    writer = signed_in("ducha1")
    writer.get(f"/letters/drafts/{draft_id}")
    words = {"at": "1", "title": "关于演示事项的督办函", "text": TEXT}
    writer.post(f"/letters/drafts/{draft_id}/submission", words)
    [case] = scenario.rows(sa.select(cases.c.case_id))
    unchanged = signed_in("ducha2").get(f"/letters/drafts/{draft_id}").get_data(as_text=True)
    scenario.survey(case["case_id"])

    task = scenario.task_of(None, "review_letter")
    pages = [
        signed_in("ducha2").get(path).get_data(as_text=True)
        for path in (f"/tasks/{task.task_id}", f"/letters/drafts/{draft_id}")
    ]

    assert "送核以后有变化" not in unchanged
    for page in pages:
        assert "送核以后有变化" in page and "所处阶段" in page and "排查摸底" in page and "<b>清理整治</b>" in page
        assert "标题和正文由起草人改定" in page
    order = [pages[0].index(words) for words in ("打开预览 PDF", "送核以后有变化", 'id="form-title"', 'class="diagram')]
    assert order == sorted(order)


def test_urgency_secrecy_and_copy_number_are_typed_checked_shown_and_printed(
    scenario: Scenario, signed_in: SignIn
) -> None:
    browser = signed_in("ducha1")
    browser.get("/letters/drafts/new")
    wrong = browser.post("/letters/drafts", FREE | {"secrecy": "秘密", "secrecy_term": "一年", "copy_number": "7"})
    kept = wrong.get_data(as_text=True)
    draft = browser.post("/letters/drafts", FREE).headers["Location"]
    browser.get(draft)
    marks = {"urgency": "特急", "secrecy": "秘密", "secrecy_term": "1年", "copy_number": "000007"}
    sent = {"at": "2", "title": FREE["title"], "text": TEXT, "_arranged": "1", **marks}

    arranged = browser.post(f"{draft}/arrangement", sent)
    page = browser.get(f"{draft}?at=2").get_data(as_text=True)
    printed = browser.get(f"{draft}/preview.pdf?at=2")
    issued = browser.post(f"{draft}/submission", sent)

    assert wrong.status_code == 422
    assert all(words in kept for words in ("份号是6位阿拉伯数字", 'value="一年"', 'value="7"', "请选择密级"))
    assert (arranged.status_code, issued.status_code) == (303, 303)
    assert all(words in page for words in ("特急，秘密★1年，000007", '<option value="特急" selected>', 'value="1年"'))
    shown = subprocess.run(
        ["pdftotext", "-enc", "UTF-8", "-", "-"], input=printed.data, capture_output=True, check=True
    )
    assert shown.stdout.decode().split()[:3] == ["000008", "秘密★1年", "特急"]  # the second copy of two
    found = scenario.rows(sa.select(letters.c.marks).order_by(letters.c.serial))
    assert [row["marks"] for row in found] == [
        {"copy_number": number, "secrecy": "秘密★1年", "urgency": "特急"} for number in ("000007", "000008")
    ]
