"""What the doctor says on a machine that is well, and about a database that is not."""

from pathlib import Path

import pytest

from setup.system import NEEDS
from web import doctor


def test_a_machine_after_set_up_is_well() -> None:
    assert [check for check in doctor.checks() if not check.ok] == []


def test_the_doctor_looks_for_the_libraries_that_set_up_installs() -> None:
    assert [package for _, package in doctor.LIBRARIES] == [need.package for need in NEEDS]


@pytest.mark.parametrize(
    ("url", "detail"),
    [
        ("sqlite:///{folder}/absent.db", "no such file"),
        ("sqlite:///{folder}/junk.db", "not a database"),
        ("postgresql+psycopg://nobody:secret@127.0.0.1:1/duban", "Connection refused"),
        ("rubbish", "neither sqlite"),
    ],
)
def test_a_database_that_cannot_be_used_is_said_with_what_to_do(tmp_path: Path, url: str, detail: str) -> None:
    (tmp_path / "junk.db").write_bytes(b"junk" * 1000)

    found = doctor.checks(url.format(folder=tmp_path))[-1]

    assert (found.ok, detail in found.detail, found.how_to_fix != "") == (False, True, True)
    assert "secret" not in repr(found)
    assert not (tmp_path / "absent.db").exists()


def test_a_font_that_no_role_takes_is_mentioned(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "隶书.ttf").touch()
    monkeypatch.setenv("DUBAN_FONTS", str(tmp_path))

    [found] = [check for check in doctor.checks() if not check.ok]

    assert found.name == "字体 font 隶书.ttf"


@pytest.mark.parametrize(
    ("url", "detail"),
    [("redis://:secret@127.0.0.1:1/0", "onnection refused"), ("rubbish://host", "No such transport")],
)
def test_a_broker_that_cannot_be_used_is_said_without_its_password(url: str, detail: str) -> None:
    found = doctor.checks(broker_url=url)[-1]

    assert (found.ok, detail in found.detail, found.how_to_fix != "") == (False, True, True)
    assert "secret" not in repr(found)
