"""The pictures of a forecast as SVG, drawn on the server: when cases finish, what is late, who has full weeks.

Shapes carry classes only (`forecasts.css` gives them colour), and every picture has its text: a title, and words in
the table beside it. Lines differ by dashes too, so that a print without colour can be read.
"""

from collections.abc import Callable, Mapping, Sequence
from datetime import date, timedelta

from markupsafe import Markup

from engine.forecast.compare import changed_windows
from engine.forecast.outcome import Load, Result, Share

Words = Callable[..., str]  # `web.i18n.t`, or `say` in one language
WIDTH, HEIGHT = 860, 320
LEFT, RIGHT, TOP, BOTTOM = 46, 14, 26, 34
ROWS_OF_HEAT = 14
THICK, GAP = 15, 12  # of bars
HEAT_LEFT, CELL = 190, 22
NAME_ROOM = 30
WEEK = timedelta(days=7)
STEPS_OF_HEAT = (0.02, 0.4, 0.7, 0.9, 0.98)  # of a week's capacity
GRID = (0.0, 0.25, 0.5, 0.75, 0.9, 1.0)
MARKED = 0.9


def finish_curve(results: Sequence[Result], words: Words, phase_names: Mapping[str, str]) -> Markup:
    """How much of all cases is finished at the end of each week; one line a scenario, phases behind."""
    weeks = max((result.weeks for result in results), key=len)
    first, span = weeks[0], max((weeks[-1] - weeks[0]).days + 7, 1)

    def x(day: date) -> float:
        return LEFT + (WIDTH - LEFT - RIGHT) * min(max((day - first).days / span, 0), 1)

    def y(share: float) -> float:
        return TOP + (HEIGHT - TOP - BOTTOM) * (1 - share)

    parts = [*_phases(results[0], phase_names, x), *_changed(results, words, phase_names, x)]
    for share in GRID:
        kind = "chart__grid chart__grid--mark" if share == MARKED else "chart__grid"
        parts.append(_shape("line", kind, x1=LEFT, x2=WIDTH - RIGHT, y1=y(share), y2=y(share)))
        parts.append(_label(LEFT - 6, y(share) + 4, f"{round(share * 100)}%", anchor="end"))
    parts += [_label(x(day), HEIGHT - 12, _month(day, words)) for day in _months(weeks)]
    for number, result in enumerate(results):
        points = [f"{x(result.begins):.1f},{y(0):.1f}"]
        for week, count in zip(result.weeks, result.finished_by_week, strict=True):
            points.append(f"{x(week + WEEK):.1f},{y(count / max(result.cases, 1)):.1f}")
        title = words("forecast.curve_of", name=name_of(result, words))
        parts.append(_shape("polyline", f"chart__line chart__line--{number}", title, points=" ".join(points)))
        if result.finish_p90 is not None:
            title = words("forecast.nine_in_ten_on", day=result.finish_p90)
            kind = f"chart__dot chart__dot--{number}"
            parts.append(_shape("circle", kind, title, cx=x(result.finish_p90), cy=y(MARKED), r=5))
    return _picture(HEIGHT, words("forecast.finish_alt"), parts)


def _changed(
    results: Sequence[Result], words: Words, names: Mapping[str, str], x: Callable[[date], float]
) -> list[Markup]:
    """Where a phase of the second ends on another day, a dashed line in its colour, with the name below the top."""
    found = []
    for key, (_, ends_on) in changed_windows(*results).items() if len(results) == 2 else ():
        kind = "chart__end chart__end--1"
        found.append(_shape("line", kind, x1=x(ends_on), x2=x(ends_on), y1=TOP, y2=HEIGHT - BOTTOM))
        month = _month(ends_on, words)
        day = f"{ends_on.day} {month}" if _is_english(words) else f"{month}{ends_on.day}日"
        said = words("forecast.ends_now", phase=names.get(key, key), day=day)
        found.append(_label(x(ends_on) - 4, TOP + 14, said, "chart__phase-name chart__end-name", anchor="end"))
    return found


def _phases(result: Result, names: Mapping[str, str], x: Callable[[date], float]) -> list[Markup]:
    """The windows of the plan as bands, with their names above."""
    found = []
    for number, (key, (starts_on, ends_on)) in enumerate(result.windows.items()):
        begins, high = x(starts_on or result.begins), HEIGHT - TOP - BOTTOM
        kind = f"chart__phase chart__phase--{number % 2}"
        found.append(_shape("rect", kind, x=begins, y=TOP, width=max(x(ends_on) - begins, 0), height=high))
        found.append(_label(begins + 4, TOP - 8, names.get(key, key), "chart__phase-name"))
    return found


def late_bars(results: Sequence[Result], words: Words, phase_names: Mapping[str, str]) -> Markup:
    """The share of late tasks of each phase; bars of the scenarios under each other."""
    keys = [key for key in phase_names if any(key in result.late_by_phase for result in results)]
    shares = [[result.late_by_phase.get(key, Share(0, 0)) for result in results] for key in keys]
    scale = WIDTH * 0.62 / max([share.percent for row in shares for share in row] + [5.0])
    parts, top = [], GAP
    for key, row in zip(keys, shares, strict=True):
        parts.append(_label(0, top + THICK * len(row) / 2 + 5, phase_names[key], "chart__name"))
        for number, share in enumerate(row):
            kind, wide = f"chart__bar chart__bar--{number}", max(share.percent * scale, 1.0)
            parts.append(_shape("rect", kind, x=150, y=top, width=wide, height=THICK - 3))
            parts.append(_label(156 + wide, top + THICK - 5, f"{share.percent}% ({share.late}/{share.total})"))
            top += THICK
        top += GAP
    return _picture(top, words("forecast.late_alt"), parts)


def load_heat(result: Result, words: Words, group_name: Callable[[Load], str]) -> Markup:
    """Each week of the people who have most to do: the darker, the fuller; a dot where work is left over."""
    loads = busiest(result)
    step = (WIDTH - HEAT_LEFT) / max(len(result.weeks), 1)
    parts = []
    for row, load in enumerate(loads):
        parts.append(_label(0, row * CELL + 15, _short(group_name(load)), "chart__name chart__name--small"))
        parts += _week_cells(result, load, words, top=row * CELL, step=step)
    height = len(loads) * CELL + BOTTOM
    for day in _months(result.weeks):
        where = HEAT_LEFT + step * (day - result.weeks[0]).days / 7
        parts.append(_label(where, height - 12, _month(day, words)))
    return _picture(height, words("forecast.heat_alt", name=name_of(result, words)), parts)


def _week_cells(result: Result, load: Load, words: Words, *, top: float, step: float) -> list[Markup]:
    found = []
    for place, (week, did, can, left) in enumerate(
        zip(result.weeks, load.done, load.capacity, load.backlog, strict=True)
    ):
        share, at = did / can if can else 0.0, HEAT_LEFT + place * step
        title = words("forecast.heat_cell", week=week, share=round(100 * share), left=round(left / 60))
        kind = f"heat heat--{sum(share >= edge for edge in STEPS_OF_HEAT)}"
        found.append(_shape("rect", kind, title, x=at, y=top, width=step - 1, height=CELL - 2))
        if can and left > can:  # more is left over than a whole week's work
            found.append(_shape("circle", "heat__left", cx=at + step / 2 - 0.5, cy=top + 10, r=2.5))
    return found


def busiest(result: Result, count: int = ROWS_OF_HEAT) -> tuple[Load, ...]:
    """Who has most left over at some time, then who works most of a week."""
    working = [load for load in result.loads if sum(load.demand) and sum(load.capacity)]
    found = sorted(working, key=lambda load: (-max(load.backlog), -_fullest(load), load.unit, load.role))
    return tuple(found[:count])


def _fullest(load: Load) -> float:
    return max(did / can for did, can in zip(load.done, load.capacity, strict=True) if can)


def name_of(result: Result, words: Words) -> str:
    """In the reader's language."""
    return result.name_en if _is_english(words) else result.name


def _is_english(words: Words) -> bool:
    return words("forecast.language") == "en"


def _month(day: date, words: Words) -> str:
    return f"{day:%b}" if _is_english(words) else f"{day.month}月"


def _months(weeks: Sequence[date]) -> list[date]:
    """The first day of every month that the weeks reach."""
    days = (date.fromordinal(number) for number in range(weeks[0].toordinal(), weeks[-1].toordinal() + 1))
    return [day for day in days if day.day == 1]


# -- shapes ------------------------------------------------------------------------------------------------------------
def _picture(height: float, words: str, parts: Sequence[Markup]) -> Markup:
    """On a phone it is pushed sideways, so that its words can be read."""
    box = Markup('<div class="chart-box" tabindex="0" role="group" aria-label="{}">').format(words)
    head = Markup('<svg class="chart" viewBox="0 0 {} {}" role="img" aria-label="{}">').format(WIDTH, height, words)
    return Markup("\n").join([box + head, *parts, Markup("</svg></div>")])


def _short(name: str) -> str:
    """As much of a name as fits before the cells: a Chinese sign takes the room of two others."""
    room, kept = NAME_ROOM, ""
    for sign in name:
        room -= 2 if ord(sign) > 0x2E80 else 1
        if room < 0:
            return f"{kept}…"
        kept += sign
    return name


def _label(x: float, y: float, words: str, kind: str = "chart__tick", *, anchor: str = "start") -> Markup:
    label = Markup('<text class="{}" x="{:.1f}" y="{:.1f}" text-anchor="{}">{}</text>')
    return label.format(kind, x, y, anchor, words)


def _shape(tag: str, kind: str, title: str = "", **attributes: float | str) -> Markup:
    written = Markup("").join(
        Markup(' {}="{}"').format(name, f"{value:.1f}" if isinstance(value, float) else value)
        for name, value in attributes.items()
    )
    inner = Markup("<title>{}</title>").format(title) if title else ""
    return Markup('<{} class="{}"{}>{}</{}>').format(tag, kind, written, inner, tag)
