"""Real people at a real browser: a server and database for each file, Chromium once, a fresh context a person."""

import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from browser_person import NewPerson, Person
from browser_site import Site, played_campaign, serving
from playwright.sync_api import Browser

from web.config import Config


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
        if item.path.parent == Path(__file__).parent:
            item.add_marker(pytest.mark.browser)


@pytest.fixture(scope="session")
def campaign(tmp_path_factory: pytest.TempPathFactory) -> Config:
    """One for all test processes, which have a folder in common."""
    own = tmp_path_factory.getbasetemp()
    return played_campaign((own.parent if "PYTEST_XDIST_WORKER" in os.environ else own) / "browser-campaign")


@pytest.fixture(scope="module")
def site(campaign: Config, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    """The tests of one file share a server: each works on things of its own."""
    with serving(campaign, tmp_path_factory.mktemp("site")) as running:
        yield running


@pytest.fixture
def new_person(chromium: Browser, site: Site, tmp_path: Path) -> Iterator[NewPerson]:
    """`new_person("chengjiao1")` is signed in, `new_person()` is not. Nobody's console may complain."""
    people: list[Person] = []

    def make(login: str = "", **context: Any) -> Person:
        people.append(Person(chromium, site.url, tmp_path, **context))
        if login:
            people[-1].sign_in(login)
        return people[-1]

    yield make
    complaints = [complaint for person in people for complaint in person.complaints]
    for person in people:
        person.close()
    assert complaints == []
