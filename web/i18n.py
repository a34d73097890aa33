"""What the pages say, in Chinese and English: one catalogue, read once. Data of the office is never translated here.

The catalogue is `web/messages.toml` and, for a room with many words of its own, `web/messages_<room>.toml`; a key
stands in one of them only. A leaf is `key = { zh = "…", en = "…" }`, the key of a nested table is joined by dots.
"""

import tomllib
from collections.abc import Iterator, Mapping
from functools import cache
from pathlib import Path
from typing import Any, Final

from flask import g, has_request_context

LANGUAGES: Final = ("zh", "en")
HERE: Final = Path(__file__).resolve().parent


def t(key: str, /, **fields: Any) -> str:
    """The sentence `key` in the reader's language, its `{…}` filled from `fields`. Raises KeyError."""
    return say(key, language(), **fields)


def say(key: str, lang: str, /, **fields: Any) -> str:
    """As `t`, in a named language."""
    sentence = catalogue()[key][lang]
    return sentence.format_map(_Fields(fields)) if "{" in sentence else sentence


def has(key: str) -> bool:
    return key in catalogue()


def language() -> str:
    """The reader's language: `zh` unless they chose `en`."""
    return str(g.get("lang", "zh")) if has_request_context() else "zh"


def pick(zh: str, en: str) -> str:
    """Of a pair that comes from data, the reader's."""
    return (en or zh) if language() == "en" else (zh or en)


@cache
def catalogue() -> Mapping[str, Mapping[str, str]]:
    """Every key with its two sentences. Raises ValueError when a key stands twice or lacks a language."""
    found: dict[str, Mapping[str, str]] = {}
    for file in sorted(HERE.glob("messages*.toml")):
        for key, sentences in _leaves(tomllib.loads(file.read_text("utf-8")), ""):
            if key in found:
                raise ValueError(f"{file.name}: the key {key} stands twice")
            if set(sentences) != set(LANGUAGES):
                raise ValueError(f"{file.name}: {key} needs exactly zh and en")
            found[key] = sentences
    return found


class _Fields(dict[str, Any]):
    """A field that an older fact does not hold leaves a dash, not an error."""

    def __missing__(self, key: str) -> str:
        return "—"


def _leaves(table: Mapping[str, Any], prefix: str) -> Iterator[tuple[str, Mapping[str, str]]]:
    for name, value in table.items():
        key = f"{prefix}.{name}" if prefix else name
        if all(isinstance(part, str) for part in value.values()):
            yield key, value
        else:
            yield from _leaves(value, key)
