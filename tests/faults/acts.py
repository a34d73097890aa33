"""The acts that are broken at every statement: the story before each, and the command itself."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa
from scenario import Scenario

from engine.commands.jobs import ClaimJobs, CompleteJob, RunJob
from engine.commands.letters import IssueLetters
from engine.commands.tasks import ClaimTask, CompleteTask, EvidenceFile
from engine.domain.actor import SYSTEM, Actor
from engine.domain.job import JobResult
from engine.runtime import Engine
from engine.store.schema import cases, jobs, tasks

KEY = "one operation"
PHOTO = EvidenceFile("photos", "门头（演示）.jpg", "image/jpeg", b"a picture", proves="现场")
SURVEYED = {"kinds": ["wu"], "is_illegal": True, "proposed": "close", "surveyed_on": "2024-05-20"}


@dataclass(frozen=True)
class Act:
    """`story` brings a scenario to just before the act; `ask` says who would do what there."""

    name: str
    story: Callable[[Scenario], None]
    ask: Callable[[Scenario], tuple[Any, Actor]]

    def on(self, scenario: Scenario) -> Callable[[Engine], object]:
        """The act, ready to be done on any engine, always with the same operation key."""
        command, actor = self.ask(scenario)
        return lambda engine: engine.execute(command, by=actor, operation_key=KEY)


def registered(scenario: Scenario) -> None:
    scenario.register(2)


def survey_claimed(scenario: Scenario) -> None:
    [case, _] = scenario.register(2)
    scenario.claim(scenario.task_of(case, "survey_site"))


def review_claimed(scenario: Scenario) -> None:
    """Its completion ends the survey, disposes of the case and issues the first letter."""
    [case, _] = scenario.register(2)
    scenario.complete("survey_site", case, **SURVEYED)
    scenario.claim(scenario.task_of(case, "review_disposition"))


def timer_leased(scenario: Scenario) -> None:
    scenario.register()
    scenario.clock.set(scenario.engine.read.next_due_at())
    scenario.engine.execute(ClaimJobs(), by=SYSTEM)


def start_process_leased(scenario: Scenario) -> None:
    """The survey is overdue: its timer has fired, and the job that opens the supervision is leased."""
    scenario.register()
    scenario.until("2024-05-27 17:59")
    scenario.clock.set(scenario.engine.read.next_due_at())
    [timer] = scenario.engine.execute(ClaimJobs(), by=SYSTEM)
    scenario.engine.execute(RunJob(timer.job_id, timer.fence), by=SYSTEM)
    [job] = scenario.engine.execute(ClaimJobs(), by=SYSTEM)
    assert job.kind == "start_process"


def letter_leased(scenario: Scenario) -> None:
    [case] = scenario.register()
    scenario.complete("survey_site", case, **SURVEYED)
    scenario.complete("review_disposition", case, outcome="confirmed")
    [job] = scenario.engine.execute(ClaimJobs(), by=SYSTEM)
    assert job.kind == "letter"


def claim(scenario: Scenario) -> tuple[Any, Actor]:
    [task, _] = scenario.rows(sa.select(tasks.c.task_id).order_by(tasks.c.task_id))
    return ClaimTask(task["task_id"]), scenario.person("chengjiao1")


def complete(scenario: Scenario) -> tuple[Any, Actor]:
    [task] = scenario.rows(sa.select(tasks.c.task_id, tasks.c.assignee_id).where(tasks.c.state == "CLAIMED"))
    command = CompleteTask(task["task_id"], SURVEYED | {"outcome": "confirmed"}, evidence=(PHOTO,))
    return command, scenario.engine.read.actor(task["assignee_id"])


def issue(scenario: Scenario) -> tuple[Any, Actor]:
    listed = tuple(row["case_id"] for row in scenario.rows(sa.select(cases.c.case_id).order_by(cases.c.case_id)))
    return IssueLetters(scenario.campaign, "notice", listed), scenario.supervisor


def run_job(scenario: Scenario) -> tuple[Any, Actor]:
    return RunJob(*leased(scenario)), SYSTEM


def complete_letter(scenario: Scenario) -> tuple[Any, Actor]:
    result = JobResult(document=b"%PDF the letter", pages=1, title="督办通知（演示）")
    return CompleteJob(*leased(scenario), result), SYSTEM


def leased(scenario: Scenario) -> tuple[str, int]:
    [job] = scenario.rows(sa.select(jobs.c.job_id, jobs.c.fence).where(jobs.c.state == "LEASED"))
    return job["job_id"], job["fence"]


ACTS = (
    Act("claim a task", registered, claim),
    Act("complete a task", survey_claimed, complete),
    Act("complete the task that issues a letter", review_claimed, complete),
    Act("fire a timer", timer_leased, run_job),
    Act("issue letters from the desk", registered, issue),
    Act("open a supervision", start_process_leased, run_job),
    Act("keep the document of a letter", letter_leased, complete_letter),
)
