"""What is late, by whom, since when and on which rung; and one supervision item with all that happened to it."""

from dataclasses import dataclass

from flask import render_template

from engine.domain.escalation import LADDER
from engine.queries.desk import DeskFilter, DeskPage, DeskRow, ItemPage
from web.desk.drafts import ISSUABLE
from web.desk.ladder import Step, strip
from web.permission import CASE_ROLES, needs
from web.request import actor, engine, page_number, text

WATCHERS = ("supervisor", "leader", "inspector")


@dataclass(frozen=True)
class Row:
    """A late task with its strip of rungs. Only a case can be ticked: reports are urged by their own process."""

    found: DeskRow
    steps: tuple[Step, ...]

    @property
    def may_be_ticked(self) -> bool:
        return self.found.case_id is not None


@dataclass(frozen=True)
class RungCount:
    """How many late tasks stand on a rung; `level` as the filter wants it, `instrument` empty: nothing was sent yet."""

    level: str
    instrument: str
    count: int


@dataclass(frozen=True)
class OverviewPage:
    filter: DeskFilter
    desk: DeskPage
    rows: tuple[Row, ...]
    rungs: tuple[RungCount, ...]
    campaigns: tuple[tuple[str, str], ...]
    letter_kinds: tuple[str, ...]
    may_issue: bool

    @property
    def total(self) -> int:
        return sum(self.desk.by_level.values())

    @property
    def is_narrowed(self) -> bool:
        return any((self.filter.unit, self.filter.area, self.filter.level, self.filter.text))

    @property
    def units(self) -> tuple[tuple[str, str], ...]:
        return tuple((unit_id, name) for unit_id, name, _ in self.desk.by_unit)

    @property
    def largest(self) -> int:
        """The longest bar of the units."""
        return max((count for _, _, count in self.desk.by_unit), default=1)


@dataclass(frozen=True)
class ItemView:
    item: ItemPage
    steps: tuple[Step, ...]
    may_issue: bool
    may_see_desk: bool

    @property
    def is_open(self) -> bool:
        return self.item.state != "RESOLVED"

    def rule_version(self, rule: str) -> str:
        """The version of the process whose table decided a rung; empty when a person did."""
        return rule.partition("@")[2].partition("/")[0]


@needs(*WATCHERS)
def desk() -> str:
    wanted = _filter()
    found = engine().read.desk(actor(), wanted)
    page = OverviewPage(
        filter=wanted,
        desk=found,
        rows=tuple(Row(row, strip(row.level)) for row in found.rows),
        rungs=_rungs(found),
        campaigns=tuple((row.campaign_id, row.title) for row in engine().read.campaigns()),
        letter_kinds=ISSUABLE,
        may_issue=_may_issue(),
    )
    return render_template("desk/overview.html", page=page)


@needs(*CASE_ROLES)
def item(item_id: str) -> str:
    found = engine().read.item(actor(), item_id)
    steps = strip(found.level, (rung.level for rung in found.rungs))
    return render_template("desk/item.html", page=ItemView(found, steps, _may_issue(), actor().has_role(*WATCHERS)))


def _may_issue() -> bool:
    return actor().has_role("supervisor", "leader")


def _filter() -> DeskFilter:
    return DeskFilter(
        campaign=text("campaign"),
        unit=text("unit"),
        area=text("area"),
        level=text("level"),
        text=text("text")[:100],
        page=page_number(),
    )


def _rungs(desk: DeskPage) -> tuple[RungCount, ...]:
    """Every rung in the order of the ladder, also those on which nothing stands; nothing sent yet comes first."""
    not_yet = desk.by_level.get("none", 0)
    opened = desk.by_level.get("-1", 0)
    counts = [RungCount("none", "", not_yet)]
    if opened:
        counts.append(RungCount("-1", "opened", opened))
    return (
        *counts,
        *(RungCount(str(rung.level), rung.instrument, desk.by_level.get(str(rung.level), 0)) for rung in LADDER),
    )
