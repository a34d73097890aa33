"""Addresses of the built JavaScript and its styles, read from the manifest that the front-end build leaves."""

import json
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any, Final

from engine.errors import Refused

DIST: Final = Path(__file__).resolve().parent / "static" / "dist"
URL: Final = "/static/dist/"
_NOT_BUILT: Final = "The front end is not built: run `make setup`."


class AssetMissing(Refused):
    """The bundle is not built, or holds no entry of this name."""


@dataclass(frozen=True)
class Entry:
    """What a page needs to load one entry: the module, and the style sheets in the order in which to link them."""

    script: str
    styles: tuple[str, ...]


def asset(name: str) -> str:
    """Address of an entry's module, such as `asset("viewer.js")`; raises AssetMissing."""
    return entry(name).script


def stylesheets(name: str) -> tuple[str, ...]:
    """Addresses of the style sheets that belong to an entry, those of its shared parts first; raises AssetMissing."""
    return entry(name).styles


def entry(name: str, dist: Path = DIST) -> Entry:
    """The entry `viewer.js`, `studio.js`, … of the bundle under `dist`; raises AssetMissing."""
    manifest = dist / ".vite" / "manifest.json"
    try:
        modified_ns = manifest.stat().st_mtime_ns
    except FileNotFoundError as error:
        raise AssetMissing("assets_not_built", _NOT_BUILT, name=name) from error
    found = _entries(manifest, modified_ns).get(name)
    if found is None:
        raise AssetMissing("asset_unknown", f"The front end has no entry {name}. {_NOT_BUILT}", name=name)
    return found


@cache
def _entries(manifest: Path, modified_ns: int) -> dict[str, Entry]:
    """Entry name → addresses; `modified_ns` makes a new build be read without a restart."""
    try:
        chunks = json.loads(manifest.read_text("utf-8"))
    except ValueError as error:
        raise AssetMissing("assets_not_built", f"{manifest.name} is damaged. {_NOT_BUILT}") from error
    return {
        Path(key).name: Entry(script=URL + chunk["file"], styles=tuple(dict.fromkeys(_styles(chunks, key))))
        for key, chunk in chunks.items()
        if chunk.get("isEntry")
    }


def _styles(chunks: dict[str, Any], key: str) -> Iterator[str]:
    for imported in chunks[key].get("imports", ()):
        yield from _styles(chunks, imported)
    for style in chunks[key].get("css", ()):
        yield URL + style
