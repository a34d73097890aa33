"""A browser without a browser: what one person sees and sends, through HTTP."""

import re
from dataclasses import dataclass
from typing import Any

from flask.testing import FlaskClient
from scenario import PASSWORD
from werkzeug.test import TestResponse


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
