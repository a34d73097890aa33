"""A designer at the studio's diagram: a step from a template, an error mended by a picker, saved by itself."""

import re

from browser_person import NewPerson, Person
from browser_site import Site
from playwright.sync_api import expect
from scenario import PROCESSES
from xml_facts import Fact, facts_of, remarks_of

from engine.commands.model_publishing import SubmitModelDraft
from engine.commands.models import OpenModelDraft, SaveModelFiles
from engine.domain.actor import Actor

TESTS = PROCESSES.parent / "tests"
FOREIGN = [*sorted((TESTS / "bpmn" / "corpus" / "foreign").glob("*.bpmn")), TESTS / "setup" / "remarked.bpmn"]
DRAWN = ("}Bounds", "}waypoint", "}BPMNLabel")
FILE = "cleanup.bpmn"
BEFORE = (PROCESSES / "cleanup" / FILE).read_bytes()
CANVAS = ".model-editor__canvas svg"
READY = "[data-studio-ready]"
SAVE_STATE = ".model-editor__state"
CHECKED = ".studio-problems[data-problems]"


def the_designer(site: Site) -> Actor:
    person = site.read.login("sheji")
    assert person is not None
    actor = site.read.actor(person["person_id"])
    assert actor is not None
    return actor


def open_draft(site: Site, key: str) -> str:
    return str(site.engine.execute(OpenModelDraft(key, "清理整治（演示）"), by=the_designer(site))["draft_id"])


def put(site: Site, draft_id: str, name: str, content: bytes) -> None:
    """As another window of the designer saves it."""
    revision = site.read.model_draft(draft_id).revision
    site.engine.execute(SaveModelFiles(draft_id, revision, {name: content}, ""), by=the_designer(site))


def at_the_diagram(new_person: NewPerson, draft_id: str, **context: object) -> Person:
    designer = new_person("sheji", **context)
    designer.go(f"/studio/drafts/{draft_id}/diagram")
    designer.page.wait_for_selector(READY)
    return designer


def shape(designer: Person, element_id: str) -> None:
    designer.page.locator(f"[data-element-id={element_id}] .djs-hit").first.click()


def test_a_designer_adds_a_step_and_mends_what_the_check_says(new_person: NewPerson, site: Site) -> None:
    draft_id = open_draft(site, "cleanup")
    designer = at_the_diagram(new_person, draft_id)
    page = designer.page
    page.wait_for_selector(CHECKED)
    assert site.read.model_draft(draft_id).files[FILE] == BEFORE

    shape(designer, "close_checks")
    page.keyboard.press("a")
    page.locator(".djs-popup input").fill("现场核查")
    page.locator(".djs-popup [data-id=append-template-site_check]").click()

    problem = page.locator(".studio-problem__go[data-element=site_check]").filter(has_text="表单").first
    expect(problem).to_contain_text("错误")
    problem.click()
    picker = page.locator("[data-entry-id=studio-duban-formKey] select")
    expect(picker).to_be_focused()
    picker.select_option("close_checks")
    expect(page.locator(".studio-problem--error [data-element=site_check]")).to_have_count(0)
    expect(page.locator(SAVE_STATE)).to_have_text("已保存")
    xml = site.read.model_draft(draft_id).files[FILE].decode()
    step = re.search(r'<bpmn:userTask id="site_check"[^>]*>', xml)
    assert step is not None
    assert 'duban:formKey="close_checks"' in step[0] and 'duban:dueDate="after(&#34;5wd&#34;)"' in step[0]
    assert page.evaluate("[...document.querySelector('[data-studio-diagram]').missingWords]") == []

    page.locator(CANVAS).first.click(position={"x": 500, "y": 30})  # a second click on what is selected deselects it
    shape(designer, "site_check")
    page.keyboard.press("Control+c")
    assert page.evaluate("localStorage['duban.studio.clipboard']")
    other_id = open_draft(site, "circular")
    designer.go(f"/studio/drafts/{other_id}/diagram")
    page.wait_for_selector(READY)
    page.locator(CANVAS).first.click(position={"x": 500, "y": 30})
    page.keyboard.press("Control+v")
    page.locator(".djs-drag-active").first.wait_for(state="attached")
    box = page.locator(CANVAS).first.bounding_box()
    assert box is not None
    page.mouse.move(box["x"] + 600, box["y"] + 40, steps=3)
    page.mouse.click(box["x"] + 600, box["y"] + 40)
    expect(page.locator(SAVE_STATE)).to_have_attribute("data-state", "unsaved")
    page.get_by_role("button", name="立即保存").click()
    expect(page.locator(SAVE_STATE)).to_have_attribute("data-state", "saved")
    pasted = site.read.model_draft(other_id).files["circular.bpmn"].decode()
    assert re.search(r'name="现场核查" duban:formKey="close_checks" [^>]*duban:dueDate="after', pasted)


def test_a_changed_diagram_of_another_tool_keeps_what_was_not_changed(new_person: NewPerson, site: Site) -> None:
    draft_id = open_draft(site, "survey")
    designer = at_the_diagram(new_person, draft_id)

    for foreign in FOREIGN:
        before = foreign.read_bytes()
        put(site, draft_id, "survey.bpmn", before)
        designer.go(f"/studio/drafts/{draft_id}/diagram")
        designer.page.wait_for_selector(READY)
        assert site.read.model_draft(draft_id).files["survey.bpmn"] == before

        task = designer.page.locator(".djs-shape[data-element-id]:has(.djs-visual rect)").last
        box = task.bounding_box()
        assert box is not None
        designer.page.mouse.click(box["x"] + 0.6 * box["width"], box["y"] + 0.8 * box["height"])
        designer.page.keyboard.press("ArrowRight")
        expect(designer.page.locator(SAVE_STATE)).to_have_attribute("data-state", "unsaved")
        designer.page.keyboard.press("Control+s")
        expect(designer.page.locator(SAVE_STATE)).to_have_attribute("data-state", "saved")

        after = site.read.model_draft(draft_id).files["survey.bpmn"]
        assert after != before
        assert undrawn(after) == undrawn(before), foreign.name
        assert remarks_of(after) == remarks_of(before), foreign.name


def undrawn(xml: bytes) -> list[Fact]:
    """Without places; and the canvas writes into a shape that its gateway shows the mark it has drawn."""
    facts = [fact for fact in facts_of(xml) if not fact[0].endswith(DRAWN)]
    for _, attributes, _ in facts:
        attributes.pop("isMarkerVisible", None)
    return facts


def test_comments_stand_at_their_elements_for_who_changes_and_who_publishes(new_person: NewPerson, site: Site) -> None:
    draft_id, element_id = open_draft(site, "interview"), "hold_interview"
    designer = at_the_diagram(new_person, draft_id)
    page = designer.page
    said = page.locator(".studio-comments__said")

    shape(designer, element_id)
    page.keyboard.press("m")
    page.keyboard.type("期限太短？")
    page.route("**/comments", lambda route: route.abort() if route.request.method == "POST" else route.continue_())
    page.keyboard.press("Control+Enter")
    expect(said).to_contain_text("没有发出，文字留着")
    page.unroute("**/comments")
    designer.complaints.clear()
    page.reload()
    page.wait_for_selector(READY)
    shape(designer, element_id)
    page.keyboard.press("m")
    expect(page.locator(".studio-comments__text")).to_have_value("期限太短？")
    page.keyboard.press("Control+Enter")
    expect(page.locator(".studio-comment-mark")).to_have_text("1")
    assert [(one.element_id, one.text) for one in site.read.model_comments(draft_id)] == [(element_id, "期限太短？")]

    page.locator("[data-action=studio-colour]").click()
    page.locator(".djs-popup [data-id=colour-green]").click()
    loop, unsaid = "[data-entry-id=studio-{}]", page.locator("[data-rule=multi-instance]")
    page.locator(loop.format("multiInstanceLoopCharacteristics") + " select").select_option("sequential")
    expect(unsaid).not_to_have_count(0)
    page.locator(loop.format("loopDataInputRef") + " input").fill("units")
    page.locator(loop.format("inputDataItem") + " input").fill("unit")
    expect(unsaid).to_have_count(0)
    page.keyboard.press("Control+s")
    expect(page.locator(SAVE_STATE)).to_have_attribute("data-state", "saved")
    draft = site.read.model_draft(draft_id)
    xml = draft.files["interview.bpmn"].decode()
    assert re.search(
        r'isSequential="true">\s*<bpmn:loopDataInputRef>units<.*\s*<bpmn:inputDataItem id="unit_in" name="unit"', xml
    )
    assert '<bpmn:property id="units" name="units" />' in xml and 'background-color="#c8e6c9"' in xml

    site.engine.execute(SubmitModelDraft(draft_id, draft.revision), by=the_designer(site))
    publisher = new_person("fabu")
    publisher.go(f"/studio/drafts/{draft_id}/diagram")
    publisher.page.locator(".studio-comment-mark").click()
    publisher.page.locator(".studio-comments__text").fill("已请示，可以")
    publisher.page.get_by_role("button", name="写批注").click()
    expect(publisher.page.locator(".studio-comment-mark")).to_have_text("2")
    publisher.page.get_by_role("button", name="标为已处理").first.click()
    expect(publisher.page.locator(".studio-comment-mark")).to_have_text("1")
    first, second = site.read.model_comments(draft_id)
    assert (first.resolved_at is None, second.resolved_at, second.element_id) == (False, None, element_id)


def test_what_is_hostile_in_a_file_runs_nothing_and_is_said(new_person: NewPerson, site: Site) -> None:
    draft_id = open_draft(site, "lookback")
    trap = "&lt;img src=x onerror=&quot;document.title=1&quot;&gt;&lt;script&gt;document.title=2&lt;/script&gt;"
    lookback = (PROCESSES / "lookback" / "lookback.bpmn").read_text("utf-8")
    trapped = re.sub(r' name="[^"]*"', f' name="{trap}"', lookback)
    documented = re.sub(r"(<bpmn:documentation>)[^<]*", rf"\1{trap}", trapped)
    put(site, draft_id, "lookback.bpmn", documented.encode())
    designer = at_the_diagram(new_person, draft_id)
    page = designer.page
    page.wait_for_selector(CHECKED)

    for hit in page.locator(".djs-shape .djs-hit").all()[:4]:
        hit.click(force=True)
        page.keyboard.press("Escape")
    page.get_by_label("用令牌走一遍").click()
    page.locator(".studio-simulation .bts-context-pad").first.click()
    expect(page.locator(".studio-simulation [data-element-id]").first).to_be_attached()
    untranslated = page.locator(".studio-simulation [class*=bts-][title]").evaluate_all(
        "all => all.map(one => one.title)"
    )
    assert [title for title in untranslated if re.search("[A-Za-z]{3}", title) and "onerror" not in title] == []
    page.get_by_role("button", name="回到编辑").click()
    assert page.title().startswith("清理整治（演示）") and page.locator("main img[src=x], main script").count() == 0

    put(site, draft_id, "lookback.bpmn", b"no diagram at all")
    designer.complaints.clear()
    designer.go(f"/studio/drafts/{draft_id}/diagram")
    expect(page.get_by_role("alert").filter(has_text="画不出来")).to_be_visible()
    assert site.read.model_draft(draft_id).files["lookback.bpmn"] == b"no diagram at all"
    designer.complaints.clear()  # the reason is written to the console, on purpose


def test_two_who_change_the_same_diagram_lose_nothing(new_person: NewPerson, site: Site) -> None:
    draft_id = open_draft(site, "improvement")
    designer = at_the_diagram(new_person, draft_id)
    page = designer.page
    theirs = (PROCESSES / "improvement" / "improvement.bpmn").read_bytes() + b"\n"
    put(site, draft_id, "improvement.bpmn", theirs)

    page.locator(".djs-shape .djs-hit").nth(1).click()
    page.keyboard.press("ArrowRight")
    expect(page.locator(SAVE_STATE)).to_contain_text("冲突")
    assert site.read.model_draft(draft_id).files["improvement.bpmn"] == theirs
    assert [complaint for complaint in designer.complaints if " 409 " not in complaint] == []
    designer.complaints.clear()
    page.on("dialog", lambda dialog: dialog.accept())
    page.reload()
    page.wait_for_selector(READY)
    page.get_by_role("button", name="恢复这些修改").click()

    expect(page.locator(SAVE_STATE)).to_have_attribute("data-state", "unsaved")
    page.get_by_role("button", name="立即保存").click()
    expect(page.locator(SAVE_STATE)).to_have_attribute("data-state", "saved")
    draft = site.read.model_draft(draft_id)
    assert draft.files["improvement.bpmn"] != theirs
    assert site.read.model_save(draft_id, draft.revision - 1).files["improvement.bpmn"] == theirs
