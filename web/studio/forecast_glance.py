"""Two forecasts at a glance: the few figures that a leader asks for, side by side, and how they change."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date, timedelta

from engine.forecast.compare import bottlenecks, full_weeks
from engine.forecast.outcome import Load, Result, Stay
from web.i18n import t

NOTICED = 0.01  # of all cases
BETTER, WORSE, SAME = "good", "bad", "quiet"


@dataclass(frozen=True)
class Glance:
    """One line. `change` says in words how the second differs, `tone` whether that is good."""

    label: str
    values: tuple[str, str]
    change: str
    tone: str


def at_a_glance(
    results: Sequence[Result], day: Callable[[date | None], str], group: Callable[[Load], str]
) -> tuple[Glance, ...]:
    """Of exactly two results; none for one."""
    if len(results) != 2:
        return ()
    return tuple(_lines(results[0], results[1], day, group))


def is_one_curve(results: Sequence[Result]) -> bool:
    """Whether cases finish so much alike in both that the two lines lie on each other."""
    if len(results) != 2:
        return False
    shares = [[count / max(one.cases, 1) for count in one.finished_by_week] for one in results]
    alike = all(abs(mine - theirs) < NOTICED for mine, theirs in zip(*shares, strict=False))
    return results[0].weeks == results[1].weeks and alike


def _lines(
    one: Result, other: Result, day: Callable[[date | None], str], group: Callable[[Load], str]
) -> Iterator[Glance]:
    for name in ("finish_p50", "finish_p90"):
        before, after = getattr(one, name), getattr(other, name)
        yield Glance(t(f"forecast.glance_{name}"), (day(before), day(after)), *_moved(before, after))
    by, counts = finished_by_both(one, other)
    yield Glance(t("forecast.glance_finished", day=day(by)), _cases(counts), *_more(counts, is_more_better=True))
    late = (one.late_cases, other.late_cases)
    shown = tuple(t("forecast.glance_share", n=share.late, total=share.total, percent=share.percent) for share in late)
    yield Glance(t("forecast.glance_late"), (shown[0], shown[1]), *_more((late[0].late, late[1].late)))
    letters = (sum(one.letters.values()), sum(other.letters.values()))
    yield Glance(t("forecast.glance_letters"), (f"{letters[0]}", f"{letters[1]}"), *_more(letters))
    full = (_fullest(one), _fullest(other))
    weeks = tuple(full_weeks(load) if load else 0 for load in full)
    said = tuple(
        t("forecast.glance_weeks", who=group(load), n=count) if load and count else t("forecast.glance_nobody")
        for load, count in zip(full, weeks, strict=True)
    )
    yield Glance(t("forecast.glance_full"), (said[0], said[1]), *_more((weeks[0], weeks[1])))
    waits = (_longest(one), _longest(other))
    words = tuple(
        t("forecast.glance_wait", where=stay.name, n=f"{stay.waited / one.a_day:.1f}")
        if stay
        else t("forecast.no_queue")
        for stay in waits
    )
    days = tuple(round(stay.waited / one.a_day, 1) if stay else 0.0 for stay in waits)
    yield Glance(t("forecast.glance_queue"), (words[0], words[1]), *_more((days[0], days[1])))


def finished_by_both(one: Result, other: Result) -> tuple[date, tuple[int, int]]:
    """A day that both forecasts reach, and the cases finished by then: the end of both, else the last Sunday before
    the earlier end."""
    if one.until == other.until:
        return one.until, (one.finished, other.finished)
    end = min(one.until, other.until)
    sunday = end - timedelta(days=(end.weekday() + 1) % 7)
    return sunday, (_by(one, sunday), _by(other, sunday))


def _by(result: Result, sunday: date) -> int:
    over = [n for week, n in zip(result.weeks, result.finished_by_week, strict=True) if week <= sunday]
    return over[-1] if over else 0


def _moved(before: date | None, after: date | None) -> tuple[str, str]:
    if before == after:
        return t("forecast.glance_same"), SAME
    if before is None or after is None:
        return (t("forecast.glance_now"), BETTER) if before is None else (t("forecast.glance_no_more"), WORSE)
    days = (after - before).days
    return (t("forecast.glance_later", n=days), WORSE) if days > 0 else (t("forecast.glance_sooner", n=-days), BETTER)


def _more(counts: tuple[float, float], *, is_more_better: bool = False) -> tuple[str, str]:
    change = round(counts[1] - counts[0], 1)
    if not change:
        return t("forecast.glance_same"), SAME
    words = t("forecast.glance_more" if change > 0 else "forecast.glance_less", n=f"{abs(change):g}")
    return words, BETTER if (change > 0) == is_more_better else WORSE


def _cases(counts: tuple[int, int]) -> tuple[str, str]:
    return (f"{counts[0]}", f"{counts[1]}")


def _fullest(result: Result) -> Load | None:
    """Who works most weeks without a free hour; of several the one with most left over."""
    return max(result.loads, key=lambda load: (full_weeks(load), max(load.backlog, default=0.0)), default=None)


def _longest(result: Result) -> Stay | None:
    return next(iter(bottlenecks(result, 1)), None)
