"""Says what is missing on this machine and how to get it. Looks only; installs nothing and never creates a database."""

import ctypes
import shutil
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from importlib import metadata
from pathlib import Path
from typing import Final

from engine.clock import SystemClock
from engine.domain.verification import KEY_LENGTH
from engine.store.database import Database
from forms.letters import fonts
from forms.letters.seals import SigningSettings
from web import assets

OLDEST_PYTHON: Final = (3, 11)
LONGEST_ADDRESS: Final = 62  # bytes that a QR code of version 4-M holds
_SETUP: Final = "运行 make setup / run: make setup"

# What WeasyPrint opens by name, and the Debian package that brings it; the installer looks for the same.
LIBRARIES: Final = (
    ("libpango-1.0.so.0", "libpango-1.0-0"),
    ("libpangoft2-1.0.so.0", "libpangoft2-1.0-0"),
    ("libharfbuzz.so.0", "libharfbuzz0b"),
    ("libharfbuzz-subset.so.0", "libharfbuzz-subset0"),
    ("libfontconfig.so.1", "libfontconfig1"),
)
_ROLE_NAMES: Final = {
    "fangsong": "仿宋",
    "xiaobiaosong": "小标宋",
    "kaiti": "楷体",
    "heiti": "黑体",
    "songti": "宋体",
    "fallback": "生僻字后备",
}


@dataclass(frozen=True)
class Check:
    """One thing looked at. `how_to_fix` is empty when `ok`; what is only for tests never stops the office's work."""

    name: str
    ok: bool
    detail: str
    how_to_fix: str = ""
    only_for_tests: bool = False


def checks(
    database_url: str | None = None, broker_url: str = "", signing: SigningSettings | None = None, public_url: str = ""
) -> list[Check]:
    """Everything worth looking at, in the order in which to put it right; database and broker only when named."""
    found = [_python(), _pdf_writer(), *_libraries(), *_fonts(), *_unused_fonts(), *_unfit_fonts()]
    found += [_frontend(), *_test_tools()]
    if database_url:
        found += _database(database_url)
    if broker_url:
        found.append(_broker(broker_url))
    if signing is not None:
        found += [*_signing(signing), _verification(public_url)]
    return found


def _python() -> Check:
    version = ".".join(map(str, sys.version_info[:3]))
    wanted = ".".join(map(str, OLDEST_PYTHON))
    return _check(
        "Python", sys.version_info >= OLDEST_PYTHON, version, f"安装 Python {wanted} / install Python {wanted}"
    )


def _pdf_writer() -> Check:
    name = "公文输出 PDF writer WeasyPrint"
    try:
        version = metadata.version("weasyprint")
    except metadata.PackageNotFoundError:
        return _check(name, False, "not installed", _SETUP)
    return _check(name, True, version)


def _libraries() -> Iterator[Check]:
    for library, package in LIBRARIES:
        name = f"系统库 library {library}"
        try:
            ctypes.CDLL(library)
        except OSError:
            yield _check(name, False, "not found", _apt(package))
        else:
            yield _check(name, True, "loads")


def _fonts() -> Iterator[Check]:
    available = fonts.available()
    own = fonts.licensed_folder()
    for role in fonts.ROLES:
        path = available.get(role)
        name = f"字体 font {_ROLE_NAMES[role]} ({role})"
        if path is None:
            yield _check(name, False, "no file", f"{_SETUP}; 或将字体放入 / or put a font into {own}")
        elif problem := _font_problem(role):
            yield _check(name, False, problem, f"更换该文件 / replace {path}")
        else:
            yield _check(name, True, f"{path.name}{'（单位自有 own）' if path.parent == own else ''}")


def _font_problem(role: str) -> str:
    """What is wrong with a role's font: it cannot be read, or cannot draw even the commonest characters."""
    try:
        return "" if fonts.is_in_role("的", role) else "the font does not draw 的"
    except fonts.FontsMissing as error:
        return error.message


def _unused_fonts() -> Iterator[Check]:
    for path in fonts.unrecognised_files():
        fix = "文件名应含 小标宋、仿宋、楷体、黑体 或 宋体，格式 ttf/otf / name the file after its face, .ttf or .otf"
        yield _check(f"字体 font {path.name}", False, "in the folder, but no role takes it", fix)


def _unfit_fonts() -> Iterator[Check]:
    for path, fault in fonts.unfit_files().items():
        fix = "更换或移走该文件，现用免费字体代替 / replace or remove the file; a free font is used instead"
        yield _check(f"字体 font {path.name}", False, fault, fix)


def _frontend() -> Check:
    name = "流程图前端 diagram bundle"
    try:
        entry = assets.entry("viewer.js")
    except assets.AssetMissing as error:
        return _check(name, False, error.message, _SETUP)
    return _check(name, True, Path(entry.script).name)


def _test_tools() -> Iterator[Check]:
    postgres = any(Path("/usr/lib/postgresql").glob("*/bin/initdb"))
    tools = (
        ("poppler (pdftotext)", shutil.which("pdftotext") is not None, "poppler-utils"),
        ("SoftHSM", shutil.which("softhsm2-util") is not None, "softhsm2"),
        ("Chromium", shutil.which("chromium") is not None, "chromium"),
        ("PostgreSQL", postgres, "postgresql"),
        ("Redis", shutil.which("redis-server") is not None, "redis-server"),
    )
    for name, ok, package in tools:
        fix = "" if ok else f"make test, {_apt(package)}"
        yield Check(f"测试工具 {name}", ok, "there" if ok else "not found", fix, only_for_tests=True)


def _database(url: str) -> Iterator[Check]:
    """Any fault at all is an answer here, whatever the driver calls it; a doctor that falls over helps nobody."""
    upgrade = "运行 / run: duban db upgrade"
    name = "数据库 database"
    try:
        database = Database(url)
        name = f"数据库 database {database.url.render_as_string(hide_password=True)}"
        if database.is_sqlite and not Path(database.url.database or "").is_file():
            yield _check(name, False, "no such file", upgrade)
            return
        with database.read() as connection:
            connection.exec_driver_sql("SELECT 1")
        database.check_settings()
    except Exception as error:
        fix = "检查数据库地址和数据库服务 / check the database address and server"
        yield _check(name, False, str(error).splitlines()[0], fix)
        return
    try:
        with database.read() as connection:
            revision = connection.exec_driver_sql("SELECT version_num FROM alembic_version").scalar()
    except Exception:
        revision = None
    database.dispose()
    detail = f"schema revision {revision}, settings as required" if revision else "no tables yet"
    yield _check(name, revision is not None, detail, upgrade)


def _broker(url: str) -> Check:
    from web.runner import broker

    name, fault = broker.look(url)
    fix = "检查 DUBAN_BROKER_URL 和消息服务 / check DUBAN_BROKER_URL and the broker"
    return _check(f"消息服务 broker {name}", not fault, fault or "answers", fix)


def _signing(settings: SigningSettings) -> Iterator[Check]:
    """Who signs letters and for how long yet; from thirty days before its end a certificate is a fault."""
    name = "公文签章 signing of letters"
    if not settings.is_on:
        yield _check(name, True, "未配置，公文均为演示样张 / not configured: letters are samples")
        return
    from forms.letters.sign import PadesSeal

    now = SystemClock().now()
    state = PadesSeal(settings).state(now)
    for reason, fix in state.problems:
        yield _check(name, False, reason, fix)
    if state.valid_until is not None:
        left = (state.valid_until - now).days
        until = f"{state.valid_until:%Y-%m-%d}"
        said = f"{state.signer}, {state.level}, 有效期至 valid until {until}, 剩余 {left} 天 days left"
        yield _check(name, True, "; ".join([said, *state.notes]))
    yield _check(
        "国密签章 SM2 seal service", True, "本版没有；只保存 SM3 摘要 / none in this version: SM3 digests are kept"
    )


def _verification(public_url: str) -> Check:
    """Longer than 62 bytes the code is drawn finer than version 4-M, and a worn copy is harder to scan."""
    name = "公文核验码 verification code"
    if not public_url:
        return _check(
            name, True, "未设 DUBAN_PUBLIC_URL，公文不印二维码 / DUBAN_PUBLIC_URL not set: letters bear no code"
        )
    length = len(f"{public_url}/v/".encode()) + KEY_LENGTH
    fix = "设一个较短的网址 / use a shorter address in DUBAN_PUBLIC_URL"
    detail = f"{public_url}/v/…, {length} bytes" + (
        "" if length <= LONGEST_ADDRESS else f", more than {LONGEST_ADDRESS}"
    )
    return _check(name, length <= LONGEST_ADDRESS, detail, fix)


def _apt(package: str) -> str:
    return f"apt-get install -y --no-install-recommends {package}"


def _check(name: str, ok: bool, detail: str, how_to_fix: str = "") -> Check:
    return Check(name, ok, detail, "" if ok else how_to_fix)
