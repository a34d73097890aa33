"""What is on record of a letter's document and of its corrections must agree with the letter itself."""

from collections.abc import Callable

import sqlalchemy as sa

from engine.store.schema import letter_documents, letter_services, letter_signatures, letters
from engine.store.transaction import Reader


def documents_have_their_digests(reader: Reader) -> list[str]:
    """Without its row, or with another's digest in it, a genuine letter is told to be unknown."""
    query = (
        sa.select(letter_documents.c.letter_id, letter_documents.c.sha256, letter_signatures.c.sha256.label("told"))
        .outerjoin(letter_signatures, letter_signatures.c.letter_id == letter_documents.c.letter_id)
        .where(letter_signatures.c.sha256.is_distinct_from(letter_documents.c.sha256))
        .order_by(letter_documents.c.letter_id)
    )
    return [
        f"the document of letter {row.letter_id} has the digest {row.sha256}, its verifier is told {row.told}"
        for row in reader.execute(query)
    ]


def letters_have_one_correction(reader: Reader) -> list[str]:
    """Void ones do not count."""
    query = (
        sa.select(letters.c.corrects_id, sa.func.count().label("count"))
        .join(letter_services, letter_services.c.letter_id == letters.c.letter_id)
        .where(letters.c.corrects_id.is_not(None), letter_services.c.state != "VOID")
        .group_by(letters.c.corrects_id)
        .having(sa.func.count() > 1)
        .order_by(letters.c.corrects_id)
    )
    return [f"letter {row.corrects_id} has {row.count} corrections that count" for row in reader.execute(query)]


LETTERS: dict[str, Callable[[Reader], list[str]]] = {
    "documents_have_their_digests": documents_have_their_digests,
    "letters_have_one_correction": letters_have_one_correction,
}
