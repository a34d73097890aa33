"""What trials stand on in this house: what is deployed, the campaign's plan, the calendar; and a person's session."""

from dataclasses import dataclass
from datetime import datetime

import sqlalchemy as sa

from engine import plans
from engine.domain.actor import Actor
from engine.errors import NotFound
from engine.store import trials
from engine.store.schema import campaigns, definitions
from engine.store.transaction import Reader
from engine.trials.ground import Ground


@dataclass(frozen=True)
class ModelTrial:
    """A session of the playground. `moves` counts what was done in it, for `KeepTrial`."""

    script: str
    moves: int
    at: datetime


def trial_ground(reader: Reader, campaign_id: str = "") -> Ground:
    """The newest version of every folder, with the plan of that campaign or of the newest one. Raises NotFound."""
    wanted = (
        campaign_id
        or reader.execute(
            sa.select(campaigns.c.campaign_id).order_by(campaigns.c.opened_at.desc(), campaigns.c.campaign_id).limit(1)
        ).scalar()
    )
    if wanted is None:
        raise NotFound("no_campaign", "There is no campaign yet whose plan and calendar a trial could stand on.")
    keys = reader.execute(sa.select(definitions.c.key).distinct().order_by(definitions.c.key)).scalars()
    return Ground(
        {key: plans.newest_files(reader, key) for key in keys}, plans.campaign(reader, wanted), plans.calendar(reader)
    )


def model_trial(reader: Reader, actor: Actor, draft_id: str) -> ModelTrial | None:
    """The actor's own session with the draft; None when there is none."""
    row = trials.get(reader, draft_id, actor.person_id)
    return ModelTrial(row["script"], row["moves"], row["at"]) if row is not None else None
