"""Settings of signing and of the public address: each is read, and what cannot be right is refused with a reason."""

from pathlib import Path

import pytest

from engine.errors import Refused
from forms.letters.seals import SigningSettings
from web.config import from_environment


def test_every_setting_of_signing_is_read() -> None:
    config = from_environment(
        {
            "DUBAN_PUBLIC_URL": " https://duban.example/ ",
            "DUBAN_SIGNING_PKCS12": "/a/seal.p12",
            "DUBAN_SIGNING_PASSPHRASE_FILE": "/a/passphrase",
            "DUBAN_SIGNING_CHAIN": "/a/chain.pem",
            "DUBAN_SIGNING_CRLS": "/a/crls",
            "DUBAN_SIGNING_TSA": "http://tsa.example/ask",
            "DUBAN_SIGNING_SEAL": "/a/seal.pdf",
        }
    )

    assert config.public_url == "https://duban.example"
    assert config.signing == SigningSettings(
        pkcs12=Path("/a/seal.p12"),
        passphrase_file=Path("/a/passphrase"),
        chain=Path("/a/chain.pem"),
        crls=Path("/a/crls"),
        tsa_url="http://tsa.example/ask",
        seal_picture=Path("/a/seal.pdf"),
    )


def test_a_token_is_read_and_nothing_set_means_samples() -> None:
    token = {
        "DUBAN_SIGNING_PKCS11_MODULE": "/lib/token.so",
        "DUBAN_SIGNING_TOKEN": "office",
        "DUBAN_SIGNING_KEY": "seal",
        "DUBAN_SIGNING_PIN_FILE": "/a/pin",
    }

    assert from_environment(token).signing == SigningSettings(
        pkcs11_module=Path("/lib/token.so"), token="office", key="seal", pin_file=Path("/a/pin")
    )
    assert from_environment({}).signing == SigningSettings()
    assert not from_environment({"DUBAN_SIGNING_PKCS12": " "}).signing.is_on


@pytest.mark.parametrize(
    ("environ", "code"),
    [
        ({"DUBAN_SIGNING_PKCS12": "/a", "DUBAN_SIGNING_PKCS11_MODULE": "/b"}, "signing_twice"),
        ({"DUBAN_SIGNING_SEAL": "/a/seal.pdf"}, "signing_without_key"),
        ({"DUBAN_PUBLIC_URL": "duban.example"}, "address_wrong"),
        ({"DUBAN_PUBLIC_URL": "https://duban.example/?x=1"}, "address_wrong"),
        ({"DUBAN_SIGNING_PKCS12": "/a", "DUBAN_SIGNING_TSA": "file:///etc/passwd"}, "address_wrong"),
    ],
)
def test_settings_that_cannot_be_meant_are_refused(environ: dict[str, str], code: str) -> None:
    with pytest.raises(Refused) as refused:
        from_environment(environ)

    assert refused.value.code == code
