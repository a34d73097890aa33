"""A certification authority, a revocation list, a time stamp server and a seal picture, all made for the tests."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import cache
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pikepdf
from asn1crypto import tsp
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.serialization import pkcs12
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID
from PIL import Image, ImageDraw
from pyhanko.keys import load_certs_from_pemder_data, load_private_key_from_pemder_data
from pyhanko.sign.timestamps import DummyTimeStamper
from pyhanko_certvalidator.registry import SimpleCertificateStore

from forms.letters.seals import SigningSettings

PASSPHRASE = "演示口令 42"
ORGANISATION = "演示市人民政府（演示）"
SIGNER = "演示市人民政府督查室电子印章（演示）"
PEM = serialization.Encoding.PEM


@dataclass(frozen=True)
class Identity:
    certificate: x509.Certificate
    key: rsa.RSAPrivateKey

    @property
    def pem(self) -> bytes:
        return self.certificate.public_bytes(PEM)

    @property
    def key_pem(self) -> bytes:
        return self.key.private_bytes(PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())

    @property
    def fingerprint(self) -> str:
        return self.certificate.fingerprint(hashes.SHA256()).hex()


@cache
def authority(name: str = "演示根证书（测试）") -> Identity:
    return _issue(name, None, days=3650)


@cache
def seal_identity(name: str = SIGNER, days: int = 700) -> Identity:
    """A certificate of the test authority that ends after so many days; below zero it has ended."""
    return _issue(name, authority(), days=days)


@cache
def stamp_identity() -> Identity:
    return _issue("演示时间戳（测试）", authority(), days=3000, is_stamp=True)


def settings(
    folder: Path, identity: Identity | None = None, *, picture: str = "", tsa_url: str = ""
) -> SigningSettings:
    """Everything an operator would have put into files. `picture`: "png", "pdf" or none."""
    folder.mkdir(parents=True, exist_ok=True)
    identity = identity or seal_identity()
    bundle = pkcs12.serialize_key_and_certificates(
        b"seal",
        identity.key,
        identity.certificate,
        [authority().certificate],
        serialization.BestAvailableEncryption(PASSPHRASE.encode()),
    )
    (folder / "seal.p12").write_bytes(bundle)
    (folder / "passphrase").write_text(PASSPHRASE + "\n")
    (folder / "chain.pem").write_bytes(authority().pem)
    (folder / "crls").mkdir(exist_ok=True)
    (folder / "crls" / "root.crl").write_bytes(revocation_list())
    return SigningSettings(
        pkcs12=folder / "seal.p12",
        passphrase_file=folder / "passphrase",
        chain=folder / "chain.pem",
        crls=folder / "crls",
        tsa_url=tsa_url,
        seal_picture=seal_picture(folder, picture) if picture else None,
    )


def revocation_list(*, next_update: timedelta = timedelta(days=300)) -> bytes:
    """Of the test authority, empty; DER."""
    root, now = authority(), datetime.now(UTC)
    begun = min(now - timedelta(hours=1), now + next_update - timedelta(days=1))
    builder = (
        x509.CertificateRevocationListBuilder()
        .issuer_name(root.certificate.subject)
        .last_update(begun)
        .next_update(now + next_update)
        .add_extension(x509.AuthorityKeyIdentifier.from_issuer_public_key(root.key.public_key()), False)
        .add_extension(x509.CRLNumber(1), False)
    )
    return builder.sign(root.key, hashes.SHA256()).public_bytes(serialization.Encoding.DER)


def seal_picture(folder: Path, kind: str) -> Path:
    """A bare red ring: nothing that could pass for a seal."""
    image = Image.new("RGBA", (420, 420), (255, 255, 255, 0))
    ImageDraw.Draw(image).ellipse((6, 6, 414, 414), outline=(230, 0, 18, 255), width=10)
    file = folder / f"seal.{kind}"
    if kind == "pdf":
        image.convert("RGB").save(file, "PDF", resolution=254.0)
        with pikepdf.open(
            file, allow_overwriting_input=True
        ) as pdf:  # Pillow's own tables are not quite the standard's
            pdf.save(file)
    else:
        image.save(file)
    return file


@contextmanager
def stamp_server(kind: str = "application/timestamp-reply") -> Iterator[str]:
    """The address of a time stamp server on this machine. `kind`: the content type of its answers."""
    store = SimpleCertificateStore()
    store.register_multiple(load_certs_from_pemder_data(authority().pem))
    identity = stamp_identity()
    [certificate] = load_certs_from_pemder_data(identity.pem)
    stamper = DummyTimeStamper(certificate, load_private_key_from_pemder_data(identity.key_pem, None), store)

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            asked = tsp.TimeStampReq.load(self.rfile.read(int(self.headers["Content-Length"])))
            body = stamper.request_tsa_response(asked).dump()
            self.send_response(200)
            self.send_header("Content-Type", kind)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, format: str, *args: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, args=(0.02,))
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}/"
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


def _issue(name: str, issuer: Identity | None, *, days: int, is_stamp: bool = False) -> Identity:
    key = rsa.generate_private_key(65537, 3072)
    signing, is_ca = (issuer.key if issuer else key), issuer is None
    now = datetime.now(UTC)
    subject = _name(name)
    builder = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(issuer.certificate.subject if issuer else subject)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(days=900))
        .not_valid_after(now + timedelta(days=days))
        .add_extension(x509.BasicConstraints(is_ca, None), True)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), False)
        .add_extension(x509.AuthorityKeyIdentifier.from_issuer_public_key(signing.public_key()), False)
        .add_extension(_usage(is_ca), True)
    )
    if is_stamp:
        builder = builder.add_extension(x509.ExtendedKeyUsage([ExtendedKeyUsageOID.TIME_STAMPING]), True)
    return Identity(builder.sign(signing, hashes.SHA256()), key)


def _usage(is_ca: bool) -> x509.KeyUsage:
    return x509.KeyUsage(
        digital_signature=not is_ca,
        content_commitment=not is_ca,
        key_encipherment=False,
        data_encipherment=False,
        key_agreement=False,
        key_cert_sign=is_ca,
        crl_sign=is_ca,
        encipher_only=False,
        decipher_only=False,
    )


def _name(common: str) -> x509.Name:
    return x509.Name(
        [
            x509.NameAttribute(NameOID.COUNTRY_NAME, "CN"),
            x509.NameAttribute(NameOID.ORGANIZATION_NAME, ORGANISATION),
            x509.NameAttribute(NameOID.COMMON_NAME, common),
        ]
    )
