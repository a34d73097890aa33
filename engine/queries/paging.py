"""Pages of a list: what page there is and how many follow. Every list has a limit."""

from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa

PER_PAGE = 25


@dataclass(frozen=True)
class Page:
    """`number` counts from 1 and is always one that exists; `total` is the number of rows on all pages."""

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


def like(text: str) -> str:
    """A LIKE pattern that finds `text` anywhere; its own % and _ mean themselves (escape with a backslash)."""
    escaped = text.replace("\\", "\\\\").replace("%", "\\%").replace("_", "\\_")
    return f"%{escaped}%"
