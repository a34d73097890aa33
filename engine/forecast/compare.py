"""Two forecasts side by side: what differs, and two sentences that say it to somebody who has a minute."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date

from engine.forecast.outcome import Load, Result, Stay

NOTICED_PERCENT = 0.5  # late shares nearer than this are the same to a reader
NARROW = 0.02  # a place with less than this share of all waiting is no bottleneck
FULL = 0.9  # a unit whose people are busy for more than this share of a week has a full week


@dataclass(frozen=True)
class Said:
    """A sentence in both languages."""

    zh: str
    en: str


def explained(result: Result, other: Result | None = None) -> tuple[Said, ...]:
    """What one forecast says, or how `other` differs from `result`: two sentences."""
    if other is None:
        return (_one_outlook(result), _one_bottleneck(result))
    return (_difference(result, other), _where(result, other))


def changes(result: Result, other: Result) -> tuple[Said, ...]:
    """What was supposed differently, as far as results say it: the windows of phases and the number of cases."""
    found = []
    for key, (_, ends_on) in other.windows.items():
        before = result.windows.get(key)
        if before is not None and before[1] != ends_on:
            days = (ends_on - before[1]).days
            zh, en = ("推迟", "later") if days > 0 else ("提前", "earlier")
            found.append(
                Said(
                    f"{phase_name(key)[0]}阶段{zh}{abs(days)}天结束（{_zh(before[1])}改为{_zh(ends_on)}）",
                    f"{phase_name(key)[1]} ends {abs(days)} days {en} ({ends_on} instead of {before[1]})",
                )
            )
    if result.cases != other.cases:
        zh, en = f"问题由{result.cases}个变为{other.cases}个", f"{other.cases} cases instead of {result.cases}"
        found.append(Said(zh, en))
    return tuple(found)


def changed_windows(one: Result, other: Result) -> Mapping[str, tuple[date | None, date]]:
    """The phases that the second has at other dates."""
    return {key: window for key, window in other.windows.items() if one.windows.get(key) != window}


def full_weeks(load: Load) -> int:
    return sum(can > 0 and did > FULL * can for did, can in zip(load.done, load.capacity, strict=True))


def bottlenecks(result: Result, count: int = 5) -> tuple[Stay, ...]:
    """Where cases wait for people, the longest first."""
    return tuple(stay for stay in result.stays if stay.share >= NARROW and stay.waited >= 1)[:count]


def _one_outlook(result: Result) -> Said:
    share = round(100 * result.finished / result.cases) if result.cases else 0
    late = result.late_cases.percent
    if result.finish_p90 is None:
        return Said(
            f"到{_zh(result.until)}，{result.cases}个问题办结{share}%，没有达到九成；逾期的占{late}%。",
            f"By {result.until}, {share}% of {result.cases} cases are finished, not nine in ten; {late}% are late.",
        )
    return Said(
        f"九成问题在{_zh(result.finish_p90)}前办结，到期未办结或逾期办结的占{late}%。",
        f"Nine cases in ten are finished by {result.finish_p90}; {late}% are late.",
    )


def _one_bottleneck(result: Result) -> Said:
    found = bottlenecks(result, 1)
    if not found:
        return Said("各环节人手够用，没有明显排队。", "There are people enough; nothing waits long for anybody.")
    [stay] = found
    days = _days(stay.waited, result)
    return Said(
        f"最堵的环节是“{stay.name}”：平均排队{days}个工作日，占全部排队时间的{round(100 * stay.share)}%。",
        f"The bottleneck is {_en_place(stay)}: {days} working days in the queue on average, "
        f"{round(100 * stay.share)}% of all waiting.",
    )


def _difference(one: Result, other: Result) -> Said:
    zh, en = _moved(one.finish_p90, other.finish_p90)
    late, before = other.late_cases.percent, one.late_cases.percent
    if abs(late - before) < NOTICED_PERCENT:
        zh_late, en_late = f"逾期比例基本不变（{late}%）", f"the late share stays about the same ({late}%)"
    else:
        zh_word, en_word = ("升到", "rises") if late > before else ("降到", "falls")
        zh_late = f"逾期比例由{before}%{zh_word}{late}%"
        en_late = f"the late share {en_word} from {before}% to {late}%"
    letters, letters_before = sum(other.letters.values()), sum(one.letters.values())
    zh_letters = f"发文由{letters_before}件变为{letters}件"
    en_letters = f"letters go from {letters_before} to {letters}"
    return Said(
        f"与“{one.name}”相比，“{other.name}”：{zh}，{zh_late}，{zh_letters}。",
        f'Against "{one.name_en}", "{other.name_en}": {en}, {en_late}, {en_letters}.',
    )


def _moved(before: date | None, after: date | None) -> tuple[str, str]:
    if before is None or after is None:
        if before is after:
            return "两种情景到截止日都没有办结九成", "neither finishes nine cases in ten by the end"
        if after is None:
            return "到截止日不再能办结九成", "nine in ten are no longer finished by the end"
        return f"九成能在{_zh(after)}前办结", f"nine in ten are finished by {after} now"
    days = (after - before).days
    if abs(days) < 2:
        return f"办结九成的日期基本不变（{_zh(after)}）", f"the day by which nine in ten are finished stays ({after})"
    zh_word, en_word = ("推迟", "later") if days > 0 else ("提前", "earlier")
    return (
        f"办结九成的日期{zh_word}{abs(days)}天（{_zh(after)}）",
        f"nine in ten are finished {abs(days)} days {en_word} ({after})",
    )


def _where(one: Result, other: Result) -> Said:
    """The phase whose late share changed most, and the bottleneck afterwards."""
    phases = sorted(set(one.late_by_phase) & set(other.late_by_phase))
    changes = [(other.late_by_phase[key].percent - one.late_by_phase[key].percent, key) for key in phases]
    change, key = max(changes, key=lambda found: (abs(found[0]), found[1]), default=(0.0, ""))
    stay = next(iter(bottlenecks(other, 1)), None)
    zh_wait = f"最堵的环节是“{stay.name}”（平均排队{_days(stay.waited, other)}个工作日）" if stay else "没有明显排队"
    en_wait = (
        f"the bottleneck is {_en_place(stay)} ({_days(stay.waited, other)} working days in the queue)"
        if stay
        else "nothing waits long for people"
    )
    if abs(change) < NOTICED_PERCENT:
        return Said(f"各环节的逾期比例没有明显变化，{zh_wait}。", f"No phase is clearly later or earlier; {en_wait}.")
    before, after = one.late_by_phase[key].percent, other.late_by_phase[key].percent
    return Said(
        f"变化最大的是{phase_name(key)[0]}：任务逾期由{before}%变为{after}%；{zh_wait}。",
        f"{phase_name(key)[1]} changes most: late tasks go from {before}% to {after}%; {en_wait}.",
    )


PHASE_NAMES = {
    "survey": ("排查摸底", "The survey"),
    "cleanup": ("清理整治", "The clean-up"),
    "improvement": ("整治提升", "The improvement"),
    "acceptance": ("验收销号", "The acceptance"),
    "lookback": ("回头看", "The look-back"),
    "supervision": ("督办", "Supervision"),
    "interview": ("约谈", "The talks"),
    "accountability": ("移送问责", "The referrals"),
}


def phase_name(key: str) -> tuple[str, str]:
    """Chinese and English, at the head of a sentence; a process of another office has its key for a name."""
    return PHASE_NAMES.get(key, (key, key))


def _en_place(stay: Stay) -> str:
    """Its name, which diagrams give in the language of the office, and the phase that it belongs to."""
    key = stay.place.partition(":")[0]
    phase = phase_name(key)[1]
    return f'"{stay.name}" in {phase[:1].lower()}{phase[1:]}'


def _days(minutes: float, result: Result) -> str:
    return f"{minutes / result.a_day:.1f}"


def _zh(day: date) -> str:
    return f"{day.year}年{day.month}月{day.day}日"
