"""Two forecasts side by side: what differs, and two sentences that say it to somebody who has a minute."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date

from engine.forecast.outcome import Load, Result, Stay

NOTICED_PERCENT = 0.5  # late shares nearer than this are the same to a reader
MOST_STUCK = 3  # places that a sentence names
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


def stuck(result: Result, count: int = MOST_STUCK) -> tuple[Stay, ...]:
    """Where work lies that nobody may do, most of it first."""
    found = [stay for stay in result.stays if stay.stuck]
    return tuple(sorted(found, key=lambda stay: (-stay.stuck, stay.place))[:count])


def _one_outlook(result: Result) -> Said:
    share = round(100 * result.finished / result.cases) if result.cases else 0
    first, late = _stuck_first(result), _late(result)
    if result.finish_p90 is None:
        zh = f"到{_zh(result.until)}，{result.cases}个问题办结{share}%，没有达到九成；{late.zh}。"
        en = f"By {result.until}, {share}% of {result.cases} cases are finished, not nine in ten; {late.en}."
        return Said(first.zh + zh, first.en + en)
    return Said(
        f"{first.zh}九成问题在{_zh(result.finish_p90)}前办结，{late.zh}。",
        f"{first.en}Nine cases in ten are finished by {result.finish_p90}; {late.en}.",
    )


def _late(result: Result) -> Said:
    """The share of late cases, and of how many."""
    share = result.late_cases
    if not share.total:
        return Said("没有一个问题有期限，看不出逾期", "no case has a due date, so that none can be late")
    return Said(
        f"{share.total}个有期限的问题中，到期未办结或逾期办结的占{share.percent}%",
        f"of {share.total} with a due date {share.percent}% are late",
    )


def _stuck_first(result: Result) -> Said:
    """What stands before anything else while work lies that nobody may do; empty without."""
    named = _stuck_named(result)
    if not named.zh:
        return named
    return Said(f"谁都不能办的任务：{named.zh}。", f"Tasks that nobody may do: {named.en}. ")


def _stuck_named(result: Result) -> Said:
    found = stuck(result)
    zh = "、".join(f"“{stay.name}”{stay.stuck}项" for stay in found)
    return Said(zh, ", ".join(f"{_en_place(stay)} ({stay.stuck})" for stay in found))


def _one_bottleneck(result: Result) -> Said:
    first, found = _stuck_first(result), bottlenecks(result, 1)
    if first.zh and not found:
        zh, en = "请先增加人手；其他环节没有明显排队。", "Add people there first; nothing else waits long."
        return Said(first.zh + zh, first.en + en)
    if not found:
        return Said("各环节人手够用，没有明显排队。", "There are people enough; nothing waits long for anybody.")
    [stay] = found
    days, share, worst = _days(stay.waited, result), round(100 * stay.share), _worst(result)
    return Said(
        f"{first.zh}{worst.zh}的环节是“{stay.name}”：平均排队{days}个工作日，占全部排队时间的{share}%。",
        f"{first.en}The {worst.en} is {_en_place(stay)}: {days} working days in the queue on average, "
        f"{share}% of all waiting.",
    )


def _worst(result: Result) -> Said:
    """What the longest queue is called: a bottleneck only where everything else can go on."""
    return Said("排队最久", "longest queue") if stuck(result) else Said("最堵", "bottleneck")


def _difference(one: Result, other: Result) -> Said:
    zh, en = _moved(one.finish_p90, other.finish_p90)
    late, before = other.late_cases.percent, one.late_cases.percent
    if abs(late - before) < NOTICED_PERCENT:
        zh_late, en_late = f"问题逾期比例基本不变（{late}%）", f"the share of late cases stays about the same ({late}%)"
    else:
        zh_word, en_word = ("升到", "rises") if late > before else ("降到", "falls")
        zh_late = f"问题逾期比例由{before}%{zh_word}{late}%"
        en_late = f"the share of late cases {en_word} from {before}% to {late}%"
    judged = (one.late_cases.total, other.late_cases.total)
    of = "" if judged[0] == judged[1] else f"{judged[0]}→"
    zh_late += f"（有期限的问题{of}{judged[1]}个）"
    en_late += f" (of {of.replace('→', ' and ')}{judged[1]} with a due date)"
    zh_stuck, en_stuck = _stuck_change(one, other)
    letters, letters_before = sum(other.letters.values()), sum(one.letters.values())
    zh_letters = f"发文由{letters_before}件变为{letters}件"
    en_letters = f"letters go from {letters_before} to {letters}"
    return Said(
        f"与“{one.name}”相比，“{other.name}”：{zh_stuck}{zh}，{zh_late}，{zh_letters}。",
        f'Against "{one.name_en}", "{other.name_en}": {en_stuck}{en}, {en_late}, {en_letters}.',
    )


def _stuck_change(one: Result, other: Result) -> tuple[str, str]:
    before, after = (sum(stay.stuck for stay in result.stays) for result in (one, other))
    if not before and not after:
        return "", ""
    if before == after:
        return f"仍有{after}项任务谁都不能办，", f"still {after} tasks that nobody may do, "
    return f"谁都不能办的任务由{before}项变为{after}项，", f"tasks that nobody may do go from {before} to {after}, "


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
    blocked = _stuck_named(other)
    zh_first = f"“{other.name}”里谁都不能办的任务：{blocked.zh}；" if blocked.zh else ""
    en_first = f'Tasks that nobody may do in "{other.name_en}": {blocked.en}. ' if blocked.en else ""
    worst, days = _worst(other), _days(stay.waited, other) if stay else ""
    zh_wait = f"{worst.zh}的环节是“{stay.name}”（平均排队{days}个工作日）" if stay else "没有明显排队"
    en_wait = (
        f"the {worst.en} is {_en_place(stay)} ({days} working days in the queue)"
        if stay
        else "nothing waits long for people"
    )
    if abs(change) < NOTICED_PERCENT:
        zh, en = f"各环节的逾期比例没有明显变化，{zh_wait}。", f"No phase is clearly later or earlier; {en_wait}."
        return Said(zh_first + zh, en_first + en)
    before, after = one.late_by_phase[key].percent, other.late_by_phase[key].percent
    return Said(
        f"{zh_first}变化最大的是{phase_name(key)[0]}：任务逾期由{before}%变为{after}%；{zh_wait}。",
        f"{en_first}{phase_name(key)[1]} changes most: late tasks go from {before}% to {after}%; {en_wait}.",
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
