"""What a forecast takes from the database: everything deployed in its newest version, and the record of a campaign."""

from collections.abc import Iterator
from datetime import datetime

import sqlalchemy as sa

from engine import plans
from engine.errors import NotFound
from engine.forecast.ground import Material
from engine.forecast.history import Spell
from engine.store import definitions
from engine.store import plans as store
from engine.store.schema import cases, tasks
from engine.store.transaction import Reader

MAX_SPELLS = 200_000


def forecast_material(reader: Reader, campaign_id: str) -> Material:
    """Raises NotFound for a campaign that is not open."""
    content = store.campaign_content(reader.connection, campaign_id)
    if content is None:
        raise NotFound("campaign_unknown", f"There is no campaign {campaign_id}.", campaign=campaign_id)
    keys = definitions.latest_keys(reader.connection)
    folders = {key: dict(plans.newest_files(reader, key)) for key in keys}
    return Material(folders, content, tuple(store.calendar_contents(reader.connection)))


def forecast_history(
    reader: Reader, campaign_id: str, *, since: datetime | None = None, until: datetime | None = None
) -> tuple[Spell, ...]:
    """The tasks of a campaign's cases, the oldest first; those opened from `since` on, as they stood at `until`."""
    return tuple(_spells(reader, campaign_id, since, until))


def _spells(reader: Reader, campaign_id: str, since: datetime | None, until: datetime | None) -> Iterator[Spell]:
    wanted = [tasks.c.campaign_id == campaign_id, tasks.c.state.in_(("OPEN", "CLAIMED", "COMPLETED"))]
    wanted += [tasks.c.opened_at >= since] if since is not None else []
    wanted += [tasks.c.opened_at < until] if until is not None else []
    columns = (tasks.c.process_key, tasks.c.element_id, tasks.c.opened_at, tasks.c.completed_at, tasks.c.variables)
    rows = sa.select(*columns).where(*wanted).order_by(tasks.c.opened_at, tasks.c.task_id).limit(MAX_SPELLS)
    for row in reader.execute(rows):
        closed_at = row.completed_at
        if until is not None and closed_at is not None and closed_at >= until:
            closed_at = None
        place = f"{row.process_key}:{row.element_id}"
        yield Spell(place, row.opened_at, closed_at, row.variables or {} if closed_at is not None else {})


def forecast_arrivals(reader: Reader, campaign_id: str) -> tuple[tuple[datetime, str], ...]:
    """When each case was registered, and its area."""
    found = sa.select(cases.c.registered_at, cases.c.area_id).where(cases.c.campaign_id == campaign_id)
    rows = reader.execute(found.order_by(cases.c.registered_at, cases.c.case_id))
    return tuple((row.registered_at, row.area_id) for row in rows)
