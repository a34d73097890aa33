"""How wide words are, near enough to break them into lines: a Chinese character is as wide as it is high."""

import re
import unicodedata

NARROW = 0.56
NOT_SHOWN = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\ud800-\udfff\ufffe\uffff]")


def wrapped(words: str, width: float, lines: int) -> list[str]:
    """At most `lines` lines of at most `width` ems; what does not fit ends in an ellipsis."""
    pieces = re.findall(r"[!-~]+|\s+|[^\s!-~]", NOT_SHOWN.sub("", words).strip())
    found, line = [], ""
    for piece in pieces:
        if line and not piece.isspace() and ems(line.rstrip() + piece) > width:
            found.append(line.rstrip())
            line = ""
        if line or not piece.isspace():
            line += " " if piece.isspace() else piece
    if line.strip():
        found.append(line.rstrip())
    return found if len(found) <= lines else [*found[: lines - 1], found[lines - 1][:-1] + "…"]


def ems(text: str) -> float:
    """The width of a line."""
    return sum(1.0 if unicodedata.east_asian_width(char) in "WFA" else NARROW for char in text)
