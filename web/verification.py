"""The public page behind the code on a letter: genuine, void, replaced or unknown; and whether a PDF is the issued one.

Nobody signs in here. It says nothing of case, addressee, title or firm, and a letter is never found by its number.
"""

from contextlib import closing
from dataclasses import dataclass
from datetime import timedelta
from typing import Final

from flask import Blueprint, Response, current_app, make_response, render_template, request, url_for
from werkzeug.wrappers import Response as BaseResponse

from engine.digests import sha256_of, sm3_of
from engine.domain.verification import read_key, shown_key
from engine.queries.verification import IssuedLetter
from forms.letters.verify import Busy, Issued, Judgement, examine, judge
from web import session
from web.gate import Gate
from web.permission import public
from web.request import engine, see

blueprint = Blueprint("verification", __name__)
WINDOW: Final = timedelta(minutes=5)
ASKED: Final = 60  # letters from one address in WINDOW: many may share one
EXAMINED: Final = 10  # files, each a second of work
MOST_BYTES: Final = 10_000_000  # two hundred pages, the most a letter may have, take less


@dataclass(frozen=True)
class HandedIn:
    """The file that somebody wants judged. Nothing of it is kept."""

    size_bytes: int
    sha256: str
    sm3: str


@dataclass(frozen=True)
class VerificationPage:
    """`state` is ask, genuine, sample, void, replaced or unknown; `failure` a message key beside the file field."""

    state: str
    key: str = ""
    letter: IssuedLetter | None = None
    file: HandedIn | None = None
    judgement: Judgement | None = None
    failure: str = ""
    code_failure: str = ""

    @property
    def shown_key(self) -> str:
        return shown_key(self.key)

    @property
    def shown_state(self) -> str:
        """Never "genuine" in large letters beside a file that is not."""
        return "other" if self.state == "genuine" and self.is_bad_news else self.state

    @property
    def is_bad_news(self) -> bool:
        return self.judgement is not None and not self.judgement.is_same


@blueprint.get("/v")
@public
def ask() -> BaseResponse:
    if "code" not in request.args:
        return _show(VerificationPage("ask"))
    # Whoever types may as well paste the whole address.
    key = read_key(request.args["code"].strip().rstrip("/").rsplit("/", 1)[-1])
    if not key:
        return _show(VerificationPage("ask", code_failure="verification.no_code"), 422)
    return see(url_for("verification.letter", key=key))


@blueprint.get("/v/<key>")
@public
def letter(key: str) -> BaseResponse:
    if not _admits("asked", ASKED):
        return _show(VerificationPage("ask", code_failure="verification.too_often"), 429)
    page = _page_of(read_key(key))
    return _show(page, 404 if page.state == "unknown" else 200)


@blueprint.post("/v")
@public
def check_file() -> BaseResponse:
    return _check("")


@blueprint.post("/v/<key>")
@public
def check_file_of(key: str) -> BaseResponse:
    return _check(read_key(key))


def _check(key: str) -> BaseResponse:
    """The file against the letter whose code was scanned; without a code, against every letter by its digest."""
    if not _admits("examined", EXAMINED):
        return _show(VerificationPage("ask", key, failure="verification.too_often"), 429)
    page = _page_of(key) if key else VerificationPage("ask")
    content = _content()
    if failure := _failure(content):
        return _show(_with(page, failure=failure), 422)
    file = HandedIn(len(content), sha256_of(content), sm3_of(content))
    bearer: IssuedLetter | None = engine().read.issued_file(file.sha256)
    if page.letter is None and bearer is not None:
        page = _page_about(bearer, key)
    try:
        found = examine(content)
    except Busy:
        return _show(_with(page, failure="verification.busy"), 503)
    wanted = page.letter
    issued = Issued(wanted.sha256, wanted.size_bytes, wanted.fingerprint) if wanted else None
    is_other = bearer is not None and wanted is not None and bearer.sha256 != wanted.sha256
    return _show(_with(page, file=file, judgement=judge(content, issued, found, is_other_letter=is_other)))


def _content() -> bytes:
    if "file" not in request.files:
        return b""
    with closing(request.files["file"]) as file:
        return file.read()


def _failure(content: bytes) -> str:
    if not content:
        return "verification.no_file"
    return "verification.too_large" if len(content) > MOST_BYTES else ""


def _page_of(key: str) -> VerificationPage:
    found: IssuedLetter | None = engine().read.issued_letter(key)
    return VerificationPage("unknown", key) if found is None else _page_about(found, key)


def _page_about(found: IssuedLetter, key: str) -> VerificationPage:
    if found.replaced_by is not None:
        state = "replaced"
    elif found.void_at is not None:
        state = "void"
    else:
        state = "sample" if found.is_sample else "genuine"
    return VerificationPage(state, key, found)


def _with(
    page: VerificationPage, *, file: HandedIn | None = None, judgement: Judgement | None = None, failure: str = ""
) -> VerificationPage:
    return VerificationPage(page.state, page.key, page.letter, file, judgement, failure)


def _admits(what: str, attempts: int) -> bool:
    gate: Gate = current_app.extensions.setdefault(f"duban.gate.{what}", Gate(attempts, WINDOW))
    return gate.admits(request.remote_addr or "", session.wall_clock())


def _show(page: VerificationPage, status: int = 200) -> Response:
    response = make_response(render_template("verification/verification.html", page=page), status)
    response.headers["X-Robots-Tag"] = "noindex, nofollow"
    session.set_login_cookie(response)  # the token of the form is bound to it
    return response
