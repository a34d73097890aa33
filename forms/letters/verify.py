"""Judges a file that somebody hands in for verification: is it the issued one, and if not, what is wrong with it?

The bytes are a stranger's: they are hashed here, and parsed only in a child process with limits (`examine`).
"""

import json
import os
import subprocess
import sys
import threading
from dataclasses import asdict, dataclass
from datetime import datetime
from pathlib import Path
from typing import Any, Final

from engine.digests import sha256_of
from engine.errors import Refused

SECONDS: Final = 15.0
MEMORY_BYTES: Final = 768 << 20
AT_ONCE: Final = 2  # children at a time: each takes a core
_ROOT: Final = Path(__file__).resolve().parents[2]
_children = threading.BoundedSemaphore(AT_ONCE)

# What the file is, seen alone.
PDF: Final = "pdf"
NOT_PDF: Final = "not_pdf"
ENCRYPTED: Final = "encrypted"
DAMAGED: Final = "damaged"  # no reader can be sure what is in it
TOO_MUCH: Final = "too_much"  # it wanted more time or memory than an examination may take


@dataclass(frozen=True)
class FoundSignature:
    """One signature of a file, time stamps aside. `is_intact`: what it covers is unchanged and its value verifies.

    `covers_file`: nothing lies behind it, but for the time stamps of its own long-term form. `is_last_change`: nothing
    but those was changed since. `fingerprint` is the SHA-256 of the certificate; `signed_at` is the signer's word.
    """

    signer: str
    fingerprint: str
    is_intact: bool
    covers_file: bool
    is_last_change: bool
    signed_at: datetime | None

    @property
    def is_sound(self) -> bool:
        return self.is_intact and self.covers_file and self.is_last_change


@dataclass(frozen=True)
class Examination:
    state: str
    signatures: tuple[FoundSignature, ...] = ()


@dataclass(frozen=True)
class Issued:
    """What is on record of the document that was issued. `fingerprint` is None for a sample, which nobody signed."""

    sha256: str
    size_bytes: int
    fingerprint: str | None


@dataclass(frozen=True)
class Check:
    """One question about the file. `answer` None: it could not be asked."""

    name: str
    answer: bool | None


@dataclass(frozen=True)
class Judgement:
    """`verdict` is same, or the plainest reason why the file is not the issued one."""

    verdict: str
    checks: tuple[Check, ...]

    @property
    def is_same(self) -> bool:
        return self.verdict == "same"


class Busy(Refused):
    """Others are being examined; a moment later there is room."""

    def __init__(self) -> None:
        super().__init__("examination_busy", "Other files are being examined; try again in a moment.")


def judge(content: bytes, issued: Issued | None, found: Examination, *, is_other_letter: bool) -> Judgement:
    """`issued` None: no issued document is meant, so only the file itself can be looked at. `is_other_letter`: the file
    is another letter that was issued here."""
    if issued is None:
        return _unknown(found)
    is_same = sha256_of(content) == issued.sha256
    own = next((one for one in found.signatures if one.fingerprint == issued.fingerprint), None)
    shown = own or (found.signatures[0] if found.signatures else None)
    checks = [Check("same_bytes", is_same), Check("readable", found.state == PDF)]
    if issued.fingerprint is not None:
        can_ask = found.state == PDF
        checks += [
            Check("signed", bool(found.signatures) if can_ask else None),
            Check("intact", shown.is_intact if shown else None),
            Check("whole", shown.covers_file if shown else None),
            Check("unchanged", shown.is_last_change if shown else None),
            Check("signer", own is not None if found.signatures else None),
        ]
    return Judgement(_verdict(content, issued, found, own, is_same, is_other_letter), tuple(checks))


def _unknown(found: Examination) -> Judgement:
    checks = [Check("same_bytes", False), Check("readable", found.state == PDF)]
    if found.signatures:
        first = found.signatures[0]
        checks += [
            Check("intact", first.is_intact),
            Check("whole", first.covers_file),
            Check("unchanged", first.is_last_change),
        ]
    return Judgement("unknown_file" if found.state == PDF else found.state, tuple(checks))


def _verdict(
    content: bytes, issued: Issued, found: Examination, own: FoundSignature | None, is_same: bool, is_other: bool
) -> str:
    if is_same:
        # Record and bytes agree. A signature that fails all the same would be a fault of ours: said, not hidden.
        return "same" if issued.fingerprint is None or found.state == TOO_MUCH or (own and own.is_sound) else "broken"
    if is_other:
        return "other_letter"
    if len(content) > issued.size_bytes and sha256_of(content[: issued.size_bytes]) == issued.sha256:
        return "appended"
    if found.state != PDF:
        return found.state
    if issued.fingerprint is None:
        return "different"
    if not found.signatures:
        return "unsigned"
    if own is None:
        return "other_signer"
    if not own.is_intact:
        return "altered"
    return "different" if own.is_sound else "appended"


def examine(content: bytes, *, seconds: float = SECONDS, memory_bytes: int = MEMORY_BYTES) -> Examination:
    """What the file is and who signed it, found out in a child process. Raises Busy; whatever the bytes do to the
    child is an answer."""
    if not is_pdf(content):
        return Examination(NOT_PDF)
    if not _children.acquire(blocking=False):
        raise Busy
    try:
        child = subprocess.run(
            [sys.executable, "-m", "forms.letters.examine", str(memory_bytes)],
            input=content,
            capture_output=True,
            timeout=seconds,
            env={**os.environ, "PYTHONPATH": os.pathsep.join([str(_ROOT), os.environ.get("PYTHONPATH", "")])},
            check=True,
        )
        return from_json(child.stdout)
    except (subprocess.SubprocessError, ValueError, KeyError):
        return Examination(TOO_MUCH)
    finally:
        _children.release()


def is_pdf(content: bytes) -> bool:
    """Readers look for the mark within the first kilobyte."""
    return b"%PDF-" in content[:1024]


def to_json(found: Examination) -> bytes:
    return json.dumps(asdict(found), default=lambda value: value.isoformat()).encode()


def from_json(text: bytes) -> Examination:
    value: dict[str, Any] = json.loads(text)
    return Examination(
        value["state"],
        tuple(
            FoundSignature(
                **{**one, "signed_at": datetime.fromisoformat(one["signed_at"]) if one["signed_at"] else None}
            )
            for one in value["signatures"]
        ),
    )
