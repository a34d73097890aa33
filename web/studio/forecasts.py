"""Forecasts in the studio: suppose something, let it run beside the server, look at one or at two side by side."""

import re
from contextlib import suppress
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from typing import Any, Final

from flask import Blueprint, Response, current_app, render_template, request, url_for
from werkzeug.datastructures import MultiDict
from werkzeug.wrappers import Response as BaseResponse

from engine.errors import Invalid, NotFound, Problem
from engine.forecast.ground import Ground, Material, fitted, prepare
from engine.forecast.history import MIN_KNOWN, learned
from engine.forecast.scenario import Scenario, read_scenario
from engine.forecast.spread import Observed
from engine.forecast.worktime import minutes_of_a_day
from web.errors import said
from web.format import word
from web.i18n import pick, t
from web.permission import needs
from web.request import actor, campaign_id, diagram_file, download, engine, notify, see, text
from web.studio.forecast_drafts import Choice, choices, chosen_draft, named_after, of_draft, with_draft
from web.studio.forecast_form import laid_over, typed
from web.studio.forecast_picture import phase_label, picture_of
from web.studio.forecast_runs import Run, Runs

blueprint = Blueprint("forecasts", __name__)
READERS: Final = ("designer", "publisher", "supervisor", "leader")
KEEPERS: Final = (*READERS, "sysadmin")  # who see that forecasts are there, and may end their own, or any
MAX_TOML = 200_000
KEY: Final = re.compile(r"[A-Za-z_][\w-]*")
EXTENSION: Final = "duban.forecasts"
NO_FIELDS: Final = ("csrf_token", "toml", "base", "model", "both")  # of the form, what is no part of the scenario


@dataclass(frozen=True)
class ListPage:
    runs: tuple[Run, ...]
    bases: tuple[tuple[str, str], ...]
    may_compare: bool
    may_plan: bool
    may_end: frozenset[str]  # run ids


@dataclass(frozen=True)
class Line:
    key: str
    label: str
    observed: bool = False


@dataclass(frozen=True)
class FormPage:
    """`values` are the fields as they were typed, by name."""

    base: str
    base_name: str
    values: dict[str, str]
    arrivals: tuple[int, ...]
    phases: tuple[Line, ...]
    staff: tuple[Line, ...]
    effort: tuple[Line, ...]
    waiting: tuple[Line, ...]
    models: tuple[Choice, ...] = ()
    both: bool = True
    learned_from: int = 0
    toml: str = ""
    problems: tuple[Problem, ...] = ()
    errors: dict[str, str] = field(default_factory=dict)

    @property
    def summary(self) -> list[tuple[str, str]]:
        return [(problem.where if problem.where in self.values else "", said(problem)) for problem in self.problems]


def runs() -> Runs:
    """One for the application; its folder lies beside the key of the installation."""
    if EXTENSION not in current_app.extensions:
        folder = current_app.extensions["duban.config"].secret_file.parent / "forecasts"
        current_app.extensions[EXTENSION] = Runs(folder)
    found: Runs = current_app.extensions[EXTENSION]
    return found


@blueprint.get("/studio/forecasts")
@needs(*KEEPERS)
def forecasts() -> str:
    known, person = runs().all(), actor()
    may_plan = person.has_role(*READERS)
    page = ListPage(
        known,
        bases=tuple(_bases()) if may_plan else (),
        may_compare=may_plan and sum(run.is_done for run in known) > 1,
        may_plan=may_plan,
        may_end=frozenset(run.run_id for run in known if run.may_be_ended_by(person)),
    )
    return render_template("studio/forecasts.html", page=page)


@blueprint.get("/studio/forecasts/new")
@needs(*READERS)
def new() -> str:
    base = text("base")
    material = _material()
    scenario, known = _scenario(base, material)
    ground = prepare(scenario, material)
    values = typed(scenario, ground)
    return _form(base, scenario, ground, values, known=known, model=text("draft") or _draft_of(base))


@blueprint.post("/studio/forecasts")
@needs(*READERS)
def start() -> BaseResponse | tuple[str, int]:
    base = request.form.get("base", "").strip()
    material = _material()
    scenario, known = _scenario(base, material)
    ground = prepare(scenario, material)
    sent = _sent(request.form)
    pasted = request.form.get("toml", "").strip()
    model, both = request.form.get("model", ""), "both" in request.form
    draft = chosen_draft(model, ground)
    try:
        if pasted:
            wanted = _pasted(pasted, material)
        else:
            wanted, problems = laid_over(scenario, ground, sent)
            if problems:
                raise Invalid("forecast.form", "The form has faults.", problems)
        if draft is None or both:
            prepare(wanted, material)
        jobs = [(wanted, material)] if draft is None or both else []
        lost: tuple[str, ...] = ()
        if draft is not None:
            changed = with_draft(material, draft)
            fitting, lost = fitted(named_after(draft, wanted), changed)
            prepare(fitting, changed)
            jobs.append((fitting, changed))
    except Invalid as error:
        found = tuple(replace(one, where="toml") for one in error.problems) if pasted else error.problems
        return _form(
            base, scenario, ground, sent, known=known, problems=found, toml=pasted, model=model, both=both
        ), 422
    by = actor()
    runs().check_room(len(jobs), by)
    at, run_id = datetime.now(UTC), ""
    for number, (scenario, files) in enumerate(jobs):
        about = of_draft(draft, against=run_id) if draft is not None and number == len(jobs) - 1 else None
        run_id = runs().start(scenario, files, by=by, at=at + timedelta(microseconds=number), draft=about)
        notify("forecast_started", name=scenario.name)
    if lost:
        notify("forecast_lost", tone="warning", places="、".join(lost))
    return see(url_for("forecasts.forecast", run_id=run_id))


@blueprint.get("/studio/forecasts/compare")
@needs(*READERS)
def compare() -> BaseResponse | str:
    chosen = [run_id for run_id in request.args.getlist("run") if run_id]
    if len(chosen) != 2 or chosen[0] == chosen[1]:
        notify("forecast_two", tone="warning")
        return see(url_for("forecasts.forecasts"))
    first, second = sorted((runs().get(run_id) for run_id in chosen), key=lambda run: (run.begun_at, run.run_id))
    return _picture((first, second))


@blueprint.get("/studio/forecasts/<run_id>")
@needs(*READERS)
def forecast(run_id: str) -> str:
    run = runs().get(run_id)
    if run.is_done:
        return _picture((run,), against=_against(run))
    return render_template("studio/forecast_running.html", run=run, may_end=run.may_be_ended_by(actor()))


@blueprint.get("/studio/forecasts/<run_id>/<any('scenario.toml','result.json'):name>")
@needs(*READERS)
def file(run_id: str, name: str) -> BaseResponse:
    run = runs().get(run_id)
    media_type = "application/json" if name.endswith(".json") else "application/toml"
    return download(runs().file(run_id, name), f"{run.run_id}-{name}", media_type)


@blueprint.get("/studio/forecasts/<run_id>/<key>.bpmn")
@needs(*READERS)
def diagram(run_id: str, key: str) -> Response:
    """The diagram as the forecast ran it, byte for byte."""
    if not KEY.fullmatch(key):
        raise NotFound("forecast_unknown", f"There is no diagram {key}.", run_id=run_id)
    return diagram_file(runs().file(run_id, f"processes/{key}/{key}.bpmn"))


@blueprint.post("/studio/forecasts/<run_id>/cancellation")
@needs(*KEEPERS)
def cancel(run_id: str) -> BaseResponse:
    runs().cancel(run_id, by=actor())
    notify("forecast_cancelled", tone="info")
    may_look = actor().has_role(*READERS)
    return see(url_for("forecasts.forecast", run_id=run_id) if may_look else url_for("forecasts.forecasts"))


@blueprint.post("/studio/forecasts/<run_id>/removal")
@needs(*KEEPERS)
def remove(run_id: str) -> BaseResponse:
    runs().remove(run_id, by=actor())
    notify("forecast_removed", tone="info")
    return see(url_for("forecasts.forecasts"))


# -- what one begins with ----------------------------------------------------------------------------------------------
def _bases() -> list[tuple[str, str]]:
    """What a new scenario may begin with: what ships with the program, our own record, and earlier forecasts."""
    found = []
    for path in sorted(_shipped().glob("*.toml")):
        scenario = _read_shipped(path.stem)
        if scenario is not None and scenario.campaign == campaign_id():
            found.append((path.stem, pick(scenario.name, scenario.name_en)))
            found.append((f"history.{path.stem}", t("forecast.with_history", name=found[-1][1])))
    return found


def _scenario(base: str, material: Material) -> tuple[Scenario, int]:
    """The scenario of that name, and of how many tasks it has the lengths from the record. Raises NotFound."""
    kind, _, rest = base.partition(".")
    scenario: Scenario | None
    if kind == "run" and rest:
        scenario = read_scenario(runs().file(rest, "scenario.toml"), material.a_day)
    else:
        scenario = _read_shipped(rest if kind == "history" else base) if base else _first()
    if scenario is None or scenario.campaign != campaign_id():
        raise NotFound("forecast_base_unknown", f"There is no scenario {base}.", name=base)
    if kind != "history":
        return scenario, 0
    ground = prepare(scenario, material)
    found = learned(scenario, ground, engine().read.forecast_history(campaign_id()), engine().read.now())
    return found.scenario, len(found.known)


def _first() -> Scenario | None:
    return next((_read_shipped(name) for name, _ in _bases() if "." not in name), None)


def _read_shipped(name: str) -> Scenario | None:
    path = _shipped() / f"{name}.toml"
    if not name.replace("_", "").isalnum() or not path.is_file():
        return None
    return read_scenario(path.read_bytes(), _a_day(), what=path.name)


def _a_day() -> float:
    return minutes_of_a_day(engine().read.calendar())


def _shipped() -> Any:
    return current_app.extensions["duban.config"].processes / "forecasts"


def _material() -> Material:
    found: Material = engine().read.forecast_material(campaign_id())
    return found


def _pasted(content: str, material: Material) -> Scenario:
    if len(content.encode()) > MAX_TOML:
        zh, en = "情景文件超过 200 KB。", "The scenario exceeds 200 KB."
        raise Invalid("too_large", "Too large.", (Problem("toml", zh, en),))
    scenario = read_scenario(content.encode(), material.a_day)
    if scenario.campaign != campaign_id():
        zh, en = f"情景属于专项行动“{scenario.campaign}”，不是“{campaign_id()}”。", "It is of another campaign."
        raise Invalid("forecast.campaign", "Another campaign.", (Problem("toml", zh, en),))
    return scenario


def _draft_of(base: str) -> str:
    """A forecast of a draft is varied on that draft."""
    kind, _, run_id = base.partition(".")
    run = runs().get(run_id) if kind == "run" and run_id else None
    return run.draft.draft_id if run is not None and run.draft is not None else ""


def _against(run: Run) -> Run | None:
    """What was begun with it on the published versions, once it is done; None when it is not, or was removed."""
    if run.draft is None or not run.draft.against:
        return None
    with suppress(NotFound):
        found = runs().get(run.draft.against)
        return found if found.is_done else None
    return None


# -- pages -------------------------------------------------------------------------------------------------------------
def _sent(form: MultiDict[str, str]) -> dict[str, str]:
    return {key: value for key, value in form.items() if key not in NO_FIELDS}


def _form(
    base: str,
    scenario: Scenario,
    ground: Ground,
    values: dict[str, str],
    *,
    known: int = 0,
    problems: tuple[Problem, ...] = (),
    toml: str = "",
    model: str = "",
    both: bool = True,
) -> str:
    plan = ground.plan
    names = {phase.key: pick(phase.name, phase.name_en) for phase in plan.phases}
    tasks = _task_names(ground)
    page = FormPage(
        base=base,
        base_name=pick(scenario.name, scenario.name_en),
        values=values,
        arrivals=tuple(range(len(scenario.arrivals))),
        phases=tuple(Line(key, names[key]) for key in ground.plan.windows),
        staff=tuple(Line(key, _staff_name(key, ground)) for key in scenario.staff),
        effort=tuple(
            Line(key, tasks.get(key, t("forecast.usual")), isinstance(spread, Observed))
            for key, spread in scenario.effort.items()
        ),
        waiting=tuple(
            Line(key, tasks.get(key, t("forecast.usual")), isinstance(spread, Observed))
            for key, spread in scenario.waiting.items()
        ),
        models=choices(ground, model),
        both=both,
        learned_from=known,
        toml=toml,
        problems=problems,
        errors={problem.where: said(problem) for problem in problems},
    )
    return render_template("studio/forecast_new.html", page=page, min_known=MIN_KNOWN)


def _task_names(ground: Ground) -> dict[str, str]:
    found = {}
    for key in (ground.case_key, "supervision", "interview", "accountability"):
        for element in ground.model(key).all_elements:
            if element.type == "userTask":
                label = f"{phase_label(element.process_key)} · {element.name}"
                found[f"{element.process_key}:{element.element_id}"] = label
    return found


def _staff_name(key: str, ground: Ground) -> str:
    role, _, unit = key.partition("@")
    if unit in ("area", "lead", "office", "unit"):
        return f"{word('role', role)} · {t(f'forecast.each_{unit}')}"
    return f"{ground.plan.unit(unit).name} · {word('role', role)}"


def _picture(shown: tuple[Run, ...], against: Run | None = None) -> str:
    results = tuple(runs().result(run.run_id) for run in shown)
    page = picture_of(shown, results, engine().read.campaign(results[0].campaign), against)
    return render_template("studio/forecast.html", page=page)
