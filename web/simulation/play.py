"""The play itself: moves the clock from event to event and lets the invented officers do their work, each in their
own time."""

import random
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from typing import Any

from engine.clock import SetClock
from engine.commands.letter_review import AcceptReply, CloseLetter, ReturnReply
from engine.commands.letter_service import ReceiveLetter, ReplyLetter
from engine.commands.tasks import ClaimTask, CompleteTask, SendBackTask
from engine.domain.actor import SYSTEM, Actor
from engine.domain.calendar import WorkCalendar, civil_date
from engine.domain.campaign import Campaign
from engine.domain.service import DIRECT, Receipt
from engine.errors import Invalid, NotPermitted
from engine.queries.letters import LetterFilter
from engine.queries.task_page import TaskPage
from engine.queries.work import LiveTask
from engine.runtime import Engine
from engine.worker import Worker
from forms.context import FormContext
from forms.demo_data import register
from forms.form import load_form
from forms.schema import read_submission
from web.filling import as_evidence
from web.register import import_register
from web.simulation.answers import fill_in

HOURS = ("09:00", "14:40", "17:30")  # when people look into their inbox
Progress = Callable[[str], None]


@dataclass
class Play:
    """One campaign being played. Every choice comes from `seed` and the thing it is about, so order changes nothing."""

    engine: Engine
    worker: Worker
    clock: SetClock
    campaign: Campaign
    seed: int
    say: Progress = lambda line: None
    _actors: dict[str, Actor] = field(default_factory=dict)
    _units: dict[str, str] = field(default_factory=dict)
    _plans: dict[str, datetime] = field(default_factory=dict)
    _done: int = 0
    _letter_plans: dict[tuple[str, str], datetime] = field(default_factory=dict)

    def register_cases(self, count: int, *, part: int = 0) -> None:
        """Import an invented register of `count` sites through the front door."""
        areas = [(unit.id, unit.name) for unit in self.campaign.areas]
        groups = [(group.id, group.name, group.industries) for group in self.campaign.groups if group.industries]
        content = register(count, self.seed * 100 + part, areas, groups)
        result = import_register(
            self.engine,
            self.campaign.id,
            content,
            f"底册{part + 1}（演示）.xlsx",
            by=self._actor("supervisor", self.campaign.office.unit),
        )
        self.say(f"{self.today}: {len(result['added'])} sites registered")  # type: ignore[arg-type]

    @property
    def today(self) -> date:
        return civil_date(self.clock.now())

    def run(self, until: datetime, late_finds: dict[date, int] | None = None) -> None:
        """Play up to `until`. `late_finds`: on these days so many more sites are found."""
        finds = dict(late_finds or {})
        for moment in self._moments(until):
            self._work_until(moment)
            for day in [day for day in finds if day <= self.today]:
                self.register_cases(finds.pop(day), part=1 + len(finds))
            self._act()
            self.worker.run_until_idle()
        self._work_until(until)

    # -- the machine ---------------------------------------------------------------------------------------------------
    def _work_until(self, moment: datetime) -> None:
        """Let every timer fire at its own instant, in order, up to `moment`."""
        self.worker.run_until_idle()
        while (due := self.engine.read.next_due_at()) is not None and due <= moment:
            self.clock.set(max(due, self.clock.now()))
            self.worker.run_until_idle()
        self.clock.set(max(moment, self.clock.now()))

    def _moments(self, until: datetime) -> list[datetime]:
        calendar = self._calendar()
        found = []
        day = self.today
        while calendar.at(day, "00:00") <= until:
            if calendar.is_workday(day):
                found += [calendar.at(day, hour) for hour in HOURS]
            day += timedelta(days=1)
        return [moment for moment in found if self.clock.now() <= moment <= until]

    # -- the people ----------------------------------------------------------------------------------------------------
    def _act(self) -> None:
        done = 0
        for task in self.engine.read.live_tasks(self.campaign.id):
            planned = self._plans.get(task.task_id)
            if planned is None:
                planned = self._plans[task.task_id] = self._when(task)
            if planned <= self.clock.now():
                done += self._do(task)
        self._answer_letters()
        self._done += done
        if self.today.isoweekday() == 5 and self.clock.now() == self._calendar().at(self.today, HOURS[-1]):
            self.say(f"{self.today}: {self._done} tasks done so far")

    def _when(self, task: LiveTask) -> datetime:
        """Most people are prompt, some come close to the due date, a few are late; some units more than others."""
        chance = self._chance(task.what, task.element_id, str(task.opened_at.date()))
        calendar = self._calendar()
        opened = civil_date(task.opened_at)
        unit_id = task.groups[0][1] if task.groups else ""
        if unit_id == self.campaign.office.unit:
            return calendar.at(calendar.add_workdays(opened, 1), "09:00") if chance.random() < 0.5 else task.opened_at
        slackness = 0.5 + self._chance("slackness", unit_id).random()
        draw = chance.random() * slackness
        if draw < 0.45 or task.due_at is None:
            return calendar.at(calendar.add_workdays(opened, 1 + chance.randrange(4)), "09:00")
        due = civil_date(task.due_at)
        if draw < 0.72:
            return calendar.at(calendar.add_workdays(due, -1 - chance.randrange(3)), chance.choice(HOURS))
        late = 2 + int(chance.expovariate(1 / 16)) + (20 if draw > 1.2 else 0)
        return calendar.at(calendar.add_workdays(due, late), chance.choice(HOURS))

    def _do(self, task: LiveTask) -> int:
        chance = self._chance(task.what, task.element_id, "answers", str(task.opened_at))
        for actor in self._candidates(task, chance):
            try:
                if task.assignee_id != actor.person_id:
                    self.engine.execute(ClaimTask(task.task_id), by=actor)
            except NotPermitted:
                continue  # separation of duty: somebody else must do it
            page: TaskPage = self.engine.read.task(actor, task.task_id)
            if page.may_send_back and chance.random() < 0.08:
                self.engine.execute(
                    SendBackTask(task.task_id, "材料不全，请补充现场照片后再报（演示）。", page.revision), by=actor
                )
            else:
                self.engine.execute(self._completion(page, chance), by=actor)
            return 1
        return 0

    def _completion(self, page: TaskPage, chance: random.Random) -> CompleteTask:
        """Filled in and checked like a browser's submission. Raises AssertionError when an officer filled it in
        wrongly."""
        assert page.form is not None, page.form_file
        form = load_form(page.form, page.form_file)
        context = FormContext(
            now=self.clock.now(), units=self._unit_names(), persons=self._persons(), variables=page.variables
        )
        values, files = fill_in(form, page.form_file.removesuffix(".form"), context, chance)
        try:
            submission = read_submission(form, values, files, context)
        except Invalid as error:
            raise AssertionError(f"{page.form_file}: {error}") from error
        return CompleteTask(page.task_id, submission.variables, page.revision, as_evidence(submission.evidence))

    def _answer_letters(self) -> None:
        """Units sign for what they got, most reply; the office returns a few of the replies and accepts the others."""
        calendar = self._calendar()
        for state, act in (
            ("ISSUED", self._receive),
            ("RECEIVED", self._reply),
            ("RETURNED", self._reply),
            ("REPLIED", self._review),
        ):
            for row in self._letters(state):
                key = (row.letter_id, state)
                if key not in self._letter_plans:
                    chance = self._chance(row.number, state)
                    days = 60 if chance.random() < 0.06 else 1 + chance.randrange(3 if state == "ISSUED" else 5)
                    self._letter_plans[key] = calendar.at(calendar.add_workdays(self.today, days), HOURS[0])
                if self._letter_plans[key] <= self.clock.now():
                    for unit_id in self._addressees(row.letter_id, state):
                        act(row, unit_id)

    def _addressees(self, letter_id: str, state: str) -> list[str]:
        """With whom the letter stands like this; several where it went to several."""
        stands = self.engine.read.letter_service(SYSTEM, letter_id).addressees
        return [one.unit_id for one in stands if one.state == state]

    def _receive(self, row: Any, unit_id: str) -> None:
        """A referral goes to others than its unit: the office records that they have it on paper."""
        if row.kind == "referral":
            receipt = Receipt("收文员（演示）", "机要室收文员（演示）", DIRECT, place="机要室（演示）")
            self.engine.execute(ReceiveLetter(row.letter_id, receipt, unit_id=unit_id), by=self._office())
            return
        actor = self._actor("officer", unit_id)
        receipt = Receipt(actor.name, "承办人（演示）")
        self.engine.execute(ReceiveLetter(row.letter_id, receipt, unit_id=unit_id), by=actor)

    def _reply(self, row: Any, unit_id: str) -> None:
        if row.kind == "referral":
            self.engine.execute(CloseLetter(row.letter_id, "受理机关已接收（演示）", unit_id), by=self._office())
            return
        if row.reply_due_at is None:  # a summons asks for the talk, not for words
            self.engine.execute(CloseLetter(row.letter_id, "来文无需书面回复（演示）", unit_id), by=self._office())
            return
        words = "来文收悉，已明确专人限期办理，进展随台账报告（演示）。"
        self.engine.execute(ReplyLetter(row.letter_id, words, unit_id=unit_id), by=self._actor("officer", unit_id))

    def _review(self, row: Any, unit_id: str) -> None:
        """One reply in eight comes back, once."""
        rounds = self.engine.read.letter_service(SYSTEM, row.letter_id, unit_id).rounds
        if len(rounds) == 1 and self._chance(row.number, "review").random() < 0.125:
            words = "没有附整改前后对比照片，请补充（演示）。"
            self.engine.execute(ReturnReply(row.letter_id, "materials", words, unit_id=unit_id), by=self._office())
            self._letter_plans.pop((row.letter_id, "REPLIED"), None)
            return
        self.engine.execute(AcceptReply(row.letter_id, "情况属实（演示）。", unit_id), by=self._office())

    def _office(self) -> Actor:
        return self._actor("supervisor", self.campaign.office.unit)

    # -- who and what --------------------------------------------------------------------------------------------------
    def _letters(self, state: str) -> list[Any]:
        found: list[Any] = []
        page = 1
        while True:
            listed = self.engine.read.letters(SYSTEM, LetterFilter(campaign=self.campaign.id, state=state, page=page))
            found += listed.rows
            if page >= listed.page.pages:
                return found
            page += 1

    def _candidates(self, task: LiveTask, chance: random.Random) -> list[Actor]:
        if task.assignee_id:
            return [self._load(task.assignee_id)]
        people = [
            person
            for person in self.engine.read.persons()
            if any((held.role, held.unit_id) in task.groups for held in person.memberships)
        ]
        chance.shuffle(people)
        return [self._load(person.person_id) for person in people]

    def _actor(self, role: str, unit_id: str) -> Actor:
        for person in self.engine.read.persons(unit_id):
            if any(held.role == role and held.unit_id == unit_id for held in person.memberships):
                return self._load(person.person_id)
        raise LookupError(f"nobody is {role} of {unit_id}")

    def _load(self, person_id: str) -> Actor:
        if person_id not in self._actors:
            self._actors[person_id] = self.engine.read.actor(person_id)
        return self._actors[person_id]

    def _persons(self) -> dict[str, tuple[str, str]]:
        return {
            person.person_id: (person.name, person.memberships[0].unit_id)
            for person in self.engine.read.persons()
            if person.memberships
        }

    def _unit_names(self) -> dict[str, str]:
        if not self._units:
            self._units = {unit.unit_id: unit.name for unit in self.engine.read.units()}
        return self._units

    def _calendar(self) -> WorkCalendar:
        calendar: WorkCalendar = self.engine.read.calendar()
        return calendar

    def _chance(self, *about: str) -> random.Random:
        return random.Random("|".join((str(self.seed), *about)))
