"""Sentences in both languages, and what counts as typed text: NFC, trimmed, free of characters nobody can see."""

import unicodedata
from dataclasses import dataclass

_DIRECTION_MARKS = frozenset("\u200e\u200f\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069")
_INVISIBLE = dict.fromkeys([0xFEFF, 0x200B])  # byte order mark and zero-width space, left by copy and paste


@dataclass(frozen=True)
class Words:
    """One label or sentence, Chinese and English."""

    zh: str
    en: str = ""

    def by(self, lang: str) -> str:
        return (self.en or self.zh) if lang == "en" else (self.zh or self.en)

    def __bool__(self) -> bool:
        return bool(self.zh or self.en)


NO_WORDS = Words("")


def clean(text: str, *, lines: bool = False) -> str:
    """`text` as we keep it; with `lines`, line breaks and tabs stay, otherwise they become spaces."""
    text = unicodedata.normalize("NFC", text.translate(_INVISIBLE)).replace("\r\n", "\n").replace("\r", "\n")
    if not lines:
        text = text.replace("\n", " ").replace("\t", " ")
    return text.strip()


def strange_character(text: str) -> str | None:
    """The first character that may not be kept, as `U+0007`; None when the text is fine. Rare 汉字 are always fine."""
    for character in text:
        code = ord(character)
        if character in "\n\t":
            continue
        is_control = unicodedata.category(character) in ("Cc", "Cs")
        is_noncharacter = code & 0xFFFE == 0xFFFE or 0xFDD0 <= code <= 0xFDEF
        if is_control or is_noncharacter or character in _DIRECTION_MARKS:
            return f"U+{code:04X}"
    return None


def shown(text: str, limit: int = 40) -> str:
    """Somebody else's word, safe and short enough to repeat inside a sentence."""
    visible = "".join(character if character.isprintable() else "�" for character in text[: limit + 1])
    return visible if len(visible) <= limit else visible[:limit] + "…"
