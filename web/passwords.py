"""Passwords become argon2 hashes, and a guess costs the same whether the login exists or not."""

from functools import cache

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError

MIN_LENGTH = 8
_HASHER = PasswordHasher()


def hash_password(password: str) -> str:
    return _HASHER.hash(password)


def is_right(password: str, password_hash: str | None) -> bool:
    """Takes its time for an unknown login (None) too, so that the answer does not tell which logins exist."""
    try:
        _HASHER.verify(password_hash or _dummy(), password)
    except (VerificationError, InvalidHashError):
        return False
    return password_hash is not None


@cache
def _dummy() -> str:
    return _HASHER.hash("nobody has this password")
