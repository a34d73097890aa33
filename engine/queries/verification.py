"""What the public may know of an issued letter, found by the key on it or by its file; never by its number.

Says nothing of case, addressee, title or firm, and asks nobody's permission but where an actor is named.
"""

from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

import sqlalchemy as sa

from engine.domain.actor import Actor
from engine.domain.verification import hashed_key, letter_key
from engine.errors import NotFound
from engine.store import drafts
from engine.store.access import may_see_letter
from engine.store.schema import blobs, letter_documents, letter_services, letter_signatures, letters
from engine.store.transaction import Reader


@dataclass(frozen=True)
class IssuedLetter:
    """Digests are hexadecimal, of the `size_bytes` bytes that were issued. `signer` and what follows is None for a
    sample. `void_at` and `replaced_by` (a number, of a letter that is not void itself) say what became of it."""

    organ: str
    number: str
    kind: str
    issued_on: date
    pages: int
    size_bytes: int
    sha256: str
    sm3: str
    signer: str | None
    fingerprint: str | None
    level: str | None
    signed_at: datetime | None
    void_at: datetime | None
    replaced_by: str | None

    @property
    def is_sample(self) -> bool:
        return self.signer is None


def issued(reader: Reader, key: str) -> IssuedLetter | None:
    """The letter whose code was scanned; None for every other key, whatever is wrong with it."""
    return _found(reader, letter_signatures.c.key_hash == hashed_key(key))


def letter_signature(reader: Reader, actor: Actor, letter_id: str) -> IssuedLetter | None:
    """The same of a letter that the actor may see; None until its document is made."""
    if not may_see_letter(reader.connection, actor, letter_id):
        raise NotFound("letter_unknown", f"There is no letter {letter_id}.", letter=letter_id)
    return _found(reader, letter_signatures.c.letter_id == letter_id)


def issued_file(reader: Reader, sha256: str) -> IssuedLetter | None:
    """The letter whose document has exactly these bytes."""
    return _found(reader, letter_signatures.c.sha256 == sha256)


def key_of(reader: Reader, letter_id: str) -> str:
    """The key that its code bears, before and after the document is made."""
    return letter_key(reader.secret, letter_id)


def is_made(reader: Reader, letter_id: str) -> bool:
    found = sa.select(letter_documents.c.letter_id).where(letter_documents.c.letter_id == letter_id)
    return reader.execute(found).first() is not None


def _found(reader: Reader, condition: Any) -> IssuedLetter | None:
    later = letters.alias("later")
    row = (
        reader.execute(
            sa.select(
                letters.c.number,
                letters.c.kind,
                letters.c.variables,
                letters.c.issued_on,
                letter_documents.c.pages,
                blobs.c.size_bytes,
                letter_signatures,
                letter_services.c.state,
                letter_services.c.closed_at,
                later.c.number.label("replaced_by"),
            )
            .join(letters, letters.c.letter_id == letter_signatures.c.letter_id)
            .join(letter_documents, letter_documents.c.letter_id == letter_signatures.c.letter_id)
            .join(blobs, blobs.c.sha256 == letter_documents.c.sha256)
            .join(letter_services, letter_services.c.letter_id == letter_signatures.c.letter_id)
            .outerjoin(later, later.c.letter_id == drafts.counting_correction(letter_signatures.c.letter_id))
            .where(condition)
            .order_by(letter_signatures.c.letter_id)
            .limit(1)
        )
        .mappings()
        .first()
    )
    if row is None:
        return None
    return IssuedLetter(
        organ=str(row["variables"].get("issuer") or ""),
        number=row["number"],
        kind=row["kind"],
        issued_on=row["issued_on"],
        pages=row["pages"],
        size_bytes=row["size_bytes"],
        sha256=row["sha256"],
        sm3=row["sm3"],
        signer=row["signer"],
        fingerprint=row["fingerprint"],
        level=row["level"],
        signed_at=row["signed_at"],
        void_at=row["closed_at"] if row["state"] == "VOID" else None,
        replaced_by=row["replaced_by"],
    )
