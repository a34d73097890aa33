"""The whole application on a real database, driven through HTTP."""

from collections.abc import Callable, Iterator

import pytest
from flask import Flask
from scenario import Scenario
from web_visitor import Browser

from engine.clock import SetClock
from web.app import furnish, pages


@pytest.fixture
def wall_clock(scenario: Scenario) -> SetClock:
    """The server's own clock, by which sessions live."""
    return SetClock(scenario.clock.now())


@pytest.fixture(scope="session")
def compiled() -> Flask:
    """The application before it stands on an engine: routes and templates are compiled once a test process."""
    return pages()


@pytest.fixture
def app(compiled: Flask, scenario: Scenario, wall_clock: SetClock) -> Flask:
    furnish(compiled, scenario.engine, scenario.config, clock=wall_clock)
    compiled.testing = False  # errors become pages, as they do for users
    return compiled


@pytest.fixture
def browser(app: Flask) -> Browser:
    return Browser(app.test_client())


@pytest.fixture
def signed_in(app: Flask) -> Iterator[Callable[[str], Browser]]:
    """`signed_in("chengjiao1")`: a browser of that person."""

    def sign_in(login: str) -> Browser:
        found = Browser(app.test_client())
        assert found.sign_in(login).status_code == 303
        return found

    yield sign_in
