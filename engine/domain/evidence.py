"""A file that proves something, as it is handed in: checked bytes with what the camera wrote about them."""

import dataclasses
from dataclasses import dataclass
from datetime import datetime


@dataclass(frozen=True)
class EvidenceFile:
    """A file with what it proves. `field` is the form field it was handed in under; `taken_at` aware or None."""

    field: str
    filename: str
    media_type: str
    content: bytes = dataclasses.field(repr=False)
    proves: str = ""
    taken_at: datetime | None = None
    place: str = ""
    note: str = ""
    device: str = ""
    original_sha256: str = ""
