"""Remembers which step was done with which inputs, so that a step whose inputs did not change is skipped.

A stamp is a small file under `.venv`: with the virtual environment gone, everything is done afresh.
"""

import hashlib
from collections.abc import Iterable
from pathlib import Path


def key_of(root: Path, files: Iterable[Path], *facts: str) -> str:
    """A hash over the files' names and bytes and further facts, such as a version; the order of files is no matter."""
    digest = hashlib.sha256()
    for fact in (str(root), *facts):
        digest.update(fact.encode() + b"\0")
    for path in sorted(files):
        digest.update(str(path.relative_to(root)).encode() + b"\0" + path.read_bytes() + b"\0")
    return digest.hexdigest()


def is_current(root: Path, step: str, key: str) -> bool:
    stamp = _path(root, step)
    return stamp.is_file() and stamp.read_text() == key


def record(root: Path, step: str, key: str) -> None:
    stamp = _path(root, step)
    stamp.parent.mkdir(parents=True, exist_ok=True)
    stamp.write_text(key)


def _path(root: Path, step: str) -> Path:
    return root / ".venv" / ".duban-setup" / step
