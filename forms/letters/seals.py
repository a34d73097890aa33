"""What signing a letter asks for and gives back, apart from any signer: the settings, the protocol, the failure.

Two kinds of service are foreseen. PAdES with the operator's X.509 certificate is built (`sign.PadesSeal`). A 国密 seal
service (SM2 signatures, seals after GM/T 0031 or GB/T 38540) is not: no maintained library makes them for PDF. Such a
service plugs in as another `SealService`, returned by `web.bootstrap.seal_service`; nothing here pretends to be one.
"""

from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Protocol

from engine.domain.verification import Signature
from engine.errors import Refused
from forms.letters.rendered import RenderedLetter


@dataclass(frozen=True)
class SigningSettings:
    """Either `pkcs12` with its passphrase, or `pkcs11_module` with token, key label and PIN; all secrets are files.

    `chain`: PEM, the certificates from the signer's issuer up to the root. `crls`: folder with current revocation
    lists, DER or PEM. With `tsa_url` the letter is signed for the long term (B-LTA), which needs both. `seal_picture`
    is the operator's own, PDF or PNG; without it the signature is not visible on the page.
    """

    pkcs12: Path | None = None
    passphrase_file: Path | None = None
    pkcs11_module: Path | None = None
    token: str = ""
    key: str = ""
    pin_file: Path | None = None
    chain: Path | None = None
    crls: Path | None = None
    tsa_url: str = ""
    seal_picture: Path | None = None

    @property
    def is_on(self) -> bool:
        return self.pkcs12 is not None or self.pkcs11_module is not None


@dataclass(frozen=True)
class SealedLetter:
    pdf: bytes
    signature: Signature


@dataclass(frozen=True)
class SealState:
    """What an administrator asks of a seal service. `problems` stop signing or will soon; `notes` are only to know.

    Each is a pair: what is wrong, and what to do.
    """

    signer: str = ""
    valid_until: datetime | None = None
    level: str = ""
    problems: tuple[tuple[str, str], ...] = ()
    notes: tuple[str, ...] = ()


class SealService(Protocol):
    """Seals finished PDFs with the office's own key. Called by the letter job, outside every transaction."""

    def seal(self, letter: RenderedLetter, *, organ: str, reason: str) -> SealedLetter:
        """The letter with the seal in its `seal_box` and a signature over the whole file. May take seconds.

        Called twice for the same letter it gives two different files; the first that is stored counts. Raises
        SealFailed when it cannot, and never returns a letter that is not signed.
        """
        ...

    def state(self, at: datetime) -> SealState:
        """Looks at key, certificate and what else is needed, without signing. Never raises."""
        ...


class SealFailed(Refused):
    """The letter could not be signed: the job is tried again and ends in an incident, the letter stays unmade."""

    def __init__(self, reason: str, fix: str = "") -> None:
        self.reason = reason
        self.fix = fix
        super().__init__(
            "seal_failed", f"The letter could not be signed: {reason.rstrip('.')}. {fix}".rstrip(), reason=reason
        )
