"""The installer's own reasoning; that it works on a bare machine is shown by running it on one."""

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from setup import apt, stamps, system
from setup.progress import Progress, SetupFailed, output_of, succeeds

ROOT = Path(__file__).resolve().parents[2]
REQUIREMENTS = ROOT / "requirements"


@pytest.fixture
def progress(tmp_path: Path) -> Progress:
    return Progress(log=tmp_path / "log" / "setup.log")


def test_a_finished_program_is_reported_with_its_time(progress: Progress, capsys: pytest.CaptureFixture[str]) -> None:
    progress.run("greeting", [sys.executable, "-c", "print('hello')"])

    assert re.fullmatch(
        r"\[ +\d+\.\d s\] greeting \.\.\.\n\[ +\d+\.\d s\] greeting: done in \d+\.\d s\n", capsys.readouterr().out
    )


def test_a_failed_program_is_quoted(progress: Progress) -> None:
    with pytest.raises(SetupFailed, match=r"(?s)greeting: .* ended with code 3.*no such mirror"):
        progress.run("greeting", [sys.executable, "-c", "import sys; print('no such mirror'); sys.exit(3)"])


def test_a_program_that_is_not_there_is_said_so(progress: Progress) -> None:
    with pytest.raises(SetupFailed, match="greeting: cannot start no-such-program"):
        progress.run("greeting", ["no-such-program"])
    assert not succeeds(["no-such-program"])
    assert output_of(["no-such-program"]) == ""


def test_a_stamp_holds_until_an_input_changes(tmp_path: Path) -> None:
    pin = tmp_path / "app.txt"
    pin.write_text("flask==3.1.3")
    key = stamps.key_of(tmp_path, [pin], "3.11.2")
    stamps.record(tmp_path, "packages", key)

    assert stamps.is_current(tmp_path, "packages", stamps.key_of(tmp_path, [pin], "3.11.2"))
    assert not stamps.is_current(tmp_path, "packages", stamps.key_of(tmp_path, [pin], "3.12.0"))
    pin.write_text("flask==3.1.4")
    assert not stamps.is_current(tmp_path, "packages", stamps.key_of(tmp_path, [pin], "3.11.2"))


ABSENT = system.Need("libnothing0", is_there=lambda: False)


def test_without_root_rights_the_one_line_to_run_is_printed(
    progress: Progress, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(apt, "may_install", lambda: False)
    monkeypatch.setattr(apt, "is_present", lambda: True)

    with pytest.raises(SetupFailed) as failure:
        system.provide((ABSENT,), root=ROOT, progress=progress)

    line = str(failure.value).splitlines()[-1].strip()
    assert line == "apt-get update && apt-get install -y --no-install-recommends libnothing0"


def test_without_apt_the_missing_things_are_named(progress: Progress, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(apt, "is_present", lambda: False)

    with pytest.raises(SetupFailed, match="no apt-get; install their like: libnothing0"):
        system.provide((ABSENT,), root=ROOT, progress=progress)


def test_what_is_there_is_left_alone(progress: Progress, capsys: pytest.CaptureFixture[str]) -> None:
    system.provide(system.NEEDS_OF_TESTS, root=ROOT, progress=progress)

    assert f"all {len(system.NEEDS_OF_TESTS)} libraries and programs are there" in capsys.readouterr().out


def test_the_installer_stands_on_the_standard_library_alone() -> None:
    """Run by an interpreter that sees no installed package, every module of it loads."""
    modules = ["setup.__main__", *(f"setup.{path.stem}" for path in (ROOT / "setup").glob("[a-z]*.py"))]
    command = [sys.executable, "-S", "-W", "error", "-c", f"import {', '.join(modules)}"]

    finished = subprocess.run(command, cwd=ROOT, env={"PATH": os.defpath}, capture_output=True, text=True)

    assert (finished.returncode, finished.stderr) == (0, "")


@pytest.mark.parametrize("name", ["app", "build", "dev", "uv"])
def test_every_package_is_pinned_by_version_and_hash(name: str) -> None:
    text = (REQUIREMENTS / f"{name}.txt").read_text("utf-8")
    pins = re.split(r"\n(?=\S)", re.sub(r"(?m)^ *#.*\n", "", text).strip())

    assert [
        pin for pin in pins if not re.match(r"[\w.-]+(\[[\w,]+\])?==[\w.]+( ; [^\\]+)? \\\n +--hash=sha256:", pin)
    ] == []
    assert "://" not in text


def test_the_pins_of_tests_agree_with_those_of_the_product() -> None:
    pinned = {name: dict(re.findall(r"(?m)^([\w.-]+)(?:\[[\w,]+\])?==([\w.]+)", read(name))) for name in ("app", "dev")}

    shared = pinned["app"].keys() & pinned["dev"].keys()

    assert {name: pinned["app"][name] for name in shared} == {name: pinned["dev"][name] for name in shared}


def read(name: str) -> str:
    return (REQUIREMENTS / f"{name}.txt").read_text("utf-8")
