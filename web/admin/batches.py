"""Batches: what was started on many at once, how far it is, what came of each item; pause, continue, cancel."""

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from flask import Blueprint, Response, render_template, request, url_for
from werkzeug.wrappers import Response as BaseResponse

from engine.commands.batch_kinds import KINDS
from engine.commands.batches import KEEPERS as READERS
from engine.commands.batches import CancelBatch, ContinueBatch, PauseBatch, StartBatch
from engine.domain.batch import BatchState, ItemState
from engine.errors import EngineError, Problem, Rejected
from engine.queries.batches import BatchItem, BatchList, BatchPage
from engine.queries.diagrams import DefinitionPage
from forms.tables.book import csv_bytes
from web.admin.instances import KEEPERS
from web.errors import said, sentence
from web.format import moment, word
from web.i18n import has, pick, t
from web.permission import needs
from web.request import actor, download, engine, notify, page_number, see, text

blueprint = Blueprint("batches", __name__)


@dataclass(frozen=True)
class Line:
    """An item with what came of it, in the reader's words."""

    item: BatchItem
    words: str


@dataclass(frozen=True)
class View:
    found: BatchPage
    lines: tuple[Line, ...]
    told: tuple[tuple[str, str], ...]  # what it was told at its start: name of a parameter, words
    may_act: bool
    undoable: int
    may_open: bool  # the instances behind the items

    @property
    def may_undo(self) -> bool:
        return bool(self.undoable) and not self.is_running and not self.is_paused

    @property
    def is_running(self) -> bool:
        return self.found.row.state is BatchState.RUNNING

    @property
    def is_paused(self) -> bool:
        return self.found.row.state is BatchState.PAUSED

    @property
    def counts(self) -> tuple[tuple[str, int], ...]:
        row = self.found.row
        return (
            (ItemState.DONE, row.done),
            (ItemState.FAILED, row.failed),
            (ItemState.PENDING, row.pending),
            (ItemState.SKIPPED, row.skipped),
        )


@blueprint.get("/batches")
@needs(*READERS)
def batches() -> str:
    found: BatchList = engine().read.batches(page_number())
    return render_template("admin/batches.html", page=found)


@blueprint.get("/batches/<batch_id>")
@needs(*READERS)
def batch(batch_id: str) -> str:
    state = text("state") if text("state") in tuple(ItemState) else ""
    found: BatchPage = engine().read.batch(batch_id, state=state, page_number=page_number())
    lines = tuple(Line(item, words_of(item)) for item in found.items)
    page = View(
        found=found,
        lines=lines,
        told=tuple(_told(found.row.parameters)),
        may_act=actor().has_role(*KINDS[found.row.kind].roles),
        undoable=len(engine().read.undoable_instances(batch_id)) if actor().has_role(*KINDS["undo"].roles) else 0,
        may_open=actor().has_role(*KEEPERS),
    )
    return render_template("admin/batch.html", page=page)


@blueprint.get("/batches/<batch_id>/items.csv")
@needs(*READERS)
def items_csv(batch_id: str) -> Response:
    found = engine().read.batch_items(batch_id)
    return download(csv_bytes(_table(found)), f"{t('batches.title')}-{batch_id}.csv", "text/csv; charset=utf-8")


@blueprint.post("/batches/<batch_id>/pause")
@needs(*READERS)
def pause(batch_id: str) -> BaseResponse:
    engine().execute(PauseBatch(batch_id), by=actor())
    notify("batch_paused")
    return see(url_for("batches.batch", batch_id=batch_id))


@blueprint.post("/batches/<batch_id>/continuation")
@needs(*READERS)
def go_on(batch_id: str) -> BaseResponse:
    engine().execute(ContinueBatch(batch_id), by=actor())
    notify("batch_continued")
    return see(url_for("batches.batch", batch_id=batch_id))


@blueprint.post("/batches/<batch_id>/cancellation")
@needs(*READERS)
def cancel(batch_id: str) -> BaseResponse:
    engine().execute(CancelBatch(batch_id), by=actor())
    notify("batch_cancelled")
    return see(url_for("batches.batch", batch_id=batch_id))


@blueprint.post("/batches/<batch_id>/undo")
@needs(*READERS)
def undo(batch_id: str) -> BaseResponse:
    """Another batch, which puts back what this one has changed, as far as nothing has happened since."""
    subjects = engine().read.undoable_instances(batch_id)
    if not subjects:
        raise Rejected("nothing_to_undo", f"Batch {batch_id} has changed nothing that is not undone already.")
    token = request.form.get("_operation", "")[:64]
    command = StartBatch("undo", subjects, {"of_batch": batch_id}, request.form.get("reason", ""))
    begun = engine().execute(command, by=actor(), operation_key=f"undo {token}" if token else None)
    notify("batch_started", n=len(subjects))
    return see(url_for("batches.batch", batch_id=begun))


def words_of(item: BatchItem) -> str:
    """What was done, or why not: the error's own sentence with its problems."""
    if item.error is None:
        return pick(item.message_zh, item.message_en)
    problems = tuple(Problem(one["where"], one["zh"], one["en"]) for one in item.error.get("problems") or ())
    if problems:
        return " ".join(said(problem) for problem in problems)
    if not has(f"error.{item.error['code']}"):
        return item.message_en
    return sentence(EngineError(item.error["code"], item.message_en, **item.error.get("fields") or {}))


def _told(parameters: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    """A definition by its key and version; a mapping that is empty says nothing."""
    for name, value in parameters.items():
        if name in ("from", "to"):
            yield name, _version(value)
        elif name == "mapping":
            if value:
                yield name, ", ".join(f"{old}={new}" for old, new in value.items())
        elif name == "value":
            yield name, json.dumps(value, ensure_ascii=False)
        else:
            yield name, str(value)


def _version(definition_id: str) -> str:
    key = definition_id.rpartition("-")[0]
    found: DefinitionPage = engine().read.definition(key)
    [version] = [row.version for row in found.versions if row.definition_id == definition_id]
    return f"{key} {t('instances.version_n', n=version)}"


def _table(items: tuple[BatchItem, ...]) -> Iterator[Sequence[str]]:
    yield [t(f"batches.column_{name}") for name in ("position", "subject", "key", "case", "state", "result", "at")]
    for item in items:
        yield [
            str(item.position),
            item.subject_id,
            item.business_key or "",
            item.case_id or "",
            word("item_state", item.state),
            words_of(item),
            moment(item.done_at) if item.done_at else "",
        ]
