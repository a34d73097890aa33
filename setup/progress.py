"""How the installer talks: one line with the time on it for every start, end and wait; program output goes to a log."""

import os
import subprocess
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Final

HEARTBEAT_SECONDS: Final = 10
_TAIL_LINES: Final = 25


class SetupFailed(Exception):
    """The set-up cannot go on; the message says what a person has to do."""


class Progress:
    """Prints lines, runs programs. `log` collects what the programs print; it starts empty each time."""

    def __init__(self, log: Path) -> None:
        self._started = time.monotonic()
        self._log = log
        log.parent.mkdir(parents=True, exist_ok=True)
        log.write_bytes(b"")

    def say(self, text: str) -> None:
        print(f"[{time.monotonic() - self._started:6.1f} s] {text}", flush=True)

    def run(
        self,
        title: str,
        command: Sequence[str | Path],
        *,
        env: Mapping[str, str] | None = None,
        cwd: Path | None = None,
    ) -> None:
        """Runs a program to its end, with a sign of life every ten seconds. Raises SetupFailed with its last lines."""
        self.say(f"{title} ...")
        began, offset = time.monotonic(), self._log.stat().st_size
        code = self._wait(title, list(map(str, command)), env=env, cwd=cwd)
        if code != 0:
            tail = "\n".join(self._output_since(offset).splitlines()[-_TAIL_LINES:])
            raise SetupFailed(f"{title}: the program {Path(command[0]).name} ended with code {code}\n{tail}")
        self.say(f"{title}: done in {time.monotonic() - began:.1f} s")

    def _wait(self, title: str, command: list[str], *, env: Mapping[str, str] | None, cwd: Path | None) -> int:
        with self._log.open("ab") as log:
            log.write(f"$ {' '.join(command)}\n".encode())
            log.flush()
            try:
                process = subprocess.Popen(
                    command, stdin=subprocess.DEVNULL, stdout=log, stderr=log, cwd=cwd, env=os.environ | dict(env or {})
                )
            except OSError as error:
                raise SetupFailed(f"{title}: cannot start {command[0]} ({error.strerror})") from error
            began = time.monotonic()
            while True:
                try:
                    return process.wait(timeout=HEARTBEAT_SECONDS)
                except subprocess.TimeoutExpired:
                    self.say(f"{title}: still at work, {time.monotonic() - began:.0f} s")
                except BaseException:
                    process.terminate()
                    process.wait()
                    raise

    def _output_since(self, offset: int) -> str:
        with self._log.open("rb") as log:
            log.seek(offset)
            return log.read().decode(errors="replace")


def succeeds(command: Sequence[str | Path], *, env: Mapping[str, str] | None = None) -> bool:
    """Whether a quick program ends with code 0; a program that is not there does not."""
    try:
        finished = subprocess.run(
            list(map(str, command)), stdin=subprocess.DEVNULL, capture_output=True, env=os.environ | dict(env or {})
        )
    except OSError:
        return False
    return finished.returncode == 0


def output_of(command: Sequence[str | Path], *, env: Mapping[str, str] | None = None) -> str:
    """What a quick program prints, stripped; empty when it fails or is not there."""
    try:
        finished = subprocess.run(
            list(map(str, command)),
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            env=os.environ | dict(env or {}),
        )
    except OSError:
        return ""
    return finished.stdout.strip() if finished.returncode == 0 else ""
