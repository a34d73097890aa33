"""The diagram viewer in a real browser, served under a strict content security policy."""

import json
import os
from collections.abc import Iterator
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread
from typing import Any

import pytest
from playwright.sync_api import Browser, Page, expect

from web import assets

pytestmark = pytest.mark.browser

SAMPLE = Path(__file__).with_name("sample.bpmn")
POLICY = "default-src 'self'; object-src 'none'; base-uri 'none'"
TOKENS = {
    "survey_site": {"count": 12, "state": "done", "label": "12 件已完成"},
    "issue_notice": {"count": 3, "state": "open", "label": "3 件办理中"},
    "clean": {"count": 2, "state": "late", "label": "<img src=x onerror=document.title='broken'>"},
    "f1": {"state": "done"},
    "gone_in_this_version": {"count": 1, "state": "open", "label": "旧环节"},
}


class Site(SimpleHTTPRequestHandler):
    """The bundle, the sample diagram and two pages; `/broken.bpmn` is a log-in page, as after a session's end."""

    def do_GET(self) -> None:
        path = self.path.partition("?")[0]
        if path == "/sample.bpmn":
            self._send("application/xml", SAMPLE.read_bytes())
        elif path == "/broken.bpmn":
            self._send("text/html", b"<html><body>please log in</body></html>")
        elif path == "/favicon.ico":
            self._send("image/x-icon", b"")
        elif path == "/viewer":
            self._send("text/html; charset=utf-8", _viewer_page("/sample.bpmn").encode())
        elif path == "/broken":
            self._send("text/html; charset=utf-8", _viewer_page("/broken.bpmn").encode())
        elif path == "/absent":
            self._send("text/html; charset=utf-8", _viewer_page("/absent.bpmn").encode())
        else:
            super().do_GET()

    def end_headers(self) -> None:
        self.send_header("Content-Security-Policy", POLICY)
        super().end_headers()

    def log_message(self, format: str, *args: Any) -> None:
        pass

    def _send(self, kind: str, body: bytes) -> None:
        self.send_response(200)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)


@pytest.fixture(scope="module")
def site() -> Iterator[str]:
    server = ThreadingHTTPServer(("127.0.0.1", 0), partial(Site, directory=str(assets.DIST.parents[1])))
    thread = Thread(target=server.serve_forever)
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    thread.join()
    server.server_close()


@pytest.fixture(scope="module")
def complaints() -> list[str]:
    return []


@pytest.fixture(scope="module")
def page(chromium: Browser, complaints: list[str]) -> Iterator[Page]:
    page = chromium.new_page(viewport={"width": 1200, "height": 700})
    page.on("console", lambda message: complaints.append(message.text) if message.type == "error" else None)
    page.on("pageerror", lambda error: complaints.append(str(error)))
    yield page
    page.close()


@pytest.fixture(autouse=True)
def fresh_complaints(complaints: list[str]) -> None:
    complaints.clear()


def test_a_diagram_is_drawn_with_its_tokens(page: Page, site: str, complaints: list[str]) -> None:
    page.goto(f"{site}/viewer")
    page.wait_for_selector("[data-diagram-ready]")
    keep_picture(page, "viewer")

    badges = page.locator(".diagram-token")
    assert sorted(badges.all_inner_texts()) == sorted(
        ["✓\n12\n12 件已完成", "●\n3\n3 件办理中", f"▲\n2\n{TOKENS['clean']['label']}"]
    )
    assert page.locator("[data-element-id=f1].diagram-element--done").count() == 1
    assert page.title() == "演示"
    assert complaints == []


def test_the_whole_diagram_is_in_sight_and_the_mark_of_bpmn_io_stays_free(page: Page, site: str) -> None:
    page.goto(f"{site}/viewer")
    page.wait_for_selector("[data-diagram-ready]")

    box = page.locator(".diagram__canvas").bounding_box()
    last = page.locator("[data-element-id=struck] .djs-visual").first.bounding_box()
    assert box is not None and last is not None
    assert box["x"] < last["x"] and last["x"] + last["width"] < box["x"] + box["width"]
    mark = page.locator(".bjs-powered-by")
    expect(mark).to_be_visible()
    assert mark.evaluate(
        """link => {
            const box = link.getBoundingClientRect();
            const top = document.elementFromPoint(box.x + box.width / 2, box.y + box.height / 2);
            return link.contains(top);
        }"""
    )


def test_the_drawing_can_be_reached_and_moved_by_keyboard(page: Page, site: str) -> None:
    page.goto(f"{site}/viewer")
    page.wait_for_selector("[data-diagram-ready]")
    drawing = page.get_by_role("img", name="清理整治流程图")
    drawing.focus()
    viewport = page.locator(".djs-container svg > .viewport")
    before = viewport.get_attribute("transform")

    page.keyboard.press("ArrowLeft")

    expect(viewport).not_to_have_attribute("transform", before or "")


def test_the_buttons_zoom_and_fit(page: Page, site: str) -> None:
    page.goto(f"{site}/viewer")
    page.wait_for_selector("[data-diagram-ready]")
    shape = page.locator("[data-element-id=clean] .djs-visual").first

    fitted = shape.bounding_box()
    page.get_by_role("button", name="放大").click()
    larger = shape.bounding_box()
    page.get_by_role("button", name="适合窗口").click()
    again = shape.bounding_box()

    assert fitted is not None and larger is not None and again is not None
    assert larger["width"] > fitted["width"]
    assert again == pytest.approx(fitted, abs=1)


@pytest.mark.parametrize("path", ["/broken", "/absent"])
def test_a_diagram_that_cannot_be_had_is_said_in_words(page: Page, site: str, path: str) -> None:
    page.goto(site + path)

    expect(page.get_by_role("alert")).to_contain_text("流程图加载失败")


def keep_picture(page: Page, name: str) -> None:
    """With DUBAN_PICTURES set to a folder, leaves a screenshot there for a person to look at."""
    if folder := os.environ.get("DUBAN_PICTURES"):
        page.screenshot(path=str(Path(folder) / f"{name}.png"))


def _viewer_page(url: str) -> str:
    tokens = json.dumps(TOKENS, ensure_ascii=False).replace("&", "&amp;").replace('"', "&quot;").replace("<", "&lt;")
    return _page(
        "viewer.js",
        f'<div data-diagram data-diagram-url="{url}" data-tokens="{tokens}" data-label="清理整治流程图"'
        ' data-label-zoom-in="放大" data-label-error="流程图加载失败">加载中</div>',
    )


def _page(entry: str, body: str) -> str:
    links = "".join(f'<link rel="stylesheet" href="{style}">' for style in assets.stylesheets(entry))
    script = f'<script type="module" src="{assets.asset(entry)}"></script>'
    return (
        f'<!DOCTYPE html><html lang="zh-CN"><head><title>演示</title>{links}{script}</head><body>{body}</body></html>'
    )
