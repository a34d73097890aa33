"""What the tests of accountability have in common: a late case, the climb up its ladder, a talk and a referral."""

from typing import Any

import sqlalchemy as sa
from scenario import Scenario

from engine.commands.letter_service import ReceiveLetter
from engine.domain.actor import Actor
from engine.domain.service import Receipt
from engine.store.schema import letters

HELD: dict[str, Any] = {
    "interview_result": "held",
    "interview_host": "领导小组办公室副主任",
    "interview_recorder": "领导小组办公室督查员",
    "interview_present": "市工信局副局长\n市工信局整治办主任",
    "interview_problems": "五项关停措施没有落实到位。\n台账与现场不一致。",
    "commitment_count": "1",
    "commitment_1": "五项关停措施全部落实。",
    "commitment_1_who": "市工信局副局长",
    "commitment_1_due": "2024-07-31",
}
REPORTED = {"interview_report": "五项措施已全部落实（演示）", "interview_report_signer": "市工信局局长"}


def late_case(scenario: Scenario) -> str:
    """A case whose five closing checks are due and not done."""
    [case] = scenario.register()
    scenario.survey(case)
    scenario.until("2024-06-28 18:00")
    return str(case)


def climb_until(scenario: Scenario, case: str, element_id: str) -> None:
    """Wait and sign, rung by rung, until the task stands open; a talk is dropped, or the ladder would wait for it."""
    for _ in range(80):
        if any(task.element_id == element_id for task in scenario.tasks(case)):
            return
        climb_a_day(scenario, case)
    raise AssertionError(f"{element_id} never opened: {[task.element_id for task in scenario.tasks(case)]}")


def climb_a_day(scenario: Scenario, case: str) -> None:
    """What stands to be decided on the ladder is sent out, talks are dropped, and a working day goes by."""
    scenario.drop_talks()
    for task in scenario.tasks(case):
        if task.element_id.startswith("approve_by_"):
            scenario.complete(task.element_id, case, rung_decision="issue")
    scenario.work()
    scenario.advance("1wd")


def prepare_referral(scenario: Scenario, case: str | None, **more: Any) -> Actor:
    return scenario.complete(
        "prepare_referral",
        case,
        referral_facts="2024年6月28日到期，逐级督办后仍未办结（演示）",
        referral_evidence_list="现场照片\n督办台账",
        referral_grounds=["not_done"],
        referral_proposal="建议依规依纪研究处理（演示）",
        **more,
    )


def arrange(scenario: Scenario, case: str | None, moment: str = "2024-07-03T09:30:00+08:00") -> Actor:
    return scenario.complete(
        "prepare_interview",
        case,
        interview_reason="督办函期满仍未办结（演示）",
        interview_time=moment,
        interview_place="市工信局三楼会议室（演示）",
        interview_persons="主要负责人、分管负责人",
        interview_materials="整改台账",
    )


def receipt() -> Receipt:
    return Receipt(person="收发员（演示）", post="市工信局收发员")


def signed_letter(scenario: Scenario, kind: str) -> str:
    """The latest letter of the kind, signed for by the unit now. Returns its id."""
    row = scenario.rows(
        sa.select(letters.c.letter_id).where(letters.c.kind == kind).order_by(letters.c.issued_at.desc()).limit(1)
    )[0]
    scenario.engine.execute(ReceiveLetter(row["letter_id"], receipt()), by=scenario.person("gxj1"))
    return str(row["letter_id"])
