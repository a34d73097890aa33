"""Issue 5, shows 1: a step is drawn, mended, tested and handed in, published by another, and reaches running cases."""

import re
import time
from datetime import datetime
from pathlib import Path

from browser_person import NewPerson, Person
from browser_site import STANDS_AT, Site
from databases import SqliteFiles
from playwright.sync_api import expect
from scenario import Scenario, at, fake_letter

from engine.clock import SetClock
from engine.queries.work import LiveTask
from engine.worker import Worker

READY = "[data-studio-ready]"
CHECKED = ".studio-problems[data-problems]"
SAVE_STATE = ".model-editor__state"
WHY = "方案调整，增加现场核查（演示）"
DONE = '\n[[steps]]\ncomplete = "site_check"\nvariables = { note = "一致（演示）" }\nexpect = { ended = true }\n'
LATE = '\n[[steps]]\nadvance = "6wd"\nexpect = { jobs = ["start_process:supervision"], tasks = ["site_check"] }\n'


def the_office(site: Site, folder: Path) -> Scenario:
    """Everybody else of the campaign at work, beside the running server."""
    worker = Worker(site.engine, {"letter": fake_letter})
    office = Scenario(site.config, SetClock(at(STANDS_AT)), site.engine, worker, SqliteFiles(folder))
    office._registered = 90  # those before were registered by the campaign's own story
    return office


def test_a_step_goes_from_the_palette_to_running_cases(new_person: NewPerson, site: Site, tmp_path: Path) -> None:
    office = the_office(site, tmp_path)
    [running] = [task for task in office.tasks() if task.element_id == "close_checks"]
    designer, publisher = new_person("sheji"), new_person("fabu")

    draw_the_step(designer)
    give_it_a_form(designer)
    mend_the_problem(designer)
    xml = drafted(site)["cleanup.bpmn"].decode()
    step = re.search(r'<bpmn:userTask id="site_check"[^>]*>', xml)
    assert step is not None
    assert 'duban:formKey="site_check"' in step[0] and 'duban:dueDate="after(&#34;5wd&#34;)"' in step[0]
    assert re.search(r'<bpmn:boundaryEvent id="site_check_overdue"[^>]*attachedToRef="site_check"', xml)
    mend_the_tests(designer)
    hand_in(designer)
    publish(publisher)
    assert site.read.definition("cleanup").version == 2

    [new] = office.register()
    office.survey(new)
    opened(office, publisher, new, "close_checks")
    office.clean_up(new)
    check_on_site(new_person, office, new)
    assert office.task_of(str(running.case_id), "close_checks") == running
    migrate(publisher, office)

    assert office.task_of(str(running.case_id), "close_checks").due_at == running.due_at
    office.clean_up(str(running.case_id))
    office.work()
    assert opened(office, publisher, str(running.case_id), "site_check").due_at == five_working_days()
    assert site.read.violations() == ()


def opened(office: Scenario, person: Person, case_id: str, element_id: str) -> LiveTask:
    """The task, once it is there: the server's worker may have taken what leads to it, and be at it."""
    give_up = time.monotonic() + 60
    while not any(task.element_id == element_id for task in office.tasks(case_id)) and time.monotonic() < give_up:
        person.page.wait_for_timeout(200)
    return office.task_of(case_id, element_id)


# -- the designer ------------------------------------------------------------------------------------------------------
def draw_the_step(designer: Person) -> None:
    page = designer.page
    designer.go("/studio")
    designer.press_in_row("cleanup", "修改")
    page.wait_for_selector(READY)
    page.locator("[data-element-id=close_checks] .djs-hit").first.click()
    for words, entry in (("现场核查", "append-template-site_check"), ("逾期", "append-template-overdue")):
        page.keyboard.press("a")
        page.locator(".djs-popup input").fill(words)
        page.locator(f".djs-popup [data-id={entry}]").click()
    problem = page.locator(".studio-problem__go[data-element=site_check]").filter(has_text="没有表单")
    expect(problem).to_contain_text("错误")
    saved(designer)


def give_it_a_form(designer: Person) -> None:
    page = designer.page
    tab(designer, "表单")
    page.get_by_text("新建表单").click()
    page.locator("#new-name").fill("site_check")
    designer.press("添加")
    page.wait_for_selector("[data-editor-ready]")
    page.get_by_label("表单名称", exact=True).fill("现场核查")
    page.locator("button[data-field-type=site_checklist]").press("Enter")
    expect(page.frame_locator(".form-preview__frame").get_by_text("现场核查清单")).to_be_visible()
    page.keyboard.press("Control+s")
    page.wait_for_selector(f"{SAVE_STATE}[data-state=saved]")


def mend_the_problem(designer: Person) -> None:
    page = designer.page
    tab(designer, "流程图")
    page.wait_for_selector(READY)
    page.wait_for_selector(CHECKED)
    page.locator(".studio-problem__go[data-element=site_check]").first.click()
    picker = page.locator("[data-entry-id=studio-duban-formKey] select")
    expect(picker).to_be_focused()
    picker.select_option("site_check")
    expect(page.locator(".studio-problem--error")).to_have_count(0)
    expect(page.locator(".studio-deadline__due")).to_contain_text("2024年6月20日")
    saved(designer)


def mend_the_tests(designer: Person) -> None:
    tab(designer, "测试")
    designer.press("运行全部走查")
    assert "第 2 步：是否结束应为 是，实际为 否" in designer.said
    assert "18/23" in designer.said and "site_check_overdue" in designer.said

    for title, more in (("关停取缔", DONE), ("两断三清逾期", LATE + DONE)):
        designer.press(title)
        text = designer.page.get_by_label("走查内容")
        before, _, after = text.input_value().rpartition("ended = true")
        text.fill(f'{before}tasks = ["site_check"]{after}{more}')
        designer.press("保存")
        expect(designer.main.get_by_role("status").filter(has_text="通过")).to_be_visible()
        designer.press("← ")
    assert "23/23" in designer.said and "17/17" in designer.said


def hand_in(designer: Person) -> None:
    tab(designer, "发布")
    designer.page.get_by_label("提交说明").fill(WHY)
    designer.press("提交发布")
    assert "已提交" in designer.said
    assert designer.main.get_by_role("button", name="发布", exact=True).count() == 0


# -- the second person -------------------------------------------------------------------------------------------------
def publish(publisher: Person) -> None:
    publisher.go("/studio")
    publisher.press_in_row("cleanup", "继续")
    said = publisher.said
    assert WHY in said and "没有问题" in said
    assert "全部通过" in said and "图上每个元素和连线都走到了" in said
    assert "现场核查" in said and "site_check.form" in said and "tests/close.toml" in said
    assert re.search(r"第 1 版 \d+ 件", said)
    publisher.main.get_by_role("button", name="发布", exact=True).click()
    expect(publisher.main).to_contain_text("已部署：cleanup 第 2 版")


def migrate(publisher: Person, office: Scenario) -> None:
    """As a batch, which the server's worker does, or the office's: whichever comes first."""
    publisher.press("迁移到最新版本")
    publisher.page.get_by_label("理由").fill(WHY)
    publisher.press("开始迁移")
    give_up = time.monotonic() + 60
    while "已处理 100%" not in publisher.said and time.monotonic() < give_up:
        office.work()
        publisher.page.reload()
    assert "全部处理完毕" in publisher.said and "已跳过" not in publisher.said, publisher.said


# -- the officer -------------------------------------------------------------------------------------------------------
def check_on_site(new_person: NewPerson, office: Scenario, case_id: str) -> None:
    """The step of a case is done as its form asks."""
    officer = new_person("chengjiao1")
    task = opened(office, officer, case_id, "site_check")
    assert task.due_at == five_working_days()
    officer.go(f"/tasks/{task.task_id}")
    officer.press("领取")
    assert "现场核查清单" in officer.said
    officer.page.get_by_label("办理情况").fill("一致（演示）")
    officer.page.get_by_role("checkbox").first.check()
    officer.press("提交")
    office.work()
    assert opened(office, officer, case_id, "apply_acceptance")


def five_working_days() -> datetime:
    """From Thursday 13 June, when all of this happens."""
    return at("2024-06-20 18:00")


# -- the studio --------------------------------------------------------------------------------------------------------
def tab(person: Person, words: str) -> None:
    person.main.get_by_role("link", name=words, exact=True).first.click()
    person.page.wait_for_load_state()


def saved(designer: Person) -> None:
    designer.page.keyboard.press("Control+s")
    expect(designer.page.locator(SAVE_STATE)).to_have_text("已保存")


def drafted(site: Site) -> dict[str, bytes]:
    [draft_id] = [row.draft_id for row in site.read.model_drafts() if row.key == "cleanup"]
    return dict(site.read.model_draft(draft_id).files)
