"""Asks a time stamp server (RFC 3161) over HTTP, with nothing but the standard library."""

import asyncio
import urllib.request
from typing import Final

from asn1crypto import tsp
from pyhanko.sign.timestamps import TimeStamper

from forms.letters.seals import SealFailed

SECONDS: Final = 15.0
_LARGEST: Final = 1 << 20


class HttpTimeStamper(TimeStamper):  # type: ignore[misc]
    """Raises SealFailed when the server is away or answers with something else."""

    def __init__(self, url: str, *, seconds: float = SECONDS) -> None:
        super().__init__()
        self._url = url
        self._seconds = seconds

    async def async_request_tsa_response(self, req: tsp.TimeStampReq) -> tsp.TimeStampResp:
        answer = await asyncio.to_thread(self._ask, req.dump())
        return tsp.TimeStampResp.load(answer)

    def _ask(self, body: bytes) -> bytes:
        request = urllib.request.Request(
            self._url, data=body, headers={"Content-Type": "application/timestamp-query"}, method="POST"
        )
        try:
            with urllib.request.urlopen(request, timeout=self._seconds) as response:
                kind = response.headers.get_content_type()
                content = bytes(response.read(_LARGEST))
        except OSError as error:
            raise SealFailed(f"the time stamp server does not answer: {error}", "check DUBAN_SIGNING_TSA") from error
        if kind != "application/timestamp-reply":
            raise SealFailed(f"the time stamp server answered with {kind}", "check DUBAN_SIGNING_TSA")
        return content
