"""The order of the steps, and the command line of the installer."""

import argparse
import fcntl
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from setup import fonts, frontend, packages, system
from setup.progress import Progress, SetupFailed

ROOT = Path(__file__).resolve().parents[1]
OLDEST_PYTHON = (3, 11)


def main(arguments: list[str]) -> int:
    purpose = _parser().parse_args(arguments).purpose
    progress = Progress(log=ROOT / "var" / "log" / "setup.log")
    try:
        with _one_at_a_time(progress):
            install(ROOT, with_tests=purpose == "test", progress=progress)
    except SetupFailed as failure:
        progress.say(f"STOPPED: {failure}")
        return 1
    except KeyboardInterrupt:
        progress.say("interrupted; run it again, finished steps are kept")
        return 130
    return 0


def install(root: Path, *, with_tests: bool, progress: Progress) -> None:
    """Brings the tree at `root` to a working state; `with_tests` adds what `make test` needs on top."""
    _check_python(progress)
    system.provide(system.NEEDS_OF_TESTS if with_tests else system.NEEDS, root=root, progress=progress)
    packages.provide(root, with_tests=with_tests, progress=progress)
    fonts.provide(root, progress=progress)
    frontend.provide(root, progress=progress)
    progress.say("ready: .venv/bin/duban")


def _check_python(progress: Progress) -> None:
    version = ".".join(map(str, sys.version_info[:3]))
    if sys.version_info < OLDEST_PYTHON:
        wanted = ".".join(map(str, OLDEST_PYTHON))
        raise SetupFailed(f"Python {wanted} or newer is needed, this is {version}: make PYTHON=python{wanted} ...")
    progress.say(f"Python {version} at {sys.executable}")


@contextmanager
def _one_at_a_time(progress: Progress) -> Iterator[None]:
    """A second installer in the same tree waits for the first."""
    lock = ROOT / "var" / "setup.lock"
    lock.parent.mkdir(parents=True, exist_ok=True)
    with lock.open("w") as handle:
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            progress.say("another set-up is at work in this folder; waiting for it")
            fcntl.flock(handle, fcntl.LOCK_EX)
        yield


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python3 -m setup", description="Install what Duban needs, as far as it is missing."
    )
    parser.add_argument(
        "--for", dest="purpose", choices=("use", "test"), default="use", help="test: also the test tools"
    )
    return parser


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
