"""A browser without a browser: the whole application on a real database, driven through HTTP."""

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient
from scenario import PASSWORD, Scenario
from werkzeug.test import TestResponse

from engine.clock import SetClock
from web.app import create_app


@dataclass
class Browser:
    """One person's browser. `post` fills in the token of the page it was on, as a form would."""

    client: FlaskClient
    page: str = ""

    def get(self, address: str, **more: Any) -> TestResponse:
        response = self.client.get(address, **more)
        self._look_at(response)
        return response

    def post(self, address: str, data: dict[str, Any] | None = None, **more: Any) -> TestResponse:
        sent = {"csrf_token": self.token, **(data or {})}
        response = self.client.post(address, data=sent, **more)
        self._look_at(response)
        return response

    def _look_at(self, response: TestResponse) -> None:
        if response.mimetype == "text/html" and response.status_code != 303:
            self.page = response.get_data(as_text=True)

    @property
    def token(self) -> str:
        return self.hidden("csrf_token")

    def hidden(self, name: str) -> str:
        """The value of a hidden field of the page one is on."""
        found = re.search(rf'name="{name}" value="([^"]*)"', self.page)
        return found[1] if found else ""

    def sign_in(self, login: str, password: str = PASSWORD) -> TestResponse:
        self.get("/login")
        response = self.post("/login", {"login": login, "password": password})
        if response.status_code == 303:
            self.get(response.headers["Location"], follow_redirects=True)
        return response


@pytest.fixture
def wall_clock(scenario: Scenario) -> SetClock:
    """The server's own clock, by which sessions live."""
    return SetClock(scenario.clock.now())


@pytest.fixture
def app(scenario: Scenario, wall_clock: SetClock) -> Flask:
    app = create_app(scenario.engine, scenario.config, clock=wall_clock)
    app.testing = False  # errors become pages, as they do for users
    return app


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
