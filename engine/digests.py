"""SHA-256 and SM3 (GB/T 32905-2016) of bytes, in hexadecimal: every issued document is kept with both."""

import hashlib

from cryptography.hazmat.primitives.hashes import SM3, Hash


def sha256_of(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()


def sm3_of(content: bytes) -> str:
    digest = Hash(SM3())
    digest.update(content)
    return digest.finalize().hex()
