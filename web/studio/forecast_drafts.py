"""A forecast of a draft: the same campaign on the processes as they would be after publishing."""

from dataclasses import replace

from engine.domain.actor import BUILDING_ROLES
from engine.errors import Invalid, NotFound, Problem
from engine.forecast.ground import Ground, Material
from engine.forecast.scenario import Scenario
from engine.queries.models import ModelDraft, ModelDraftRow
from web.i18n import say, t
from web.request import actor, engine
from web.studio.forecast_runs import OfDraft

PUBLISHED = ""  # the value of the choice that is no draft
RULES = "ladders"  # the folder of the tables that every forecast asks

Choice = tuple[str, str, bool]  # value, words, whether it is chosen


def choices(ground: Ground, chosen: str) -> tuple[Choice, ...]:
    """What a forecast may run on: the published versions, or these with one draft that it would come to. Empty where
    there is nothing to choose."""
    found = [(row.draft_id, _words(row), row.draft_id == chosen) for row in _drafts(ground)]
    if not found:
        return ()
    return ((PUBLISHED, t("forecast.published"), not any(is_chosen for _, _, is_chosen in found)), *found)


def chosen_draft(draft_id: str, ground: Ground) -> ModelDraft | None:
    """None for the published versions. Raises NotFound for a draft that one may not choose."""
    if draft_id == PUBLISHED:
        return None
    if draft_id not in {row.draft_id for row in _drafts(ground)}:
        raise NotFound("forecast_draft_unknown", f"There is no draft {draft_id} to forecast.", draft_id=draft_id)
    found: ModelDraft = engine().read.model_draft(draft_id)
    return found


def with_draft(material: Material, draft: ModelDraft) -> Material:
    """The files of the office, with those of the draft in their place. Raises Invalid when it has no diagram."""
    name = f"{draft.key}.bpmn"
    if name in material.folders.get(draft.key, {}) and name not in draft.files:
        zh, en = f"草稿里没有流程图 {name}，不能推演。", f"The draft has no diagram {name}, so it cannot be run."
        raise Invalid("forecast.unfit", "The draft has no diagram", (Problem("model", zh, en),))
    return replace(material, folders={**material.folders, draft.key: draft.files})


def named_after(draft: ModelDraft, scenario: Scenario) -> Scenario:
    """So that two curves side by side are told apart."""
    if draft.title in scenario.name:
        return scenario
    zh, en = (
        say("forecast.draft_name", lang, name=name, title=draft.title)
        for lang, name in (("zh", scenario.name), ("en", scenario.name_en or scenario.name))
    )
    return replace(scenario, name=zh, name_en=en)


def of_draft(draft: ModelDraft, against: str) -> OfDraft:
    """`against`: the forecast of the published versions that was begun with it, or empty."""
    return OfDraft(draft.draft_id, draft.title, draft.revision, against)


def _drafts(ground: Ground) -> tuple[ModelDraftRow, ...]:
    """Those of folders that this forecast reads, for who may see drafts."""
    if not actor().has_role(*BUILDING_ROLES):
        return ()
    read = {place.partition(":")[0] for place in ground.elements()} | {RULES}
    return tuple(row for row in engine().read.model_drafts() if row.key in read)


def _words(row: ModelDraftRow) -> str:
    return t("forecast.of_draft", title=row.title, key=row.key, n=row.revision)
