"""An operation by hand, on one or on many: first what will happen, then the reason, then the act. One is done at once,
several become a batch."""

import json
from dataclasses import dataclass
from typing import Any

from flask import Blueprint, render_template, request, url_for
from werkzeug.wrappers import Response as BaseResponse

from engine.commands.batch_kinds import KINDS, Kind
from engine.commands.batches import StartBatch
from engine.commands.instances import CancelInstance, ResumeInstance, SetVariable, SuspendInstance
from engine.commands.job_operations import RetryJob, SkipJob
from engine.errors import Invalid, NotFound, Problem
from engine.queries.instances import Consequences
from web.admin.instances import KEEPERS
from web.admin.selection import Named, Selection, first_named, selection
from web.permission import Permission, check, needs
from web.request import actor, engine, notify, see

blueprint = Blueprint("operations", __name__)
SIMPLE = {
    "suspend": SuspendInstance,
    "resume": ResumeInstance,
    "cancel": CancelInstance,
    "retry_job": RetryJob,
    "skip_job": SkipJob,
}


@dataclass(frozen=True)
class Wish:
    """What was typed. `value_text` is JSON as it was written."""

    reason: str = ""
    name: str = ""
    value_text: str = ""

    @property
    def value(self) -> Any:
        """Raises ValueError for what is not JSON; RecursionError is one of these here."""
        try:
            return json.loads(self.value_text)
        except RecursionError as error:
            raise ValueError("nested too deeply") from error


@dataclass(frozen=True)
class OperationPage:
    """`is_plan`: the last look before it is done, with the value that a single instance has now (`was`).
    `names`: variables that may be chosen from."""

    kind: str
    chosen: Selection
    named: tuple[Named, ...]
    met: Consequences | None
    wish: Wish
    back: str
    problems: tuple[Problem, ...] = ()
    is_plan: bool = False
    was: str = ""
    names: tuple[str, ...] = ()

    @property
    def count(self) -> int:
        return len(self.chosen.subjects)

    @property
    def is_batch(self) -> bool:
        return self.chosen.only is None

    @property
    def needs_value(self) -> bool:
        return "value" in KINDS[self.kind].needs

    @property
    def fitting(self) -> int:
        """How many of them the operation fits as they are now."""
        if self.met is None:
            return self.count
        fits = {"suspend": self.met.active, "resume": self.met.suspended}
        return fits.get(self.kind, self.met.active + self.met.suspended)

    def wrong(self, where: str) -> tuple[Problem, ...]:
        return tuple(problem for problem in self.problems if problem.where == where)


@blueprint.get("/operations/<kind>")
@needs(*KEEPERS)
def new(kind: str) -> tuple[str, int]:
    _allowed(kind)
    chosen = selection(kind, request.args.getlist)
    problems = () if chosen.subjects else (_nothing(),)
    return _page(kind, chosen, Wish(name=request.args.get("name", "")[:100]), problems), 422 if problems else 200


@blueprint.post("/operations/<kind>")
@needs(*KEEPERS)
def apply(kind: str) -> BaseResponse | tuple[str, int]:
    """A refused form is the same page with the words still in it; a value is looked at once more before it is set."""
    allowed = _allowed(kind)
    chosen = selection(kind, request.form.getlist)
    wish = Wish(*(request.form.get(name, "").strip() for name in ("reason", "name", "value")))
    problems = _problems(allowed, chosen, wish)
    if not problems and allowed.needs and request.form.get("_seen") != "1":
        return _plan(kind, chosen, wish)
    if not problems:
        try:
            return _do(kind, chosen, wish)
        except Invalid as refused:
            problems = refused.problems
    return _page(kind, chosen, wish, problems), 422


def _do(kind: str, chosen: Selection, wish: Wish) -> BaseResponse:
    token = request.form.get("_operation", "")[:64]
    key = f"{kind} {token}" if token else None
    if chosen.only is not None:
        engine().execute(_command(kind, chosen.only, wish), by=actor(), operation_key=key)
        notify(f"did_{kind}")
        return see(_home(kind, chosen.only))
    parameters = {"name": wish.name, "value": wish.value} if KINDS[kind].needs else {}
    batch_id = engine().execute(
        StartBatch(kind, chosen.subjects, parameters, wish.reason), by=actor(), operation_key=key
    )
    notify("batch_started", n=len(chosen.subjects))
    return see(url_for("batches.batch", batch_id=batch_id))


def _command(kind: str, subject: str, wish: Wish) -> Any:
    if kind == "set_variable":
        return SetVariable(subject, wish.name, wish.value, wish.reason)
    return SIMPLE[kind](subject, wish.reason)


def _home(kind: str, subject: str | None) -> str:
    """Where the operation was chosen."""
    if KINDS[kind].subject == "job":
        return url_for("instances.jobs")
    if subject is None:
        return url_for("instances.instances")
    return url_for("instances.instance", instance_id=subject)


def _plan(kind: str, chosen: Selection, wish: Wish) -> tuple[str, int]:
    if chosen.only is None:
        return _page(kind, chosen, wish, is_plan=True), 200
    found = engine().read.instance(actor(), chosen.only)
    known = {one.name: one.values for one in found.variables}
    if wish.name not in known and wish.name not in found.declared:
        unknown = Problem(
            "name",
            f"流程中没有变量“{wish.name}”，表单也没有声明它。请核对变量名。",
            f'The process knows no variable "{wish.name}" and no form declares it. Check the name.',
        )
        return _page(kind, chosen, wish, (unknown,)), 422
    was = " / ".join(json.dumps(value, ensure_ascii=False) for value in known.get(wish.name, ()))
    return _page(kind, chosen, wish, is_plan=True, was=was), 200


def _problems(kind: Kind, chosen: Selection, wish: Wish) -> tuple[Problem, ...]:
    found = [] if chosen.subjects else [_nothing()]
    if chosen.subjects and request.form.get("count", str(len(chosen.subjects))) != str(len(chosen.subjects)):
        found.append(
            Problem(
                "",
                f"选定范围已有变化，现在是 {len(chosen.subjects)} 项。请核对后再次提交。",
                f"What you chose has changed: it is {len(chosen.subjects)} now. Look again and send it once more.",
            )
        )
    if not wish.reason:
        found.append(Problem("reason", "请填写理由。", "Give the reason."))
    if kind.needs:
        found += _problems_of_value(kind, wish)
    return tuple(found)


def _problems_of_value(kind: Kind, wish: Wish) -> list[Problem]:
    found = []
    if not wish.name:
        found.append(Problem("name", "请填写变量名。", "Give the name of the variable."))
    try:
        kind.check({"name": wish.name or "-", "value": wish.value})
    except ValueError:
        found.append(
            Problem(
                "value",
                '变量值不是有效的 JSON。文字要加英文双引号，如 "gxj"。',
                'The value is not JSON. A text stands in double quotes, such as "gxj".',
            )
        )
    except Invalid as refused:
        found += [Problem("value", problem.zh, problem.en) for problem in refused.problems]
    return found


def _nothing() -> Problem:
    return Problem("", "没有选定任何一项。请返回列表勾选。", "Nothing is chosen. Go back and tick what you mean.")


def _allowed(kind: str) -> Kind:
    """Raises NotFound for an operation that does not exist, NotPermitted for one that is not this person's."""
    found = KINDS.get(kind)
    if found is None or (kind not in SIMPLE and kind != "set_variable"):
        raise NotFound("batch_kind_unknown", f"There is no operation {kind!r} here.", kind=kind)
    check(Permission(roles=found.roles), actor())
    return found


def _page(
    kind: str,
    chosen: Selection,
    wish: Wish,
    problems: tuple[Problem, ...] = (),
    *,
    is_plan: bool = False,
    was: str = "",
) -> str:
    is_of_instances = KINDS[kind].subject == "instance"
    met = engine().read.consequences(actor(), chosen.subjects) if is_of_instances and chosen.subjects else None
    named = first_named(kind, chosen)
    page = OperationPage(
        kind=kind,
        chosen=chosen,
        named=named,
        met=met,
        wish=wish,
        back=_home(kind, chosen.only),
        problems=problems,
        is_plan=is_plan,
        was=was,
        names=_names(kind, chosen),
    )
    return render_template("admin/operation.html", page=page)


def _names(kind: str, chosen: Selection) -> tuple[str, ...]:
    if kind != "set_variable" or chosen.only is None:
        return ()
    found = engine().read.instance(actor(), chosen.only)
    return tuple(sorted({*(one.name for one in found.variables), *found.declared}))
