"""What an upload becomes: a new draft of its folder, or the next save of the draft that is under way; never a version.

Files of the same name take the place of what the folder holds, the rest of it stays.
"""

from dataclasses import dataclass

from flask import request

from engine.commands.models import OpenModelDraft, SaveModelFiles
from engine.domain.model_draft import MAX_FILE_BYTES
from engine.errors import Rejected
from engine.queries.models import ModelDraft
from web.admin.upload import Upload, read_upload
from web.request import actor, engine


@dataclass(frozen=True)
class Kept:
    """`draft_id` is None when the newest version holds the same bytes already. `is_new`: the draft was opened for the
    upload; `has_changed`: it is another folder than before."""

    draft_id: str | None
    is_new: bool = False
    has_changed: bool = False


def sent_files(key: str) -> Upload:
    """The files of the request; `key` is empty when they must tell. Raises Invalid."""
    files = [(each.filename or "", each.read()) for each in request.files.getlist("files")]
    return read_upload(files, key, max_file_bytes=MAX_FILE_BYTES)


def keep(upload: Upload, title: str) -> Kept:
    """Raises Rejected with the field `draft` when a draft under way may not be changed, or not without covering what
    others did to the same files; Invalid for files that no draft may hold."""
    found = _under_way(upload.key)
    if found is None:
        held = engine().read.definition_files(upload.key)
        if upload.files.items() <= held.items():
            return Kept(None)
        made = engine().execute(OpenModelDraft(upload.key, title, changes=upload.files), by=actor())
        return Kept(made["draft_id"], is_new=True, has_changed=True)
    try:
        _check_covers_nobody(upload, found)
        made = engine().execute(SaveModelFiles(found.draft_id, found.revision, upload.files), by=actor())
    except Rejected as refused:
        raise Rejected(refused.code, str(refused), **{**refused.fields, "draft": found.draft_id}) from refused
    return Kept(found.draft_id, has_changed=made["revision"] != found.revision)


def _under_way(key: str) -> ModelDraft | None:
    rows = engine().read.model_drafts()
    draft_id = next((row.draft_id for row in rows if row.key == key), None)
    return engine().read.model_draft(draft_id) if draft_id else None


def _check_covers_nobody(upload: Upload, draft: ModelDraft) -> None:
    """One's own changes lie in the draft's history; those of others are covered by them alone, knowingly."""
    if not draft.is_open or draft.savers == (actor().person_id,):
        return
    covered = [
        name
        for name, content in upload.files.items()
        if draft.files.get(name) not in (content, draft.base_files.get(name))
    ]
    if covered:
        raise Rejected(
            "model_covered",
            f"{draft.changed_by} changed {', '.join(covered)} in the draft of {draft.key}.",
            key=draft.key,
            by=draft.changed_by,
            files="、".join(sorted(covered)[:5]) + ("…" if len(covered) > 5 else ""),
        )
