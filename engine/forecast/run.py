"""Runs a scenario: the engine's own `Execution` for every case, supervision item, talk and referral, one virtual clock
for all of them, and people who take up one task after another."""

from collections.abc import Callable, Iterator
from datetime import date, timedelta
from heapq import heappop, heappush
from typing import Any

from engine.errors import Rejected
from engine.forecast.course import Course, Courses, Task
from engine.forecast.ground import Ground
from engine.forecast.outcome import Result
from engine.forecast.scenario import Arrival
from engine.forecast.tally import CaseFile
from engine.forecast.worktime import WorkTime, as_datetime

HandedIn = Callable[[str, float], None]  # the place of a task and the instant, in the order of time
Progress = Callable[[int, int, date], None]  # cases over, cases in all, the virtual day; told often
LOOK_EVERY = 128  # events, a tenth of a second or so, between two words on how far it is
# What comes first of what happens at one instant: work that ends with the last minute is in time.
DONE, FILED, READY, TIMER = range(4)


class ForecastCancelled(Rejected):
    """Somebody did not want to wait for it."""


def nobody_listens(over: int, total: int, day: date) -> None:
    """For whoever wants no progress."""


def nobody_counts(place: str, at: float) -> None:
    """For whoever wants no more than the result says."""


def run(
    ground: Ground,
    *,
    progress: Progress = nobody_listens,
    is_cancelled: Callable[[], bool] = lambda: False,
    handed_in: HandedIn = nobody_counts,
) -> Result:
    """Raises ForecastCancelled; ExecutionFailed where a diagram or an answer of the scenario is at fault."""
    return _Run(ground, progress, is_cancelled, handed_in).result()


class _Run:
    def __init__(
        self, ground: Ground, progress: Progress, is_cancelled: Callable[[], bool], handed_in: HandedIn
    ) -> None:
        scenario = ground.scenario
        self._ground = ground
        self._progress = progress
        self._is_cancelled = is_cancelled
        self._handed_in = handed_in
        self._work = WorkTime(
            ground.calendar, scenario.begins - timedelta(days=7), scenario.until + timedelta(days=800)
        )
        self._end = ground.calendar.at(scenario.until, "24:00").timestamp()
        self._events: list[tuple[float, int, int, Any]] = []
        self._number = 0
        self._now = 0.0
        self._files = list(_case_files(ground, self._work))
        self._over = 0
        self.courses = Courses(ground, self._work, self)

    def result(self) -> Result:
        for file in self._files:
            self.push(file.filed_at, FILED, file)
        self._loop()
        self.courses.sum_up(self._end)
        return self.courses.tally.result(
            self._files, self.courses.people.pools, end=self._end, steps=self.courses.steps
        )

    # -- what courses ask of the clock ---------------------------------------------------------------------------------
    def push(self, at: float, rank: int, what: Any) -> None:
        """Something that happens then; what is past happens now, what lies beyond the end never."""
        at = max(at, self._now)
        if at <= self._end:
            self._number += 1
            heappush(self._events, (at, rank, self._number, what))

    def timer(self, at: float, course: Course, token: str) -> None:
        self.push(at, TIMER, (course, token))

    def ready(self, at: float, task: Task) -> None:
        self.push(at, READY, task)

    def done(self, at: float, task: Task) -> None:
        self.push(at, DONE, task)

    def handed_in(self, at: float, task: Task) -> None:
        self._handed_in(task.place, at)

    def over(self) -> None:
        self._over += 1

    # -- the loop ------------------------------------------------------------------------------------------------------
    def _loop(self) -> None:
        count = 0
        while self._events:
            self._now, rank, _, what = heappop(self._events)
            self._happen(rank, what)
            count += 1
            if count % LOOK_EVERY == 0:
                self._progress(self._over, len(self._files), as_datetime(self._now).date())
                if self._is_cancelled():
                    raise ForecastCancelled("forecast_cancelled", "The forecast was cancelled.")
        self._progress(self._over, len(self._files), self._ground.scenario.until)

    def _happen(self, rank: int, what: Any) -> None:
        if rank == DONE:
            self.courses.finish(what, self._now)
        elif rank == READY:
            self.courses.queue_up(what, self._now)
        elif rank == TIMER:
            self.courses.fire(*what, self._now)
        else:
            self.courses.file(what, self._now)


def _case_files(ground: Ground, work: WorkTime) -> Iterator[CaseFile]:
    """The cases in the order in which they are filed; areas by their weights, groups and their leads in turn."""
    scenario, plan = ground.scenario, ground.plan
    weights = scenario.areas or {unit.id: 1 for unit in plan.areas}
    areas = _by_weight({key: weights[key] for key in sorted(weights)}, scenario.cases)
    groups = [group for group in plan.groups if group.industries] or list(plan.groups)
    number = 0
    for arrival in sorted(scenario.arrivals, key=lambda one: (one.on, one.count, one.workdays)):
        for at in _instants(arrival, work):
            group = groups[number % len(groups)]
            lead = group.leads[number // len(groups) % len(group.leads)]
            yield CaseFile(number + 1, areas[number], lead, group.id, at)
            number += 1


def _by_weight(weights: dict[str, int], count: int) -> list[str]:
    """`count` names, as evenly mixed as their weights allow."""
    given = dict.fromkeys(weights, 0)
    found = []
    for number in range(1, count + 1):
        total = sum(weights.values())
        name = max(weights, key=lambda key: weights[key] * number / total - given[key])
        given[name] += 1
        found.append(name)
    return found


def _instants(arrival: Arrival, work: WorkTime) -> Iterator[float]:
    day = work.calendar.workday_on_or_after(arrival.on)
    begins = work.passed(work.calendar.opening_of(day).timestamp())
    for number in range(arrival.count):
        yield work.instant(begins + 10 + number * (arrival.workdays * work.a_day - 10) / max(arrival.count, 1))
