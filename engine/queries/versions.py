"""The published versions of a process folder, and one of them with its files byte for byte."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime

import sqlalchemy as sa

from engine import plans
from engine.errors import NotFound
from engine.store.schema import definitions
from engine.store.transaction import Reader


@dataclass(frozen=True)
class PublishedVersion:
    definition_id: str
    key: str
    name: str
    version: int
    deployed_at: datetime
    deployed_by: str
    files: Mapping[str, bytes] = field(repr=False)


def published_version(reader: Reader, definition_id: str) -> PublishedVersion:
    """Raises NotFound."""
    row = reader.execute(sa.select(definitions).where(definitions.c.definition_id == definition_id)).first()
    if row is None:
        shown = definition_id[:80]
        raise NotFound("definition_unknown", f"There is no version {shown}.", key=shown, version="")
    return PublishedVersion(
        definition_id,
        row.key,
        row.name,
        row.version,
        row.deployed_at,
        row.deployed_by,
        plans.definition(reader, definition_id).files,
    )


def published_versions(reader: Reader, key: str) -> tuple[tuple[int, str], ...]:
    """(version, definition id), the newest first; empty for a folder that was never published."""
    query = sa.select(definitions.c.version, definitions.c.definition_id).where(definitions.c.key == key)
    return tuple((row[0], row[1]) for row in reader.execute(query.order_by(definitions.c.version.desc())))
