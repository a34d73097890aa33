"""Drafts of letters, what each would make, and the versions of their words."""

from collections.abc import Mapping, Sequence
from typing import Any

import sqlalchemy as sa

from engine.domain.drafting import OPEN, Standing, Wording, arranged_mark
from engine.domain.reviewed import Reviewed
from engine.errors import NotFound
from engine.store.schema import (
    draft_letters,
    draft_texts,
    letter_addressees,
    letter_drafts,
    letter_services,
    letters,
    memberships,
    task_groups,
    tasks,
    units,
)
from engine.store.transaction import Reader, Transaction

Scope = Reader | Transaction


def add(tx: Transaction, values: Mapping[str, Any], targets: Sequence[tuple[Sequence[str], Sequence[str]]]) -> None:
    """`targets`: unit ids and case ids of each letter, in the order of the numbers."""
    tx.execute(letter_drafts.insert().values(**values))
    for position, (unit_ids, case_ids) in enumerate(targets, start=1):
        tx.execute(
            draft_letters.insert().values(
                draft_id=values["draft_id"], position=position, unit_ids=list(unit_ids), case_ids=list(case_ids)
            )
        )


def get(scope: Scope, draft_id: str) -> Mapping[str, Any]:
    """Raises NotFound."""
    row = scope.execute(sa.select(letter_drafts).where(letter_drafts.c.draft_id == draft_id)).mappings().first()
    if row is None:
        raise NotFound("draft_unknown", f"There is no draft {draft_id}.", draft=draft_id)
    return dict(row)


def update(tx: Transaction, draft_id: str, **values: Any) -> None:
    tx.execute(letter_drafts.update().where(letter_drafts.c.draft_id == draft_id).values(**values))


def letters_of(scope: Scope, draft_id: str) -> list[Mapping[str, Any]]:
    """By position."""
    query = sa.select(draft_letters).where(draft_letters.c.draft_id == draft_id).order_by(draft_letters.c.position)
    return list(scope.execute(query).mappings())


def set_letter(tx: Transaction, draft_id: str, position: int, letter_id: str) -> None:
    of_draft = sa.and_(draft_letters.c.draft_id == draft_id, draft_letters.c.position == position)
    tx.execute(draft_letters.update().where(of_draft).values(letter_id=letter_id))


def keep_reviewed(tx: Transaction, draft_id: str, position: int, kept: Reviewed | None) -> None:
    of_letter = sa.and_(draft_letters.c.draft_id == draft_id, draft_letters.c.position == position)
    values = {"definition_id": kept and kept.definition_id, "variables": dict(kept.variables) if kept else sa.null()}
    tx.execute(draft_letters.update().where(of_letter).values(**values))


def reviewed_of(planned: Mapping[str, Any]) -> Reviewed | None:
    """What a row of `letters_of` keeps; None while it is with its writer for the first time."""
    return Reviewed(planned["definition_id"], planned["variables"]) if planned["definition_id"] else None


def add_text(tx: Transaction, draft_id: str, position: int, wording: Wording) -> int:
    """Returns the version, from 1."""
    of_letter = sa.and_(draft_texts.c.draft_id == draft_id, draft_texts.c.position == position)
    last = tx.execute(sa.select(sa.func.max(draft_texts.c.version)).where(of_letter)).scalar() or 0
    tx.execute(
        draft_texts.insert().values(
            draft_id=draft_id,
            position=position,
            version=last + 1,
            **wording.to_json(),
            written_at=tx.now,
            written_by_id=tx.actor.person_id,
            written_by=tx.actor.name,
        )
    )
    return int(last) + 1


def texts_of(scope: Scope, draft_id: str) -> list[Mapping[str, Any]]:
    """Every version of every letter's words, the newest of a letter last."""
    query = sa.select(draft_texts).where(draft_texts.c.draft_id == draft_id)
    return list(scope.execute(query.order_by(draft_texts.c.position, draft_texts.c.version)).mappings())


def wordings_of(scope: Scope, draft_id: str) -> dict[int, Wording]:
    """The newest words of each letter whose writer changed them, by position."""
    return {row["position"]: Wording(row["title"], tuple(row["lines"])) for row in texts_of(scope, draft_id)}


def standing(scope: Scope, draft: Mapping[str, Any]) -> Standing:
    """As a row of `get` and the words of its letters stand."""
    newest = {row["position"]: row["version"] for row in texts_of(scope, draft["draft_id"])}
    positions = [one["position"] for one in letters_of(scope, draft["draft_id"])]
    return Standing(tuple(newest.get(position, 0) for position in positions), arranged_mark(draft))


def units_by_id(scope: Scope, unit_ids: Sequence[str]) -> dict[str, tuple[str, str]]:
    """unit id -> (name, kind), in the order of the tree."""
    query = sa.select(units.c.unit_id, units.c.name, units.c.kind).where(units.c.unit_id.in_(list(unit_ids)))
    return {row.unit_id: (row.name, row.kind) for row in scope.execute(query.order_by(units.c.position))}


def add_addressees(tx: Transaction, letter_id: str, unit_ids: Sequence[str]) -> None:
    rows = [
        {"letter_id": letter_id, "position": position, "unit_id": unit_id}
        for position, unit_id in enumerate(unit_ids, start=1)
    ]
    tx.execute(letter_addressees.insert(), rows)


def addressees_of(scope: Scope, letter_id: str) -> list[tuple[str, str]]:
    """(unit id, name) of every 主送机关 of a letter to several; empty for a letter to one."""
    query = (
        sa.select(units.c.unit_id, units.c.name)
        .join(letter_addressees, letter_addressees.c.unit_id == units.c.unit_id)
        .where(letter_addressees.c.letter_id == letter_id)
        .order_by(letter_addressees.c.position)
    )
    return [(row.unit_id, row.name) for row in scope.execute(query)]


def open_tasks(tx: Transaction, instance_id: str) -> list[str]:
    """The live tasks of an instance, in the order they were opened."""
    query = sa.select(tasks.c.task_id).where(tasks.c.instance_id == instance_id, tasks.c.state.in_(("OPEN", "CLAIMED")))
    return list(tx.execute(query.order_by(tasks.c.opened_at, tasks.c.task_id)).scalars())


def unit_names_of_task(scope: Scope, task_id: str) -> list[str]:
    """To which units a task is offered."""
    query = (
        sa.select(units.c.name)
        .join(task_groups, task_groups.c.unit_id == units.c.unit_id)
        .where(task_groups.c.task_id == task_id)
        .distinct()
        .order_by(units.c.name)
    )
    return list(scope.execute(query).scalars())


def has_staff(scope: Scope, unit_id: str) -> bool:
    """Whether somebody there may countersign."""
    query = sa.select(memberships.c.person_id).where(
        memberships.c.unit_id == unit_id, memberships.c.role.in_(("head", "officer"))
    )
    return scope.execute(query).first() is not None


def counting_correction(letter_id: Any) -> sa.ScalarSelect[Any]:
    """The id of the letter that corrects the one of this id or column. A void correction replaces nothing, and of the
    others there is one: `letter_rows.issue` looks under the lock of the corrected letter."""
    newer, stands = letters.alias(), letter_services.alias()
    return (
        sa.select(newer.c.letter_id)
        .join(stands, stands.c.letter_id == newer.c.letter_id)
        .where(newer.c.corrects_id == letter_id, stands.c.state != "VOID")
        .order_by(newer.c.issued_at, newer.c.letter_id)
        .limit(1)
        .correlate_except(newer, stands)
        .scalar_subquery()
    )


def correction_of(scope: Scope, letter_id: str) -> tuple[str, str] | None:
    """(letter id, number) of the letter that corrects this one and is not void."""
    query = sa.select(letters.c.letter_id, letters.c.number).where(
        letters.c.letter_id == counting_correction(letter_id)
    )
    row = scope.execute(query).first()
    return (row.letter_id, row.number) if row else None


def open_about(scope: Scope, kind: str, case_ids: Sequence[str]) -> dict[str, Mapping[str, Any]]:
    """case id -> the first open draft of this kind about it (draft_id, subject, written_by); none that corrects."""
    query = (
        sa.select(letter_drafts, draft_letters.c.case_ids)
        .join(draft_letters, draft_letters.c.draft_id == letter_drafts.c.draft_id)
        .where(letter_drafts.c.kind == kind, letter_drafts.c.state.in_(OPEN), letter_drafts.c.corrects_id.is_(None))
        .order_by(letter_drafts.c.written_at.desc(), letter_drafts.c.draft_id.desc())
    )
    asked = set(case_ids)
    return {case_id: row for row in scope.execute(query).mappings() for case_id in row["case_ids"] if case_id in asked}


def open_correction_of(scope: Scope, letter_id: str) -> str | None:
    """The draft that is about to correct this letter."""
    query = sa.select(letter_drafts.c.draft_id).where(
        letter_drafts.c.corrects_id == letter_id, letter_drafts.c.state.not_in(("SIGNED", "WITHDRAWN"))
    )
    return scope.execute(query).scalar()
