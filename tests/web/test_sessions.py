"""Who gets in, how long, and what a foreign page cannot make them do."""

import hashlib
import re
from collections.abc import Callable
from datetime import timedelta

import pytest
from flask import Flask
from scenario import PASSWORD, Scenario
from web_visitor import Browser

from engine.clock import SetClock
from engine.store.schema import sessions
from web import permission
from web.session import cookie_name

SignIn = Callable[[str], Browser]
OPEN_TO_ALL = {"static", "stylesheet", "health", "metrics.page", "login.login", "login.enter"} | {
    f"verification.{page}" for page in ("ask", "letter", "check_file", "check_file_of")
}


def session_id(app: Flask, browser: Browser) -> str:
    with app.app_context():
        cookie = browser.client.get_cookie(cookie_name())
    assert cookie is not None
    return cookie.value


def test_a_right_password_opens_the_inbox_and_a_wrong_one_does_not(browser: Browser) -> None:
    wrong = browser.sign_in("chengjiao1", "not it")
    right = browser.sign_in("chengjiao1")

    assert wrong.status_code == 422
    assert "登录名或密码不正确" in wrong.get_data(as_text=True)
    assert right.status_code == 303
    assert "待领取" in browser.page


def test_unknown_logins_and_wrong_passwords_get_the_same_answer(browser: Browser) -> None:
    known = browser.sign_in("chengjiao1", "not it").get_data(as_text=True).replace("chengjiao1", "X")
    unknown = browser.sign_in("nobody-at-all", "not it").get_data(as_text=True).replace("nobody-at-all", "X")

    assert known == unknown


def test_the_database_keeps_only_the_hash_of_the_session_id(app: Flask, scenario: Scenario, signed_in: SignIn) -> None:
    browser = signed_in("chengjiao1")

    kept = [row["session_hash"] for row in scenario.rows(sessions.select())]

    assert kept == [hashlib.sha256(session_id(app, browser).encode()).hexdigest()]


def test_the_cookie_is_hidden_from_scripts_and_from_other_sites(browser: Browser) -> None:
    headers = [value for value in browser.sign_in("chengjiao1").headers.getlist("Set-Cookie") if "-login" not in value]

    assert any("HttpOnly" in header and "SameSite=Lax" in header for header in headers)


def test_a_copied_cookie_is_worth_nothing_after_logging_out(app: Flask, signed_in: SignIn) -> None:
    browser = signed_in("chengjiao1")
    stolen = session_id(app, browser)
    browser.post("/logout")

    thief = Browser(app.test_client())
    with app.app_context():
        thief.client.set_cookie(cookie_name(), stolen)

    assert thief.get("/inbox").status_code == 303


def test_signing_in_again_makes_a_new_session_and_ends_the_old(app: Flask, signed_in: SignIn) -> None:
    browser = signed_in("chengjiao1")
    before = session_id(app, browser)
    browser.client.get("/login")
    browser.post("/logout")
    browser.sign_in("chengjiao1")

    assert session_id(app, browser) != before


@pytest.mark.parametrize(("minutes", "status"), [(29, 200), (30, 200), (31, 303)])
def test_a_session_ends_after_thirty_idle_minutes(
    signed_in: SignIn, wall_clock: SetClock, minutes: int, status: int
) -> None:
    browser = signed_in("chengjiao1")

    wall_clock.advance(timedelta(minutes=minutes))

    assert browser.get("/inbox").status_code == status


def test_a_session_ends_after_eight_hours_even_in_use(signed_in: SignIn, wall_clock: SetClock) -> None:
    browser = signed_in("chengjiao1")

    answers = []
    for _ in range(17):
        wall_clock.advance(timedelta(minutes=29))
        answers.append(browser.get("/inbox").status_code)

    assert answers == [200] * 16 + [303]


def test_the_demo_clock_signs_nobody_out(signed_in: SignIn, scenario: Scenario) -> None:
    browser = signed_in("chengjiao1")

    scenario.clock.advance(timedelta(days=30))

    assert browser.get("/inbox").status_code == 200


@pytest.mark.parametrize(("failures", "gets_in"), [(4, True), (5, False)])
def test_five_wrong_passwords_lock_the_account(browser: Browser, failures: int, gets_in: bool) -> None:
    for _ in range(failures):
        browser.sign_in("chengjiao1", "not it")

    assert (browser.sign_in("chengjiao1").status_code == 303) is gets_in


def test_a_locked_account_opens_after_fifteen_minutes(browser: Browser, wall_clock: SetClock) -> None:
    for _ in range(5):
        browser.sign_in("chengjiao1", "not it")
    wall_clock.advance(timedelta(minutes=15, seconds=1))

    assert browser.sign_in("chengjiao1").status_code == 303


def test_one_address_cannot_guess_forever(browser: Browser) -> None:
    answers = [browser.sign_in(f"somebody{number}", "guess").status_code for number in range(31)]

    assert answers == [422] * 30 + [429]


def test_login_leads_back_to_the_page_that_was_wanted_but_never_to_another_site(browser: Browser) -> None:
    wanted = browser.get("/cases?state=ACTIVE").headers["Location"]
    browser.get(wanted)
    home = browser.post("/login", {"login": "chengjiao1", "password": PASSWORD, "_back": browser.hidden("_back")})
    browser.get("/inbox")
    browser.post("/logout")
    browser.get("/login")
    away = browser.post("/login", {"login": "chengjiao1", "password": PASSWORD, "_back": "//evil.example/"})

    assert browser.get("/login").status_code == 303
    assert home.headers["Location"].endswith("state=ACTIVE")
    assert away.headers["Location"] == "/"


def test_every_route_says_who_may_open_it(app: Flask) -> None:
    public = {
        rule.endpoint
        for rule in app.url_map.iter_rules()
        if (found := permission.of_endpoint(app, rule.endpoint)) is not None and found.is_public
    }

    assert permission.undeclared(app) == []
    assert public == OPEN_TO_ALL


def test_every_other_route_sends_a_stranger_to_the_login(app: Flask) -> None:
    stranger = app.test_client()
    answers = {}
    for rule in app.url_map.iter_rules():
        if rule.endpoint in OPEN_TO_ALL:
            continue
        address = rule.rule
        for argument in rule.arguments:
            address = address.replace(f"<{argument}>", "x")
        address = re.sub(r"<int:\w+>", "1", address).replace("<path:name>", "x")
        address = re.sub(r"<any\('([^']+)'[^>]*>", r"\1", address)
        method = "POST" if "POST" in rule.methods else "GET"
        answers[rule.rule] = stranger.open(address, method=method).status_code

    assert set(answers.values()) == {303}, answers


def test_every_unsafe_route_refuses_a_post_without_the_token(app: Flask, signed_in: SignIn) -> None:
    browser = signed_in("ducha1")
    answers = {}
    for rule in app.url_map.iter_rules():
        if "POST" in rule.methods:
            address = rule.rule
            for argument in rule.arguments:
                address = address.replace(f"<{argument}>", "x")
            answers[rule.rule] = browser.client.post(address).status_code

    assert set(answers.values()) == {403}, answers


@pytest.mark.parametrize(
    "headers",
    [{"Origin": "http://evil.example"}, {"Sec-Fetch-Site": "cross-site"}, {"Sec-Fetch-Site": "same-site"}],
)
def test_a_post_from_another_site_is_refused_with_the_right_token_too(
    signed_in: SignIn, headers: dict[str, str]
) -> None:
    browser = signed_in("chengjiao1")

    assert browser.post("/logout", headers=headers).status_code == 403


def test_the_login_form_has_a_token_of_its_own(app: Flask, browser: Browser) -> None:
    browser.get("/login")
    foreign = Browser(app.test_client())

    refused = foreign.client.post(
        "/login", data={"csrf_token": browser.token, "login": "chengjiao1", "password": PASSWORD}
    )

    assert refused.status_code == 403


def test_pages_carry_a_strict_policy(signed_in: SignIn) -> None:
    headers = signed_in("chengjiao1").get("/inbox").headers

    assert "script-src 'self'" in headers["Content-Security-Policy"]
    assert "unsafe" not in headers["Content-Security-Policy"]
    assert headers["X-Content-Type-Options"] == "nosniff"
    assert headers["Cache-Control"] == "no-store"


def test_a_role_is_needed_where_the_route_says_so(signed_in: SignIn) -> None:
    refused = signed_in("chengjiao1").get("/register")

    assert refused.status_code == 403
    assert "督查员" in refused.get_data(as_text=True)


def test_the_language_stays_chosen(signed_in: SignIn) -> None:
    browser = signed_in("chengjiao1")
    browser.get("/inbox?lang=en")

    assert "Unclaimed" in browser.get("/inbox").get_data(as_text=True)
