"""The one place that turns errors into pages, or into problem+json for a program that asks for it."""

import logging
import secrets
from typing import Any
from urllib.parse import urlsplit

from flask import Flask, Response, g, jsonify, render_template, request
from werkzeug.exceptions import HTTPException, RequestEntityTooLarge
from werkzeug.wrappers import Response as BaseResponse

from engine.errors import EngineError, Invalid, NotFound, NotPermitted, Problem, Refused, Rejected
from web.format import moment
from web.i18n import has, language, t

log = logging.getLogger(__name__)
STATUS: dict[type[EngineError], int] = {NotFound: 404, NotPermitted: 403, Rejected: 409, Invalid: 422, Refused: 503}
_INSTANTS = ("at", "due_at", "until")


def install(app: Flask) -> None:
    app.register_error_handler(EngineError, _engine_error)
    app.register_error_handler(HTTPException, _http_error)
    app.register_error_handler(Exception, _bug)


def status_of(error: EngineError) -> int:
    return next((code for branch, code in STATUS.items() if isinstance(error, branch)), 500)


def sentence(error: EngineError) -> str:
    """The error in the reader's language: its own sentence from the catalogue, else one for its branch."""
    key = f"error.{error.code}"
    if not has(key):
        key = f"error.any_{status_of(error)}"
    fields = {name: moment(value) if name in _INSTANTS else _shown(value) for name, value in error.fields.items()}
    return t(key, **fields)


def said(problem: Problem) -> str:
    return problem.en if language() == "en" else problem.zh


def _engine_error(error: EngineError) -> BaseResponse:
    status = status_of(error)
    problems = error.problems if isinstance(error, Invalid) else ()
    return _answer(status, error.code, sentence(error), problems)


def _http_error(error: HTTPException) -> BaseResponse:
    if error.code is None or error.code < 400:
        return error.get_response()  # type: ignore[return-value]
    key = "http_413" if isinstance(error, RequestEntityTooLarge) else f"http_{error.code}"
    if not has(f"error.{key}"):
        key = "http_400" if error.code < 500 else "http_500"
    response = _answer(error.code, key, t(f"error.{key}"))
    for name, value in error.get_headers():
        if name in ("Allow", "Retry-After"):
            response.headers[name] = value
    return response


def _bug(error: Exception) -> BaseResponse:
    reference = secrets.token_hex(4).upper()
    log.error("%s %s failed, reference %s", request.method, request.path, reference, exc_info=error)
    try:
        return _answer(500, "http_500", t("error.http_500"), reference=reference)
    except Exception:  # the frame of the page itself needs what has failed, such as the database
        log.exception("no page for reference %s", reference)
        return Response(
            f"{t('error.http_500')} {t('error.reference', reference=reference)}", 500, mimetype="text/plain"
        )


def _answer(
    status: int, code: str, words: str, problems: tuple[Problem, ...] = (), reference: str = ""
) -> BaseResponse:
    if _wants_json():
        body: dict[str, Any] = {"type": "about:blank", "title": words, "status": status, "code": code}
        if problems:
            body["problems"] = [{"where": one.where, "detail": said(one), "severity": one.severity} for one in problems]
        response = jsonify(body)
        response.mimetype = "application/problem+json"
        response.status_code = status
        return response
    page = {
        "status": status,
        "title": t(f"error.title_{status}") if has(f"error.title_{status}") else t("error.title_500"),
        "words": words,
        "next_step": t(f"error.next_{status}") if has(f"error.next_{status}") else t("error.next_500"),
        "problems": [(one.where, said(one)) for one in problems],
        "reference": reference,
        "again": _came_from() if status == 409 else "",
    }
    g.setdefault("visitor", None)
    return Response(render_template("errors/error.html", page=page), status, mimetype="text/html")


def _came_from() -> str:
    """The page of ours on which the button was pressed, as a path: to look at it anew. Empty where it is not known."""
    parts = urlsplit(request.referrer or "")
    if parts.netloc != request.host or not parts.path.startswith("/") or parts.path.startswith("//"):
        return ""
    return f"{parts.path}?{parts.query}" if parts.query else parts.path


def _wants_json() -> bool:
    accepted = request.accept_mimetypes
    offered = ["text/html", "application/json", "application/problem+json"]
    return accepted.best_match(offered, "text/html") != "text/html"


def _shown(value: Any) -> str:
    if isinstance(value, list | tuple):
        return "、".join(t(f"role.{one}") if has(f"role.{one}") else str(one) for one in value)
    return "—" if value is None else str(value)
