"""Brings what child processes count to their parent, which is the one a watch program asks."""

import contextlib
import json
import os
import threading
from typing import Final

from web import metrics

WHOLE: Final = 4000  # bytes that a pipe takes in one piece (PIPE_BUF is 4096)


class EventPipe:
    """Made before the children are forked. `send` in a child never waits: counting may lose, working may not."""

    def __init__(self) -> None:
        read, self._write = os.pipe()
        os.set_blocking(self._write, False)
        self._lines = os.fdopen(read, "rb")

    def start(self) -> None:
        """Count in this process, in a thread that ends with it."""
        threading.Thread(target=self._count, name="counts", daemon=True).start()

    def send(self, events: list[metrics.Event]) -> None:
        line = json.dumps(events).encode() + b"\n"
        if len(line) <= WHOLE:
            with contextlib.suppress(BlockingIOError, BrokenPipeError):
                os.write(self._write, line)

    def count_next(self) -> None:
        """Waits for what the next child sends, and counts it."""
        for what, name, outcome, seconds in json.loads(self._lines.readline()):
            metrics.note((what, name, outcome, seconds))

    def close(self) -> None:
        self._lines.close()
        os.close(self._write)

    def _count(self) -> None:
        while True:
            self.count_next()
