"""An administrator stops a case, lets it go on, puts a value right; treats several at once, also without scripts."""

import time

import pytest
from browser_person import PHONE, NewPerson
from browser_site import FRESH, LATE, Site

from engine.domain.actor import SYSTEM


def standing(site: Site, case_id: str) -> str:
    instance_id = site.read.resolve_instance(SYSTEM, case_id)
    return str(site.read.instance(SYSTEM, instance_id).row.shown_state)


def test_a_case_is_suspended_and_its_officer_is_told(new_person: NewPerson, site: Site) -> None:
    administrator, officer = new_person("xitong"), new_person("chengjiao1")
    administrator.go(f"/instances?text={FRESH[0]}")
    administrator.press(FRESH[0])
    administrator.press("挂起")
    assert "1 项任务暂停办理" in administrator.said

    administrator.page.get_by_label("理由").fill("等待部门意见（演示）")
    administrator.press("确认挂起")

    assert "已挂起" in administrator.said and standing(site, FRESH[0]) == "SUSPENDED"
    task = next(task for task in site.read.live_tasks("linxia_2024") if task.case_id == FRESH[0])
    officer.go(f"/tasks/{task.task_id}")
    assert "恢复之前不能办理" in officer.said
    assert officer.main.get_by_role("button", name="领取").count() == 0
    administrator.press("恢复")
    administrator.page.get_by_label("理由").fill("意见已到（演示）")
    administrator.press("确认恢复")
    assert standing(site, FRESH[0]) == "ACTIVE"


def test_a_wrong_value_is_said_at_its_field_and_a_right_one_is_looked_at_once_more(
    new_person: NewPerson, site: Site
) -> None:
    administrator = new_person("xitong")
    instance_id = site.read.resolve_instance(SYSTEM, LATE[2])
    administrator.go(f"/instances/{instance_id}")
    administrator.press_in_row("lead", "修改")
    value = administrator.page.get_by_label("新值")

    value.fill("sthj")
    administrator.page.get_by_label("理由").fill("牵头单位登记错误（演示）")
    administrator.press("下一步")
    assert "不是有效的 JSON" in administrator.said
    value.fill('"sthj"')
    administrator.press("下一步")
    assert '"gxj"' in administrator.said and '"sthj"' in administrator.said
    administrator.press("确认修改变量")

    assert "修改前的状态已留存" in administrator.said
    administrator.page.get_by_text("还原", exact=True).click()
    administrator.press("确认还原")
    assert "已还原到操作前的状态" in administrator.said


@pytest.mark.parametrize("context", [{}, {"java_script_enabled": False}, {"viewport": PHONE}])
def test_several_are_ticked_and_treated_as_a_batch(
    new_person: NewPerson, site: Site, context: dict[str, object]
) -> None:
    administrator = new_person("xitong", **context)
    administrator.go("/instances?kind=report")
    for box in administrator.page.get_by_role("checkbox").all()[:2]:
        box.check()
    administrator.press("挂起")
    administrator.page.get_by_label("理由").fill("演示")
    administrator.press("确认挂起")

    give_up = time.monotonic() + 60
    while "全部处理完毕" not in administrator.said and time.monotonic() < give_up:
        administrator.page.wait_for_timeout(500)
        administrator.page.reload()

    assert "已处理 100%" in administrator.said
    assert administrator.overhang <= 0
