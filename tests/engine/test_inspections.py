"""督查方案, 督查结论 and what s. 15 forbids: inspecting the same twice (政府督查工作条例)."""

from dataclasses import replace
from datetime import date

import pytest
import sqlalchemy as sa
from scenario import Scenario

from engine.commands.accountability import FileObjection
from engine.commands.inspections import ApproveInspection, ConcludeInspection, DraftInspection
from engine.commands.tasks import ClaimTask
from engine.domain.inspection import Plan
from engine.errors import Invalid, NotFound, NotPermitted, Rejected
from engine.store.schema import conclusions, inspection_plans

PLAN = Plan(
    title="五项关停措施专项督查（演示）",
    basis="市政府2024年第8次常务会议决定（演示）",
    kind="special",
    methods=("visit", "files"),
    scope="市工信局牵头的关停取缔事项（演示）",
    items=("五项关停措施落实情况", "台账与现场是否一致"),
    unit_ids=("gxj", "chengjiao"),
    starts_on=date(2024, 6, 10),
    ends_on=date(2024, 6, 21),
)
WORDS = {"findings": "三户未断电（演示）", "evidence": "现场照片6张（演示）", "opinion": "关停不到位（演示）"}


def file(scenario: Scenario, plan: Plan = PLAN, reason: str = "") -> str:
    command = DraftInspection(scenario.campaign, plan, reason)
    return str(scenario.engine.execute(command, by=scenario.supervisor))


def approved(scenario: Scenario) -> str:
    plan_id = file(scenario)
    scenario.engine.execute(ApproveInspection(plan_id), by=scenario.person("lingdao"))
    return plan_id


def conclude(scenario: Scenario, plan_id: str, unit_id: str = "gxj") -> str:
    return str(scenario.engine.execute(ConcludeInspection(plan_id, unit_id, **WORDS), by=scenario.supervisor))


@pytest.mark.parametrize(
    ("change", "overlaps"),
    [
        ({"starts_on": date(2024, 6, 21), "ends_on": date(2024, 6, 30)}, True),  # the last day is shared
        ({"starts_on": date(2024, 6, 22), "ends_on": date(2024, 6, 30)}, False),
        ({"starts_on": date(2024, 6, 1), "ends_on": date(2024, 6, 9)}, False),
        ({"starts_on": date(2024, 6, 1), "ends_on": date(2024, 6, 10)}, True),
        ({"unit_ids": ("nanlong",)}, False),
        ({"unit_ids": ("nanlong", "gxj")}, True),
        ({"items": ("安全生产",)}, False),
        ({"items": ("五项关停措施落实情况（第二轮）",)}, True),
    ],
)
def test_the_same_unit_is_not_inspected_twice_about_the_same_at_the_same_time(
    scenario: Scenario, change: dict[str, object], overlaps: bool
) -> None:
    first = file(scenario)
    second = replace(PLAN, title="另一份方案（演示）", **change)  # type: ignore[arg-type]

    found = scenario.engine.read.inspection_overlaps(second)

    assert [each.plan_id for each in found] == [first] * overlaps
    if not overlaps:
        assert file(scenario, second)
        return
    with pytest.raises(Invalid) as refused:
        file(scenario, second)
    assert [problem.where for problem in refused.value.problems] == ["overlap_reason"]
    assert "五项关停措施专项督查（演示）" in refused.value.problems[0].zh


def test_with_a_reason_it_goes_on_and_the_reason_stays_on_record(scenario: Scenario) -> None:
    file(scenario)

    second = file(scenario, replace(PLAN, title="复查（演示）"), "上级要求复查（演示）")

    page = scenario.engine.read.inspection(scenario.supervisor, second)
    assert page.row.overlap_reason == "上级要求复查（演示）"
    assert [each.title for each in page.overlaps] == [PLAN.title]


@pytest.mark.parametrize(
    ("change", "where"),
    [
        ({"title": " "}, "title"),
        ({"basis": ""}, "basis"),
        ({"scope": ""}, "scope"),
        ({"kind": "raid"}, "kind"),
        ({"methods": ()}, "methods"),
        ({"methods": ("visit", "torture")}, "methods"),
        ({"items": ()}, "items"),
        ({"unit_ids": ()}, "unit_ids"),
        ({"unit_ids": ("nowhere",)}, "unit_ids"),
        ({"starts_on": None}, "starts_on"),
        ({"ends_on": date(2024, 6, 9)}, "ends_on"),
        ({"starts_on": date(1, 1, 1)}, "starts_on"),
        ({"starts_on": date(2099, 6, 1), "ends_on": date(2099, 6, 9)}, "starts_on"),
        ({"ends_on": date(9999, 12, 31)}, "ends_on"),
    ],
)
def test_a_plan_that_says_too_little_is_not_filed(scenario: Scenario, change: dict[str, object], where: str) -> None:
    with pytest.raises(Invalid) as refused:
        file(scenario, replace(PLAN, **change))  # type: ignore[arg-type]

    assert [problem.where for problem in refused.value.problems] == [where]
    assert scenario.rows(sa.select(inspection_plans)) == []


def test_a_leader_approves_what_somebody_else_drafted(scenario: Scenario) -> None:
    leader = scenario.person("lingdao")
    own = scenario.engine.execute(DraftInspection(scenario.campaign, PLAN), by=leader)

    with pytest.raises(NotPermitted) as refused:
        scenario.engine.execute(ApproveInspection(own), by=leader)
    with pytest.raises(NotPermitted):
        scenario.engine.execute(ApproveInspection(own), by=scenario.supervisor)

    assert refused.value.code == "inspection_own"


def test_a_conclusion_is_fed_back_to_its_unit_and_starts_the_thirty_days(scenario: Scenario) -> None:
    plan_id = approved(scenario)

    conclude(scenario, plan_id)

    page = scenario.engine.read.inspection(scenario.person("gxj1"), plan_id)
    assert [(each.unit_id, each.fed_back_at) for each in page.conclusions] == [("gxj", scenario.now)]
    assert page.conclusions[0].objection_deadline["due_at"].startswith("2024-06-19T10:00")  # 18:00 in Beijing
    assert [unit_id for unit_id, _ in page.waiting] == ["chengjiao"]
    assert scenario.engine.read.inspection(scenario.person("chengjiao1"), plan_id).conclusions == ()
    with pytest.raises(NotFound):
        scenario.engine.read.inspection(scenario.person("nanlong1"), plan_id)


def test_when_every_unit_has_its_conclusion_the_plan_is_concluded(scenario: Scenario) -> None:
    plan_id = approved(scenario)
    for unit_id in PLAN.unit_ids:
        conclude(scenario, plan_id, unit_id)

    with pytest.raises(Rejected):
        conclude(scenario, plan_id)

    assert scenario.engine.read.inspection(scenario.supervisor, plan_id).row.state == "CONCLUDED"
    with pytest.raises(Exception, match="append-only"), scenario.raw() as connection:
        connection.execute(conclusions.update().values(opinion="另一个结论"))


@pytest.mark.parametrize("missing", ["findings", "evidence", "opinion"])
def test_a_conclusion_needs_facts_evidence_and_an_opinion(scenario: Scenario, missing: str) -> None:
    plan_id = approved(scenario)

    with pytest.raises(Invalid) as refused:
        scenario.engine.execute(ConcludeInspection(plan_id, "gxj", **{**WORDS, missing: " "}), by=scenario.supervisor)

    assert [problem.where for problem in refused.value.problems] == [missing]


def test_before_approval_and_for_other_units_there_is_no_conclusion(scenario: Scenario) -> None:
    plan_id = file(scenario)

    with pytest.raises(Rejected):
        conclude(scenario, plan_id)
    with pytest.raises(NotFound):
        conclude(scenario, plan_id, "nanlong")
    with pytest.raises(NotFound):
        conclude(scenario, "none")
    with pytest.raises(NotFound):
        scenario.engine.execute(ApproveInspection("none"), by=scenario.person("lingdao"))


def test_whoever_drew_the_conclusion_or_approved_the_plan_keeps_out_of_its_review(scenario: Scenario) -> None:
    conclusion = conclude(scenario, approved(scenario))
    command = FileObjection("照片不是本单位现场（演示）", conclusion_id=conclusion)
    scenario.engine.execute(command, by=scenario.person("gxj1"))
    [task] = [task for task in scenario.tasks(None) if task.element_id == "decide_objection"]

    for login in ("ducha1", "lingdao"):
        with pytest.raises(NotPermitted) as refused:
            scenario.engine.execute(ClaimTask(task.task_id), by=scenario.person(login))
        assert refused.value.code == "recusal"

    scenario.engine.execute(ClaimTask(task.task_id), by=scenario.person("ducha2"))
