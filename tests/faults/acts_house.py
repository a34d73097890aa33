"""What administrators do, and what runs the house: instances by hand, batches, versions, people, sessions, clocks."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import sqlalchemy as sa
from act import SURVEYED, WHY, Act, first, opened, registered, survey_claimed
from acts_jobs import note_jump
from scenario import PROCESSES, Scenario, quiet_plan

from engine import sources
from engine.commands.batches import (
    CancelBatch,
    ContinueBatch,
    PauseBatch,
    RunBatchJob,
    StartBatch,
    WorkBatch,
)
from engine.commands.calendars import PublishCalendar
from engine.commands.campaigns import OpenCampaign
from engine.commands.clock import SetDemoClock, StartDemo
from engine.commands.definitions import Deploy
from engine.commands.instances import CancelInstance, ResumeInstance, SetVariable, SuspendInstance
from engine.commands.jobs import ClaimJobs
from engine.commands.migration import MigrateInstance
from engine.commands.moves import MoveInstance, UndoOperation
from engine.commands.people import AddPerson, CloseSession, NoteLogin, OpenSession, TouchSession
from engine.commands.upkeep import FoldTallies
from engine.domain.actor import SYSTEM, Actor
from engine.store.schema import batches, definitions, instances, jobs, snapshots, tasks

IDS = sa.select(instances.c.instance_id).order_by(instances.c.instance_id)
IS_FIRST = definitions.c.version == 1
SESSION = "5e" * 32
Ask = Callable[[Scenario], tuple[Any, Actor]]


# -- instances ---------------------------------------------------------------------------------------------------------
def instance(scenario: Scenario) -> str:
    return str(first(scenario, IDS)["instance_id"])


def by_admin(command: Callable[[Scenario], Any]) -> Ask:
    return lambda scenario: (command(scenario), scenario.person("xitong"))


def by_system(command: Callable[[Scenario], Any]) -> Ask:
    return lambda scenario: (command(scenario), SYSTEM)


def suspended(scenario: Scenario) -> None:
    survey_claimed(scenario)
    for row in scenario.rows(IDS):
        scenario.engine.execute(SuspendInstance(row["instance_id"], WHY), by=SYSTEM)


def second_version(scenario: Scenario) -> None:
    survey_claimed(scenario)
    scenario.engine.execute(new_survey(scenario), by=SYSTEM)


def new_survey(_scenario: Scenario) -> Deploy:
    files = dict(sources.process_folder(PROCESSES / "survey").files)
    diagram = files["survey.bpmn"].replace(b"</bpmn:definitions>", b"<!-- again --></bpmn:definitions>")
    return Deploy("survey", {**files, "survey.bpmn": diagram})


def migrate(scenario: Scenario) -> MigrateInstance:
    new = str(scenario.engine.read.definition("survey").definition_id)
    old = first(scenario, sa.select(definitions.c.definition_id).where(definitions.c.key == "survey", IS_FIRST))
    return MigrateInstance(instance(scenario), str(old["definition_id"]), new)


def migrated(scenario: Scenario) -> None:
    second_version(scenario)
    scenario.engine.execute(migrate(scenario), by=SYSTEM)


def move(scenario: Scenario) -> MoveInstance:
    here = first(scenario, sa.select(tasks.c.token, tasks.c.instance_id).order_by(tasks.c.task_id))
    return MoveInstance(here["instance_id"], WHY, (here["token"],), (("case_lifecycle", "acceptance_phase"),))


def undo(scenario: Scenario) -> UndoOperation:
    return UndoOperation(str(first(scenario, sa.select(snapshots.c.snapshot_id))["snapshot_id"]), WHY)


# -- batches -----------------------------------------------------------------------------------------------------------
def suspend_all(scenario: Scenario) -> StartBatch:
    return StartBatch("suspend", tuple(row["instance_id"] for row in scenario.rows(IDS)), {}, WHY)


def batch_started(scenario: Scenario) -> None:
    registered(scenario)
    scenario.engine.execute(suspend_all(scenario), by=scenario.person("xitong"))


def batch_paused(scenario: Scenario) -> None:
    batch_started(scenario)
    scenario.engine.execute(PauseBatch(batch(scenario)), by=scenario.person("xitong"))


def batch_leased(scenario: Scenario) -> None:
    batch_started(scenario)
    [job] = scenario.engine.execute(ClaimJobs(), by=SYSTEM)
    assert job.kind == "batch"


def batch(scenario: Scenario) -> str:
    return str(first(scenario, sa.select(batches.c.batch_id))["batch_id"])


def run_batch(scenario: Scenario) -> RunBatchJob:
    job = first(scenario, sa.select(jobs.c.job_id, jobs.c.fence).where(jobs.c.state == "LEASED"))
    return RunBatchJob(job["job_id"], job["fence"])


# -- people ------------------------------------------------------------------------------------------------------------
def someone(scenario: Scenario) -> str:
    return str(scenario.person("chengjiao1").person_id)


def open_session(scenario: Scenario) -> OpenSession:
    return OpenSession(SESSION, someone(scenario), "c5" * 16, scenario.now)


def session_open(scenario: Scenario) -> None:
    scenario.engine.execute(open_session(scenario), by=SYSTEM)


# -- the house ---------------------------------------------------------------------------------------------------------
def publish(_scenario: Scenario) -> PublishCalendar:
    return PublishCalendar((PROCESSES / "calendars" / "2024.toml").read_bytes() + b"\n# again\n")


def open_another(_scenario: Scenario) -> OpenCampaign:
    return OpenCampaign(quiet_plan().replace(b"linxia_2024", b"linxia_again"))


def demo(scenario: Scenario) -> None:
    scenario.engine.execute(start_demo(scenario), by=SYSTEM)


def start_demo(scenario: Scenario) -> StartDemo:
    return StartDemo(scenario.now, scenario.clock.now())


def tallied(scenario: Scenario) -> None:
    [case, *_] = scenario.register(3)
    scenario.complete("survey_site", case, **SURVEYED)
    scenario.complete("review_disposition", case, outcome="confirmed")


HOUSE = (
    Act("suspend an instance", survey_claimed, by_admin(lambda s: SuspendInstance(instance(s), WHY))),
    Act("resume an instance", suspended, by_admin(lambda s: ResumeInstance(instance(s), WHY))),
    Act("cancel an instance", survey_claimed, by_admin(lambda s: CancelInstance(instance(s), WHY))),
    Act("set a variable", survey_claimed, by_admin(lambda s: SetVariable(instance(s), "problem", "改（演示）", WHY))),
    Act("move an instance", survey_claimed, by_admin(move)),
    Act("deploy a version", registered, by_system(new_survey)),
    Act("migrate an instance", second_version, by_admin(migrate)),
    Act("undo a migration", migrated, by_admin(undo)),
    Act("start a batch", registered, by_admin(suspend_all)),
    Act("work a batch from the command line", batch_started, by_system(lambda s: WorkBatch(batch(s))), key=None),
    Act("work a batch as a job", batch_leased, by_system(run_batch), key=None),
    Act("pause a batch", batch_started, by_admin(lambda s: PauseBatch(batch(s)))),
    Act("continue a batch", batch_paused, by_admin(lambda s: ContinueBatch(batch(s)))),
    Act("cancel a batch", batch_started, by_admin(lambda s: CancelBatch(batch(s)))),
    Act(
        "add a person",
        opened,
        by_system(lambda _: AddPerson("xin1", "新来的（演示）", "x", (("officer", "chengjiao"),))),
    ),
    Act("open a session", opened, by_system(open_session)),
    Act("touch a session", session_open, by_system(lambda s: TouchSession(SESSION, s.now, {"flash": ["ok"]}))),
    Act("close a session", session_open, by_system(lambda _: CloseSession(SESSION))),
    Act("count a wrong password", opened, by_system(lambda s: NoteLogin(someone(s), False, s.now))),
    Act("open a campaign", opened, by_system(open_another)),
    Act("publish a calendar", registered, by_system(publish)),
    Act("start a demo", opened, by_system(start_demo)),
    Act("set the demo's clock", demo, by_system(lambda s: SetDemoClock(s.now + timedelta(hours=1), s.clock.now()))),
    Act("note that a clock was set", registered, by_system(note_jump)),
    Act("fold the counters", tallied, by_system(lambda _: FoldTallies())),
)
