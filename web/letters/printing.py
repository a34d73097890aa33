"""Several letters as one PDF for the printer: those of one action, or those that were ticked in the register."""

from flask import Response

from engine.errors import Invalid, Problem
from engine.queries.letters import LetterFilter
from forms.letters.merge import merge
from web.pdf import show_pdf
from web.permission import CASE_ROLES, needs
from web.request import actor, engine, text

MOST = 200


@needs(*CASE_ROLES)
def print_all() -> Response:
    """`ids` separated by commas, or `run`. Raises Invalid while a document is still being made, NotFound for a letter
    that is not the actor's to see."""
    letter_ids = list(dict.fromkeys(part for part in text("ids").split(",") if part)) or _of_run(text("run"))
    if not 1 <= len(letter_ids) <= MOST:
        zh, en = f"请选择 1 至 {MOST} 份公文再打印。", f"Choose 1 to {MOST} letters to print."
        raise Invalid("print_choice", en, (Problem("ids", zh, en),))
    rows = [engine().read.letter(actor(), letter_id).row for letter_id in letter_ids]
    waiting = [row.number for row in rows if row.sha256 is None]
    if waiting:
        shown = "、".join(waiting[:5]) + ("等" if len(waiting) > 5 else "")
        zh = f"{shown}共 {len(waiting)} 份正在成文，请稍后再打印。"
        raise Invalid("print_too_early", zh, (Problem("ids", zh, f"{len(waiting)} documents are still being made."),))
    content = merge([engine().read.letter_document(actor(), letter_id).content for letter_id in letter_ids])
    return show_pdf(content, f"{rows[0].number}等{len(rows)}份.pdf" if len(rows) > 1 else f"{rows[0].number}.pdf")


def _of_run(run_id: str) -> list[str]:
    """In the order of the numbers."""
    found: list[str] = []
    number = 1
    while run_id:
        listed = engine().read.letters(actor(), LetterFilter(run=run_id, page=number))
        found += [row.letter_id for row in listed.rows]
        if len(found) >= min(listed.page.total, MOST + 1) or not listed.rows:
            break
        number += 1
    return found[::-1]
