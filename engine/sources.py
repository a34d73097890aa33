"""Reads what lies in `processes/`: process folders, campaigns and calendars, as bytes. Decides nothing about them."""

from dataclasses import dataclass
from pathlib import Path

from engine.domain.model_draft import RESERVED, SUFFIXES
from engine.errors import NotFound


@dataclass(frozen=True)
class Folder:
    """One process folder: file name (with forward slashes below the folder) -> bytes."""

    key: str
    files: dict[str, bytes]


def process_folders(root: Path) -> list[Folder]:
    """Every process folder, by name. Raises NotFound when there is no such root."""
    if not root.is_dir():
        raise NotFound("folder_unknown", f"There is no folder {root}.", folder=str(root))
    found = (child for child in sorted(root.iterdir()) if child.is_dir() and child.name not in RESERVED)
    return [process_folder(child) for child in found]


def process_folder(folder: Path) -> Folder:
    """One folder. Raises NotFound when it is not there."""
    if not folder.is_dir():
        raise NotFound("folder_unknown", f"There is no folder {folder}.", folder=str(folder))
    files = {
        path.relative_to(folder).as_posix(): path.read_bytes()
        for path in sorted(folder.rglob("*"))
        if path.is_file() and path.suffix in SUFFIXES
    }
    return Folder(folder.resolve().name, files)


def calendars(root: Path) -> list[bytes]:
    return [path.read_bytes() for path in sorted((root / "calendars").glob("*.toml"))]


def campaign(root: Path, campaign_id: str) -> bytes:
    """Raises NotFound, naming what there is."""
    path = root / "campaigns" / f"{campaign_id}.toml"
    if not path.is_file():
        there = ", ".join(sorted(found.stem for found in (root / "campaigns").glob("*.toml")))
        raise NotFound(
            "campaign_file_unknown", f"There is no campaign {campaign_id}; there are: {there}.", campaign=campaign_id
        )
    return path.read_bytes()
