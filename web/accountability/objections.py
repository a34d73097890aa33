"""异议复核: asking for a review of a letter or a conclusion, and one review with its decision."""

from collections.abc import Mapping
from dataclasses import dataclass

from flask import render_template, url_for
from werkzeug.wrappers import Response as BaseResponse

from engine.commands.accountability import FileObjection
from engine.errors import EngineError, Invalid, Rejected
from web.accountability.sent import by_place, operation_key, sent, typed
from web.errors import sentence
from web.permission import CASE_ROLES, needs
from web.request import actor, engine, notify, see


@dataclass(frozen=True)
class NewObjectionPage:
    """`against`: the letter or conclusion by its name."""

    against: str
    sent: Mapping[str, str]
    problems: tuple[tuple[str, str], ...] = ()

    def error(self, name: str) -> str:
        return " ".join(words for where, words in self.problems if where == name)


@needs("officer", "head")
def new() -> str:
    return _form()


@needs("officer", "head")
def file() -> BaseResponse | tuple[str, int]:
    command = FileObjection(sent("reason"), sent("letter_id") or None, sent("conclusion_id") or None)
    try:
        objection_id = engine().execute(
            command, by=actor(), operation_key=operation_key("objection", actor().person_id)
        )
    except Invalid as refused:
        return _form(tuple(by_place(refused.problems))), 422
    except Rejected as refused:  # too late, not received yet, asked before: the reasons stay on the page
        return _form((("", sentence(refused)),)), 409
    notify("objection_filed")
    return see(url_for("accountability.objection", objection_id=objection_id))


@needs(*CASE_ROLES)
def objection(objection_id: str) -> str:
    page = engine().read.objection(actor(), objection_id)
    is_office = actor().has_role("supervisor", "leader", "inspector")
    recused = _said(page.recused) if is_office and page.row.state == "OPEN" else ""
    return render_template("accountability/objection.html", page=page, recused=recused)


def _said(error: EngineError | None) -> str:
    return sentence(error) if error is not None else ""


def _form(problems: tuple[tuple[str, str], ...] = ()) -> str:
    values = typed("letter_id", "conclusion_id", "reason", "plan_id")
    page = NewObjectionPage(_against(values), values, problems)
    return render_template("accountability/objection_new.html", page=page)


def _against(values: Mapping[str, str]) -> str:
    """Raises NotFound for what the actor may not see."""
    read = engine().read
    if values["letter_id"]:
        return str(read.letter(actor(), values["letter_id"]).row.number)
    return str(read.concluded_plan(actor(), values["conclusion_id"]))
