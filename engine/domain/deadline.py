"""What a due instant is and how it follows from a rule: the deadline functions of a diagram, each with its derivation.

It reads no clock and no file: the calendar, the present instant and the campaign's phases arrive as values.
"""

import re
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, timedelta
from typing import Any

from engine.domain import derivation
from engine.domain.calendar import ONE_DAY, SHANGHAI, WorkCalendar, civil_date
from engine.domain.derivation import WEEKDAYS, Line, en_time, zh_day, zh_time
from engine.domain.duration import Duration
from engine.errors import Invalid, Problem


@dataclass(frozen=True)
class Deadline:
    """A due instant with everything needed to defend it.

    `start_at` is where counting began; it equals `due_at` when the date was written in a plan and not counted.
    `provisional`: a notice that is not out yet may still move it.
    """

    due_at: datetime
    start_at: datetime
    rule: str
    basis: str = ""
    calendar_version: str = ""
    provisional: bool = False
    derivation: tuple[Line, ...] = ()

    def __post_init__(self) -> None:
        for instant in (self.due_at, self.start_at):
            if instant.tzinfo is None:
                raise _naive(instant.isoformat())
        object.__setattr__(self, "due_at", self.due_at.astimezone(UTC))
        object.__setattr__(self, "start_at", self.start_at.astimezone(UTC))

    @property
    def due_on(self) -> date:
        """The civil date on which it is due."""
        return civil_date(self.due_at)

    def with_basis(self, basis: str) -> "Deadline":
        return replace(self, basis=basis)

    def to_json(self) -> dict[str, Any]:
        return {
            "due_at": self.due_at.isoformat(),
            "start_at": self.start_at.isoformat(),
            "rule": self.rule,
            "basis": self.basis,
            "calendar_version": self.calendar_version,
            "provisional": self.provisional,
            "derivation": [list(line) for line in self.derivation],
        }

    @classmethod
    def from_json(cls, values: Mapping[str, Any]) -> "Deadline":
        return cls(
            due_at=datetime.fromisoformat(values["due_at"]),
            start_at=datetime.fromisoformat(values["start_at"]),
            rule=values["rule"],
            basis=values["basis"],
            calendar_version=values["calendar_version"],
            provisional=values["provisional"],
            derivation=tuple((zh, en) for zh, en in values["derivation"]),
        )

    # Compared in diagrams with other deadlines, instants and ISO texts: by the due instant alone.
    def __lt__(self, other: object) -> bool:
        return self.due_at < instant_of(other)

    def __le__(self, other: object) -> bool:
        return self.due_at <= instant_of(other)

    def __gt__(self, other: object) -> bool:
        return self.due_at > instant_of(other)

    def __ge__(self, other: object) -> bool:
        return self.due_at >= instant_of(other)


def instant_of(value: object) -> datetime:
    """The instant of a Deadline, its JSON form, an aware datetime or an ISO text with an offset. Raises Invalid."""
    if isinstance(value, Deadline):
        return value.due_at
    if isinstance(value, Mapping) and "due_at" in value:
        return instant_of(value["due_at"])
    if isinstance(value, str):
        with suppress(ValueError):
            value = datetime.fromisoformat(value)
    if not isinstance(value, datetime):
        problem = Problem(
            str(value),
            f"“{value}”不是时间。请用期限、date-time 变量或 2024-05-17T12:00:00+08:00 这样的写法。",
            f'"{value}" is no instant. Use a deadline, a date-time variable or text like 2024-05-17T12:00:00+08:00.',
        )
        raise Invalid("time.not_an_instant", f"Not an instant: {value!r}", (problem,), text=str(value))
    if value.tzinfo is None:
        raise _naive(value.isoformat())
    return value.astimezone(UTC)


def day_of(value: object) -> date:
    """The civil date of an instant, a date, or an ISO text of either ("2024-05-10" is that day, as forms write it)."""
    if isinstance(value, str) and re.fullmatch(r"\d{4}-\d{2}-\d{2}", value):
        with suppress(ValueError):
            return date.fromisoformat(value)
    if isinstance(value, date) and not isinstance(value, datetime):
        return value
    return civil_date(instant_of(value))


class Timetable:
    """The time functions of one evaluation: one calendar, one present instant, the campaign's phase windows.

    `phases` maps a phase key to its first day (None when the plan names none) and its last day.
    """

    def __init__(
        self, calendar: WorkCalendar, now: datetime, phases: Mapping[str, tuple[date | None, date]] | None = None
    ) -> None:
        self.calendar = calendar
        self.phases = dict(phases or {})
        self._now = instant_of(now)

    def functions(self) -> dict[str, Callable[..., Any]]:
        """What a diagram may call, by name."""
        names = ("after", "before", "beyond", "at", "phase_start", "phase_end", "latest", "earliest", "now")
        return {name: getattr(self, name) for name in (*names, "workdays_between")}

    def now(self) -> Deadline:
        line = (f"现在：{zh_time(self._now)}", f"Now: {en_time(self._now)}")
        return Deadline(self._now, self._now, "now()", derivation=(line,))

    def after(self, duration: str, start: object = None) -> Deadline:
        """The end of a period that begins with `start`, by default now. The day of the start is not counted."""
        length = Duration.parse(duration)
        if length.unit in ("wh", "h"):
            return self._after_hours(length, self._now if start is None else instant_of(start))
        begun = self._now if start is None else self._instant(start)
        first = civil_date(begun)
        if length.unit == "wd":
            last = self.calendar.add_workdays(first, length.amount)
            zh, en = derivation.special_days(self.calendar, first, last)
            how: tuple[Line, ...] = ((f"计{length.zh}{zh}", f"{length.en} counted{en}"),)
        else:
            last, how = self._calendar_days(first, length)
        # 民法典第二百零一条: a period by days leaves out the day it begins and runs from the next day.
        begin = (
            f"{zh_day(first)}起算，当日不计入（民法典第二百零一条）",
            f"From {first}, that day not counted (Civil Code art. 201)",
        )
        return self._deadline(last, begun, f'after("{length}")', (begin, *how))

    def before(self, due: object, duration: str) -> Deadline:
        """That much ahead of `due`, at the same time of day. Lies it in the past, the reminder is due at once."""
        length = Duration.parse(duration)
        anchor, due_on = self._instant(due), day_of(due)
        if length.unit == "wd":
            day = self.calendar.add_workdays(due_on, -length.amount)
            moment = datetime.combine(day, anchor.astimezone(SHANGHAI).time(), SHANGHAI)
        elif length.unit == "d":
            moment = anchor - timedelta(days=length.amount)
        elif length.unit == "wh":
            moment = self.calendar.add_working_hours(anchor, -length.amount)
        else:
            moment = anchor - timedelta(hours=length.amount)
        line = (
            f"{zh_time(anchor)}之前{length.zh}：{zh_time(moment)}",
            f"{length.en} before {en_time(anchor)}: {en_time(moment)}",
        )
        uses_calendar = length.unit in ("wd", "wh")
        provisional = uses_calendar and self.calendar.is_provisional(civil_date(moment), due_on)
        return Deadline(
            due_at=moment,
            start_at=anchor,
            rule=f'before(due, "{length}")',
            basis=due.basis if isinstance(due, Deadline) else "",
            calendar_version=self.calendar.version_of(civil_date(moment), due_on) if uses_calendar else "",
            provisional=provisional or (isinstance(due, Deadline) and due.provisional),
            derivation=(*_lines(due), line, *((derivation.PROVISIONAL,) if provisional else ())),
        )

    def at(self, day: object, clock: str) -> Deadline:
        """The day of a date or deadline, at another time of day ("12:00", "24:00")."""
        due_on = day_of(day)
        moment = self.calendar.at(due_on, clock)
        line = (f"{zh_day(due_on)} {clock}", f"{due_on} at {clock}")
        if isinstance(day, Deadline):
            return replace(day, due_at=moment, rule=f'at({day.rule}, "{clock}")', derivation=(*day.derivation, line))
        return Deadline(moment, moment, f'at("{due_on}", "{clock}")', derivation=(line,))

    def beyond(self, due: object, length: str, start: object = None) -> Deadline:
        """The limit of an extension: "30d" past `due`, or "50%" of the calendar days from `start` to `due`, full days
        only. A limit is never moved off a day off, which would lengthen it."""
        anchor = self._instant(due)
        share = re.fullmatch(r"([1-9]\d{0,2})%", length.strip()) if isinstance(length, str) else None
        if share and start is not None:
            days = max((day_of(anchor) - day_of(start)).days, 0) * int(share[1]) // 100
            zh, en = f"原期限的{share[1]}%（{days}天）", f"{share[1]} % of the period ({days} days)"
        else:
            term = Duration.parse(length)
            if term.unit != "d":
                problem = Problem(
                    length,
                    f"延长的上限写成 30d（自然日）或 50%（原期限的一半，要写起算日），不能是 {length}。",
                    f'The limit of an extension is "30d" or "50%" with the start of the period, not "{length}".',
                )
                raise Invalid("time.no_limit", f"Not a limit: {length!r}", (problem,), text=length)
            days, zh, en = term.amount, term.zh, term.en
        moment = anchor + timedelta(days=days)
        line = (f"{zh_time(anchor)}之后{zh}：{zh_time(moment)}", f"{en} past {en_time(anchor)}: {en_time(moment)}")
        rule = f'beyond(due, "{length}")'
        provisional = isinstance(due, Deadline) and due.provisional
        return Deadline(moment, anchor, rule, provisional=provisional, derivation=(*_lines(due), line))

    def phase_start(self, key: str) -> Deadline:
        """The opening of the office on the first day of a phase; now, when the plan gives the phase no first day."""
        starts_on, _ = self._phase(key)
        rule = f'phase_start("{key}")'
        if starts_on is None:
            zh, en = f"方案没有写明“{key}”阶段的开始日期", f'The plan gives phase "{key}" no first day'
            line = (f"{zh}，视为已经开始", f"{en}: it has begun")
            return Deadline(self._now, self._now, rule, derivation=(line,))
        moment = self.calendar.opening_of(starts_on)
        line = (f"“{key}”阶段开始：{zh_time(moment)}", f'Phase "{key}" begins {en_time(moment)}')
        return Deadline(moment, moment, rule, derivation=(line,))

    def phase_end(self, key: str) -> Deadline:
        """The close of business on the last day of a phase, as the plan writes it: a plan's date does not move."""
        _, ends_on = self._phase(key)
        words = (f"“{key}”阶段结束", f'Phase "{key}" ends')
        return fixed(self.calendar, ends_on, rule=f'phase_end("{key}")', words=words)

    def latest(self, *moments: object) -> Deadline:
        return self._chosen(max, "latest", ("取较晚者", "The later one"), moments)

    def earliest(self, *moments: object) -> Deadline:
        return self._chosen(min, "earliest", ("取较早者", "The earlier one"), moments)

    def workdays_between(self, start: object, end: object) -> int:
        """Working days after the day of `start`, up to and with the day of `end`; negative when `end` comes first."""
        return self.calendar.workdays_between(day_of(start), day_of(end))

    def _instant(self, value: object) -> datetime:
        """As `instant_of`, and a bare date is the close of business of its day."""
        if isinstance(value, datetime | Deadline | Mapping) or (isinstance(value, str) and len(value) > 10):
            return instant_of(value)
        return self.calendar.close_of(day_of(value))

    def _phase(self, key: str) -> tuple[date | None, date]:
        if key in self.phases:
            return self.phases[key]
        known = list(self.phases)
        problem = Problem(
            key,
            f"本专项行动没有写明时间的阶段“{key}”。可用的有：{'、'.join(known) or '无'}。",
            f'This campaign has no dated phase "{key}". Known are: {", ".join(known) or "none"}.',
        )
        raise Invalid("phase.unknown", f"No phase {key!r}", (problem,), phase=key)

    def _calendar_days(self, first: date, length: Duration) -> tuple[date, tuple[Line, ...]]:
        written = first + timedelta(days=length.amount)
        last = self.calendar.workday_on_or_after(written)
        lines: tuple[Line, ...] = ((f"计{length.zh}至{zh_day(written)}", f"{length.en} counted to {written}"),)
        if last != written:
            # 民法典第二百零三条第一款: when the last day is a day off, the day after the time off is the last day.
            name = self.calendar.day_name(written) or "休息日"
            zh = f"{zh_day(written)}为{name}，顺延至{zh_day(last)}（民法典第二百零三条）"
            lines += ((zh, f"{written} is a day off ({name}): moved to {last} (Civil Code art. 203)"),)
        return last, lines

    def _after_hours(self, length: Duration, start: datetime) -> Deadline:
        # 民法典第二百零一条第二款: a period by hours runs from the agreed moment itself.
        if length.unit == "h":
            due_at, provisional, version = start + timedelta(hours=length.amount), False, ""
        else:
            due_at = self.calendar.add_working_hours(start, length.amount)
            provisional = self.calendar.is_provisional(civil_date(start), civil_date(due_at))
            version = self.calendar.version_of(civil_date(start), civil_date(due_at))
        lines: tuple[Line, ...] = (
            (f"{zh_time(start)}起算（民法典第二百零一条）", f"From {en_time(start)} (Civil Code art. 201)"),
            (f"计{length.zh}，到期：{zh_time(due_at)}", f"{length.en}: due {en_time(due_at)}"),
        )
        lines += (derivation.PROVISIONAL,) if provisional else ()
        return Deadline(due_at, start, f'after("{length}")', "", version, provisional, lines)

    def _deadline(self, last: date, begun: datetime, rule: str, lines: tuple[Line, ...]) -> Deadline:
        # 民法典第二百零三条第二款: where there are business hours, the last day ends when business ends.
        due_at = self.calendar.close_of(last)
        provisional = self.calendar.is_provisional(civil_date(begun), last)
        end = (
            f"到期：{zh_time(due_at)}，下班时间截止（民法典第二百零三条第二款）",
            f"Due {en_time(due_at)}, close of business (Civil Code art. 203 para. 2)",
        )
        return Deadline(
            due_at=due_at,
            start_at=begun,
            rule=rule,
            calendar_version=self.calendar.version_of(civil_date(begun), last),
            provisional=provisional,
            derivation=(*lines, end, *((derivation.PROVISIONAL,) if provisional else ())),
        )

    def _chosen(self, choose: Callable[..., Any], name: str, line: Line, moments: tuple[object, ...]) -> Deadline:
        if not moments:
            problem = Problem(name, f"{name}() 至少要有一个时间。", f"{name}() needs at least one instant.")
            raise Invalid("time.nothing_to_choose", f"{name}() of nothing", (problem,))
        chosen = choose(moments, key=self._instant)
        if not isinstance(chosen, Deadline):
            moment = self._instant(chosen)
            chosen = Deadline(moment, moment, moment.isoformat(), derivation=((zh_time(moment), en_time(moment)),))
        if len(moments) == 1:
            return chosen
        provisional = any(isinstance(moment, Deadline) and moment.provisional for moment in moments)
        return replace(
            chosen, rule=f"{name}({chosen.rule}, …)", provisional=provisional, derivation=(*chosen.derivation, line)
        )


PLANNED: Line = ("按方案规定日期", "Date of the plan")


def fixed(calendar: WorkCalendar, day: date, *, rule: str, clock: str = "", words: Line = PLANNED) -> Deadline:
    """A deadline whose date a document writes itself. It stays where it is; a day off is only pointed out."""
    moment = calendar.at(day, clock) if clock else calendar.close_of(day)
    lines: tuple[Line, ...] = ((f"{words[0]}：{zh_time(moment)}", f"{words[1]}: {en_time(moment)}"),)
    if not calendar.is_workday(day):
        lines += ((f"提示：{zh_day(day)}是休息日", f"Note: {day} is a day off"),)
    return Deadline(moment, moment, rule, derivation=lines)


def weekly(
    calendar: WorkCalendar, clock: str, first: date, last: date, *, weekday: int = 5, start_at: datetime | None = None
) -> list[Deadline]:
    """One deadline per week in [first, last] on `weekday` (1 Monday … 7 Sunday).

    A day off moves to the working day before it. Weeks moved to the same day, or out of the window, give no second one.
    `start_at` begins the first week, by default the opening of `first`.
    """
    deadlines: list[Deadline] = []
    begun = start_at or calendar.opening_of(first)
    day = first + timedelta(days=(weekday - first.isoweekday()) % 7)
    while day <= last:
        due_on = calendar.workday_on_or_before(day)
        due_at = calendar.at(due_on, clock)
        if due_on >= first and (not deadlines or due_at > deadlines[-1].due_at):
            deadlines.append(_weekly_deadline(calendar, day, due_on, clock, begun, weekday))
            begun = due_at
        day += 7 * ONE_DAY
    return deadlines


def _weekly_deadline(
    calendar: WorkCalendar, day: date, due_on: date, clock: str, begun: datetime, weekday: int
) -> Deadline:
    lines: tuple[Line, ...] = ((f"每周{WEEKDAYS[weekday - 1]} {clock}：{zh_day(day)}", f"Weekly at {clock}: {day}"),)
    if due_on != day:
        name = calendar.day_name(day) or "休息日"
        zh = f"{zh_day(day)}为{name}，提前至{zh_day(due_on)}"
        lines += ((zh, f"{day} is a day off ({name}): moved ahead to {due_on}"),)
    provisional = calendar.is_provisional(due_on, day)
    lines += (derivation.PROVISIONAL,) if provisional else ()
    version = calendar.version_of(due_on, day)
    return Deadline(calendar.at(due_on, clock), begun, f'weekly({weekday}, "{clock}")', "", version, provisional, lines)


def _lines(value: object) -> tuple[Line, ...]:
    return value.derivation if isinstance(value, Deadline) else ()


def _naive(text: str) -> Invalid:
    problem = Problem(
        text,
        f"“{text}”没有时区，请写成 {text}+08:00。",
        f'"{text}" has no time zone; write {text}+08:00.',
    )
    return Invalid("time.naive", f"An instant without a time zone: {text}", (problem,), text=text)
