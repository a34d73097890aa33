"""How a deadline explains itself: days, instants and skipped days in words, Chinese and English."""

from datetime import date, datetime, timedelta

from engine.domain.calendar import SHANGHAI, WorkCalendar

Line = tuple[str, str]  # Chinese, English

WEEKDAYS = "一二三四五六日"
ENGLISH_WEEKDAYS = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")

PROVISIONAL: Line = (
    "暂定：期间涉及的年度放假安排尚未公布，春节、清明节、端午节、中秋节和调休无法预知，公布后重新计算",
    "Provisional: a year in this period has no holiday notice yet; recomputed when the notice is published",
)


def special_days(calendar: WorkCalendar, first: date, last: date) -> Line:
    """The days after `first` up to `last` where the count differs from counting Monday to Friday, as a phrase."""
    days = [first + timedelta(days=number) for number in range(1, (last - first).days + 1)]
    off = [day for day in days if day.weekday() < 5 and not calendar.is_workday(day)]
    swapped = [day for day in days if day.weekday() >= 5 and calendar.is_workday(day)]
    zh, en = "，扣除周末", ", without weekends"
    if off:
        zh += "和" + "、".join(_span(calendar, span) for span in _runs(off))
        en += " and " + ", ".join(map(str, off))
    if swapped:
        zh += "，计入调休上班日" + "、".join(map(_month_day, swapped))
        en += ", with the swapped working days " + ", ".join(map(str, swapped))
    return zh, en


def zh_day(day: date) -> str:
    return f"{day.year}年{_month_day(day)}（周{WEEKDAYS[day.weekday()]}）"


def zh_time(moment: datetime) -> str:
    local = moment.astimezone(SHANGHAI)
    return f"{zh_day(local.date())}{local:%H:%M}"


def en_time(moment: datetime) -> str:
    local = moment.astimezone(SHANGHAI)
    return f"{ENGLISH_WEEKDAYS[local.weekday()]} {local:%Y-%m-%d %H:%M}"


def _span(calendar: WorkCalendar, span: tuple[date, date]) -> str:
    name = calendar.day_name(span[0]) or ""
    ends = _month_day(span[0]) if span[0] == span[1] else f"{_month_day(span[0])}至{_month_day(span[1])}"
    return f"{name}{ends}"


def _runs(days: list[date]) -> list[tuple[date, date]]:
    """Neighbouring days joined to first and last."""
    runs: list[tuple[date, date]] = []
    for day in days:
        if runs and day - runs[-1][1] == timedelta(days=1):
            runs[-1] = (runs[-1][0], day)
        else:
            runs.append((day, day))
    return runs


def _month_day(day: date) -> str:
    return f"{day.month}月{day.day}日"
