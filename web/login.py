"""Signing in and out. One sentence for every failure: it does not tell which logins exist or are locked."""

from dataclasses import dataclass
from datetime import timedelta
from typing import Final

from flask import Blueprint, Response, current_app, g, make_response, render_template, request, url_for
from werkzeug.wrappers import Response as BaseResponse

from engine.commands.people import NoteLogin
from engine.domain.actor import SYSTEM
from web import passwords, session
from web.gate import Gate
from web.permission import public, signed_in
from web.request import back_to, engine, see

blueprint = Blueprint("login", __name__)
ATTEMPTS: Final = 30  # from one address in WINDOW; the account itself locks after five
WINDOW: Final = timedelta(minutes=5)


@dataclass(frozen=True)
class LoginPage:
    login: str = ""
    back: str = ""
    failure: str = ""  # a message key
    has_ended: bool = False


@blueprint.get("/login")
@public
def login() -> BaseResponse:
    if g.visitor is not None:
        return see(url_for("inbox.home"))
    has_ended = request.args.get("ended") == "1"
    return _show(LoginPage(back=request.args.get("back", ""), has_ended=has_ended), 200)


@blueprint.post("/login")
@public
def enter() -> BaseResponse:
    name, password = request.form.get("login", "").strip()[:100], request.form.get("password", "")[:200]
    back = request.form.get("_back", "")
    if not _gate().admits(request.remote_addr or "", session.wall_clock()):
        return _show(LoginPage(name, back, "login.too_often"), 429)
    person_id = _person(name, password)
    if person_id is None:
        return _show(LoginPage(name, back, "login.wrong"), 422)
    response = see(back_to(url_for("inbox.home")))
    session.sign_in(response, person_id)
    return response


@blueprint.post("/logout")
@signed_in
def logout() -> BaseResponse:
    response = see(url_for("login.login"))
    session.sign_out(response)
    return response


def _person(name: str, password: str) -> str | None:
    """The person who gave the right words and may come in. A locked account is refused whatever the password."""
    row = engine().read.login(name)
    is_right = passwords.is_right(password, row["password_hash"] if row else None)
    if row is None:
        return None
    at = session.wall_clock()
    locked_until = row["locked_until"]
    if locked_until is not None and at < session.aware(locked_until):
        return None
    if not row["is_active"]:
        return None
    if not is_right or row["failures"]:
        engine().execute(NoteLogin(row["person_id"], is_right, at), by=SYSTEM)
    return str(row["person_id"]) if is_right else None


def _gate() -> Gate:
    gate: Gate = current_app.extensions.setdefault("duban.gate", Gate(ATTEMPTS, WINDOW))
    return gate


def _show(page: LoginPage, status: int) -> Response:
    response = make_response(render_template("login/login.html", page=page), status)
    session.set_login_cookie(response)
    return response
