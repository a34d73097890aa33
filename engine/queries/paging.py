"""Pages of a list: what page there is and how many follow. Every list has a limit.

A list that can be very long is read in branches, each of them in the order of an index, and counted only so far.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any, Self

import sqlalchemy as sa

PER_PAGE = 25
COUNTED_TO = 999  # what is more is shown as 999+


class Count(int):
    """A number of rows; with `is_floor` there are at least so many, and it writes itself as 999+."""

    is_floor: bool

    def __new__(cls, value: int, is_floor: bool = False) -> "Count":
        made = super().__new__(cls, value)
        made.is_floor = is_floor
        return made

    @classmethod
    def of(cls, number: int) -> "Count":
        return number if isinstance(number, Count) else cls(number)

    def __str__(self) -> str:
        return f"{int(self)}+" if self.is_floor else str(int(self))


@dataclass(frozen=True)
class Page:
    """`number` counts from 1 and is always one that exists; `total` is the number of rows on all pages. Both `pages`
    and `total` may be a `Count` that is a floor."""

    number: int
    pages: int
    total: int
    per_page: int = PER_PAGE

    @property
    def offset(self) -> int:
        return (self.number - 1) * self.per_page


def page_of(execute: Any, query: sa.Select[Any], wanted: int, per_page: int = PER_PAGE) -> Page:
    """Count `query` (without its order) and clamp the wanted page into what exists."""
    total = execute(sa.select(sa.func.count()).select_from(query.order_by(None).subquery())).scalar_one()
    pages = max(1, -(-total // per_page))
    return Page(min(max(wanted, 1), pages), pages, total, per_page)


def page_within(total: Count, wanted: int, per_page: int = PER_PAGE) -> Page:
    """The wanted page of so many rows, or the last one that is known to exist."""
    pages = Count(max(1, -(-total // per_page)), total.is_floor)
    return Page(min(max(wanted, 1), int(pages)), pages, total, per_page)


def horizon(wanted: int, per_page: int = PER_PAGE) -> int:
    """How many rows are counted for a list of which page `wanted` is shown: COUNTED_TO beyond that page."""
    return (max(wanted, 1) - 1) * per_page + COUNTED_TO


@dataclass(frozen=True)
class Branch:
    """A part of a list that an index serves in the order of the whole: `query` names its columns as the other branches
    do, `order` is by columns of that query's tables."""

    query: sa.Select[Any]
    order: tuple[Any, ...]

    def where(self, *conditions: Any) -> Self:
        return replace(self, query=self.query.where(*conditions))


def first(branches: Sequence[Branch], count: Any) -> sa.Subquery:
    """The first `count` rows of each branch, each row once. The first `count` of the whole list are among them. `count`
    is a number or stands for one that is told later."""
    parts = [branch.query.order_by(*branch.order).limit(count).subquery() for branch in branches]
    if len(parts) == 1:
        return parts[0]
    return sa.union(*(sa.select(part) for part in parts)).subquery()


def capped(branches: Sequence[Branch], up_to: int) -> sa.ScalarSelect[Any]:
    """How many rows the branches have together, looking at no more than one beyond `up_to`; see `count_of`."""
    if not branches:
        return sa.select(sa.literal(0)).scalar_subquery()
    seen = some(branches, up_to + 1)
    key = next(iter(seen.c))
    distinct = sa.func.count() if len(branches) == 1 else sa.func.count(key.distinct())
    counted = sa.case((sa.func.count() > up_to, -distinct), else_=distinct)
    return sa.select(counted).select_from(seen).scalar_subquery()


def some(branches: Sequence[Branch], count: int) -> sa.Subquery:
    """Any `count` rows, one that two branches have perhaps twice: stops as soon as it has so many."""
    if len(branches) == 1:
        return branches[0].query.limit(count).subquery()
    return sa.union_all(*(branch.query for branch in branches)).limit(count).subquery()


def count_of(counted: int, up_to: int = COUNTED_TO) -> Count:
    """What `capped` answered; below zero there are at least so many."""
    return Count(min(abs(counted), up_to), counted < 0)


def like(text: str) -> str:
    """A LIKE pattern that finds `text` anywhere; its own % and _ mean themselves (escape with a backslash)."""
    escaped = text.replace("\\", "\\\\").replace("%", "\\%").replace("_", "\\_")
    return f"%{escaped}%"
