"""How facts are chained and checkpoints keyed: canonical text, two digests, one MAC. It knows no database and no file.

`setup/verify_audit.py` says the same a second time on purpose: whoever doubts this program need not run it.
"""

import hmac
import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime
from typing import Any

from engine.digests import sha256_of, sm3_of

ORIGIN = "0" * 64  # what the first fact follows, in either digest
FACT_COLUMNS = ("fact_id", "at", "kind", "person_id", "person", "campaign_id", "case_id", "instance_id", "detail")
KEY_PURPOSE = b"duban audit checkpoint v1"


@dataclass(frozen=True)
class Link:
    """The end of a chain: after `position` facts its digests are these, in hexadecimal."""

    position: int = 0
    sha256: str = ORIGIN
    sm3: str = ORIGIN


@dataclass(frozen=True)
class Checkpoint:
    """What the chain was at an instant. `day` is the Beijing day that a day's checkpoint closes. `mac` covers the rest,
    the MAC of the checkpoint before included."""

    number: int
    kind: str  # hour | day | asked
    day: date | None
    at: datetime
    position: int
    sha256: str
    sm3: str
    previous_mac: str
    key_id: str
    mac: str = ""

    @property
    def link(self) -> Link:
        return Link(self.position, self.sha256, self.sm3)

    def to_json(self) -> dict[str, Any]:
        return {
            "number": self.number,
            "kind": self.kind,
            "day": self.day.isoformat() if self.day else None,
            "at": instant(self.at),
            "position": self.position,
            "sha256": self.sha256,
            "sm3": self.sm3,
            "previous_mac": self.previous_mac,
            "key_id": self.key_id,
            "mac": self.mac,
        }

    def to_line(self) -> str:
        return canonical(self.to_json())


def read_checkpoint(line: str) -> Checkpoint:
    """A line of a checkpoint file. Raises ValueError for anything else."""
    try:
        found = json.loads(line)
        texts = {name: found[name] for name in ("kind", "sha256", "sm3", "previous_mac", "key_id", "mac")}
        numbers = {name: found[name] for name in ("number", "position")}
        if not all(isinstance(text, str) for text in texts.values()) or not all(
            type(number) is int for number in numbers.values()
        ):
            raise ValueError("wrong types")
        day = date.fromisoformat(found["day"]) if found["day"] is not None else None
        return Checkpoint(day=day, at=datetime.fromisoformat(found["at"]), **texts, **numbers)
    except (ValueError, TypeError, KeyError, RecursionError) as error:
        raise ValueError(f"not a checkpoint: {line[:60]!r}") from error


# -- facts -------------------------------------------------------------------------------------------------------------
def follow(before: Link, fact: Mapping[str, Any]) -> Link:
    """The chain with one more fact: a mapping of FACT_COLUMNS, `at` an aware instant."""
    position = before.position + 1
    told = {name: fact[name] for name in FACT_COLUMNS} | {"at": instant(fact["at"]), "position": position}
    text = canonical(told).encode("utf-8", "surrogatepass")
    return Link(
        position,
        sha256_of(before.sha256.encode() + b"\n" + text),
        sm3_of(before.sm3.encode() + b"\n" + text),
    )


def canonical(value: Any) -> str:
    """JSON as in RFC 8785: sorted keys, no spaces, no needless escapes. Numbers are written as Python writes them."""
    return json.dumps(value, ensure_ascii=False, sort_keys=True, separators=(",", ":"))


def instant(moment: datetime) -> str:
    """UTC with microseconds: `2024-05-20T01:00:00.000000Z`."""
    return f"{moment.astimezone(UTC).replace(tzinfo=None).isoformat(timespec='microseconds')}Z"


# -- checkpoints -------------------------------------------------------------------------------------------------------
@dataclass(frozen=True)
class Key:
    """What checkpoints are keyed with. `key_id` names it and tells nothing about it."""

    secret: bytes
    key_id: str


def key_of(installation_secret: bytes) -> Key:
    """By HKDF-SHA256 (RFC 5869) from the installation's secret, so that no other use of the secret gives it away."""
    drawn = hmac.digest(b"\0" * 32, installation_secret, "sha256")
    key = hmac.digest(drawn, KEY_PURPOSE + b"\x01", "sha256")
    return Key(key, sha256_of(b"id " + key)[:16])


def sealed(checkpoint: Checkpoint, key: Key) -> str:
    """Its MAC: HMAC-SHA256 over the canonical text of everything else, in hexadecimal."""
    told = {name: value for name, value in checkpoint.to_json().items() if name != "mac"}
    return hmac.digest(key.secret, canonical(told).encode(), "sha256").hex()


def is_sealed(checkpoint: Checkpoint, key: Key) -> bool:
    return checkpoint.key_id == key.key_id and hmac.compare_digest(checkpoint.mac, sealed(checkpoint, key))
