"""The leader's figures: every total reconciled, dated and equal to the sum of its parts (domain handbook F).

At the present instant they are read from maintained counters, which `duban verify` compares with the cases; at an
earlier one the cases are rebuilt from the facts.
"""

from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Any

import sqlalchemy as sa

from engine import plans, rulings
from engine.domain.actor import SYSTEM, Actor
from engine.domain.case import DISPOSITIONS, PHASES, CaseState
from engine.domain.letter import KINDS
from engine.domain.share import percent as percent
from engine.errors import Invalid, Problem
from engine.queries.replay import cases_at
from engine.store import counts as counting
from engine.store.access import (
    cooperating_cases,
    visible_items,
    visible_letters,
    visible_reports,
    visible_tallies,
)
from engine.store.counts import Slice
from engine.store.schema import letters, reports, rungs, supervision_items, units
from engine.store.transaction import Reader


@dataclass(frozen=True)
class Figures:
    """Counts of one campaign at `as_of`. `faults` lists identities that do not hold; it must be empty."""

    campaign_id: str
    as_of: datetime
    counts: Mapping[str, int]
    by_phase: Mapping[str, int]
    letters_by_kind: Mapping[str, int]
    rungs: Mapping[str, int]
    items: Mapping[str, int]
    reports: Mapping[str, int]
    rates: Mapping[str, str]
    faults: tuple[str, ...]

    def to_json(self) -> dict[str, Any]:
        return {**asdict(self), "as_of": self.as_of.isoformat(), "faults": list(self.faults)}


@dataclass(frozen=True)
class BreakdownRow:
    key: str
    name: str
    counts: Mapping[str, int]


@dataclass(frozen=True)
class Breakdown:
    by_area: tuple[BreakdownRow, ...]
    by_lead: tuple[BreakdownRow, ...]


def figures(reader: Reader, campaign_id: str, *, as_of: datetime | None = None, actor: Actor = SYSTEM) -> Figures:
    """Raises Invalid for an `as_of` in the future, NotFound for an unknown campaign."""
    plans.campaign(reader, campaign_id)
    moment = as_of or reader.now
    if moment > reader.now:
        raise Invalid(
            "as_of_future",
            "Figures of the future cannot be counted.",
            (Problem("as_of", "统计时点不能晚于现在。", "The instant cannot lie in the future."),),
        )
    if as_of is None or moment == reader.now:
        counts, by_phase = _counted(reader, campaign_id, actor)
    else:
        counts, by_phase = _rebuilt(reader, campaign_id, moment, actor)
    shown = Figures(
        campaign_id=campaign_id,
        as_of=moment,
        counts=counts,
        by_phase=by_phase,
        letters_by_kind=_letters(reader, campaign_id, moment, actor),
        rungs=_rungs(reader, campaign_id, moment, actor),
        items=_items(reader, campaign_id, moment, actor),
        reports=_reports(reader, campaign_id, moment, actor),
        rates=_rates(counts),
        faults=(),
    )
    return Figures(**{**shown.__dict__, "faults": tuple(faults_of(shown) + _area_faults(reader, shown, as_of, actor))})


def breakdown(reader: Reader, campaign_id: str, actor: Actor = SYSTEM) -> Breakdown:
    """The same counts by area and by lead unit, in the order of the unit tree."""
    slices = _slices(reader, campaign_id, actor)
    found = reader.execute(sa.select(units.c.unit_id, units.c.name).order_by(units.c.position))
    names = {row.unit_id: row.name for row in found}
    return Breakdown(
        _by(names, slices, lambda part: part.area_id),
        _by(names, slices, lambda part: part.lead_id),
    )


def faults_of(shown: Figures) -> list[str]:
    """The identities that tie the figures together; one sentence for each that fails."""
    counts = shown.counts
    pairs = {
        "surveyed = excluded + retained": (counts["surveyed"], counts["excluded"] + counts["retained"]),
        "retained = Σ dispositions": (
            counts["retained"],
            sum(counts[disposition] for disposition in DISPOSITIONS) + counts["undecided"],
        ),
        "registered = excluded + done + open": (
            counts["registered"],
            counts["excluded"] + counts["done"] + counts["open"],
        ),
        "open = green + yellow + red": (counts["open"], counts["green"] + counts["yellow"] + counts["red"]),
        "registered = Σ phases": (counts["registered"], sum(shown.by_phase.values())),
        "reports due = on time + late + overdue": (
            shown.reports["due"],
            shown.reports["on_time"] + shown.reports["late"] + shown.reports["overdue"],
        ),
        "struck off ≤ done": (max(counts["struck_off"], counts["done"]), counts["done"]),
    }
    return [f"{name}: {left} ≠ {right}" for name, (left, right) in pairs.items() if left != right]


def _slices(reader: Reader, campaign_id: str, actor: Actor) -> tuple[Slice, ...]:
    """Counters give what area and lead decide; the cases themselves are counted only where a unit of the actor
    cooperates."""
    key = ("slices", campaign_id, actor)
    if key not in reader.cache:
        counted = counting.from_tallies(
            reader, campaign_id, reader.now, lambda columns: visible_tallies(actor, columns)
        )
        if not actor.sees_all:
            counted += counting.from_cases(reader, campaign_id, reader.now, cooperating_cases(actor))
        reader.cache[key] = counted
    found: tuple[Slice, ...] = reader.cache[key]
    return found


def _counted(reader: Reader, campaign_id: str, actor: Actor) -> tuple[dict[str, int], dict[str, int]]:
    slices = _slices(reader, campaign_id, actor)
    phases: Counter[str] = Counter(dict.fromkeys(PHASES, 0))
    for part in slices:
        if part.phase is not None:
            phases[part.phase] += part.counts["registered"]
    return counting.total(slices), dict(phases)


def _rebuilt(reader: Reader, campaign_id: str, moment: datetime, actor: Actor) -> tuple[dict[str, int], dict[str, int]]:
    counts: Counter[str] = Counter()
    phases = dict.fromkeys(PHASES, 0)
    for row in cases_at(reader, campaign_id, moment, actor):
        surveyed, excluded = row["surveyed_at"] is not None, row["state"] == CaseState.EXCLUDED
        is_open = row["state"] == CaseState.ACTIVE and row["done_at"] is None
        due, yellow = row["due_at"], row["yellow_at"]
        light = "red" if due and due < moment else "yellow" if yellow and yellow <= moment else "green"
        retained = surveyed and not excluded
        counts.update(
            name
            for name, holds in (
                ("registered", True),
                ("surveyed", surveyed),
                ("excluded", excluded),
                ("retained", retained),
                (row["disposition"] or "undecided", retained),
                ("done", row["done_at"] is not None),
                ("struck_off", row["state"] == CaseState.STRUCK_OFF),
                ("open", is_open),
                (light, is_open),
                ("looked_back", row["lookback_at"] is not None),
                ("relapsed", row["relapsed_at"] is not None),
                ("returned", row["return_count"] > 0),
            )
            if holds
        )
        phases[row["phase"] or "survey"] += 1
    return {name: counts[name] for name in counting.NAMES}, phases


def _letters(reader: Reader, campaign_id: str, moment: datetime, actor: Actor) -> dict[str, int]:
    found = reader.execute(
        sa.select(letters.c.kind, sa.func.count())
        .where(letters.c.campaign_id == campaign_id, letters.c.issued_at <= moment, visible_letters(actor))
        .group_by(letters.c.kind)
    )
    return dict.fromkeys(KINDS, 0) | {kind: count for kind, count in found}


def _rungs(reader: Reader, campaign_id: str, moment: datetime, actor: Actor) -> dict[str, int]:
    found = reader.execute(
        sa.select(rungs.c.instrument, sa.func.count())
        .join(supervision_items, supervision_items.c.item_id == rungs.c.item_id)
        .where(supervision_items.c.campaign_id == campaign_id, rungs.c.at <= moment, visible_items(actor))
        .group_by(rungs.c.instrument)
    )
    named = [rung.instrument for rung in rulings.ladder(reader, campaign_id).rungs]
    return dict.fromkeys(named, 0) | {instrument: count for instrument, count in found}


def _items(reader: Reader, campaign_id: str, moment: datetime, actor: Actor) -> dict[str, int]:
    closed = sa.and_(supervision_items.c.closed_at.is_not(None), supervision_items.c.closed_at <= moment)
    row = reader.execute(
        sa.select(sa.func.count(), sa.func.coalesce(sa.func.sum(sa.case((closed, 1), else_=0)), 0)).where(
            supervision_items.c.campaign_id == campaign_id,
            supervision_items.c.opened_at <= moment,
            visible_items(actor),
        )
    ).one()
    return {"opened": row[0], "closed": int(row[1]), "open": row[0] - int(row[1])}


def _reports(reader: Reader, campaign_id: str, moment: datetime, actor: Actor) -> dict[str, int]:
    """`due` leaves out what was history when the campaign was opened."""
    counts = dict.fromkeys(("history", "due", "on_time", "late", "overdue", "ahead"), 0)
    for row in reader.execute(
        sa.select(reports.c.state, reports.c.due_at, reports.c.submitted_at).where(
            reports.c.campaign_id == campaign_id, visible_reports(actor)
        )
    ):
        submitted = row.submitted_at if row.submitted_at and row.submitted_at <= moment else None
        if row.state == "HISTORY":
            counts["history"] += 1
        elif submitted is not None:
            counts["due"] += 1
            counts["on_time" if submitted <= row.due_at else "late"] += 1
        elif row.due_at < moment:
            counts["due"] += 1
            counts["overdue"] += 1
        else:
            counts["ahead"] += 1
    return counts


def _rates(counts: Mapping[str, int]) -> dict[str, str]:
    """Percent with two decimals, half up; — where nothing can be divided."""
    return {
        "completion": percent(counts["done"], counts["retained"]),
        "excluded": percent(counts["excluded"], counts["surveyed"]),
        "struck_off": percent(counts["struck_off"], counts["retained"]),
        "surveyed": percent(counts["surveyed"], counts["registered"]),
        "relapse": percent(counts["relapsed"], counts["looked_back"]),
    }


def _by(
    names: Mapping[str, str], slices: tuple[Slice, ...], unit_of: Callable[[Slice], str]
) -> tuple[BreakdownRow, ...]:
    parts: dict[str, list[Slice]] = {}
    for part in slices:
        parts.setdefault(unit_of(part), []).append(part)
    return tuple(
        BreakdownRow(unit_id, name, counting.total(parts[unit_id]))
        for unit_id, name in names.items()
        if unit_id in parts
    )


def _area_faults(reader: Reader, shown: Figures, as_of: datetime | None, actor: Actor) -> list[str]:
    """Rows by area, and by lead, must add up to the total."""
    if as_of is not None and as_of != reader.now:
        return []
    faults = []
    parts = breakdown(reader, shown.campaign_id, actor)
    for name, rows in (("area", parts.by_area), ("lead", parts.by_lead)):
        for count, total in shown.counts.items():
            summed = sum(row.counts[count] for row in rows)
            if summed != total:
                faults.append(f"{count} = Σ by {name}: {total} ≠ {summed}")
    return faults
