"""The leader's page: the reconciled figures of one campaign, dated, each a way to what it counts. One A4 sheet."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime, time
from decimal import ROUND_HALF_UP, Decimal

from flask import Blueprint, render_template, url_for

from engine.domain.actor import WATCHING_ROLES
from engine.domain.calendar import SHANGHAI, WorkCalendar, civil_date
from engine.domain.campaign import Campaign, Phase
from engine.domain.case import DISPOSITIONS, PHASES
from engine.domain.escalation import NOT_YET, Ladder
from engine.errors import Invalid, NotFound, Problem
from engine.queries.accountability_referrals import AccountabilityFigures
from engine.queries.desk import DeskFilter
from engine.queries.figures import Breakdown, Figures, percent
from web.permission import needs
from web.request import actor, engine, now, text

blueprint = Blueprint("leader", __name__)
RANKED_UNITS = 8


@dataclass(frozen=True)
class PhaseProgress:
    """`passed` of `total` cases have left the phase behind; `elapsed` is the share of its working days gone by.

    Percentages have two decimals; None where there is nothing to divide. `gap` is progress less elapsed, in points;
    None when nothing is left to say.
    """

    key: str
    name: str
    name_en: str
    starts_on: date | None
    ends_on: date
    passed: int
    total: int
    progress: str
    elapsed: str | None
    gap: Decimal | None

    @property
    def gap_tone(self) -> str:
        return "behind" if self.gap is not None and self.gap < 0 else "ahead"

    @property
    def gap_points(self) -> str:
        return "" if self.gap is None else f"{abs(self.gap):.2f}"


@dataclass(frozen=True)
class Part:
    """One part of a whole: a disposition, a light. `share` has two decimals, or is — of nothing."""

    key: str
    count: int
    share: str


@dataclass(frozen=True)
class RungLine:
    instrument: str
    level: int
    reached: int
    letter_kind: str | None


@dataclass(frozen=True)
class RankedUnit:
    """`place`: units with the same count share one (1, 1, 3)."""

    place: int
    unit_id: str
    unit: str
    late: int


@dataclass(frozen=True)
class LeaderPage:
    campaign: Campaign
    campaigns: tuple[tuple[str, str], ...]
    figures: Figures
    is_now: bool
    breakdown: Breakdown | None
    dispositions: tuple[Part, ...]
    lights: tuple[Part, ...]
    phases: tuple[PhaseProgress, ...]
    rungs: tuple[RungLine, ...]
    units_late: tuple[RankedUnit, ...]
    late_total: int
    on_time_rate: str
    today: date
    accountability: AccountabilityFigures

    @property
    def counts(self) -> Mapping[str, int]:
        return self.figures.counts

    @property
    def day(self) -> date:
        return civil_date(self.figures.as_of)

    @property
    def ranking(self) -> tuple[RankedUnit, ...]:
        return self.units_late[:RANKED_UNITS]

    @property
    def unranked(self) -> int:
        """How many more units have late tasks."""
        return len(self.units_late) - len(self.ranking)

    def cases(self, **narrowed: str) -> str:
        """The address of the ledger with the cases that a number counts."""
        return url_for("cases.ledger", campaign=self.campaign.id, **narrowed)


@blueprint.get("/leader")
@needs(*WATCHING_ROLES)
def leader() -> str:
    return render_template("leader/leader.html", page=page_of(text("campaign"), text("as_of")), percent=percent)


def page_of(campaign_id: str, as_of: str) -> LeaderPage:
    """The figures now, or at the end of the civil day `as_of`. Raises NotFound and Invalid."""
    read = engine().read
    open_campaigns = tuple((row.campaign_id, row.title) for row in read.campaigns())
    if not open_campaigns:
        raise NotFound("campaign_unknown", "No campaign is open yet.", campaign=campaign_id)
    plan = read.campaign(campaign_id or open_campaigns[0][0])
    moment = _moment(as_of)
    figures = read.figures(plan.id, as_of=moment, actor=actor())
    desk = read.desk(actor(), DeskFilter(campaign=plan.id))
    counts = figures.counts
    calendar = read.calendar()
    return LeaderPage(
        campaign=plan,
        campaigns=open_campaigns,
        figures=figures,
        is_now=moment is None,
        breakdown=read.breakdown(plan.id, actor=actor()) if moment is None else None,
        dispositions=_parts((*DISPOSITIONS, "undecided"), counts, counts["retained"]),
        lights=_parts(("red", "yellow", "green"), counts, counts["open"]),
        phases=tuple(_progress(phase, figures, calendar) for phase in plan.phases),
        rungs=_rungs(read.ladder(plan.id), figures.rungs),
        units_late=_ranking(desk.by_unit),
        late_total=sum(desk.by_level.values()),
        on_time_rate=percent(figures.reports["on_time"], figures.reports["due"]),
        today=civil_date(now()),
        accountability=read.accountability_figures(plan.id),
    )


def _rungs(ladder: Ladder, reached: Mapping[str, int]) -> tuple[RungLine, ...]:
    """Every rung of the ladder, and what was reached by an earlier version that had other rungs."""
    listed = [
        RungLine(rung.instrument, rung.level, reached[rung.instrument], rung.letter_kind) for rung in ladder.rungs
    ]
    earlier = [name for name in reached if ladder.of(name) is None]
    return (*listed, *(RungLine(name, NOT_YET, reached[name], None) for name in earlier))


def _moment(as_of: str) -> datetime | None:
    """End of that day in Beijing; None for today or nothing asked."""
    if not as_of:
        return None
    try:
        day = date.fromisoformat(as_of)
    except ValueError as error:
        wrong = Problem("as_of", "请填写日期，如 2024-06-13。", "Give a date such as 2024-06-13.")
        raise Invalid("as_of_wrong", f"{as_of!r} is no date.", (wrong,)) from error
    return None if day == civil_date(now()) else datetime.combine(day, time(23, 59, 59), SHANGHAI)


def _parts(keys: tuple[str, ...], counts: Mapping[str, int], whole: int) -> tuple[Part, ...]:
    return tuple(Part(key, counts[key], percent(counts[key], whole)) for key in keys)


def _progress(phase: Phase, figures: Figures, calendar: WorkCalendar) -> PhaseProgress:
    """A survey is behind a site once it is surveyed; any other phase once the case stands in a later one."""
    counts = figures.counts
    if phase.key == "survey":
        passed, total = counts["surveyed"], counts["registered"]
    else:
        later = PHASES[PHASES.index(phase.key) + 1 :] if phase.key in PHASES else ()
        passed, total = sum(figures.by_phase[key] for key in later), counts["retained"]
    progress, elapsed = percent(passed, total), _elapsed(phase, civil_date(figures.as_of), calendar)
    gap = Decimal(progress) - Decimal(elapsed) if total and elapsed is not None else None
    return PhaseProgress(
        phase.key,
        phase.name,
        phase.name_en,
        phase.starts_on,
        phase.ends_on,
        passed,
        total,
        progress,
        elapsed,
        gap or None,
    )


def _elapsed(phase: Phase, today: date, calendar: WorkCalendar) -> str | None:
    """Working days gone by of the working days of the window, the first day counted."""
    if today >= phase.ends_on:
        return "100.00"
    if phase.starts_on is None:
        return None
    if today < phase.starts_on:
        return "0.00"
    before = phase.starts_on.fromordinal(phase.starts_on.toordinal() - 1)
    gone, whole = calendar.workdays_between(before, today), calendar.workdays_between(before, phase.ends_on)
    return str((Decimal(gone) * 100 / Decimal(whole)).quantize(Decimal("0.01"), ROUND_HALF_UP)) if whole else None


def _ranking(by_unit: tuple[tuple[str, str, int], ...]) -> tuple[RankedUnit, ...]:
    ranked: list[RankedUnit] = []
    for position, (unit_id, unit, late) in enumerate(by_unit, start=1):
        place = ranked[-1].place if ranked and ranked[-1].late == late else position
        ranked.append(RankedUnit(place, unit_id, unit, late))
    return tuple(ranked)
