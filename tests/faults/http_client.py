"""Clients over HTTP that go on asking when the server is gone, and note what was acknowledged to them."""

import html
import http.client
import re
import time
import urllib.error
import urllib.request
from collections.abc import Mapping
from http.cookiejar import CookieJar
from typing import Any

from scenario import PASSWORD
from werkzeug.test import encode_multipart

PATIENCE = 40.0  # seconds for one answer, deaths of the server included
Answer = tuple[int, str, str]  # status, location, page


class Stay(urllib.request.HTTPRedirectHandler):
    """A redirect is an answer like any other."""

    def redirect_request(self, *_: Any) -> None:
        return None


class HttpClient:
    """One person's browser. What gets no answer is sent again as it was, with the key that its form was given."""

    def __init__(self, address: str, login: str) -> None:
        self._address = address
        self._open = urllib.request.build_opener(urllib.request.HTTPCookieProcessor(CookieJar()), Stay()).open
        self.asked_again = 0
        _, _, page = self.get("/login")
        sent = {"csrf_token": hidden(page, "csrf_token"), "login": login, "password": PASSWORD}
        status, self._home, _ = self.post("/login", sent)
        assert status == 303, f"{login} was not let in: {status}"

    def get(self, path: str) -> Answer:
        return self._ask(urllib.request.Request(self._address + path))

    def post(self, path: str, values: Mapping[str, Any]) -> Answer:
        boundary, content = encode_multipart(dict(values))
        headers = {"Content-Type": f"multipart/form-data; boundary={boundary}"}
        return self._ask(urllib.request.Request(self._address + path, content, headers))

    def _answer(self, request: urllib.request.Request) -> Answer:
        try:
            with self._open(request, timeout=30) as response:
                return response.status, "", response.read().decode()
        except urllib.error.HTTPError as answer:
            return answer.code, answer.headers.get("Location", ""), answer.read().decode()

    def _ask(self, request: urllib.request.Request) -> Answer:
        end = time.monotonic() + PATIENCE
        while True:
            try:
                status, location, page = self._answer(request)
                if status != 503:
                    return status, location, page
                why = f"503: {problems(page)}"
            except (urllib.error.URLError, http.client.HTTPException, OSError) as error:
                why = str(error)  # nobody there, or it died before it could answer
            assert time.monotonic() < end, f"no answer to {request.full_url}: {why}"
            self.asked_again += 1
            time.sleep(0.05)


def hidden(page: str, name: str) -> str:
    """The value of a hidden field of a page."""
    found = re.search(rf'name="{name}" value="([^"]*)"', page)
    return html.unescape(found[1]) if found else ""


def problems(page: str) -> list[str]:
    """What a form that was sent back complains of."""
    found = re.findall(
        r'class="field__error".*?</p>|href="#[^m][^"]+">[^<]+</a>|class="notice notice--error".*?</p>', page, re.S
    )
    return [re.sub(r"(<[^>]*>|\s)+", " ", words).strip() for words in found]
