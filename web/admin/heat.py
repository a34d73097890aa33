"""What the drawing of a version shows on its elements: what stands there now, how much went through, how long it took,
how often it was late, what the machine could not do. Each says its figure; the shade only repeats it."""

from collections.abc import Iterator, Mapping
from datetime import timedelta
from typing import Any, Final

from engine.queries.diagrams import ElementCount
from engine.queries.element_times import ElementTime
from web.i18n import t

VIEWS: Final = ("standing", "passed", "duration", "late", "incidents")
_LEVELS: Final = 4

Counts = Mapping[str, ElementCount]
Times = Mapping[str, ElementTime]


def heat(view: str, counts: Counts, times: Times) -> dict[str, dict[str, Any]]:
    """Element id -> badge, for `ui/diagram.html`; what has no figure has no badge."""
    if view == "standing":
        return {
            element_id: dict(_standing(count)) for element_id, count in counts.items() if count.live or count.passed
        }
    if view == "incidents":
        broken = {element_id: count.incidents for element_id, count in counts.items() if count.incidents}
        return {
            element_id: {"state": "late", "count": n, "label": t("heat.incidents")} for element_id, n in broken.items()
        }
    figures = {element_id: (figure, words) for element_id, figure, words in _figures(view, counts, times)}
    most = max((figure for figure, _ in figures.values()), default=0) or 1
    return {
        element_id: {"state": f"heat{_level(figure / most)}", "text": words, "label": t(f"heat.{view}")}
        for element_id, (figure, words) in figures.items()
    }


def span(length: timedelta) -> str:
    """`40 分钟`, `5 小时`, `3.5 天`: in the largest unit that says something."""
    hours = length.total_seconds() / 3600
    if hours < 1:
        return t("heat.minutes", n=round(hours * 60))
    if hours < 24:
        return t("heat.hours", n=round(hours))
    return t("heat.days", n=f"{hours / 24:.1f}".removesuffix(".0"))


def share(part: float) -> str:
    return f"{part * 100:.0f}%"


def _standing(count: ElementCount) -> Iterator[tuple[str, Any]]:
    """How many stand there, or went through where none does."""
    yield "count", count.live or count.passed
    yield "state", "late" if count.late else "open" if count.live else "done"
    yield "label", ""


def _figures(view: str, counts: Counts, times: Times) -> Iterator[tuple[str, float, str]]:
    """(element id, how much, in words)"""
    if view == "passed":
        yield from (
            (element_id, float(count.passed), str(count.passed)) for element_id, count in counts.items() if count.passed
        )
    elif view == "duration":
        for element_id, time in times.items():
            yield element_id, time.median.total_seconds(), span(time.median)
    else:
        for element_id, time in times.items():
            if time.late_share is not None:
                yield element_id, time.late_share, f"{share(time.late_share)} ({time.late}/{time.due})"


def _level(part: float) -> int:
    """From 1 to _LEVELS, of a part of the most."""
    return max(1, min(_LEVELS, 1 + int(part * _LEVELS - 1e-9)))
