"""Forecasts in the studio: suppose something, let it run beside the server, look at one or at two side by side."""

import re
from contextlib import suppress
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime, timedelta
from typing import Any, Final

from flask import Blueprint, Response, current_app, render_template, request, url_for
from werkzeug.datastructures import MultiDict
from werkzeug.wrappers import Response as BaseResponse

from engine.errors import Invalid, NotFound, Problem
from engine.forecast.compare import Said, bottlenecks, changes, explained, phase_name
from engine.forecast.ground import Ground, Material, fitted, prepare
from engine.forecast.history import MIN_KNOWN, learned
from engine.forecast.outcome import Load, Result
from engine.forecast.scenario import Scenario, read_scenario
from engine.forecast.spread import Observed
from engine.forecast.worktime import minutes_of_a_day
from web.errors import said
from web.format import word
from web.i18n import pick, t
from web.permission import needs
from web.request import actor, campaign_id, diagram_file, download, engine, notify, see, text
from web.studio.forecast_charts import finish_curve, late_bars, load_heat
from web.studio.forecast_drafts import Choice, choices, chosen_draft, named_after, of_draft, with_draft
from web.studio.forecast_form import laid_over, typed
from web.studio.forecast_glance import Glance, at_a_glance, is_one_curve
from web.studio.forecast_runs import Run, Runs

blueprint = Blueprint("forecasts", __name__)
READERS: Final = ("designer", "publisher", "supervisor", "leader")
MAX_TOML = 200_000
KEY: Final = re.compile(r"[A-Za-z_][\w-]*")
EXTENSION: Final = "duban.forecasts"
NO_FIELDS: Final = ("csrf_token", "toml", "base", "model", "both")  # of the form, what is no part of the scenario


@dataclass(frozen=True)
class ListPage:
    runs: tuple[Run, ...]
    bases: tuple[tuple[str, str], ...]
    may_compare: bool


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


@dataclass(frozen=True)
class Waits:
    """The queues of one process on its diagram: mean working days at each element, the worst marked."""

    key: str
    name: str
    run_id: str
    tokens: dict[str, dict[str, Any]]


@dataclass(frozen=True)
class Picture:
    """One forecast, or two: what the page shows of them."""

    runs: tuple[Run, ...]
    results: tuple[Result, ...]
    told: tuple[Said, ...]
    phases: dict[str, str]
    units: dict[str, str]
    against: Run | None = None

    @property
    def changes(self) -> tuple[Said, ...]:
        return changes(*self.results) if len(self.results) == 2 else ()

    @property
    def is_one_curve(self) -> bool:
        return is_one_curve(self.results)

    @property
    def glance(self) -> tuple[Glance, ...]:
        return at_a_glance(self.results, self.on, self.group)

    @property
    def bottlenecks(self) -> tuple[Any, ...]:
        """Of each result its worst places; in the second with how it was in the first."""
        return tuple(bottlenecks(result) for result in self.results)

    def on(self, day: date | None) -> str:
        """A day as short as it can be said."""
        if day is None:
            return "—"
        year = "" if day.year == self.results[0].begins.year else f"{day.year}"
        return pick(f"{year and year + '年'}{day.month}月{day.day}日", f"{day:%-d %b} {year}".strip())

    def waits(self, number: int) -> tuple[Waits, ...]:
        """The diagrams on which somebody waits, the longest queue first."""
        result, found = self.results[number], {}
        worst = bottlenecks(result, 1)
        for stay in bottlenecks(result):
            key, _, element_id = stay.place.partition(":")
            days = round(stay.waited / result.a_day, 1)
            label = t("forecast.waits_here", n=days, share=round(100 * stay.share))
            token = {"state": "late" if stay in worst else "open", "count": days, "label": label}
            found.setdefault(key, {})[element_id] = token
        return tuple(Waits(key, _phase_label(key), self.runs[number].run_id, found[key]) for key in found)

    @property
    def stuck(self) -> tuple[tuple[str, int, str], ...]:
        """Scenario, tasks that nobody may do, and of whom there are too few."""
        return tuple(
            (pick(result.name, result.name_en), load.stuck, self.group(load))
            for result in self.results
            for load in result.loads
            if load.stuck
        )

    def finish(self) -> Any:
        return finish_curve(self.results, t, self.phases)

    def late(self) -> Any:
        return late_bars(self.results, t, self.phases)

    def heat(self, result: Result) -> Any:
        return load_heat(result, t, self.group)

    def group(self, load: Load) -> str:
        return f"{word('role', load.role)} × {load.people} {self.units.get(load.unit, load.unit)}"

    @property
    def letters(self) -> tuple[tuple[str, tuple[int, ...]], ...]:
        kinds = sorted({kind for result in self.results for kind in result.letters})
        return tuple((kind, tuple(result.letters.get(kind, 0) for result in self.results)) for kind in kinds)

    @property
    def rungs(self) -> tuple[tuple[str, tuple[int, ...]], ...]:
        kinds = sorted({kind for result in self.results for kind in result.rungs})
        return tuple((kind, tuple(result.rungs.get(kind, 0) for result in self.results)) for kind in kinds)


def runs() -> Runs:
    """One for the application; its folder lies beside the key of the installation."""
    if EXTENSION not in current_app.extensions:
        folder = current_app.extensions["duban.config"].secret_file.parent / "forecasts"
        current_app.extensions[EXTENSION] = Runs(folder)
    found: Runs = current_app.extensions[EXTENSION]
    return found


@blueprint.get("/studio/forecasts")
@needs(*READERS)
def forecasts() -> str:
    known = runs().all()
    page = ListPage(known, tuple(_bases()), sum(run.is_done for run in known) > 1)
    return render_template("studio/forecasts.html", page=page)


@blueprint.get("/studio/forecasts/new")
@needs(*READERS)
def new() -> str:
    base = text("base")
    material = _material()
    scenario, known = _scenario(base, material)
    ground = prepare(scenario, material)
    values = typed(scenario, ground)
    if text("base"):
        values["name"] = scenario.name
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
    runs().check_room(len(jobs))
    by, at, run_id = actor().name, datetime.now(UTC), ""
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
    return render_template("studio/forecast_running.html", run=run)


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
@needs(*READERS)
def cancel(run_id: str) -> BaseResponse:
    runs().cancel(run_id)
    notify("forecast_cancelled", tone="info")
    return see(url_for("forecasts.forecast", run_id=run_id))


@blueprint.post("/studio/forecasts/<run_id>/removal")
@needs(*READERS)
def remove(run_id: str) -> BaseResponse:
    runs().remove(run_id)
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
    if kind == "run" and rest:
        return read_scenario(runs().file(rest, "scenario.toml"), material.a_day), 0
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
                label = f"{_phase_label(element.process_key)} · {element.name}"
                found[f"{element.process_key}:{element.element_id}"] = label
    return found


def _staff_name(key: str, ground: Ground) -> str:
    role, _, unit = key.partition("@")
    if unit in ("area", "lead", "office", "unit"):
        return f"{word('role', role)} · {t(f'forecast.each_{unit}')}"
    return f"{ground.plan.unit(unit).name} · {word('role', role)}"


def _phase_label(key: str) -> str:
    zh, en = phase_name(key)
    return pick(zh, en.removeprefix("The ").capitalize())


def _picture(shown: tuple[Run, ...], against: Run | None = None) -> str:
    results = tuple(runs().result(run.run_id) for run in shown)
    plan = engine().read.campaign(results[0].campaign)
    keys = [phase.key for phase in plan.phases]
    keys += [key for result in results for key in result.late_by_phase if key not in keys]
    page = Picture(
        runs=shown,
        results=results,
        told=explained(*results),
        phases={key: _phase_label(key) for key in dict.fromkeys(keys)},
        units={unit.id: pick(unit.name, unit.name_en) for unit in plan.units}
        | {plan.office.unit: t("forecast.each_office")},
        against=against,
    )
    return render_template("studio/forecast.html", page=page)
