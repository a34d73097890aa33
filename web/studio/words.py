"""The words of the editors' pickers as JSON: what there is, each with a name for people in the reader's language."""

from collections.abc import Iterable
from typing import Any

from engine.queries.model_words import FolderWord, ModelWords
from web.format import word
from web.request import engine

Named = dict[str, str]


def words_json() -> dict[str, Any]:
    found: ModelWords = engine().read.model_words()
    return {
        "forms": [_folder(form) for form in found.forms],
        "groups": [
            {"key": f"{role}@{place}", "name": f"{word('role', role)} · {word('place', place)}"}
            for role in found.roles
            for place in found.places
        ],
        "roles": _named("role", found.roles),
        "places": _named("place", found.places),
        "units": [{"key": unit.unit_id, "name": unit.name, "kind": unit.kind} for unit in engine().read.units()],
        "letters": _named("letter_kind", found.letter_kinds),
        "templates": list(found.templates),
        "decisions": [_folder(decision) for decision in found.decisions],
        "processes": [_folder(process) for process in found.processes],
        "ladders": [_folder(ladder) for ladder in found.ladders],
        "milestones": _named("milestone", found.milestones),
        "jobs": _named("job", found.job_kinds),
        "campaigns": [
            {
                "key": campaign.campaign_id,
                "name": campaign.title,
                "ladder": campaign.ladder,
                "phases": _named("phase", campaign.phases),
            }
            for campaign in found.campaigns
        ],
    }


def _folder(found: FolderWord) -> Named:
    return {"key": found.key, "process": found.process, "name": found.name}


def _named(kind: str, codes: Iterable[str]) -> list[Named]:
    return [{"key": code, "name": word(kind, code)} for code in codes]
