"""A designer at the editors: a cell of a table, a component of a form; what is saved, shown, tried, and what stays."""

import json

import pytest
from browser_person import NewPerson, Person
from browser_site import Site
from playwright.sync_api import expect
from scenario import PROCESSES

from engine.commands.models import OpenModelDraft, SaveModelFiles
from engine.domain.actor import Actor

TABLE = (PROCESSES / "survey" / "disposition.dmn").read_text()
FOREIGN = (
    TABLE.replace("<definitions ", '<definitions xmlns:other="urn:other:tool" other:version="7" ', 1)
    .replace('<decision id="disposition"', '<!-- kept -->\n  <decision other:note="kept" id="disposition"')
    .replace('<inputEntry id="disposition_rule_1_in_1">', '<inputEntry other:seen="1" id="disposition_rule_1_in_1">')
)
FORM = (PROCESSES / "survey" / "review_disposition.form").read_text()
TEXTS = {"type": "textfield", "key": "a", "label": "<img src=x onerror=alert(1)>", "ours": {"kept": [1]}}
MANY = {"type": "select", "key": "a", "label": "b", "values": [{"value": str(at)} for at in range(50_000)]}
CELL = '[data-element-id="disposition_rule_2_in_1"]'


def form_of(component: object) -> bytes:
    return json.dumps({"type": "default", "id": "x", "components": [component]}).encode()


@pytest.fixture(scope="module")
def draft_id(site: Site) -> str:
    """Of `survey`, with a table and forms of other makers beside its own."""
    person = site.read.login("sheji")
    assert person is not None
    designer = site.read.actor(person["person_id"])
    assert isinstance(designer, Actor)
    opened = str(site.engine.execute(OpenModelDraft("survey", "排查"), by=designer)["draft_id"])
    button = form_of({"type": "button", "key": "a", "label": "b"})
    files = {"disposition.dmn": FOREIGN.encode(), "x.form": form_of(TEXTS), "y.form": button, "z.form": form_of(MANY)}
    site.engine.execute(SaveModelFiles(opened, 1, files), by=designer)
    return opened


def at(designer: Person, draft_id: str, tab: str, name: str) -> None:
    designer.go(f"/studio/drafts/{draft_id}/{tab}?file={name}")
    designer.page.wait_for_selector("[data-editor-ready]")


def saved(designer: Person, site: Site, draft_id: str, name: str) -> str:
    designer.page.keyboard.press("Control+s")
    designer.page.wait_for_selector(".model-editor__state[data-state=saved]")
    return site.read.model_draft(draft_id).files[name].decode()


def test_a_cell_is_changed_found_wrong_mended_and_tried(new_person: NewPerson, site: Site, draft_id: str) -> None:
    designer = new_person("sheji")
    page = designer.page
    at(designer, draft_id, "tables", "disposition.dmn")
    cell = page.locator(f"{CELL} [contenteditable]")

    cell.click()
    page.keyboard.press("Control+a")
    page.keyboard.type('not("close"')
    page.locator(".file-problems__go", has_text="第 2 行").click()
    expect(cell).to_be_focused()
    page.keyboard.press("Control+a")
    page.keyboard.type('not("gone")')
    expect(page.locator(".file-problems__state")).to_have_text("没有发现问题")
    for number, typed in enumerate(["close", "true", "", "", "", "suspension_irregular"]):
        page.locator(".try-row input").nth(number).fill(typed)
    page.get_by_role("button", name="试算").click()

    expect(page.locator(".try-row__answer")).to_contain_text("第 2 行适用")
    assert page.locator(".table-editor__hit").count() > 5
    assert page.get_attribute("[data-table-editor]", "data-missing-words") == ""
    assert page.locator(".table-editor .bjs-powered-by").is_visible()
    offered = page.locator(".table-editor__policy option").all_inner_texts()
    assert [words.partition("：")[0] for words in offered] == ["唯一", "首个"]
    kept = saved(designer, site, draft_id, "disposition.dmn")
    assert kept == FOREIGN.replace('in_1"><text>not("close")', 'in_1"><text>not("gone")', 1)


def test_a_form_gets_a_component_by_keyboard_and_gives_it_back(
    new_person: NewPerson, site: Site, draft_id: str
) -> None:
    designer = new_person("sheji")
    page = designer.page
    at(designer, draft_id, "forms", "review_disposition.form")
    preview = page.frame_locator(".form-preview__frame")

    page.locator("[data-field-type=credit_code]").focus()
    page.keyboard.press("Enter")
    page.locator(".sketch", has_text="统一社会信用代码").click()
    page.locator("[data-setting=key]").fill("credit_code")
    page.locator("[data-setting=label]").fill("企业信用代码")
    expect(preview.get_by_label("企业信用代码")).to_be_visible()
    page.get_by_role("button", name="上移").press("Enter")
    expect(page.locator(".sketch").last).to_contain_text("审定说明")

    components = json.loads(saved(designer, site, draft_id, "review_disposition.form"))["components"]
    added = components[-2]
    assert (added["type"], added["key"], added["label"], added["validate"]["maxLength"]) == (
        "textfield", "credit_code", "企业信用代码", 18,
    )  # fmt: skip
    assert [one for one in components if one is not added] == json.loads(FORM)["components"]
    page.get_by_role("button", name="删除").first.click()
    assert saved(designer, site, draft_id, "review_disposition.form") == FORM


def test_hostile_and_foreign_forms_leave_the_editor_alive(new_person: NewPerson, site: Site, draft_id: str) -> None:
    designer = new_person("sheji")
    page = designer.page

    at(designer, draft_id, "forms", "x.form")
    expect(page.locator(".sketch__label")).to_contain_text("<img src=x")
    page.locator(".sketch").click()
    page.locator("[data-setting=label]").fill("改")
    kept = json.loads(saved(designer, site, draft_id, "x.form"))["components"]
    assert kept == [{**TEXTS, "label": "改"}]
    for name in ("y.form", "z.form"):  # a kind that we have not, and fifty thousand options
        at(designer, draft_id, "forms", name)
        expect(page.locator(".text-editor__area")).to_be_editable()
        expect(page.locator(".file-problems__line--error").first).to_be_visible()
