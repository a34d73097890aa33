"""The studio's tabs of tests and of the playground: run, cover, edit, try, undo, and make a test of it."""

from collections.abc import Callable

import pytest
import sqlalchemy as sa
from scenario import Scenario
from web_visitor import Browser

from engine.commands.models import OpenModelDraft, SaveModelFiles
from engine.store.schema import instances

SignIn = Callable[[str], Browser]
LOOP = b"""<?xml version="1.0" encoding="UTF-8"?>
<bpmn:definitions xmlns:bpmn="http://www.omg.org/spec/BPMN/20100524/MODEL" id="d" targetNamespace="t">
<bpmn:process id="lookback" name="loop" isExecutable="true">
<bpmn:startEvent id="start"><bpmn:outgoing>a</bpmn:outgoing></bpmn:startEvent>
<bpmn:intermediateCatchEvent id="wait"><bpmn:incoming>a</bpmn:incoming><bpmn:incoming>c</bpmn:incoming>
<bpmn:outgoing>b</bpmn:outgoing>
<bpmn:timerEventDefinition id="t1"><bpmn:timeDate>after("1h")</bpmn:timeDate></bpmn:timerEventDefinition>
</bpmn:intermediateCatchEvent>
<bpmn:exclusiveGateway id="again" default="c"><bpmn:incoming>b</bpmn:incoming>
<bpmn:outgoing>c</bpmn:outgoing></bpmn:exclusiveGateway>
<bpmn:sequenceFlow id="a" sourceRef="start" targetRef="wait"/>
<bpmn:sequenceFlow id="b" sourceRef="wait" targetRef="again"/>
<bpmn:sequenceFlow id="c" sourceRef="again" targetRef="wait"/>
</bpmn:process></bpmn:definitions>
"""


@pytest.fixture
def draft(scenario: Scenario) -> str:
    made = scenario.engine.execute(OpenModelDraft("lookback", "回头看"), by=scenario.person("sheji"))
    return str(made["draft_id"])


def save(scenario: Scenario, draft: str, changes: dict[str, bytes | None]) -> None:
    revision = scenario.engine.read.model_draft(draft).revision
    scenario.engine.execute(SaveModelFiles(draft, revision, changes), by=scenario.person("sheji"))


def test_walks_are_run_covered_edited_and_refused_with_the_words_kept(
    scenario: Scenario, signed_in: SignIn, draft: str
) -> None:
    browser = signed_in("sheji")
    address = f"/studio/drafts/{draft}/tests"

    listed = browser.get(address).get_data(as_text=True)
    run = browser.get(f"{address}?run=1").get_data(as_text=True)

    assert "ok.toml" in listed and "尚未运行" in listed
    assert run.count("通过") >= 3 and "13/13" in run and "没有走过的连线" not in run
    assert browser.get(f"{address}/diagrams/lookback.bpmn").data.startswith(b"<?xml")
    assert browser.get(f"{address}/diagrams/survey.bpmn").status_code == 200
    assert browser.get(f"{address}/diagrams/nothing.bpmn").status_code == 404

    good = scenario.engine.read.model_draft(draft).files["tests/ok.toml"].decode()
    wrong = good.replace("expect = {", "expcet = {")
    browser.get(f"{address}/walks/ok")
    revision = browser.hidden("_revision")
    refused = browser.post(f"{address}/walks/ok", {"text": wrong, "_revision": revision})
    assert refused.status_code == 422
    assert "expcet" in browser.page and "没有“expcet”这一项" in browser.page
    failing = good.replace('process = "lookback"', 'process = "lookback"').replace("ended = true", "ended = false")
    tried = browser.post(f"{address}/walks/ok/trial", {"text": failing, "_revision": revision})
    assert tried.status_code == 200 and "是否结束应为 否，实际为 是" in browser.page
    saved = browser.post(f"{address}/walks/ok", {"text": failing, "_revision": revision})
    assert saved.status_code == 303
    stale = browser.post(f"{address}/walks/ok", {"text": good, "_revision": revision})
    assert stale.status_code == 409 and "name = &#34;" in browser.page
    assert "未通过" in browser.get(f"{address}?run=1").get_data(as_text=True)

    browser.get(address)
    assert browser.post(address, {"name": '"><b>a b'}).status_code == 422
    assert (
        'value="&#34;&gt;&lt;b&gt;a b"' in browser.page
        and "走查的名称只用" in browser.page
        and "ok.toml" in browser.page
    )
    new = browser.post(address, {"name": "late_again"})
    assert new.headers["Location"].endswith("/walks/late_again")
    assert "尚未保存" in browser.get(new.headers["Location"]).get_data(as_text=True)
    gone = browser.post(f"{address}/walks/ok/deletion", {})
    assert gone.status_code == 303 and "tests/ok.toml" not in scenario.engine.read.model_draft(draft).files
    assert signed_in("ducha1").get(address).status_code == 403


def test_a_draft_is_tried_on_a_pushed_clock_undone_and_made_a_test(
    scenario: Scenario, signed_in: SignIn, draft: str
) -> None:
    browser = signed_in("sheji")
    address = f"/studio/drafts/{draft}/playground"
    page = browser.get(f"{address}?from=late").get_data(as_text=True)
    assert "开始试运行" in page and "original_due" not in page.partition("<textarea")[0]
    variables = page.partition('name="variables"')[2].partition(">")[2].partition("</textarea>")[0]
    variables = variables.replace("&#34;", '"')

    bad = browser.post(address, {"now": "soon", "variables": "a = = 1"})
    assert bad.status_code == 422 and "a = = 1" in browser.page and "请填写时间" in browser.page
    begun = browser.post(address, {"walk": "late", "now": "2024-08-05T09:00", "variables": variables})
    assert begun.status_code == 303
    page = browser.get(address).get_data(as_text=True)
    assert "定时：" in page and "diagram-box" in page

    moves = browser.hidden("_moves")
    assert browser.post(f"{address}/clock", {"to": "next", "_moves": moves}).status_code == 303
    stale = browser.post(f"{address}/clock", {"to": "next", "_moves": moves})
    assert stale.status_code == 409 and "另一个窗口" in browser.page
    page = browser.get(address).get_data(as_text=True)
    assert "在办任务" in page and "为何是这一天" in page and "黄灯" in page
    assert browser.post(f"{address}/clock", {"to": "next", "_moves": "2"}).status_code == 303
    backwards = browser.post(f"{address}/clock", {"to": "moment", "moment": "2024-01-01T09:00", "_moves": "3"})
    assert backwards.status_code == 422 and "时钟只能往后拨" in browser.page
    assert "<code>remind</code>" in browser.page

    empty = browser.post(f"{address}/completion", {"_task": "lookback_check", "_moves": "3"})
    assert empty.status_code == 422 and "error-summary" in browser.page
    stranger = browser.post(f"{address}/completion", {"_task": "nobody", "_moves": "3"})
    assert stranger.status_code == 422 and "没有打开" in browser.page
    assert browser.post(f"{address}/message", {"name": "nothing", "_moves": "3"}).status_code == 422
    assert browser.post(f"{address}/undo", {"_moves": "3"}).status_code == 303

    same = browser.post(f"{address}/test", {"name": "late"})
    assert same.status_code == 422 and "已有走查" in browser.page
    kept = browser.post(f"{address}/test", {"name": "just_begun", "title": "刚开始"})
    assert kept.status_code == 303
    assert "通过" in browser.get(kept.headers["Location"]).get_data(as_text=True)
    written = scenario.engine.read.model_draft(draft).files["tests/just_begun.toml"].decode()
    assert 'name = "刚开始"' in written and "tasks = [" in written and "due = {" in written

    whole = browser.post(address, {"walk": "relapsed", "whole": "1"})
    assert whole.status_code == 303 and "流程已结束" in browser.get(address).get_data(as_text=True)
    assert browser.post(f"{address}/end").status_code == 303
    assert "开始试运行" in browser.get(address).get_data(as_text=True)
    assert scenario.rows(sa.select(instances)) == []


def test_hostile_drafts_and_data_end_in_a_sentence(scenario: Scenario, signed_in: SignIn, draft: str) -> None:
    browser = signed_in("sheji")
    address = f"/studio/drafts/{draft}/playground"
    browser.get(address)

    large = browser.post(address, {"now": "2024-05-20T09:00", "variables": f'a = "{"x" * 1_000_000}"'})
    assert large.status_code == 422 and "字节，最多" in browser.page
    many = browser.post(address, {"now": "2024-05-20T09:00", "variables": f"a = [{'1,' * 600}]"})
    assert many.status_code == 422 and "600 项" in browser.page
    broken = browser.post(address, {"now": "2024-05-20T09:00", "variables": "a = 1\nb = <b>"})
    assert (
        broken.status_code == 422 and "第 2 行第 5 列读不懂" in browser.page and 'id="variables-error"' in browser.page
    )

    save(scenario, draft, {"lookback.bpmn": LOOP, "tests/long.toml": b"[[steps]]\nadvance='1h'\n" * 10_000})
    page = browser.get(f"/studio/drafts/{draft}/tests?run=1").get_data(as_text=True)
    assert "10000 步" in page
    browser.post(address, {"now": "2024-05-20T09:00", "variables": ""})
    browser.get(address)
    far = browser.post(f"{address}/clock", {"to": "moment", "moment": "2027-05-01T09:00", "_moves": "1"})
    assert far.status_code == 422 and "仍未停下" in browser.page

    save(scenario, draft, {"lookback.bpmn": b"<not-xml"})
    broken = browser.get(address)
    assert broken.status_code == 200
    assert browser.get(f"/studio/drafts/{draft}/tests?run=1").status_code == 200
