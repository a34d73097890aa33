"""Somebody in front of Chromium: a context of their own, and every complaint of the browser written down."""

import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

from playwright.sync_api import Browser, ConsoleMessage, Download, Locator, Page, Response, expect
from scenario import PASSWORD

DESK = {"width": 1440, "height": 900}
PHONE = {"width": 390, "height": 844}
PATIENCE = 60_000  # milliseconds, of a machine that does something else, too

expect.set_options(timeout=PATIENCE)


class Person:
    """`complaints`: console errors and warnings (a broken content policy is one), uncaught errors, parts that failed to
    load. A page's own status is no complaint: refusals are pages too."""

    def __init__(self, browser: Browser, url: str, folder: Path, **context: Any) -> None:
        wanted = {"viewport": DESK, "locale": "zh-CN", "timezone_id": "Asia/Shanghai", **context}
        self._context = browser.new_context(base_url=url, **wanted)
        self._folder = folder
        self.complaints: list[str] = []
        self.page: Page = self._context.new_page()
        self.page.set_default_timeout(PATIENCE)
        self.page.on("console", self._hear)
        self.page.on("pageerror", lambda error: self.complaints.append(f"{self.page.url}: {error}"))
        self.page.on("response", self._see)

    def close(self) -> None:
        self._context.close()

    def sign_in(self, login: str) -> None:
        self.go("/login")
        self.page.get_by_label("登录名").fill(login)
        self.page.get_by_label("密码").fill(PASSWORD)
        self.press("登录")

    # -- moving --------------------------------------------------------------------------------------------------------
    def go(self, address: str) -> int:
        """The status of the page at `address`."""
        response = self.page.goto(address)
        assert response is not None, address
        return response.status

    def press(self, name: str) -> None:
        """The button or link of the page whose words begin so; waits for the page it leads to."""
        self._follow(self.main.locator("a, button").filter(has_text=re.compile(f"^\\s*{re.escape(name)}")).first)

    def press_in_row(self, words: str, name: str) -> None:
        """The button or link called so in the line of a table that holds these words."""
        self._follow(
            self.main.get_by_role("row").filter(has_text=words).locator("a, button").filter(has_text=name).first
        )

    def _follow(self, button: Locator) -> None:
        with self.page.expect_navigation():
            button.click()

    def download(self, link: Locator) -> Path:
        """What the link downloads, as a file in the test's own folder."""
        with self.page.expect_download() as started:
            link.click()
        given: Download = started.value
        kept = self._folder / given.suggested_filename
        given.save_as(kept)
        return kept

    # -- looking -------------------------------------------------------------------------------------------------------
    @property
    def main(self) -> Locator:
        return self.page.get_by_role("main")

    @property
    def said(self) -> str:
        """The words of the page, without its frame."""
        return self.main.inner_text()

    @property
    def overhang(self) -> int:
        """How many pixels the page is wider than its window."""
        return int(self.page.evaluate("document.documentElement.scrollWidth - innerWidth"))

    def _hear(self, message: ConsoleMessage) -> None:
        if message.type in ("error", "warning") and not message.text.startswith("Failed to load resource"):
            self.complaints.append(f"{self.page.url}: {message.text}")

    def _see(self, response: Response) -> None:
        if response.status >= 400 and response.request.resource_type != "document":
            self.complaints.append(f"{self.page.url}: {response.status} {response.url}")


NewPerson = Callable[..., Person]  # what the fixture new_person gives
