"""What is done with letters before their number: drafts are started, changed, withdrawn; a signed one is numbered."""

from collections.abc import Callable
from typing import Any

import sqlalchemy as sa
from act import WHY, Act, first, registered
from acts_desk import letter_issued, of_letter
from scenario import Scenario

from engine.commands.drafts import (
    ArrangeDraft,
    Arrangement,
    CorrectLetter,
    ReviseDraft,
    StartDraft,
    WithdrawDraft,
)
from engine.commands.tasks import CompleteTask
from engine.domain.actor import Actor
from engine.domain.drafting import Wording
from engine.store.schema import cases, letter_drafts, tasks

WORDS = Wording("关于演示事项的通知", ("请抓紧办理（演示）。",))


def drafted(scenario: Scenario) -> None:
    """Two letters that their writer signs."""
    listed = tuple(scenario.register(2))
    scenario.engine.execute(StartDraft(scenario.campaign, "notice", listed, bundle="case"), by=scenario.supervisor)


def start(scenario: Scenario) -> tuple[Any, Actor]:
    listed = tuple(row["case_id"] for row in scenario.rows(sa.select(cases.c.case_id).order_by(cases.c.case_id)))
    return StartDraft(scenario.campaign, "listed_supervision", listed), scenario.supervisor


def of_draft(command: Callable[[str], Any]) -> Callable[[Scenario], tuple[Any, Actor]]:
    def ask(scenario: Scenario) -> tuple[Any, Actor]:
        return command(str(first(scenario, sa.select(letter_drafts.c.draft_id))["draft_id"])), scenario.supervisor

    return ask


def sign(scenario: Scenario) -> tuple[Any, Actor]:
    [task] = scenario.rows(sa.select(tasks.c.task_id).where(tasks.c.element_id == "draft_letter"))
    return CompleteTask(task["task_id"], {"draft_note": WHY}), scenario.supervisor


DRAFTS = (
    Act("start a draft", registered, start),
    Act("change the words of a draft", drafted, of_draft(lambda found: ReviseDraft(found, (1, 2), WORDS))),
    Act("arrange a draft", drafted, of_draft(lambda found: ArrangeDraft(found, Arrangement(countersigners=("gxj",))))),
    Act("sign a draft of two letters", drafted, sign),
    Act("withdraw a draft", drafted, of_draft(lambda found: WithdrawDraft(found, WHY))),
    Act("correct a letter", letter_issued, of_letter("ducha1", lambda found: CorrectLetter(found, WHY))),
)
