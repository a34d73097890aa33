"""Moving an instance by hand and putting it back: the plan is shown before anything is done."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from flask import Blueprint, render_template, request, url_for
from werkzeug.wrappers import Response as BaseResponse

from engine.commands.moves import MoveInstance, UndoOperation
from engine.domain.whole_number import whole_number
from engine.errors import Invalid, Problem
from engine.queries.instance_page import InstancePage
from engine.queries.migration import MovePlan
from web.permission import needs
from web.request import actor, back_to, engine, notify, see

blueprint = Blueprint("moves", __name__)
MOVERS: Final = ("sysadmin",)
UNDOERS: Final = ("sysadmin", "publisher")


@dataclass(frozen=True)
class Wish:
    """`cancel` are tokens, `start` places as process:element."""

    cancel: tuple[str, ...] = ()
    start: tuple[str, ...] = ()
    reason: str = ""

    @property
    def places(self) -> tuple[tuple[str, str], ...]:
        return tuple((key, element) for key, _, element in (place.partition(":") for place in self.start))


@dataclass(frozen=True)
class MovePage:
    """`plan` is there for the last look before it is done."""

    found: InstancePage
    wish: Wish
    plan: MovePlan | None = None
    problems: tuple[Problem, ...] = ()

    @property
    def names(self) -> Mapping[str, str]:
        """What a place is called."""
        return {f"{place.process_key}:{place.element_id}": place.name for place in self.found.places}


@blueprint.get("/instances/<instance_id>/move")
@needs(*MOVERS)
def new(instance_id: str) -> str:
    return _page(MovePage(engine().read.instance(actor(), instance_id), Wish()))


@blueprint.post("/instances/<instance_id>/move")
@needs(*MOVERS)
def move(instance_id: str) -> BaseResponse | str | tuple[str, int]:
    found: InstancePage = engine().read.instance(actor(), instance_id)
    wish = _wish()
    try:
        if not wish.reason:
            raise Invalid("reason_missing", "no reason", (Problem("reason", "请填写理由。", "Give the reason."),))
        if request.form.get("_seen") != "1":
            return _page(MovePage(found, wish, engine().read.move_plan(actor(), instance_id, wish.cancel, wish.places)))
        shown = whole_number(request.form.get("revision", ""))
        revision = -1 if shown is None else shown  # a state that no instance has
        command = MoveInstance(instance_id, wish.reason, wish.cancel, wish.places, {}, revision)
        engine().execute(command, by=actor(), operation_key=_key())
    except Invalid as refused:
        return _page(MovePage(found, wish, problems=refused.problems)), 422
    notify("did_move")
    return see(url_for("instances.instance", instance_id=instance_id))


@blueprint.post("/snapshots/<snapshot_id>/undo")
@needs(*UNDOERS)
def undo(snapshot_id: str) -> BaseResponse:
    """Raises Rejected once anything has happened since."""
    command = UndoOperation(snapshot_id, request.form.get("reason", "").strip()[:500])
    engine().execute(command, by=actor(), operation_key=_key())
    notify("did_undo")
    return see(back_to(url_for("instances.instances")))


def _wish() -> Wish:
    sent = request.form
    return Wish(
        cancel=tuple(dict.fromkeys(sent.getlist("cancel"))),
        start=tuple(dict.fromkeys(place for place in sent.getlist("start") if place)),
        reason=sent.get("reason", "").strip(),
    )


def _key() -> str | None:
    token = request.form.get("_operation", "")[:64]
    return f"{request.endpoint} {token}" if token else None


def _page(page: MovePage) -> str:
    return render_template("admin/move.html", page=page)
