"""Settings from the environment, each with its default and its meaning; `docs/operations.md` lists them."""

import os
import secrets
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import urlsplit

from engine.errors import Refused
from forms.letters.seals import SigningSettings

ROOT = Path(__file__).resolve().parents[1]
LOG_FORMATS = ("text", "json")
SETTINGS = {
    "DUBAN_DATABASE_URL": "the database: sqlite:///FILE or postgresql+psycopg://…",
    "DUBAN_SECRET_FILE": "file with the key of stored state; every process of one installation needs the same",
    "DUBAN_CHECKPOINTS": "files outside the database that witness the record of facts, separated by commas",
    "DUBAN_PROCESSES": "folder with the process definitions, campaigns and calendars",
    "DUBAN_HOST": "address the web server listens on",
    "DUBAN_PORT": "port the web server listens on",
    "DUBAN_HTTPS": "1 when a proxy serves https: cookies are then sent over https only",
    "DUBAN_TRUSTED_HOSTS": "host names the server answers to, separated by commas; empty: any",
    "DUBAN_FONTS": "folder with the office's own licensed fonts",
    "DUBAN_BROKER_URL": "broker between machines, redis://… or amqp://…; empty: workers look into the table themselves",
    "DUBAN_LOG_FORMAT": "text for a terminal, or json: one object a line",
    "DUBAN_METRICS_TOKEN": "who sends it as bearer may read /metrics; empty: only this machine",
    "DUBAN_PUBLIC_URL": "address under which the public reaches this server, for the code on letters; empty: no code",
    "DUBAN_SIGNING_PKCS12": "PKCS#12 file with the key and certificate that sign letters; empty: letters are samples",
    "DUBAN_SIGNING_PASSPHRASE_FILE": "file with the passphrase of that file",
    "DUBAN_SIGNING_PKCS11_MODULE": "instead: the library of a PKCS#11 token",
    "DUBAN_SIGNING_TOKEN": "the label of the token",
    "DUBAN_SIGNING_KEY": "the label of key and certificate on the token",
    "DUBAN_SIGNING_PIN_FILE": "file with the PIN of the token",
    "DUBAN_SIGNING_CHAIN": "PEM file with the certificates from the signer's issuer up to the root",
    "DUBAN_SIGNING_CRLS": "folder with the current revocation lists of that chain and of the time stamp server",
    "DUBAN_SIGNING_TSA": "address of a time stamp server (RFC 3161); with it letters are signed B-LTA",
    "DUBAN_SIGNING_SEAL": "picture of the office's own seal, PDF or PNG, drawn as the signature's appearance",
}


@dataclass(frozen=True)
class Config:
    database_url: str
    secret_file: Path
    processes: Path
    host: str = "127.0.0.1"
    port: int = 8420
    is_https: bool = False
    trusted_hosts: tuple[str, ...] = ()
    broker_url: str = field(default="", repr=False)  # both may hold a password
    metrics_token: str = field(default="", repr=False)
    checkpoints: tuple[Path, ...] = ()
    public_url: str = ""  # without a slash at its end
    signing: SigningSettings = field(default_factory=SigningSettings)

    def secret(self) -> bytes:
        """The key of stored state, made at first use and readable by its owner only."""
        if not self.secret_file.exists():
            self.secret_file.parent.mkdir(parents=True, exist_ok=True)
            descriptor = os.open(self.secret_file, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
            with os.fdopen(descriptor, "wb") as file:
                file.write(secrets.token_hex(32).encode())
        return bytes.fromhex(self.secret_file.read_text().strip())


def from_environment(environ: Mapping[str, str], *, database_url: str | None = None) -> Config:
    """`database_url` overrides the environment. Without either: `var/duban.db` beside the program."""
    url = database_url or environ.get("DUBAN_DATABASE_URL") or f"sqlite:///{ROOT / 'var' / 'duban.db'}"
    secret_file = Path(environ.get("DUBAN_SECRET_FILE") or _beside(url))
    witnesses = [name.strip() for name in environ.get("DUBAN_CHECKPOINTS", "").split(",") if name.strip()]
    return Config(
        database_url=url,
        secret_file=secret_file,
        checkpoints=tuple(Path(name) for name in witnesses) or (secret_file.with_suffix(".checkpoints"),),
        processes=Path(environ.get("DUBAN_PROCESSES") or ROOT / "processes"),
        host=environ.get("DUBAN_HOST", "127.0.0.1"),
        port=int(environ.get("DUBAN_PORT", "8420")),
        is_https=environ.get("DUBAN_HTTPS") == "1",
        trusted_hosts=tuple(host.strip() for host in environ.get("DUBAN_TRUSTED_HOSTS", "").split(",") if host.strip()),
        broker_url=environ.get("DUBAN_BROKER_URL", "").strip(),
        metrics_token=environ.get("DUBAN_METRICS_TOKEN", "").strip(),
        public_url=_address(environ.get("DUBAN_PUBLIC_URL"), "DUBAN_PUBLIC_URL").rstrip("/"),
        signing=_signing(environ),
    )


def _signing(environ: Mapping[str, str]) -> SigningSettings:
    found = SigningSettings(
        pkcs12=_path(environ.get("DUBAN_SIGNING_PKCS12")),
        passphrase_file=_path(environ.get("DUBAN_SIGNING_PASSPHRASE_FILE")),
        pkcs11_module=_path(environ.get("DUBAN_SIGNING_PKCS11_MODULE")),
        token=environ.get("DUBAN_SIGNING_TOKEN", "").strip(),
        key=environ.get("DUBAN_SIGNING_KEY", "").strip(),
        pin_file=_path(environ.get("DUBAN_SIGNING_PIN_FILE")),
        chain=_path(environ.get("DUBAN_SIGNING_CHAIN")),
        crls=_path(environ.get("DUBAN_SIGNING_CRLS")),
        tsa_url=_address(environ.get("DUBAN_SIGNING_TSA"), "DUBAN_SIGNING_TSA"),
        seal_picture=_path(environ.get("DUBAN_SIGNING_SEAL")),
    )
    if found.pkcs12 and found.pkcs11_module:
        raise Refused(
            "signing_twice", "DUBAN_SIGNING_PKCS12 and DUBAN_SIGNING_PKCS11_MODULE are both set: one key signs letters."
        )
    if found != SigningSettings() and not found.is_on:
        raise Refused(
            "signing_without_key",
            "There are DUBAN_SIGNING_ settings, but neither DUBAN_SIGNING_PKCS12 nor DUBAN_SIGNING_PKCS11_MODULE: "
            "letters would be samples. Set one of them, or none of the others.",
        )
    return found


def _path(text: str | None) -> Path | None:
    return Path(text.strip()) if text and text.strip() else None


def _address(text: str | None, setting: str) -> str:
    """Raises Refused for what is no http address of a server."""
    address = (text or "").strip()
    parts = urlsplit(address)
    if address and (parts.scheme not in ("http", "https") or not parts.netloc or parts.query or parts.fragment):
        raise Refused("address_wrong", f"{setting} is {address!r}; write it like https://duban.example.gov.cn.")
    return address


def log_format(environ: Mapping[str, str]) -> str:
    """`text` or `json`. Raises Refused for anything else."""
    wanted = environ.get("DUBAN_LOG_FORMAT") or "text"
    if wanted not in LOG_FORMATS:
        raise Refused("log_format", f"DUBAN_LOG_FORMAT is {wanted!r}; it may be text or json.", wanted=wanted)
    return wanted


def _beside(url: str) -> Path:
    """A SQLite file keeps its key beside it; a server's key lies in var/."""
    prefix = "sqlite:///"
    if url.startswith(prefix):
        return Path(url.removeprefix(prefix)).with_suffix(".secret")
    return ROOT / "var" / "duban.secret"
