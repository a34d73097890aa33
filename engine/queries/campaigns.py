"""Open campaigns and the plan behind each."""

from dataclasses import dataclass
from datetime import datetime

import sqlalchemy as sa

from engine import plans
from engine.domain.calendar import WorkCalendar
from engine.domain.campaign import Campaign
from engine.store.schema import campaigns as rows
from engine.store.schema import cases
from engine.store.transaction import Reader


@dataclass(frozen=True)
class CampaignRow:
    campaign_id: str
    title: str
    opened_at: datetime


def campaigns(reader: Reader) -> tuple[CampaignRow, ...]:
    """Newest first."""
    found = reader.execute(
        sa.select(rows.c.campaign_id, rows.c.title, rows.c.opened_at).order_by(
            rows.c.opened_at.desc(), rows.c.campaign_id
        )
    )
    return tuple(CampaignRow(row.campaign_id, row.title, row.opened_at) for row in found)


def campaign(reader: Reader, campaign_id: str) -> Campaign:
    """The whole plan. Raises NotFound."""
    return plans.campaign(reader, campaign_id)


def planned_phases(reader: Reader) -> frozenset[str] | None:
    """The keys of every phase of an open campaign; None where no campaign is open."""
    found = [plans.campaign(reader, row.campaign_id).windows for row in campaigns(reader)]
    return frozenset().union(*found) if found else None


def registered(reader: Reader, campaign_id: str) -> frozenset[str]:
    """The fingerprints of every row of a register that is a case by now."""
    return frozenset(reader.execute(sa.select(cases.c.fingerprint).where(cases.c.campaign_id == campaign_id)).scalars())


def calendar(reader: Reader) -> WorkCalendar:
    return plans.calendar(reader)
