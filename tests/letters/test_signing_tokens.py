"""A letter signed by a key that never leaves its PKCS#11 token: SoftHSM, as a smart card or a module would."""

import os
import subprocess
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pkcs11
import pytest
import signing_house
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.serialization import Encoding
from letters_samples import CORRESPONDENCE_LETTER
from pkcs11.util.x509 import decode_x509_certificate

from forms.letters.examine import examine_pdf
from forms.letters.render import render
from forms.letters.seals import SealFailed, SigningSettings
from forms.letters.sign import PadesSeal

MODULE = Path("/usr/lib/softhsm/libsofthsm2.so")
PIN, TOKEN, KEY = "24680135", "演示 token", "seal"


@pytest.fixture(scope="module")
def token(tmp_path_factory: pytest.TempPathFactory) -> Iterator[SigningSettings]:
    """A token with key and certificate. The module reads its settings once a process, so there is one of it."""
    folder = tmp_path_factory.mktemp("token")
    (folder / "tokens").mkdir()
    (folder / "softhsm2.conf").write_text(f"directories.tokendir = {folder / 'tokens'}\nobjectstore.backend = file\n")
    os.environ["SOFTHSM2_CONF"] = str(folder / "softhsm2.conf")
    identity = signing_house.seal_identity()
    made = ["softhsm2-util", "--init-token", "--free", "--label", TOKEN, "--pin", PIN, "--so-pin", "13579"]
    subprocess.run(made, check=True, capture_output=True)
    (folder / "key.pem").write_bytes(
        identity.key.private_bytes(Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    )
    kept = ["softhsm2-util", "--import", str(folder / "key.pem"), "--token", TOKEN, "--label", KEY, "--id", "01"]
    subprocess.run([*kept, "--pin", PIN], check=True, capture_output=True)
    der = identity.certificate.public_bytes(Encoding.DER)
    with pkcs11.lib(str(MODULE)).get_token(token_label=TOKEN).open(rw=True, user_pin=PIN) as session:
        session.create_object(
            {**decode_x509_certificate(der), pkcs11.Attribute.TOKEN: True, pkcs11.Attribute.LABEL: KEY}
        )
    (folder / "pin").write_text(f"{PIN}\n")
    (folder / "chain.pem").write_bytes(signing_house.authority().pem)
    yield SigningSettings(
        pkcs11_module=MODULE, token=TOKEN, key=KEY, pin_file=folder / "pin", chain=folder / "chain.pem"
    )
    del os.environ["SOFTHSM2_CONF"]


def test_a_token_signs_a_letter_again_and_again(token: SigningSettings) -> None:
    letter = render(replace(CORRESPONDENCE_LETTER, is_sample=False))
    service = PadesSeal(token)

    signed = [service.seal(letter, organ="演示机关", reason="演示") for _ in range(2)]

    for each in signed:
        [found] = examine_pdf(each.pdf).signatures
        assert found.is_sound
        assert found.fingerprint == each.signature.fingerprint == signing_house.seal_identity().fingerprint


def test_the_state_of_a_token_is_told_without_signing(token: SigningSettings) -> None:
    state = PadesSeal(token).state(datetime.now(UTC))

    assert (state.signer.split("，")[0], state.problems) == (signing_house.SIGNER, ())


def test_a_wrong_token_key_or_pin_stops_the_letter_and_is_named(token: SigningSettings, tmp_path: Path) -> None:
    letter = render(replace(CORRESPONDENCE_LETTER, is_sample=False))
    (tmp_path / "pin").write_text("11111111\n")
    cases = (
        (replace(token, token="another"), "DUBAN_SIGNING_TOKEN"),
        (replace(token, key="another"), "DUBAN_SIGNING_KEY"),
        (replace(token, pin_file=tmp_path / "pin"), "PinIncorrect"),
        (replace(token, pkcs11_module=tmp_path / "absent.so"), "DUBAN_SIGNING_PKCS11_MODULE"),
    )

    for settings, words in cases:
        with pytest.raises(SealFailed) as stopped:
            PadesSeal(settings).seal(letter, organ="演示机关", reason="演示")
        assert words in str(stopped.value) and PIN not in str(stopped.value)
        assert [words in problem + fix for problem, fix in PadesSeal(settings).state(datetime.now(UTC)).problems] == [
            True
        ]
