"""What the processes write about themselves: one event, one line, with the ids by which it is found again.

Text for a terminal, JSON lines (`DUBAN_LOG_FORMAT=json`) for whatever collects them. Nobody's address is written.
"""

import logging
import re
import secrets
import sys
import time
import unicodedata
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from datetime import UTC, datetime
from typing import Any, Final, TextIO

from flask import Flask, Response, g, has_request_context, request
from pythonjsonlogger.json import JsonFormatter

FIELDS: Final = ("request_id", "person_id", "command", "job_id", "job_kind", "instance_id")
REQUEST_ID: Final = re.compile(r"[0-9A-Za-z_-]{8,64}")
CONTINUED: Final = "    | "  # before every line of a traceback: no such line can pass for an event
TALKATIVE: Final = (
    "alembic",
    "celery.app.trace",
    "celery.worker.strategy",
    "celery.worker.request",
    "fontTools",
    "weasyprint",
)
# Controls, formatting and bidi marks, line and paragraph separators, halves of characters.
UNSAFE_CATEGORIES: Final = ("Cc", "Cf", "Zl", "Zp", "Cs")

_known: ContextVar[dict[str, Any]] = ContextVar("duban_log_fields", default={})  # noqa: B039 - never changed in place
log = logging.getLogger("duban.web")


def set_up(format: str, stream: TextIO | None = None) -> None:
    """Every logger of this process writes to `stream` (standard error) in this format, from INFO upwards."""
    handler = logging.StreamHandler(stream or sys.stderr)
    handler.setFormatter(_Json() if format == "json" else _Text())
    handler.addFilter(_add_known)
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(logging.INFO)
    for name in TALKATIVE:
        logging.getLogger(name).setLevel(logging.WARNING)


@contextmanager
def about(**fields: Any) -> Iterator[None]:
    """Whatever is logged inside, by anybody, carries these of `FIELDS`; None says nothing."""
    said = {name: value for name, value in fields.items() if value is not None}
    token = _known.set({**_known.get(), **said})
    try:
        yield
    finally:
        _known.reset(token)


def escaped(text: str) -> str:
    """On one line and without marks that steer a terminal or turn the reading order: `\\u000a` stands for them."""
    if text.isprintable():  # what Python prints holds none of the categories
        return text
    return "".join(_code(letter) if unicodedata.category(letter) in UNSAFE_CATEGORIES else letter for letter in text)


# -- requests ----------------------------------------------------------------------------------------------------------
def install(app: Flask) -> None:
    """Gives every request an id (a proxy's `X-Request-ID` when it looks like one) and logs how it ended.

    The rule of the address is logged, never the address itself: it may hold a receipt code.
    """
    app.before_request(_begin)
    app.after_request(_end)


def _begin() -> None:
    given = request.headers.get("X-Request-ID", "")
    g.request_id = given if REQUEST_ID.fullmatch(given) else secrets.token_hex(8)
    g.begun = time.monotonic()


def _end(response: Response) -> Response:
    response.headers["X-Request-ID"] = g.request_id
    if request.endpoint not in ("static", "stylesheet", "health", "metrics.page"):
        rule = request.url_rule.rule if request.url_rule else "(no such page)"
        seconds = round(time.monotonic() - g.begun, 4)
        log.info("%s %s %s", request.method, rule, response.status_code, extra={"seconds": seconds})
    return response


# -- lines -------------------------------------------------------------------------------------------------------------
def _add_known(record: logging.LogRecord) -> bool:
    """What a record says of itself goes before what its surroundings say."""
    fields = dict(_known.get())
    if has_request_context():
        fields.setdefault("request_id", g.get("request_id"))
        visitor = g.get("visitor")
        fields.setdefault("person_id", visitor.actor.person_id if visitor is not None else None)
    for name in FIELDS:
        if fields.get(name) is not None and getattr(record, name, None) is None:
            setattr(record, name, fields[name])
    return True


class _Json(JsonFormatter):
    """One JSON object a line; Chinese stays legible, everything unsafe is escaped."""

    def __init__(self) -> None:
        super().__init__("%(message)s", json_ensure_ascii=False)

    def add_fields(self, log_data: dict[str, Any], record: logging.LogRecord, message_dict: dict[str, Any]) -> None:
        log_data["time"] = _instant(record)
        log_data["level"] = record.levelname
        log_data["logger"] = record.name
        super().add_fields(log_data, record, message_dict)

    def format(self, record: logging.LogRecord) -> str:
        return escaped(super().format(record))  # outside its strings JSON is ASCII, inside them \uXXXX is the same text


class _Text(logging.Formatter):
    """`time level logger message [job_id=… instance_id=…]`; a traceback follows, each line behind a bar."""

    def format(self, record: logging.LogRecord) -> str:
        named = (*FIELDS, "seconds")
        known = " ".join(f"{name}={getattr(record, name)}" for name in named if getattr(record, name, None) is not None)
        line = escaped(f"{_instant(record)} {record.levelname} {record.name} {record.getMessage()}")
        lines = [f"{line} [{escaped(known)}]" if known else line]
        if record.exc_info:
            told = self.formatException(record.exc_info)
            lines += [CONTINUED + escaped(part) for part in told.split("\n")]
        return "\n".join(lines)


def _instant(record: logging.LogRecord) -> str:
    return datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds")


def _code(letter: str) -> str:
    """As JSON writes it: beyond U+FFFF in two halves."""
    return "".join(f"\\u{int.from_bytes(pair, 'big'):04x}" for pair in _pairs(letter))


def _pairs(letter: str) -> Iterator[bytes]:
    coded = letter.encode("utf-16-be", "surrogatepass")
    return (coded[at : at + 2] for at in range(0, len(coded), 2))
