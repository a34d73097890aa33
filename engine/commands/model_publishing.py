"""How a draft of a process folder ends: handed in, returned, published by a second person, or discarded."""

from dataclasses import dataclass
from typing import Any

from engine.commands.definitions import Deploy, check_deployable, make_version
from engine.commands.models import locked_open
from engine.domain.actor import BUILDING_ROLES, require_role, require_second_person
from engine.domain.model_draft import MAX_NOTE, UNDER_WAY, ModelState, check_length, check_words
from engine.errors import Problem, Rejected
from engine.store import definitions, models
from engine.store.models import Row
from engine.store.transaction import Transaction


@dataclass(frozen=True)
class SubmitModelDraft:
    """For a second person to look at; nobody changes it meanwhile. `problems`: what only forms can know of its files,
    as in `Deploy`. `note` says what was changed and why."""

    draft_id: str
    revision: int
    note: str = ""
    problems: tuple[Problem, ...] = ()


@dataclass(frozen=True)
class ReturnModelDraft:
    """To be changed further: by the second person, or taken back by those who build."""

    draft_id: str
    reason: str


@dataclass(frozen=True)
class PublishModelDraft:
    """Makes the draft the newest version. By a publisher who made no save of it. `revision` is what was looked at."""

    draft_id: str
    revision: int
    problems: tuple[Problem, ...] = ()


@dataclass(frozen=True)
class DiscardModelDraft:
    """Gives the change up; its saves stay on record. By who opened it, or by a publisher."""

    draft_id: str
    reason: str


def submit_model_draft(command: SubmitModelDraft, tx: Transaction) -> None:
    """Raises Invalid with every error that would forbid the deployment."""
    require_role(tx.actor, *BUILDING_ROLES)
    note = check_length("note", command.note, MAX_NOTE)
    draft = locked_open(tx, command.draft_id)
    _check_seen(draft, command.revision)
    _check_newest(tx, draft)
    files = models.files_of(tx, command.draft_id, command.revision)
    _check_new(tx, draft, files)
    check_deployable(Deploy(draft["key"], models.read_files(tx, files), command.problems), tx)
    models.update(
        tx,
        command.draft_id,
        state=ModelState.SUBMITTED,
        submitted_by_id=tx.actor.person_id,
        submitted_by=tx.actor.name,
        submitted_at=tx.now,
        reason=note,
    )
    tx.record("ModelSubmitted", key=draft["key"], revision=command.revision, draft=command.draft_id)


def return_model_draft(command: ReturnModelDraft, tx: Transaction) -> None:
    require_role(tx.actor, *BUILDING_ROLES)
    reason = check_words("reason", command.reason, MAX_NOTE)
    draft = _submitted(tx, command.draft_id)
    models.update(tx, command.draft_id, state=ModelState.OPEN, reason=reason)
    tx.record("ModelReturned", key=draft["key"], reason=reason, draft=command.draft_id)


def publish_model_draft(command: PublishModelDraft, tx: Transaction) -> dict[str, Any]:
    """Returns what `Deploy` returns. Raises Invalid with every error the check found."""
    require_role(tx.actor, "publisher")
    draft = _submitted(tx, command.draft_id)
    require_second_person(tx.actor, models.savers(tx, command.draft_id), draft["key"])
    _check_seen(draft, command.revision)
    _check_newest(tx, draft)
    files = models.files_of(tx, command.draft_id, command.revision)
    _check_new(tx, draft, files)
    result = make_version(Deploy(draft["key"], models.read_files(tx, files), command.problems), tx)
    models.update(
        tx,
        command.draft_id,
        state=ModelState.PUBLISHED,
        published_by_id=tx.actor.person_id,
        published_by=tx.actor.name,
        definition_id=result["definition_id"],
        closed_at=tx.now,
    )
    tx.record("ModelPublished", key=draft["key"], version=result["version"], draft=command.draft_id)
    return result


def discard_model_draft(command: DiscardModelDraft, tx: Transaction) -> None:
    require_role(tx.actor, *BUILDING_ROLES)
    reason = check_words("reason", command.reason, MAX_NOTE)
    draft = models.lock(tx, command.draft_id)
    if draft["state"] not in UNDER_WAY:
        raise _in_state(draft)
    if draft["created_by_id"] != tx.actor.person_id:
        require_role(tx.actor, "publisher")
    models.update(tx, command.draft_id, state=ModelState.DISCARDED, reason=reason, closed_at=tx.now)
    tx.record("ModelDiscarded", key=draft["key"], reason=reason, draft=command.draft_id)


def _submitted(tx: Transaction, draft_id: str) -> Row:
    draft = models.lock(tx, draft_id)
    if draft["state"] != ModelState.SUBMITTED:
        raise _in_state(draft)
    return draft


def _in_state(draft: Row) -> Rejected:
    return Rejected(
        "model_state", f"The draft of {draft['key']} is {draft['state']}.", key=draft["key"], state=draft["state"]
    )


def _check_seen(draft: Row, revision: int) -> None:
    if draft["revision"] != revision:
        raise Rejected(
            "model_seen",
            f"{draft['key']} is at save {draft['revision']}, not {revision}: look at it again.",
            key=draft["key"],
            revision=draft["revision"],
        )


def _check_newest(tx: Transaction, draft: Row) -> None:
    definitions.lock_key(tx, draft["key"])
    newest = definitions.latest_id(tx.connection, draft["key"])
    if newest != draft["base_id"]:
        raise Rejected(
            "model_outdated",
            f"{draft['key']} has version {models.version_of(tx, newest)} now: take it over into the draft first.",
            key=draft["key"],
            version=models.version_of(tx, newest),
        )


def _check_new(tx: Transaction, draft: Row, files: dict[str, str]) -> None:
    """What is deployed already is no new version; what an older version said may be published again."""
    if definitions.is_newest(tx, draft["key"], models.read_files(tx, files)):
        version = models.version_of(tx, draft["base_id"])
        raise Rejected(
            "model_unchanged",
            f"The draft of {draft['key']} is the same as version {version}.",
            key=draft["key"],
            version=version,
        )
