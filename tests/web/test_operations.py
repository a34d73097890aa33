"""The pages of operation: find an instance, see where it stands, act on it with a reason; on many as a batch."""

import json
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
import sqlalchemy as sa
from scenario import Scenario
from web_visitor import Browser

from engine.commands.batches import StartBatch
from engine.commands.jobs import ClaimJobs, FailJob
from engine.domain.actor import SYSTEM
from engine.domain.job import ATTEMPTS
from engine.store.schema import batches, instances, jobs

SignIn = Callable[[str], Browser]
WHY = "复核中（演示）"


def instance_of(scenario: Scenario, case_id: str) -> str:
    query = sa.select(instances.c.instance_id).where(instances.c.case_id == case_id, instances.c.kind == "case")
    return str(scenario.rows(query)[0]["instance_id"])


def state_of(scenario: Scenario, instance_id: str) -> tuple[str, bool]:
    query = sa.select(instances.c.state, instances.c.suspended_at).where(instances.c.instance_id == instance_id)
    [row] = scenario.rows(query)
    return row["state"], row["suspended_at"] is not None


def said(response: Any) -> str:
    return str(response.get_data(as_text=True))


def send(browser: Browser, kind: str, *subjects: str, **fields: str) -> Any:
    """Opens the form for these subjects and sends it as a person would."""
    opened = browser.get(f"/operations/{kind}", query_string={"subject": list(subjects)})
    assert opened.status_code == 200
    sent = {
        "subject": list(subjects),
        "count": str(len(subjects)),
        "_operation": browser.hidden("_operation"),
        **fields,
    }
    return browser.post(f"/operations/{kind}", sent)


def failed_timers(scenario: Scenario, cases: int) -> list[str]:
    scenario.register(cases)
    scenario.clock.set(scenario.engine.read.next_due_at())
    for _ in range(ATTEMPTS):
        for job in scenario.engine.execute(ClaimJobs(), by=SYSTEM):
            scenario.engine.execute(FailJob(job.job_id, job.fence, "演示故障"), by=SYSTEM)
        scenario.clock.advance(timedelta(hours=9))
    return [row["job_id"] for row in scenario.rows(sa.select(jobs.c.job_id).where(jobs.c.state == "FAILED"))]


# -- the list and one instance -----------------------------------------------------------------------------------------
def test_an_instance_is_found_by_what_an_administrator_knows_of_it(scenario: Scenario, signed_in: SignIn) -> None:
    first, second = scenario.register(2)
    send(signed_in("xitong"), "suspend", instance_of(scenario, second), reason=WHY)
    browser = signed_in("xitong")

    def found(**wanted: str) -> list[str]:
        page = said(browser.get("/instances", query_string=wanted))
        return [case for case in (first, second) if f">{case}</a>" in page]

    assert found() == [first, second]
    assert found(text=first) == [first]
    assert found(text=instance_of(scenario, second)) == [second]
    assert found(state="SUSPENDED") == [second]
    assert found(state="ACTIVE", key="case_lifecycle", version="1") == [first]
    assert found(key="case_lifecycle", version="9") == []
    assert found(key="case_lifecycle", version="x") == []
    assert found(kind="report") == []
    assert found(trouble="1") == []
    assert found(text="100%_") == []


def test_an_instance_shows_where_it_stands_what_it_knows_and_what_it_waits_for(
    scenario: Scenario, signed_in: SignIn
) -> None:
    [case] = scenario.register()
    page = said(signed_in("xitong").get(f"/instances/{instance_of(scenario, case)}"))

    for words in (
        "survey_site",
        "data-diagram-url",
        "到期前3个工作日",
        '<span class="code">lead</span>',
        "gxj",
        "挂起",
    ):
        assert words in page


def test_what_is_not_there_is_not_found_and_officers_have_no_business_here(
    scenario: Scenario, signed_in: SignIn
) -> None:
    admin, officer = signed_in("xitong"), signed_in("chengjiao1")

    missing = ["/instances/nothing", "/batches/nothing", "/batches/nothing/items.csv", "/operations/explode"]
    assert [admin.get(address).status_code for address in missing] == [404] * 4
    for address in ("/instances", "/jobs", "/batches", "/operations/suspend?subject=x", "/batches/x"):
        assert officer.get(address).status_code == 403
    assert signed_in("ducha1").get("/operations/set_variable?subject=x").status_code == 403


# -- one operation on one ----------------------------------------------------------------------------------------------
def test_suspending_shows_what_will_happen_and_wants_a_reason(scenario: Scenario, signed_in: SignIn) -> None:
    [case] = scenario.register()
    instance_id, browser = instance_of(scenario, case), signed_in("xitong")

    form = said(browser.get(f"/operations/suspend?subject={instance_id}"))
    without = send(browser, "suspend", instance_id, reason="  ")
    too_long = send(browser, "suspend", instance_id, reason="很" * 501)

    assert "1 项任务暂停办理" in form and case in form
    assert (without.status_code, "请填写理由" in said(without)) == (422, True)
    assert (too_long.status_code, "不超过 500 字" in said(too_long), "很" * 501 in said(too_long)) == (422, True, True)
    assert state_of(scenario, instance_id) == ("ACTIVE", False)
    done = send(browser, "suspend", instance_id, reason=WHY)
    assert (done.status_code, done.headers["Location"]) == (303, f"/instances/{instance_id}")
    assert state_of(scenario, instance_id) == ("ACTIVE", True)
    page = said(browser.get(f"/instances/{instance_id}"))
    assert "起挂起" in page and f"/operations/resume?subject={instance_id}" in page


def test_a_form_that_is_sent_twice_acts_once(scenario: Scenario, signed_in: SignIn) -> None:
    [case] = scenario.register()
    instance_id, browser = instance_of(scenario, case), signed_in("xitong")
    browser.get(f"/operations/suspend?subject={instance_id}")
    sent = {"subject": instance_id, "count": "1", "reason": WHY, "_operation": browser.hidden("_operation")}

    answers = [browser.post("/operations/suspend", sent).status_code for _ in range(2)]
    later = browser.post("/operations/suspend", {**sent, "_operation": "another page"})

    assert answers == [303, 303]
    assert later.status_code == 409
    assert len(scenario.facts("InstanceSuspended")) == 1


def test_a_suspended_task_is_shown_and_refused_with_its_reason(scenario: Scenario, signed_in: SignIn) -> None:
    [case] = scenario.register()
    task = scenario.task_of(case, "survey_site")
    send(signed_in("xitong"), "suspend", instance_of(scenario, case), reason=WHY)
    officer = signed_in("chengjiao1")

    listed = said(officer.get("/inbox"))
    page = said(officer.get(f"/tasks/{task.task_id}"))
    refused = officer.post(f"/tasks/{task.task_id}/claim")

    assert task.task_id in listed and "已挂起" in listed
    assert "恢复之前不能办理" in page and f"/tasks/{task.task_id}/claim" not in page + listed
    assert refused.status_code == 409 and "已挂起" in said(refused)


def test_a_variable_is_shown_once_more_before_it_is_set(scenario: Scenario, signed_in: SignIn) -> None:
    [case] = scenario.register()
    instance_id, browser = instance_of(scenario, case), signed_in("xitong")
    given = {"name": "lead", "value": '"sthj"', "reason": WHY}

    plan = send(browser, "set_variable", instance_id, **given)

    assert plan.status_code == 200
    assert "&#34;gxj&#34;" in said(plan) and "&#34;sthj&#34;" in said(plan)
    assert scenario.facts("VariableSet") == []
    done = send(browser, "set_variable", instance_id, **given, _seen="1")
    assert done.status_code == 303
    [fact] = scenario.facts("VariableSet")
    assert (fact["detail"]["was"], fact["detail"]["becomes"]) == ('"gxj"', '"sthj"')
    page = said(browser.get(f"/instances/{instance_id}"))
    assert "修改流程变量 lead" in page and "确认还原" in page


@pytest.mark.parametrize(
    ("name", "value", "words"),
    [
        ("lead", "sthj", "不是有效的 JSON"),
        ("lead", "", "不是有效的 JSON"),
        ("lead", "[" * 100_000, "不是有效的 JSON"),
        ("lead", "NaN", "不是有效的数字"),
        ("lead", "1e999", "不是有效的数字"),
        ("lead", "[" * 30 + "]" * 30, "嵌套层次太深"),
        ("lead", json.dumps("长" * 20_001), "不超过 20000 个字符"),
        ("", "1", "请填写变量名"),
        ("no_such", "1", "没有变量“no_such”"),
        ("<b>", "1", "没有变量“&lt;b&gt;”"),
    ],
)
def test_a_value_that_is_wrong_is_refused_in_its_field(
    scenario: Scenario, signed_in: SignIn, name: str, value: str, words: str
) -> None:
    [case] = scenario.register()

    answer = send(signed_in("xitong"), "set_variable", instance_of(scenario, case), name=name, value=value, reason=WHY)

    assert (answer.status_code, words in said(answer)) == (422, True)
    assert scenario.facts("VariableSet") == []


def test_a_cancelled_case_counts_as_excluded_and_the_form_has_said_so(scenario: Scenario, signed_in: SignIn) -> None:
    [case] = scenario.register()
    instance_id, browser = instance_of(scenario, case), signed_in("ducha1")

    form = said(browser.get(f"/operations/cancel?subject={instance_id}"))
    done = send(browser, "cancel", instance_id, reason="重复登记（演示）")

    assert "1 个在办问题按“剔除”计入统计" in form
    assert done.status_code == 303
    assert state_of(scenario, instance_id) == ("CANCELLED", False)
    assert "剔除" in said(browser.get("/cases"))
    assert send(browser, "cancel", instance_id, reason=WHY).status_code == 409


# -- on many -----------------------------------------------------------------------------------------------------------
def test_several_become_a_batch_whose_progress_every_item_adds_to(scenario: Scenario, signed_in: SignIn) -> None:
    cases = scenario.register(3)
    ids = [instance_of(scenario, case) for case in cases]
    browser = signed_in("xitong")

    started = send(browser, "suspend", *ids[:2], "nothing", reason=WHY)
    address = started.headers["Location"]
    before = said(browser.get(address))
    scenario.work()
    after = said(browser.get(address))

    assert started.status_code == 303
    assert "进行中" in before and "data-until-ready" in before and "/pause" in before
    assert "已完成" in after and "data-until-ready" not in after and "/pause" not in after
    assert "没有这个流程实例" in after
    assert [state_of(scenario, one) for one in ids] == [("ACTIVE", True), ("ACTIVE", True), ("ACTIVE", False)]
    failed = said(browser.get(f"{address}?state=FAILED"))
    assert "nothing" in failed and cases[0] not in failed
    table = browser.get(f"{address}/items.csv").get_data().decode("utf-8-sig").splitlines()
    assert [line.split(",")[4] for line in table] == ["状态", "成功", "成功", "失败"]
    assert "There is no such instance" in said(browser.get(f"{address}?lang=en"))
    assert address in said(browser.get("/batches"))


def test_everything_a_filter_finds_can_be_meant_and_a_changed_number_is_said(
    scenario: Scenario, signed_in: SignIn
) -> None:
    scenario.register(30)
    browser = signed_in("xitong")
    form = said(browser.get("/operations/suspend?all=1&key=case_lifecycle&state=ACTIVE"))
    sent = {"all": "1", "key": "case_lifecycle", "state": "ACTIVE", "count": "30", "reason": WHY}
    assert 'name="count" value="30"' in form and "另有 20 项" in form
    scenario.register(1)

    changed = browser.post("/operations/suspend", sent)
    started = browser.post("/operations/suspend", {**sent, "count": browser.hidden("count")})

    assert changed.status_code == 422 and "现在是 31 项" in said(changed)
    assert started.status_code == 303
    assert [row["total"] for row in scenario.rows(sa.select(batches.c.total))] == [31]


def test_a_batch_is_paused_continued_and_cancelled_by_button(scenario: Scenario, signed_in: SignIn) -> None:
    scenario.register(2)
    browser = signed_in("xitong")
    ids = tuple(row["instance_id"] for row in scenario.rows(sa.select(instances.c.instance_id)))
    batch_id = scenario.engine.execute(StartBatch("suspend", ids, {}, WHY), by=scenario.person("xitong"))
    browser.get(f"/batches/{batch_id}")

    said_then = []
    for act in ("pause", "pause", "continuation", "cancellation", "continuation"):
        said_then.append(browser.post(f"/batches/{batch_id}/{act}").status_code)
        browser.get(f"/batches/{batch_id}")

    assert said_then == [303, 409, 303, 303, 409]
    assert "其余各项没有执行" in browser.page


def test_nothing_chosen_is_said_and_no_batch_begins(scenario: Scenario, signed_in: SignIn) -> None:
    browser = signed_in("xitong")

    empty = browser.get("/operations/suspend")
    sent = browser.post("/operations/suspend", {"reason": WHY})
    no_such = browser.get("/operations/suspend?all=1&text=nothing")

    assert [empty.status_code, sent.status_code, no_such.status_code] == [422] * 3
    assert "没有选定任何一项" in said(empty)
    assert scenario.rows(sa.select(batches)) == []


# -- jobs --------------------------------------------------------------------------------------------------------------
def test_failed_jobs_stay_in_their_list_whatever_was_noted_until_they_are_tried_again(
    scenario: Scenario, signed_in: SignIn
) -> None:
    job_ids = failed_timers(scenario, 2)
    browser = signed_in("ducha1")
    browser.get("/incidents")
    for incident in scenario.engine.read.incidents(SYSTEM):
        browser.post(f"/incidents/{incident.incident_id}/resolution", {"resolution": "noted"})

    listed = said(browser.get("/jobs"))
    marked = said(browser.get("/instances?trouble=1"))
    one = send(browser, "retry_job", job_ids[0], reason=WHY)
    rest = browser.get("/operations/retry_job?all=1&state=FAILED")

    assert all(job_id in listed for job_id in job_ids) and "演示故障" in listed
    assert marked.count("desk-row") >= 2
    assert one.status_code == 303 and one.headers["Location"] == "/jobs"
    assert 'name="count" value="1"' in said(rest)
    scenario.work()
    assert len(scenario.facts("TimerFired")) == 1
    assert send(browser, "skip_job", job_ids[1], reason=WHY).status_code == 409


def test_every_page_of_operation_is_there_in_english(scenario: Scenario, signed_in: SignIn) -> None:
    [case] = scenario.register()
    failed_timers(scenario, 1)
    browser, instance_id = signed_in("xitong"), instance_of(scenario, case)

    for address in (
        "/instances",
        f"/instances/{instance_id}",
        "/jobs",
        "/batches",
        f"/operations/set_variable?subject={instance_id}",
        f"/operations/cancel?subject={instance_id}",
    ):
        page = browser.get(address, query_string=None if "?" in address else {"lang": "en"})
        assert page.status_code == 200, address
