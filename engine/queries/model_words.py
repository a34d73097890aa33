"""What a diagram may name: the words of the pickers, as everything deployed and open knows them."""

from collections.abc import Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass

from engine import plans
from engine.bpmn.decision import DecisionError, read_decisions
from engine.domain.actor import OFFICE_ROLES, PLACES, WATCHING_ROLES
from engine.domain.case import MILESTONES
from engine.domain.job import SERVICE_KINDS
from engine.domain.letter import KINDS
from engine.errors import EngineError
from engine.queries.campaigns import campaigns
from engine.queries.models import models
from engine.store import definitions
from engine.store.transaction import Reader


@dataclass(frozen=True)
class FolderWord:
    """`key` names it in a diagram, `process` is the folder it lies in, `name` is for people."""

    key: str
    process: str
    name: str


@dataclass(frozen=True)
class CampaignWord:
    campaign_id: str
    title: str
    phases: tuple[str, ...]  # those with dates, for phase_end(...)
    ladder: str


@dataclass(frozen=True)
class ModelWords:
    forms: tuple[FolderWord, ...]
    decisions: tuple[FolderWord, ...]
    processes: tuple[FolderWord, ...]
    ladders: tuple[FolderWord, ...]
    letter_kinds: tuple[str, ...]
    templates: tuple[str, ...]
    roles: tuple[str, ...]
    places: tuple[str, ...]
    milestones: tuple[str, ...]
    job_kinds: tuple[str, ...]
    campaigns: tuple[CampaignWord, ...]


def model_words(reader: Reader) -> ModelWords:
    """Of the newest versions; each list in its own order."""
    folders = {key: plans.newest_files(reader, key) for key in definitions.latest_keys(reader.connection)}
    names = {row.key: row.name for row in models(reader)}
    tables = {**folders.get("supervision", {}), **folders.get(plans.TABLES_KEY, {})}
    return ModelWords(
        forms=tuple(_forms(folders)),
        decisions=tuple(word for key, files in folders.items() for word in _decisions(key, files)),
        processes=tuple(
            FolderWord(key, key, names.get(key, key)) for key, files in folders.items() if f"{key}.bpmn" in files
        ),
        ladders=tuple(
            FolderWord(name.removesuffix(".dmn"), plans.TABLES_KEY, word.name)
            for name, content in sorted(tables.items())
            for word in _decisions(plans.TABLES_KEY, {name: content})
            if name.endswith("ladder.dmn")
        ),
        letter_kinds=tuple(KINDS),
        templates=tuple(sorted(name for name in folders.get("letters", {}) if name.endswith(".j2"))),
        roles=(*OFFICE_ROLES, *WATCHING_ROLES),
        places=PLACES,
        milestones=tuple(MILESTONES),
        job_kinds=tuple(sorted(SERVICE_KINDS)),
        campaigns=tuple(_campaign(reader, row.campaign_id) for row in campaigns(reader)),
    )


def _forms(folders: Mapping[str, Mapping[str, bytes]]) -> Iterator[FolderWord]:
    for key, files in folders.items():
        for name in sorted(files):
            if name.endswith(".form"):
                stem = name.removesuffix(".form")
                yield FolderWord(stem, key, stem)


def _decisions(key: str, files: Mapping[str, bytes]) -> Iterator[FolderWord]:
    for name in sorted(files):
        if name.endswith(".dmn"):
            with suppress(EngineError, DecisionError):
                for decision_id, decision in read_decisions(files[name]).items():
                    yield FolderWord(decision_id, key, decision.name)


def _campaign(reader: Reader, campaign_id: str) -> CampaignWord:
    plan = plans.campaign(reader, campaign_id)
    return CampaignWord(campaign_id, plan.title, tuple(plan.windows), plan.rules.get("ladder", ""))
