"""What supervisors, leaders, inspectors and units do about accountability."""

from collections.abc import Callable
from datetime import date
from typing import Any

import sqlalchemy as sa
from act import Act, first, opened, registered
from scenario import Scenario

from engine.commands.accountability import (
    ArrangeInterview,
    BeginCircular,
    FileObjection,
    SeeReferral,
)
from engine.commands.inspections import ApproveInspection, ConcludeInspection, DraftInspection
from engine.commands.letter_service import ReceiveLetter
from engine.commands.referrals import ProposeReferral
from engine.domain.actor import Actor
from engine.domain.inspection import Plan
from engine.domain.service import Receipt
from engine.store.schema import inspection_plans, letters, referrals

PLAN = Plan(
    title="专项督查（演示）",
    basis="市政府常务会议决定（演示）",
    kind="special",
    methods=("visit",),
    scope="关停取缔事项（演示）",
    items=("五项措施落实情况",),
    unit_ids=("gxj", "chengjiao"),
    starts_on=date(2024, 6, 10),
    ends_on=date(2024, 6, 21),
)


def letter_signed(scenario: Scenario) -> None:
    [case] = scenario.register()
    scenario.survey(case)
    letter = the_letter(scenario)
    by = scenario.person(f"{letter['unit_id']}1")
    scenario.engine.execute(ReceiveLetter(letter["letter_id"], Receipt("收发员（演示）", "收发员")), by=by)


def the_letter(scenario: Scenario) -> dict[str, Any]:
    return first(scenario, sa.select(letters.c.letter_id, letters.c.unit_id))


def referred(scenario: Scenario) -> None:
    """The ladder has reached its top; nobody has prepared anything yet."""
    [case] = scenario.register()
    scenario.survey(case)
    for _ in range(60):
        if any(task.element_id == "prepare_referral" for task in scenario.tasks(case)):
            return
        scenario.drop_talks()
        scenario.advance("3d")
        for task in scenario.tasks(case):
            if task.element_id.startswith("approve_by_"):
                scenario.complete(task.element_id, case, rung_decision="issue")
        scenario.work()
    raise AssertionError("the ladder never reached its top")


def planned(scenario: Scenario) -> None:
    scenario.engine.execute(DraftInspection(scenario.campaign, PLAN), by=scenario.supervisor)


def plan_approved(scenario: Scenario) -> None:
    planned(scenario)
    scenario.engine.execute(ApproveInspection(the_plan(scenario)), by=scenario.person("lingdao"))


def the_plan(scenario: Scenario) -> str:
    return str(first(scenario, sa.select(inspection_plans.c.plan_id))["plan_id"])


def by(login: str, command: Callable[[Scenario], Any]) -> Callable[[Scenario], tuple[Any, Actor]]:
    return lambda scenario: (command(scenario), scenario.person(login))


def object_to_it(scenario: Scenario) -> tuple[Any, Actor]:
    letter = the_letter(scenario)
    return FileObjection("时限有误（演示）", letter["letter_id"]), scenario.person(f"{letter['unit_id']}1")


ACCOUNTABILITY = (
    Act(
        "propose a talk",
        registered,
        by("lingdao", lambda it: ArrangeInterview(it.campaign, "gxj", "长期未办结（演示）")),
    ),
    Act(
        "propose a referral",
        registered,
        by("ducha1", lambda it: ProposeReferral(it.campaign, "gxj", "弄虚作假（演示）")),
    ),
    Act(
        "begin a circular",
        registered,
        by("ducha1", lambda it: BeginCircular(it.campaign, date(2024, 5, 1), date(2024, 5, 20))),
    ),
    Act("object to a letter", letter_signed, object_to_it),
    Act(
        "look at a referral",
        referred,
        by("jijian", lambda it: SeeReferral(first(it, sa.select(referrals.c.referral_id))["referral_id"])),
    ),
    Act("plan an inspection", opened, by("ducha1", lambda it: DraftInspection(it.campaign, PLAN))),
    Act("approve an inspection", planned, by("lingdao", lambda it: ApproveInspection(the_plan(it)))),
    Act(
        "feed back a conclusion",
        plan_approved,
        by(
            "ducha1", lambda it: ConcludeInspection(the_plan(it), "gxj", "事实（演示）", "证据（演示）", "意见（演示）")
        ),
    ),
)
