"""Rows of the playground: one session a person and draft."""

from collections.abc import Mapping
from typing import Any

import sqlalchemy as sa

from engine.store.schema import model_trials
from engine.store.transaction import Reader, Transaction

Row = Mapping[str, Any]


def get(scope: Reader | Transaction, draft_id: str, person_id: str) -> Row | None:
    found: Row | None = scope.execute(sa.select(model_trials).where(*_of(draft_id, person_id))).mappings().first()
    return found


def keep(tx: Transaction, draft_id: str, script: str, moves: int) -> None:
    """The actor's session; `moves` is its new number. The draft is locked."""
    values = {"script": script, "moves": moves, "at": tx.now}
    if moves == 1:
        drop(tx, draft_id)
        tx.execute(model_trials.insert().values(draft_id=draft_id, person_id=tx.actor.person_id, **values))
    else:
        tx.execute(model_trials.update().where(*_of(draft_id, tx.actor.person_id)).values(**values))


def drop(tx: Transaction, draft_id: str) -> None:
    tx.execute(model_trials.delete().where(*_of(draft_id, tx.actor.person_id)))


def _of(draft_id: str, person_id: str | None) -> tuple[sa.ColumnElement[bool], ...]:
    return model_trials.c.draft_id == draft_id, model_trials.c.person_id == person_id
