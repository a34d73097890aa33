"""What is late, by whom, since when and on which rung; and one supervision item with all that happened to it."""

from collections.abc import Mapping
from dataclasses import dataclass

from flask import render_template

from engine.commands.report_letters import KINDS as REPORT_KINDS
from engine.domain.escalation import Ladder
from engine.queries.desk import DeskFilter, DeskPage, DeskRow
from engine.queries.items import ItemPage
from engine.queries.waiting_letters import WaitingPage
from web.desk.drafts import ISSUABLE
from web.desk.ladder import Step, strip
from web.permission import CASE_ROLES, needs
from web.request import actor, engine, page_number, text
from web.why import TABLE_READERS, Why, why

WATCHERS = ("supervisor", "leader", "inspector")


@dataclass(frozen=True)
class Row:
    """A late task with its strip of rungs. Cases and reports are ticked apart: each has letters of its own."""

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
    report_letter_kinds: tuple[str, ...]
    late_letters: WaitingPage
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
    """`why` by the position of a rung."""

    item: ItemPage
    steps: tuple[Step, ...]
    why: Mapping[int, Why | None]
    why_due: Why | None
    why_next: Why | None
    may_read_tables: bool
    may_issue: bool
    may_see_desk: bool

    @property
    def is_open(self) -> bool:
        return self.item.state != "RESOLVED"

    def rule_version(self, rule: str) -> str:
        """The version of the folder whose table decided a rung; empty when a person did."""
        return rule.partition("@")[2].partition("/")[0]


@needs(*WATCHERS)
def desk() -> str:
    wanted = _filter()
    found = engine().read.desk(actor(), wanted)
    ladders = {row.campaign_id: engine().read.ladder(row.campaign_id) for row in engine().read.campaigns()}
    page = OverviewPage(
        filter=wanted,
        desk=found,
        rows=tuple(Row(row, strip(ladders[row.campaign_id], row.level)) for row in found.rows),
        rungs=_rungs(found, [ladders[wanted.campaign]] if wanted.campaign in ladders else list(ladders.values())),
        campaigns=tuple((row.campaign_id, row.title) for row in engine().read.campaigns()),
        letter_kinds=ISSUABLE,
        report_letter_kinds=REPORT_KINDS if any(row.report_id and row.item_id for row in found.rows) else (),
        late_letters=engine().read.late_letters(actor()),
        may_issue=_may_issue(),
    )
    return render_template("desk/overview.html", page=page)


@needs(*CASE_ROLES)
def item(item_id: str) -> str:
    found = engine().read.item(actor(), item_id)
    ladder = engine().read.ladder(found.campaign_id)
    steps = strip(ladder, found.level, (rung.instrument for rung in found.rungs))
    read = engine().read
    view = ItemView(
        item=found,
        steps=steps,
        why={position: why(each) for position, each in read.explain_rungs(actor(), item_id).items()},
        why_due=why(read.explain_item_due(actor(), item_id)),
        why_next=why(read.explain_next(actor(), item_id) or read.explain_signing(actor(), item_id)),
        may_read_tables=actor().has_role(*TABLE_READERS),
        may_issue=_may_issue(),
        may_see_desk=actor().has_role(*WATCHERS),
    )
    return render_template("desk/item.html", page=view)


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


def _rungs(desk: DeskPage, ladders: list[Ladder]) -> tuple[RungCount, ...]:
    """Every rung in the order of the ladder, also those on which nothing stands; nothing sent yet comes first.

    Where several campaigns have ladders of their own, a level that means different things is called by the first.
    """
    named: dict[int, str] = {}
    for rung in (rung for ladder in ladders for rung in ladder.rungs):
        named.setdefault(rung.level, rung.instrument)
    not_yet = desk.by_level.get("none", 0)
    opened = desk.by_level.get("-1", 0)
    counts = [RungCount("none", "", not_yet)]
    if opened:
        counts.append(RungCount("-1", "opened", opened))
    return (
        *counts,
        *(RungCount(str(level), name, desk.by_level.get(str(level), 0)) for level, name in sorted(named.items())),
    )
