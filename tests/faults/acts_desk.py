"""What clerks, supervisors and officers do: tasks, registers and letters."""

from collections.abc import Callable
from typing import Any

import sqlalchemy as sa
from act import SURVEYED, WHY, Act, first, opened, registered, survey_claimed
from scenario import Scenario, new_case, quiet_plan

from engine.commands.campaigns import OpenCampaign
from engine.commands.letter_review import AcceptReply, CloseLetter, ReturnReply
from engine.commands.letter_service import AttachToReceipt, AttachToReply, NoteReading, ReceiveLetter, ReplyLetter
from engine.commands.letters import IssueLetters, VoidLetter
from engine.commands.register import RegisterCases
from engine.commands.report_letters import UrgeReports
from engine.commands.tasks import (
    AttachEvidence,
    ClaimTask,
    CompleteTask,
    EvidenceFile,
    ReleaseTask,
    SaveDraft,
    SendBackTask,
)
from engine.domain.actor import SYSTEM, Actor
from engine.domain.service import LEFT, Receipt
from engine.store.schema import cases, letters, reports, tasks

SIGNED = Receipt("李四（演示）", "收文员（演示）")
LEFT_BEHIND = Receipt("李四（演示）", "收文员（演示）", LEFT, refusal="拒绝签字（演示）", place="工信局（演示）")
PHOTO = EvidenceFile("photos", "门头（演示）.jpg", "image/jpeg", b"a picture", proves="现场")
BY_ID = sa.select(tasks.c.task_id, tasks.c.assignee_id).order_by(tasks.c.task_id)


# -- tasks -------------------------------------------------------------------------------------------------------------
def review_claimed(scenario: Scenario) -> None:
    """Its completion ends the survey, disposes of the case and issues the first letter."""
    [case, _] = scenario.register(2)
    scenario.complete("survey_site", case, **SURVEYED)
    scenario.claim(scenario.task_of(case, "review_disposition"))


def claim(scenario: Scenario) -> tuple[Any, Actor]:
    return ClaimTask(first(scenario, BY_ID)["task_id"]), scenario.person("chengjiao1")


def of_claimed(command: Callable[[str], Any]) -> Callable[[Scenario], tuple[Any, Actor]]:
    """A command about the claimed task, by whoever has it."""

    def ask(scenario: Scenario) -> tuple[Any, Actor]:
        task = first(scenario, BY_ID.where(tasks.c.state == "CLAIMED"))
        return command(task["task_id"]), scenario.engine.read.actor(task["assignee_id"])

    return ask


complete = of_claimed(lambda task_id: CompleteTask(task_id, SURVEYED | {"outcome": "confirmed"}, evidence=(PHOTO,)))


# -- register ----------------------------------------------------------------------------------------------------------
def register(count: int) -> Callable[[Scenario], tuple[Any, Actor]]:
    def ask(scenario: Scenario) -> tuple[Any, Actor]:
        rows = tuple(new_case(number) for number in range(100, 100 + count))
        return RegisterCases(scenario.campaign, rows, filename="台账（演示）.xlsx"), scenario.supervisor

    return ask


# -- letters -----------------------------------------------------------------------------------------------------------
def letter_issued(scenario: Scenario) -> None:
    [case] = scenario.register()
    scenario.engine.execute(
        IssueLetters(scenario.campaign, "notice", (case,), reply_term="3wd"), by=scenario.supervisor
    )


def letter_received(scenario: Scenario) -> None:
    letter_issued(scenario)
    scenario.engine.execute(ReceiveLetter(the_letter(scenario), SIGNED), by=scenario.person("gxj1"))


def letter_replied(scenario: Scenario) -> None:
    letter_received(scenario)
    scenario.engine.execute(ReplyLetter(the_letter(scenario), "已落实（演示）"), by=scenario.person("gxj1"))


def the_letter(scenario: Scenario) -> str:
    return str(first(scenario, sa.select(letters.c.letter_id))["letter_id"])


def of_letter(login: str, command: Callable[[str], Any]) -> Callable[[Scenario], tuple[Any, Actor]]:
    return lambda scenario: (command(the_letter(scenario)), scenario.person(login))


def report_missed(scenario: Scenario) -> None:
    """Another campaign in which the leads owed one report at noon; one of them is under supervision for it."""
    rule = """[[reports]]
key = "noon"
name = "午报（演示）"
name_en = "Noon report"
by = "leads"
phase = "cleanup"
dates = [2024-05-20]
time = "12:00"
form = "weekly_progress"
basis = "演示"
"""
    plan = quiet_plan().replace(b"linxia_2024", b"linxia_again") + f"\n{rule}".encode()
    scenario.engine.execute(OpenCampaign(plan), by=SYSTEM)
    scenario.until("2024-05-20 12:01")


def urge(scenario: Scenario) -> tuple[Any, Actor]:
    return UrgeReports("urge", (first(scenario, sa.select(reports.c.report_id))["report_id"],)), scenario.supervisor


def issue(scenario: Scenario) -> tuple[Any, Actor]:
    listed = tuple(row["case_id"] for row in scenario.rows(sa.select(cases.c.case_id).order_by(cases.c.case_id)))
    return IssueLetters(scenario.campaign, "notice", listed), scenario.supervisor


DESK = (
    Act("claim a task", registered, claim),
    Act("release a task", survey_claimed, of_claimed(ReleaseTask)),
    Act("save a draft", survey_claimed, of_claimed(lambda task_id: SaveDraft(task_id, {"problem": "半句话（演示）"}))),
    Act("attach evidence", survey_claimed, of_claimed(lambda task_id: AttachEvidence(task_id, (PHOTO,)))),
    Act("complete a task", survey_claimed, complete),
    Act("complete the task that issues a letter", review_claimed, complete),
    Act("send a task back", review_claimed, of_claimed(lambda task_id: SendBackTask(task_id, WHY))),
    Act("register one case", opened, register(1)),
    Act("register a list", opened, register(8)),
    Act("issue letters from the desk", registered, issue),
    Act("urge a report", report_missed, urge),
    Act("read a letter", letter_issued, of_letter("gxj1", NoteReading)),
    Act("sign for a letter", letter_issued, of_letter("gxj1", lambda found: ReceiveLetter(found, SIGNED))),
    Act(
        "leave a letter behind",
        letter_issued,
        of_letter("ducha1", lambda found: ReceiveLetter(found, LEFT_BEHIND, (PHOTO,))),
    ),
    Act("attach to a receipt", letter_issued, of_letter("ducha1", lambda found: AttachToReceipt(found, (PHOTO,)))),
    Act("reply to a letter", letter_received, of_letter("gxj1", lambda found: ReplyLetter(found, "已落实", (PHOTO,)))),
    Act("attach to a reply", letter_received, of_letter("gxj1", lambda found: AttachToReply(found, (PHOTO,)))),
    Act("accept a reply", letter_replied, of_letter("ducha1", AcceptReply)),
    Act("return a reply", letter_replied, of_letter("ducha1", lambda found: ReturnReply(found, "materials", WHY))),
    Act("close a letter", letter_received, of_letter("ducha1", lambda found: CloseLetter(found, WHY))),
    Act("void a letter", letter_issued, of_letter("ducha1", lambda found: VoidLetter(found, WHY))),
)
