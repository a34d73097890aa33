"""What the doctor says on a machine that is well, and about a database that is not."""

from dataclasses import replace
from pathlib import Path

import pytest
import signing_house

from forms.letters.seals import SigningSettings
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


def test_the_doctor_says_that_letters_are_samples() -> None:
    signing, code = doctor.checks(signing=SigningSettings())[-2:]

    assert (signing.ok, "演示样张" in signing.detail) == (True, True)
    assert (code.ok, "DUBAN_PUBLIC_URL" in code.detail) == (True, True)


def test_the_doctor_names_the_certificate_its_end_and_the_days_left(tmp_path: Path) -> None:
    settings = signing_house.settings(tmp_path, picture="png")

    signing, sm2, code = doctor.checks(signing=settings, public_url="https://duban.example")[-3:]

    assert signing.ok and signing_house.SIGNER in signing.detail and "PAdES B-B" in signing.detail
    assert f"{signing_house.seal_identity().certificate.not_valid_after_utc:%Y-%m-%d}" in signing.detail
    assert "剩余 699 天" in signing.detail
    assert (sm2.ok, "SM3" in sm2.detail) == (True, True)
    assert (code.ok, code.detail) == (True, "https://duban.example/v/…, 40 bytes")


def test_the_doctor_says_plainly_what_signing_lacks(tmp_path: Path) -> None:
    whole = signing_house.settings(tmp_path)
    soon = signing_house.settings(tmp_path / "soon", signing_house.seal_identity("演示短期证书（测试）", 12))
    cases = (
        (replace(whole, passphrase_file=tmp_path / "absent"), "DUBAN_SIGNING_PASSPHRASE_FILE"),
        (replace(whole, tsa_url="http://127.0.0.1:1/", crls=None), "DUBAN_SIGNING_CRLS"),
        (replace(whole, tsa_url="http://127.0.0.1:1/", chain=None), "DUBAN_SIGNING_CHAIN"),
        (replace(whole, seal_picture=tmp_path / "absent.png"), "DUBAN_SIGNING_SEAL"),
        (soon, "ends in 11 days"),
    )

    for settings, words in cases:
        wrong = [check for check in doctor.checks(signing=settings) if not check.ok]
        assert [words in f"{check.detail} {check.how_to_fix}" for check in wrong] == [True], words


def test_an_address_too_long_for_the_code_is_mentioned() -> None:
    longest = "https://" + "x" * 32 + ".cn"

    assert doctor.checks(signing=SigningSettings(), public_url=longest)[-1].ok
    assert not doctor.checks(signing=SigningSettings(), public_url=longest + "n")[-1].ok
