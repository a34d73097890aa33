"""Rows of model drafts: the drafts, every save of one, the bytes that the saves name, the comments."""

import zlib
from collections.abc import Iterable, Mapping
from typing import Any

import sqlalchemy as sa

from engine.digests import sha256_of
from engine.domain.model_draft import UNDER_WAY, Origin
from engine.errors import NotFound
from engine.store.schema import definitions, model_comments, model_contents, model_drafts, model_saves
from engine.store.transaction import Reader, Transaction

Scope = Reader | Transaction
Row = Mapping[str, Any]


# -- drafts ------------------------------------------------------------------------------------------------------------
def get(scope: Scope, draft_id: str) -> Row:
    """Raises NotFound."""
    return _found(scope.execute(_one(draft_id)).mappings().first(), draft_id)


def lock(tx: Transaction, draft_id: str) -> Row:
    """As `get`; nobody else changes the draft until this is over."""
    query = _one(draft_id)
    return _found(tx.execute(query if tx.is_sqlite else query.with_for_update()).mappings().first(), draft_id)


def under_way(scope: Scope, key: str) -> Row | None:
    """The one draft of a folder that is open or waits for a second person."""
    query = sa.select(model_drafts).where(model_drafts.c.key == key, model_drafts.c.state.in_(UNDER_WAY))
    return scope.execute(query).mappings().first()


def add(tx: Transaction, **values: Any) -> None:
    tx.execute(model_drafts.insert().values(**values))


def update(tx: Transaction, draft_id: str, **values: Any) -> None:
    tx.execute(model_drafts.update().where(model_drafts.c.draft_id == draft_id).values(**values))


def _one(draft_id: str) -> sa.Select[Any]:
    return sa.select(model_drafts).where(model_drafts.c.draft_id == draft_id)


def _found(row: Row | None, draft_id: str) -> Row:
    if row is None:
        raise NotFound("model_unknown", f"There is no model draft {draft_id}.", draft=draft_id)
    return row


# -- saves -------------------------------------------------------------------------------------------------------------
def add_save(tx: Transaction, draft_id: str, revision: int, files: Mapping[str, str], origin: Origin) -> None:
    """`files`: sha256 by name; their bytes were put away by `keep`."""
    tx.execute(
        model_saves.insert().values(
            draft_id=draft_id,
            revision=revision,
            files=dict(sorted(files.items())),
            by_id=tx.actor.person_id,
            by_name=tx.actor.name,
            at=tx.now,
            note=origin.note,
            how=origin.how,
            number=origin.number,
        )
    )


def files_of(scope: Scope, draft_id: str, revision: int) -> dict[str, str]:
    """sha256 by name. Raises NotFound."""
    query = sa.select(model_saves.c.files).where(model_saves.c.draft_id == draft_id, model_saves.c.revision == revision)
    found = scope.execute(query).scalar()
    if found is None:
        raise NotFound(
            "model_save_unknown", f"Draft {draft_id} has no save {revision}.", draft=draft_id, revision=revision
        )
    return dict(found)


def save_of(scope: Scope, draft_id: str, revision: int) -> Row:
    """The whole row. Raises NotFound."""
    query = sa.select(model_saves).where(model_saves.c.draft_id == draft_id, model_saves.c.revision == revision)
    row = scope.execute(query).mappings().first()
    if row is None:
        raise NotFound(
            "model_save_unknown", f"Draft {draft_id} has no save {revision}.", draft=draft_id, revision=revision
        )
    return row


def savers(scope: Scope, draft_id: str) -> tuple[str, ...]:
    """The ids of those who made any save of the draft, the first one included."""
    query = sa.select(model_saves.c.by_id).where(model_saves.c.draft_id == draft_id)
    return tuple(scope.execute(query.distinct().order_by(model_saves.c.by_id)).scalars())


# -- bytes -------------------------------------------------------------------------------------------------------------
def keep(tx: Transaction, content: bytes) -> str:
    """Puts bytes away, once however often they come. Returns their sha256."""
    sha256 = sha256_of(content)
    tx.insert_missing(model_contents, sha256=sha256, size_bytes=len(content), content=zlib.compress(content))
    return sha256


def contents(scope: Scope, digests: Iterable[str]) -> dict[str, bytes]:
    """The bytes by sha256, as they came."""
    query = sa.select(model_contents.c.sha256, model_contents.c.content).where(
        model_contents.c.sha256.in_(list(set(digests)))
    )
    return {row.sha256: zlib.decompress(row.content) for row in scope.execute(query)}


def sizes(scope: Scope, files: Mapping[str, str]) -> dict[str, int]:
    """Bytes by file name."""
    query = sa.select(model_contents.c.sha256, model_contents.c.size_bytes).where(
        model_contents.c.sha256.in_(list(set(files.values())))
    )
    known = {row.sha256: row.size_bytes for row in scope.execute(query)}
    return {name: known[sha256] for name, sha256 in files.items()}


def read_files(scope: Scope, files: Mapping[str, str]) -> dict[str, bytes]:
    """The bytes by name."""
    known = contents(scope, files.values())
    return {name: known[sha256] for name, sha256 in files.items()}


# -- comments ----------------------------------------------------------------------------------------------------------
def add_comment(tx: Transaction, **values: Any) -> None:
    tx.execute(model_comments.insert().values(by_id=tx.actor.person_id, by_name=tx.actor.name, at=tx.now, **values))


def lock_comment(tx: Transaction, comment_id: str) -> Row:
    """Raises NotFound."""
    query = sa.select(model_comments).where(model_comments.c.comment_id == comment_id)
    row = tx.execute(query if tx.is_sqlite else query.with_for_update()).mappings().first()
    if row is None:
        raise NotFound("model_comment_unknown", f"There is no comment {comment_id}.", comment=comment_id)
    return row


def resolve_comment(tx: Transaction, comment_id: str) -> None:
    tx.execute(
        model_comments.update()
        .where(model_comments.c.comment_id == comment_id)
        .values(resolved_by_id=tx.actor.person_id, resolved_by=tx.actor.name, resolved_at=tx.now)
    )


def version_of(scope: Scope, definition_id: str | None) -> int | None:
    query = sa.select(definitions.c.version).where(definitions.c.definition_id == definition_id)
    return scope.execute(query).scalar() if definition_id else None
