"""The PDF of a process: diagram and table on paper, of a version and of a draft, whatever its names hold."""

import io
import re
import subprocess
from collections.abc import Callable
from typing import Any

import pikepdf
import pytest
from scenario import PROCESSES, NewScenario, Scenario
from web_visitor import Browser

from engine.commands.models import OpenModelDraft, SaveModelFiles
from web.deadline_words import deadline_in_words, timer_in_words
from web.element_words import FolderForms
from web.turns import PRINTOUTS

KEY = "lookback"
DIAGRAM = (PROCESSES / KEY / f"{KEY}.bpmn").read_bytes()
HOSTILE = '查看&lt;script&gt;alert(1)&lt;/script&gt;\U0001f600\u202e\U000f0000"'.replace('"', "&quot;").encode()


def opened(scenario: Scenario) -> None:
    scenario.engine.execute(OpenModelDraft(KEY, "回头看 “改”"), by=scenario.person("sheji"))


@pytest.fixture
def scenario(new_scenario: NewScenario) -> Scenario:
    return new_scenario(story=opened)


def text_of(pdf: bytes) -> str:
    done = subprocess.run(["pdftotext", "-layout", "-", "-"], input=pdf, capture_output=True, check=True)
    return done.stdout.decode()


def save(scenario: Scenario, draft: Any, content: bytes | None) -> None:
    revision = scenario.engine.read.model_draft(draft.draft_id).revision
    changes = {f"{KEY}.bpmn": content}
    scenario.engine.execute(SaveModelFiles(draft.draft_id, revision, changes, ""), by=scenario.person("sheji"))


def test_a_version_is_printed_with_its_table_and_every_font_is_in_the_file(
    scenario: Scenario, signed_in: Callable[[str], Browser]
) -> None:
    designer = signed_in("sheji")
    assert f"/definitions/{KEY}/1/words.pdf" in designer.get(f"/definitions/{KEY}/1/words").text

    response = designer.get(f"/definitions/{KEY}/1/words.pdf")
    again = designer.get(f"/definitions/{KEY}/1/words.pdf")

    assert (response.status_code, response.mimetype) == (200, "application/pdf")
    assert response.data == again.data
    said = text_of(response.data)
    for words in ("现场回头看", "lookback_check", "办公室 验收员", "5个工作日内", "20个工作日后", "方案四（一）"):
        assert words in said, words
    for words in ("到期前1个工作日 → 提醒", "lookback · 第 1 版", "第 1 页，共", "流程文件摘要 SHA-256"):
        assert words in said, words
    with pikepdf.open(io.BytesIO(response.data)) as pdf:
        wide, high = (float(side) for side in pdf.pages[0].MediaBox[2:])
        fonts = [font for page in pdf.pages for font in page.Resources.Font.values()]
        assert wide > high and fonts
        assert all("/FontFile3" in font.DescendantFonts[0].FontDescriptor for font in fonts)

    a3 = designer.get(f"/definitions/{KEY}/1/words.pdf?paper=a3&lang=en")
    with pikepdf.open(io.BytesIO(a3.data)) as pdf:
        assert round(float(pdf.pages[0].MediaBox[2]) / 72 * 25.4) == 420
    assert " the system" in text_of(a3.data) and "· the system<" in designer.get(f"/definitions/{KEY}").text
    assert "within 5 working days" in text_of(a3.data) and "Page 1 of" in text_of(a3.data)


def test_a_draft_is_printed_as_a_draft_and_its_names_do_no_harm(
    scenario: Scenario, signed_in: Callable[[str], Browser]
) -> None:
    [draft] = scenario.engine.read.model_drafts()
    address = f"/studio/drafts/{draft.draft_id}/words.pdf"
    designer = signed_in("sheji")
    save(scenario, draft, DIAGRAM.replace("现场回头看".encode(), HOSTILE))

    printed = designer.get(address)

    said = text_of(printed.data)
    assert (printed.status_code, "草稿，第 2 次保存" in said, "<script>" in said) == (200, True, True)
    assert "U+F0000" in said.replace("\n", "")  # no font draws it: its code stands there
    assert address in designer.get(f"/studio/drafts/{draft.draft_id}/diagram").text

    nodes = b"".join(b'<bpmn:exclusiveGateway id="g%d"/><bpmn:userTask id="u%d"/>' % (n, n) for n in range(301))
    save(scenario, draft, DIAGRAM.replace(b"<bpmn:startEvent", nodes + b"<bpmn:startEvent", 1))
    refused = designer.get(address)
    assert (refused.status_code, "一份打印件最多 300 个" in refused.text) == (422, True)
    publish = designer.get(f"/studio/drafts/{draft.draft_id}/publish").text
    assert publish.count("problem-list__line--error") == 100 and "problem-list__line--warning" not in publish
    assert re.search(r"另有 [0-9]{3} 处没有列出", publish)
    save(scenario, draft, b"<no xml")
    assert designer.get(address).status_code == 422
    save(scenario, draft, None)
    assert designer.get(address).status_code == 404


def test_a_folder_without_diagram_and_who_may_not_look_get_no_pdf(signed_in: Callable[[str], Browser]) -> None:
    designer, officer = signed_in("sheji"), signed_in("chengjiao1")

    assert designer.get("/definitions/ladders/1/words.pdf").status_code == 404
    assert designer.get(f"/definitions/{KEY}/99/words.pdf").status_code == 404
    assert officer.get(f"/definitions/{KEY}/1/words.pdf").status_code == 403
    assert officer.get("/studio/drafts/x/words.pdf").status_code == 403


def test_one_process_is_printed_at_a_time_so_that_letters_find_a_press(signed_in: Callable[[str], Browser]) -> None:
    designer, publisher = signed_in("sheji"), signed_in("fabu")
    with PRINTOUTS.take():
        refused = [each.get(f"/definitions/{KEY}/1/words.pdf") for each in (designer, publisher)]

    assert [(each.status_code, "正在排印另一份流程" in each.text) for each in refused] == [(409, True)] * 2
    assert designer.get("/definitions/ladders/1/words.pdf").status_code == 404  # the turn was given back


def test_deadlines_are_told_in_words_as_far_as_there_are_words() -> None:
    told = {
        'after("10wd")': "10个工作日内",
        'latest(phase_end("cleanup"), after("10wd"))': "“清理整治”阶段结束前、10个工作日内，以较晚者为准",
        'earliest(after("48h"), after("3d"))': "48小时内、3个自然日内，以较早者为准",
        'after("2wd", default("interview_time", now()))': "",
        'after("10")': "",
        'latest(phase_end("cleanup"))': "",
        "due_at": "",
        "after(": "",
        "(" * 299: "",
        "(" * 400: "",
        "": "",
    }

    assert {expression: deadline_in_words(expression) for expression in told} == told
    labels = {"held_at": "约谈时间", "again": "再报日期"}
    written = 'latest(after(default("term", "30d"), default("held_at", now())), at(default("again", held_at), "18:00"))'
    assert deadline_in_words(written) == ""
    assert deadline_in_words(written, labels) == (
        "自“约谈时间”（未填的按本环节开始时）起30个自然日（另有规定的从其规定）内、"
        "“再报日期”（未填的按“约谈时间”） 18:00前，以较晚者为准"
    )
    timers = ('before(due, "3wd")', "due", 'after("20wd")', 'before(now(), "1wd")', "\x00")
    assert [timer_in_words(text) for text in timers] == ["到期前3个工作日", "到期时", "20个工作日后", "", ""]


def test_conditions_on_the_choices_of_a_form_are_told_in_words() -> None:
    folders = ("survey", "acceptance", "improvement")
    files = [path for key in folders for path in sorted((PROCESSES / key).glob("*.form"))]
    forms = FolderForms.read((path.name, path.read_bytes()) for path in files)
    told = {
        'proposed == "close"': "建议处置方式 = 关停取缔",
        'proposed != "close"': "建议处置方式 ≠ 关停取缔",
        'default("proposed", "") == "close"': "建议处置方式 = 关停取缔",
        'site_check_result == "pass" and second_check_result == "pass"': "核查结论 = 合格，且 复核结论 = 合格",
        'default("extension_asked", False)': "申请延期 = 是",
        'not default("extension_asked", False)': "申请延期 = 否",
        'default("extension_asked", True)': "",
        'default("proposed", "close") == "close"': "",
        'proposed == "close" and (proposed == "a" or is_x)': "",
        'proposed == "nowhere"': "",
        "proposed": "",
        "proposed == other": "",
        '"close" == proposed': "",
        "${proposed == true}": "",
        "not " * 70 + "x": "",
        "(" * 299: "",
        "": "",
    }

    assert {expression: forms.condition(expression) for expression in told} == told
