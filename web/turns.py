"""Who may print now: what is printed on demand shares its child processes with official letters and must not fill them.

Turns are of one server process, as those child processes are.
"""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final

from engine.errors import Rejected


class Turns:
    """At most one at a time of each name; the next is refused and does not wait."""

    def __init__(self, code: str, words: str) -> None:
        self._code, self._words = code, words
        self._taken: set[str] = set()
        self._guard = threading.Lock()

    @contextmanager
    def take(self, name: str = "") -> Iterator[None]:
        """Raises Rejected while the last one of that name is not over."""
        with self._guard:
            if name in self._taken:
                raise Rejected(self._code, self._words)
            self._taken.add(name)
        try:
            yield
        finally:
            with self._guard:
                self._taken.discard(name)


PREVIEWS: Final = Turns("preview_running", "The last preview is still being printed.")  # by person
PRINTOUTS: Final = Turns("printout_running", "Another process is being printed.")  # one for everybody
