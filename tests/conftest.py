"""What tests of every storey may ask for: databases, and a `Scenario` that stands on one."""

import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from databases import Databases, PostgresServer, SqliteFiles, postgres_binaries, quick_folder
from playwright.sync_api import Browser, sync_playwright
from scenario import NewScenario, Scenario

CHROMIUM_ARGUMENTS = (
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
)


class FailuresAtOnce:
    """A run that is cut short has still told what was red until then."""

    def __init__(self, config: pytest.Config) -> None:
        self._config = config

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        terminal = self._config.pluginmanager.get_plugin("terminalreporter")
        if report.failed and terminal is not None:
            terminal.ensure_newline()
            terminal.write_line(f"FAILED {report.nodeid} ({report.when}, {report.duration:.1f} s)")
            terminal.write_line(report.longreprtext)


def pytest_configure(config: pytest.Config) -> None:
    if not hasattr(config, "workerinput"):  # with several processes: the one that reports
        config.pluginmanager.register(FailuresAtOnce(config))


@pytest.fixture(scope="session")
def chromium() -> Iterator[Browser]:
    """One browser a test process: two of Playwright's loops do not live side by side."""
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path="/usr/bin/chromium", args=list(CHROMIUM_ARGUMENTS))
        yield browser
        browser.close()


@pytest.fixture(scope="session")
def sqlite_files() -> Iterator[SqliteFiles]:
    folder = quick_folder()
    yield SqliteFiles(folder)
    shutil.rmtree(folder, ignore_errors=True)


@pytest.fixture(scope="session")
def postgres_server() -> Iterator[PostgresServer]:
    """One private server a test process, stopped at its end."""
    try:
        postgres_binaries()
    except FileNotFoundError as missing:
        pytest.skip(f"PostgreSQL is not installed ({missing})")
    server = PostgresServer()
    try:
        yield server
    finally:
        server.stop()


@pytest.fixture
def backend() -> str:
    """Which kind of database; a folder whose tests run on both overrides this with a parametrized fixture."""
    return "sqlite"


@pytest.fixture
def databases(backend: str, request: pytest.FixtureRequest) -> Databases:
    return request.getfixturevalue("sqlite_files" if backend == "sqlite" else "postgres_server")


@pytest.fixture
def new_scenario(databases: Databases, tmp_path: Path) -> Iterator[NewScenario]:
    """Makes any number of scenarios; see `Scenario.open` for what can be chosen. All are closed at the end."""
    opened: list[Scenario] = []

    def make(**wanted: Any) -> Scenario:
        opened.append(Scenario.open(databases, tmp_path / f"scenario{len(opened)}", **wanted))
        return opened[-1]

    yield make
    for scenario in opened:
        scenario.close()


@pytest.fixture
def scenario(new_scenario: NewScenario) -> Scenario:
    """The Linxia campaign without its report obligations, on 2024-05-20 at 09:00, staffed, without cases."""
    return new_scenario()
