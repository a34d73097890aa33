"""The editors of tables, forms and letter templates, through HTTP: their pages, a new file, a try, two previews."""

import json
from collections.abc import Callable
from typing import Any

import pytest
from scenario import PROCESSES, NewScenario, Scenario
from web_visitor import Browser

from engine.bpmn.table_faults import table_problems
from engine.commands.models import OpenModelDraft
from engine.domain.letter import KINDS
from engine.errors import Rejected
from forms.form import check_form
from forms.letters.sample import check_letter_template
from web.studio.starters import starter
from web.turns import PREVIEWS

DISPOSITION = (PROCESSES / "survey" / "disposition.dmn").read_text()
CLOSE_CHECKS = (PROCESSES / "cleanup" / "close_checks.form").read_text()
URGE = (PROCESSES / "letters" / "urge.html.j2").read_text()
RELAPSE = ["rectify", "true", "", "", "", "suspension_irregular"]


def opened(scenario: Scenario) -> None:
    for key in ("survey", "letters"):
        scenario.engine.execute(OpenModelDraft(key, key), by=scenario.person("sheji"))


@pytest.fixture
def scenario(new_scenario: NewScenario) -> Scenario:
    return new_scenario(story=opened)


@pytest.fixture
def drafts(scenario: Scenario) -> dict[str, str]:
    return {row.key: str(row.draft_id) for row in scenario.engine.read.model_drafts()}


@pytest.fixture
def designer(signed_in: Callable[[str], Browser]) -> Browser:
    found = signed_in("sheji")
    found.get("/studio")
    return found


def ask(browser: Browser, door: str, body: Any) -> Any:
    return browser.client.post(f"/studio/api/{door}", json=body, headers={"X-CSRF-Token": browser.token})


def try_table(browser: Browser, text: str, inputs: Any, decision: str = "") -> tuple[int, Any]:
    response = ask(browser, "try-table", {"text": text, "decision": decision, "inputs": inputs})
    return response.status_code, response.get_json()


def form_of(*components: dict[str, Any]) -> str:
    return json.dumps({"type": "default", "id": "f", "components": list(components)})


def test_each_tab_shows_its_files_and_takes_a_new_one(
    designer: Browser, scenario: Scenario, drafts: dict[str, str], signed_in: Callable[[str], Browser]
) -> None:
    draft = f"/studio/drafts/{drafts['survey']}"

    assert designer.get(f"{draft}/tables").status_code == 200
    assert 'data-file="disposition.dmn"' in designer.page and "data-open" in designer.page
    assert 'data-person="' in designer.page and 'data-person=""' not in designer.page
    assert designer.get(f"{draft}/forms?file=survey_site.form").status_code == 200
    assert 'data-file="survey_site.form"' in designer.page and "现场排查登记</span>" in designer.page
    assert "Site survey</span>" in designer.get(f"{draft}/forms?lang=en").get_data(as_text=True)
    assert designer.get(f"{draft}/forms?lang=zh").status_code == 200
    assert designer.get(f"{draft}/forms?file=../../secret").status_code == 404
    for name, words in (
        ("disposition", "已有"),
        ("DISPOSITION", "大小写"),
        ("1x", "字母开头"),
        ("", "字母开头"),
        ('"><b>', "字母开头"),
    ):
        designer.get(f"{draft}/tables")
        assert designer.post(f"{draft}/tables", {"name": name}).status_code == 422
        assert words in designer.page and "<b>" not in designer.page.split("<main")[1]
    for tab, name in (("tables", "my_table.dmn"), ("forms", "my_form")):
        designer.get(f"{draft}/{tab}")
        added = designer.post(f"{draft}/{tab}", {"name": name})
        assert (added.status_code, "?file=my_" in added.headers["Location"]) == (303, True)
    files = scenario.engine.read.model_draft(drafts["survey"]).files
    assert {name for name in files if name.startswith("my_")} == {"my_table.dmn", "my_form.form"}
    assert [*table_problems(files["my_table.dmn"], "x"), *check_form(files["my_form.form"], "x")] == []

    designer.get(f"/studio/drafts/{drafts['letters']}/letters")
    assert designer.post(f"/studio/drafts/{drafts['letters']}/letters", {"name": "nonsense"}).status_code == 422
    assert designer.post(f"/studio/drafts/{drafts['letters']}/letters", {"name": "urge"}).status_code == 422
    officer = signed_in("chengjiao1")
    for address in (f"{draft}/tables", f"{draft}/forms", f"{draft}/letters"):
        assert officer.client.get(address).status_code == 403


@pytest.mark.parametrize("kind", sorted(KINDS))
def test_a_new_letter_template_can_be_printed_as_it_is(kind: str) -> None:
    assert check_letter_template(starter("letters", kind).decode(), name=f"{kind}.html.j2") == ()


def test_a_table_is_tried_as_it_stands_on_the_screen(designer: Browser) -> None:
    status, answer = try_table(designer, DISPOSITION, RELAPSE)
    assert (status, answer["row"], answer["rule"]) == (200, 2, "disposition_rule_2")
    assert answer["outputs"][0] == {"name": "disposition", "label": "处置方式", "value": "rectify"}
    edited = DISPOSITION.replace('<text>not("close")</text>', '<text>not("exclude")</text>', 1)
    assert try_table(designer, DISPOSITION, ["exclude", *RELAPSE[1:]])[1]["row"] == 2
    assert try_table(designer, edited, ["exclude", *RELAPSE[1:]])[1]["row"] == 5

    broken = DISPOSITION.replace('<text>not("close")</text>', "<text>not(</text>", 1)
    status, answer = try_table(designer, broken, RELAPSE)
    assert (status, answer["problems"][0]["element"]) == (422, "disposition_rule_2_in_1")
    unique = DISPOSITION.replace('hitPolicy="FIRST"', 'hitPolicy="UNIQUE"')
    for text, inputs, words in (
        (unique, ["close", "true", "true", "true", "true", "closure_incomplete"], "同时适用"),
        (DISPOSITION, ["nothing", "", "", "", "", ""], "没有一行"),
        (DISPOSITION, ["close"], "共 6 列"),
        (DISPOSITION, "close", "共 6 列"),
        (DISPOSITION, [1, 2, 3, 4, 5, 6], "共 6 列"),
        (DISPOSITION, ["x" * 3000, "", "", "", "", ""], "2000"),
        ("<!DOCTYPE x><definitions/>", [], "DOCTYPE"),
        ("", [], "空的"),
    ):
        status, answer = try_table(designer, text, inputs)
        assert (status, words in answer["problems"][0]["zh"]) == (422, True), answer
    assert try_table(designer, DISPOSITION, RELAPSE, decision="other")[0] == 422
    assert ask(designer, "try-table", ["no", "object"]).status_code == 422
    assert designer.client.post("/studio/api/try-table", json={}).status_code == 403  # without the token
    token = {"X-CSRF-Token": designer.token}
    for body in (b"", b"{", b"null", b"\xff", b"[" * 100_000):
        assert designer.client.post("/studio/api/try-table", data=body, headers=token).status_code == 422


def test_what_is_typed_into_a_try_becomes_a_value_as_in_a_cell(designer: Browser) -> None:
    def row(cell: str, typed: str) -> bool:
        text = starter("tables", "t").decode().replace("<text>-</text>", f"<text>{cell}</text>", 1)
        if cell in ("true", "false"):
            text = text.replace('typeRef="string"', 'typeRef="boolean"', 1)
        return try_table(designer, text, [typed])[0] == 200

    assert row('"close"', "close") and row('"close"', '"close"') and row('"a"', '["b","a"]') and row("null", " ")
    assert row("true", "是") and row("false", "no") and row("false", "FALSE") and not row("true", "1")
    assert row("&gt;= 5", "5") and row("true", "true") and row('"[a"', "[a") and not row('"5"', "5")


def test_a_form_is_previewed_by_the_officers_own_renderer(designer: Browser) -> None:
    response = ask(designer, "preview-form", {"text": CLOSE_CHECKS})
    page = response.get_data(as_text=True)
    assert response.status_code == 200 and "<script" not in page
    assert 'name="closing_checks.water.state"' in page and "data-hide-rule" in page and "演示员甲" in page
    assert "script-src" not in response.headers["Content-Security-Policy"]

    hostile = {"type": "textfield", "key": "x", "label": "<script>alert(1)</script>", "description": '"><img src=x>'}
    page = ask(designer, "preview-form", {"text": form_of(hostile)}).get_data(as_text=True)
    assert "&lt;script&gt;" in page and "<script" not in page and "<img" not in page
    many = {"type": "select", "key": "x", "label": "x", "values": [{"value": str(at)} for at in range(20_000)]}
    page = ask(designer, "preview-form", {"text": form_of(many)}).get_data(as_text=True)
    assert page.count("<option") == 201
    many["values"] = [{"value": str(at)} for at in range(100_000)]
    for text in (form_of(many), "{", "[]", "", "[" * 100_000, '{"components": 1}', "\ud800"):
        response = ask(designer, "preview-form", {"text": text})
        assert (response.status_code, bool(response.get_json()["problems"])) == (422, True), text[:20]


def test_a_letter_is_printed_beside_its_template(
    designer: Browser, drafts: dict[str, str], signed_in: Callable[[str], Browser]
) -> None:
    address = f"/studio/drafts/{drafts['letters']}/letters"
    designer.get(f"{address}?file=urge.html.j2")
    assert "关于尽快报送" in designer.page and 'data-letter-word="cases[].name"' in designer.page

    def preview(**sent: str) -> Any:
        return designer.post(f"{address}/preview.pdf", {"name": "urge.html.j2", "text": URGE, **sent})

    printed = preview(subject="several")
    assert (printed.status_code, printed.data[:5], printed.headers["X-Frame-Options"]) == (200, b"%PDF-", "SAMEORIGIN")
    designer.get(address)
    for sent, words in (
        ({"text": "<title>x</title><p>{{ nonsense }}</p>"}, "nonsense"),
        ({"text": "<title>x</title><p>{{ ''.__class__ }}</p>"}, "urge.html.j2:1"),
        ({"text": "<script>alert(1)</script>"}, "&lt;script"),
        ({"text": "x" * 60_000}, "50000"),
        ({"name": "../../etc/passwd"}, "不是函件种类"),
        ({"layout": "minutes"}, "没有这种版式"),
        ({"subject": "all"}, "没有这种版式"),
    ):
        refused = preview(**sent)
        page = refused.get_data(as_text=True)
        assert (refused.status_code, words in page, "<script" in page) == (422, True, False), page
        designer.get(address)
    assert signed_in("chengjiao1").client.post(f"{address}/preview.pdf", data={}).status_code == 403


def test_one_person_prints_one_preview_at_a_time() -> None:
    with PREVIEWS.take("anna"), PREVIEWS.take("bert"):
        with pytest.raises(Rejected), PREVIEWS.take("anna"):
            pass
        with pytest.raises(Rejected), PREVIEWS.take("anna"):
            pass
    with PREVIEWS.take("anna"):
        pass
