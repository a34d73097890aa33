"""Debian's package tools: install as root or through sudo, and fetch a package's files without being root at all."""

import os
import shutil
import sys
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory

from setup.progress import Progress, SetupFailed, output_of, succeeds

_INSTALL = ("apt-get", "install", "-y", "--no-install-recommends", "-o", "DPkg::Lock::Timeout=120")
_QUIET = ("env", "DEBIAN_FRONTEND=noninteractive")
_updated: set[str] = set()  # which package lists this run has refreshed already: "system", "private"


def is_present() -> bool:
    return shutil.which("apt-get") is not None and shutil.which("dpkg-deb") is not None


def install_line(packages: list[str]) -> str:
    """The one line that a person with root rights has to run."""
    return f"apt-get update && {' '.join(_INSTALL[:4])} {' '.join(packages)}"


def install(packages: list[str], *, progress: Progress) -> None:
    """Installs packages; refreshes the lists only when they do not know a package or hold a version that is gone."""
    if any(not _has_candidate(package) for package in packages):
        _update(progress)
    command = [*_as_root(), *_QUIET, *_INSTALL, *packages]
    title = f"Debian packages: {' '.join(packages)}"
    try:
        progress.run(title, command)
    except SetupFailed:
        if "system" in _updated:
            raise
        _update(progress)
        progress.run(title, command)


def may_install() -> bool:
    return os.geteuid() == 0 or _sudo_works()


def unpack(package: str, into: Path, *, root: Path, progress: Progress) -> None:
    """Downloads a package and lays its files under `into` without installing it; needs no root rights."""
    if not is_present():
        raise SetupFailed(f"apt-get is not on this machine, so the Debian package {package} cannot be fetched")
    own_lists = _lists_for(package, root=root, progress=progress)
    with TemporaryDirectory(prefix="duban-apt-") as folder:
        os.chmod(folder, 0o755 if os.geteuid() else 0o777)  # apt drops root rights while it downloads
        _download(package, own_lists, Path(folder), progress=progress)
        archive = next(Path(folder).glob("*.deb"))
        into.mkdir(parents=True, exist_ok=True)
        progress.run(f"{package}: unpack", ["dpkg-deb", "-x", archive, into])


def _download(package: str, options: list[str], folder: Path, *, progress: Progress) -> None:
    command = ["apt-get", *options, "download", package]
    try:
        progress.run(f"{package}: download", command, cwd=folder)
    except SetupFailed:  # the lists may be older than what the mirror still holds
        if _updated or not may_install():
            raise
        _update(progress)
        progress.run(f"{package}: download", command, cwd=folder)


def _lists_for(package: str, *, root: Path, progress: Progress) -> list[str]:
    """apt options under which the package is known: the system's lists, or private ones when only root may refresh."""
    if _has_candidate(package):
        return []
    if may_install():
        _update(progress)
        return []
    options = _private_options(root / "var" / "cache" / "apt")
    if "private" not in _updated:
        progress.run("Debian package lists, a private copy", ["apt-get", *options, "update"])
        _updated.add("private")
    return options


def _private_options(folder: Path) -> list[str]:
    (folder / "state" / "lists" / "partial").mkdir(parents=True, exist_ok=True)
    (folder / "archives" / "partial").mkdir(parents=True, exist_ok=True)
    settings = {
        "Dir::State": folder / "state",
        "Dir::State::status": "/var/lib/dpkg/status",
        "Dir::Cache": folder,
        "Debug::NoLocking": "true",
    }
    return [part for name, value in settings.items() for part in ("-o", f"{name}={value}")]


def _update(progress: Progress) -> None:
    if "system" not in _updated:
        progress.run("Debian package lists", [*_as_root(), *_QUIET, "apt-get", "update"])
        _updated.add("system")


def _has_candidate(package: str) -> bool:
    policy = output_of(["apt-cache", "policy", package], env={"LC_ALL": "C"})
    return "Candidate:" in policy and "Candidate: (none)" not in policy


def _as_root() -> list[str]:
    return [] if os.geteuid() == 0 else ["sudo"]


@cache
def _sudo_works() -> bool:
    """sudo without a password, or with somebody at the terminal who can type it."""
    if shutil.which("sudo") is None:
        return False
    return succeeds(["sudo", "-n", "true"]) or sys.stdin.isatty()
