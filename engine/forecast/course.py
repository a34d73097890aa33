"""Process instances on the virtual clock: each act goes to the engine's `Execution`, and what its step opened is
brought on its way. Does at once what the engine's worker does: reminders, letters, and processes that others start."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import partial
from random import Random
from typing import Any, Protocol

from engine.bpmn.definition import Model
from engine.bpmn.elements import Element
from engine.bpmn.execution import Execution
from engine.bpmn.plain import due_instant
from engine.bpmn.step import Decided, Moment, OpenedJob, OpenedTask, Step
from engine.domain import escalation
from engine.domain.calendar import civil_date
from engine.domain.deadline import day_of
from engine.errors import Invalid
from engine.forecast.answers import computed
from engine.forecast.ground import Ground
from engine.forecast.people import People
from engine.forecast.scenario import BY_DUE, Answer
from engine.forecast.staff import Group
from engine.forecast.tally import CaseFile, Tally
from engine.forecast.worktime import WorkTime, as_datetime

SUPERVISION, INTERVIEW, ACCOUNTABILITY = "supervision", "interview", "accountability"
RESOLVED = "item_resolved"
TALK_REPORT = "report_interview"
TERM_OF_A_TALK = "30d"


@dataclass(eq=False)
class Course:
    """One process instance. `item` is the supervision item that it is, or that it belongs to."""

    label: str
    key: str
    model: Model
    case: CaseFile | None
    execution: Execution = field(init=False)
    tasks: dict[str, "Task"] = field(default_factory=dict)
    timers: set[str] = field(default_factory=set)
    item: "Item | None" = None
    visits: dict[str, int] = field(default_factory=dict)
    did: dict[tuple[str, str], set[tuple[Group, int]]] = field(default_factory=dict)  # process, element: who did it


@dataclass(eq=False)
class Item:
    """A supervision item: what the ladder is told besides the variables of its process."""

    label: str
    course: Course | None = None
    talk: Course | None = None
    is_referred: bool = False
    rung_at: float | None = None
    reached: int = escalation.NOT_YET


@dataclass(eq=False)
class Task:
    """An open user task."""

    course: Course
    token: str
    element: Element
    place: str
    opened_at: float
    due: float | None
    group: Group
    chance: Random
    prepared: float  # minutes that pass before somebody can begin
    minutes: float  # of work
    ready_at: float = 0.0
    begun_at: float | None = None
    person: int = -1
    is_open: bool = True
    is_handed_in: bool = False
    has_come: bool = False  # to the people who may do it
    is_stuck: bool = False  # nobody of them ever may
    item: Item | None = None  # that watches it

    @property
    def name(self) -> str:
        return self.element.name

    @property
    def unit(self) -> str:
        return self.group[1]


class Clock(Protocol):
    def timer(self, at: float, course: Course, token: str) -> None: ...
    def ready(self, at: float, task: Task) -> None: ...
    def done(self, at: float, task: Task) -> None: ...
    def handed_in(self, at: float, task: Task) -> None: ...
    def over(self) -> None: ...


class Courses:
    """All instances of one forecast. `steps` counts what the engine did."""

    def __init__(self, ground: Ground, work: WorkTime, clock: Clock) -> None:
        self._ground = ground
        self._work = work
        self._clock = clock
        self.tally = Tally(ground, work)
        self.people = People(ground)
        self.steps = 0
        self._live: dict[str, Course] = {}
        self._items: dict[str, Item] = {}
        self._number = 0
        self._refusing: dict[str, bool] = {}  # process keys whose tables may refuse an answer

    # -- what happens --------------------------------------------------------------------------------------------------
    def file(self, case: CaseFile, now: float) -> None:
        variables = {
            **self._ground.scenario.variables,
            "case": f"F{case.number:05}",
            "name": f"F{case.number:05}",
            "campaign": self._ground.plan.id,
            "area": case.area,
            "lead": case.lead,
            "office": self._ground.plan.office.unit,
            "group": case.group,
        }
        self._start(
            Course(f"{case.number}", self._ground.case_key, self._model(self._ground.case_key), case), variables, now
        )

    def fire(self, course: Course, token: str, now: float) -> None:
        if token in course.timers:
            course.timers.discard(token)
            self._absorb(course, course.execution.fire(token, self._moment(course, now)), now)

    def queue_up(self, task: Task, now: float) -> None:
        """Somebody could begin now."""
        if not task.is_open:
            return
        self.tally.came(task.group, now, task.minutes)
        self._number += 1
        turn = task.due if task.due is not None and self._ground.scenario.queue == BY_DUE else now
        pool = self.people.pool(task.group)
        task.has_come = True
        task.is_stuck = not pool.add(task, turn=turn, number=self._number, barred=self._barred(task))
        self._assign(task.group, now)

    def finish(self, task: Task, now: float) -> None:
        """The work on a task is done."""
        self.people.pool(task.group).release(task.person)
        self.tally.worked(task.group, task.begun_at or now, task.minutes)
        if task.is_open:
            place = (task.element.process_key, task.element.element_id)
            task.course.did.setdefault(place, set()).add((task.group, task.person))
            self._hand_in(task, now)
        self._assign(task.group, now)

    def sum_up(self, end: float) -> None:
        """What is open at the end, in the order in which it was opened."""
        for course in self._live.values():
            for task in course.tasks.values():
                self.tally.still_open(task, end)
                if course.case is not None and course.key == self._ground.case_key:
                    course.case.leave_open(task.due)

    # -- acts ----------------------------------------------------------------------------------------------------------
    def _start(self, course: Course, variables: Mapping[str, Any], now: float) -> None:
        self._live[course.label] = course
        moment = self._moment(course, now)
        course.execution, step = Execution.start(course.model, variables, moment)
        self._absorb(course, step, now)

    def _hand_in(self, task: Task, now: float) -> None:
        """With one of the answers of the scenario; where a table refuses it, with another."""
        course, token = task.course, task.token
        moment = self._moment(course, now)
        choices = list(self._ground.scenario.answers.get(task.place) or (Answer(1, {}),))
        before = course.execution.dump() if self._may_refuse(course, task.element.process_key) else b""
        while choices:
            answer = task.chance.choices(choices, [max(choice.weight, 1e-9) for choice in choices])[0]
            given = self._given(task, answer, moment)
            step = course.execution.complete(token, given, moment)
            refusals = [decided.refusal for decided in step.decisions if decided.refusal is not None]
            if not refusals:
                task.is_handed_in = True
                self.tally.closed(task, now)
                self._clock.handed_in(now, task)
                self._absorb(course, step, now)
                return
            self.steps += 1
            course.execution = Execution.load(course.model, before, moment)  # as in the engine: nothing has happened
            choices.remove(answer)
        raise Invalid("forecast.refused", f"Every answer to {task.place} is refused", tuple(refusals), place=task.place)

    def _given(self, task: Task, answer: Answer, moment: Moment) -> dict[str, Any]:
        given = {"outcome": "submitted"} if task.element.returnable else {}
        variables = partial(task.course.execution.variables, task.token)
        return computed(answer, task.place, given, variables, moment.functions)

    def _deliver(self, course: Course | None, message: str, now: float) -> None:
        if course is not None and course.label in self._live and course.execution.waits_for(message):
            self._absorb(course, course.execution.deliver(message, {}, self._moment(course, now)), now)

    # -- what a step did -----------------------------------------------------------------------------------------------
    def _absorb(self, course: Course, step: Step, now: float) -> None:
        self.steps += 1
        for token in step.closed_tokens:
            course.timers.discard(token)
            task = course.tasks.pop(token, None)
            if task is not None:
                task.is_open = False
                if not task.is_handed_in:
                    self.tally.withdrawn(task, now)
                if task.item is not None:
                    self._deliver(task.item.course, RESOLVED, now)
        for decided in step.decisions:
            self._climb(course, decided, now)
        for reached in step.milestones:
            due = due_instant(reached.due)
            if course.case is not None and course.key == self._ground.case_key:
                course.case.reach(reached.name, at=now, due=due.timestamp() if due else None)
                course.case.disposition = str(reached.variables.get("disposition") or course.case.disposition)
        for opened in step.opened_tasks:
            self._open(course, opened, now)
        for timer in step.opened_timers:
            due = due_instant(timer.due)
            if due is not None:
                course.timers.add(timer.token)
                self._clock.timer(due.timestamp(), course, timer.token)
        if step.ended:
            del self._live[course.label]
            if course.key == self._ground.case_key:
                self._clock.over()
        for job in step.opened_jobs:
            self._do(course, job, now)

    def _open(self, course: Course, opened: OpenedTask, now: float) -> None:
        element = opened.element
        place = f"{element.process_key}:{element.element_id}"
        visit = course.visits[place] = course.visits.get(place, 0) + 1
        scenario, due = self._ground.scenario, due_instant(opened.due)
        chance = Random(f"{scenario.seed}|{course.label}|{place}|{visit}")
        group = self.people.group_of(element, opened.variables)
        pace = scenario.pace.get(group[1], 100) / 100
        task = Task(
            course=course,
            token=opened.token,
            element=element,
            place=place,
            opened_at=now,
            due=due.timestamp() if due else None,
            group=group,
            chance=chance,
            prepared=scenario.waiting_of(place).draw(chance) * pace,
            minutes=max(scenario.effort_of(place).draw(chance) * pace, 1.0),
        )
        task.ready_at = self._work.later(now, task.prepared)
        course.tasks[opened.token] = task
        self._clock.ready(task.ready_at, task)

    def _do(self, course: Course, job: OpenedJob, now: float) -> None:
        """As the worker: the effect, then the job is done."""
        if job.token not in {token.token for token in course.execution.tokens()}:
            return  # closed by what an earlier job of this step led to
        inputs = job.inputs
        if job.kind == "letter":
            self.tally.letters[str(inputs.get("kind"))] += 1
        elif job.kind == "start_process":
            self._start_other(course, job, now)
        moment = self._moment(course, now)
        self._absorb(course, course.execution.complete_job(job.token, {}, moment), now)
        if job.kind == "publish_message":
            item = self._items.get(str(inputs.get("business_key") or ""))
            self._deliver(item.course if item else None, str(inputs.get("name")), now)

    def _start_other(self, course: Course, job: OpenedJob, now: float) -> None:
        variables = course.execution.variables(job.token)
        wanted = str(job.inputs.get("process"))
        if wanted == SUPERVISION:
            self._supervise(course, job, variables, now)
        elif course.item is not None and wanted == ACCOUNTABILITY and not course.item.is_referred:
            course.item.is_referred = True
            self._start_of_item(course, wanted, dict(variables), now)
        elif course.item is not None and wanted == INTERVIEW and not self._is_talking(course.item):
            more = {
                "interview_is_approved": True,
                "interview_reason": str(variables.get("rung_reason") or ""),
                "interview_report_term": str(variables.get("reply") or TERM_OF_A_TALK),
            }
            course.item.talk = self._start_of_item(course, wanted, {**variables, **more}, now)

    def _supervise(self, course: Course, job: OpenedJob, variables: Mapping[str, Any], now: float) -> None:
        """One item for each late task, as `engine.commands.supervision` opens it."""
        wanted = str(job.inputs.get("task"))
        task = next((task for task in course.tasks.values() if task.element.element_id == wanted), None)
        if task is None or (task.item is not None and task.item.course is not None and self._lives(task.item.course)):
            return
        number = course.visits[f"{task.place}!"] = course.visits.get(f"{task.place}!", 0) + 1
        label = f"{course.label}/{task.place}#{course.visits[task.place]}.{number}"
        item = self._items[label] = task.item = Item(label)
        passed_on = {name: variables.get(name) for name in ("case", "name", "area", "lead", "office", "campaign")}
        own = {
            "item": label,
            "item_name": task.name,
            "report": None,
            "is_report": False,
            "unit": task.unit,
            "original_due": as_datetime(task.due if task.due is not None else now).isoformat(),
            "last_rung": escalation.NOT_YET,
            "reason": str(job.inputs.get("reason") or "overdue"),
        }
        item.course = Course(label, SUPERVISION, self._model(SUPERVISION), course.case, item=item)
        self._start(item.course, {**passed_on, **own}, now)

    def _start_of_item(self, course: Course, key: str, variables: Mapping[str, Any], now: float) -> Course:
        number = course.visits[key] = course.visits.get(key, 0) + 1
        other = Course(f"{course.label}/{key}{number}", key, self._model(key), course.case, item=course.item)
        self._start(other, variables, now)
        return other

    # -- the ladder ----------------------------------------------------------------------------------------------------
    def _moment(self, course: Course, now: float) -> Moment:
        at = as_datetime(now)
        functions = self._ground.functions(at)

        def decide(name: str, variables: Mapping[str, Any]) -> Any:
            return self._ground.ask_ladder(self._told(course, variables, now), variables, functions)

        return Moment(at, functions, decide)

    def _told(self, course: Course, variables: Mapping[str, Any], now: float) -> dict[str, Any]:
        """As `engine.rulings.inputs_of` counts it from rows. No plan of milestones, no reds of the light table."""
        item, calendar = course.item, self._ground.calendar
        today = civil_date(as_datetime(now))
        level, instrument = int(variables.get("last_rung", -1)), str(variables.get("instrument") or "")
        since = civil_date(as_datetime(item.rung_at)) if item is not None and item.rung_at is not None else today
        return {
            "last_rung": escalation.position_of(
                self._ground.ladder, level=level, instrument=instrument, reached=item.reached if item else -1
            ),
            "overdue_workdays": calendar.workdays_between(day_of(variables["original_due"]), today),
            "schedule_gap": None,
            "reds": 0,
            "is_report": bool(variables.get("is_report")),
            "talk": self._talk(item, now),
            "rung_workdays": calendar.workdays_between(since, today),
        }

    def _talk(self, item: Item | None, now: float) -> str:
        if item is None or item.talk is None:
            return escalation.NO_TALK
        if not self._lives(item.talk):
            return escalation.TALK_OVER
        late = any(
            task.element.element_id == TALK_REPORT and task.due is not None and task.due < now
            for task in item.talk.tasks.values()
        )
        return escalation.TALK_LATE if late else escalation.TALK_OPEN

    def _climb(self, course: Course, decided: Decided, now: float) -> None:
        if course.item is None or decided.outputs.get("act") != escalation.CLIMB:
            return
        course.item.rung_at = now
        course.item.reached = int(decided.outputs["rung"])
        self.tally.rungs[str(decided.outputs["instrument"])] += 1

    def _is_talking(self, item: Item) -> bool:
        return item.talk is not None and self._lives(item.talk)

    def _lives(self, course: Course) -> bool:
        return course.label in self._live

    def _assign(self, group: Group, now: float) -> None:
        pool = self.people.pool(group)
        while (found := pool.take()) is not None:
            task, person = found
            if not task.is_open:
                pool.release(person)
                continue
            task.person, task.begun_at = person, now
            self._clock.done(self._work.later(now, task.minutes), task)

    def _barred(self, task: Task) -> set[int]:
        """Who did what the one who does this may not have done."""
        element, did = task.element, task.course.did
        if not did or not element.separate_from:
            return set()
        apart = set(task.course.model.separated(element.process_key, element.separate_from).values())
        done = (who for (key, name), people in did.items() if {(key, name), ("", name)} & apart for who in people)
        return {person for group, person in done if group == task.group}

    def _model(self, key: str) -> Model:
        return self._ground.model(key)

    def _may_refuse(self, course: Course, process_key: str) -> bool:
        if process_key not in self._refusing:
            elements = (element for element in course.model.all_elements if element.process_key == process_key)
            self._refusing[process_key] = any(element.refusal for element in elements)
        return self._refusing[process_key]
