"""Server-side sessions: a random id in the cookie, its SHA-256 in the database, and the guards of every request.

Sessions live by the server's own clock, not by the campaign's: a demo whose date moves signs nobody out.
"""

import hashlib
import hmac
import secrets
from datetime import UTC, datetime, timedelta
from typing import Final
from urllib.parse import urlsplit

from flask import Flask, Response, current_app, g, redirect, request, url_for
from werkzeug.wrappers import Response as BaseResponse

from engine.clock import Clock
from engine.commands.people import CloseSession, OpenSession, TouchSession
from engine.domain.actor import SYSTEM
from engine.errors import NotPermitted
from web import permission
from web.i18n import LANGUAGES
from web.request import Visitor, engine

IDLE: Final = timedelta(minutes=30)
ABSOLUTE: Final = timedelta(hours=8)
TOUCH_EVERY: Final = timedelta(minutes=1)  # a session seen less than this ago is not written again
LANGUAGE_COOKIE: Final = "duban_lang"
SAFE_METHODS: Final = ("GET", "HEAD", "OPTIONS")


def install(app: Flask) -> None:
    app.before_request(_open)
    app.before_request(_guard)
    app.after_request(_keep_notices)
    app.after_request(_keep_language)


# -- signing in and out ------------------------------------------------------------------------------------------------
def sign_in(response: BaseResponse, person_id: str) -> None:
    """A fresh session; the id that the browser had before is worth nothing afterwards."""
    sign_out(response)
    session_id = secrets.token_urlsafe(32)
    opened = OpenSession(_hash(session_id), person_id, secrets.token_urlsafe(24), wall_clock())
    engine().execute(opened, by=SYSTEM)
    _set_cookie(response, cookie_name(), session_id)
    _drop_cookie(response, _login_cookie())


def sign_out(response: BaseResponse) -> None:
    session_id = request.cookies.get(cookie_name())
    if session_id:
        engine().execute(CloseSession(_hash(session_id)), by=SYSTEM)
    _drop_cookie(response, cookie_name())


def wall_clock() -> datetime:
    clock: Clock = current_app.extensions["duban.clock"]
    return clock.now()


def csrf_token() -> str:
    """The token for the forms of this page: the session's, or before login one bound to a cookie of its own."""
    if g.get("visitor") is not None:
        return str(g.visitor.csrf)
    if "login_nonce" not in g:
        g.login_nonce = request.cookies.get(_login_cookie()) or secrets.token_urlsafe(24)
        g.sets_login_nonce = True
    return _login_token(g.login_nonce)


def set_login_cookie(response: BaseResponse) -> None:
    """Keep what the login form's token is bound to."""
    if g.get("sets_login_nonce"):
        _set_cookie(response, _login_cookie(), g.login_nonce)


# -- each request ------------------------------------------------------------------------------------------------------
def _open() -> None:
    wanted = request.args.get("lang") or request.cookies.get(LANGUAGE_COOKIE, "")
    g.lang = wanted if wanted in LANGUAGES else LANGUAGES[0]
    g.visitor = None
    session_id = request.cookies.get(cookie_name())
    if session_id and request.endpoint != "static":
        g.visitor = _visitor(_hash(session_id))


def _visitor(session_hash: str) -> Visitor | None:
    row = engine().read.session(session_hash)
    if row is None or row["person_id"] is None:
        return None
    at = wall_clock()
    actor = engine().read.actor(row["person_id"])
    if actor is None or at - aware(row["seen_at"]) > IDLE or at - aware(row["created_at"]) > ABSOLUTE:
        engine().execute(CloseSession(session_hash), by=SYSTEM)
        return None
    if at - aware(row["seen_at"]) > TOUCH_EVERY:
        engine().execute(TouchSession(session_hash, at), by=SYSTEM)
    names = {unit.unit_id: unit.name for unit in engine().read.units()}
    held = dict.fromkeys(names.get(member.unit_id, "") for member in sorted(actor.memberships, key=_by_unit))
    return Visitor(actor, session_hash, row["csrf"], tuple(name for name in held if name), row["data"] or {})


def _guard() -> BaseResponse | None:
    if request.endpoint is None:  # no such route, or not with this verb: the error page follows
        return None
    declared = permission.of_endpoint(current_app, request.endpoint)
    if declared is None:
        raise RuntimeError(f"{request.endpoint} does not say who may open it")
    if request.method not in SAFE_METHODS:
        _check_origin()
    if g.visitor is None and not declared.is_public:
        return _to_login()
    if request.method not in SAFE_METHODS:
        _check_csrf()
    if g.visitor is not None:
        permission.check(declared, g.visitor.actor)
    return None


def _to_login() -> BaseResponse:
    if request.accept_mimetypes.best == "application/json":
        raise NotPermitted("login_needed", "Sign in first.")
    back = request.full_path.rstrip("?") if request.method == "GET" else ""
    return redirect(
        url_for("login.login", back=back or None, ended=1 if request.cookies.get(cookie_name()) else None), 303
    )


def _check_origin() -> None:
    site = request.headers.get("Sec-Fetch-Site")
    origin = request.headers.get("Origin")
    is_foreign = site not in (None, "same-origin", "none")
    if origin is not None and urlsplit(origin).netloc != request.host:
        is_foreign = True
    if is_foreign:
        raise NotPermitted("foreign_origin", "The request came from another site.")


def _check_csrf() -> None:
    given = request.headers.get("X-CSRF-Token") or request.form.get("csrf_token", "")
    if g.visitor is not None:
        expected = g.visitor.csrf
    else:
        nonce = request.cookies.get(_login_cookie())
        expected = _login_token(nonce) if nonce else ""
    if not expected or not hmac.compare_digest(given.encode(), expected.encode()):
        raise NotPermitted("csrf_missing", "The form is too old or not ours: reload the page and send it again.")


# -- notices and language ----------------------------------------------------------------------------------------------
def take_notices() -> list[dict[str, object]]:
    """What is to be said on this page, once."""
    kept = list(g.visitor.data.get("notices", ())) if g.get("visitor") else []
    if kept:
        g.took_notices = True
    return [*kept, *g.pop("new_notices", [])]


def _keep_notices(response: Response) -> Response:
    fresh = g.pop("new_notices", [])
    if g.get("visitor") is None or not (fresh or g.get("took_notices")):
        return response
    kept = [] if g.get("took_notices") else list(g.visitor.data.get("notices", ()))
    data = {**g.visitor.data, "notices": [*kept, *fresh][-5:]}
    engine().execute(TouchSession(g.visitor.session_hash, wall_clock(), data), by=SYSTEM)
    return response


def _keep_language(response: Response) -> Response:
    if request.args.get("lang") in LANGUAGES:
        response.set_cookie(LANGUAGE_COOKIE, g.lang, max_age=365 * 86400, samesite="Lax", httponly=True, path="/")
    return response


# -- cookies -----------------------------------------------------------------------------------------------------------
def cookie_name() -> str:
    return "__Host-duban" if _is_https() else "duban"


def _login_cookie() -> str:
    return f"{cookie_name()}-login"


def _set_cookie(response: BaseResponse, name: str, value: str) -> None:
    response.set_cookie(name, value, path="/", httponly=True, samesite="Lax", secure=_is_https())


def _drop_cookie(response: BaseResponse, name: str) -> None:
    response.delete_cookie(name, path="/", httponly=True, samesite="Lax", secure=_is_https())


def _is_https() -> bool:
    return bool(current_app.extensions["duban.is_https"])


def _login_token(nonce: str) -> str:
    return hmac.new(engine().secret, f"login:{nonce}".encode(), hashlib.sha256).hexdigest()


def _hash(session_id: str) -> str:
    return hashlib.sha256(session_id.encode()).hexdigest()


def aware(moment: datetime) -> datetime:
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)


def _by_unit(membership: object) -> str:
    return str(membership.unit_id)  # type: ignore[attr-defined]
