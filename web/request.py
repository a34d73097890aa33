"""What every page may ask about the present request: the engine, who is asking, what was said to them last."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from functools import cached_property
from typing import Any, Final
from urllib.parse import urlencode, urlsplit

from flask import Request, Response, current_app, g, redirect, request, url_for
from werkzeug.datastructures import ImmutableMultiDict, MultiDict
from werkzeug.wrappers import Response as BaseResponse

from engine.domain.actor import Actor
from engine.domain.whole_number import whole_number
from engine.runtime import Engine

# Nobody types these: they come along when text is pasted, and neither a letter nor every database can hold them.
_NOT_TYPED: Final = re.compile("[\x00-\x08\x0e-\x1f\x7f-\x84\x86-\x9f]")
_LINE_ENDS: Final = re.compile("[\x0b\x0c\x85]")  # as other programs write them


class FormRequest(Request):
    """A request whose text, in the form and in the address, has no control characters but tabs and ends of lines."""

    def _load_form_data(self) -> None:
        super()._load_form_data()
        self.__dict__["form"] = _typed(self.__dict__["form"])

    @cached_property
    def args(self) -> ImmutableMultiDict[str, str]:
        return _typed(super().args)


@dataclass(frozen=True)
class Visitor:
    """A signed-in person on this request. `csrf` is the token that every form of theirs carries."""

    actor: Actor
    session_hash: str
    csrf: str
    unit_names: tuple[str, ...]
    data: Mapping[str, Any] = field(default_factory=dict)

    def has_role(self, *roles: str) -> bool:
        return self.actor.has_role(*roles)


def engine() -> Engine:
    found: Engine = current_app.extensions["duban.engine"]
    return found


def visitor() -> Visitor:
    """Who is signed in. Only asked on routes that need a login."""
    found: Visitor = g.visitor
    return found


def actor() -> Actor:
    return visitor().actor


def now() -> datetime:
    """The campaign's instant, read once a request."""
    if "now" not in g:
        g.now = engine().read.now()
    moment: datetime = g.now
    return moment


def text(name: str) -> str:
    """A parameter of the address, trimmed; empty when absent."""
    return request.args.get(name, "").strip()


def page_number() -> int:
    return whole_number(request.args.get("page", "1")) or 1


def this_page(changes: Mapping[str, Any]) -> str:
    """The address of this page with parameters changed; None or "" drops one. What is not named stays as often as it
    was given; where there is no page it is the inbox."""
    kept = ((name, value) for name, value in request.args.items(multi=True) if value and name not in changes)
    changed = ((name, value) for name, value in changes.items() if value not in (None, ""))
    query = urlencode([*kept, *changed])
    address = url_for(request.endpoint or "inbox.inbox", **(request.view_args or {}))
    return f"{address}?{query}" if query else address


def notify(key: str, /, tone: str = "success", **fields: Any) -> None:
    """Say `notice.<key>` at the top of the next page the person sees. Tones: success, info, warning, error."""
    g.setdefault("new_notices", []).append({"key": key, "tone": tone, "fields": fields})


def see(address: str) -> BaseResponse:
    """303: what was posted is done, look there."""
    return redirect(address, 303)


def back_to(default: str) -> str:
    """The address of this site that the form asked to return to (`_back`), or `default`."""
    wanted = request.form.get("_back", "")
    parts = urlsplit(wanted)
    is_ours = wanted.startswith("/") and not wanted.startswith(("//", "/\\")) and not parts.netloc and not parts.scheme
    return wanted if is_ours and wanted.isprintable() else default


def download(content: bytes, filename: str, media_type: str, *, inline: bool = False) -> Response:
    """Bytes as a file, never sniffed and never run as a page of ours."""
    response = Response(content, mimetype=media_type)
    disposition = "inline" if inline else "attachment"
    response.headers.set("Content-Disposition", disposition, filename=_ascii(filename))
    response.headers["Content-Disposition"] += f"; filename*=UTF-8''{_quoted(filename)}"
    response.headers["Cache-Control"] = "private, no-store"
    return _no_page(response)


def diagram_file(content: bytes) -> Response:
    """BPMN for the viewer to fetch."""
    return _no_page(Response(content, mimetype="application/xml"))


def _typed(sent: MultiDict[str, str]) -> ImmutableMultiDict[str, str]:
    cleaned = ((name, _LINE_ENDS.sub("\n", _NOT_TYPED.sub("", text))) for name, text in sent.items(multi=True))
    return ImmutableMultiDict(cleaned)


def _no_page(response: Response) -> Response:
    """What a person wrote, looked at by itself, runs nothing, loads nothing and sends nothing."""
    response.headers["X-Content-Type-Options"] = "nosniff"
    response.headers["Content-Security-Policy"] = "default-src 'none'; sandbox"
    return response


def _ascii(filename: str) -> str:
    plain = filename.encode("ascii", "ignore").decode().replace('"', "").strip(" .")
    return plain or "file"


def _quoted(filename: str) -> str:
    from urllib.parse import quote

    return quote(filename, safe="")


def campaign_id() -> str:
    """The one that was asked for, else the first that is open; empty before any is."""
    wanted = request.form.get("campaign", "") or text("campaign")
    found = [row.campaign_id for row in engine().read.campaigns()]
    return wanted if wanted in found else next(iter(found), "")
