"""Plays the walks of `processes/*/tests/*.toml`: the shipped diagrams alone, on a virtual clock, without a database."""

import tomllib
import xml.etree.ElementTree as ElementTree
from collections.abc import Callable, Iterator, Mapping
from datetime import UTC, datetime, timedelta
from functools import cache, partial
from pathlib import Path
from typing import Any, NamedTuple

from engine import rulings, sources
from engine.bpmn.decision import Decision, DecisionResult, read_decision
from engine.bpmn.definition import Definition, Model, load_model
from engine.bpmn.elements import called_keys
from engine.bpmn.execution import Execution
from engine.bpmn.plain import due_instant
from engine.bpmn.step import Moment, OpenedJob, OpenedTask, OpenedTimer, Step
from engine.domain import calendar, campaign, escalation
from engine.domain.deadline import Timetable

PROCESSES = Path(__file__).parents[2] / "processes"
KEYS = sorted(path.parent.name for path in PROCESSES.glob("*/*.bpmn"))
WALKS = sorted(PROCESSES.glob("*/tests/*.toml"))
BPMN = "{http://www.omg.org/spec/BPMN/20100524/MODEL}"
TELLS_APART = {"letter": "kind", "start_process": "process", "publish_message": "name"}

Place = tuple[str, str]  # process key and element id


class Flow(NamedTuple):
    process_key: str
    flow_id: str
    source: str
    target: str


@cache
def plan() -> campaign.Campaign:
    return campaign.load(sources.campaign(PROCESSES, "linxia_2024"))


@cache
def work_calendar() -> calendar.WorkCalendar:
    return calendar.WorkCalendar([calendar.load(content) for content in sources.calendars(PROCESSES)])


@cache
def model(key: str) -> Model:
    """The process with everything it calls."""
    found: dict[str, Definition] = {}
    wanted = [key]
    while wanted:
        name = wanted.pop(0)
        if name not in found:
            files = sources.process_folder(PROCESSES / name).files
            found[name] = Definition(name, name, 1, files)
            wanted += called_keys(files[f"{name}.bpmn"])
    return load_model(tuple(found.values()))


@cache
def flows(key: str) -> tuple[Flow, ...]:
    """The sequence flows that are drawn in one file."""
    root = ElementTree.fromstring((PROCESSES / key / f"{key}.bpmn").read_bytes())
    drawn = root.iter(f"{BPMN}sequenceFlow")
    return tuple(Flow(key, flow.attrib["id"], flow.attrib["sourceRef"], flow.attrib["targetRef"]) for flow in drawn)


@cache
def walk(path: Path) -> dict[str, Any]:
    return tomllib.loads(path.read_text(encoding="utf-8"))


@cache
def ladder_table(name: str) -> Decision:
    return read_decision((PROCESSES / "ladders" / f"{name}.dmn").read_bytes())


def ask_ladder(
    ladder: str, functions: Mapping[str, Callable[..., Any]], name: str, variables: Mapping[str, Any]
) -> DecisionResult:
    """As the engine asks the campaign's ladder; what it would count from its rows, the walk says in its variables."""
    assert name == "campaign.ladder"
    table = ladder_table(ladder)
    level, instrument = int(variables["last_rung"]), str(variables.get("instrument") or "")
    inputs = {
        "last_rung": escalation.position_of(rulings.ladder_in(table), level=level, instrument=instrument),
        "overdue_workdays": functions["workdays_between"](variables["original_due"], functions["now"]()),
        "schedule_gap": variables.get("schedule_gap"),
        "reds": variables.get("reds", 0),
        "is_report": bool(variables.get("is_report")),
    }
    return rulings.ask(table, inputs, variables, functions)


class Walk:
    """One instance on its way. With `reload` it is dumped and loaded again after every step."""

    def __init__(
        self, key: str, variables: Mapping[str, Any], now: datetime, *, reload: bool = False, ladder: str = ""
    ) -> None:
        self.model = model(key)
        self.ladder = ladder or plan().rules["ladder"]
        self.now = now.astimezone(UTC)
        self.reload = reload
        self.tasks: dict[str, OpenedTask] = {}
        self.timers: dict[str, OpenedTimer] = {}
        self.dues: dict[str, datetime | None] = {}
        self.milestones: list[str] = []
        self.jobs: list[str] = []
        self.refused: list[str] = []
        self.passed: set[Place] = set()
        self.flows: set[Flow] = set()
        self._waiting: list[OpenedJob] = []
        self.execution, step = Execution.start(self.model, variables, self._moment())
        self._after(step)

    @property
    def is_ended(self) -> bool:
        return self.execution.is_ended

    # -- acts ----------------------------------------------------------------------------------------------------------
    def complete(self, token: str, variables: Mapping[str, Any]) -> None:
        given = dict(variables)
        if self.tasks[token].element.returnable:
            given.setdefault("outcome", "submitted")
        before = self.execution.dump()
        step = self.execution.complete(token, given, self._moment())
        if refusals := [decided.refusal.where for decided in step.decisions if decided.refusal is not None]:
            self.refused += refusals  # as in the engine: nothing has happened
            self.execution = Execution.load(self.model, before, self._moment())
        else:
            self._after(step)

    def deliver(self, message: str) -> None:
        self._after(self.execution.deliver(message, {}, self._moment()))

    def until(self, goal: datetime) -> None:
        """The clock goes there; timers fire at their instants, in order, the one due at the goal too."""
        while (first := self.next_timer()) is not None and first[0] <= goal:
            self.fire(first[1])
        self.now = max(self.now, goal.astimezone(UTC))

    def advance(self, term: str) -> None:
        end = due_instant(Timetable(work_calendar(), self.now, plan().windows).after(term))
        assert end is not None
        self.until(end + timedelta(seconds=1))

    def fire(self, token: str) -> None:
        self.now = max(self.now, due_instant(self.timers.pop(token).due) or self.now)
        self._after(self.execution.fire(token, self._moment()))

    def next_timer(self) -> tuple[datetime, str] | None:
        due = [(due_instant(timer.due) or self.now, token) for token, timer in self.timers.items()]
        return min(due) if due else None

    def open_tasks(self) -> list[str]:
        return sorted(task.element.element_id for task in self.tasks.values())

    # -- what a walk file says -----------------------------------------------------------------------------------------
    def play(self, step: Mapping[str, Any]) -> None:
        """Do what the step says, then compare with what it expects. Raises AssertionError."""
        if "complete" in step:
            tokens = [token for token, task in self.tasks.items() if task.element.element_id == step["complete"]]
            assert tokens, f"{step['complete']} is not open; open: {self.open_tasks()}"
            self.complete(tokens[0], step.get("variables", {}))
        if "message" in step:
            self.deliver(step["message"])
        if "advance" in step:
            self.advance(step["advance"])
        if "until" in step:
            self.until(datetime.fromisoformat(step["until"]))
        if "expect" in step:
            self._compare(step["expect"])

    def _compare(self, expected: Mapping[str, Any]) -> None:
        variables = self.execution.variables()
        found = {
            "tasks": self.open_tasks(),
            "milestones": self.milestones,
            "jobs": self.jobs,
            "refused": self.refused,
            "ended": self.is_ended,
            "variables": {name: variables.get(name) for name in expected.get("variables", {})},
            "due": {name: self.dues.get(name) for name in expected.get("due", {})},
        }
        wanted = dict(expected)
        if "tasks" in wanted:
            wanted["tasks"] = sorted(wanted["tasks"])
        if "due" in wanted:
            wanted["due"] = {name: datetime.fromisoformat(text) for name, text in wanted["due"].items()}
        assert {name: found[name] for name in wanted} == wanted
        self.milestones, self.jobs, self.refused = [], [], []

    # -- bookkeeping ---------------------------------------------------------------------------------------------------
    def _moment(self) -> Moment:
        functions = Timetable(work_calendar(), self.now, plan().windows).functions()
        return Moment(self.now, functions, partial(ask_ladder, self.ladder, functions))

    def _after(self, step: Step) -> None:
        self._note(step)
        if self.reload:
            self.execution = Execution.load(self.model, self.execution.dump(), self._moment())
        while self._waiting:
            job = self._waiting.pop(0)
            self._after(self.execution.complete_job(job.token, {}, self._moment()))

    def _note(self, step: Step) -> None:
        for token in step.closed_tokens:
            self.tasks.pop(token, None)
            self.timers.pop(token, None)
            self._waiting = [job for job in self._waiting if job.token != token]
        for task in step.opened_tasks:
            self.tasks[task.token] = task
            self.dues[task.element.element_id] = due_instant(task.due)
        self.timers |= {timer.token: timer for timer in step.opened_timers}
        self._waiting += step.opened_jobs
        self.jobs += [_told(job) for job in step.opened_jobs]
        self.milestones += [milestone.name for milestone in step.milestones]
        self.passed |= set(step.passed)
        self.flows |= set(self._gone_along(step))

    def _gone_along(self, step: Step) -> Iterator[Flow]:
        """The flows of this step: behind each element that was passed, the way to what came next."""
        reached = [*step.passed]
        for opened in (*step.opened_tasks, *step.opened_timers, *step.opened_jobs, *step.opened_waits):
            reached.append((opened.element.process_key, opened.element.element_id))
        for position, (process_key, element_id) in enumerate(step.passed):
            ways = {flow.target: flow for flow in flows(process_key) if flow.source == element_id}
            after = [place for passed in reached[position + 1 :] for place in self._entered(passed)]
            for place in after:
                if place[0] == process_key and place[1] in ways:
                    yield ways[place[1]]
                    break

    def _entered(self, place: Place) -> Iterator[Place]:
        """The element, and everything around it that was entered with it: embedded and called processes."""
        yield place
        element = self.model.element(*place)
        if element.parent:
            yield from self._entered((element.process_key, element.parent))
        for caller in self.model.all_elements:
            if not element.parent and caller.called_element == element.process_key:
                yield from self._entered((caller.process_key, caller.element_id))


def _told(job: OpenedJob) -> str:
    name = TELLS_APART.get(job.kind)
    return f"{job.kind}:{job.inputs[name]}" if name else job.kind


def begin(path: Path, *, reload: bool) -> Walk:
    told = walk(path)
    now, ladder = datetime.fromisoformat(told["now"]), told.get("ladder", "")
    return Walk(told["process"], told["variables"], now, reload=reload, ladder=ladder)


def walked(path: Path, *, reload: bool = False) -> Walk:
    """The whole walk, every step compared."""
    going = begin(path, reload=reload)
    for number, step in enumerate(walk(path)["steps"], 1):
        try:
            going.play(step)
        except AssertionError as error:
            raise AssertionError(f"{path.parent.parent.name}/{path.name}, step {number}: {error}") from error
    return going
