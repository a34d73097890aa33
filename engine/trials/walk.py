"""One process instance on its way on a virtual clock: what is open, what was done, which elements and flows it passed.

Jobs are done at once, with nothing to say; letters they would send are noted, not written.
"""

from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import Any, Final

from engine import plans, rulings
from engine.bpmn.decision import Decision, DecisionError, DecisionResult
from engine.bpmn.elements import Element
from engine.bpmn.execution import Execution
from engine.bpmn.plain import due_instant
from engine.bpmn.step import Decided, Moment, OpenedJob, OpenedTask, OpenedTimer, Step
from engine.domain import escalation, lights
from engine.domain.deadline import Timetable
from engine.domain.lights import LightSchedule
from engine.errors import Problem
from engine.trials.ground import Flow, Ground
from engine.trials.limits import Limits, check_variables

TELLS_APART: Final = {"letter": "kind", "start_process": "process", "publish_message": "name"}
_JUST_BEHIND: Final = timedelta(seconds=1)

Place = tuple[str, str]  # process key and element id


@dataclass(frozen=True)
class SentLetter:
    """A letter that a job would have sent. `to` is the unit, empty where the job does not say."""

    kind: str
    to: str
    inputs: Mapping[str, Any]

    def fits(self, wanted: str) -> bool:
        """`wanted` is a kind, or a kind and its addressee as in `urge@gxj`."""
        return wanted in (self.kind, str(self))

    def __str__(self) -> str:
        return f"{self.kind}@{self.to}" if self.to else self.kind


def ask_ladder(
    table: Decision, functions: Mapping[str, Callable[..., Any]], name: str, variables: Mapping[str, Any]
) -> DecisionResult:
    """As the engine asks the campaign's ladder; what it would count from its rows, the walk says in its variables."""
    try:
        level, instrument = int(variables["last_rung"]), str(variables.get("instrument") or "")
        overdue = functions["workdays_between"](variables["original_due"], functions["now"]())
    except (KeyError, TypeError, ValueError) as error:
        zh = "督办阶梯要用到变量 last_rung（整数）和 original_due（时间），请在走查的 variables 里写明。"
        en = "The ladder needs the variables last_rung (a whole number) and original_due (an instant): write them."
        raise DecisionError(name, zh, en) from error
    inputs = {
        "last_rung": escalation.position_of(rulings.ladder_in(table), level=level, instrument=instrument),
        "overdue_workdays": overdue,
        "schedule_gap": variables.get("schedule_gap"),
        "reds": variables.get("reds", 0),
        "is_report": bool(variables.get("is_report")),
        "talk": variables.get("talk", escalation.NO_TALK),
        "rung_workdays": variables.get("rung_workdays", 0),
    }
    return rulings.ask(table, inputs, variables, functions)


class Walk:
    """One instance on its way. With `reload` it is dumped and loaded again after every step.

    Lists grow until somebody clears them; `elements` and `flows` count how often each was passed. `dues` and
    `opened_at` are of the open tasks, by element id.
    """

    def __init__(
        self,
        ground: Ground,
        key: str,
        variables: Mapping[str, Any],
        now: datetime,
        *,
        reload: bool = False,
        ladder: str = "",
        limits: Limits | None = None,
    ) -> None:
        """Starts. Raises Invalid: ExecutionFailed, ModelRefused, TrialStopped, or for the variables."""
        self.ground = ground
        self.model = ground.model(key)
        self.ladder = ladder or ground.plan.rules["ladder"]
        self.now = now.astimezone(UTC)
        self.reload = reload
        self.limits = limits or Limits()
        self.tasks: dict[str, OpenedTask] = {}
        self.timers: dict[str, OpenedTimer] = {}
        self.dues: dict[str, datetime | None] = {}
        self.opened_at: dict[str, datetime] = {}
        self.milestones: list[str] = []
        self.jobs: list[str] = []
        self.letters: list[SentLetter] = []
        self.refused: list[str] = []
        self.refusals: list[Problem] = []
        self.decided: list[Decided] = []
        self.elements: Counter[Place] = Counter()
        self.flows: Counter[Flow] = Counter()
        self.gone: list[Flow] = []
        self._acts = 0
        self._waiting: list[OpenedJob] = []
        self.execution, step = Execution.start(self.model, check_variables(variables), self._moment())
        self._after(step)

    @property
    def is_ended(self) -> bool:
        return self.execution.is_ended

    @property
    def passed(self) -> set[Place]:
        return set(self.elements)

    # -- acts ----------------------------------------------------------------------------------------------------------
    def complete(self, token: str, variables: Mapping[str, Any]) -> None:
        given = check_variables(variables)
        if self.tasks[token].element.returnable:
            given.setdefault("outcome", "submitted")
        before = self.execution.dump()
        self._count()
        step = self.execution.complete(token, given, self._moment())
        refusals = [decided.refusal for decided in step.decisions if decided.refusal is not None]
        if refusals:
            self.refused += [refusal.where for refusal in refusals]  # as in the engine: nothing has happened
            self.refusals += refusals
            self.execution = Execution.load(self.model, before, self._moment())
        else:
            self._after(step)

    def deliver(self, message: str) -> None:
        self._count()
        self._after(self.execution.deliver(message, {}, self._moment()))

    def until(self, goal: datetime) -> None:
        """The clock goes there; timers fire at their instants, in order, the one due at the goal too."""
        while (first := self.next_timer()) is not None and first[0] <= goal:
            self.fire(first[1])
        self.now = max(self.now, goal.astimezone(UTC))

    def advance(self, term: str) -> None:
        end = due_instant(self._timetable().after(term))
        assert end is not None  # the end of a period is an instant
        self.until(end + _JUST_BEHIND)

    def fire(self, token: str) -> None:
        self._count()
        self.now = max(self.now, due_instant(self.timers.pop(token).due) or self.now)
        self._after(self.execution.fire(token, self._moment()))

    # -- questions -----------------------------------------------------------------------------------------------------
    def next_timer(self) -> tuple[datetime, str] | None:
        due = [(due_instant(timer.due) or self.now, token) for token, timer in self.timers.items()]
        return min(due) if due else None

    def next_instant(self) -> datetime | None:
        """When something happens by itself next: a timer fires, or an open task is overdue."""
        dues = [due_instant(task.due) for task in self.tasks.values()]
        ahead = [due + _JUST_BEHIND for due in dues if due is not None and due + _JUST_BEHIND > self.now]
        timer = self.next_timer()
        return min([*ahead, *([max(timer[0], self.now)] if timer else [])], default=None)

    def open_tasks(self) -> list[str]:
        return sorted(task.element.element_id for task in self.tasks.values())

    def awaited(self) -> tuple[str, ...]:
        """The messages that the instance waits for, each once."""
        waits = (token for token in self.execution.tokens() if token.kind == "wait")
        return tuple(dict.fromkeys(self.model.element(token.process_key, token.element_id).message for token in waits))

    def schedule(self, element_id: str) -> LightSchedule | None:
        """When the light of an open task changes, by the plan's table; None without a due date."""
        due, opened = self.dues.get(element_id), self.opened_at.get(element_id)
        if due is None or opened is None:
            return None
        table = self.ground.table(self.ground.plan.rules["lights"])
        return plans.lights_by(table, opened, due, self.ground.calendar)

    def light(self, element_id: str) -> str | None:
        """green, yellow or red now; None for what is not open or has no due date."""
        schedule = self.schedule(element_id)
        return lights.light_at(schedule, self.now) if schedule is not None else None

    # -- bookkeeping ---------------------------------------------------------------------------------------------------
    def _timetable(self) -> Timetable:
        return Timetable(self.ground.calendar, self.now, self.ground.plan.windows)

    def _moment(self) -> Moment:
        functions = self._timetable().functions()
        return Moment(self.now, functions, partial(self._decide, functions), self._checkpoint, notes_flows=True)

    def _checkpoint(self, element: Element) -> None:
        self.limits.check(self._acts, (element.element_id,))

    def _decide(
        self, functions: Mapping[str, Callable[..., Any]], name: str, variables: Mapping[str, Any]
    ) -> DecisionResult:
        return ask_ladder(self.ground.table(self.ladder), functions, name, variables)

    def _count(self) -> None:
        self._acts += 1
        self.limits.check(self._acts, [element_id for _, element_id in self.execution.active_elements()])

    def _after(self, step: Step) -> None:
        self._take(step)
        while self._waiting:
            job = self._waiting.pop(0)
            self._count()
            self._take(self.execution.complete_job(job.token, {}, self._moment()))

    def _take(self, step: Step) -> None:
        self._note(step)
        if self.reload:
            self.execution = Execution.load(self.model, self.execution.dump(), self._moment())

    def _note(self, step: Step) -> None:
        for token in step.closed_tokens:
            self.timers.pop(token, None)
            self._waiting = [job for job in self._waiting if job.token != token]
        closed = [self.tasks.pop(token).element for token in step.closed_tokens if token in self.tasks]
        still_open = set(self.open_tasks())
        for element in closed:
            if element.element_id not in still_open:
                self.dues.pop(element.element_id, None)
                self.opened_at.pop(element.element_id, None)
        for task in step.opened_tasks:
            self.tasks[task.token] = task
            self.dues[task.element.element_id] = due_instant(task.due)
            self.opened_at[task.element.element_id] = self.now
        self.timers |= {timer.token: timer for timer in step.opened_timers}
        self._waiting += step.opened_jobs
        self.jobs += [_told(job) for job in step.opened_jobs]
        self.letters += [_letter(job) for job in step.opened_jobs if job.kind == "letter"]
        self.milestones += [milestone.name for milestone in step.milestones]
        self.decided += step.decisions
        self.elements.update(step.passed)
        gone = [self.ground.flow(process_key, flow_id) for process_key, flow_id in step.gone]
        self.flows.update(gone)
        self.gone += gone


def _told(job: OpenedJob) -> str:
    name = TELLS_APART.get(job.kind)
    return f"{job.kind}:{job.inputs.get(name, '')}" if name else job.kind


def _letter(job: OpenedJob) -> SentLetter:
    return SentLetter(str(job.inputs.get("kind", "")), str(job.inputs.get("to") or ""), job.inputs)
