"""Forecasts in the studio: suppose something, let it run beside the server, look at one or at two side by side."""

import re
from contextlib import suppress
from dataclasses import dataclass, field, replace
from typing import Final

from flask import Blueprint, Response, render_template, request, url_for
from werkzeug.wrappers import Response as BaseResponse

from engine.errors import EngineError, Invalid, NotFound, Problem, Rejected
from engine.forecast.ground import Ground, prepare
from engine.forecast.history import MIN_KNOWN
from engine.forecast.scenario import Scenario
from engine.forecast.spread import Observed
from web.errors import said
from web.format import word
from web.i18n import pick, say, t
from web.permission import needs
from web.request import actor, diagram_file, download, engine, notify, see, text
from web.studio.forecast_bases import bases, campaign_material, draft_of, runs, scenario_of
from web.studio.forecast_drafts import PUBLISHED, Choice, choices
from web.studio.forecast_form import typed
from web.studio.forecast_picture import phase_label, picture_of
from web.studio.forecast_runs import Run
from web.studio.forecast_start import Asked, asked_for, begin, prepared

blueprint = Blueprint("forecasts", __name__)
READERS: Final = ("designer", "publisher", "supervisor", "leader")
KEEPERS: Final = (*READERS, "sysadmin")  # who see that forecasts are there, and may end their own, or any
KEY: Final = re.compile(r"[A-Za-z_][\w-]*")


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


@blueprint.get("/studio/forecasts")
@needs(*KEEPERS)
def forecasts() -> str:
    known, person = runs().all(), actor()
    may_plan = person.has_role(*READERS)
    page = ListPage(
        known,
        bases=tuple(bases()) if may_plan else (),
        may_compare=may_plan and sum(run.is_done for run in known) > 1,
        may_plan=may_plan,
        may_end=frozenset(run.run_id for run in known if run.may_be_ended_by(person)),
    )
    return render_template("studio/forecasts.html", page=page)


@blueprint.get("/studio/forecasts/new")
@needs(*READERS)
def new() -> str:
    base = text("base")
    material = campaign_material()
    scenario, known = scenario_of(base, material)
    ground = prepare(scenario, material)
    values = typed(scenario, ground)
    return _form(base, scenario, ground, values, known=known, model=text("draft") or draft_of(base))


@blueprint.post("/studio/forecasts")
@needs(*READERS)
def start() -> BaseResponse | tuple[str, int]:
    """What cannot begin comes back as the form with all that was typed, except the choice of a draft that is gone."""
    asked = asked_for()
    try:
        jobs = prepared(asked)
        runs().check_room(len(jobs), actor())
        run_id = begin(jobs)
    except Invalid as error:
        found = tuple(replace(one, where="toml") for one in error.problems) if asked.pasted else error.problems
        return _form_again(asked, found), 422
    except NotFound as error:
        return _form_again(replace(asked, model=PUBLISHED), _told(error, "model")), 409
    except Rejected as error:
        return _form_again(asked, _told(error, "")), 409
    if lost := jobs[-1].lost:
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


def _against(run: Run) -> Run | None:
    """What was begun with it on the published versions, once it is done; None when it is not, or was removed."""
    if run.draft is None or not run.draft.against:
        return None
    with suppress(NotFound):
        found = runs().get(run.draft.against)
        return found if found.is_done else None
    return None


# -- pages -------------------------------------------------------------------------------------------------------------
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


def _form_again(asked: Asked, problems: tuple[Problem, ...]) -> str:
    return _form(
        asked.base,
        asked.scenario,
        asked.ground,
        asked.sent,
        known=asked.known,
        problems=problems,
        toml=asked.pasted,
        model=asked.model,
        both=asked.both,
    )


def _told(error: EngineError, where: str) -> tuple[Problem, ...]:
    zh, en = (say(f"error.{error.code}", lang, **error.fields) for lang in ("zh", "en"))
    return (Problem(where, zh, en),)


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
