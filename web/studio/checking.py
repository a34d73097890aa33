"""What the deploy check says of a draft, beside everything that is deployed: for pages as problems, for editors as
JSON."""

from collections.abc import Mapping

from engine.errors import Problem
from engine.queries.models import ModelDraft
from engine.sources import Folder
from web.bootstrap import check_files
from web.problems import problem_json
from web.request import engine


def problems_of(draft: ModelDraft) -> list[Problem]:
    return check(draft.key, draft.files)


def check(key: str, files: Mapping[str, bytes]) -> list[Problem]:
    """Everything that speaks against deploying these files under `key` today."""
    read = engine().read
    others = [Folder(row.key, dict(read.definition_files(row.key))) for row in read.definitions() if row.key != key]
    return check_files(key, dict(files), others)


__all__ = ["check", "problem_json", "problems_of"]
