"""Files of checkpoints outside the database: one JSON object a line, only ever appended to, each append on the disk
before the next.

A place takes over what the database holds beyond its last line. When the two do not join, nothing is written and the
log says so: the database was restored or falsified, and a person decides.
"""

import fcntl
import logging
import os
from collections.abc import Sequence
from pathlib import Path

from engine.chain import Checkpoint, read_checkpoint
from engine.errors import Problem
from engine.proof import Place
from engine.queries import Read

log = logging.getLogger("duban.audit")
END_BYTES = 4096  # a line has some 500


class Places:
    """Every file of DUBAN_CHECKPOINTS. Any number of processes may append: a lock on the file takes turns."""

    def __init__(self, files: Sequence[Path]) -> None:
        self._files = tuple(files)
        self._held: dict[Path, int] = {}  # the last number that this process saw in each

    def publish(self, read: Read) -> None:
        """One place that cannot be written keeps no other waiting. Each new checkpoint is also a line of the log, which
        may lie on another machine."""
        last = read.last_checkpoint()
        if last is None:
            return
        for file in self._files:
            if self._held.get(file) == last.number and file.exists():
                continue
            try:
                self._held[file] = _catch_up(file, read)
            except OSError as error:
                log.error("the checkpoint file %s cannot be written: %s", file, error)


def read_places(files: Sequence[Path]) -> tuple[Place, ...]:
    """What lies there now. A line that is no checkpoint is named and passed over: a crash may have torn it."""
    return tuple(_read(file) for file in files)


def _read(file: Path) -> Place:
    try:
        lines = file.read_text("utf-8", errors="replace").splitlines()
    except OSError as error:
        reason = error.strerror or str(error)
        told = Problem(
            str(file),
            f"读不到校验点文件（{reason}），它不能作证。",
            f"The checkpoint file cannot be read ({reason}): it proves nothing.",
            "warning",
        )
        return Place(str(file), (), (told,))
    found: list[Checkpoint] = []
    problems: list[Problem] = []
    for number, line in enumerate(lines, 1):
        if not line.strip():
            continue
        try:
            found.append(read_checkpoint(line))
        except ValueError:
            problems.append(Problem(f"{file}:{number}", "这一行不是校验点。", "This line is no checkpoint.", "info"))
    return Place(str(file), tuple(found), tuple(problems))


def _catch_up(file: Path, read: Read) -> int:
    """Returns the number of the file's last checkpoint afterwards."""
    is_new = not file.exists()
    file.parent.mkdir(parents=True, exist_ok=True)
    with os.fdopen(os.open(file, os.O_RDWR | os.O_CREAT | os.O_APPEND, 0o640), "r+b") as opened:
        fcntl.flock(opened, fcntl.LOCK_EX)
        held, is_torn = _end_of(opened.fileno())
        rows = read.checkpoints_after(held.number if held else 0)
        if held is not None:
            if not rows or rows[0] != held:
                log.error(
                    "the database does not join checkpoint %s of %s: restored or falsified? Nothing is written there; "
                    "run duban verify --audit",
                    held.number,
                    file,
                )
                return held.number
            rows = rows[1:]
        elif is_new and rows and rows[0].number < rows[-1].number:
            log.warning("the checkpoint file %s was not there: written anew from the database", file)
        if rows:
            text = ("\n" if is_torn else "") + "".join(f"{each.to_line()}\n" for each in rows)
            opened.write(text.encode())
            opened.flush()
            os.fsync(opened.fileno())
            for each in rows:
                log.info("checkpoint %s", each.to_line(), extra={"checkpoint": each.to_json(), "file": str(file)})
        if is_new:
            _keep_name(file.parent)
        return rows[-1].number if rows else held.number if held else 0


def _end_of(descriptor: int) -> tuple[Checkpoint | None, bool]:
    """The last whole checkpoint, and whether the file ends in the middle of a line."""
    size = os.fstat(descriptor).st_size
    tail = os.pread(descriptor, END_BYTES, max(0, size - END_BYTES))
    for line in reversed(tail.decode("utf-8", "replace").splitlines()):
        try:
            return read_checkpoint(line), not tail.endswith(b"\n")
        except ValueError:
            continue
    return None, bool(tail) and not tail.endswith(b"\n")


def _keep_name(folder: Path) -> None:
    """A new file is only there for good once its folder is on the disk too."""
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
