"""The event log of a process as a download from its definition page."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import date

from flask import Blueprint, Response, request

from engine.domain.event_log import EXPORTERS, FORMATS, LogFilter
from engine.errors import Invalid, Problem
from forms.event_log import MEDIA_TYPES, SUFFIXES
from web.admin.definitions import show_log
from web.event_log import log_form, log_pieces
from web.permission import needs
from web.request import actor, campaign_id, download, engine, now

blueprint = Blueprint("event_logs", __name__)


@blueprint.post("/definitions/<key>/event-log")
@needs(*EXPORTERS, "supervisor")
def export(key: str) -> Response | tuple[str, int]:
    """The log of all instances whose root process this is."""
    try:
        return _export(key)
    except Invalid as refused:
        form = log_form(engine(), actor(), request.form.to_dict(), refused.problems)
        if form is None:
            raise
        return show_log(key, form), 422


def _export(key: str) -> Response:
    wanted_format = request.form.get("format", "")
    wanted = LogFilter(
        campaign_id(),
        now(),
        key,
        _day("since"),
        _day("until"),
        names_persons=request.form.get("names") == "1",
    )
    if wanted_format in FORMATS and not engine().read.event_log(actor(), replace(wanted, since=None, until=None)):
        zh = "没有从这个流程开始的实例，没有可导出的内容。它若由别的流程调用，请在调用它的流程那里导出。"
        en = "No instance began with this process. If others call it, take the log of the process that calls it."
        raise Invalid("event_log_empty", "No instance began with this process.", (Problem("process", zh, en),))
    pieces = log_pieces(engine(), actor(), wanted, wanted_format)
    response = download(b"", f"{wanted.campaign_id}-{key}{SUFFIXES[wanted_format]}", MEDIA_TYPES[wanted_format])
    response.response = _encoded(pieces)
    del response.headers["Content-Length"]
    return response


def _encoded(pieces: Iterator[str]) -> Iterator[bytes]:
    for piece in pieces:
        yield piece.encode("utf-8", "replace")


def _day(name: str) -> date | None:
    """A day of the form, None when left out. Raises Invalid."""
    typed = request.form.get(name, "").strip()
    try:
        return date.fromisoformat(typed) if typed else None
    except ValueError as error:
        shown = typed[:40]
        raise Invalid(
            "event_log_period",
            f"{shown} is not a date.",
            (
                Problem(
                    name,
                    f"“{shown}”不是日期，请写成 2024-06-21 的样子。",
                    f'"{shown}" is not a date: write it like 2024-06-21.',
                ),
            ),
        ) from error
