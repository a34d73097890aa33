"""Databases for tests: a template is built once in a session, and every test gets its own copy in milliseconds."""

import os
import pwd
import shutil
import subprocess
import tempfile
from collections.abc import Callable, Sequence
from itertools import count
from pathlib import Path
from typing import Protocol

BINARIES = Path("/usr/lib/postgresql")
FAST = (
    "fsync=off",
    "synchronous_commit=off",
    "full_page_writes=off",
    "listen_addresses=",
    "shared_buffers=32MB",
    "max_wal_size=64MB",
)
IN_MEMORY, ROOM = Path("/dev/shm"), 4 * 2**30  # bytes; a run of everything takes less than half of it
Builder = Callable[[str], None]  # fills the empty database at this URL


def quick_folder() -> Path:
    """A new folder, in memory where there is room: to copy a PostgreSQL template on a disk takes ten times as long."""
    has_room = os.access(IN_MEMORY, os.W_OK) and shutil.disk_usage(IN_MEMORY).free >= ROOM
    return Path(tempfile.mkdtemp(prefix="duban-tests-", dir=IN_MEMORY if has_room else None))


class Databases(Protocol):
    def empty(self) -> str:
        """The URL of a new database without tables."""

    def copy(self, name: str, build: Builder, on: tuple[str, Builder] | None = None) -> str:
        """The URL of a fresh copy of the template `name`, which `build` fills when it is first asked for; the template
        begins empty, or as a copy of the template `on`."""

    def drop(self, url: str) -> None: ...


class SqliteFiles:
    """Each database is a file in `folder`."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._serial = count(1)
        self._templates: dict[str, Path] = {}

    def empty(self) -> str:
        return f"sqlite:///{self._folder / f'{next(self._serial)}.db'}"

    def copy(self, name: str, build: Builder, on: tuple[str, Builder] | None = None) -> str:
        if name not in self._templates:
            template = self.copy(*on) if on else self.empty()
            build(template)
            path = Path(template.removeprefix("sqlite:///"))
            assert not path.with_name(f"{path.name}-wal").exists(), "the template is still open"
            self._templates[name] = path
        url = self.empty()
        shutil.copyfile(self._templates[name], url.removeprefix("sqlite:///"))
        return url

    def drop(self, url: str) -> None:
        for suffix in ("", "-wal", "-shm"):
            Path(url.removeprefix("sqlite:///") + suffix).unlink(missing_ok=True)


class PostgresServer:
    """A private server on a socket of its own; as root it runs as the user postgres, who must not be root."""

    def __init__(self, settings: Sequence[str] = FAST) -> None:
        self._folder = quick_folder()
        self._serial = count(1)
        self._templates: dict[str, str] = {}
        self._user = "postgres" if os.geteuid() == 0 else pwd.getpwuid(os.geteuid()).pw_name
        if os.geteuid() == 0:
            shutil.chown(self._folder, self._user)
        data = str(self._folder / "data")
        self._run("initdb", "-D", data, "-U", "duban", "-A", "trust", "-E", "UTF8", "--locale=C.UTF-8", "--no-sync")
        options = " ".join(f"-c {option}" for option in (*settings, f"unix_socket_directories={self._folder}"))
        self._run("pg_ctl", "start", "-w", "-D", data, "-l", str(self._folder / "log"), "-o", options)

    def stop(self) -> None:
        self._run("pg_ctl", "stop", "-m", "immediate", "-D", str(self._folder / "data"))
        shutil.rmtree(self._folder, ignore_errors=True)

    def empty(self) -> str:
        return self._create(f"t{next(self._serial)}", "template0")

    def copy(self, name: str, build: Builder, on: tuple[str, Builder] | None = None) -> str:
        if name not in self._templates:
            template = self.copy(*on) if on else self.empty()
            build(template)
            self._templates[name] = _name(template)
        return self._create(f"t{next(self._serial)}", self._templates[name])

    def drop(self, url: str) -> None:
        self._sql(f"DROP DATABASE {_name(url)} WITH (FORCE)")

    def _create(self, name: str, template: str) -> str:
        self._sql(f"CREATE DATABASE {name} TEMPLATE {template}")
        return f"postgresql+psycopg://duban@/{name}?host={self._folder}"

    def _sql(self, statement: str) -> None:
        import psycopg

        with psycopg.connect(host=str(self._folder), user="duban", dbname="postgres", autocommit=True) as connection:
            connection.execute(statement.encode())

    def _run(self, program: str, *arguments: str) -> None:
        command = [str(postgres_binaries() / program), *arguments]
        if os.geteuid() == 0:
            command = ["setpriv", f"--reuid={self._user}", f"--regid={self._user}", "--init-groups", *command]
        done = subprocess.run(command, cwd=self._folder, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
        if done.returncode:
            raise RuntimeError(f"{program} failed: {done.stdout}")


def postgres_binaries() -> Path:
    """Of the newest PostgreSQL there is. Raises FileNotFoundError."""
    found = sorted(BINARIES.glob("*/bin/initdb"), key=lambda path: int(path.parts[-3]))
    if not found:
        raise FileNotFoundError(f"no PostgreSQL under {BINARIES}")
    return found[-1].parent


def _name(url: str) -> str:
    return url.rpartition("/")[0].rpartition("/")[2] if "?" not in url else url.partition("?")[0].rpartition("/")[2]
