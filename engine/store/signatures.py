"""Keeps, beside each issued document, what its verification needs."""

from engine.digests import sha256_of, sm3_of
from engine.domain.verification import Signature, hashed_key, letter_key
from engine.store.schema import letter_signatures
from engine.store.transaction import Transaction


def add(tx: Transaction, letter_id: str, document: bytes, signature: Signature | None) -> None:
    """In the transaction that writes the document. Without a signature the document is a sample."""
    tx.execute(
        letter_signatures.insert().values(
            letter_id=letter_id,
            key_hash=hashed_key(letter_key(tx.secret, letter_id)),
            sha256=sha256_of(document),
            sm3=sm3_of(document),
            is_sample=signature is None,
            signer=signature.signer if signature else None,
            fingerprint=signature.fingerprint if signature else None,
            level=signature.level if signature else None,
            signed_at=signature.signed_at if signature else None,
        )
    )
