"""Moving an instance, migrating many, undoing either: the plan is seen first. And the same from the command line."""

import re
from collections.abc import Callable
from typing import Any

import pytest
import sqlalchemy as sa
from click.testing import CliRunner, Result
from scenario import PROCESSES, Scenario
from web_visitor import Browser

from engine.commands.definitions import Deploy
from engine.domain.actor import SYSTEM
from engine.errors import EngineError
from engine.store.schema import batch_items, instances, snapshots
from web.cli.main import duban

SignIn = Callable[[str], Browser]
WHY = "登记错误（演示）"
SURVEY = {path.name: path.read_bytes() for path in (PROCESSES / "survey").iterdir() if path.is_file()}


def instance_of(scenario: Scenario, case_id: str) -> str:
    query = sa.select(instances.c.instance_id).where(instances.c.case_id == case_id, instances.c.kind == "case")
    return str(scenario.rows(query)[0]["instance_id"])


def said(response: Any) -> str:
    return str(response.get_data(as_text=True))


def live(scenario: Scenario, case_id: str) -> list[str]:
    return [task.element_id for task in scenario.tasks(case_id)]


# -- move and undo -----------------------------------------------------------------------------------------------------
def test_a_move_is_planned_then_made_then_undone(scenario: Scenario, signed_in: SignIn) -> None:
    [case] = scenario.register()
    instance_id, browser = instance_of(scenario, case), signed_in("xitong")
    address = f"/instances/{instance_id}/move"
    form = said(browser.get(address))
    [token] = re.findall(r'name="cancel" value="(\w+)"', form)[:1]
    wish = {"cancel": token, "start": "survey:review_disposition", "reason": WHY}

    plan = browser.post(address, wish)

    assert "survey:review_disposition" in form
    assert (plan.status_code, live(scenario, case)) == (200, ["survey_site"])
    assert "关闭" in said(plan) and "开启" in said(plan)
    seen = {**wish, "_seen": "1", "revision": browser.hidden("revision"), "_operation": browser.hidden("_operation")}
    assert [browser.post(address, seen).status_code for _ in range(2)] == [303, 303]
    assert live(scenario, case) == ["review_disposition"]
    page = said(browser.get(f"/instances/{instance_id}"))
    undo = re.search(r'action="(/snapshots/[^"]+/undo)"', page)
    assert undo is not None
    assert browser.post(undo[1], {"reason": WHY, "_back": f"/instances/{instance_id}"}).status_code == 303
    assert live(scenario, case) == ["survey_site"]
    assert browser.post(undo[1], {"reason": WHY}).status_code == 409
    assert scenario.engine.read.violations() == ()


@pytest.mark.parametrize(
    ("change", "status", "words"),
    [
        ({"reason": " "}, 422, "请填写理由"),
        ({"cancel": "", "start": ""}, 422, "请选择要撤销或启动的环节"),
        ({"cancel": "no-such-token"}, 409, ""),
        ({"start": "survey:no_such_element"}, 422, "没有环节 no_such_element"),
        ({"start": "nonsense"}, 422, ""),
        ({"_seen": "1", "revision": "0"}, 409, "流程已有变化"),
        ({"_seen": "1", "revision": "x"}, 409, "流程已有变化"),
    ],
)
def test_what_a_move_refuses(
    scenario: Scenario, signed_in: SignIn, change: dict[str, str], status: int, words: str
) -> None:
    [case] = scenario.register()
    browser = signed_in("xitong")
    address = f"/instances/{instance_of(scenario, case)}/move"
    [token] = re.findall(r'name="cancel" value="(\w+)"', said(browser.get(address)))[:1]
    wish = {"cancel": token, "start": "survey:review_disposition", "reason": WHY, **change}

    answer = browser.post(address, {name: value for name, value in wish.items() if value})

    assert (answer.status_code, words in said(answer)) == (status, True)
    assert live(scenario, case) == ["survey_site"]
    assert scenario.facts("InstanceMoved") == []


def test_a_batch_of_variables_is_undone_by_another(scenario: Scenario, signed_in: SignIn) -> None:
    cases = scenario.register(2)
    ids, browser = [instance_of(scenario, case) for case in cases], signed_in("xitong")
    given = {"subject": ids, "count": "2", "name": "lead", "value": '"环境局"', "reason": WHY, "_seen": "1"}
    browser.get(f"/operations/set_variable?subject={ids[0]}")
    address = browser.post("/operations/set_variable", given).headers["Location"]
    scenario.work()

    offered = said(browser.get(address))
    undone = browser.post(f"{address}/undo", {"reason": "演示"})
    scenario.work()

    assert "还原这一批" in offered and "&#34;环境局&#34;" in offered
    assert undone.status_code == 303
    states = scenario.rows(sa.select(batch_items.c.state).order_by(batch_items.c.batch_id))
    assert {row["state"] for row in states} == {"DONE"}
    assert all(row["undone_at"] for row in scenario.rows(sa.select(snapshots.c.undone_at)))
    assert browser.post(f"{address}/undo", {"reason": "演示"}).status_code == 409
    assert [value.texts for value in _values(scenario, ids[0]) if value.name == "lead"] == [("gxj",)]


def _values(scenario: Scenario, instance_id: str) -> Any:
    from web.admin.instances import _value

    return [_value(known) for known in scenario.engine.read.instance(SYSTEM, instance_id).variables]


# -- migration ---------------------------------------------------------------------------------------------------------
def deploy_second_version(scenario: Scenario) -> None:
    changed = {**SURVEY, "survey.bpmn": SURVEY["survey.bpmn"].replace("现场排查登记".encode(), "现场核查登记".encode())}
    assert changed != SURVEY
    scenario.engine.execute(Deploy("survey", changed, problems=()), by=SYSTEM)


def test_running_instances_are_migrated_after_a_look_at_the_plan(scenario: Scenario, signed_in: SignIn) -> None:
    first, second = scenario.register(2)
    due = scenario.task_of(first, "survey_site").due_at
    deploy_second_version(scenario)
    browser = signed_in("fabu")

    plan = browser.get("/definitions/survey/migration?from=1&to=2")
    keeper = said(signed_in("xitong").get("/definitions/survey/migration?from=1&to=2"))
    without = browser.post("/definitions/survey/migration", {"from": "1", "to": "2", "reason": ""})
    started = browser.post("/definitions/survey/migration", {"from": "1", "to": "2", "reason": WHY})
    scenario.work()

    assert plan.status_code == 200 and first in said(plan) and "可以迁移" in said(plan)
    assert '<option value="">' not in plan.text  # all versions at once are no choice
    address = f'href="/instances/{instance_of(scenario, first)}"'
    assert address in keeper and address not in said(plan)  # a publisher may migrate, but not open an instance
    assert without.status_code == 422 and "请填写理由" in said(without)
    assert started.status_code == 303
    page = said(browser.get(started.headers["Location"]))
    assert second in page and "已完成" in page
    assert "survey 第1版" in page and "survey 第2版" in page and "环节编号对照" not in page
    assert [(task.element_id, task.due_at) for task in scenario.tasks(first)] == [("survey_site", due)]
    pinned = scenario.engine.read.instance(SYSTEM, instance_of(scenario, first)).pinned
    assert dict(pinned)["survey"] == 2
    assert scenario.engine.read.violations() == ()


@pytest.mark.parametrize(
    ("address", "status"),
    [
        ("/definitions/survey/migration?from=1&to=9", 404),
        ("/definitions/survey/migration?from=x", 404),
        ("/definitions/nowhere/migration", 404),
        ("/definitions/survey/migration?from=1&to=2&renamed=nonsense", 422),
        ("/definitions/survey/migration?from=1&to=2&renamed=no_such%3Dnot_there", 422),
    ],
)
def test_what_a_migration_plan_refuses(scenario: Scenario, signed_in: SignIn, address: str, status: int) -> None:
    scenario.register()
    deploy_second_version(scenario)

    assert signed_in("xitong").get(address).status_code == status
    assert signed_in("ducha1").get(address).status_code == 403


# -- the command line --------------------------------------------------------------------------------------------------
def call(scenario: Scenario, *words: str) -> Result:
    settings = {"DUBAN_SECRET_FILE": str(scenario.config.secret_file)}
    return CliRunner().invoke(duban, ["--database", scenario.config.database_url, *words], env=settings)


def test_the_command_line_does_what_the_pages_do(scenario: Scenario) -> None:
    first, second = scenario.register(2)

    done = [
        call(scenario, "instance", "suspend", first, "--reason", WHY),
        call(scenario, "instance", "set", second, "lead", '"sthj"', "--reason", WHY),
        call(scenario, "instance", "list", "--state", "SUSPENDED"),
        call(scenario, "instance", "show", second),
        call(scenario, "instance", "resume", first, "--reason", WHY),
        call(scenario, "batch", "start", "suspend", "--key", "case_lifecycle", "--reason", WHY),
    ]

    assert [(result.exit_code, result.exception) for result in done] == [(0, None)] * len(done)
    assert first in done[2].output and second not in done[2].output
    assert 'lead = "sthj"' in done[3].output and "can be undone" in done[3].output
    [batch_id] = re.findall(r"batch work (\w+)", done[5].output)
    worked = call(scenario, "batch", "work", batch_id)
    assert worked.exit_code == 0 and "2 done, 0 failed" in worked.output
    assert "DONE" in call(scenario, "batch", "list").output
    cancelled = call(scenario, "instance", "cancel", first, "--reason", WHY)
    assert cancelled.exit_code == 0
    again = call(scenario, "batch", "start", "resume", first, second, "--reason", WHY)
    [batch_id] = re.findall(r"batch work (\w+)", again.output)
    assert call(scenario, "batch", "work", batch_id).exit_code == 1
    assert "is over" in call(scenario, "batch", "show", batch_id).output


def test_the_command_line_moves_by_a_plan_and_undoes(scenario: Scenario) -> None:
    [case] = scenario.register()
    [token] = re.findall(r"^task\s+(\w+)", call(scenario, "instance", "show", case).output, re.MULTILINE)
    move = ("instance", "move", case, "--cancel", token, "--start", "survey:review_disposition", "--reason", WHY)

    planned = call(scenario, *move, "--dry-run")
    assert planned.exit_code == 0 and "nothing was written" in planned.output
    assert live(scenario, case) == ["survey_site"]
    moved = call(scenario, *move)
    assert live(scenario, case) == ["review_disposition"]
    [snapshot_id] = re.findall(r"undo (\w+)", moved.output)
    assert call(scenario, "instance", "undo", snapshot_id, "--reason", WHY).exit_code == 0
    assert live(scenario, case) == ["survey_site"]


@pytest.mark.parametrize(
    ("words", "said_or_code"),
    [
        (("instance", "suspend", "nothing", "--reason", WHY), "instance_unknown"),
        (("instance", "suspend", "CASE"), "Missing option '--reason'"),
        (("instance", "suspend", "CASE", "--reason", " "), "reason_missing"),
        (("instance", "set", "CASE", "lead", "sthj", "--reason", WHY), "is not JSON"),
        (("instance", "set", "CASE", "no_such", "1", "--reason", WHY), "variable_unknown"),
        (("instance", "move", "CASE", "--start", "nonsense", "--reason", WHY), "write PROCESS:ELEMENT"),
        (("instance", "undo", "nothing", "--reason", WHY), "snapshot_unknown"),
        (("instance", "list", "--state", "RUNNING"), "is not one of 'ACTIVE'"),
        (("job", "retry", "nothing", "--reason", WHY), "job_unknown"),
        (("job", "list", "--state", "BROKEN"), "is not one of 'FAILED'"),
        (("batch", "start", "cancel", "--key", "survey", "--state", "ALL", "--reason", WHY), "is not one of 'ACTIVE'"),
        (("batch", "work", "nothing"), "batch_unknown"),
        (("batch", "start", "suspend", "--reason", WHY), "one of the two"),
        (("batch", "start", "retry_job", "--key", "survey", "--reason", WHY), "is about jobs"),
    ],
)
def test_the_command_line_says_what_is_wrong(scenario: Scenario, words: tuple[str, ...], said_or_code: str) -> None:
    [case] = scenario.register()

    result = call(scenario, *(case if word == "CASE" else word for word in words))

    assert result.exit_code != 0
    if isinstance(result.exception, EngineError):
        assert result.exception.code == said_or_code
    else:
        assert said_or_code in result.output
