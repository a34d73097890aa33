"""Each light, rung and due date says which rule judged it, what the rule was told, and how it was counted."""

import pytest
import sqlalchemy as sa
from scenario import PROCESSES, Scenario, at

from engine import sources
from engine.commands.definitions import Deploy
from engine.commands.letters import IssueLetters
from engine.domain.actor import SYSTEM
from engine.errors import NotFound
from engine.store.schema import cases, supervision_items

DUE = "2024-06-28 18:00"


@pytest.fixture
def surveyed(scenario: Scenario) -> str:
    [case] = scenario.register()
    scenario.survey(case)
    return case


def the_item(scenario: Scenario) -> str:
    [row] = scenario.rows(sa.select(supervision_items.c.item_id))
    return str(row["item_id"])


@pytest.mark.parametrize(
    ("moment", "verdict", "row"),
    [
        ("2024-05-21 09:00", "green", "lights_in_hand"),
        ("2024-06-27 09:00", "yellow", "lights_five_days"),
        ("2024-06-28 18:00", "yellow", "lights_five_days"),  # done at the due instant is on time
        ("2024-06-28 18:01", "red", "lights_overdue"),
    ],
)
def test_a_light_names_the_row_that_lit_it_and_what_the_row_was_told(
    scenario: Scenario, surveyed: str, moment: str, verdict: str, row: str
) -> None:
    scenario.clock.set(at(moment))

    why = scenario.engine.read.explain_case_light(scenario.supervisor, surveyed)

    assert why is not None and why.rule is not None
    assert (why.subject, why.verdict) == ("light", verdict)
    lit = {"lights_five_days": ("lights_five_days", "lights_one_fifth")}.get(row, (row,))
    assert why.rule.rule_id in lit
    assert (why.rule.key, why.rule.version, why.rule.decision, why.rule.is_newest) == ("ladders", 1, "lights", True)
    assert dict(why.inputs)["overdue"] is (verdict == "red")
    assert why.calendar == "2024.1"
    assert "个工作日" in why.derivation[0][0] and "working days" in why.derivation[0][1]


def test_a_light_keeps_the_version_that_judged_it_until_it_is_judged_anew(scenario: Scenario, surveyed: str) -> None:
    files = dict(sources.process_folder(PROCESSES / "ladders").files)
    files["lights.dmn"] = files["lights.dmn"].replace(b"&lt;= 5", b"&lt;= 1")
    scenario.engine.execute(Deploy("ladders", files), by=SYSTEM)

    before = scenario.engine.read.explain_case_light(scenario.supervisor, surveyed)
    scenario.work()
    after = scenario.engine.read.explain_case_light(scenario.supervisor, surveyed)

    assert before is not None and before.rule is not None and after is not None and after.rule is not None
    assert (before.rule.version, before.rule.is_newest) == (1, False)
    assert (after.rule.version, after.rule.is_newest) == (2, True)


def test_a_light_whose_version_was_never_noted_says_so(scenario: Scenario, surveyed: str) -> None:
    with scenario.raw() as connection:
        connection.execute(cases.update().values(lights_id=None))

    why = scenario.engine.read.explain_case_light(scenario.supervisor, surveyed)

    assert why is not None
    assert (why.verdict, why.rule) == ("green", None)
    assert "没有记录" in why.derivation[-1][0]


def test_a_task_explains_its_light_and_a_case_its_due_date(scenario: Scenario, surveyed: str) -> None:
    task = scenario.task_of(surveyed, "close_checks")

    light = scenario.engine.read.explain_task_light(scenario.supervisor, task.task_id)
    due = scenario.engine.read.explain_case_due(scenario.supervisor, surveyed)

    assert light is not None and light.rule is not None and light.rule.rule_id == "lights_in_hand"
    assert due is not None
    assert (due.subject, due.verdict) == ("due", at(DUE).astimezone(scenario.now.tzinfo).isoformat())
    assert due.derivation


def test_every_rung_says_who_or_what_decided_it(scenario: Scenario, surveyed: str) -> None:
    scenario.until("2024-07-01 18:00")
    command = IssueLetters(scenario.campaign, "notice", (surveyed,), reason="群众反映强烈（演示）")
    scenario.engine.execute(command, by=scenario.supervisor)
    item_id = the_item(scenario)

    found = scenario.engine.read.explain_rungs(scenario.supervisor, item_id)
    reminder, notice = found[1], found[2]

    assert found == {
        position: scenario.engine.read.explain_rung(scenario.supervisor, item_id, position) for position in found
    }
    assert reminder.rule is not None
    assert (reminder.rule.rule_id, reminder.rule.number, reminder.rule.words) == (
        "escalation_ladder_remind", 2, "到期当日"
    )  # fmt: skip
    assert reminder.rule.conditions == (("上一级", "-1"), ("已逾期工作日", "< 1"))
    assert dict(reminder.inputs) == {
        "last_rung": -1, "overdue_workdays": 0, "schedule_gap": None, "reds": 1, "is_report": False,
        "talk": "none", "rung_workdays": 0
    }  # fmt: skip
    assert reminder.calendar == "2024.1"
    assert notice.rule is None
    assert [line[0] for line in notice.derivation][1:] == [
        "理由：群众反映强烈（演示）", "由督查员在督查台决定发文，不是阶梯表自动升级"
    ]  # fmt: skip
    assert "已逾期1个工作日" in notice.derivation[0][0]


def test_the_time_to_the_next_rung_is_derived_and_belongs_to_a_row(scenario: Scenario, surveyed: str) -> None:
    scenario.until(DUE)

    why = scenario.engine.read.explain_next(scenario.supervisor, the_item(scenario))

    assert why is not None and why.rule is not None
    assert (why.since, why.rule.rule_id) == (at("2024-07-01 18:00"), "escalation_ladder_remind")
    assert why.derivation


def test_what_an_item_watches_explains_its_due_date(scenario: Scenario, surveyed: str) -> None:
    scenario.until(DUE)

    why = scenario.engine.read.explain_item_due(scenario.supervisor, the_item(scenario))

    assert why is not None and any("依据" in zh for zh, _ in why.derivation)


def test_nobody_is_told_about_foreign_cases_and_items(scenario: Scenario, surveyed: str) -> None:
    scenario.until(DUE)
    stranger, item_id = scenario.person("nanlong1"), the_item(scenario)

    for ask in (
        lambda: scenario.engine.read.explain_case_light(stranger, surveyed),
        lambda: scenario.engine.read.explain_case_due(stranger, surveyed),
        lambda: scenario.engine.read.explain_rungs(stranger, item_id),
        lambda: scenario.engine.read.explain_next(stranger, item_id),
        lambda: scenario.engine.read.explain_rung(scenario.supervisor, item_id, 9),
    ):
        with pytest.raises(NotFound):
            ask()
