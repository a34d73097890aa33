"""The sRGB colour space as an ICC profile, which PDF/A asks for, written from the numbers of IEC 61966-2-1."""

import struct
from functools import cache
from typing import Final

# Red, green and blue of sRGB as seen under the D50 white of ICC profiles (Bradford adaptation), as X, Y, Z.
_PRIMARIES: Final = (
    (b"rXYZ", (0.4360747, 0.2225045, 0.0139322)),
    (b"gXYZ", (0.3850649, 0.7168786, 0.0971045)),
    (b"bXYZ", (0.1430804, 0.0606169, 0.7141733)),
)
_D50: Final = (0.9642, 1.0, 0.8249)
_STEPS: Final = 1024


@cache
def srgb_profile() -> bytes:
    """ICC.1:2001-04, version 2.1, of a display; always the same bytes."""
    curve = (
        b"curv" + bytes(4) + struct.pack(f">I{_STEPS}H", _STEPS, *(_light(at / (_STEPS - 1)) for at in range(_STEPS)))
    )
    tags = [
        (b"desc", _description("sRGB IEC61966-2.1")),
        (b"cprt", b"text" + bytes(4) + b"No copyright, use freely\0"),
        (b"wtpt", _xyz(_D50)),
        *((name, _xyz(value)) for name, value in _PRIMARIES),
        (b"rTRC", curve),
        (b"gTRC", curve),
        (b"bTRC", curve),
    ]
    start = 128 + 4 + 12 * len(tags)
    places: dict[bytes, int] = {}
    body = b""
    listing = struct.pack(">I", len(tags))
    for name, content in tags:
        if content not in places:
            places[content] = start + len(body)
            body += content + bytes(-len(content) % 4)
        listing += struct.pack(">4sII", name, places[content], len(content))
    return _header(start + len(body)) + listing + body


def _header(size: int) -> bytes:
    # The date of GB/T 9704-2012 taking effect, so that the profile does not depend on the clock.
    date = struct.pack(">6H", 2012, 7, 1, 0, 0, 0)
    return (
        struct.pack(">I4sI4s4s4s", size, bytes(4), 0x02100000, b"mntr", b"RGB ", b"XYZ ")
        + date
        + struct.pack(">4s24xI", b"acsp", 0)
        + _fixed(_D50)
        + bytes(48)
    )


def _light(signal: float) -> int:
    linear = signal / 12.92 if signal <= 0.04045 else ((signal + 0.055) / 1.055) ** 2.4
    return round(linear * 65535)


def _xyz(value: tuple[float, float, float]) -> bytes:
    return b"XYZ " + bytes(4) + _fixed(value)


def _fixed(value: tuple[float, float, float]) -> bytes:
    return struct.pack(">3i", *(round(number * 65536) for number in value))


def _description(text: str) -> bytes:
    plain = text.encode() + b"\0"
    return b"desc" + bytes(4) + struct.pack(">I", len(plain)) + plain + bytes(12 + 67)
