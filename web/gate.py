"""How often one address may try something: signing in, asking for a letter, having a file examined."""

from collections import deque
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from threading import Lock

MOST_ADDRESSES = 10_000


@dataclass
class Gate:
    """`attempts` from one address within `window`. In memory: a restart forgives, and so does too large a crowd."""

    attempts: int
    window: timedelta
    tried: dict[str, deque[datetime]] = field(default_factory=dict)
    lock: Lock = field(default_factory=Lock)

    def admits(self, address: str, at: datetime) -> bool:
        with self.lock:
            if len(self.tried) > MOST_ADDRESSES:
                self.tried.clear()
            tried = self.tried.setdefault(address, deque(maxlen=self.attempts))
            if len(tried) == self.attempts and at - tried[0] < self.window:
                return False
            tried.append(at)
            return True
