"""What the deploy check says of a draft, beside everything that is deployed."""

from collections.abc import Mapping
from functools import lru_cache

from engine.errors import Problem
from engine.queries.models import ModelDraft
from engine.sources import Folder
from web.bootstrap import check_files
from web.request import engine


def problems_of(draft: ModelDraft) -> list[Problem]:
    return check(draft.key, draft.files)


def check(key: str, files: Mapping[str, bytes]) -> list[Problem]:
    """Everything that speaks against deploying these files under `key` today."""
    if not any(name.endswith(".bpmn") for name in files):
        return [problem for name in sorted(files) for problem in _alone(key, name, files[name])]
    read = engine().read
    others = [Folder(row.key, dict(read.definition_files(row.key))) for row in read.definitions() if row.key != key]
    return check_files(key, dict(files), others, read.planned_phases())


@lru_cache(maxsize=32)
def _alone(key: str, name: str, content: bytes) -> tuple[Problem, ...]:
    """Tables and templates beside no diagram say nothing of each other, and take a tenth of a second each to check."""
    return tuple(check_files(key, {name: content}))
