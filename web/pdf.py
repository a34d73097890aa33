"""How a PDF leaves the house: shown inside our own pages or saved under its number, and never anything but a PDF."""

from urllib.parse import quote

from flask import Response, render_template, request

from engine.errors import Invalid
from web.errors import said, sentence, status_of

# The browser's own viewer is a frame with inline styles; nothing else may run, and only our pages may embed it.
POLICY = "default-src 'self'; style-src 'self' 'unsafe-inline'; frame-ancestors 'self'"


def show_pdf(content: bytes, filename: str, *, sha256: str | None = None, save: bool = False) -> Response:
    """`sha256` of an issued document becomes its ETag: it never changes. A draft has none and is not kept."""
    response = Response(content, mimetype="application/pdf")
    kind = "attachment" if save else "inline"
    response.headers["Content-Disposition"] = (
        f"{kind}; filename=\"letter.pdf\"; filename*=UTF-8''{quote(filename, safe='')}"
    )
    response.headers["Content-Security-Policy"] = POLICY
    response.headers["X-Frame-Options"] = "SAMEORIGIN"
    response.headers["X-Content-Type-Options"] = "nosniff"
    response.headers["Cache-Control"] = "private, no-cache" if sha256 else "no-store"
    if sha256:
        response.set_etag(sha256)
        response.make_conditional(request)
    return response


def say_refused(error: Invalid) -> Response:
    """In place of a preview that cannot be made: the reasons, readable in the frame of our page that asked for it."""
    problems = [said(problem) for problem in error.problems]
    page = render_template("errors/preview.html", words=sentence(error), problems=problems)
    response = Response(page, status_of(error), mimetype="text/html")
    response.headers["Content-Security-Policy"] = POLICY
    response.headers["X-Frame-Options"] = "SAMEORIGIN"
    return response
