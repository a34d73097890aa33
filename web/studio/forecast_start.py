"""A forecast that was asked for: the form as it was sent, the one or two forecasts it means, and their beginning."""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Final

from flask import request

from engine.errors import Invalid, Problem
from engine.forecast.ground import Ground, Material, fitted, prepare
from engine.forecast.scenario import Scenario, read_scenario
from engine.queries.models import ModelDraft
from web.request import actor, campaign_id, notify
from web.studio.forecast_bases import campaign_material, runs, scenario_of
from web.studio.forecast_drafts import chosen_draft, named_after, of_draft, with_draft
from web.studio.forecast_form import laid_over

MAX_TOML: Final = 200_000
NO_FIELDS: Final = ("csrf_token", "toml", "base", "model", "both")  # of the form, what is no part of the scenario


@dataclass(frozen=True)
class Asked:
    """A form that was sent, on the scenario and the material of now."""

    base: str
    scenario: Scenario
    known: int
    material: Material
    ground: Ground
    sent: dict[str, str]
    pasted: str
    model: str
    both: bool


@dataclass(frozen=True)
class Job:
    """One forecast to begin; without `draft` it is of the published versions. `lost` are the places that the scenario
    names and the draft does not have."""

    scenario: Scenario
    material: Material
    draft: ModelDraft | None = None
    lost: tuple[str, ...] = ()


def asked_for() -> Asked:
    """Raises NotFound for a base that is not there."""
    form = request.form
    base = form.get("base", "").strip()
    material = campaign_material()
    scenario, known = scenario_of(base, material)
    ground = prepare(scenario, material)
    pasted = form.get("toml", "").strip()
    return Asked(
        base,
        scenario,
        known,
        material,
        ground,
        {key: value for key, value in form.items() if key not in NO_FIELDS},
        pasted,
        form.get("model", ""),
        "both" in form,
    )


def prepared(asked: Asked) -> list[Job]:
    """That of the draft is the last. Raises Invalid with every fault found; NotFound when the draft is gone."""
    draft = chosen_draft(asked.model, asked.ground)
    wanted = _wanted(asked)
    jobs = []
    if draft is None or asked.both:
        prepare(wanted, asked.material)
        jobs.append(Job(wanted, asked.material))
    if draft is not None:
        changed = with_draft(asked.material, draft)
        fitting, lost = fitted(named_after(draft, wanted), changed)
        prepare(fitting, changed)
        jobs.append(Job(fitting, changed, draft, lost))
    return jobs


def _wanted(asked: Asked) -> Scenario:
    if asked.pasted:
        return _pasted(asked.pasted, asked.material)
    wanted, problems = laid_over(asked.scenario, asked.ground, asked.sent)
    if problems:
        raise Invalid("forecast.form", "The form has faults.", problems)
    return wanted


def begin(jobs: list[Job]) -> str:
    """The run of the last; that of a draft knows the one that was begun with it. All begin or none. Raises Rejected."""
    at, begun = datetime.now(UTC), [""]
    try:
        for number, job in enumerate(jobs):
            about = of_draft(job.draft, against=begun[-1]) if job.draft is not None else None
            begun_at = at + timedelta(microseconds=number)
            begun.append(runs().start(job.scenario, job.material, by=actor(), at=begun_at, draft=about))
    except BaseException:
        for run_id in begun[1:]:
            runs().discard(run_id)
        raise
    for job in jobs:
        notify("forecast_started", name=job.scenario.name)
    return begun[-1]


def _pasted(content: str, material: Material) -> Scenario:
    if len(content.encode()) > MAX_TOML:
        zh, en = "情景文件超过 200 KB。", "The scenario exceeds 200 KB."
        raise Invalid("too_large", "Too large.", (Problem("toml", zh, en),))
    scenario = read_scenario(content.encode(), material.a_day)
    if scenario.campaign != campaign_id():
        zh, en = f"情景属于专项行动“{scenario.campaign}”，不是“{campaign_id()}”。", "It is of another campaign."
        raise Invalid("forecast.campaign", "Another campaign.", (Problem("toml", zh, en),))
    return scenario
