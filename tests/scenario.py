"""A campaign to test with: real engine, real processes, a clock that stands where it is put, and people who act."""

import hashlib
import re
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import cache
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import sqlalchemy as sa
from argon2 import PasswordHasher
from databases import Databases

from engine.bpmn.plain import due_instant
from engine.clock import SetClock
from engine.commands.campaigns import OpenCampaign
from engine.commands.instances import CancelInstance
from engine.commands.register import NewCase, RegisterCases
from engine.commands.tasks import ClaimTask, CompleteTask, EvidenceFile, SendBackTask
from engine.domain.actor import SYSTEM, Actor
from engine.domain.deadline import Timetable
from engine.domain.instance import InstanceKind, InstanceState
from engine.domain.job import Job, JobResult
from engine.errors import NotPermitted
from engine.ids import CountingIds
from engine.queries import Read
from engine.queries.inbox import InboxFilter, InboxPage
from engine.queries.task_page import TaskPage
from engine.queries.work import LiveTask
from engine.runtime import Engine
from engine.store.schema import facts, instances
from engine.worker import Handler, Worker
from web.bootstrap import deploy_all, handlers, make_database, open_engine
from web.config import Config
from web.simulation.people import add_staff

SHANGHAI = ZoneInfo("Asia/Shanghai")
PROCESSES = Path(__file__).parents[1] / "processes"
CAMPAIGN = "linxia_2024"
PASSWORD = "Duban-2024-demo"
SECRET = hashlib.sha256(b"the key of the tests").digest()
START = "2024-05-20 09:00"
IDS_AFTER_TEMPLATE = 1_000_000


def at(text: str) -> datetime:
    """`2024-05-20 09:00`, Beijing time."""
    return datetime.fromisoformat(text).replace(tzinfo=SHANGHAI)


def full_plan() -> bytes:
    return (PROCESSES / "campaigns" / f"{CAMPAIGN}.toml").read_bytes()


def quiet_plan(content: bytes | None = None) -> bytes:
    """The plan without its report obligations: what a test of cases would only have to look away from."""
    tables = re.split(r"(?m)^(?=\[)", (content or full_plan()).decode())
    return "".join(table for table in tables if not table.startswith("[[reports]]")).encode()


def moved_plan(months: int, content: bytes | None = None) -> bytes:
    """The plan with every date of its phases and reports so many months later."""

    def later(found: re.Match[str]) -> str:
        year, month, day = (int(part) for part in found.groups())
        month += months
        return f"{year + (month - 1) // 12}-{(month - 1) % 12 + 1:02d}-{min(day, 28):02d}"

    text = re.sub(r"\b(2024)-(\d\d)-(\d\d)\b", later, (content or full_plan()).decode())
    return text.encode()


def fake_letter(job: Job, read: Read) -> JobResult:
    """A letter in no time: reads what the real handler reads and writes its number where the PDF would be."""
    source = read.letter_source(job.payload["letter_id"])
    return JobResult(document=f"%PDF-1.7 {source.number} {source.addressee}".encode(), pages=1, title=source.number)


@cache
def password_hash() -> str:
    """Of PASSWORD; verifies like any other but is made in a millisecond."""
    return PasswordHasher(time_cost=1, memory_cost=8, parallelism=1).hash(PASSWORD)


@dataclass
class Scenario:
    """One database with an open campaign. `worker` does nothing by itself: `advance`, `until` and `work` run it."""

    config: Config
    clock: SetClock
    engine: Engine
    worker: Worker
    databases: Databases
    _actors: dict[str, Actor] = field(default_factory=dict)
    _registered: int = 0

    @classmethod
    def open(
        cls,
        databases: Databases,
        folder: Path,
        *,
        moment: str = START,
        plan: bytes | None = None,
        processes: Path = PROCESSES,
        letters: str = "fake",
        story: "Story | None" = None,
    ) -> "Scenario":
        """`moment` is Beijing time. `letters`: "fake" makes no PDF, "real" does. `plan` is a campaign's TOML.

        `story`, a function of the module, is played once a session; the scenario begins where it ended.
        """
        content = quiet_plan() if plan is None else plan
        founded = _name(content, moment, str(processes))
        name = _name(founded, letters, f"{story.__module__}.{story.__qualname__}") if story else founded

        def on(url: str, place: Path, start: datetime, ids: int, *, new: bool = False) -> Scenario:
            config, clock = _config(url, place, processes), SetClock(start)
            engine = _engine(config, clock, CountingIds(ids), new=new)
            work: Mapping[str, Handler] = handlers(config) if letters == "real" else {"letter": fake_letter}
            return cls(config, clock, engine, Worker(engine, work), databases)

        def found(url: str) -> None:
            made = on(url, folder / "template", at(moment), 1, new=True)
            deploy_all(made.engine, processes)
            made.engine.execute(OpenCampaign(content), by=SYSTEM)
            add_staff(made.engine, made.engine.read.campaign(made.campaign), password_hash())
            made.engine.close()

        def play(url: str) -> None:
            assert story is not None
            told = on(url, folder / "template", at(moment), IDS_AFTER_TEMPLATE)
            story(told)
            _ends[name] = told.now
            told.engine.close()

        url = databases.copy(founded, found) if story is None else databases.copy(name, play, on=(founded, found))
        return on(url, folder, _ends.get(name, at(moment)), IDS_AFTER_TEMPLATE * (1 if story is None else 2))

    def close(self) -> None:
        self.engine.close()
        self.databases.drop(self.config.database_url)

    # -- people --------------------------------------------------------------------------------------------------------
    def person(self, login: str) -> Actor:
        """By login, as `web.simulation.people.posts` names them: chengjiao1, gxj2, ducha1, lingdao, yanshou1 …"""
        if login not in self._actors:
            row = self.engine.read.login(login)
            assert row is not None, f"nobody is called {login}"
            self._actors[login] = self.engine.read.actor(row["person_id"])
        return self._actors[login]

    @property
    def supervisor(self) -> Actor:
        return self.person("ducha1")

    def candidates(self, task: LiveTask) -> Iterator[Actor]:
        """Everybody to whom the task is offered, by login."""
        for person in self.engine.read.persons():
            if any((held.role, held.unit_id) in task.groups for held in person.memberships):
                yield self.person(person.login)

    # -- work ----------------------------------------------------------------------------------------------------------
    @property
    def campaign(self) -> str:
        return str(self.engine.read.campaigns()[0].campaign_id)

    def register(self, count: int = 1, *, area: str = "chengjiao", group: str = "industry", **more: Any) -> list[str]:
        """So many new sites. Returns the case numbers."""
        first, self._registered = self._registered, self._registered + count
        rows = tuple(new_case(number, area=area, group=group, **more) for number in range(first, first + count))
        result = self.engine.execute(RegisterCases(self.campaign, rows), by=self.supervisor)
        return list(result["added"])

    def tasks(self, case_id: str | None = None) -> list[LiveTask]:
        """Every live task, of one case or of all, in the order they were opened."""
        found = self.engine.read.live_tasks(self.campaign)
        return [task for task in found if case_id is None or task.case_id == case_id]

    def task_of(self, case_id: str | None, element_id: str) -> LiveTask:
        found = [task for task in self.tasks(case_id) if task.element_id == element_id]
        assert found, f"{element_id} is not open; open: {[task.element_id for task in self.tasks(case_id)]}"
        return found[0]

    def page(self, task: LiveTask, actor: Actor) -> TaskPage:
        return self.engine.read.task(actor, task.task_id)

    def claim(self, task: LiveTask, actor: Actor | None = None) -> Actor:
        """By the given person or by the first who may. Returns who has it now."""
        if actor is None and task.assignee_id is not None:
            return next(found for found in self.candidates(task) if found.person_id == task.assignee_id)
        for candidate in [actor] if actor else self.candidates(task):
            try:
                self.engine.execute(ClaimTask(task.task_id), by=candidate)
            except NotPermitted:
                if actor is not None:
                    raise
                continue  # separation of duty: somebody else
            return candidate
        raise AssertionError(f"nobody may claim {task.element_id}")

    def complete(
        self,
        element_id: str,
        case_id: str | None = None,
        *,
        by: Actor | None = None,
        evidence: tuple[EvidenceFile, ...] = (),
        **variables: Any,
    ) -> Actor:
        """Claim if need be and complete, by a fitting person. Returns who did it."""
        task = self.task_of(case_id, element_id)
        actor = self.claim(task, by)
        self.engine.execute(CompleteTask(task.task_id, variables, evidence=evidence), by=actor)
        return actor

    def send_back(self, element_id: str, case_id: str, reason: str = "材料不全（演示）") -> Actor:
        task = self.task_of(case_id, element_id)
        actor = self.claim(task)
        self.engine.execute(SendBackTask(task.task_id, reason), by=actor)
        return actor

    def survey(self, case_id: str, proposed: str = "close") -> None:
        """Survey and confirm: the case stands in cleanup afterwards, or is excluded."""
        kinds = [] if proposed == "exclude" else ["wu"]
        self.complete(
            "survey_site",
            case_id,
            kinds=kinds,
            is_illegal=proposed == "close",
            proposed=proposed,
            surveyed_on="2024-05-20",
        )
        self.complete("review_disposition", case_id, outcome="confirmed")
        self.work()

    def clean_up(self, case_id: str) -> Actor:
        """The five checks of a closure. Returns who did them."""
        return self.complete("close_checks", case_id, closed_on="2024-06-01")

    def accept(self, case_id: str) -> None:
        """From the application to the strike-off."""
        self.complete("apply_acceptance", case_id, application_statement="已全部完成（演示）")
        self.complete("site_check", case_id, site_check_result="pass", site_findings="一致（演示）")
        self.complete("second_check", case_id, second_check_result="pass")
        self.complete("sign_off", case_id, outcome="signed")

    def inbox(self, actor: Actor, **wanted: Any) -> InboxPage:
        return self.engine.read.inbox(actor, InboxFilter(**wanted))

    # -- time ----------------------------------------------------------------------------------------------------------
    @property
    def now(self) -> datetime:
        return self.clock.now()

    def work(self) -> int:
        """Do what is due now. Returns how many jobs that took."""
        return self.worker.run_until_idle()

    def drop_talks(self) -> None:
        """Every talk is called off: a ladder waits for one that goes on."""
        live = (instances.c.kind == InstanceKind.INTERVIEW, instances.c.state == InstanceState.ACTIVE)
        for row in self.rows(sa.select(instances.c.instance_id).where(*live)):
            self.engine.execute(CancelInstance(row["instance_id"], "演示：不再约谈"), by=self.supervisor)

    def until(self, moment: str | datetime) -> None:
        """The clock goes there, in Beijing time; every timer fires at its own instant, what is due then included."""
        goal = at(moment) if isinstance(moment, str) else moment
        self.work()
        while (due := self.engine.read.next_due_at()) is not None and due <= goal:
            self.clock.set(max(due, self.now))
            self.work()
        self.clock.set(max(goal, self.now))

    def advance(self, term: str) -> None:
        """To the end of `3wd`, `10d` or `2h` from now, and one second more."""
        end = Timetable(self.engine.read.calendar(), self.now, {}).after(term)
        instant = due_instant(end)
        assert instant is not None
        self.until(instant + timedelta(seconds=1))

    # -- looking -------------------------------------------------------------------------------------------------------
    def rows(self, statement: Any) -> list[dict[str, Any]]:
        """What lies in the database, past every permission."""
        with self.engine.database.read() as connection:
            return [dict(row) for row in connection.execute(statement).mappings()]

    def facts(self, kind: str, case_id: str | None = None) -> list[dict[str, Any]]:
        """The facts of one kind, oldest first."""
        query = sa.select(facts).where(facts.c.kind == kind).order_by(facts.c.fact_id)
        return self.rows(query if case_id is None else query.where(facts.c.case_id == case_id))

    @contextmanager
    def raw(self) -> Iterator[Any]:
        """A connection that writes past the engine, and commits."""
        with self.engine.database.write() as connection:
            yield connection


Story = Callable[[Scenario], None]
_ends: dict[str, datetime] = {}  # where the clock stands at the end of a story
NewScenario = Callable[..., Scenario]  # what the fixture new_scenario gives


def new_case(number: int, *, area: str = "chengjiao", group: str = "industry", **more: Any) -> NewCase:
    return NewCase(
        name=more.pop("name", f"演示石材加工点{number + 1}（演示）"),
        area_id=area,
        group_id=group,
        address=more.pop("address", f"演示路{number + 1}号（演示）"),
        fingerprint=more.pop("fingerprint", f"{number + 1:08d}"),
        **more,
    )


def _name(*parts: str | bytes) -> str:
    return hashlib.sha256(repr(parts).encode()).hexdigest()[:12]


def _config(url: str, folder: Path, processes: Path) -> Config:
    folder.mkdir(parents=True, exist_ok=True)
    secret_file = folder / "secret"
    secret_file.write_text(SECRET.hex())
    return Config(url, secret_file, processes)


def _engine(config: Config, clock: SetClock, ids: CountingIds, *, new: bool = False) -> Engine:
    if new:
        make_database(config)
    return open_engine(config, clock=clock, ids=ids)
