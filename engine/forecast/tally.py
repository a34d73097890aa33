"""Counts while a forecast runs, and sums up at its end."""

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

from engine.domain.calendar import civil_date
from engine.forecast.ground import Ground
from engine.forecast.outcome import Load, Result, Share, Stay
from engine.forecast.staff import Group, Pool
from engine.forecast.worktime import WorkTime, as_datetime

EXCLUDED = "excluded"
FINISHED = ("struck_off", EXCLUDED)  # milestones with which a case is over for the campaign
RELAPSED = "relapsed"  # and the one with which it comes back


@dataclass
class CaseFile:
    """One invented case."""

    number: int
    area: str
    lead: str
    group: str
    filed_at: float
    finished_at: float | None = None
    due_at: float | None = None
    open_due_at: float | None = None
    last: str = ""  # the milestone that finished it
    disposition: str = ""

    def leave_open(self, due: float | None) -> None:
        """The end finds a task of it open: where no milestone gave the case a due date, its tasks' first one does."""
        if due is not None and self.finished_at is None:
            self.open_due_at = min(due, self.open_due_at or due)

    @property
    def judged_by(self) -> float | None:
        """The instant by which it should be over; None for a case with nothing that could be late."""
        return None if self.last == EXCLUDED else self.due_at or self.open_due_at

    def reach(self, milestone: str, *, at: float, due: float | None) -> None:
        if due is not None:
            self.due_at = due
        if milestone in FINISHED:
            self.finished_at, self.last = at, milestone
        elif milestone == RELAPSED:
            self.finished_at, self.last = None, ""


@dataclass
class _Stays:
    name: str
    count: int = 0
    done: int = 0
    late: int = 0
    stuck: int = 0
    prepared: float = 0.0
    waited: float = 0.0
    worked: float = 0.0


class Tally:
    def __init__(self, ground: Ground, work: WorkTime) -> None:
        self._ground = ground
        self._work = work
        self.letters: Counter[str] = Counter()
        self.rungs: Counter[str] = Counter()
        self._stays: dict[str, _Stays] = {}
        self._by_phase: dict[str, list[int]] = defaultdict(lambda: [0, 0])
        self._by_unit: dict[str, list[int]] = defaultdict(lambda: [0, 0])
        self._demand: dict[Group, Counter[date]] = defaultdict(Counter)
        self._done: dict[Group, Counter[date]] = defaultdict(Counter)
        self._withdrawn: dict[Group, Counter[date]] = defaultdict(Counter)

    def came(self, group: Group, at: float, minutes: float) -> None:
        self._demand[group][_week(at)] += minutes  # type: ignore[assignment]

    def worked(self, group: Group, begun: float, minutes: float) -> None:
        """Work is done where its minutes lie: what goes over a week-end is in both weeks."""
        left, at = minutes, self._work.passed(begun)
        while left > 0:
            week = _week(self._work.instant(at + min(left, 1.0)))
            ends = self._work.passed(_timestamp(week + timedelta(days=7), self._work))
            part = min(left, max(ends - at, 1.0))
            self._done[group][week] += part  # type: ignore[assignment]
            at, left = at + part, left - part

    def closed(self, task: Any, at: float) -> None:
        """A task that is over; `task` has place, name, unit, opened_at, due, ready_at, begun_at, minutes."""
        stay = self._stays.setdefault(task.place, _Stays(task.name))
        stay.count += 1
        stay.done += 1
        stay.prepared += self._work.passed(task.ready_at) - self._work.passed(task.opened_at)
        stay.waited += self._work.passed(task.begun_at) - self._work.passed(task.ready_at)
        stay.worked += task.minutes
        self._judge(task, stay, is_late=task.due is not None and at > task.due)

    def withdrawn(self, task: Any, at: float) -> None:
        """A task that the process took back; late when it did so at its due date or after."""
        stay = self._stays.setdefault(task.place, _Stays(task.name))
        stay.count += 1
        stay.stuck += task.is_stuck
        if task.has_come and task.begun_at is None:
            self._withdrawn[task.group][_week(at)] += task.minutes
        self._judge(task, stay, is_late=task.due is not None and at >= task.due)

    def still_open(self, task: Any, at: float) -> None:
        """A task that the end of the forecast found open: late when its due date has passed. What nobody may ever do
        waits for no person."""
        stay = self._stays.setdefault(task.place, _Stays(task.name))
        stay.count += 1
        stay.stuck += task.is_stuck
        if not task.is_stuck:
            ready = min(task.ready_at, at)
            stay.prepared += self._work.passed(ready) - self._work.passed(task.opened_at)
            stay.waited += self._work.passed(task.begun_at or at) - self._work.passed(ready)
        self._judge(task, stay, is_late=task.due is not None and at > task.due)

    def _judge(self, task: Any, stay: _Stays, *, is_late: bool) -> None:
        if task.due is None:
            return
        stay.late += is_late
        for found in (self._by_phase[task.place.partition(":")[0]], self._by_unit[task.unit]):
            found[0] += 1
            found[1] += is_late

    def result(self, cases: Iterable[CaseFile], pools: Mapping[Group, Pool], *, end: float, steps: int) -> Result:
        """`end`: the last instant that counts, for cases as for their tasks."""
        scenario, files = self._ground.scenario, list(cases)
        ended = sorted(file.finished_at for file in files if file.finished_at is not None)
        weeks = _weeks(scenario.begins, scenario.until)
        judged = [(file, due) for file in files if (due := file.judged_by) is not None]
        late = sum((file.finished_at or end) > due for file, due in judged)
        excluded = sum(file.last == EXCLUDED for file in files)
        return Result(
            name=scenario.name,
            name_en=scenario.name_en or scenario.name,
            campaign=scenario.campaign,
            seed=scenario.seed,
            begins=scenario.begins,
            until=scenario.until,
            cases=len(files),
            finished=len(ended),
            excluded=excluded,
            finish_p10=_reached(ended, len(files), 0.1),
            finish_p50=_reached(ended, len(files), 0.5),
            finish_p90=_reached(ended, len(files), 0.9),
            weeks=weeks,
            finished_by_week=_cumulative(weeks, ended),
            filed_by_week=_cumulative(weeks, sorted(file.filed_at for file in files)),
            late_cases=Share(len(judged), late),
            late_by_phase={key: Share(*self._by_phase[key]) for key in sorted(self._by_phase)},
            late_by_unit={key: Share(*self._by_unit[key]) for key in sorted(self._by_unit)},
            loads=tuple(self._load(pools[group], weeks) for group in sorted(pools)),
            stays=self._stays_found(),
            letters=dict(sorted(self.letters.items())),
            rungs=dict(sorted(self.rungs.items())),
            dispositions=dict(sorted(Counter(file.disposition for file in files if file.disposition).items())),
            windows=self._ground.windows,
            a_day=self._work.a_day,
            steps=steps,
        )

    def _load(self, pool: Pool, weeks: tuple[date, ...]) -> Load:
        demand, done, withdrawn = (found[pool.group] for found in (self._demand, self._done, self._withdrawn))
        return Load(
            role=pool.group[0],
            unit=pool.group[1],
            people=pool.size,
            demand=tuple(round(demand[week], 1) for week in weeks),
            done=tuple(round(done[week], 1) for week in weeks),
            withdrawn=tuple(round(withdrawn[week], 1) for week in weeks),
            capacity=tuple(pool.size * self._minutes_of(week) for week in weeks),
            stuck=pool.stuck,
        )

    def _minutes_of(self, week: date) -> float:
        first = max(week, self._ground.scenario.begins)
        days = (max(first, week) + timedelta(days=number) for number in range(7 - (first - week).days))
        until = self._ground.scenario.until
        return self._work.a_day * sum(self._ground.calendar.is_workday(day) for day in days if day <= until)

    def _stays_found(self) -> tuple[Stay, ...]:
        total = sum(stay.waited for stay in self._stays.values()) or 1.0
        found = (
            Stay(
                place,
                stay.name,
                stay.count,
                stay.done,
                stay.late,
                stay.stuck,
                round(stay.prepared / stay.count, 1),
                round(stay.waited / stay.count, 1),
                round(stay.worked / stay.count, 1),
                round(stay.waited / total, 4),
            )
            for place, stay in self._stays.items()
        )
        return tuple(sorted(found, key=lambda stay: (-stay.share, stay.place)))


def _week(instant: float) -> date:
    day = civil_date(as_datetime(instant))
    return day - timedelta(days=day.weekday())


def _weeks(first: date, last: date) -> tuple[date, ...]:
    monday = first - timedelta(days=first.weekday())
    return tuple(monday + timedelta(days=7 * number) for number in range((last - monday).days // 7 + 1))


def _timestamp(day: date, work: WorkTime) -> float:
    """The midnight with which the day begins."""
    return work.calendar.at(day, "00:00").timestamp()


def _reached(ended: list[float], total: int, share: float) -> date | None:
    needed = max(int(-(-total * share // 1)), 1)
    return civil_date(as_datetime(ended[needed - 1])) if len(ended) >= needed else None


def _cumulative(weeks: tuple[date, ...], instants: list[float]) -> tuple[int, ...]:
    """How many of the sorted instants lie before the end of each week."""
    counted = Counter(_week(instant) for instant in instants)
    found, total = [], 0
    for week in weeks:
        total += counted[week]
        found.append(total)
    return tuple(found)
