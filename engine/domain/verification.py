"""What stands behind the code on a letter: the key that leads to its public page, and the signature on its document.

Refuses to know PDFs and certificates (that is `forms.letters`).
"""

import hashlib
import hmac
from dataclasses import dataclass
from datetime import datetime
from typing import Final

KEY_LENGTH: Final = 16
_ALPHABET: Final = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"  # Crockford's: no I, L, O, U to be misread from paper
_MISREAD: Final = str.maketrans("OIL", "011", " -")


@dataclass(frozen=True)
class Signature:
    """Who signed a document. `fingerprint` is the SHA-256 of the certificate, hexadecimal; `signed_at` is the real
    instant, UTC, also where a demo's letter bears another date."""

    signer: str
    fingerprint: str
    level: str  # PAdES B-B, PAdES B-LTA, or what a seal service calls its own
    signed_at: datetime


def letter_key(secret: bytes, letter_id: str) -> str:
    """Sixteen characters that nobody can guess (80 bits) and that every attempt at the same letter prints alike."""
    digest = hmac.new(secret, b"letter key\0" + letter_id.encode(), hashlib.sha256).digest()
    number = int.from_bytes(digest[: KEY_LENGTH * 5 // 8], "big")
    return "".join(_ALPHABET[number >> 5 * place & 31] for place in reversed(range(KEY_LENGTH)))


def read_key(text: str) -> str:
    """The key as somebody typed or scanned it: small letters, spaces, dashes, O for 0 and I for 1 do not matter. What
    is no key stays none, and finds nothing."""
    return text[: 4 * KEY_LENGTH].upper().translate(_MISREAD)


def shown_key(key: str) -> str:
    """In fours, as people read it out: 7F3K-92QX-…"""
    return "-".join(key[at : at + 4] for at in range(0, len(key), 4))


def hashed_key(key: str) -> str:
    """As it lies in the database: who reads a backup cannot open the public pages of letters never seen."""
    return hashlib.sha256(key.encode()).hexdigest()
