"""A message from outside or from another process: by which key it finds what waits for it, and how long it is kept."""

import hashlib
from collections.abc import Iterable, Mapping
from datetime import timedelta
from enum import StrEnum
from typing import Any

KEPT = timedelta(days=30)  # a message that nobody waits for yet
LONGEST_ID = 64
LONGEST_NAME = 64
LONGEST_BUSINESS_KEY = 64
LONGEST_KEY = 200


class MessageState(StrEnum):
    WAITING = "WAITING"  # for somebody who waits, or for its delivery
    DELIVERED = "DELIVERED"
    EXPIRED = "EXPIRED"  # never delivered


def correlation_key(keys: Mapping[str, Any]) -> str | None:
    """`name=value;name=value`, sorted by name; None without keys. Too long a text is kept as its hash.

    A value that is missing is written without its `=`, so that no message can name it.
    """
    if not keys:
        return None
    text = ";".join(
        _escaped(name) if value is None else f"{_escaped(name)}={_escaped(_shown(value))}"
        for name, value in sorted(keys.items())
    )
    return text if len(text) <= LONGEST_KEY else f"sha256:{hashlib.sha256(text.encode()).hexdigest()}"


def awaited_key(names: Iterable[str], variables: Mapping[str, Any]) -> str | None:
    """The key of a wait: the values that these variables have when it opens."""
    return correlation_key({name: variables.get(name) for name in names})


def _shown(value: Any) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    return str(value)


def _escaped(text: str) -> str:
    return text.replace("%", "%25").replace(";", "%3B").replace("=", "%3D")
