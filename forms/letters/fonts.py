"""Which font file plays which role in a letter, and which characters none of them can draw.

Knows files and character maps only; nothing about layout. The set-up puts free fonts under `var/fonts`; an office that
holds licences for 方正小标宋 or 仿宋_GB2312 drops its own files in `var/fonts/licensed` (or the folder named by
`DUBAN_FONTS`), and those win, known by the name of the file or else by the family that the font says it is of. A file
that is not sound, or whose licence forbids embedding, is not used.
"""

import os
import unicodedata
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from types import MappingProxyType
from typing import Final

from fontTools.ttLib import TTFont, TTLibError

from engine.errors import Refused

FONTS_HOME: Final = Path(__file__).resolve().parents[2] / "var" / "fonts"
FALLBACK: Final = "fallback"

# GB/T 9704-2012 names four faces: 小标宋 (mark, title), 仿宋 (body), 黑体 and 楷体 (headings); 宋体 for page numbers.
_FREE: Final = MappingProxyType(
    {
        "fangsong": ("fandol/FandolFang-Regular.otf",),
        "xiaobiaosong": ("fandol/FandolSong-Bold.otf",),
        "kaiti": ("fandol/FandolKai-Regular.otf",),
        "heiti": ("fandol/FandolHei-Regular.otf",),
        "songti": ("fandol/FandolSong-Regular.otf",),
        FALLBACK: (
            "babelstone/BabelStoneHan.ttf",
            "/usr/share/fonts/truetype/babelstone/BabelStoneHan.ttf",
        ),
    }
)
ROLES: Final = tuple(_FREE)

# What an operator's file, or the family in it, may be called, lower case. The first role that knows a name takes the
# file, so the order matters: 仿宋体 also contains 宋体.
_LICENSED_NAMES: Final = (
    ("xiaobiaosong", ("小标宋", "xiaobiaosong", "fzxbs")),
    ("fangsong", ("仿宋", "fangsong", "simfang", "fzfs")),
    ("kaiti", ("楷体", "kaiti", "simkai", "fzkt")),
    ("heiti", ("黑体", "heiti", "simhei", "fzht")),
    ("songti", ("宋体", "书宋", "songti", "simsun", "fzss")),
    (FALLBACK, ("fallback", "babelstone", "hanamin", "plangothic", "遍黑")),
)
_FAMILY_NAMES: Final = (1, 4, 6, 16)  # OpenType name table: family, full name, PostScript name, typographic family
_NO_EMBEDDING: Final = 0x0002  # OpenType OS/2 fsType: restricted licence embedding
_FONT_ENDINGS: Final = (".ttf", ".otf")


class FontsMissing(Refused):
    """A role has no font file, or the file cannot be read as a font."""


def roles() -> dict[str, Path]:
    """Role → font file, for every name in `ROLES`; an operator's own font wins over the free one.

    Raises FontsMissing that names every role without a file.
    """
    found = available()
    lacking = [role for role in ROLES if role not in found]
    if lacking:
        raise FontsMissing(
            "fonts_missing",
            f"No font file for {', '.join(lacking)}: run `make setup`, which fetches the free fonts into {FONTS_HOME}, "
            f"or put your own .ttf or .otf files into {licensed_folder()}.",
            roles=lacking,
            folder=str(licensed_folder()),
        )
    return found


def available() -> dict[str, Path]:
    """Role → font file for those roles that have one, in the order of `ROLES`; never raises for a missing font."""
    candidates = {role: _first_file(names) for role, names in _FREE.items()} | _licensed_files()
    return {role: path for role in ROLES if (path := candidates[role]) is not None}


def licensed_folder() -> Path:
    """Where an operator puts fonts of their own: `DUBAN_FONTS`, or `licensed` beside the free ones."""
    named = os.environ.get("DUBAN_FONTS")
    return Path(named) if named else FONTS_HOME / "licensed"


def unrecognised_files() -> list[Path]:
    """Files in the operator's folder that no role takes, so that the doctor can say that they are not in use."""
    known = set(_licensed_files().values()) | set(unfit_files())
    return [path for path in _listing(licensed_folder()) if path not in known and not path.name.startswith(".")]


def unfit_files() -> dict[Path, str]:
    """Fonts in the operator's folder that cannot be used, and why, for the doctor."""
    found = {path: _look_at(path).fault for path in _listing(licensed_folder()) if _is_font(path)}
    return {path: fault for path, fault in found.items() if fault}


def missing_glyphs(text: str, role: str) -> set[str]:
    """The characters of `text` that neither the role's font nor the fallback draws; spaces and joiners do not count.

    Raises KeyError for an unknown role, FontsMissing when a font is absent or broken.
    """
    files = roles()
    own, fallback = _characters_of(files[role]), _characters_of(files[FALLBACK])
    return {
        char
        for char in text
        if not _is_invisible(char) and (_is_damage(char) or not (ord(char) in own or ord(char) in fallback))
    }


def is_in_role(char: str, role: str) -> bool:
    """Whether the role's own font draws this character; False means that the fallback has to."""
    return ord(char) in _characters_of(roles()[role])


def _licensed_files() -> dict[str, Path]:
    taken: dict[str, Path] = {}
    for path in _listing(licensed_folder()):
        if not _is_font(path) or _look_at(path).fault:
            continue
        names = (path.stem, *_look_at(path).families)
        role = next((role for name in names if (role := _role_of_name(name))), None)
        if role is not None:
            taken.setdefault(role, path)
    return taken


def _is_font(path: Path) -> bool:
    return path.suffix.lower() in _FONT_ENDINGS and not path.name.startswith(".")


def _role_of_name(name: str) -> str | None:
    lowered = unicodedata.normalize("NFC", name).lower()
    return next((role for role, words in _LICENSED_NAMES if any(word in lowered for word in words)), None)


@dataclass(frozen=True)
class _Looked:
    """What a font file says of itself; `fault` is empty when it may be used."""

    families: tuple[str, ...] = ()
    fault: str = ""


def _look_at(path: Path) -> _Looked:
    state = path.stat()
    return _look_into(path, state.st_mtime_ns, state.st_size)


@cache
def _look_into(path: Path, modified_ns: int, size_bytes: int) -> _Looked:
    """Time and size make a replaced file be looked at again."""
    try:
        with path.open("rb") as file, TTFont(file, lazy=True) as font:
            characters = font.getBestCmap() or {}
            families = {str(record) for record in font["name"].names if record.nameID in _FAMILY_NAMES}
            widest = font["hmtx"][characters[ord("的")]][0] if ord("的") in characters else 0
            embedding = font["OS/2"].fsType
            outlines = [table for table in ("glyf", "CFF ") if table in font]
            is_variable = "fvar" in font
    except Exception as error:  # fontTools fails in many ways over a damaged file; all of them mean: not this one
        return _Looked(fault=f"it cannot be read as a font ({type(error).__name__}: {error})")
    if not widest:
        return _Looked(fault="it does not draw Han characters such as 的")
    if not outlines or is_variable:
        return _Looked(fault="it is a variable or bitmap font; outlines of one weight are needed")
    if embedding & _NO_EMBEDDING:
        return _Looked(fault="its licence forbids embedding (OS/2 fsType)")
    return _Looked(tuple(sorted(families)))


def _listing(folder: Path) -> list[Path]:
    """The folder's files by name; the same folder gives the same choice on every machine."""
    return sorted(path for path in folder.iterdir() if path.is_file()) if folder.is_dir() else []


def _first_file(names: tuple[str, ...]) -> Path | None:
    return next((path for name in names if (path := FONTS_HOME / name).is_file()), None)


def _is_invisible(char: str) -> bool:
    """White space, format characters (zero width space, joiners) and variation selectors leave no mark on paper."""
    if char.isspace() or unicodedata.category(char) == "Cf":
        return True
    return unicodedata.name(char, "").startswith("VARIATION SELECTOR")


def _is_damage(char: str) -> bool:
    """Some fonts draw control and private-use characters; no reader of the letter could know what they mean."""
    return unicodedata.category(char) in {"Cc", "Co", "Cs"}


def _characters_of(path: Path) -> frozenset[int]:
    return _read_characters(path, path.stat().st_mtime_ns)


@cache
def _read_characters(path: Path, modified_ns: int) -> frozenset[int]:
    """The code points of the font's character map; `modified_ns` makes a replaced file be read again."""
    try:
        with path.open("rb") as file, TTFont(file, lazy=True) as font:
            return frozenset(font.getBestCmap() or ())
    except (TTLibError, OSError) as error:
        raise FontsMissing(
            "font_unreadable",
            f"The font file {path} cannot be read ({error}): put a sound .ttf or .otf file in its place.",
            path=str(path),
        ) from error
