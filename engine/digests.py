"""SHA-256 and SM3 (GB/T 32905-2016) of bytes, in hexadecimal: every issued document is kept with both."""

import hashlib
from collections.abc import Mapping

from cryptography.hazmat.primitives.hashes import SM3, Hash


def sha256_of(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()


def sha256_of_files(files: Mapping[str, bytes]) -> str:
    """The same bytes under the same names give the same digest, in whatever order they come."""
    total = hashlib.sha256()
    for name in sorted(files):
        total.update(f"{len(name)}:{name}:{len(files[name])}:".encode())
        total.update(files[name])
    return total.hexdigest()


def sm3_of(content: bytes) -> str:
    digest = Hash(SM3())
    digest.update(content)
    return digest.finalize().hex()
