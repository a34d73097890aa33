"""A database with open cases and people who act, and the same cases in plain SpiffWorkflow."""

import logging
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC
from functools import cached_property
from pathlib import Path
from typing import Any

import sqlalchemy as sa
from databases import Databases
from plain_spiff import Live, PlainInstance, PlainModel
from scenario import CAMPAIGN, PROCESSES, Scenario, new_case

from engine import sources
from engine.bpmn.definition import Definition
from engine.bpmn.elements import called_keys
from engine.bpmn.step import Moment
from engine.commands.register import RegisterCases, variables_of
from engine.commands.tasks import ClaimTask, CompleteTask, SendBackTask
from engine.domain import calendar
from engine.domain.actor import Actor
from engine.domain.deadline import Timetable
from engine.store.schema import cases, tasks

SURVEYED = {"kinds": ["wu"], "is_illegal": True, "proposed": "close", "surveyed_on": "2024-05-20"}
OFFICER, SUPERVISOR = "chengjiao1", "ducha1"


@dataclass(frozen=True)
class Sizes:
    """How much is measured. The targets are for the full size."""

    rounds: int
    ages: tuple[int, ...]
    cases: int
    timers: int
    few_tasks: int
    many_tasks: int
    questions: int
    is_full: bool

    def judged(self, target: float | None) -> float | None:
        """Targets are for the full size."""
        return target if self.is_full else None


FULL = Sizes(40, (1, 10, 50, 1000), 35_671, 107_013, 10_000, 1_000_000, 60, True)
QUICK = Sizes(4, (1, 3), 60, 180, 300, 600, 5, False)


@contextmanager
def as_shipped() -> Iterator[None]:
    """Plain SpiffWorkflow as it comes: `engine.bpmn` silences its loggers, which by default gather a log record with
    the whole tree for each change of state, wanted or not."""
    loggers = [logging.getLogger(name) for name in ("spiff", "spiff.workflow", "spiff.task", "spiff.data")]
    levels = [logger.level for logger in loggers]
    for logger in loggers:
        logger.setLevel(logging.NOTSET)
    try:
        yield
    finally:
        for logger, level in zip(loggers, levels, strict=True):
            logger.setLevel(level)


class Office:
    """An open campaign. Everything it does besides the measured acts is preparation."""

    def __init__(self, scenario: Scenario) -> None:
        self.scenario = scenario
        self.engine = scenario.engine
        self._registered = 0

    @classmethod
    def open(cls, databases: Databases, folder: Path, story: Callable[[Scenario], None] | None = None) -> "Office":
        return cls(Scenario.open(databases, folder, story=story))

    def close(self) -> None:
        self.scenario.close()

    @property
    def officer(self) -> Actor:
        return self.scenario.person(OFFICER)

    @property
    def supervisor(self) -> Actor:
        return self.scenario.person(SUPERVISOR)

    # -- cases ---------------------------------------------------------------------------------------------------------
    def registered(self, count: int) -> list[str]:
        first, self._registered = self._registered, self._registered + count
        rows = tuple(new_case(number) for number in range(first, first + count))
        return list(self.engine.execute(RegisterCases(self.scenario.campaign, rows), by=self.supervisor)["added"])

    def claimed(self, case_id: str, by: Actor) -> str:
        """The one live task of a case, claimed by somebody. Returns its id."""
        task_id = self.task_of(case_id)
        self.engine.execute(ClaimTask(task_id), by=by)
        return task_id

    def task_of(self, case_id: str) -> str:
        live = sa.select(tasks.c.task_id).where(tasks.c.case_id == case_id, tasks.c.state.in_(("OPEN", "CLAIMED")))
        (row,) = self.scenario.rows(live)
        return str(row["task_id"])

    def survey(self, task_id: str) -> None:
        self.engine.execute(CompleteTask(task_id, SURVEYED), by=self.officer)

    def send_back(self, task_id: str) -> None:
        self.engine.execute(SendBackTask(task_id, "照片看不清（演示）"), by=self.supervisor)

    def aged(self, case_id: str, send_backs: int) -> None:
        for _ in range(send_backs):
            self.survey(self.claimed(case_id, self.officer))
            self.send_back(self.claimed(case_id, self.supervisor))

    # -- the same in plain ---------------------------------------------------------------------------------------------
    @cached_property
    def plain_model(self) -> PlainModel:
        return PlainModel(definitions("case_lifecycle"))

    @cached_property
    def moment(self) -> Moment:
        now = self.scenario.now.astimezone(UTC)
        days = calendar.WorkCalendar([calendar.load(content) for content in sources.calendars(PROCESSES)])
        return Moment(now, Timetable(days, now, self.scenario.engine.read.campaign(CAMPAIGN).windows).functions())

    def variables(self, case_id: str) -> dict[str, Any]:
        (row,) = self.scenario.rows(sa.select(cases).where(cases.c.case_id == case_id))
        return variables_of(self.engine.read.campaign(CAMPAIGN), row)

    def plain(self, case_id: str) -> tuple[PlainInstance, Live]:
        """The case in memory, with its survey waiting."""
        instance = PlainInstance.start(self.plain_model, self.variables(case_id), self.moment)
        return instance, instance.find("survey_site")


def definitions(key: str) -> Sequence[Definition]:
    """The process with everything it calls, root first."""
    found: dict[str, Definition] = {}
    wanted = [key]
    while wanted:
        name = wanted.pop(0)
        if name not in found:
            files = sources.process_folder(PROCESSES / name).files
            found[name] = Definition(name, name, 1, files)
            wanted += called_keys(files[f"{name}.bpmn"])
    return tuple(found.values())
