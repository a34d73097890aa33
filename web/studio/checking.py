"""What the deploy check says of a draft, beside everything that is deployed."""

import logging
from collections.abc import Callable, Mapping
from functools import lru_cache

from engine.errors import Problem
from engine.queries.models import ModelDraft
from engine.sources import Folder
from web.bootstrap import check_files
from web.request import engine

log = logging.getLogger(__name__)


def problems_of(draft: ModelDraft) -> list[Problem]:
    return check(draft.key, draft.files)


def problems_of_saved(draft: ModelDraft, check: Callable[[ModelDraft], list[Problem]] = problems_of) -> list[Problem]:
    """As `problems_of`, for a draft that was saved just now: a check that fails must not tell that the save did."""
    try:
        return check(draft)
    except Exception:
        log.exception("the check of draft %s failed after save %s", draft.draft_id, draft.revision)
        zh = "已保存，但检查没有做完，请联系系统管理员。"
        return [Problem(draft.key, zh, "Saved, but the check could not be finished; tell the system administrator.")]


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
