"""PDF objects that are written out once: what pydyf would build, and compress, again for every pass over the file."""

import zlib
from collections.abc import Mapping
from typing import Any

import pydyf


class Written(pydyf.Object):  # type: ignore[misc]
    """A dictionary already as bytes; a long table has tens of thousands of them."""

    def __init__(self, content: bytes = b"") -> None:
        super().__init__()
        self.content = content

    @property
    def data(self) -> bytes:
        return self.content


def packed(content: bytes, extra: Mapping[str, Any] | None = None) -> pydyf.Stream:
    """A stream under Flate compression."""
    return pydyf.Stream([zlib.compress(content, 6)], {**(extra or {}), "Filter": "/FlateDecode"})
