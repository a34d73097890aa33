"""One case of Linxia on a virtual clock, from the first reminder to the outcome of its referral, on real paper.

At every stage the whole table of the case is compared with `from_reminder_to_referral.txt`: one section a stage says
what is new, changed or gone in it, the last section says it all.
"""

import io
import re
from pathlib import Path
from typing import Any

import pikepdf
import pytest
import sqlalchemy as sa
from pdfminer.high_level import extract_text
from scenario import NewScenario, Scenario
from walk_table import Entry, changes, table_of

from engine.commands.accountability import FileObjection
from engine.commands.audit import SealFacts, TakeCheckpointNow
from engine.commands.letter_review import AcceptReply, ReturnReply
from engine.commands.letter_service import NoteReading, ReceiveLetter, ReplyLetter
from engine.commands.tasks import ClaimTask
from engine.domain.actor import SYSTEM
from engine.domain.service import DIRECT, ELECTRONIC, LEFT, POST, Receipt
from engine.errors import NotPermitted
from engine.proof import Place
from engine.store.schema import letters

EXPECTED = Path(__file__).parent / "from_reminder_to_referral.txt"
CLERK = ("李四（演示）", "市工信局收发员")
INSPECTORS_CLERK = ("赵六（演示）", "纪检监察机关收发员")


class Story:
    """Does what people do, and keeps the table of every stage."""

    def __init__(self, scenario: Scenario, case_id: str) -> None:
        self.scenario, self.case_id = scenario, case_id
        self.stages: list[str] = []
        self.table: list[Entry] = []

    def stage(self, title: str) -> None:
        before, self.table = self.table, table_of(self.scenario, self.case_id)
        self._add(title, changes(before, self.table))

    def sum_up(self) -> str:
        self._add("全表", [entry.text for entry in self.table])
        return "\n\n".join(self.stages) + "\n"

    def _add(self, title: str, lines: list[str]) -> None:
        self.stages.append(
            "\n".join((f"walk: == {len(self.stages) + 1} {title}", *(f"walk: {line}" for line in lines)))
        )

    def do(self, login: str, command: object) -> Any:
        done = self.scenario.engine.execute(command, by=self.scenario.person(login))
        self.scenario.work()
        return done

    def complete(self, element_id: str, login: str, **variables: Any) -> None:
        case_id = None if element_id in ("decide_objection", "receive_decision") else self.case_id
        self.scenario.complete(element_id, case_id, by=self.scenario.person(login), **variables)
        self.scenario.work()

    def letter(self, kind: str) -> str:
        """The latest of its kind."""
        query = sa.select(letters.c.letter_id).where(letters.c.kind == kind).order_by(letters.c.issued_at.desc())
        return str(self.scenario.rows(query)[0]["letter_id"])

    def receive(
        self, kind: str, login: str, manner: str = "system", *, clerk: tuple[str, str] = CLERK, **more: str
    ) -> None:
        self.do(login, ReceiveLetter(self.letter(kind), Receipt(*clerk, manner, **more)))


def test_a_case_goes_from_reminder_to_referral_with_every_letter_receipt_and_explanation(
    new_scenario: NewScenario, record_property: Any
) -> None:
    scenario = new_scenario(letters="real")
    [case_id] = scenario.register()
    scenario.survey(case_id)
    story = Story(scenario, case_id)

    for act in (
        remind,
        urge,
        notify,
        object_to_the_notice,
        send_the_letter,
        call_in,
        miss_the_report,
        circulate,
        refer,
    ):
        act(story)

    told = story.sum_up()
    print(told)
    assert told == EXPECTED.read_text()
    assert_every_letter_says_its_own_number_once(scenario)
    assert_the_figures_agree(scenario)
    assert scenario.engine.read.violations() == ()
    assert scenario.engine.read.proof([sealed(scenario)]).verdict == "proven"


# -- stages ------------------------------------------------------------------------------------------------------------
def remind(story: Story) -> None:
    """The letter that assigned the work was signed for in the system; nothing else happened until it was due."""
    story.scenario.until("2024-05-20 15:00")
    story.receive("notice", "gxj1")
    story.scenario.until("2024-06-28 18:00")
    story.stage("到期，系统提醒")


def urge(story: Story) -> None:
    """催办单, read and signed for in the system; the reply is accepted, the work is still not done."""
    story.scenario.until("2024-07-01 18:00")
    story.complete("approve_by_supervisor", "ducha1", rung_decision="issue")
    story.stage("催办单签发")
    story.scenario.until("2024-07-02 09:00")
    story.do("gxj1", NoteReading(story.letter("urge")))
    assert story.scenario.engine.read.letter_service(SYSTEM, story.letter("urge")).stands.state == "ISSUED"
    story.receive("urge", "gxj1")
    story.stage("催办单签收")
    story.scenario.until("2024-07-03 09:00")
    story.do("gxj1", ReplyLetter(story.letter("urge"), "已断电断水，设备正在拆除（演示）"))
    story.do("ducha1", AcceptReply(story.letter("urge"), "抓紧办结（演示）"))
    story.stage("催办单回复通过，事项仍未办结")


def notify(story: Story) -> None:
    """督办通知 is left behind before a witness; its first reply is sent back, the second comes late and does."""
    story.scenario.until("2024-07-03 18:00")
    story.complete("approve_by_supervisor", "ducha1", rung_decision="issue")
    story.scenario.until("2024-07-04 10:00")
    story.receive(
        "notice", "ducha1", LEFT, refusal="拒绝签字（演示）", place="市工信局收发室（演示）",
        witness="王五（演示）", witness_post="城郊镇社区网格员",
    )  # fmt: skip
    story.stage("督办通知留置送达")
    story.scenario.until("2024-07-08 09:00")
    story.do("gxj1", ReplyLetter(story.letter("notice"), "正在办理（演示）"))
    story.do("ducha1", ReturnReply(story.letter("notice"), "no_progress", "没有实质进展（演示）", "2wd"))
    story.stage("督办通知的回复退办")


def object_to_the_notice(story: Story) -> None:
    """Whoever approved the notice keeps out of the review."""
    scenario = story.scenario
    story.do("gxj1", FileObjection("设备归属有争议，请予复核（演示）", letter_id=story.letter("notice")))
    task = next(task for task in scenario.tasks() if task.element_id == "decide_objection")
    with pytest.raises(NotPermitted) as refused:
        scenario.engine.execute(ClaimTask(task.task_id), by=scenario.person("ducha1"))
    assert refused.value.code == "recusal"
    story.stage("对督办通知申请复核")


def send_the_letter(story: Story) -> None:
    """督办函 goes by post and is never answered. The inspector, who took no part, decides the objection."""
    story.scenario.until("2024-07-08 18:00")
    story.complete("approve_by_leader", "lingdao", rung_decision="issue")
    story.scenario.until("2024-07-10 11:00")
    story.receive("supervision_letter", "ducha1", POST, tracking_no="YS0000000001")
    story.stage("督办函邮寄送达")
    story.scenario.until("2024-07-11 09:00")
    story.do("gxj1", ReplyLetter(story.letter("notice"), "设备已拆除两台（演示）"))
    story.do("ducha2", AcceptReply(story.letter("notice"), "情况属实（演示）"))
    story.scenario.until("2024-07-12 15:00")
    story.complete("decide_objection", "jijian", objection_result="upheld", objection_findings="产权清楚（演示）")
    story.complete("receive_decision", "gxj1", decision_received_by="市工信局办公室主任")
    story.stage("复核维持")


def call_in(story: Story) -> None:
    """约谈: notice, meeting, minutes. The report is asked for within thirty days."""
    story.scenario.until("2024-07-15 18:00")
    story.complete("approve_by_leader", "lingdao", rung_decision="issue")
    story.scenario.until("2024-07-17 10:00")
    story.complete(
        "prepare_interview", "ducha1",
        interview_reason="督办函期满仍未办结（演示）", interview_time="2024-07-25T09:30:00+08:00",
        interview_place="市工信局三楼会议室（演示）", interview_persons="主要负责人、分管负责人",
        interview_materials="整改台账",
    )  # fmt: skip
    story.scenario.until("2024-07-18 09:00")
    story.receive("summons", "ducha1", DIRECT)
    story.stage("约谈通知送达")
    story.scenario.until("2024-07-25 11:00")
    story.complete(
        "hold_interview", "ducha1",
        interview_result="held", interview_held_at="2024-07-25T09:30:00+08:00",
        interview_host="领导小组办公室副主任", interview_recorder="领导小组办公室督查员",
        interview_present="市工信局副局长\n市工信局整治办主任", interview_problems="五项关停措施没有落实到位。",
        commitment_count="1", commitment_1="五项关停措施全部落实。", commitment_1_who="市工信局副局长",
        commitment_1_due="2024-07-31",
    )  # fmt: skip
    story.receive("minutes", "gxj1")
    story.stage("约谈并印发纪要")


def miss_the_report(story: Story) -> None:
    """Thirty days after the rung the ladder waits, for the report on the talk is not due. It does not come, and its own
    item begins at the bottom of the ladder."""
    story.scenario.until("2024-08-14 18:00")
    story.stage("约谈没有了结，阶梯等待")
    story.scenario.until("2024-08-26 18:00")
    story.stage("约谈报告逾期，另立督办件")


def circulate(story: Story) -> None:
    """通报 once the report is late, served by electronic means."""
    story.scenario.until("2024-08-27 18:00")
    story.complete("approve_by_leader", "lingdao", rung_decision="issue")
    story.complete("approve_by_supervisor", "ducha1", rung_decision="issue")
    story.scenario.until("2024-08-28 09:00")
    story.receive("circular", "ducha1", ELECTRONIC, consent="2024年5月20日书面同意电子送达（演示）")
    story.stage("通报送达，报告另行催办")


def refer(story: Story) -> None:
    """移送问责: approved by the chief, outcome recorded for the unit and for a person by post."""
    story.scenario.until("2024-09-10 18:00")
    story.stage("提请移送问责")
    story.scenario.until("2024-09-11 09:00")
    story.complete(
        "prepare_referral", "ducha1",
        referral_facts="2024年6月28日到期，逐级督办后仍未办结（演示）", referral_evidence_list="现场照片\n督办台账",
        referral_grounds=["not_done"], referral_proposal="建议依规依纪研究处理（演示）",
    )  # fmt: skip
    story.complete("approve_referral", "lingdao", outcome="approved", referral_opinion="同意（演示）")
    story.scenario.until("2024-09-11 16:00")
    story.receive("referral", "ducha1", DIRECT, clerk=INSPECTORS_CLERK)
    story.stage("移送函送达")
    story.scenario.until("2024-09-25 10:00")
    done = {"outcome_organ": "演示机关", "outcome_on": "2024-09-25"}
    story.complete(
        "record_outcome", "jijian", outcome_subject="unit", outcome_form="circulated", outcome_more="yes", **done
    )
    story.complete(
        "record_outcome", "jijian", outcome_subject="person", outcome_post="副局长", outcome_form="admonition",
        outcome_more="no", **done,
    )  # fmt: skip
    story.stage("问责结果登记")


# -- at the end --------------------------------------------------------------------------------------------------------
def assert_every_letter_says_its_own_number_once(scenario: Scenario) -> None:
    listed = scenario.rows(sa.select(letters.c.letter_id, letters.c.number).order_by(letters.c.issued_at))
    for row in listed:
        content = scenario.engine.read.letter_document(SYSTEM, row["letter_id"]).content
        text = re.sub(r"\s", "", extract_text(io.BytesIO(content)))
        assert row["number"] in text, row["number"]
        with pikepdf.open(io.BytesIO(content)) as pdf:  # the mark itself is drawn, not written
            assert "演示样张" in str(pdf.docinfo.Keywords), f"{row['number']} has no seal and must say so"
    assert len(scenario.facts("LetterRendered")) == len(listed)


def assert_the_figures_agree(scenario: Scenario) -> None:
    found = scenario.engine.read.accountability_figures(scenario.campaign)
    counted = {one.form: (one.units, one.persons) for one in found.by_form if one.units or one.persons}
    assert counted == {"circulated": (1, 0), "admonition": (0, 1)}
    assert scenario.engine.read.figures(scenario.campaign).faults == ()


def sealed(scenario: Scenario) -> Place:
    """Everything sealed and checkpointed, as the file outside the database holds it."""
    while scenario.engine.execute(SealFacts(), by=SYSTEM):
        pass
    scenario.engine.execute(TakeCheckpointNow(), by=SYSTEM)
    return Place("outside", scenario.engine.read.checkpoints_after(0))
