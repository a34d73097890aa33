"""The web application: blueprints, headers and what every template may use. The engine is handed in, ready to work."""

import importlib
import secrets
from pathlib import Path
from typing import Any, Final

from flask import Flask, Response, request

from engine.clock import Clock, SystemClock
from engine.runtime import Engine
from web import assets, errors, format, i18n, logs, navigation, permission, session, stylesheet
from web.config import Config
from web.request import FormRequest, this_page

MAX_REQUEST_BYTES: Final = 20_000_000
BLUEPRINTS: Final = (
    "web.login",
    "web.inbox",
    "web.tasks",
    "web.cases",
    "web.imports",
    "web.evidence",
    "web.diagrams",
    "web.desk",
    "web.letters",
    "web.reports",
    "web.leader",
    "web.accountability",
    "web.verification",
    "web.metrics",
    "web.admin.definitions",
    "web.admin.event_logs",
    "web.admin.words",
    "web.admin.running",
    "web.admin.printing",
    "web.admin.incidents",
    "web.admin.instances",
    "web.admin.operations",
    "web.admin.moves",
    "web.admin.migrations",
    "web.admin.batches",
    "web.admin.people",
    "web.admin.calendars",
    "web.admin.demo_clock",
    "web.audit.pages",
    "web.studio.forecasts",
    "web.studio.drafts",
    "web.studio.history",
    "web.studio.compare",
    "web.studio.usages",
    "web.studio.publishing",
    "web.studio.api",
    "web.studio.trials",
    "web.studio.playground",
    "web.studio.diagram",
    "web.studio.tables",
    "web.studio.forms",
    "web.studio.letters",
)
POLICY: Final = "; ".join(
    (
        "default-src 'self'",
        "script-src 'self'",
        "img-src 'self' blob:",
        "object-src 'none'",
        "base-uri 'none'",
        "form-action 'self'",
        "frame-ancestors 'none'",
    )
)
FILTERS: Final = {
    "day": format.day,
    "moment": format.moment,
    "short_day": format.short_day,
    "iso": format.iso,
    "size": format.size,
    "actor_name": format.actor_name,
}


def create_app(engine: Engine, config: Config, *, clock: Clock | None = None) -> Flask:
    """The application on this engine. `clock` is the server's own, for sessions. Refuses a route without permission."""
    app = pages()
    furnish(app, engine, config, clock=clock)
    return app


def pages() -> Flask:
    """Every route and template, which take a second to compile, on no engine yet."""
    app = Flask("web", root_path=str(Path(__file__).parent))
    app.request_class = FormRequest
    app.config.update(MAX_CONTENT_LENGTH=MAX_REQUEST_BYTES, MAX_FORM_MEMORY_SIZE=8_000_000, MAX_FORM_PARTS=2000)
    app.view_functions["static"] = permission.public(app.view_functions["static"])

    logs.install(app)
    session.install(app)
    errors.install(app)
    stylesheet.install(app)
    _install_templates(app)
    for name in BLUEPRINTS:
        app.register_blueprint(importlib.import_module(name).blueprint)
    app.add_url_rule("/health", "health", _health)
    app.after_request(_add_headers)

    if missing := permission.undeclared(app):
        raise RuntimeError(f"These routes do not say who may open them: {', '.join(missing)}")
    return app


def furnish(app: Flask, engine: Engine, config: Config, *, clock: Clock | None = None) -> None:
    """Puts the pages on this engine; of another that they stood on before they remember nothing."""
    app.config["TRUSTED_HOSTS"] = list(config.trusted_hosts) or None
    app.extensions.clear()
    app.extensions["duban.engine"] = engine
    app.extensions["duban.config"] = config
    app.extensions["duban.clock"] = clock or SystemClock()
    app.extensions["duban.is_https"] = config.is_https


def _install_templates(app: Flask) -> None:
    environment = app.jinja_env
    environment.trim_blocks = environment.lstrip_blocks = True
    environment.filters.update(FILTERS)
    environment.globals.update(
        t=i18n.t,
        lang=i18n.language,
        pick=i18n.pick,
        word=format.word,
        words=format.words,
        left=format.left,
        fact=format.fact,
        because=format.because,
        asset=assets.asset,
        stylesheets=assets.stylesheets,
        csrf_token=session.csrf_token,
        take_notices=session.take_notices,
        operation_key=lambda: secrets.token_hex(16),
        here=_here,
        chrome=navigation.chrome,
    )


def _here(**changes: Any) -> str:
    """The address of this page with some parameters changed; None or "" drops one, and a change leads to page 1."""
    return this_page({"lang": None, "page": None, **changes})


@permission.public
def _health() -> tuple[dict[str, str], int]:
    return {"status": "ok"}, 200


def _add_headers(response: Response) -> Response:
    headers = response.headers
    headers.setdefault("Content-Security-Policy", POLICY)
    headers.setdefault("X-Content-Type-Options", "nosniff")
    headers.setdefault("X-Frame-Options", "DENY")
    headers.setdefault("Referrer-Policy", "same-origin")
    headers.setdefault("Cross-Origin-Opener-Policy", "same-origin")
    headers.setdefault("Permissions-Policy", "camera=(self), geolocation=(), microphone=()")
    if request.endpoint not in ("static", "stylesheet"):
        headers.setdefault("Cache-Control", "no-store")
    if request.is_secure:
        headers.setdefault("Strict-Transport-Security", "max-age=31536000")
    return response
