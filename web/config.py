"""Settings from the environment, each with its default and its meaning; `docs/operations.md` lists them."""

import os
import secrets
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from engine.errors import Refused

ROOT = Path(__file__).resolve().parents[1]
LOG_FORMATS = ("text", "json")
SETTINGS = {
    "DUBAN_DATABASE_URL": "the database: sqlite:///FILE or postgresql+psycopg://…",
    "DUBAN_SECRET_FILE": "file with the key of stored state; every process of one installation needs the same",
    "DUBAN_PROCESSES": "folder with the process definitions, campaigns and calendars",
    "DUBAN_HOST": "address the web server listens on",
    "DUBAN_PORT": "port the web server listens on",
    "DUBAN_HTTPS": "1 when a proxy serves https: cookies are then sent over https only",
    "DUBAN_TRUSTED_HOSTS": "host names the server answers to, separated by commas; empty: any",
    "DUBAN_FONTS": "folder with the office's own licensed fonts",
    "DUBAN_BROKER_URL": "broker between machines, redis://… or amqp://…; empty: workers look into the table themselves",
    "DUBAN_LOG_FORMAT": "text for a terminal, or json: one object a line",
    "DUBAN_METRICS_TOKEN": "who sends it as bearer may read /metrics; empty: only this machine",
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
    return Config(
        database_url=url,
        secret_file=Path(environ.get("DUBAN_SECRET_FILE") or _beside(url)),
        processes=Path(environ.get("DUBAN_PROCESSES") or ROOT / "processes"),
        host=environ.get("DUBAN_HOST", "127.0.0.1"),
        port=int(environ.get("DUBAN_PORT", "8420")),
        is_https=environ.get("DUBAN_HTTPS") == "1",
        trusted_hosts=tuple(host.strip() for host in environ.get("DUBAN_TRUSTED_HOSTS", "").split(",") if host.strip()),
        broker_url=environ.get("DUBAN_BROKER_URL", "").strip(),
        metrics_token=environ.get("DUBAN_METRICS_TOKEN", "").strip(),
    )


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
