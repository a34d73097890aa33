"""Libraries and programs from the operating system: what is looked for, and which Debian package brings it."""

import shutil
import sys
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Final

from setup import apt
from setup.progress import Progress, SetupFailed, succeeds


@dataclass(frozen=True)
class Need:
    """Something outside Python. `is_there` looks for the thing itself: who has it from elsewhere is left alone."""

    package: str
    is_there: Callable[[], bool]


def _loads(library: str) -> bool:
    """In a process of its own: the loader of this one may remember an older answer."""
    return succeeds([sys.executable, "-c", f"import ctypes; ctypes.CDLL({library!r})"])


def _has_program(*names: str) -> bool:
    return any(shutil.which(name) for name in names)


def _has_file(folder: str, pattern: str) -> bool:
    return any(Path(folder).glob(pattern))


# What WeasyPrint opens by name. libgobject comes with pango; without harfbuzz-subset a letter takes ten times as long.
NEEDS: Final = (
    Need("libpango-1.0-0", partial(_loads, "libpango-1.0.so.0")),
    Need("libpangoft2-1.0-0", partial(_loads, "libpangoft2-1.0.so.0")),
    Need("libharfbuzz0b", partial(_loads, "libharfbuzz.so.0")),
    Need("libharfbuzz-subset0", partial(_loads, "libharfbuzz-subset.so.0")),
    Need("libfontconfig1", partial(_loads, "libfontconfig.so.1")),
)
NEEDS_OF_TESTS: Final = (
    *NEEDS,
    Need("poppler-utils", partial(_has_program, "pdftotext")),
    Need("softhsm2", partial(_has_program, "softhsm2-util")),  # a PKCS#11 token to sign letters with
    Need("libatomic1", partial(_loads, "libatomic.so.1")),  # the node inside Playwright's package
    Need("chromium", partial(_has_program, "chromium")),
    Need("fonts-noto-cjk", partial(_has_file, "/usr/share/fonts", "**/Noto*CJK*")),
    Need("postgresql", partial(_has_file, "/usr/lib/postgresql", "*/bin/initdb")),
    Need("redis-server", partial(_has_program, "redis-server")),
    Need("eatmydata", partial(_has_program, "eatmydata")),  # tests stop processes, never the machine: no fsync
)


def missing(needs: tuple[Need, ...]) -> list[str]:
    """The Debian packages that would bring what is not there."""
    return [need.package for need in needs if not need.is_there()]


def provide(needs: tuple[Need, ...], *, root: Path, progress: Progress) -> None:
    """Installs what is missing. Raises SetupFailed with the line to run when that takes rights which we lack."""
    lacking = missing(needs)
    if not lacking:
        progress.say(f"system: all {len(needs)} libraries and programs are there")
        return
    if not apt.is_present():
        raise SetupFailed(f"these are missing and this machine has no apt-get; install their like: {' '.join(lacking)}")
    if not apt.may_install():
        raise SetupFailed(
            f"these need root rights; run this line as root, then come back:\n    {apt.install_line(lacking)}"
        )
    apt.install(lacking, progress=progress)
    if still := missing(needs):
        raise SetupFailed(f"installed, but still not found: {' '.join(still)}; see var/log/setup.log")
