"""Changing a process folder: a draft is opened, saved, restored, commented, and brought onto a newer version.

A draft is never run: it becomes a version through `model_publishing`, by a person who saved nothing of it.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from engine import plans
from engine.bpmn.new_diagram import new_diagram
from engine.domain.actor import BUILDING_ROLES, require_role
from engine.domain.model_draft import (
    ELEMENT_CHARACTERS,
    MAX_COMMENT,
    MAX_NOTE,
    MAX_TITLE,
    ModelState,
    Origin,
    SaveKind,
    change_problems,
    changes_between,
    check_key,
    check_length,
    check_words,
    folder_problems,
    merged,
)
from engine.errors import Invalid, Problem, Rejected
from engine.store import definitions, models
from engine.store.models import Row
from engine.store.transaction import Transaction


@dataclass(frozen=True)
class OpenModelDraft:
    """Of the newest version of `key`, or of a new folder: with `files` or `changes`, or else with a minimal diagram. Of
    a folder that exists `files` take the place of all that it holds, `changes` only of what is called the same, as the
    draft's second save."""

    key: str
    title: str = ""
    files: Mapping[str, bytes] | None = field(default=None, repr=False)
    changes: Mapping[str, bytes] | None = field(default=None, repr=False)


@dataclass(frozen=True)
class SaveModelFiles:
    """`changes`: new bytes by name, None takes the file away; the rest of the folder stays. `revision` is the one that
    the changes were made upon: when somebody saved since, nothing is kept and the caller is told who."""

    draft_id: str
    revision: int
    changes: Mapping[str, bytes | None] = field(repr=False)
    note: str = ""


@dataclass(frozen=True)
class RestoreModelSave:
    """What the draft was at the save `wanted`, as a new save upon `revision`; the saves in between stay in its
    history."""

    draft_id: str
    revision: int
    wanted: int


@dataclass(frozen=True)
class RebaseModelDraft:
    """Takes over the newest version under a draft that began from an older one. `choices`: mine or theirs for each file
    that both changed."""

    draft_id: str
    revision: int
    choices: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class CommentOnModel:
    """About an element of a file, a file (`element_id` empty) or the whole draft (`file` empty too). Returns its id."""

    draft_id: str
    text: str
    file: str = ""
    element_id: str = ""


@dataclass(frozen=True)
class ResolveComment:
    comment_id: str


def open_model_draft(command: OpenModelDraft, tx: Transaction) -> dict[str, Any]:
    """Returns {"draft_id", "key", "revision"}. Rejected while another draft of the folder is under way."""
    require_role(tx.actor, *BUILDING_ROLES)
    check_key(command.key)
    title = check_length("title", command.title, MAX_TITLE) or command.key
    sent = command.changes if command.files is None else command.files
    if sent is not None:
        _refuse(change_problems(sent))
    definitions.lock_key(tx, command.key)
    if (other := models.under_way(tx, command.key)) is not None:
        raise _is_open(other)
    base_id = definitions.latest_id(tx.connection, command.key)
    held = dict(plans.definition(tx, base_id).files) if base_id else None
    first = held or sent or {f"{command.key}.bpmn": new_diagram(command.key, title)}
    draft_id = tx.new_id()
    models.add(
        tx,
        draft_id=draft_id,
        key=command.key,
        base_id=base_id,
        revision=1,
        state=ModelState.OPEN,
        title=title,
        created_by_id=tx.actor.person_id,
        created_by=tx.actor.name,
        created_at=tx.now,
        reason="",
    )
    kept = {name: models.keep(tx, content) for name, content in first.items()}
    _refuse(folder_problems(models.sizes(tx, kept)))
    models.add_save(tx, draft_id, 1, kept, Origin(SaveKind.OPENED))
    tx.record("ModelDraftOpened", key=command.key, title=title, draft=draft_id)
    revision = 1
    if held is not None and sent is not None:
        wanted = {name: models.keep(tx, content) for name, content in sent.items()}
        if command.files is None:
            wanted = {**kept, **wanted}
        revision = _keep(tx, models.get(tx, draft_id), kept, wanted, Origin())
    return {"draft_id": draft_id, "key": command.key, "revision": revision}


def save_model_files(command: SaveModelFiles, tx: Transaction) -> dict[str, Any]:
    """Returns {"revision"}: the same as before when nothing differs."""
    require_role(tx.actor, *BUILDING_ROLES)
    _refuse(change_problems(command.changes))
    note = check_length("note", command.note, MAX_NOTE)
    draft = locked_open(tx, command.draft_id)
    before = _upon(tx, draft, command.revision)
    after = dict(before)
    for name, content in command.changes.items():
        if content is None:
            after.pop(name, None)
        else:
            after[name] = models.keep(tx, content)
    return {"revision": _keep(tx, draft, before, after, Origin(note=note))}


def restore_model_save(command: RestoreModelSave, tx: Transaction) -> dict[str, Any]:
    """Returns {"revision"}."""
    require_role(tx.actor, *BUILDING_ROLES)
    draft = locked_open(tx, command.draft_id)
    before = _upon(tx, draft, command.revision)
    wanted = models.files_of(tx, command.draft_id, command.wanted)
    return {"revision": _keep(tx, draft, before, wanted, Origin(SaveKind.RESTORED, command.wanted))}


def rebase_model_draft(command: RebaseModelDraft, tx: Transaction) -> dict[str, Any]:
    """Returns {"revision", "base_id"}. Rejected when the draft stands on the newest version already."""
    require_role(tx.actor, *BUILDING_ROLES)
    draft = locked_open(tx, command.draft_id)
    mine = _upon(tx, draft, command.revision)
    newest = definitions.latest_id(tx.connection, draft["key"])
    if newest is None or newest == draft["base_id"]:
        raise Rejected("model_not_outdated", f"{draft['key']} stands on the newest version.", key=draft["key"])
    base = digests_of(tx, draft["base_id"])
    after = merged(base, mine, digests_of(tx, newest), command.choices)
    version = models.version_of(tx, newest)
    models.update(tx, command.draft_id, base_id=newest)
    tx.record("ModelRebased", key=draft["key"], version=version, draft=command.draft_id)
    return {"revision": _keep(tx, draft, mine, after, Origin(SaveKind.REBASED, version)), "base_id": newest}


def comment_on_model(command: CommentOnModel, tx: Transaction) -> str:
    require_role(tx.actor, *BUILDING_ROLES)
    text = check_words("text", command.text, MAX_COMMENT)
    element_id = check_length("element_id", command.element_id, ELEMENT_CHARACTERS)
    draft = models.lock(tx, command.draft_id)
    _check_under_way(draft)
    if command.file and command.file not in models.files_of(tx, command.draft_id, draft["revision"]):
        problem = Problem("file", "草稿里没有这个文件。", "The draft has no such file.")
        raise Invalid("model_words", f"There is no file {command.file[:80]!r}.", (problem,))
    comment_id = tx.new_id()
    models.add_comment(
        tx, comment_id=comment_id, draft_id=command.draft_id, file=command.file, element_id=element_id, text=text
    )
    place = " ".join(filter(None, (command.file, element_id))) or draft["key"]
    tx.record("ModelCommented", key=draft["key"], place=place, draft=command.draft_id)
    return comment_id


def resolve_comment(command: ResolveComment, tx: Transaction) -> None:
    """By anybody who builds; twice changes nothing."""
    require_role(tx.actor, *BUILDING_ROLES)
    comment = models.lock_comment(tx, command.comment_id)
    if comment["resolved_at"] is not None:
        return
    draft = models.get(tx, comment["draft_id"])
    models.resolve_comment(tx, command.comment_id)
    place = " ".join(filter(None, (comment["file"], comment["element_id"]))) or draft["key"]
    tx.record("ModelCommentResolved", key=draft["key"], place=place, draft=comment["draft_id"])


def locked_open(tx: Transaction, draft_id: str) -> Row:
    """A draft that may be changed. Raises NotFound, Rejected."""
    draft = models.lock(tx, draft_id)
    _check_under_way(draft)
    if draft["state"] == ModelState.SUBMITTED:
        raise Rejected(
            "model_submitted",
            f"{draft['key']} was handed in by {draft['submitted_by']}: take it back before changing it.",
            key=draft["key"],
            by=draft["submitted_by"],
            at=draft["submitted_at"].isoformat(),
        )
    return draft


def digests_of(tx: Transaction, definition_id: str | None) -> dict[str, str]:
    """sha256 by name of a version's files; its bytes are put away, so that a save may name them."""
    if definition_id is None:
        return {}
    return {name: models.keep(tx, content) for name, content in plans.definition(tx, definition_id).files.items()}


def _upon(tx: Transaction, draft: Row, revision: int) -> dict[str, str]:
    """The files that a change was made upon. Raises Rejected with who saved since."""
    if revision != draft["revision"]:
        last = models.save_of(tx, draft["draft_id"], draft["revision"])
        raise Rejected(
            "model_changed",
            f"{draft['key']} is at save {draft['revision']} by {last['by_name']}, not {revision}.",
            key=draft["key"],
            revision=draft["revision"],
            by=last["by_name"],
            at=last["at"].isoformat(),
        )
    return models.files_of(tx, draft["draft_id"], revision)


def _keep(tx: Transaction, draft: Row, before: Mapping[str, str], after: Mapping[str, str], origin: Origin) -> int:
    """A new save, unless nothing differs. Returns the revision."""
    if before == after:
        return int(draft["revision"])
    _refuse(folder_problems(models.sizes(tx, after)))
    revision = int(draft["revision"]) + 1
    models.add_save(tx, draft["draft_id"], revision, after, origin)
    models.update(tx, draft["draft_id"], revision=revision)
    changed = [change.name for change in changes_between(before, after)]
    tx.record(
        "ModelSaved",
        key=draft["key"],
        revision=revision,
        files="、".join(changed[:5]) + ("…" if len(changed) > 5 else ""),
        draft=draft["draft_id"],
    )
    return revision


def _check_under_way(draft: Row) -> None:
    if draft["state"] in (ModelState.PUBLISHED, ModelState.DISCARDED):
        raise Rejected(
            "model_over",
            f"The draft of {draft['key']} is over: {draft['state']}.",
            key=draft["key"],
            state=draft["state"],
            at=draft["closed_at"].isoformat(),
        )


def _is_open(other: Row) -> Rejected:
    return Rejected(
        "model_open",
        f"{other['key']} is being changed by {other['created_by']}.",
        key=other["key"],
        by=other["created_by"],
        draft=other["draft_id"],
    )


def _refuse(problems: tuple[Problem, ...]) -> None:
    if problems:
        raise Invalid("model_files", "These files cannot be kept.", problems)
