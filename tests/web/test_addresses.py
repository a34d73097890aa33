"""The addresses that pages make of their own: whatever the query holds, they lead to the same page of this site."""

import re
from collections.abc import Callable
from html import unescape

import pytest
from web_visitor import Browser

SignIn = Callable[[str], Browser]


@pytest.mark.parametrize(
    "query",
    [
        "endpoint=x",
        "_external=1&_scheme=javascript&_anchor=x",
        "_method=POST",
        "key=x&version=NaN",
        "values=1",
    ],
)
def test_no_parameter_of_an_address_changes_where_its_links_lead(signed_in: SignIn, query: str) -> None:
    page = signed_in("sheji").get(f"/definitions/survey/1/words?{query}")

    assert page.status_code == 200
    assert other_language(page.text) == f"/definitions/survey/1/words?{query}&lang=en"


def test_the_other_language_keeps_every_parameter_and_an_empty_one_is_dropped(signed_in: SignIn) -> None:
    page = signed_in("ducha1").get("/cases?light=red&light=amber&text=&lang=zh&page=2")

    assert other_language(page.text) == "/cases?light=red&light=amber&page=2&lang=en"


def test_a_forecast_begins_with_no_file_but_those_that_ship(signed_in: SignIn) -> None:
    browser = signed_in("sheji")

    for typed in ("a" * 5000, "../scenario", "²", "history."):
        assert browser.get("/studio/forecasts/new", query_string={"base": typed}).status_code == 404


@pytest.mark.postgres
@pytest.mark.parametrize("backend", ["postgres"])
def test_a_character_that_no_text_has_is_a_clear_error(signed_in: SignIn) -> None:
    browser = signed_in("ducha1")

    for address in ("/cases/%00", "/letters/%00"):
        page = browser.get(address)
        assert (page.status_code, "U+0000" in page.text) == (422, True), address


def other_language(page: str) -> str:
    found = re.search(r'href="([^"]*lang=en)"', page)
    assert found
    return unescape(found[1])
