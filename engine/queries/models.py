"""Process folders that are being changed: what there is to change, one draft with its files, its saves and comments."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

import sqlalchemy as sa

from engine import plans
from engine.digests import sha256_of
from engine.domain.model_draft import UNDER_WAY, FileChange, Merge, ModelState, changes_between, merges
from engine.queries.pinned import running_by_definition
from engine.store import definitions as versions
from engine.store import models as store
from engine.store.models import Row
from engine.store.schema import definitions, model_comments, model_drafts, model_saves
from engine.store.transaction import Reader

SAVES_SHOWN = 200
CLOSED_SHOWN = 30


@dataclass(frozen=True)
class ModelDraftRow:
    """`base_version`, `version`: the one it changes and the one it became; None where there is none."""

    draft_id: str
    key: str
    title: str
    state: str
    revision: int
    base_version: int | None
    version: int | None
    created_by: str
    created_at: datetime
    changed_by: str
    changed_at: datetime


@dataclass(frozen=True)
class RunningVersion:
    """`running`: instances that go by this version, called processes included, and have not ended."""

    version: int
    running: int


@dataclass(frozen=True)
class ModelRow:
    """A folder that can be changed. `version` is the newest, None for one that only a draft holds; `running` lists the
    newest version and every other in which something runs."""

    key: str
    name: str
    version: int | None
    deployed_at: datetime | None
    deployed_by: str
    running: tuple[RunningVersion, ...]
    draft: ModelDraftRow | None


@dataclass(frozen=True)
class ModelDraft:
    """`files` are byte for byte as they were saved. `base_files` is what it began from, `newest_version` what is
    deployed now; `is_outdated` when these are two versions."""

    draft_id: str
    key: str
    title: str
    state: str
    revision: int
    base_id: str | None
    base_version: int | None
    newest_version: int | None
    is_outdated: bool
    created_by_id: str
    created_by: str
    created_at: datetime
    changed_by: str
    changed_at: datetime
    submitted_by: str | None
    submitted_at: datetime | None
    published_by: str | None
    version: int | None
    closed_at: datetime | None
    reason: str
    savers: tuple[str, ...]  # person ids of everybody who made a save
    open_comments: int
    files: Mapping[str, bytes] = field(repr=False)
    base_files: Mapping[str, bytes] = field(repr=False)

    @property
    def is_open(self) -> bool:
        return self.state == ModelState.OPEN

    @property
    def is_submitted(self) -> bool:
        return self.state == ModelState.SUBMITTED

    @property
    def is_over(self) -> bool:
        return self.state not in UNDER_WAY


@dataclass(frozen=True)
class ModelSave:
    """`how`: OPENED, SAVED, RESTORED (`number`: the save) or REBASED (`number`: the version). `changes` are those
    against the save before."""

    revision: int
    by: str
    at: datetime
    note: str
    how: str
    number: int | None
    changes: tuple[FileChange, ...]
    by_id: str


@dataclass(frozen=True)
class ModelContents:
    """The files of a draft as one save left them."""

    draft_id: str
    revision: int
    by: str
    at: datetime
    files: Mapping[str, bytes] = field(repr=False)


@dataclass(frozen=True)
class ModelComment:
    comment_id: str
    draft_id: str
    file: str
    element_id: str
    text: str
    by: str
    by_id: str
    at: datetime
    resolved_by: str | None
    resolved_at: datetime | None


def models(reader: Reader) -> tuple[ModelRow, ...]:
    """Every folder that is deployed or drafted, by key."""
    newest = sa.select(definitions.c.key, sa.func.max(definitions.c.version).label("version")).group_by(
        definitions.c.key
    )
    latest = newest.subquery()
    known = {
        row.key: row
        for row in reader.execute(
            sa.select(definitions).join(
                latest, sa.and_(latest.c.key == definitions.c.key, latest.c.version == definitions.c.version)
            )
        )
    }
    running = _running(reader)
    drafts = {draft.key: draft for draft in model_drafts_under_way(reader)}
    return tuple(
        _model(key, known.get(key), running.get(key, {}), drafts.get(key)) for key in sorted({*known, *drafts})
    )


def running_versions(reader: Reader, key: str) -> tuple[RunningVersion, ...]:
    """Every version in which something runs, the newest first."""
    return tuple(RunningVersion(*each) for each in sorted(_running(reader, key).get(key, {}).items(), reverse=True))


def model_drafts_under_way(reader: Reader) -> tuple[ModelDraftRow, ...]:
    """By key."""
    return _rows(reader, sa.and_(model_drafts.c.state.in_(UNDER_WAY)), model_drafts.c.key, limit=1000)


def closed_model_drafts(reader: Reader, key: str | None = None) -> tuple[ModelDraftRow, ...]:
    """Published and discarded ones, the newest first."""
    over = model_drafts.c.state.not_in(UNDER_WAY)
    wanted = over if key is None else sa.and_(over, model_drafts.c.key == key)
    return _rows(reader, wanted, model_drafts.c.closed_at.desc(), limit=CLOSED_SHOWN)


def model_draft(reader: Reader, draft_id: str) -> ModelDraft:
    """Raises NotFound."""
    row = store.get(reader, draft_id)
    last = store.save_of(reader, draft_id, row["revision"])
    newest_id = versions.latest_id(reader.connection, row["key"])
    unsettled = sa.select(sa.func.count()).where(
        model_comments.c.draft_id == draft_id, model_comments.c.resolved_at.is_(None)
    )
    names = (
        "draft_id", "key", "title", "state", "revision", "base_id", "created_by_id", "created_by", "created_at",
        "submitted_by", "submitted_at", "published_by", "closed_at", "reason",
    )  # fmt: skip
    return ModelDraft(
        **{name: row[name] for name in names},
        base_version=store.version_of(reader, row["base_id"]),
        newest_version=store.version_of(reader, newest_id),
        is_outdated=newest_id != row["base_id"] and row["state"] in UNDER_WAY,
        changed_by=last["by_name"],
        changed_at=last["at"],
        version=store.version_of(reader, row["definition_id"]),
        savers=store.savers(reader, draft_id),
        open_comments=int(reader.execute(unsettled).scalar_one()),
        files=store.read_files(reader, last["files"]),
        base_files=plans.definition(reader, row["base_id"]).files if row["base_id"] else {},
    )


def model_saves_of(reader: Reader, draft_id: str, before: int | None = None) -> tuple[ModelSave, ...]:
    """The newest first, at most SAVES_SHOWN; `before`: those older than that revision. Raises NotFound."""
    store.get(reader, draft_id)
    query = sa.select(model_saves).where(model_saves.c.draft_id == draft_id)
    if before is not None:
        query = query.where(model_saves.c.revision < before)
    found = list(reader.execute(query.order_by(model_saves.c.revision.desc()).limit(SAVES_SHOWN + 1)).mappings())
    olders = [dict(save["files"]) for save in found[1:]] + [{}]
    return tuple(
        ModelSave(
            revision=save["revision"],
            by=save["by_name"],
            at=save["at"],
            note=save["note"],
            how=save["how"],
            number=save["number"],
            changes=() if save["revision"] == 1 else changes_between(older, save["files"]),
            by_id=save["by_id"],
        )
        for save, older in list(zip(found, olders, strict=True))[:SAVES_SHOWN]
    )


def model_save(reader: Reader, draft_id: str, revision: int) -> ModelContents:
    """Raises NotFound."""
    save = store.save_of(reader, draft_id, revision)
    return ModelContents(draft_id, revision, save["by_name"], save["at"], store.read_files(reader, save["files"]))


def model_comments_of(reader: Reader, draft_id: str) -> tuple[ModelComment, ...]:
    """Oldest first, those that are settled too. Raises NotFound."""
    store.get(reader, draft_id)
    query = sa.select(model_comments).where(model_comments.c.draft_id == draft_id)
    return tuple(
        ModelComment(
            comment_id=row["comment_id"],
            draft_id=row["draft_id"],
            file=row["file"],
            element_id=row["element_id"],
            text=row["text"],
            by=row["by_name"],
            by_id=row["by_id"],
            at=row["at"],
            resolved_by=row["resolved_by"],
            resolved_at=row["resolved_at"],
        )
        for row in reader.execute(query.order_by(model_comments.c.at, model_comments.c.comment_id)).mappings()
    )


def model_merges(reader: Reader, draft_id: str) -> tuple[Merge, ...]:
    """What taking over the newest version would do to each file; empty for a draft that stands on it. Raises
    NotFound."""
    draft = model_draft(reader, draft_id)
    newest_id = versions.latest_id(reader.connection, draft.key)
    if not draft.is_outdated or newest_id is None:
        return ()
    theirs = plans.definition(reader, newest_id).files
    return merges(*(_digests(files) for files in (draft.base_files, draft.files, theirs)))


def _digests(files: Mapping[str, bytes]) -> dict[str, str]:
    return {name: sha256_of(content) for name, content in files.items()}


def _model(key: str, found: sa.Row | None, running: Mapping[int, int], draft: ModelDraftRow | None) -> ModelRow:
    newest = found.version if found else None
    counts = {**({newest: 0} if newest else {}), **running}
    return ModelRow(
        key=key,
        name=found.name if found else draft.title if draft else key,
        version=newest,
        deployed_at=found.deployed_at if found else None,
        deployed_by=found.deployed_by if found else "",
        running=tuple(RunningVersion(*each) for each in sorted(counts.items(), reverse=True)),
        draft=draft,
    )


def _running(reader: Reader, key: str | None = None) -> dict[str, dict[int, int]]:
    """Of each key: version -> instances that have not ended."""
    counts = running_by_definition(reader)
    query = sa.select(definitions.c.definition_id, definitions.c.key, definitions.c.version)
    found: dict[str, dict[int, int]] = {}
    for row in reader.execute(query if key is None else query.where(definitions.c.key == key)):
        if counts[row.definition_id]:
            found.setdefault(row.key, {})[row.version] = counts[row.definition_id]
    return found


def _rows(
    reader: Reader, wanted: sa.ColumnElement[bool], order: sa.ColumnElement[Any], *, limit: int
) -> tuple[ModelDraftRow, ...]:
    base, became = definitions.alias(), definitions.alias()
    query = (
        sa.select(
            model_drafts,
            model_saves.c.by_name,
            model_saves.c.at,
            base.c.version.label("base_version"),
            became.c.version.label("version"),
        )
        .join(
            model_saves,
            sa.and_(
                model_saves.c.draft_id == model_drafts.c.draft_id, model_saves.c.revision == model_drafts.c.revision
            ),
        )
        .outerjoin(base, base.c.definition_id == model_drafts.c.base_id)
        .outerjoin(became, became.c.definition_id == model_drafts.c.definition_id)
        .where(wanted)
        .order_by(order, model_drafts.c.draft_id)
        .limit(limit)
    )
    return tuple(_row(row) for row in reader.execute(query).mappings())


def _row(row: Row) -> ModelDraftRow:
    names = (
        "draft_id", "key", "title", "state", "revision", "base_version", "version", "created_by", "created_at"
    )  # fmt: skip
    return ModelDraftRow(**{name: row[name] for name in names}, changed_by=row["by_name"], changed_at=row["at"])
