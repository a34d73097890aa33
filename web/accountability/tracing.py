"""责任倒查: who held a case when, on paper and as a table for a spreadsheet."""

import csv
import io

from flask import Response, render_template

from engine.queries.accountability_cases import HeldTask, Responsibility
from web.format import moment, word
from web.i18n import t
from web.permission import CASE_ROLES, needs
from web.request import actor, download, engine

FORMULA = ("=", "+", "-", "@", "\t", "\r")  # what a spreadsheet would run


@needs(*CASE_ROLES)
def responsibility(case_id: str) -> str:
    found = engine().read.responsibility(actor(), case_id)
    return render_template("accountability/responsibility.html", page=found, post_words=post_words)


@needs(*CASE_ROLES)
def responsibility_csv(case_id: str) -> Response:
    found = engine().read.responsibility(actor(), case_id)
    return download(_csv(found), f"{t('tracing.title')}-{case_id}.csv", "text/csv; charset=utf-8")


def post_words(post: str) -> str:
    """`officer@市工信局` as 市工信局 承办人."""
    pairs = (each.partition("@") for each in post.split())
    return "、".join(f"{unit} {word('role', role)}" for role, _, unit in pairs)


def _csv(found: Responsibility) -> bytes:
    """UTF-8 with the mark that spreadsheets look for; no cell begins a formula."""
    out = io.StringIO()
    writer = csv.writer(out)
    names = ("step", "unit", "post", "person", "opened", "claimed", "until", "due", "done", "waited", "late")
    writer.writerow([t(f"tracing.{name}") for name in names])
    for task in found.tasks:
        for holder in task.holders or (None,):
            writer.writerow([_cell(value) for value in _line(task, holder)])
    return b"\xef\xbb\xbf" + out.getvalue().encode()


def _line(task: HeldTask, holder: object) -> list[object]:
    post, person, since, until = "", "", None, None
    if holder is not None:
        post, person = post_words(holder.post), holder.person  # type: ignore[attr-defined]
        since, until = holder.since, holder.until  # type: ignore[attr-defined]
    return [
        task.name,
        "、".join(task.units),
        post,
        person,
        moment(task.opened_at),
        moment(since),
        moment(until),
        moment(task.due_original_at),
        moment(task.completed_at),
        task.waited_workdays,
        task.late_workdays,
    ]


def _cell(value: object) -> object:
    return f"'{value}" if isinstance(value, str) and value.startswith(FORMULA) else value
