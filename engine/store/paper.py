"""Letters, their numbers and documents, evidence, and the bytes behind both."""

import hashlib
from collections.abc import Iterable, Mapping
from typing import Any

import sqlalchemy as sa

from engine.store.schema import (
    blobs,
    counters,
    evidence,
    interviews,
    jobs,
    letter_cases,
    letter_documents,
    letter_services,
    letters,
)
from engine.store.transaction import Transaction


def put_blob(tx: Transaction, content: bytes) -> str:
    """Returns the SHA-256 of the bytes; the same bytes are kept once."""
    sha256 = hashlib.sha256(content).hexdigest()
    tx.insert_missing(blobs, sha256=sha256, content=content, size_bytes=len(content))
    return sha256


def take_serial(tx: Transaction, organ_code: str, year: int) -> int:
    """The next number of the organ and year. The counter row's lock keeps them without gap or double (assurance
    E25)."""
    tx.insert_missing(counters, organ_code=organ_code, year=year, last_serial=0)
    tx.execute(
        counters.update()
        .where(counters.c.organ_code == organ_code, counters.c.year == year)
        .values(last_serial=counters.c.last_serial + 1)
    )
    return int(
        tx.execute(
            sa.select(counters.c.last_serial).where(counters.c.organ_code == organ_code, counters.c.year == year)
        ).scalar_one()
    )


def add_letter(tx: Transaction, values: Mapping[str, Any], case_ids: Iterable[str]) -> None:
    """`store.service.add_deliveries` says to whom it goes."""
    tx.execute(letters.insert().values(**values))
    rows = [{"letter_id": values["letter_id"], "case_id": case_id} for case_id in dict.fromkeys(case_ids)]
    if rows:
        tx.execute(letter_cases.insert(), rows)
    tx.execute(letter_services.insert().values(letter_id=values["letter_id"], state="ISSUED"))


def get_letter(connection: Any, letter_id: str) -> Mapping[str, Any] | None:
    return (
        connection.execute(
            sa.select(letters, letter_services.c.state, letter_services.c.received_at, letter_services.c.reply_due_at)
            .join(letter_services, letter_services.c.letter_id == letters.c.letter_id)
            .where(letters.c.letter_id == letter_id)
        )
        .mappings()
        .first()
    )


def lock_letter(tx: Transaction, letter_id: str) -> None:
    tx.execute(sa.select(letter_services.c.letter_id).where(letter_services.c.letter_id == letter_id).with_for_update())


def case_ids_of(connection: Any, letter_id: str) -> list[str]:
    return list(
        connection.execute(
            sa.select(letter_cases.c.case_id)
            .where(letter_cases.c.letter_id == letter_id)
            .order_by(letter_cases.c.case_id)
        ).scalars()
    )


def pass_talk(tx: Transaction, old_id: str, new_id: str) -> None:
    """The talk whose summons or minutes the old letter is has the new one instead."""
    for column in (interviews.c.summons_id, interviews.c.minutes_id):
        tx.execute(interviews.update().where(column == old_id).values({column: new_id}))


def has_document(tx: Transaction, letter_id: str) -> bool:
    return (
        tx.execute(sa.select(letter_documents.c.letter_id).where(letter_documents.c.letter_id == letter_id)).first()
        is not None
    )


def add_document(tx: Transaction, letter_id: str, content: bytes, *, title: str, pages: int) -> str:
    sha256 = put_blob(tx, content)
    tx.execute(
        letter_documents.insert().values(
            letter_id=letter_id, sha256=sha256, title=title, pages=pages, rendered_at=tx.now
        )
    )
    return sha256


def update_service(tx: Transaction, letter_id: str, **values: Any) -> None:
    tx.execute(letter_services.update().where(letter_services.c.letter_id == letter_id).values(**values))


def failed_documents(scope: Any, run_id: str) -> int:
    """How many letters of a run wait for a person: the job that makes their document was given up."""
    failed = sa.select(jobs.c.payload["letter_id"].as_string()).where(jobs.c.kind == "letter", jobs.c.state == "FAILED")
    query = sa.select(sa.func.count()).select_from(letters)
    return int(scope.execute(query.where(letters.c.run_id == run_id, letters.c.letter_id.in_(failed))).scalar_one())


def add_evidence(tx: Transaction, values: Mapping[str, Any]) -> None:
    tx.execute(evidence.insert().values(**values))
