"""Renders letters in a child process with limits of time and memory, so that a hostile letter cannot harm the server.

Children stay warm for the next letter; one is replaced when it overruns, dies or runs out of memory.
"""

import atexit
import contextlib
import json
import os
import selectors
import subprocess
import sys
import threading
import time
from collections import deque
from collections.abc import Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from functools import cache
from pathlib import Path
from types import TracebackType
from typing import Any, Final

from engine.domain.letter import Letter, to_json
from engine.errors import EngineError
from forms.letters.errors import MissingGlyph, PrintFailed, RenderFailed
from forms.letters.fonts import FontsMissing
from forms.letters.printout import Printout
from forms.letters.rendered import RenderedLetter, SealBox

SECONDS: Final = 30.0
MEMORY_BYTES: Final = 1 << 30
CHILDREN: Final = 2
_LARGEST_PDF: Final = 100 << 20
_AHEAD: Final = 8  # letters of a batch that wait for each child
_ROOT: Final = Path(__file__).resolve().parents[2]


def render_isolated(letter: Letter) -> RenderedLetter:
    """Like `render.render`, in the presses that this process shares.

    Raises MissingGlyph, RenderFailed (limits of time, memory, pages; a crash) and FontsMissing.
    """
    return _shared_presses().render(letter)


def print_isolated(printout: Printout) -> RenderedLetter:
    """Like `render.render_printout`, within the same limits. Raises PrintFailed and FontsMissing."""
    try:
        return _shared_presses().print(printout)
    except RenderFailed as error:
        raise PrintFailed(error.reason, error.zh) from error


class Press:
    """One warm child process; safe to share between threads, which then take turns."""

    def __init__(self, *, seconds: float = SECONDS, memory_bytes: int = MEMORY_BYTES) -> None:
        self._seconds = seconds
        self._memory_bytes = memory_bytes
        self._lock = threading.Lock()
        self._child: subprocess.Popen[bytes] | None = None

    def render(self, letter: Letter) -> RenderedLetter:
        """The letter as a PDF. The clock runs from the request, start of the child included."""
        return self._ask(b"letter " + to_json(letter).encode() + b"\n")

    def print(self, printout: Printout) -> RenderedLetter:
        """Likewise for a printout."""
        return self._ask(b"printout " + printout.to_json().encode() + b"\n")

    def _ask(self, request: bytes) -> RenderedLetter:
        with self._lock:
            deadline = time.monotonic() + self._seconds
            try:
                child = self._running_child()
                _send(child, request, deadline)
                return self._receive(child, deadline)
            except (TimeoutError, OSError, EOFError, ValueError) as error:
                failed = RenderFailed(*self._reason(error))
                self._stop()
                raise failed from error
            except BaseException:
                if self._child is not None and self._child.poll() is not None:
                    self._stop()
                raise

    def close(self) -> None:
        with self._lock:
            self._stop()

    @property
    def child_id(self) -> int | None:
        """The process id of the warm child, None while there is none."""
        return self._child.pid if self._child is not None else None

    def __enter__(self) -> "Press":
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def _running_child(self) -> subprocess.Popen[bytes]:
        if self._child is not None and self._child.poll() is None:
            return self._child
        self._stop()
        search = os.pathsep.join(filter(None, [str(_ROOT), os.environ.get("PYTHONPATH", "")]))
        self._child = subprocess.Popen(
            [sys.executable, "-m", "forms.letters.press", str(self._memory_bytes)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            env={**os.environ, "PYTHONPATH": search},
        )
        assert self._child.stdin is not None
        os.set_blocking(self._child.stdin.fileno(), False)
        return self._child

    def _receive(self, child: subprocess.Popen[bytes], deadline: float) -> RenderedLetter:
        answer = _Answer(child, deadline)
        head: dict[str, Any] = json.loads(answer.line())
        if "missing" in head:
            raise MissingGlyph(head["missing"])
        if "fonts" in head:
            raise FontsMissing("fonts_missing", head["fonts"])
        if "failed" in head:
            if head["ends"]:
                self._stop()
            raise RenderFailed(head["failed"], *([head["zh"]] if "zh" in head else []))
        if head["size"] > _LARGEST_PDF:
            raise ValueError("the PDF is too large")
        box = SealBox(*head["seal_box"]) if head["seal_box"] else None
        return RenderedLetter(answer.exactly(head["size"]), head["pages"], head["sha256"], box)

    def _reason(self, error: Exception) -> tuple[str, ...]:
        if isinstance(error, TimeoutError):
            return f"it took longer than {self._seconds:g} seconds", f"排印超过 {self._seconds:g} 秒，请缩短或稍后再试"
        status = self._child.wait() if self._child is not None and isinstance(error, (EOFError, OSError)) else None
        return (f"the letter process ended with status {status}" if status is not None else str(error),)

    def _stop(self) -> None:
        child, self._child = self._child, None
        if child is not None:
            child.kill()
            child.wait()
            for pipe in (child.stdin, child.stdout):
                if pipe is not None:
                    _close_quietly(pipe)


class Presses:
    """Several presses for callers at the same time; a second one is started only when two letters meet."""

    def __init__(self, children: int = CHILDREN, *, seconds: float = SECONDS, memory_bytes: int = MEMORY_BYTES) -> None:
        self._all = [Press(seconds=seconds, memory_bytes=memory_bytes) for _ in range(children)]
        self._free = deque(self._all)
        self._turns = threading.Semaphore(children)

    def render(self, letter: Letter) -> RenderedLetter:
        """In the press that was used last, which is warm; waits while all are busy."""
        with self._a_free_one() as press:
            return press.render(letter)

    def print(self, printout: Printout) -> RenderedLetter:
        """Likewise for a printout."""
        with self._a_free_one() as press:
            return press.print(printout)

    @contextlib.contextmanager
    def _a_free_one(self) -> Iterator[Press]:
        with self._turns:
            press = self._free.pop()
            try:
                yield press
            finally:
                self._free.append(press)

    def render_all(self, letters: Iterable[Letter]) -> Iterator[RenderedLetter | EngineError]:
        """In order. Takes from `letters` only a few more than are printed, so that a long run needs little memory."""
        with ThreadPoolExecutor(len(self._all), thread_name_prefix="press") as pool:
            waiting: deque[Future[RenderedLetter | EngineError]] = deque()
            for letter in letters:
                waiting.append(pool.submit(self._outcome, letter))
                if len(waiting) > _AHEAD * len(self._all):
                    yield waiting.popleft().result()
            while waiting:
                yield waiting.popleft().result()

    def close(self) -> None:
        for press in self._all:
            press.close()

    @property
    def child_ids(self) -> list[int]:
        """The process ids of the warm children."""
        return [press.child_id for press in self._all if press.child_id is not None]

    def __enter__(self) -> "Presses":
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def _outcome(self, letter: Letter) -> RenderedLetter | EngineError:
        try:
            return self.render(letter)
        except EngineError as error:
            return error


class _Answer:
    """Reads one answer of the child before the deadline."""

    def __init__(self, child: subprocess.Popen[bytes], deadline: float) -> None:
        assert child.stdout is not None
        self._pipe = child.stdout.fileno()
        self._deadline = deadline
        self._held = b""

    def line(self) -> bytes:
        while b"\n" not in self._held:
            self._held += self._more()
        line, _, self._held = self._held.partition(b"\n")
        return line

    def exactly(self, size: int) -> bytes:
        parts, got = [self._held], len(self._held)
        while got < size:
            parts.append(self._more())
            got += len(parts[-1])
        return b"".join(parts)

    def _more(self) -> bytes:
        with selectors.DefaultSelector() as selector:
            selector.register(self._pipe, selectors.EVENT_READ)
            if not selector.select(max(0.0, self._deadline - time.monotonic())):
                raise TimeoutError
        got = os.read(self._pipe, 1 << 20)
        if not got:
            raise EOFError("the letter process went away")
        return got


def _send(child: subprocess.Popen[bytes], request: bytes, deadline: float) -> None:
    """Raises TimeoutError when the child does not take the request in time."""
    assert child.stdin is not None
    pipe, rest = child.stdin.fileno(), memoryview(request)
    with selectors.DefaultSelector() as selector:
        selector.register(pipe, selectors.EVENT_WRITE)
        while rest:
            if not selector.select(max(0.0, deadline - time.monotonic())):
                raise TimeoutError
            rest = rest[os.write(pipe, rest[: 1 << 16]) :]


def _close_quietly(pipe: Any) -> None:
    with contextlib.suppress(OSError):  # what was still unsent is of no use to a child that is gone
        pipe.close()


@cache
def _shared_presses() -> Presses:
    presses = Presses()
    atexit.register(presses.close)
    return presses
