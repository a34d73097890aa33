"""A day of a designer: definitions and their diagrams, a changed reminder uploaded, wrong files explained in words."""

import re

import pytest
from browser_person import NewPerson, Person
from browser_site import Site
from scenario import PROCESSES

CLEANUP = (PROCESSES / "cleanup" / "cleanup.bpmn").read_text()
HEADER = '<?xml version="1.0" encoding="UTF-8"?>'
LINK = '<bpmn:intermediateThrowEvent id="jump"><bpmn:linkEventDefinition name="away" /></bpmn:intermediateThrowEvent>'
WRONG = {
    "a script task": (
        CLEANUP.replace('<bpmn:userTask id="close_checks"', '<bpmn:scriptTask id="close_checks"').replace(
            "</bpmn:userTask>", "</bpmn:scriptTask>", 1
        ),
        "cleanup.bpmn:close_checks",
        "脚本",
    ),
    "a doctype": (CLEANUP.replace(HEADER, f'{HEADER}<!DOCTYPE x [<!ENTITY y "z">]>'), "cleanup.bpmn", "DOCTYPE"),
    "a form that is missing": (
        CLEANUP.replace('duban:formKey="close_checks"', 'duban:formKey="no_such_form"'),
        "cleanup.bpmn:close_checks",
        "no_such_form",
    ),
    "a flow to nowhere": (
        re.sub(r'(id="to_close_checks"[^>]*targetRef=")[^"]+', r"\1nowhere", CLEANUP),
        "cleanup.bpmn:to_close_checks",
        "nowhere",
    ),
    "a link event": (
        CLEANUP.replace('<bpmn:userTask id="close_checks"', f'{LINK}<bpmn:userTask id="close_checks"'),
        "cleanup.bpmn:jump",
        "链接",
    ),
    "junk": ("\x00\x01 not a diagram" * 1000, "cleanup.bpmn", ""),
}


def version(site: Site) -> int:
    return int(site.read.definition("cleanup", None).version)


def upload(designer: Person, content: str, button: str) -> None:
    designer.go("/definitions/cleanup")
    file = {"name": "cleanup.bpmn", "mimeType": "application/xml", "buffer": content.encode()}
    designer.page.get_by_label("流程文件").set_input_files([file])
    designer.press(button)


def test_a_diagram_is_drawn_and_told_in_words(new_person: NewPerson) -> None:
    designer = new_person("sheji")

    designer.go("/definitions")
    designer.press("清理整治")

    assert designer.page.url.endswith("/definitions/cleanup")
    designer.page.locator("[data-diagram-ready] [data-element-id=close_checks]").wait_for()
    row = designer.main.get_by_role("row").filter(has_text="落实两断三清").inner_text()
    assert "close_checks" in row and "方案四（二）" in row
    assert designer.main.locator(".bjs-powered-by").is_visible()


def test_a_reminder_two_days_earlier_is_a_draft_until_a_second_person_publishes_it(
    new_person: NewPerson, site: Site
) -> None:
    designer, publisher = new_person("sheji"), new_person("fabu")
    before = version(site)
    changed = CLEANUP.replace('before(due, "3wd")', 'before(due, "5wd")')

    upload(designer, changed, "只检查")
    assert site.read.model_drafts() == ()
    upload(designer, changed, "存为草稿")
    assert 'before(due, "5wd")' in designer.said and version(site) == before
    upload(publisher, CLEANUP.replace('before(due, "3wd")', 'before(due, "4wd")'), "存为草稿")
    assert "也改了 cleanup.bpmn" in publisher.said
    designer.press("提交发布")
    publisher.press("打开那份草稿")
    publisher.main.get_by_role("link", name="发布", exact=True).click()
    publisher.main.get_by_role("button", name="发布", exact=True).click()

    publisher.main.get_by_text(f"已部署：cleanup 第 {before + 1} 版").wait_for()
    designer.go("/definitions/cleanup")
    assert 'before(due, "5wd")' in designer.said and version(site) == before + 1
    designer.go(f"/definitions/cleanup?version={before}")
    assert 'before(due, "3wd")' in designer.said
    upload(designer, changed, "存为草稿")
    assert "没有产生新版本" in designer.said and site.read.model_drafts() == ()


@pytest.mark.parametrize(("content", "where", "word"), WRONG.values(), ids=WRONG.keys())
def test_a_wrong_file_is_explained_with_its_place(
    new_person: NewPerson, site: Site, content: str, where: str, word: str
) -> None:
    designer = new_person("sheji")
    before = version(site)

    upload(designer, content, "只检查")

    places = designer.main.get_by_role("alert").locator("li").filter(has_text=where)
    assert any(word in words for words in places.all_inner_texts()), designer.said
    assert version(site) == before and site.read.model_drafts() == ()
