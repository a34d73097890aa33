"""What people call a file of a draft: its form's title, the names of its tables, its kind of letter."""

import json
from collections.abc import Mapping
from typing import Final

from engine.bpmn.document import local, read_document
from engine.domain.letter import KINDS
from engine.errors import EngineError
from web.i18n import language
from web.studio.starters import SUFFIXES

LARGEST: Final = 300_000  # bytes of a file that is read only for its title
LONGEST: Final = 40  # characters of a title beside others


def file_titles(tab: str, files: Mapping[str, bytes]) -> dict[str, str]:
    """Title by name of file, "" for a file that bears none or cannot be read."""
    titles = {"tables": _tables, "forms": _form, "letters": _letter}[tab]
    return {name: titles(name, content)[:LONGEST] for name, content in files.items() if name.endswith(SUFFIXES[tab])}


def _form(_: str, content: bytes) -> str:
    if len(content) > LARGEST:
        return ""
    try:
        form = json.loads(content)
    except (ValueError, RecursionError):
        return ""
    given = form if isinstance(form, dict) else {}
    title = (language() == "en" and given.get("titleEn")) or given.get("title")
    return title if isinstance(title, str) else ""


def _tables(_: str, content: bytes) -> str:
    if len(content) > LARGEST:
        return ""
    try:
        root = read_document(content)
    except EngineError:
        return ""
    return "、".join(node.get("name", "") for node in root if local(node) == "decision")


def _letter(name: str, _: bytes) -> str:
    kind = KINDS.get(name.removesuffix(SUFFIXES["letters"]))
    return "" if kind is None else kind.en if language() == "en" else kind.zh
