"""The tables of maintained counters: how many cases there are of every kind that the figures tell apart."""

from datetime import UTC, datetime
from typing import Any

import sqlalchemy as sa

from engine.store.columns import Id, Instant, metadata

# No due date: later than every instant that is asked about, and inside what every database and driver can hold in any
# time zone.
NEVER = datetime(9999, 1, 1, tzinfo=UTC)


def _serial() -> sa.Column[Any]:
    kind = sa.BigInteger().with_variant(sa.Integer, "sqlite")
    return sa.Column("tally_id", kind, primary_key=True, autoincrement=True)


# In both, the sum of `n` over one key is the number of its cases; rows are only added, and folded from time to time.
case_tallies = sa.Table(  # all cases, by what does not depend on the hour
    "case_tallies",
    metadata,
    _serial(),
    sa.Column("campaign_id", Id, nullable=False),
    sa.Column("area_id", Id, nullable=False),
    sa.Column("lead_id", Id, nullable=False),
    sa.Column("state", sa.String(16), nullable=False),
    sa.Column("phase", sa.String(16), nullable=False),
    sa.Column("disposition", sa.String(16), nullable=False),  # empty: undecided
    sa.Column("is_surveyed", sa.Boolean, nullable=False),
    sa.Column("is_done", sa.Boolean, nullable=False),
    sa.Column("is_looked_back", sa.Boolean, nullable=False),
    sa.Column("is_relapsed", sa.Boolean, nullable=False),
    sa.Column("is_returned", sa.Boolean, nullable=False),
    sa.Column("n", sa.Integer, nullable=False),
    sa.Index("ix_case_tallies_campaign_id", "campaign_id"),
)
due_tallies = sa.Table(  # open cases, by when they turn yellow and red
    "due_tallies",
    metadata,
    _serial(),
    sa.Column("campaign_id", Id, nullable=False),
    sa.Column("area_id", Id, nullable=False),
    sa.Column("lead_id", Id, nullable=False),
    sa.Column("due_at", Instant, nullable=False),  # NEVER without one
    sa.Column("yellow_at", Instant, nullable=False),
    sa.Column("n", sa.Integer, nullable=False),
    sa.Index("ix_due_tallies_campaign_id", "campaign_id"),
)
