"""The studio's pages and its JSON: a draft begun, saved, handed in, published by another person, brought back."""

import io
import json
import re
import zipfile
from collections.abc import Callable

import pytest
from click.testing import CliRunner
from flask import Flask
from scenario import PROCESSES, NewScenario, Scenario
from web_visitor import Browser

from engine.commands.definitions import Deploy
from engine.commands.models import OpenModelDraft
from engine.domain.actor import SYSTEM
from engine.errors import Problem
from engine.queries.models import ModelDraft
from engine.sources import process_folder
from web.cli.main import duban
from web.studio.checking import problems_of_saved
from web.studio.folders import zip_of

KEY, FORM = "lookback", "lookback_check.form"
DIAGRAM = f"{KEY}.bpmn"


def opened(scenario: Scenario) -> None:
    scenario.engine.execute(OpenModelDraft(KEY, "回头看（演示）"), by=scenario.person("sheji"))


@pytest.fixture
def scenario(new_scenario: NewScenario) -> Scenario:
    return new_scenario(story=opened)


@pytest.fixture
def draft(scenario: Scenario) -> str:
    [row] = scenario.engine.read.model_drafts()
    return str(row.draft_id)


def put(browser: Browser, address: str, content: bytes, revision: object) -> tuple[int, dict[str, object]]:
    headers = {"X-CSRF-Token": browser.token} | ({} if revision is None else {"If-Match": f'"{revision}"'})
    response = browser.client.put(address, data=content, headers=headers)
    return response.status_code, response.get_json()


def test_a_change_goes_from_the_editor_to_a_version_through_two_people(
    signed_in: Callable[[str], Browser], scenario: Scenario, draft: str
) -> None:
    designer, publisher = signed_in("sheji"), signed_in("fabu")
    files = f"/studio/api/drafts/{draft}/files"
    before = scenario.engine.read.definition(KEY).version

    listed = designer.get("/studio")
    assert listed.status_code == 200 and "回头看（演示）" in designer.page and "修改中" in designer.page
    known = designer.get(f"/studio/api/drafts/{draft}").get_json()
    assert (known["key"], known["revision"], known["state"]) == (KEY, 1, "OPEN") and DIAGRAM in known["files"]
    response = designer.get(f"{files}/{DIAGRAM}")
    assert (response.data, response.headers["ETag"]) == ((PROCESSES / KEY / DIAGRAM).read_bytes(), '"1"')
    changed = response.data.replace(b'after("20wd")', b'after("30wd")')
    status, answer = put(designer, f"{files}/{DIAGRAM}?note=30wd", changed, 1)
    assert (status, answer["revision"]) == (200, 2) and answer["saved"].startswith("第 2 次保存，流程设计员")
    assert [problem for problem in answer["problems"] if problem["severity"] == "error"] == []

    status, answer = put(publisher, f"{files}/{DIAGRAM}", b"<mine/>", 1)
    assert (status, answer["code"], answer["revision"]) == (409, "model_changed", 2)
    assert answer["by"] == scenario.person("sheji").name and answer["at"]

    designer.get(f"/studio/drafts/{draft}/publish")
    assert "提交发布" in designer.page and "diff__line--added" in designer.page and "30wd" in designer.page
    assert designer.post(f"/studio/drafts/{draft}/submission", {"revision": "1"}).status_code == 409
    designer.get(f"/studio/drafts/{draft}/publish")
    assert (
        designer.post(f"/studio/drafts/{draft}/submission", {"revision": "2", "note": "改为30个工作日"}).status_code
        == 303
    )
    assert put(designer, f"{files}/{DIAGRAM}", b"<late/>", 2)[0] == 409
    assert designer.post(f"/studio/drafts/{draft}/publication", {"revision": "2"}).status_code == 403

    assert publisher.get(f"/studio/drafts/{draft}").headers["Location"].endswith("/publish")
    publisher.get(f"/studio/drafts/{draft}/publish")
    assert "改为30个工作日" in publisher.page and "/publication" in publisher.page
    assert publisher.post(f"/studio/drafts/{draft}/return", {"reason": " "}).status_code == 422
    assert publisher.post(f"/studio/drafts/{draft}/publication", {"revision": "2"}).status_code == 303
    assert "第 2 版" in publisher.get(f"/studio/drafts/{draft}/publish").get_data(as_text=True)
    assert scenario.engine.read.definition(KEY).version == before + 1
    assert scenario.engine.read.definition_files(KEY)[DIAGRAM] == changed
    assert "近期已发布和作废的草稿" in publisher.get("/studio").get_data(as_text=True)


def test_every_page_shows_what_people_wrote_as_text(
    signed_in: Callable[[str], Browser], scenario: Scenario, draft: str
) -> None:
    designer = signed_in("sheji")
    evil = '"><script>alert(1)</script>'
    files = f"/studio/api/drafts/{draft}/files"
    long_line = evil + "x" * 100_000  # a page shows the beginning of it
    assert put(designer, f"{files}/tests/evil.toml?note={evil}", long_line.encode(), 1)[0] == 200
    token = {"X-CSRF-Token": designer.token}
    sent = {"text": evil, "file": DIAGRAM, "element": 'a"b'}
    made = designer.client.post(f"/studio/api/drafts/{draft}/comments", json=sent, headers=token)
    assert made.status_code == 201
    assert (
        designer.client.post(f"/studio/api/drafts/{draft}/comments", json={"text": 3}, headers=token).status_code == 422
    )

    for tab in ("history", "publish"):
        page = designer.get(f"/studio/drafts/{draft}/{tab}").get_data(as_text=True)
        assert "&lt;script&gt;alert(1)" in page and "<script>alert" not in page and "x" * 3000 not in page
    refused = designer.post(f"/studio/drafts/{draft}/comments", {"text": "", "file": DIAGRAM, "element_id": evil})
    assert refused.status_code == 422 and "&gt;&lt;script" in designer.page
    served = designer.get(f"{files}/tests/evil.toml")
    assert served.data == long_line.encode() and served.mimetype == "text/plain"
    assert served.headers["Content-Security-Policy"] == "default-src 'none'; sandbox"

    [comment] = designer.get(f"/studio/api/drafts/{draft}/comments").get_json()["comments"]
    assert (comment["element"], comment["text"], comment["resolved_at"]) == ('a"b', evil, None)
    assert comment["by_id"] == scenario.person("sheji").person_id
    settled = designer.post(f"/studio/drafts/{draft}/comments/{comment['comment_id']}/resolution")
    restored = designer.post(f"/studio/drafts/{draft}/restoration", {"wanted": "1", "revision": "2"})
    assert (settled.status_code, restored.status_code) == (303, 303)
    assert designer.post(f"/studio/drafts/{draft}/restoration", {"wanted": "x", "revision": "3"}).status_code == 404
    assert designer.post(f"/studio/drafts/{draft}/restoration", {"wanted": "1", "revision": "2"}).status_code == 409
    history = designer.get(f"/studio/drafts/{draft}/history").get_data(as_text=True)
    assert "恢复第 1 次保存的内容" in history and "已处理" in history
    older = designer.get(f"/studio/drafts/{draft}/history?before=2").get_data(as_text=True)
    assert "下载 zip：第 1 次保存" in older and "下载 zip：第 2 次保存" not in older
    assert designer.get(f"/studio/drafts/{draft}/history?before=x").status_code == 200
    assert scenario.engine.read.model_draft(draft).revision == 3


def test_requests_that_are_not_in_order_keep_nothing(
    signed_in: Callable[[str], Browser], scenario: Scenario, draft: str
) -> None:
    designer, officer = signed_in("sheji"), signed_in("chengjiao1")
    files, token = f"/studio/api/drafts/{draft}/files", {"X-CSRF-Token": designer.token}
    refusals = {
        "no revision": put(designer, f"{files}/{DIAGRAM}", b"x", None),
        "no number": put(designer, f"{files}/{DIAGRAM}", b"x", "one"),
        "of the future": put(designer, f"{files}/{DIAGRAM}", b"x", 7),
        "too large": put(designer, f"{files}/{DIAGRAM}", b"x" * 5_000_001, 1),
        "outside": put(designer, f"{files}/..%2f..%2fetc.toml", b"x", 1),
        "not ours": put(designer, f"{files}/run.sh", b"x", 1),
        "no draft": put(designer, "/studio/api/drafts/nobody/files/x.form", b"x", 1),
    }

    assert {name: status for name, (status, _) in refusals.items()} == {
        "no revision": 422, "no number": 422, "of the future": 409, "too large": 413, "outside": 422, "not ours": 422,
        "no draft": 404,
    }  # fmt: skip
    assert all(answer["title"] for _, answer in refusals.values())
    assert refusals["not ours"][1]["problems"][0]["file"] == "run.sh"
    assert designer.client.put(f"{files}/{FORM}", data=b"x", headers={"If-Match": "1"}).status_code == 403  # no token
    assert designer.client.delete(f"{files}/nothing.form", headers={**token, "If-Match": "1"}).status_code == 404
    for address in ("/studio", f"/studio/drafts/{draft}/history", f"{files}/{FORM}", "/studio/api/words"):
        assert officer.get(address).status_code == 403
    for sent in ("[1]", "{", '{"files": {"a.form": 3}, "key": "x"}', '{"files": {}, "key": "\\ud800"}'):
        assert designer.client.post("/studio/api/check", data=sent, headers=token).status_code == 422
    assert scenario.engine.read.model_draft(draft).revision == 1

    removed = designer.client.delete(f"{files}/{FORM}", headers={**token, "If-Match": "1"})
    assert removed.get_json()["revision"] == 2
    errors = [one for one in removed.get_json()["problems"] if one["severity"] == "error"]
    assert any(FORM.removesuffix(".form") in one["zh"] and one["element"] for one in errors)
    designer.get(f"/studio/drafts/{draft}/publish")
    again = designer.post(f"/studio/drafts/{draft}/submission", {"revision": "2", "note": "我写的说明"})
    assert again.status_code == 422 and "我写的说明" in designer.page and "error-summary" in designer.page


def test_a_walk_that_no_reader_reads_is_saved_and_told_on_every_page(
    signed_in: Callable[[str], Browser], scenario: Scenario, draft: str
) -> None:
    designer, files = signed_in("sheji"), f"/studio/api/drafts/{draft}/files"
    walk = b"x = " + b"1" * 5_000

    saved = [put(designer, f"{files}/{name}", content, revision) for name, content, revision in (
        ("tests/odd.toml", walk, 1), (DIAGRAM, (PROCESSES / KEY / DIAGRAM).read_bytes() + b"\n", 2),
    )]  # fmt: skip
    pages = [designer.get(f"/studio/drafts/{draft}/{page}") for page in ("publish", "tests?run=1", "playground")]

    assert [(status, answer["revision"]) for status, answer in saved] == [(200, 2), (200, 3)]
    assert all("a number cannot be read" in str(answer["problems"]) for _, answer in saved)
    assert [(page.status_code, "读不了的日期或数字" in page.text) for page in pages] == [
        (200, True), (200, True), (200, False),
    ]  # fmt: skip

    def fails(draft: ModelDraft) -> list[Problem]:
        raise ValueError(draft.draft_id)

    found = scenario.engine.read.model_draft(draft)
    [told] = problems_of_saved(found, fails)
    assert (told.where, told.zh) == (KEY, "已保存，但检查没有做完，请联系系统管理员。")


def test_the_editors_ask_for_checks_words_and_deadlines(signed_in: Callable[[str], Browser], draft: str) -> None:
    designer = signed_in("sheji")

    def ask(address: str, **sent: object) -> tuple[int, dict]:  # type: ignore[type-arg]
        headers = {"X-CSRF-Token": designer.token}
        response = designer.client.post(f"/studio/api/{address}", json=sent, headers=headers)
        return response.status_code, response.get_json()

    broken = (PROCESSES / KEY / DIAGRAM).read_text().replace('after("20wd")', "20")
    _, alone = ask("check", draft=draft, files={DIAGRAM: broken})
    _, hostile = ask("check", key=KEY, files={DIAGRAM: '<!DOCTYPE a [<!ENTITY b "c">]><a>&b;</a>'})
    words = designer.get("/studio/api/words").get_json()
    status, due = ask("deadline", text="5", unit="wd", basis="方案四", **{"from": "2024-06-05"})

    assert "lookback_due" in {one["element"] for one in alone["problems"] if one["severity"] == "error"}
    assert any("DOCTYPE" in one["en"] for one in hostile["problems"])
    assert {"key": "officer@lead", "name": "承办人 · 牵头单位"} in words["groups"]
    assert {"site_check", "lookback_check"} <= {form["key"] for form in words["forms"]}
    assert all(words[kind] for kind in ("units", "letters", "decisions", "processes", "ladders", "campaigns", "jobs"))
    assert (status, due["expression"], due["due_on"], due["basis"]) == (200, 'after("5wd")', "2024-06-13", "方案四")
    assert len(due["days"]) == 9 and due["derivation"][0]["zh"]
    for sent in (
        {"text": "5"},
        {"text": "5", "unit": "weeks"},
        {"text": 'after("0wd")'},
        {"text": 'after("5wd")', "from": "soon"},
        {"text": "().__class__"},
        {"text": 'after("5wd", ghost)'},
    ):
        assert ask("deadline", **sent)[0] == 422
    assert ask("deadline", text='after("5wd")', campaign="nowhere")[0] == 404


def test_a_folder_travels_as_a_zip_and_on_the_command_line_without_a_byte_changed(
    signed_in: Callable[[str], Browser], scenario: Scenario, draft: str, tmp_path_factory: pytest.TempPathFactory
) -> None:
    designer, folder = signed_in("sheji"), tmp_path_factory.mktemp("models")
    original = process_folder(PROCESSES / KEY).files
    packed = designer.get(f"/studio/drafts/{draft}/folder.zip").data
    with zipfile.ZipFile(io.BytesIO(packed)) as opened_zip:
        assert {name: opened_zip.read(name) for name in opened_zip.namelist()} == {
            f"{KEY}/{name}": content for name, content in original.items()
        }
    assert packed == zip_of(KEY, original)

    def send(address: str, content: bytes, name: str = "x.zip", **more: str) -> int:
        designer.get("/studio")
        sent = {"files": (io.BytesIO(content), name), **more}
        return designer.post(address, sent, content_type="multipart/form-data").status_code

    changed = {**original, "tests/more.toml": b"# \xe6\x9b\xb4\n"}
    del changed[FORM]
    upload = f"/studio/drafts/{draft}/upload"
    assert send(upload, zip_of(KEY, changed), how="replace", revision="1", note="全部替换") == 303
    assert scenario.engine.read.model_draft(draft).files == changed
    assert send(upload, zip_of(KEY, original), how="add", revision="1", note="慢了一步") == 409
    assert "慢了一步" in designer.page and "没有覆盖" in designer.page
    assert send(upload, b"PK\x03\x04 broken", revision="2", note="坏的") == 422 and 'value="坏的"' in designer.page
    assert send(upload, b"x", name="run.sh", revision="2") == 422 and "run.sh 不是流程文件" in designer.page
    assert send("/studio/imports", zip_of(KEY, original)) == 409  # is being changed
    assert "正在修改" in designer.page
    assert send("/studio/imports", zip_of("survey", process_folder(PROCESSES / "survey").files)) == 303
    assert send("/studio/drafts", b"", key="../x", title="我的流程") == 422 and 'value="我的流程"' in designer.page

    def run(*arguments: str) -> str:
        result = CliRunner().invoke(duban, ["--database", scenario.config.database_url, "models", *arguments], env=env)
        assert result.exit_code == 0, (result.output, result.exception)
        return result.output

    env = {"DUBAN_SECRET_FILE": str(scenario.config.secret_file)}
    (folder / KEY).mkdir()
    (folder / KEY / "left.toml").write_bytes(b"")
    assert "left alone" in run("export", KEY, str(folder))
    run("export", KEY, str(folder), "--prune")
    assert process_folder(folder / KEY).files == original
    assert run("export", KEY, str(folder)) == f"{KEY}: {len(original)} files\n"  # nothing to write
    run("export", KEY, str(folder), "--draft", "--prune")
    assert process_folder(folder / KEY).files == changed
    run("export", "letters", str(folder))
    (template := folder / "letters" / "urge.html.j2").write_bytes(template.read_bytes() + b"\n")
    assert "unchanged" in run("import", str(PROCESSES / "letters"))
    before = scenario.engine.read.definition("letters").version
    assert "draft" in run("import", str(folder / "letters"), "--title", "催办单（演示）")
    assert scenario.engine.read.definition("letters").version == before
    assert re.search(r"letters  version \d+  draft \w+ OPEN by", run("list"))


def test_a_newer_version_is_taken_over_file_by_file(
    signed_in: Callable[[str], Browser], scenario: Scenario, draft: str, app: Flask
) -> None:
    designer = signed_in("sheji")
    original = scenario.engine.read.definition_files(KEY)
    form = json.loads(original[FORM])
    theirs = {**original, FORM: json.dumps(form).encode()}
    put(designer, f"/studio/api/drafts/{draft}/files/{FORM}", original[FORM] + b"\n", 1)
    scenario.engine.execute(Deploy(KEY, theirs), by=SYSTEM)

    page = designer.get(f"/studio/drafts/{draft}/publish").get_data(as_text=True)
    refused = designer.post(f"/studio/drafts/{draft}/rebase", {"revision": "2"})
    taken = designer.post(f"/studio/drafts/{draft}/rebase", {"revision": "2", f"choice.{FORM}": "theirs"})

    assert "并入新版本" in page and "采用新版本的" in page and "/submission" not in page
    assert (refused.status_code, taken.status_code) == (422, 303)
    assert scenario.engine.read.model_draft(draft).files == theirs
    assert designer.post(f"/studio/drafts/{draft}/discard", {"discard_reason": "不改了"}).status_code == 303
    assert designer.get(f"/studio/drafts/{draft}").headers["Location"].startswith(f"/studio/drafts/{draft}/")
    known = {rule.rule for rule in app.url_map.iter_rules()}
    assert f"/studio/drafts/{draft}/history" in designer.get(f"/studio/drafts/{draft}/history").get_data(as_text=True)
    for tab in ("diagram", "tables", "forms", "tests", "playground", "compare"):  # only those that are there
        shown = f'href="/studio/drafts/{draft}/{tab}"' in designer.page
        assert shown == (f"/studio/drafts/<draft_id>/{tab}" in known)


def test_a_new_process_takes_no_key_that_is_there_already(signed_in: Callable[[str], Browser], draft: str) -> None:
    designer = signed_in("sheji")
    designer.get("/studio")

    for key in ("survey", KEY):  # deployed; being changed
        refused = designer.post("/studio/drafts", {"new": "1", "key": key, "title": "新的 x"})
        assert refused.status_code == 422 and "已经有了" in refused.text and "新的 x" in refused.text
    assert designer.post("/studio/drafts", {"key": "survey", "title": "排查摸底"}).status_code == 303
