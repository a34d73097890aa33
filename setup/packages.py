"""The virtual environment and the Python packages in it, pinned by hash in `requirements/*.txt`.

uv installs them; when uv cannot be had, pip does the same from the same files.
"""

import importlib.util
import os
import shutil
import sys
from pathlib import Path

from setup import apt, stamps
from setup.progress import Progress, SetupFailed, output_of, succeeds

_APP = ("app.txt", "build.txt")
_TESTS = ("dev.txt",)
_VERSION = "import sys; print('.'.join(map(str, sys.version_info[:3])))"


def provide(root: Path, *, with_tests: bool, progress: Progress) -> None:
    """`.venv` with every pinned package and Duban itself in it."""
    _provide_environment(root, progress=progress)
    by_uv = _provide_uv(root, progress=progress)
    _provide_group(root, "app", _APP, by_uv=by_uv, progress=progress)
    if with_tests:
        _provide_group(root, "tests", _APP + _TESTS, by_uv=by_uv, progress=progress)
    _provide_duban(root, by_uv=by_uv, progress=progress)


def interpreter(root: Path) -> Path:
    return root / ".venv" / "bin" / "python"


def python_version(root: Path) -> str:
    """Of the virtual environment, such as 3.11.7; empty when there is none that runs."""
    return output_of([interpreter(root), "-c", _VERSION])


def _provide_environment(root: Path, *, progress: Progress) -> None:
    if python_version(root) and (root / ".venv" / "pyvenv.cfg").is_file():
        return
    if (root / ".venv").exists():
        progress.say("the virtual environment does not run any more; making it anew")
        shutil.rmtree(root / ".venv")
    # Debian keeps ensurepip in a package of its own (python3-venv); without it the environment starts without pip.
    bare = [] if _has_ensurepip() else ["--without-pip"]
    progress.run("virtual environment .venv", [sys.executable, "-m", "venv", *bare, root / ".venv"])


def _provide_group(root: Path, step: str, names: tuple[str, ...], *, by_uv: bool, progress: Progress) -> None:
    files = [root / "requirements" / name for name in names]
    key = stamps.key_of(root, files, python_version(root))
    if stamps.is_current(root, f"packages-{step}", key):
        progress.say(f"Python packages ({step}): up to date")
        return
    wanted = [part for path in files for part in ("-r", str(path))]
    _install(root, f"Python packages ({step})", ["--require-hashes", *wanted], by_uv=by_uv, progress=progress)
    stamps.record(root, f"packages-{step}", key)


def _provide_duban(root: Path, *, by_uv: bool, progress: Progress) -> None:
    key = stamps.key_of(root, [root / "pyproject.toml", root / "requirements" / "app.in"], python_version(root))
    if stamps.is_current(root, "duban", key) and (root / ".venv" / "bin" / "duban").is_file():
        progress.say("duban: installed")
        return
    arguments = ["--no-deps", "--no-build-isolation", "--editable", str(root)]
    _install(root, "duban, linked to this folder", arguments, by_uv=by_uv, progress=progress)
    stamps.record(root, "duban", key)


def _install(root: Path, title: str, arguments: list[str], *, by_uv: bool, progress: Progress) -> None:
    if by_uv:
        command = [str(_uv(root)), "pip", "install", "--python", str(interpreter(root)), *arguments]
        progress.run(f"{title}, by uv", command, env=_uv_settings(root, progress=progress))
    else:
        command, env = _pip(root, progress=progress)
        progress.run(f"{title}, by pip", [*command, "install", "--disable-pip-version-check", *arguments], env=env)


def _provide_uv(root: Path, *, progress: Progress) -> bool:
    """uv of the pinned version in `.venv`; False when it cannot be had, and pip has to do."""
    pin = root / "requirements" / "uv.txt"
    key = stamps.key_of(root, [pin], python_version(root))
    if stamps.is_current(root, "uv", key) and succeeds([_uv(root), "--version"]):
        return True
    command, env = _pip(root, progress=progress)
    wanted = ["install", "--disable-pip-version-check", "--require-hashes", "--only-binary", ":all:", "-r", str(pin)]
    try:
        progress.run("uv, by pip", [*command, *wanted], env=env)
    except SetupFailed as failure:
        progress.say(f"uv cannot be had, pip takes its place (slower): {str(failure).splitlines()[-1]}")
        return False
    stamps.record(root, "uv", key)
    return True


def _uv(root: Path) -> Path:
    return root / ".venv" / "bin" / "uv"


def _pip(root: Path, *, progress: Progress) -> tuple[list[str], dict[str, str]]:
    """The pip command of the virtual environment, and the environment variables that it needs."""
    command = [str(interpreter(root)), "-m", "pip"]
    if succeeds([*command, "--version"]):
        return command, {}
    if _has_ensurepip():
        progress.run("pip", [interpreter(root), "-m", "ensurepip", "--default-pip"])
        return command, {}
    return command, {"PYTHONPATH": str(_pip_wheel(root, progress=progress))}


def _pip_wheel(root: Path, *, progress: Progress) -> Path:
    """pip as Debian ships it for python3-venv: a wheel that runs without being installed."""
    folder = root / "var" / "cache" / "pip"
    wheels = "usr/share/python-wheels/pip-*.whl"
    if not any(folder.glob(wheels)):
        apt.unpack("python3-pip-whl", folder, root=root, progress=progress)
    found = sorted(folder.glob(wheels))
    if not found:
        raise SetupFailed(f"this Python has no pip; install it with: {apt.install_line(['python3-venv'])}")
    return found[-1]


def _has_ensurepip() -> bool:
    return importlib.util.find_spec("ensurepip") is not None


def _uv_settings(root: Path, *, progress: Progress) -> dict[str, str]:
    """uv does not read pip's settings: hand on the package index and the certificates that the operator chose there."""
    settings = {"UV_NO_PROGRESS": "1"}
    pip, env = _pip(root, progress=progress)
    for uv_name, pip_name in (("UV_DEFAULT_INDEX", "index-url"), ("SSL_CERT_FILE", "cert")):
        chosen = os.environ.get(f"PIP_{pip_name.upper().replace('-', '_')}") or _pip_setting(pip, env, pip_name)
        if chosen and uv_name not in os.environ:
            settings[uv_name] = chosen
    return settings


def _pip_setting(pip: list[str], env: dict[str, str], name: str) -> str:
    sections = ("install", "global")
    return next(
        (found for part in sections if (found := output_of([*pip, "config", "get", f"{part}.{name}"], env=env))), ""
    )
