"""Opens the operator's key for signing, from a PKCS#12 file or a PKCS#11 token, and what proves it: chain and lists."""

from collections.abc import Iterator
from contextlib import contextmanager
from functools import lru_cache
from pathlib import Path
from typing import Any

from asn1crypto import crl, pem, x509
from cryptography.hazmat.primitives.asymmetric.ec import ECDSA, EllipticCurvePrivateKey
from cryptography.hazmat.primitives.asymmetric.padding import PKCS1v15
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey
from cryptography.hazmat.primitives.serialization import load_der_private_key
from pyhanko.keys import load_certs_from_pemder_data
from pyhanko.sign.general import get_pyca_cryptography_hash
from pyhanko.sign.signers import Signer, SimpleSigner

from forms.letters.seals import SealFailed, SigningSettings


@contextmanager
def opened(settings: SigningSettings) -> Iterator[Signer]:
    """The key for one letter. Raises SealFailed with what to check; never says a secret."""
    if settings.pkcs12 is not None:
        yield _of_file(settings, settings.pkcs12)
    elif settings.pkcs11_module is not None:
        with _session(settings, settings.pkcs11_module) as session:
            yield _of_token(settings, session)
    else:
        raise SealFailed("no key is configured", "set DUBAN_SIGNING_PKCS12 or DUBAN_SIGNING_PKCS11_MODULE")


def chain_of(settings: SigningSettings) -> list[x509.Certificate]:
    """From the signer's issuer to the root, as configured. Raises SealFailed."""
    if settings.chain is None:
        return []
    content = read_file(settings.chain, "DUBAN_SIGNING_CHAIN")
    try:
        return list(load_certs_from_pemder_data(content))
    except ValueError as error:
        raise SealFailed(f"{settings.chain} holds no certificates", "check DUBAN_SIGNING_CHAIN") from error


def revocation_lists(settings: SigningSettings) -> list[crl.CertificateList]:
    """Every list in the folder. Raises SealFailed for a file that is none."""
    if settings.crls is None or not settings.crls.is_dir():
        return []
    lists = []
    for file in sorted(settings.crls.iterdir()):
        content = read_file(file, "DUBAN_SIGNING_CRLS")
        try:
            if pem.detect(content):
                _, _, content = pem.unarmor(content)
            lists.append(crl.CertificateList.load(content, strict=True))
        except ValueError as error:
            raise SealFailed(f"{file} is no revocation list", "take it out of the folder DUBAN_SIGNING_CRLS") from error
    return lists


def read_file(file: Path, setting: str) -> bytes:
    try:
        return file.read_bytes()
    except OSError as error:
        raise SealFailed(f"{file} cannot be read ({error.strerror})", f"check {setting}") from error


def words_of(error: Exception) -> str:
    return f"{type(error).__name__}: {error}".rstrip(": ")


class _HeldKey(SimpleSigner):  # type: ignore[misc]
    """Checks an RSA key once and not at each of the two signatures that a letter takes (0.2 s each)."""

    key: Any = None

    def sign_raw(self, data: bytes, digest_algorithm: str) -> bytes:
        hashing = get_pyca_cryptography_hash(digest_algorithm)
        if isinstance(self.key, RSAPrivateKey):
            return self.key.sign(data, PKCS1v15(), hashing)
        if isinstance(self.key, EllipticCurvePrivateKey):
            return self.key.sign(data, ECDSA(hashing))
        return bytes(super().sign_raw(data, digest_algorithm))


def _of_file(settings: SigningSettings, file: Path) -> Signer:
    content = read_file(file, "DUBAN_SIGNING_PKCS12")
    passphrase = _secret(settings.passphrase_file, "DUBAN_SIGNING_PASSPHRASE_FILE")
    chain = chain_of(settings)
    try:
        signer, key = _unlocked(content, passphrase)
    except Exception as error:
        raise SealFailed(
            f"{file} is no PKCS#12 file with a key, or the passphrase does not open it",
            "check DUBAN_SIGNING_PKCS12 and DUBAN_SIGNING_PASSPHRASE_FILE",
        ) from error
    signer.cert_registry.register_multiple(chain)
    held = _HeldKey(signer.signing_cert, signer.signing_key, signer.cert_registry)
    held.key = key
    return held


@lru_cache(maxsize=1)
def _unlocked(content: bytes, passphrase: bytes | None) -> tuple[SimpleSigner, Any]:
    """By the bytes of the file: a renewed certificate is another."""
    signer = SimpleSigner.load_pkcs12_data(content, [], passphrase)
    return signer, load_der_private_key(signer.signing_key.dump(), password=None)


@contextmanager
def _session(settings: SigningSettings, module: Path) -> Iterator[Any]:
    from pyhanko.config.pkcs11 import TokenCriteria
    from pyhanko.sign.pkcs11 import open_pkcs11_session

    pin = _secret(settings.pin_file, "DUBAN_SIGNING_PIN_FILE")
    try:
        session = open_pkcs11_session(
            str(module), token_criteria=TokenCriteria(label=settings.token), user_pin=pin.decode() if pin else None
        )
    except Exception as error:
        raise SealFailed(
            f"the token {settings.token!r} of {module} does not open: {words_of(error)}",
            "check DUBAN_SIGNING_PKCS11_MODULE, DUBAN_SIGNING_TOKEN and DUBAN_SIGNING_PIN_FILE",
        ) from error
    try:
        yield session
    finally:
        session.close()


def _of_token(settings: SigningSettings, session: Any) -> Signer:
    from pyhanko.sign.pkcs11 import PKCS11Signer

    signer = PKCS11Signer(session, cert_label=settings.key, key_label=settings.key, ca_chain=chain_of(settings))
    try:
        found = signer.signing_cert
    except Exception as error:
        raise SealFailed(
            f"the token {settings.token!r} has no certificate labelled {settings.key!r}", "check DUBAN_SIGNING_KEY"
        ) from error
    if found is None:
        raise SealFailed(f"the certificate {settings.key!r} cannot be read", "check DUBAN_SIGNING_KEY")
    return signer


def _secret(file: Path | None, setting: str) -> bytes | None:
    return None if file is None else read_file(file, setting).rstrip(b"\r\n")
