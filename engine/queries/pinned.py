"""How many running instances go by each definition: as their own process, or as one that they call.

An instance keeps the versions of all its processes from its start until it is migrated.
"""

import json
from collections import Counter

import sqlalchemy as sa

from engine.domain.instance import InstanceState
from engine.store.schema import instances
from engine.store.transaction import Reader


def running_by_definition(reader: Reader) -> Counter[str]:
    """Definition id -> instances. Most instances have the same list, so that few rows come back."""
    listed = sa.cast(instances.c.definition_ids, sa.Text)
    query = sa.select(listed, sa.func.count()).where(instances.c.state == InstanceState.ACTIVE).group_by(listed)
    found: Counter[str] = Counter()
    for definition_ids, count in reader.execute(query):
        for definition_id in set(json.loads(definition_ids)):
            found[definition_id] += count
    return found
