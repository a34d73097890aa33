"""Deployed definitions and their files, kept byte for byte. A version never changes."""

from collections.abc import Mapping, Sequence

import sqlalchemy as sa

from engine.bpmn.definition import Definition
from engine.digests import sha256_of, sha256_of_files
from engine.store.schema import definition_files, definitions
from engine.store.transaction import Transaction

_LATEST = (
    sa.select(definitions.c.definition_id)
    .where(definitions.c.key == sa.bindparam("key"))
    .order_by(definitions.c.version.desc())
    .limit(1)
)


def find(tx: Transaction, key: str, files: Mapping[str, bytes]) -> tuple[str, int] | None:
    """Id and version that have exactly these files: the newest where it does, else the first."""
    if is_newest(tx, key, files):
        return str(latest_id(tx.connection, key)), newest_version(tx, key)
    return _find_by_digest(tx, key, sha256_of_files(files))


def _find_by_digest(tx: Transaction, key: str, sha256: str) -> tuple[str, int] | None:
    row = tx.execute(
        sa.select(definitions.c.definition_id, definitions.c.version).where(
            definitions.c.key == key, definitions.c.sha256 == sha256
        )
    ).first()
    return (row.definition_id, row.version) if row else None


def lock_key(tx: Transaction, key: str) -> None:
    """One after the other: whoever adds a version of a key, or asks which is the newest and acts on the answer."""
    tx.lock_name(f"definition {key}")


def newest_version(tx: Transaction, key: str) -> int:
    """0 for a key without versions."""
    return tx.execute(sa.select(sa.func.max(definitions.c.version)).where(definitions.c.key == key)).scalar() or 0


def is_newest(tx: Transaction, key: str, files: Mapping[str, bytes]) -> bool:
    """Whether the newest version has exactly these files."""
    definition_id = latest_id(tx.connection, key)
    return definition_id is not None and dict(load(tx.connection, (definition_id,))[0].files) == dict(files)


def add(tx: Transaction, *, key: str, name: str, files: Mapping[str, bytes]) -> tuple[str, int]:
    """Returns the new version's id and number; the key is locked.

    The id names the content, so that caches keyed by it can never be stale; of files that an earlier version had, the
    content and the number.
    """
    version = newest_version(tx, key) + 1
    sha256 = sha256_of_files(files)
    if _find_by_digest(tx, key, sha256) is not None:
        sha256 = sha256_of(f"{sha256} {version}".encode())
    definition_id = f"{key}-{sha256[:24]}"
    tx.execute(
        definitions.insert().values(
            definition_id=definition_id,
            key=key,
            version=version,
            sha256=sha256,
            name=name,
            deployed_at=tx.now,
            deployed_by=tx.actor.name,
        )
    )
    tx.execute(
        definition_files.insert(),
        [{"definition_id": definition_id, "name": file, "content": content} for file, content in files.items()],
    )
    return definition_id, version


def latest_id(connection: sa.Connection, key: str) -> str | None:
    return connection.execute(_LATEST, {"key": key}).scalar()


def latest_keys(connection: sa.Connection) -> list[str]:
    return list(connection.execute(sa.select(definitions.c.key).distinct().order_by(definitions.c.key)).scalars())


def load(connection: sa.Connection, definition_ids: Sequence[str]) -> tuple[Definition, ...]:
    """In the order asked for. Bytes are immutable, so callers may cache by id for ever."""
    rows = {
        row.definition_id: row
        for row in connection.execute(sa.select(definitions).where(definitions.c.definition_id.in_(definition_ids)))
    }
    files: dict[str, dict[str, bytes]] = {definition_id: {} for definition_id in definition_ids}
    found = connection.execute(sa.select(definition_files).where(definition_files.c.definition_id.in_(definition_ids)))
    for file in found:
        files[file.definition_id][file.name] = file.content
    return tuple(
        Definition(definition_id, rows[definition_id].key, rows[definition_id].version, files[definition_id])
        for definition_id in definition_ids
    )
