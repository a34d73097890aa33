"""Free fonts for letters, taken out of Debian packages into `var/fonts`; nothing is installed and no root is needed."""

import gzip
import shutil
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Final

from setup import apt, packages
from setup.progress import Progress, SetupFailed, succeeds

_SYSTEM_BABELSTONE: Final = Path("/usr/share/fonts/truetype/babelstone/BabelStoneHan.ttf")
_ALL_ROLES_SERVED: Final = "from forms.letters import fonts; fonts.roles()"


@dataclass(frozen=True)
class Family:
    """Files to take out of a Debian package, the licence with them."""

    folder: str
    package: str
    fonts: tuple[str, ...]
    papers: tuple[str, ...]


FANDOL: Final = Family(
    folder="fandol",
    package="texlive-lang-chinese",
    fonts=tuple(
        f"usr/share/texlive/texmf-dist/fonts/opentype/public/fandol/Fandol{cut}.otf"
        for cut in ("Fang-Regular", "Hei-Regular", "Kai-Regular", "Song-Regular", "Song-Bold")
    ),
    papers=("usr/share/doc/texlive-doc/fonts/fandol/COPYING.gz", "usr/share/doc/texlive-doc/fonts/fandol/README"),
)
BABELSTONE: Final = Family(
    folder="babelstone",
    package="fonts-babelstone-han",
    fonts=("usr/share/fonts/truetype/babelstone/BabelStoneHan.ttf",),
    papers=("usr/share/doc/fonts-babelstone-han/copyright",),
)


def provide(root: Path, *, progress: Progress) -> None:
    """Every role of a letter has its font file afterwards; raises SetupFailed otherwise."""
    home = root / "var" / "fonts"
    (home / "licensed").mkdir(parents=True, exist_ok=True)
    families = [family for family in _wanted() if not _is_complete(family, home)]
    if families and not (apt.is_present() or _serves_every_role(root)):
        raise SetupFailed(
            f"the fonts for letters come out of Debian packages, but there is no apt-get here: put fonts of your own "
            f"for 仿宋, 小标宋, 楷体, 黑体, 宋体 and a fallback into {home / 'licensed'} (see README.md)"
        )
    if apt.is_present():
        for family in families:
            _fetch(family, home, root=root, progress=progress)
    if not _serves_every_role(root):
        raise SetupFailed("a font for letters is still missing: .venv/bin/duban doctor says which")
    progress.say("fonts: every role of a letter has one")


def _wanted() -> tuple[Family, ...]:
    return (FANDOL,) if _SYSTEM_BABELSTONE.is_file() else (FANDOL, BABELSTONE)


def _is_complete(family: Family, home: Path) -> bool:
    return all((home / family.folder / Path(name).name).is_file() for name in family.fonts)


def _fetch(family: Family, home: Path, *, root: Path, progress: Progress) -> None:
    with TemporaryDirectory(prefix="duban-fonts-") as folder:
        unpacked = Path(folder)
        apt.unpack(family.package, unpacked, root=root, progress=progress)
        target = home / family.folder
        target.mkdir(parents=True, exist_ok=True)
        for name in (*family.papers, *family.fonts):
            _take(unpacked / name, target)


def _take(source: Path, target: Path) -> None:
    """Copies a file; a packed licence text is unpacked so that a person can read it."""
    if not source.is_file():
        raise SetupFailed(f"the package does not hold {source.name} any more; report this as a fault of the set-up")
    if source.suffix == ".gz":
        (target / source.stem).write_bytes(gzip.decompress(source.read_bytes()))
        return
    partial = target / f"{source.name}.part"
    shutil.copyfile(source, partial)
    partial.rename(target / source.name)


def _serves_every_role(root: Path) -> bool:
    return succeeds([packages.interpreter(root), "-c", _ALL_ROLES_SERVED])
